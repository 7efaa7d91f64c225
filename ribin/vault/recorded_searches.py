"""Searches in the catalogue: each a record under a number, with its lists.

The lists are kept for `KEPT_DAYS`, and longer where a lead or a report names the number. What ends
them, their age or the purge of the query, adds a version that keeps their hash and counts, and
blanks the one before.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby

from ribin.cases.leads import ExhibitRef
from ribin.cases.record import RecordKind
from ribin.cases.searches import RecordedSearch, SearchedMark, SearchStatement, lists_sha256
from ribin.errors import StoreError
from ribin.vault.list_review import end_candidates_of
from ribin.vault.records import RECORDS, add_version, blank_versions, read_versions
from ribin.vault.rows import Act
from ribin.vault.vouching import Vouchers

KEPT_DAYS = 365
_TOO_OLD = f"{KEPT_DAYS} days after it was made"
PURGED = "purge of exhibit"
_KIND = str(RecordKind.SEARCH)
_ACTION = "search recorded"
_WITHOUT_LISTS = "CASE body WHEN '' THEN '' ELSE json_remove(body, '$.lists') END AS body"
_UNANSWERED = (
    "CASE body WHEN '' THEN NULL ELSE json_extract(body, '$.lists.unavailable') END AS unanswered"
)
_NAMED = (
    "SELECT json_extract(figures, '$.search') FROM leads "
    "UNION SELECT json_extract(details, '$.search') FROM audit WHERE action = 'report'"
)


def add_search(act: Act, number: str, stated: SearchStatement, waiting: Sequence[str] = ()) -> None:
    """Record a search under its number, and end those that are older than `KEPT_DAYS`; `waiting`
    are the questions that may still be answered."""
    for one in _overdue(act.db):
        end_search(act, one, _TOO_OLD)
    add_version(act, RecordKind.SEARCH, number, asdict(stated))
    facts = {"search": number, "rows": stated.rows, "lists_sha256": stated.lists_sha256}
    late = {"waiting": list(waiting)} if waiting else {}
    act.log(stated.query_sha256 or stated.query, _ACTION, **facts, **late)


def find_search(db: sqlite3.Connection, number: str) -> RecordedSearch | None:
    """The search of a number, or None."""
    return next(_searches(db, "id = ?", number, columns="body"), None)


def read_search(db: sqlite3.Connection, number: str, where: str) -> RecordedSearch:
    """As `find_search`, with its lists; StoreError where there is none, or its lists have ended."""
    found = find_search(db, number)
    if found is None:
        raise StoreError(
            f"{where}: search {number} needed, found none of this number",
            hint="`ribin searches` lists those that are recorded",
        )
    due = number in _overdue(db)
    if found.stated.lists is None or due:
        why = _TOO_OLD if due else found.stated.ended
        raise StoreError(f"search {number}: lists needed, found that they ended: {why}")
    return found


def read_searches(db: sqlite3.Connection) -> list[RecordedSearch]:
    """Every search, oldest first, without its lists."""
    return list(_searches(db, "true", columns=_WITHOUT_LISTS))


def left_out(db: sqlite3.Connection) -> dict[str, frozenset[ExhibitRef]]:
    """Of each search that left exhibits out of its lists for its person's sake: which."""
    query = (
        "SELECT records.id, json_extract(one.value, '$[0]'), json_extract(one.value, '$[1]') "
        "FROM records, json_each(body, '$.lists.request.leave_out') AS one "
        "WHERE kind = ? AND body <> ''"
    )
    found: dict[str, set[ExhibitRef]] = {}
    for number, member, exhibit in db.execute(query, (_KIND,)):
        found.setdefault(number, set()).add(ExhibitRef(member, exhibit))
    return {number: frozenset(refs) for number, refs in found.items()}


def list_sizes(db: sqlite3.Connection) -> dict[str, int]:
    """How many exhibits are in the lists of each search that has its lists, each once."""
    query = (
        "SELECT records.id, (SELECT count(DISTINCT json_extract(row.value, '$.member') || ':' || "
        "json_extract(row.value, '$.exhibit')) FROM json_each(body, '$.lists.lists') AS list, "
        "json_each(list.value, '$.candidates') AS row) FROM records "
        "WHERE kind = ? AND version = 1 AND body <> ''"
    )
    return dict(db.execute(query, (_KIND,)).fetchall())


def unanswered_searches(db: sqlite3.Connection) -> list[tuple[RecordedSearch, tuple[str, ...]]]:
    """The searches that members could not answer, and which, oldest first; one that was made again
    with the same scan, and that they answered, is not among them."""
    searches = read_searches(db)
    found = []
    for place, one in enumerate(searches):
        later = [
            {*after.stated.members} - {*after.unanswered}
            for after in searches[place + 1 :]
            if after.stated.query_sha256 == one.stated.query_sha256
        ]
        answered = frozenset().union(*later)
        left = tuple(code for code in one.unanswered if code not in answered)
        if left:
            found.append((one, left))
    return found


def named_searches(db: sqlite3.Connection) -> set[str]:
    """The numbers that a lead or a report names."""
    return {number for (number,) in db.execute(_NAMED) if number}


def end_search(act: Act, number: str, why: str) -> None:
    """Take the lists of a search away and leave their hash and counts."""
    found = find_search(act.db, number)
    if found is None or found.stated.ended:
        return
    end_candidates_of(act, number)
    left = replace(found.stated, lists=None, marks=(), ended=why)
    add_version(act, RecordKind.SEARCH, number, asdict(left))
    blanked = blank_versions(act, RecordKind.SEARCH, number)
    act.log(number, "search ended", why=why, blanked=blanked)


