"""Standing searches in the catalogue: begun, ended, what each found, and what was told of it.

A finding is written before anybody is told of it, and marked after: whoever is killed in between
tells it again, and no finding is lost.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from ribin.cases.exhibits import Scope
from ribin.cases.leads import SEARCHING
from ribin.cases.saved_search import SavedSearch, SearchFinding
from ribin.errors import ParameterError, StoreError
from ribin.vault.audit import append_row, now_utc
from ribin.vault.exhibits import find_exhibit, no_such_exhibit
from ribin.vault.people import check_role_in_use
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
    """Begin a standing search with each exhibit, or with none.

    Raises
    ------
    StoreError
        An exhibit is unknown or has such a search already, or the vault is read-only or locked.
    ParameterError
        Nobody is named.
    """
    if not who.strip():
        raise ParameterError("standing: who asks needed, found nobody")
    begun = []
    with vault.catalogue.writing() as db:
        check_role_in_use(db, who, SEARCHING)
        number = db.execute("SELECT count(*) FROM standing_searches").fetchone()[0]
        for exhibit in dict.fromkeys(exhibits):
            if find_exhibit(db, exhibit) is None:
                raise no_such_exhibit(vault.path, exhibit)
            for one in _read(db, "WHERE exhibit = ? AND ended_at = ''", exhibit):
                raise StoreError(f"exhibit {exhibit}: standing search {one.standing} has begun")
            number += 1
            name = f"{vault.member}-S{number}"
            one = SavedSearch(name, exhibit, scope, top, min_score, who, reason, now_utc())
            db.execute(
                "INSERT INTO standing_searches VALUES (?, ?, ?, ?, ?, ?, ?, ?, '')",
                (name, exhibit, str(scope), top, min_score, who, reason, one.at),
            )
            details = {"standing": name, "scope": str(scope), "top": top, "min_score": min_score}
            append_row(db, "standing search", exhibit, who, reason, details)
            begun.append(one)
    return begun


def end_saved_search(vault: Vault, names: Sequence[str], who: str, reason: str) -> None:
    """End standing searches, all of them or none; what they found is kept.

    Raises
    ------
    StoreError
        One is unknown or has ended already.
    """
    with vault.catalogue.writing() as db:
        check_role_in_use(db, who, SEARCHING)
        for name in dict.fromkeys(names):
            found = _read(db, "WHERE standing = ? AND ended_at = ''", name)
            if not found:
                raise StoreError(f"{vault.path}: standing search {name} needed, found none of it")
            _end(db, found[0], who, reason)


def end_saved_searches_of(db: sqlite3.Connection, exhibit: str, who: str, reason: str) -> None:
    """End the search that stands on an exhibit, inside the caller's transaction."""
    for one in _read(db, "WHERE exhibit = ? AND ended_at = ''", exhibit):
        _end(db, one, who, reason)


def read_saved_searches(vault: Vault, ended: bool = False) -> list[SavedSearch]:
    """The searches that stand, oldest first; with `ended`, those that ended as well."""
    with vault.catalogue.reading() as db:
        return _read(db, "" if ended else "WHERE ended_at = ''")


def note_findings(vault: Vault, found: Iterable[SearchFinding], who: str) -> int:
    """Keep, durably, those findings that are new; gives their number.

    An exhibit is known by its name, or by its scan: another member's has a name of its own when it
    is released, and is known by the one that it had before.
    """
    noted = 0
    with vault.catalogue.writing() as db:
        for one in found:
            before = one.candidate.get("known_as") or one.exhibit
            known = db.execute(
                "SELECT 1 FROM findings WHERE standing = ? AND member = ?"
                " AND (exhibit IN (?, ?) OR sha256 = ?)",
                (one.standing, one.member, one.exhibit, before, one.sha256),
            ).fetchone()
            if known:
                continue
            text = json.dumps(one.candidate, sort_keys=True, ensure_ascii=False)
            values = (one.standing, one.member, one.exhibit, one.sha256, text, now_utc())
            db.execute(
                "INSERT INTO findings (standing, member, exhibit, sha256, candidate, at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )
            noted += 1
            details = {"standing": one.standing, "member": one.member, "exhibit": one.exhibit}
            append_row(db, "standing search found", one.sha256, who, "", details)
    return noted


def read_findings(vault: Vault, untold: bool = False) -> list[SearchFinding]:
    """What the searches have found, oldest first; with `untold`, what nobody was told yet."""
    where = "WHERE told_at = ''" if untold else ""
    with vault.catalogue.reading() as db:
        rows = db.execute(f"SELECT * FROM findings {where} ORDER BY finding").fetchall()
    return [
        SearchFinding(**{**dict(row), "candidate": json.loads(row["candidate"])}) for row in rows
    ]


def mark_reported(vault: Vault, findings: Sequence[SearchFinding], who: str) -> None:
    """Remember that somebody was told of these."""
    if not findings:
        return
    with vault.catalogue.writing() as db:
        change = "UPDATE findings SET told_at = ? WHERE finding = ?"
        db.executemany(change, [(now_utc(), one.finding) for one in findings])
        numbers = [one.finding for one in findings]
        append_row(db, "standing search told", vault.member, who, "", {"findings": numbers})


def _end(db: sqlite3.Connection, one: SavedSearch, who: str, reason: str) -> None:
    change = "UPDATE standing_searches SET ended_at = ? WHERE standing = ?"
    db.execute(change, (now_utc(), one.standing))
    append_row(db, "standing search ended", one.exhibit, who, reason, {"standing": one.standing})


def _read(db: sqlite3.Connection, where: str, *values: str) -> list[SavedSearch]:
    rows = db.execute(f"SELECT * FROM standing_searches {where} ORDER BY rowid", values)
    return [SavedSearch(**{**dict(row), "scope": Scope(row["scope"])}) for row in rows]
