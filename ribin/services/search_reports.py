"""The report of a search: its lists, and pictures of the first candidates beside the query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ribin.cases.exhibits import Candidate, Request, SearchResult
from ribin.cases.results import SearchLists
from ribin.errors import ParameterError, RibinError
from ribin.json_fields import read_object
from ribin.params.defaults import Params
from ribin.pipeline import compare_marks
from ribin.report.document import Document
from ribin.report.lists_read import lists_of
from ribin.report.overlay import draw_overlay
from ribin.report.report_words import ChainHead
from ribin.report.search import Shown, lists_sha256, search_document
from ribin.services.marks import others_mark, own_mark
from ribin.services.reports import Asked, enter_report
from ribin.services.session import Desk
from ribin.services.sides import Side


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
    asked: Asked,
    desk: Desk | None = None,
    request: Request | None = None,
    query: Sequence[Side] = (),
    pictures: int = 0,
) -> tuple[Document, list[str]]:
    """Put the lists of a search into a report, and into the audit log of the desk's vault.

    Parameters
    ----------
    desk, request : Desk, Request or None
        The desk with its vault, and why others' exhibits are looked at again; without them there
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
    shown: tuple[Shown, ...] = ()
    if desk and request:
        side = _drawn(first, query, desk.params)
        if side:
            chosen = first.candidates[:pictures]
            shown = tuple(_shown(desk, request, side, candidate) for candidate in chosen)
        facts = {"figures": lists_sha256(lists)}
        chain = enter_report(desk.vault, first.query_sha256 or first.query, request, facts)
    kind = query[0].mark.kind if query else None
    known = first.params_id == params.params_id and kind is not None
    method = params.of(query[0].mark.mark_type, kind) if known and kind else None
    head = asked.head(desk.member if desk else "")
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


def _shown(desk: Desk, request: Request, side: Side, candidate: Candidate) -> Shown:
    name = f"{candidate.member}:{candidate.exhibit}"
    place = (candidate.exhibit, str(candidate.mark), candidate.sha256)
    try:
        if candidate.member == desk.member:
            other = own_mark(desk, *place).side
        else:
            exhibit, mark_type, sha256 = place
            other = others_mark(
                desk, candidate.member, exhibit, request, "report", mark_type, sha256
            ).side
    except RibinError as error:
        return Shown(candidate.rank, name, None, why_not=str(error))
    result = compare_marks(side.template, other.template, desk.params)
    tile_um = desk.params.of(side.mark.mark_type, side.mark.kind).describe.cell_um / 2
    picture = draw_overlay(
        side.mark, other.mark, replace(result, comparison=name), tile_um, for_print=True
    )
    figures = f"Score {result.score:.3f}, {result.cmc:g} of {result.cells} cells congruent."
    return Shown(candidate.rank, name, picture, figures if result.compared else "")
