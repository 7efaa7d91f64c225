"""What is made of a search: its gallery with a page for each candidate, and its report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ribin.cases.exhibits import Candidate, Request, SearchResult
from ribin.cases.results import SearchLists
from ribin.cases.side import Side
from ribin.errors import AccessError, ParameterError, RibinError
from ribin.foreign import read_object
from ribin.model import MarkType
from ribin.report.document import ChainHead, Document
from ribin.report.json import lists_of
from ribin.report.pictures import motion_of
from ribin.report.search import CandidatePicture, lists_sha256, search_document
from ribin.services.marks import Asker
from ribin.services.pair import (
    FROM_TEMPLATE,
    ComparedPair,
    ReportOptions,
    candidate_pair,
    enter_report,
    pair_page,
    pair_picture,
    write_page,
)
from ribin.services.search import FinishedSearch
from ribin.services.session import Session
from ribin.view import RowPicture, gallery_page, thumbnail_png

NOT_RELEASED = "picture not released by its owner"


def write_gallery(session: Session, made: FinishedSearch, path: Path) -> list[str]:
    """Write the page NAME.html of a ranked list, and a page for each row into NAME_pages beside it.

    Another member's exhibit is shown only after its audit log says to whom and why. A row whose
    picture its owner does not give has none and says so; why others have none is given back.

    Raises ParameterError: a page cannot be written.
    """
    folder = path.with_name(f"{path.stem}_pages")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ParameterError(f"{folder}: a folder to write needed, {error.strerror}") from error
    problems: list[str] = []
    pictures: dict[tuple[MarkType, int], RowPicture] = {}
    for side, one in zip(made.sides, made.lists.lists, strict=True):
        for candidate in one.candidates:
            key = MarkType(candidate.mark), candidate.rank
            try:
                pictures[key] = _show(session, side, made.request, candidate, folder)
            except AccessError:
                pictures[key] = RowPicture(why_not=NOT_RELEASED)
            except RibinError as error:
                pictures[key] = RowPicture(why_not="no picture: see the messages of the search")
                problems.append(f"rank {candidate.rank} {candidate.mark}: {error}")
    queries = {side.mark.mark_type: thumbnail_png(side.mark) for side in made.sides}
    write_page(gallery_page(made.lists, queries, pictures), path)
    return problems


def _show(
    session: Session, side: Side, request: Request, candidate: Candidate, folder: Path
) -> RowPicture:
    """Lay one candidate beside the query and write the page of both."""
    pair = candidate_pair(session, side, request, candidate)
    page = folder / _page_name(candidate)
    write_page(pair_page(pair, Asker(session.params, session)), page)
    return RowPicture(
        png=candidate_thumbnail(pair),
        page=f"{folder.name}/{page.name}",
        note="" if pair.comparison.whole else FROM_TEMPLATE,
    )


def candidate_thumbnail(pair: ComparedPair) -> bytes:
    """A small PNG of the candidate, lying as the query does."""
    return thumbnail_png(pair.comparison.mark, motion=motion_of(pair.result))


def _page_name(candidate: Candidate) -> str:
    """A file name that every system takes, and that no two rows of a list share."""
    exhibit = re.sub(r"[^A-Za-z0-9-]+", "_", candidate.exhibit)[:60]
    return f"{candidate.mark}-{candidate.rank:03d}-{candidate.member}-{exhibit}.html"


# The report of a search: its lists, and pictures of the first candidates beside the query.


def read_lists(path: Path) -> SearchLists:
    """The lists in a file that `ribin search --json` was written to.

    Raises FormatError: the file is no such result; ParameterError: it cannot be opened.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        needed = f"{path}: the JSON of a search needed"
        raise ParameterError(f"{needed}, {error.strerror}") from error
    return lists_of(read_object(content, str(path)), str(path))


def report_search(
    lists: SearchLists,
    asker: Asker,
    options: ReportOptions,
    query: Sequence[Side] = (),
    pictures: int = 0,
) -> tuple[Document, list[str]]:
    """Put the lists of a search into a report, and into the audit log of the own vault.

    Of the `query`, the marks that were searched with, the one of the first list is drawn, beside as
    many candidates of it as `pictures` says; without a vault there are none, and no row in an audit
    log. Gives the report, and why a candidate could not be shown.
    """
    first, params, session = lists.first, asker.params, asker.session
    chain: ChainHead | None = None
    shown: tuple[CandidatePicture, ...] = ()
    if session and asker.request:
        request = asker.request
        side = _drawn(first, query)
        if side:
            chosen = first.candidates[:pictures]
            shown = tuple(_shown(session, request, side, candidate) for candidate in chosen)
        facts = {"figures": lists_sha256(lists)}
        chain = enter_report(session.vault, first.query_sha256 or first.query, request, facts)
    kind = query[0].mark.kind if query else None
    known = first.params_id == params.params_id and kind is not None
    method = params.of(query[0].mark.mark_type, kind) if known and kind else None
    head = options.head(session.member if session else "")
    problems = [f"{one.name}: {one.why_not}" for one in shown if one.why_not]
    return search_document(head, lists, shown, chain, method), problems


def _drawn(first: SearchResult, query: Sequence[Side]) -> Side | None:
    """The mark of the first list among those of the query.

    Raises ParameterError: the scan is not the one that was searched with.
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
    try:
        pair = candidate_pair(session, side, request, candidate, "report")
    except RibinError as error:
        return CandidatePicture(candidate.rank, name, None, why_not=str(error))
    result = pair.result
    figures = f"Score {result.score:.3f}, {result.cmc:g} of {result.cells} cells congruent."
    picture = pair_picture(pair, session.params, for_print=True)
    return CandidatePicture(candidate.rank, name, picture, figures if result.compared else "")
