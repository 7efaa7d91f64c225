"""The gallery: the ranked lists of a search as pictures, each row a way to its comparison page."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ribin import __version__
from ribin.cases.results import SearchLists
from ribin.model import MarkType
from ribin.view.gallery_rows import ListShown, shown_lists
from ribin.view.score_plot import score_plot
from ribin.view.single_file import render_page

STYLES = ("colours.css", "frame.css", "gallery.css")
SCRIPTS = ("page.js", "gallery.js")


@dataclass(frozen=True)
class RowPicture:
    """What a row shows of its candidate: a picture and a page, or why there is none."""

    png: bytes | None = None
    page: str = ""  # address of its comparison page, from where the gallery lies
    why_not: str = ""
    note: str = ""  # what a reader should know of the picture


def gallery_page(
    lists: SearchLists,
    query_png: Mapping[MarkType, bytes],
    pictures: Mapping[tuple[MarkType, int], RowPicture],
) -> str:
    """The HTML of a page that opens offline in any current browser.

    Parameters
    ----------
    lists : SearchLists
        What a search gave; a row each of its candidates.
    query_png : mapping of MarkType to bytes
        Pictures of the query's marks.
    pictures : mapping of (MarkType, int) to RowPicture
        By type of mark and rank in its list; a row without one says that there is no picture.
    """
    shown = shown_lists(lists)
    return render_page(
        "gallery.html",
        STYLES,
        SCRIPTS,
        query=lists.first.query,
        scope=lists.first.scope,
        members=lists.first.members,
        lists=shown,
        marks=[str(one.mark) for one in lists.lists],
        plots={one.key: Markup(score_plot(one)) for one in shown if one.has_scores},
        queries={mark: _data_url(png) for mark, png in query_png.items()},
        pictures={key: _picture(one) for key, one in pictures.items()},
        no_picture=_picture(RowPicture(why_not="no picture")),
        choices=_choices(shown),
        unavailable=lists.unavailable,
        notes=lists.all_notes,
        fusion=lists.fusion,
        params_id=lists.first.params_id,
        version=__version__,
    )


def _picture(one: RowPicture) -> dict[str, Any]:
    url = _data_url(one.png) if one.png else ""
    return {"url": url, "page": one.page, "why_not": one.why_not, "note": one.note}


def _choices(shown: tuple[ListShown, ...]) -> dict[str, list[str]]:
    """What can be filtered by: the members, calibres and ammunition of the rows."""
    rows = [row for one in shown for row in one.rows]
    return {
        "member": sorted({row.member for row in rows}),
        "calibre": sorted({row.class_fields.calibre for row in rows} - {""}),
        "ammunition": sorted({row.class_fields.ammunition for row in rows} - {""}),
    }


def _data_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
