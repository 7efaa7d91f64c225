"""What counts now of events, exhibits and scans: rows written together with their records.

A record holds every version that was stated, the row what the last one says; the check holds the
two against each other, and against what else must follow from what was stated.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ribin.cases.exhibits import Event, Exhibit
from ribin.cases.record import RecordKind
from ribin.vault.exhibits import fields_of, first_name
from ribin.vault.records import add_version, last_version, read_versions
from ribin.vault.rows import Act
from ribin.vault.vouching import Vouchers


@dataclass(frozen=True)
class ScanState:
    """What is stated of a scan; each statement is a version of its record.

    `description` names the one whose marks count, None where those of the scan's file do;
    `reading` counts how often a person had it read anew, and `said` is how.
    """

    exhibit: str  # by the name that it was enrolled under
    lighting: str
    description: int | None = None
    reading: int = 0
    said: str = ""


def state_event(act: Act, event: Event, is_new: bool) -> None:
    """State an event, as a part of an act."""
    add_version(act, RecordKind.EVENT, event.event, asdict(event))
    if is_new:
        act.insert("events", asdict(event))
    else:
        act.change("events", event.event, **asdict(event))


def state_exhibit(act: Act, exhibit: Exhibit, before: Exhibit | None) -> None:
    """State an exhibit, as a part of an act; `before` is what counted until now."""
    columns = fields_of(exhibit)
    first = first_name(act.db, before.exhibit) if before else exhibit.exhibit
    add_version(act, RecordKind.EXHIBIT, first, columns)
    if before:
        act.change("exhibits", before.exhibit, **columns)
    else:
        act.insert("exhibits", {**columns, "first_name": first})


def scan_state(db: sqlite3.Connection, sha256: str) -> ScanState:
    """What is stated of an enrolled scan now; ValueError where nothing is."""
    found = last_version(db, RecordKind.SCAN, sha256)
    if found is None or found.body is None:
        raise ValueError(f"scan {sha256}: a record of it needed, found none")
    return ScanState(**found.body)


def state_scan(act: Act, sha256: str, state: ScanState, is_new: bool = False) -> None:
    """State a scan, as a part of an act; the row of a new one says the same already."""
    add_version(act, RecordKind.SCAN, sha256, asdict(state))
    if is_new:
        return
    exhibit = "(SELECT exhibit FROM exhibits WHERE first_name = ?)"
    statement = f"UPDATE scans SET exhibit = {exhibit}, lighting = ?, description = ?"
    values = (state.exhibit, state.lighting, state.description)
    act.db.execute(f"{statement} WHERE sha256 = ?", (*values, sha256))


def remove_empty_event(act: Act, event: str) -> bool:
    """Take an event away that no exhibit belongs to any more; its record stays."""
    if act.db.execute("SELECT 1 FROM exhibits WHERE event = ?", (event,)).fetchone():
        return False
    act.remove("events", event)
    return True


# The check: rows are as the last versions of their records say.


def state_problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[tuple[str, str]]:
    """One sentence for each row that does not follow from its record, after its exhibit."""
    stated = _last_bodies(db, RecordKind.EVENT)
    for row in db.execute("SELECT * FROM events"):
        if stated.get(row["event"]) != dict(row):
            yield "", f"catalogue: event {row['event']} is not as its record says"
    stated = _last_bodies(db, RecordKind.EXHIBIT)
    for row in db.execute("SELECT * FROM exhibits"):
        columns = dict(row)
        if stated.get(columns.pop("first_name")) != columns:
            yield row["exhibit"], f"catalogue: exhibit {row['exhibit']} is not as its record says"
    yield from _alias_problems(db)
    yield from (("", f"catalogue: {text}") for text in _key_problems(db, vouched))
    yield from (("", f"catalogue: {text}") for text in _release_problems(db, vouched))
    stated = _last_bodies(db, RecordKind.SCAN)
    query = (
        "SELECT s.sha256, s.exhibit AS name, e.first_name AS exhibit, s.lighting, s.description,"
        " coalesce(d.reading, 0) AS reading FROM scans s JOIN exhibits e USING (exhibit)"
        " LEFT JOIN descriptions d ON d.description = s.description AND d.sha256 = s.sha256"
    )
    for row in db.execute(query):
        said = stated.get(row["sha256"], {})
        names = ("exhibit", "lighting", "description", "reading")
        if [said.get(name, "missing") for name in names] != [row[name] for name in names]:
            yield row["name"], f"catalogue: scan {row['sha256'][:12]} is not as its record says"


def _key_problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[str]:
    """Trusted keys are as the log says who trusted them."""
    from ribin.crypto.keys import PublicKey  # a search checks no key

    for row in db.execute("SELECT * FROM trusted_keys"):
        parts = bytes.fromhex(row["signing"]), bytes.fromhex(row["sealing"])
        if PublicKey(row["member"], *parts).fingerprint != row["fingerprint"]:
            yield f"trusted key of {row['member']}: another fingerprint needed"
        for v in vouched.get(f"trusted_keys/{row['fingerprint']}", [])[-1:]:
            named = v.row.facts.get("fingerprint")  # of the key that is trusted now, or no more
            begun = v.row.action == "trust key" and named == row["fingerprint"]
            ends = v.row.action == "trust key" or named == row["fingerprint"]
            known = v.row.subject == row["member"] and (begun or ends) and named
            if not known or begun == bool(row["ended_at"]) or (begun and v.row.who != row["who"]):
                yield f"trusted key of {row['member']} is not as the audit log says"


def _release_problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[str]:
    """Each release, and each end of one, is what the log says was done to whom with what."""
    for one in read_versions(db, RecordKind.RELEASE):
        body = one.body or {}
        exhibit, receiver = str(body.get("exhibit")), body.get("receiver")
        sound = one.id == f"{exhibit}/{receiver}" and isinstance(body.get("original"), bool)
        for said in vouched.get(f"records/{one.name}", ()):
            row, facts = said.row, said.row.facts
            if row.action == "purge":  # which ends it, under whatever name the exhibit had
                sound &= body.get("holds") is False
                continue
            sound &= facts.get("to") == receiver and (row.action == "release") is body.get("holds")
            sound &= row.action != "release" or facts.get("original") == body.get("original")
            named = _first_named(db, row.subject)
            sound &= named in (None, exhibit)
        if not sound:
            yield f"release {one.name} is not as the audit log says"


def _first_named(db: sqlite3.Connection, name: str) -> str | None:
    """The first name of the exhibit that has this name or had it; None where none is there."""
    query = (
        "SELECT first_name FROM exhibits WHERE exhibit = ?1 "
        "UNION SELECT first_name FROM aliases WHERE alias = ?1"
    )
    row = db.execute(query, (name,)).fetchone()
    return str(row[0]) if row else None


def _last_bodies(db: sqlite3.Connection, kind: RecordKind) -> dict[str, Mapping[str, Any]]:
    """What the last version of each record of a kind says, by its id."""
    return {one.id: one.body or {} for one in read_versions(db, kind)}


def _alias_problems(db: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """An exhibit keeps every name that it had, and no other."""
    had: dict[str, set[str]] = {}
    blanked: set[str] = set()
    for one in read_versions(db, RecordKind.EXHIBIT):
        had.setdefault(one.id, {one.id}).update([one.body["exhibit"]] if one.body else [])
        blanked.update([one.id] if one.body is None else [])
    for exhibit, first in db.execute("SELECT exhibit, first_name FROM exhibits").fetchall():
        rows = db.execute("SELECT alias FROM aliases WHERE first_name = ?", (first,))
        found, wanted = {row["alias"] for row in rows}, had.get(first, set()) - {exhibit}
        if wanted - found or (found - wanted and first not in blanked):
            yield exhibit, f"catalogue: exhibit {exhibit}: its aliases are not as its record says"
