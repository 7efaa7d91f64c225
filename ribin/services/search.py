"""A search as a laboratory makes it: all marks of a case; its gallery, picture and report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from ribin.cases.calibres import calibre_hint
from ribin.cases.exhibits import Candidate, Filters, Grouping, Request, Scope, SearchResult
from ribin.cases.leads import ExhibitRef, LeadStatus
from ribin.cases.results import SearchLists
from ribin.cases.searches import lists_sha256
from ribin.cases.side import Side
from ribin.comparison import score_text
from ribin.errors import AccessError, ParameterError, RibinError
from ribin.leads.rules import lacks_a_blind_verdict, status_of
from ribin.model import MarkType, Verdict
from ribin.report.document import ChainHead, Document
from ribin.report.explanation import drawn_words
from ribin.report.pictures import motion_of
from ribin.report.search import CandidatePicture, search_document
from ribin.report.text import lists_value
from ribin.search.context import Query
from ribin.search.engine import search_marks
from ribin.search.rules import OTHER_PARAMETERS
from ribin.services.blind_pairs import left_out_of_search, notes_of_search
from ribin.services.marks import QUERY, Asker, Source, sides_of, sides_of_enrolled_scan
from ribin.services.pair import (
    FROM_TEMPLATE,
    ComparedPair,
    ReportOptions,
    candidate_pair,
    draw_pair,
    enter_report,
    pair_page,
    pair_picture,
    write_page,
)
from ribin.services.reading import AS_STATED, ReadOptions
from ribin.services.recorded_searches import record_lists
from ribin.services.session import Session
from ribin.vault.exhibits import find_scan_owner, first_name, verdicts_of
from ribin.vault.leads import leads_of_exhibit
from ribin.vault.people import check_searcher
from ribin.vault.sharing import pseudonym
from ribin.vault.vault import Vault
from ribin.vault.vocabulary import read_vocabulary
from ribin.view import RowPicture, gallery_page, thumbnail_png


@dataclass(frozen=True)
class SearchOptions:
    """What a person wants to have searched: for whom and why, how wide, and which rows."""

    who: str
    reason: str = ""
    scope: Scope | None = None  # None: in the country
    members: tuple[str, ...] = ()  # who is asked instead of a scope
    filters: Filters = field(default_factory=Filters)
    full: bool = False
    top: int | None = 20  # None: all that were compared
    group: Grouping = Grouping.NONE
    mark_type: str | None = None  # None: every mark of the query is searched with
    leave_out_reviewed: bool = False  # pairs that need no look any more; counts say how many
    unlogged: bool = False  # of a copy that can only be read; the lists say so
    reading: ReadOptions = AS_STATED
    fuse_all: bool = False  # marks that are not validated on real ones order the list of all too

    def request(self, member: str) -> Request:
        """What the member asks others.

        Raises ParameterError: both a scope and members are named: the one says whom to ask, and so
        does the other.
        """
        if self.scope and self.members:
            named = ", ".join(self.members)
            raise ParameterError(
                f"search: either --scope or --member needed, found {self.scope} and {named}"
            )
        return Request(
            asking_member=member,
            scope=self.scope or Scope.COUNTRY,
            filters=self.filters,
            who=self.who,
            reason=self.reason,
            full=self.full,
            top=self.top,
            group=self.group,
            unlogged=self.unlogged,
        )


@dataclass(frozen=True, eq=False)
class FinishedSearch:
    """A search that was made: the marks that it was made with, its request and its lists.

    `sides` and `lists.lists` go together; the lists name the query as it was asked for.
    """

    sides: tuple[Side, ...]
    request: Request
    lists: SearchLists


def search_for(session: Session, query: Source, options: SearchOptions) -> FinishedSearch:
    """Search with the marks of a file or an exhibit, and record the search; errors as
    `make_search`, and StoreError where it cannot be recorded."""
    made = make_search(session, query, options)
    return replace(made, lists=record_lists(session.vault, made.sides, made.lists))


def make_search(session: Session, query: Source, options: SearchOptions) -> FinishedSearch:
    """Search with the marks of a file or an exhibit, without recording it.

    Nobody sends a third country another member's template: with an exhibit whose original its
    owner has not released, its owner and the own vault are asked, and the notes of the lists say
    who was not.

    Raises RibinError: as `sides_of`, `check_reach` and `search_marks`.
    """
    request = options.request(session.member)
    request = replace(request, filters=in_own_words(session.vault, request.filters))
    check_reach(session, request, options.members)
    wide = request
    if options.members:
        scope = session.network.scope_of(session.member, options.members)
        wide = replace(request, scope=scope)
    asker = Asker(session.params, session, wide, QUERY)
    sides, notes = sides_of(query, asker, options.reading, options.mark_type)
    members, kept_from = _who_is_asked(session, query, sides, wide, options.members)
    if options.leave_out_reviewed:
        scans = dict.fromkeys(side.template.provenance.sha256 for side in sides)
        pairs = {pair for sha256 in scans for pair in reviewed_with(session.vault, sha256)}
        request = replace(request, leave_out=tuple(sorted(pairs)))
    request = left_out_of_search(session, request, sides)
    lists = _search(session, sides, request, members, options.fuse_all)
    said = (*notes, *kept_from, *lists.notes, *notes_of_search(session, request.who, sides))
    return FinishedSearch(tuple(sides), request, replace(lists, notes=said))


def in_own_words(vault: Vault, filters: Filters) -> Filters:
    """The filters with the values that the synonyms of the own vault stand for.

    Raises ParameterError: neither the table of calibres nor the vault has the calibre. Its list
    would be empty, or lack what it means.
    """
    with vault.catalogue.reading() as db:
        words = read_vocabulary(db)
    if not words.knows_calibre(filters.calibre):
        raise ParameterError(
            f"calibre: one of the table, or of this vault, needed, found {filters.calibre!r}",
            hint=calibre_hint(filters.calibre),
        )
    meant = {name: words.value(name, text) for name, text in filters.of_class.items()}
    return Filters(**{**asdict(filters), **meant})


def _who_is_asked(
    session: Session,
    query: Source,
    sides: Sequence[Side],
    request: Request,
    members: tuple[str, ...],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The members to ask, empty for all in the scope; and a note of each that is not, and why."""
    if not isinstance(query, ExhibitRef) or all(side.whole for side in sides):
        return members, ()
    wanted = members or session.network.members_within(session.member, request.scope)
    asked = tuple(code for code in wanted if code in (session.member, query.member))
    why = f"{query.member} has not released the original of {query} to {session.member}"
    if not asked:
        raise AccessError(
            f"search with {query}: {query.member} or {session.member} needed to ask, found "
            f"{', '.join(wanted)}: {why}"
        )
    return asked, tuple(f"{code} was not asked: {why}" for code in wanted if code not in asked)


