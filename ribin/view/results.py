"""The gallery: the ranked lists of a search as pictures, each row a way to its comparison page.

With them go the scores of a list as bars, and a small picture of a mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from markupsafe import Markup

from ribin._version import __version__
from ribin.cases.exhibits import Candidate, ClassFields, Counts
from ribin.cases.results import FusedCandidate, SearchLists
from ribin.comparison import score_text
from ribin.model import Mark, MarkType
from ribin.report.html import data_uri
from ribin.report.pictures import Frame, Motion, mark_center_px, sampled_picture
from ribin.report.score_plot import largest_drop, score_share
from ribin.view.single_file import render_page

STYLES = ("colours.css", "frame.css", "gallery.css")
SCRIPTS = ("page.js", "gallery.js")
# Of the plot of scores.
_WIDTH, _HEIGHT = 560, 132
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 8, 14, 20
# Of the small pictures.
_MARGIN = 1.04


@dataclass(frozen=True)
class RowPicture:
    """What a row shows of its candidate: a picture and a page, or why there is none."""

    png: bytes | None = None
    page: str = ""  # address of its comparison page, from where the gallery lies
    why_not: str = ""
    note: str = ""  # what a reader should know of the picture

    @property
    def url(self) -> str:
        """The picture as the address of itself; empty where there is none."""
        return data_uri(self.png) if self.png else ""


def gallery_page(
    lists: SearchLists,
    query_png: Mapping[MarkType, bytes],
    pictures: Mapping[tuple[MarkType, int], RowPicture],
) -> str:
    """The HTML of a page that opens offline in any current browser, a row for each candidate.

    `query_png` has pictures of the query's marks; `pictures` is by type of mark and rank in its
    list, and a row without one says that there is no picture.
    """
    shown = gallery_lists(lists)
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
        queries={mark: data_uri(png) for mark, png in query_png.items()},
        pictures=pictures,
        no_picture=RowPicture(why_not="no picture"),
        choices=_choices(shown),
        unavailable=lists.unavailable,
        notes=lists.all_notes,
        fusion=lists.fusion,
        params_id=lists.first.params_id,
        search=lists.search,
        version=__version__,
    )


def _choices(shown: tuple[GalleryList, ...]) -> dict[str, list[str]]:
    """What can be filtered by: the members, calibres and ammunition of the rows."""
    rows = [row for one in shown for row in one.rows]
    return {
        "member": sorted({row.member for row in rows}),
        "calibre": sorted({row.class_fields.calibre for row in rows} - {""}),
        "ammunition": sorted({row.class_fields.ammunition for row in rows} - {""}),
    }


# Rows of a gallery: what every list says of an exhibit, side by side.


@dataclass(frozen=True)
class GalleryRow:
    """One row: an exhibit, its place in each list, and which candidate its picture is of."""

    rank: int
    member: str
    exhibit: str
    event: str
    class_fields: ClassFields
    picture_of: tuple[MarkType, int]  # type of mark and rank in its list
    scores: dict[str, tuple[int, float]]  # type of mark -> rank and score there
    score: float | None  # by which the list is ordered; None of the list over all marks
    figures: str  # cells and correlation, in words
    group: str = ""
    others: int = 0


@dataclass(frozen=True)
class GalleryList:
    """One list: of a type of mark, or over all of them."""

    key: str  # "all", or the type of mark
    name: str
    rows: tuple[GalleryRow, ...]
    counts: Counts
    counts_by_member: dict[str, Counts]

    @property
    def has_scores(self) -> bool:
        return any(row.score is not None for row in self.rows)


def gallery_lists(lists: SearchLists) -> tuple[GalleryList, ...]:
    """The list over all marks where there is one, then one for each type of mark."""
    known = {
        (MarkType(c.mark), c.member, c.exhibit): c for one in lists.lists for c in one.candidates
    }
    shown = []
    if lists.fused:
        rows = tuple(_fused_row(row, known) for row in lists.fused)
        shown.append(GalleryList("all", "All marks", rows, lists.counts, {}))
    for one in lists.lists:
        rows = tuple(_row(candidate, known) for candidate in one.candidates)
        name = str(one.mark or (rows[0].picture_of[0] if rows else "mark"))
        label = name.replace("_", " ").capitalize()
        shown.append(GalleryList(name, label, rows, one.counts, one.counts_by_member))
    return tuple(shown)


def _row(candidate: Candidate, known: dict[tuple[MarkType, str, str], Candidate]) -> GalleryRow:
    scores = {
        str(mark): (other.rank, other.score)
        for (mark, member, exhibit), other in known.items()
        if (member, exhibit) == (candidate.member, candidate.exhibit)
    }
    mark = MarkType(candidate.mark)
    scores[str(mark)] = (candidate.rank, candidate.score)  # of an exhibit with several scans
    return GalleryRow(
        rank=candidate.rank,
        member=candidate.member,
        exhibit=candidate.exhibit,
        event=candidate.event,
        class_fields=candidate.class_fields,
        picture_of=(mark, candidate.rank),
        scores=scores,
        score=candidate.score,
        figures=_figures(candidate),
        group=candidate.group,
        others=candidate.others,
    )


def _fused_row(
    row: FusedCandidate, known: dict[tuple[MarkType, str, str], Candidate]
) -> GalleryRow:
    best = min(row.places, key=lambda place: place.rank)
    of = known.get((MarkType(best.mark), row.member, best.exhibit))
    return GalleryRow(
        rank=row.rank,
        member=row.member,
        exhibit=row.exhibit,
        event=row.event,
        class_fields=of.class_fields if of else ClassFields(),
        picture_of=(MarkType(best.mark), best.rank),
        scores={str(place.mark): (place.rank, place.score) for place in row.places},
        score=None,
        figures=_figures(of) if of else "",
        group=row.group,
    )


def _figures(candidate: Candidate) -> str:
    along = f", along {candidate.along}" if candidate.along else ""
    return f"{candidate.cmc:g} of {candidate.cells} cells congruent, ccf {candidate.ccf:.2f}{along}"


# The scores of a list as bars, with the largest drop marked: SVG that a page carries.


def score_plot(shown: GalleryList) -> str:
    """An SVG element: a bar a rank from 0 to 100, and a line where the scores fall most."""
    scores = [row.score for row in shown.rows if row.score is not None]
    step = (_WIDTH - _LEFT - _RIGHT) / max(len(scores), 8)
    drop = largest_drop(scores)
    parts = [_grid(value) for value in (0, 50, 100)]
    for number, (row, score) in enumerate(zip(shown.rows, scores, strict=True)):
        left, top = _LEFT + number * step, _height(score)
        below = drop is not None and number >= drop[0]
        parts.append(
            f'<a href="#{shown.key}-{row.rank}" '
            f'aria-label="rank {row.rank}, score {score_text(score)}">'
            f'<rect class="{"below" if below else "above"}" x="{left + 0.12 * step:.1f}" '
            f'y="{top:.1f}" width="{0.76 * step:.1f}" height="{_height(0) - top:.1f}"/></a>'
        )
    labelled = range(0, len(scores), max(1, -(-len(scores) // 12)))  # twelve at most
    parts += [_rank(number, step) for number in labelled]
    if drop:
        parts.append(_drop(_LEFT + drop[0] * step, *drop))
    label = f"Scores by rank, {shown.name}"
    return (
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="group" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )


def _height(score: float) -> float:
    return _HEIGHT - _BOTTOM - score_share(score) * (_HEIGHT - _TOP - _BOTTOM)


def _grid(value: int) -> str:
    y = _height(value)
    return (
        f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value}</text>'
    )


def _rank(number: int, step: float) -> str:
    x = _LEFT + (number + 0.5) * step
    return f'<text x="{x:.1f}" y="{_HEIGHT - 6}" text-anchor="middle">{number + 1}</text>'


def _drop(x: float, after: int, size: float) -> str:
    anchor, aside = ("start", 6) if x < _WIDTH * 0.6 else ("end", -6)
    return (
        f'<path class="drop" d="M{x:.1f} {_TOP - 8}V{_height(0):.1f}"/>'
        f'<text class="drop" x="{x + aside:.1f}" y="{_TOP}" text-anchor="{anchor}">'
        f"drop of {size:.3f} after rank {after}</text>"
    )


# A small picture of a mark, lit from the upper left.


def thumbnail_png(mark: Mark, size_px: int = 160, motion: Motion | None = None) -> bytes:
    """A square PNG of a mark; transparent where nothing was measured.

    With the `motion` that takes the reference onto this mark, it lies in the picture as the
    reference does.
    """
    reach_um = _reach_um(mark)
    frame = Frame(2 * reach_um * _MARGIN / size_px, (size_px, size_px))
    grid = frame.grid_um().reshape(-1, 2)
    if motion is not None:
        grid = Motion(motion.rotation_deg, (0.0, 0.0)).apply(grid)
    grey, share = sampled_picture(mark, grid + _middle_um(mark), frame, 0.5)
    alpha = np.round(255 * np.clip(share, 0, 1)).astype(np.uint8)
    _, encoded = cv2.imencode(".png", np.dstack([grey, grey, grey, alpha]))
    return bytes(encoded.tobytes())


def _middle_um(mark: Mark) -> np.ndarray:
    """The middle of what was measured, (row, col) from the mark's centre."""
    places = _places_um(mark)
    return np.asarray((places.min(axis=0) + places.max(axis=0)) / 2)


def _reach_um(mark: Mark) -> float:
    """How far what was measured reaches from its middle, so that it fits however it is turned."""
    away = _places_um(mark) - _middle_um(mark)
    return float(np.hypot(*away.T).max()) + mark.pitch_um


def _places_um(mark: Mark) -> np.ndarray:
    places = np.argwhere(mark.valid) if mark.valid.any() else np.array([(0, 0), mark.valid.shape])
    return np.asarray((places - mark_center_px(mark)) * mark.pitch_um)