def end_searches_with(act: Act, scans: Sequence[str], why: str) -> None:
    """End every search that was made with one of these scans."""
    for sha256 in scans:
        query = (
            "SELECT id FROM records WHERE kind = ? AND version = 1 "
            "AND CASE body WHEN '' THEN '' ELSE json_extract(body, '$.query_sha256') END = ?"
        )
        for (number,) in act.db.execute(query, (_KIND, sha256)).fetchall():
            end_search(act, number, why)


def search_problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[tuple[str, str]]:
    """A sentence for each search whose lists are not those of its hash, or whose end does not
    follow, and for each lead whose figures are not those of the search that it names; no exhibit is
    named before it."""
    yield from (("", text) for text in (*_search_problems(db, vouched), *_lead_problems(db)))


def _search_problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[str]:
    stones = db.execute("SELECT scans FROM tombstones").fetchall()
    purged = {sha256 for (scans,) in stones for sha256 in json.loads(scans)}
    named = named_searches(db)
    versions = read_versions(db, RecordKind.SEARCH)
    for number, group in groupby(versions, lambda one: one.id):
        first, *later = group
        stated = [_stated(json.dumps(one.body)) for one in later if one.body is not None]
        if len(later) > 1 or len(stated) != len(later) or bool(later) != (first.body is None):
            yield f"search {number}: one end needed of its lists, found another account of it"
        elif later and not _may_end(stated[0], first.at, later[0].at, purged):
            yield f"search {number}: a reason to end its lists needed, found {stated[0].ended!r}"
        elif later and number in named and stated[0].query_sha256 not in purged:
            yield f"search {number}: its lists ended, and a lead or a report names it"
        for one in (_stated(json.dumps(v.body)) for v in (first, *later) if v.body is not None):
            if one.lists is not None and lists_sha256(one.lists) != one.lists_sha256:
                yield f"search {number}: its lists are not those of its hash"
            for said in vouched.get(f"{RECORDS}/{first.name}", ()):
                if said.row.facts.get("lists_sha256") != one.lists_sha256:
                    yield f"search {number}: the hash of its lists is not that of the audit log"


def _may_end(left: SearchStatement, made_at: str, ended_at: str, purged: set[str]) -> bool:
    age = datetime.fromisoformat(ended_at) - datetime.fromisoformat(made_at)
    old = left.ended == _TOO_OLD and age >= timedelta(days=KEPT_DAYS)
    gone = left.ended.startswith(PURGED) and left.query_sha256 in purged
    return left.lists is None and (old or gone)


def _lead_problems(db: sqlite3.Connection) -> Iterator[str]:
    query = (
        "SELECT lead, figures, json_extract(figures, '$.search') AS number FROM leads "
        "WHERE number IS NOT NULL ORDER BY lead"
    )
    for row in db.execute(query).fetchall():
        found = find_search(db, row["number"])
        figures = json.loads(row["figures"])
        if found is None:
            yield f"lead {row['lead']}: search {row['number']} needed, found none of this number"
        elif found.stated.lists_sha256 != figures.get("list_sha256"):
            yield f"lead {row['lead']}: its list is not that of search {row['number']}"
        elif found.stated.lists is not None and not any(
            all(figures.get(name, value) == value for name, value in candidate.items())
            for one in found.stated.lists.get("lists", ())
            for candidate in one.get("candidates", ())
        ):
            yield f"lead {row['lead']}: its figures are in no list of search {row['number']}"


def _overdue(db: sqlite3.Connection) -> list[str]:
    """The searches whose lists are to end, oldest first."""
    before = (datetime.now(UTC) - timedelta(days=KEPT_DAYS)).isoformat(timespec="milliseconds")
    query = (
        "SELECT id FROM records AS made WHERE kind = ?1 AND version = 1 AND at < ?2 AND NOT EXISTS "
        "(SELECT 1 FROM records WHERE kind = ?1 AND id = made.id AND version = 2) ORDER BY rowid"
    )
    old = [str(number) for (number,) in db.execute(query, (_KIND, before))]
    named = named_searches(db) if old else set()
    return [number for number in old if number not in named]


def _searches(
    db: sqlite3.Connection, where: str, *values: str, columns: str
) -> Iterator[RecordedSearch]:
    """The first version says who made a search and when, the last one what counts now."""
    query = (
        f"SELECT id, version, person, at, reason, {columns}, {_UNANSWERED} FROM records "
        f"WHERE kind = ? AND {where} AND (version = 1 OR body <> '') ORDER BY rowid"
    )
    found: dict[str, RecordedSearch] = {}
    for row in db.execute(query, (_KIND, *values)):
        if row["version"] == 1:
            said = (row["id"], row["person"], row["at"], row["reason"])
            stated = _stated(row["body"]) if row["body"] else _NOTHING
            unanswered = tuple(member for member, _ in json.loads(row["unanswered"] or "[]"))
            found[row["id"]] = RecordedSearch(*said, stated, unanswered=unanswered)
        else:
            stated = _stated(row["body"])
            found[row["id"]] = replace(found[row["id"]], stated=stated, ended_at=row["at"])
    yield from found.values()


_NOTHING = SearchStatement(
    query="", query_sha256="", scope="", members=(), rows=0, counts={}, lists_sha256=""
)


def _stated(body: str) -> SearchStatement:
    facts = {"lists": None, **json.loads(body)}
    marks = tuple(SearchedMark(**mark) for mark in facts.get("marks", ()))
    members = tuple(facts.get("members", ()))
    if "compared" not in facts["counts"]:
        raise ValueError("the counts of a search needed, found others")
    return SearchStatement(**{**facts, "members": members, "marks": marks})
