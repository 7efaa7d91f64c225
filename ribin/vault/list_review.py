"""What persons have seen of the candidates of recorded searches, each in a record of its own.

For each person, search and candidate there is one record; its last version counts. They end with
the lists of their search.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from ribin.cases.leads import ExhibitRef, same_person
from ribin.cases.record import Record, RecordKind
from ribin.cases.searches import CandidateStatus, ReviewedCandidate
from ribin.errors import ParameterError
from ribin.vault.records import add_version, blank_versions, next_number, record_of
from ribin.vault.rows import Act

if TYPE_CHECKING:
    from ribin.vault.vault import Vault

_KIND = RecordKind.CANDIDATE
# As the index `candidates_by_search` has it.
_OF_SEARCH = (
    "kind = 'candidate' AND CASE body WHEN '' THEN '' ELSE json_extract(body, '$.search') END = ?"
)


def state_candidate(
    vault: Vault, search: str, candidate: ExhibitRef, status: CandidateStatus, who: str
) -> ReviewedCandidate:
    """Keep what a person says of a candidate, in place of what the same person said before.

    Saying the same again changes nothing. Raises ParameterError: nobody is named; AccessError: the
    vault's people have roles, and `who` has none that searches; StoreError: the vault is read-only
    or locked.
    """
    if not who.strip():
        raise ParameterError(f"search {search}: who looked at {candidate} needed, found nobody")
    with vault.act("candidate reviewed", who, "") as act:
        return state_candidate_in(act, vault.member, search, candidate, status)


def state_candidate_in(
    act: Act, member: str, search: str, candidate: ExhibitRef, status: CandidateStatus
) -> ReviewedCandidate:
    """As `state_candidate`, as a part of an act."""
    mine = [
        one
        for one in read_candidates(act.db, search)
        if one.candidate == candidate and same_person(one.person, act.who)
    ]
    if mine and mine[0].status is status:
        return mine[0]
    number = mine[0].number if mine else next_number(act.db, _KIND, member, "C")
    named = {"member": candidate.member, "exhibit": candidate.exhibit}
    made = add_version(act, _KIND, number, {"search": search, **named, "status": str(status)})
    act.log(number, "candidate reviewed", search=search, status=str(status))
    return _reviewed(made)


def read_candidates(db: sqlite3.Connection, search: str) -> list[ReviewedCandidate]:
    """What counts now of all that persons said of the candidates of a search."""
    rows = db.execute(f"SELECT * FROM records WHERE {_OF_SEARCH} ORDER BY rowid", (search,))
    last = {one.id: one for one in map(record_of, rows)}
    return [_reviewed(one) for one in last.values()]


def count_candidates(db: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """Of each search by its number: how many of its candidates each person has spoken of."""
    query = (
        "SELECT json_extract(body, '$.search'), person, count(DISTINCT id) FROM records "
        "WHERE kind = 'candidate' AND body <> '' GROUP BY 1, 2"
    )
    found: dict[str, dict[str, int]] = {}
    for search, person, number in db.execute(query):
        found.setdefault(search, {})[person] = number
    return found


def end_candidates_of(act: Act, search: str) -> None:
    """Blank what was said of the candidates of a search, and leave the hashes."""
    for one in read_candidates(act.db, search):
        blanked = blank_versions(act, _KIND, one.number, keep_last=False)
        act.log(one.number, "candidates ended", blanked=blanked)


def _reviewed(one: Record) -> ReviewedCandidate:
    body = one.body or {}
    candidate = ExhibitRef(body["member"], body["exhibit"])
    status = CandidateStatus(body["status"])
    return ReviewedCandidate(one.id, body["search"], candidate, status, one.person, one.at)
