"""The gallery of a search: its page, and beside it a page for each candidate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ribin.cases.exhibits import Candidate, Request
from ribin.cases.results import SearchLists
from ribin.comparison import Comparison
from ribin.errors import AccessError, ParameterError, RibinError
from ribin.model import MarkType
from ribin.params.defaults import Params
from ribin.pipeline import compare_marks
from ribin.services.marks import candidate_mark
from ribin.services.pair import FROM_TEMPLATE, Seen, page_of, query_side, shown_side, write_page
from ribin.services.session import Desk
from ribin.services.sides import Side
from ribin.view import RowPicture, gallery_page, thumbnail_png
from ribin.view.thumbnail import motion_of

NOT_RELEASED = "picture not released by its owner"


def write_gallery(
    desk: Desk, sides: Sequence[Side], request: Request, lists: SearchLists, path: Path
) -> list[str]:
    """Write the page of a ranked list, and a page for each row into a folder beside it.

    Another member's exhibit is shown only after its audit log says to whom and why. A row whose
    picture its owner does not give has none and says so.

    Parameters
    ----------
    sides : sequence of Side
        The marks that were searched with, in the order of the lists.
    path : Path
        The page; NAME.html gets a folder NAME_pages.

    Returns
    -------
    list of str
        Why rows have no picture, where it is not their owner's rule.

    Raises
    ------
    ParameterError
        A page cannot be written.
    """
    folder = path.with_name(f"{path.stem}_pages")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ParameterError(f"{folder}: a folder to write needed, {error.strerror}") from error
    problems: list[str] = []
    pictures: dict[tuple[MarkType, int], RowPicture] = {}
    for side, one in zip(sides, lists.lists, strict=True):
        for candidate in one.candidates:
            key = MarkType(candidate.mark), candidate.rank
            try:
                pictures[key] = _show(desk, side, request, candidate, one.query, folder)
            except AccessError:
                pictures[key] = RowPicture(why_not=NOT_RELEASED)
            except RibinError as error:
                pictures[key] = RowPicture(why_not="no picture: see the messages of the search")
                problems.append(f"rank {candidate.rank} {candidate.mark}: {error}")
    queries = {side.mark.mark_type: thumbnail_png(side.mark) for side in sides}
    write_page(gallery_page(lists, queries, pictures), path)
    return problems


@dataclass(frozen=True, eq=False)
class Beside:
    """The query and a candidate, compared again for people to look at."""

    query: Seen
    candidate: Seen
    result: Comparison

    def page(self, params: Params) -> str:
        """The comparison page of both."""
        return page_of(self.query, self.candidate, self.result, params)

    def thumbnail(self) -> bytes:
        """A small PNG of the candidate, lying as the query does."""
        return thumbnail_png(self.candidate.side.mark, motion=motion_of(self.result))


def candidate_beside(
    desk: Desk, side: Side, request: Request, candidate: Candidate, query: str
) -> Beside:
    """Lay a candidate beside the query; another member's only after its audit log says for whom.

    Errors as `candidate_mark`.
    """
    shown = candidate_mark(desk, request, candidate, "picture")
    one = query_side(side, query, desk.params, desk.vault)
    two = shown_side(shown, f"{candidate.member}:{candidate.exhibit}", desk.params)
    compared = compare_marks(one.side.template, two.side.template, desk.params)
    return Beside(one, two, replace(compared, reference=one.label, comparison=two.label))


def _show(
    desk: Desk, side: Side, request: Request, candidate: Candidate, query: str, folder: Path
) -> RowPicture:
    """Lay one candidate beside the query and write the page of both."""
    both = candidate_beside(desk, side, request, candidate, query)
    page = folder / _page_name(candidate)
    write_page(both.page(desk.params), page)
    return RowPicture(
        png=both.thumbnail(),
        page=f"{folder.name}/{page.name}",
        note="" if both.candidate.whole else FROM_TEMPLATE,
    )


def _page_name(candidate: Candidate) -> str:
    """A file name that every system takes, and that no two rows of a list share."""
    exhibit = re.sub(r"[^A-Za-z0-9-]+", "_", candidate.exhibit)[:60]
    return f"{candidate.mark}-{candidate.rank:03d}-{candidate.member}-{exhibit}.html"