def search_scan(session: Session, exhibit: str, sha256: str, request: Request) -> SearchLists:
    """Search with one enrolled scan of an exhibit of the own vault, as `search_for`."""
    check_reach(session, request)
    asker = Asker(session.params, session, request)
    sides = sides_of_enrolled_scan(ExhibitRef(session.member, exhibit), asker, sha256)
    lists = _search(session, sides, left_out_of_search(session, request, sides), ())
    poor = tuple(side.quality_note for side in sides if side.quality_note)
    notes = (*poor, *notes_of_search(session, request.who, sides))
    return record_lists(session.vault, sides, replace(lists, notes=(*lists.notes, *notes)))


def _search(
    session: Session,
    sides: Sequence[Side],
    request: Request,
    members: Sequence[str],
    fuse_all: bool = False,
) -> SearchLists:
    queries = [Query(side.template, side.earlier) for side in sides]
    found = search_marks(queries, request, session.context, members, fuse_all)
    judged = (_with_quality(session, one) for one in found.lists)
    return replace(found, lists=tuple(replace(one, query=sides[0].name) for one in judged))


def _with_quality(session: Session, one: SearchResult) -> SearchResult:
    """The list with a note on each own candidate whose mark is not good; others are not told."""
    own = [row.sha256 for row in one.candidates if row.member == session.member]
    with session.vault.catalogue.reading() as db:
        verdicts = verdicts_of(db, own, one.mark)
    bad = {sha256: said for sha256, said in verdicts.items() if said not in ("", Verdict.USABLE)}
    rows = (
        replace(row, note="; ".join(filter(None, (row.note, f"its mark is {bad[row.sha256]}"))))
        if row.member == session.member and row.sha256 in bad
        else row
        for row in one.candidates
    )
    return replace(one, candidates=tuple(rows))


def search_problems(session: Session, made: FinishedSearch, picture: Path | None) -> list[str]:
    """Draw the query beside the first candidate; what went wrong with that, or with the search.

    Another member's exhibit is drawn from its template alone where its owner has not released the
    original.
    """
    problems = []
    result = made.lists
    for side, one in zip(made.sides, result.lists, strict=True):
        counts = one.counts
        unequal = sum(n for why, n in counts.not_compared if why.startswith(OTHER_PARAMETERS))
        if unequal and not counts.compared:
            problems.append(
                f"{one.query}: 0 of {counts.after_filters} marks compared, {unequal} of them "
                f"{OTHER_PARAMETERS} other than {side.template.params_id}"
            )
    if picture and not result.first.candidates:
        problems.append(f"{picture}: no candidate to draw")
    elif picture:
        try:
            first = result.first.candidates[0]
            pair = candidate_pair(session, made.sides[0], made.request, first)
            draw_pair(pair, picture)
        except RibinError as error:
            text = str(error)
            problems.append(text if str(picture) in text else f"{picture}: {text}")
    return list(dict.fromkeys(problems))


