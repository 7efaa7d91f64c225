"""Saved searches in the catalogue: begun, ended, what each found, and what was reported of it.

A finding is recorded before it is reported to anybody, and marked after: whoever is killed in
between reports it again, and no finding is lost.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence

from ribin.cases.exhibits import Scope
from ribin.cases.searches import SavedSearch, SearchFinding
from ribin.errors import ParameterError, StoreError
from ribin.vault.audit import now_utc
from ribin.vault.exhibits import needed_exhibit
from ribin.vault.rows import Act, from_row
from ribin.vault.vault import Vault


def add_saved_search(
    vault: Vault,
    exhibits: Sequence[str],
    scope: Scope,
    top: int,
    min_score: float,
    who: str,
    reason: str,
) -> list[SavedSearch]:
    """Begin a saved search with each exhibit, or with none.

    Raises StoreError: an exhibit is unknown or has such a search already, or the vault is read-only
    or locked; ParameterError: nobody is named.
    """
    if not who.strip():
        raise ParameterError("saved search: who asks needed, found nobody")
    begun = []
    with vault.act("standing search", who, reason) as act:
        number = act.db.execute("SELECT count(*) FROM standing_searches").fetchone()[0]
        named = [needed_exhibit(act.db, vault.path, name).exhibit for name in exhibits]
        for exhibit in dict.fromkeys(named):
            for one in _read(act.db, "WHERE exhibit = ? AND ended_at = ''", exhibit):
                raise StoreError(f"exhibit {exhibit}: saved search {one.standing} has begun")
            number += 1
            name = f"{vault.member}-S{number}"
            one = SavedSearch(
                standing=name,
                exhibit=exhibit,
                scope=scope,
                top=top,
                min_score=min_score,
                who=who,
                reason=reason,
                at=now_utc(),
            )
            act.insert("standing_searches", vars(one))
            act.log(exhibit, standing=name, scope=str(scope), top=top, min_score=min_score)
            begun.append(one)
    return begun


def end_saved_search(vault: Vault, names: Sequence[str], who: str, reason: str) -> None:
    """End saved searches, all of them or none; what they found is kept.

    Raises StoreError: one is unknown or has ended already.
    """
    with vault.act("standing search ended", who, reason) as act:
        for name in dict.fromkeys(names):
            found = _read(act.db, "WHERE standing = ? AND ended_at = ''", name)
            if not found:
                raise StoreError(f"{vault.path}: saved search {name} needed, found none of it")
            _end(act, found[0])


def end_saved_searches_of(act: Act, exhibit: str) -> None:
    """End the saved search with an exhibit, as a part of another act."""
    for one in _read(act.db, "WHERE exhibit = ? AND ended_at = ''", exhibit):
        _end(act, one)


def read_saved_searches(vault: Vault, ended: bool = False) -> list[SavedSearch]:
    """The searches that go on, oldest first; with `ended`, those that ended as well."""
    with vault.catalogue.reading() as db:
        return _read(db, "" if ended else "WHERE ended_at = ''")


def note_findings(
    vault: Vault,
    found: Iterable[SearchFinding],
    who: str,
    recorded: Callable[[Act], str] | None = None,
) -> int:
    """Keep, durably, those findings that are new; gives their number.

    `recorded` is called where something is new: it records the search that found it, and gives its
    number, which each finding names. An exhibit is known by its name, or by its scan: another
    member's has a name of its own when it is released, and is known by the one that it had before.
    """
    noted, search = 0, {}
    with vault.act("standing search found", who, "") as act:
        for one in found:
            if _is_known(act.db, one):
                continue
            if recorded and not noted:
                search = {"search": recorded(act)}
            named = {"standing": one.standing, "member": one.member, "exhibit": one.exhibit}
            row = {**one.candidate, **search}
            text = json.dumps(row, sort_keys=True, ensure_ascii=False)
            said = {"sha256": one.sha256, "candidate": text, "at": now_utc()}
            act.insert("findings", {**named, **said})
            act.log(one.sha256, **named)
            noted += 1
    return noted


def _is_known(db: sqlite3.Connection, one: SearchFinding) -> bool:
    before = one.candidate.get("known_as") or one.exhibit
    query = (
        "SELECT 1 FROM findings WHERE standing = ? AND member = ?"
        " AND (exhibit IN (?, ?) OR sha256 = ?)"
    )
    named = (one.standing, one.member, one.exhibit, before, one.sha256)
    return db.execute(query, named).fetchone() is not None


def read_findings(vault: Vault, untold: bool = False) -> list[SearchFinding]:
    """What the searches have found, oldest first; with `untold`, what was not yet reported."""
    where = "WHERE told_at = ''" if untold else ""
    with vault.catalogue.reading() as db:
        rows = db.execute(f"SELECT * FROM findings {where} ORDER BY finding").fetchall()
    return [from_row(SearchFinding, row, candidate=json.loads(row["candidate"])) for row in rows]


def mark_reported(vault: Vault, findings: Sequence[SearchFinding], who: str) -> None:
    """Remember that these were reported to somebody."""
    if not findings:
        return
    with vault.act("standing search told", who, "") as act:
        for one in findings:
            act.change("findings", one.finding, told_at=now_utc())
        act.log(vault.member, findings=[one.finding for one in findings])


def _end(act: Act, one: SavedSearch) -> None:
    act.change("standing_searches", one.standing, ended_at=now_utc())
    act.log(one.exhibit, "standing search ended", standing=one.standing)


def _read(db: sqlite3.Connection, where: str, *values: str) -> list[SavedSearch]:
    rows = db.execute(f"SELECT * FROM standing_searches {where} ORDER BY rowid", values)
    return [from_row(SavedSearch, row) for row in rows]
