"""The gallery of a search: its page, and beside it a page for each candidate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ribin.cases.exhibits import Candidate, Request, SearchResult
from ribin.cases.results import SearchLists
from ribin.comparison import Comparison
from ribin.errors import AccessError, ParameterError, RibinError
from ribin.foreign import read_object
from ribin.model import MarkType
from ribin.params.defaults import Params
from ribin.pipeline import compare_marks
from ribin.report.document import ChainHead, Document
from ribin.report.json import lists_of
from ribin.report.pictures import draw_overlay, motion_of
from ribin.report.search import CandidatePicture, lists_sha256, search_document
from ribin.services.marks import candidate_mark, others_mark, own_mark
from ribin.services.pair import (
    FROM_TEMPLATE,
    ReportOptions,
    ViewedSide,
    enter_report,
    page_of,
    query_side,
    shown_side,
    write_page,
)
from ribin.services.reading import Side
from ribin.services.session import Session
from ribin.view import RowPicture, gallery_page, thumbnail_png

NOT_RELEASED = "picture not released by its owner"


def write_gallery(
    session: Session, sides: Sequence[Side], request: Request, lists: SearchLists, path: Path
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
                pictures[key] = _show(session, side, request, candidate, one.query, folder)
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

    query: ViewedSide
    candidate: ViewedSide
    result: Comparison

    def page(self, params: Params) -> str:
        """The comparison page of both."""
        return page_of(self.query, self.candidate, self.result, params)

    def thumbnail(self) -> bytes:
        """A small PNG of the candidate, lying as the query does."""
        return thumbnail_png(self.candidate.side.mark, motion=motion_of(self.result))


def candidate_beside(
    session: Session, side: Side, request: Request, candidate: Candidate, query: str
) -> Beside:
    """Lay a candidate beside the query; another member's only after its audit log says for whom.

    Errors as `candidate_mark`.
    """
    shown = candidate_mark(session, request, candidate, "picture")
    one = query_side(side, query, session.params, session.vault)
    two = shown_side(shown, f"{candidate.member}:{candidate.exhibit}", session.params)
    compared = compare_marks(one.side.template, two.side.template, session.params)
    return Beside(one, two, replace(compared, reference=one.label, comparison=two.label))


def _show(
    session: Session, side: Side, request: Request, candidate: Candidate, query: str, folder: Path
) -> RowPicture:
    """Lay one candidate beside the query and write the page of both."""
    both = candidate_beside(session, side, request, candidate, query)
    page = folder / _page_name(candidate)
    write_page(both.page(session.params), page)
    return RowPicture(
        png=both.thumbnail(),
        page=f"{folder.name}/{page.name}",
        note="" if both.candidate.whole else FROM_TEMPLATE,
    )


def _page_name(candidate: Candidate) -> str:
    """A file name that every system takes, and that no two rows of a list share."""
    exhibit = re.sub(r"[^A-Za-z0-9-]+", "_", candidate.exhibit)[:60]
    return f"{candidate.mark}-{candidate.rank:03d}-{candidate.member}-{exhibit}.html"


# The report of a search: its lists, and pictures of the first candidates beside the query.


def read_lists(path: Path) -> SearchLists:
    """The lists in a file that `ribin search --json` was written to.

    Raises
    ------
    FormatError
        The file is no such result.
    ParameterError
        It cannot be opened.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        needed = f"{path}: the JSON of a search needed"
        raise ParameterError(f"{needed}, {error.strerror}") from error
    return lists_of(read_object(content, str(path)), str(path))


def report_search(
    lists: SearchLists,
    params: Params,
    asked: ReportOptions,
    session: Session | None = None,
    request: Request | None = None,
    query: Sequence[Side] = (),
    pictures: int = 0,
) -> tuple[Document, list[str]]:
    """Put the lists of a search into a report, and into the audit log of the session's vault.

    Parameters
    ----------
    session, request : Session, Request or None
        The session with its vault, and why others' exhibits are looked at again; without them there
        are no pictures and no row in an audit log.
    query : sequence of Side
        The marks that were searched with; the one of the first list is drawn.
    pictures : int
        How many candidates of the first list are shown.

    Returns
    -------
    Document, list of str
        The report, and why a candidate could not be shown.
    """
    first = lists.first
    chain: ChainHead | None = None
    shown: tuple[CandidatePicture, ...] = ()
    if session and request:
        side = _drawn(first, query, session.params)
        if side:
            chosen = first.candidates[:pictures]
            shown = tuple(_shown(session, request, side, candidate) for candidate in chosen)
        facts = {"figures": lists_sha256(lists)}
        chain = enter_report(session.vault, first.query_sha256 or first.query, request, facts)
    kind = query[0].mark.kind if query else None
    known = first.params_id == params.params_id and kind is not None
    method = params.of(query[0].mark.mark_type, kind) if known and kind else None
    head = asked.head(session.member if session else "")
    problems = [f"{one.name}: {one.why_not}" for one in shown if one.why_not]
    return search_document(head, lists, shown, chain, method), problems


def _drawn(first: SearchResult, query: Sequence[Side], params: Params) -> Side | None:
    """The mark of the first list among those of the query.

    Raises
    ------
    ParameterError
        The scan is not the one that was searched with.
    """
    for side in query:
        found = side.template.provenance.sha256
        if first.query_sha256 and found != first.query_sha256:
            raise ParameterError(
                f"{side.template.provenance.source}: the scan that was searched with needed, "
                f"SHA-256 {first.query_sha256[:12]}..., found {found[:12]}..."
            )
        if first.mark in ("", side.mark.mark_type):
            return side
    return None


def _shown(
    session: Session, request: Request, side: Side, candidate: Candidate
) -> CandidatePicture:
    name = f"{candidate.member}:{candidate.exhibit}"
    place = (candidate.exhibit, str(candidate.mark), candidate.sha256)
    try:
        if candidate.member == session.member:
            other = own_mark(session, *place).side
        else:
            exhibit, mark_type, sha256 = place
            other = others_mark(
                session, candidate.member, exhibit, request, "report", mark_type, sha256
            ).side
    except RibinError as error:
        return CandidatePicture(candidate.rank, name, None, why_not=str(error))
    result = compare_marks(side.template, other.template, session.params)
    tile_um = session.params.of(side.mark.mark_type, side.mark.kind).describe.cell_um / 2
    picture = draw_overlay(
        side.mark, other.mark, replace(result, comparison=name), tile_um, for_print=True
    )
    figures = f"Score {result.score:.3f}, {result.cmc:g} of {result.cells} cells congruent."
    return CandidatePicture(candidate.rank, name, picture, figures if result.compared else "")
