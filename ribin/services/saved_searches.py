"""The saved searches of one vault: begun, made, and what has come to rank high since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ribin.cases.exhibits import Request, Scope
from ribin.cases.leads import ExhibitRef
from ribin.cases.results import SearchLists
from ribin.cases.searches import SavedSearch, SearchFinding
from ribin.errors import RibinError
from ribin.report.json import plain_value
from ribin.search.rules import check_request
from ribin.services.recorded_searches import record_in
from ribin.services.search import FinishedSearch, SearchOptions, make_search
from ribin.services.session import Session, open_own
from ribin.vault.people import check_searcher
from ribin.vault.rows import Act
from ribin.vault.saved_searches import add_saved_search, note_findings, read_saved_searches
from ribin.workers import OnProgress, silent


@dataclass(frozen=True)
class SavedSearchOptions:
    """What saved searches look for, and who answers for them.

    `top` rows of each list count, from `min_score` up.
    """

    who: str
    reason: str = ""
    scope: Scope = Scope.COUNTRY
    top: int = 5
    min_score: float = 0.0


@dataclass(frozen=True)
class SavedSearchRun:
    """How many searches were made, and what could not be done."""

    made: int
    failed: tuple[tuple[str, str], ...]


def begin_saved_searches(
    vault: Path | None, exhibits: Sequence[str], options: SavedSearchOptions
) -> list[SavedSearch]:
    """Begin a search for each exhibit of the own vault.

    Raises AccessError: a search beyond the country does not say who asks and why; StoreError,
    ParameterError: as `add_saved_search`; then none is begun.
    """
    who, reason, scope = options.who, options.reason, options.scope
    check_request(Request("", scope, who=who, reason=reason), Scope.COUNTRY)
    with open_own(vault) as opened:
        own = [name.removeprefix("exhibit:") for name in exhibits]
        return add_saved_search(opened, own, scope, options.top, options.min_score, who, reason)


def run_saved_searches(session: Session, who: str, progress: OnProgress = silent) -> SavedSearchRun:
    """Make every saved search and note what is new; `read_findings` gives what it was.

    A search that cannot be made, or a member that cannot answer, stops no other. Raises
    AccessError: the vault's people have roles, and `who` has none that searches.
    """
    check_searcher(session.vault.catalogue, who)
    searches = read_saved_searches(session.vault)
    failed: list[tuple[str, str]] = []
    for number, one in enumerate(searches, start=1):
        try:
            made = _search(session, one)
            found = _findings(session, one, made.lists)
            note_findings(session.vault, found, who, partial(_record, session.member, made))
            failed += [(one.standing, f"{code}: {why}") for code, why in made.lists.unavailable]
        except (RibinError, OSError) as error:
            failed.append((one.standing, str(error)))
        progress("searching", number, len(searches))
    return SavedSearchRun(len(searches), tuple(failed))


def _search(session: Session, one: SavedSearch) -> FinishedSearch:
    """The lists of an open case now, without pairs that have both verdicts."""
    options = SearchOptions(one.who, one.reason, one.scope, top=one.top, leave_out_reviewed=True)
    return make_search(session, ExhibitRef(session.member, one.exhibit), options)


def _record(member: str, made: FinishedSearch, act: Act) -> str:
    """Record a search that found something; its number."""
    return record_in(act, member, made.sides, made.lists).search


def _findings(session: Session, one: SavedSearch, lists: SearchLists) -> list[SearchFinding]:
    """The rows that count; of an exhibit in several lists, the one of the best rank."""
    rows = [
        row
        for one_list in lists.lists
        for row in one_list.candidates
        if row.score >= one.min_score and (row.member, row.exhibit) != (session.member, one.exhibit)
    ]
    rows.sort(key=lambda row: (row.rank, -row.score, row.member, row.exhibit))
    first = {(row.member, row.exhibit): row for row in reversed(rows)}
    return [
        SearchFinding(one.standing, row.member, row.exhibit, row.sha256, plain_value(row))
        for row in sorted(first.values(), key=rows.index)
    ]
