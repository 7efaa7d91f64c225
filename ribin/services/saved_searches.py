"""The standing searches of one vault, made now: what is new among their first rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ribin.cases.leads import ExhibitRef
from ribin.cases.results import SearchLists
from ribin.cases.saved_search import SavedSearch, SearchFinding
from ribin.errors import RibinError
from ribin.report.json import plain_value
from ribin.services.search import SearchOptions, search_for
from ribin.services.session import Session
from ribin.vault.saved_searches import note_findings, read_saved_searches


@dataclass(frozen=True)
class SavedSearchRun:
    """How many searches were made, how many findings are new, and what could not be done."""

    made: int
    noted: int
    failed: tuple[tuple[str, str], ...]


def run_saved_searches(
    session: Session,
    who: str,
    tick: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> SavedSearchRun:
    """Make every search that stands and keep what is new; `read_findings` tells what it was.

    A search that cannot be made, or a member that cannot answer, stops no other.
    """
    standing = read_saved_searches(session.vault)
    noted = 0
    failed: list[tuple[str, str]] = []
    for number, one in enumerate(standing, start=1):
        try:
            lists = _search(session, one)
            noted += note_findings(session.vault, _findings(session, one, lists), who)
            failed += [(one.standing, f"{code}: {why}") for code, why in lists.unavailable]
        except (RibinError, OSError) as error:
            failed.append((one.standing, str(error)))
        tick("searching", number, len(standing))
    return SavedSearchRun(len(standing), noted, tuple(failed))


def _search(session: Session, one: SavedSearch) -> SearchLists:
    """The lists of an open case now, without pairs that have both verdicts."""
    options = SearchOptions(one.who, one.reason, one.scope, top=one.top, leave_out_reviewed=True)
    return search_for(session, ExhibitRef(session.member, one.exhibit), options).lists


def _findings(session: Session, one: SavedSearch, lists: SearchLists) -> list[SearchFinding]:
    """The rows that count; of an exhibit in several lists, the one of the best place."""
    rows = [
        row
        for found in lists.lists
        for row in found.candidates
        if row.score >= one.min_score and (row.member, row.exhibit) != (session.member, one.exhibit)
    ]
    rows.sort(key=lambda row: (row.rank, -row.score, row.member, row.exhibit))
    first = {(row.member, row.exhibit): row for row in reversed(rows)}
    return [
        SearchFinding(one.standing, row.member, row.exhibit, row.sha256, plain_value(row))
        for row in sorted(first.values(), key=rows.index)
    ]