def check_reach(session: Session, request: Request, members: Sequence[str] = ()) -> None:
    """Refuse who may not search, and to ask others where no network says who they are.

    Raises AccessError: the vault's people have roles, and this person has none that searches;
    ParameterError: a wider scope, or other members, are asked for without a network.
    """
    check_searcher(session.vault.catalogue, request.who)
    if not session.networked and (
        request.scope is not Scope.COUNTRY or set(members) - {session.member}
    ):
        raise ParameterError(f"scope {request.scope}: --network or RIBIN_NETWORK needed")


# Which exhibits have both verdicts on record against the one that is searched with.


def reviewed_with(vault: Vault, sha256: str) -> tuple[tuple[str, str], ...]:
    """Member and exhibit of each pair that needs no look any more.

    The latest lead of a pair decides. One that still awaits a verdict is not among them, nor one
    that lacks a blind one, nor one that was closed or whose link was withdrawn: there, something
    was wrong.

    `sha256`: of the scan that is searched with. One that is not enrolled has been reviewed with
    nothing.
    """
    with vault.catalogue.reading() as db:
        exhibit = find_scan_owner(db, sha256)
        if exhibit is None:
            return ()
        # A lead that crosses a border names the own exhibit as the other member knows it.
        names = (first_name(db, exhibit), pseudonym(db, exhibit))
        own = [ExhibitRef(vault.member, name) for name in names]
        files = [file for held in own for file in leads_of_exhibit(db, held)]
    latest = {file.lead.pair: file for file in sorted(files, key=lambda file: file.lead.at)}
    settled = [
        file
        for file in latest.values()
        if not (status_of(file).is_open or file.awaits_content or lacks_a_blind_verdict(file))
        and status_of(file) not in (LeadStatus.WITHDRAWN, LeadStatus.CLOSED)
    ]
    others = {held for file in settled for held in file.lead.exhibits if held not in own}
    return tuple(sorted((held.member, held.exhibit) for held in others))


# What is made of a search: its gallery, with a page for each candidate.

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
                pictures[key] = _write_candidate_page(
                    session, side, made.request, candidate, folder
                )
            except AccessError:
                pictures[key] = RowPicture(why_not=NOT_RELEASED)
            except RibinError as error:
                pictures[key] = RowPicture(why_not="no picture: see the messages of the search")
                problems.append(f"rank {candidate.rank} {candidate.mark}: {error}")
    queries = {side.mark.mark_type: thumbnail_png(side.mark) for side in made.sides}
    write_page(gallery_page(made.lists, queries, pictures), path)
    return problems


def _write_candidate_page(
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


def report_search(
    lists: SearchLists, asker: Asker, options: ReportOptions, query: Sequence[Side], pictures: int
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
        side = _side_of_list(first, query)
        if side:
            chosen = first.candidates[:pictures]
            shown = tuple(
                _candidate_picture(session, request, side, candidate, first.asked_at)
                for candidate in chosen
            )
        facts = {"figures": lists_sha256(lists_value(lists)), "search": lists.search}
        chain = enter_report(session.vault, first.query_sha256 or first.query, request, facts)
    kind = query[0].mark.kind if query else None
    known = first.params_id == params.params_id and kind is not None
    method = params.of(query[0].mark.mark_type, kind) if known and kind else None
    head = options.head(session.member if session else "")
    problems = [f"{one.name}: {one.why_not}" for one in shown if one.why_not]
    return search_document(head, lists, shown, chain, method), problems


def _side_of_list(first: SearchResult, query: Sequence[Side]) -> Side | None:
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


def _candidate_picture(
    session: Session, request: Request, side: Side, candidate: Candidate, listed_at: str
) -> CandidatePicture:
    name = f"{candidate.member}:{candidate.exhibit}"
    try:
        pair = candidate_pair(session, side, request, candidate, "report", listed_at)
    except RibinError as error:
        return CandidatePicture(candidate.rank, name, None, why_not=str(error))
    result = pair.result
    figures = f"Score {score_text(result.score)}, {result.cmc:g} of {result.cells} cells congruent."
    if result.note:
        figures += f" Note: {result.note}."
    figures += drawn_words(pair.sides, result)
    picture = pair_picture(pair, for_print=True)
    return CandidatePicture(candidate.rank, name, picture, figures if result.compared else "")
