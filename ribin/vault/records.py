"""The records of a vault: every version of what a person stated, in one table that only grows.

Other tables hold what counts now; whoever changes them adds a version here in the same act. One
row of the audit log vouches for each version, by "records/" and its name.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from ribin.cases.leads import identity_of
from ribin.cases.record import (
    NO_VERSION,
    Record,
    RecordKind,
    body_sha256,
    canonical_bytes,
    reason_sha256,
    version_problem,
)
from ribin.vault.audit import now_utc
from ribin.vault.rows import Act, RowHash, from_row, insert_record
from ribin.vault.vouching import ACTS, ANY_ACT, Vouchers

RECORDS = "records"  # the table


def add_version(act: Act, kind: RecordKind, record_id: str, body: Mapping[str, Any]) -> Record:
    """Add a version, as a part of an act: the act's person states it, for the act's reason.

    The row that `act.log` adds next vouches for it.
    """
    made = next_version(act.db, kind, record_id, body, act.who, act.reason)
    act.records.update([insert_version(act.db, made)])
    return made


def next_version(
    db: sqlite3.Connection,
    kind: RecordKind,
    record_id: str,
    body: Mapping[str, Any],
    who: str,
    reason: str,
    member: str = "",
) -> Record:
    """The version that a person of this vault's member states after the last one; `member` where
    the log does not say it yet."""
    before = last_version(db, kind, record_id)
    return Record(
        kind=kind,
        id=record_id,
        version=before.version + 1 if before else 1,
        member=member or db.execute("SELECT subject FROM audit WHERE seq = 1").fetchone()[0],
        person=who,
        identity=identity_of(who),
        at=now_utc(),
        reason=reason,
        reason_sha256=reason_sha256(reason),
        body=dict(body),
        body_sha256=body_sha256(body),
        previous_sha256=before.sha256 if before else NO_VERSION,
    )


def insert_version(db: sqlite3.Connection, one: Record) -> RowHash:
    """Write a version, also one that another member stated; gives what the audit log must have.

    The catalogue refuses a version that is not the next one: sqlite3.IntegrityError.
    """
    text = canonical_bytes(one.body).decode("utf-8", "surrogatepass") if one.body else ""
    return insert_record(db, RECORDS, {**vars(one), "body": text, "record": one.name})


def next_number(db: sqlite3.Connection, kind: RecordKind, member: str, letter: str) -> str:
    """A number that no record of this kind has had, such as JAM-Q17."""
    query = "SELECT count(DISTINCT id) FROM records WHERE kind = ?"
    made = db.execute(query, (kind,)).fetchone()[0]
    return f"{member}-{letter}{made + 1}{restored_suffix(db)}"


def restored_suffix(db: sqlite3.Connection) -> str:
    """What numbers end with in a vault that came back from a backup: it may lack some that others
    know, so they go on with the count of its restorations."""
    count = db.execute("SELECT count(*) FROM audit WHERE action = 'restore'").fetchone()[0]
    return f"-R{count}" if count else ""


def last_version(db: sqlite3.Connection, kind: RecordKind, record_id: str) -> Record | None:
    """What counts now of a record; None where nobody stated any."""
    query = "SELECT * FROM records WHERE kind = ? AND id = ? ORDER BY version DESC LIMIT 1"
    row = db.execute(query, (kind, record_id)).fetchone()
    return record_of(row) if row else None


def read_versions(db: sqlite3.Connection, kind: RecordKind, record_id: str = "") -> list[Record]:
    """Every version of one record, or of all of a kind; first by id, then the oldest first."""
    where, values = ("AND id = ?", (kind, record_id)) if record_id else ("", (kind,))
    query = f"SELECT * FROM records WHERE kind = ? {where} ORDER BY id, version"
    return [record_of(row) for row in db.execute(query, values)]


def blank_versions(act: Act, kind: RecordKind, record_id: str, keep_last: bool = True) -> list[str]:
    """Blank the bodies of the old versions of a record, or of all, and leave their hashes.

    Gives the names of those that were blanked; the row that `act.log` adds next must have them
    under "blanked".
    """
    act.db.execute("PRAGMA secure_delete = ON")
    versions = [r for r in read_versions(act.db, kind, record_id) if r.body is not None]
    last = last_version(act.db, kind, record_id)
    blanked = [r.name for r in versions if not (keep_last and last and r.version == last.version)]
    for name in blanked:
        act.db.execute("UPDATE records SET body = '' WHERE record = ?", (name,))
    return blanked


def blank_version_reasons(act: Act, kind: RecordKind, record_id: str) -> list[str]:
    """Blank why the versions of a record were stated, but for those of this act; gives their names,
    which the row that `act.log` adds next must have under "without_reason"."""
    act.db.execute("PRAGMA secure_delete = ON")
    names = [one.name for one in read_versions(act.db, kind, record_id) if one.reason]
    before = [name for name in names if f"{RECORDS}/{name}" not in act.records]
    for name in before:
        act.db.execute("UPDATE records SET reason = '' WHERE record = ?", (name,))
    return before


def record_of(row: sqlite3.Row) -> Record:
    """A row of the table; ValueError where its body is no object of JSON."""
    body = json.loads(row["body"]) if row["body"] else None
    if not isinstance(body, dict | None):
        raise ValueError(f"record {row['record']}: an object needed, found {row['body'][:60]!r}")
    return from_row(Record, row, body=body)


def _blanked(db: sqlite3.Connection, fact: str) -> set[str]:
    """The versions that rows of the log name under this fact, as far as their actions may."""
    found: set[str] = set()
    query = "SELECT action, details FROM audit WHERE instr(details, ?)"
    for action, details in db.execute(query, (f'"{fact}"',)):
        names, kinds = json.loads(details).get(fact, ()), ACTS.get(action, ANY_ACT).blanks
        found.update(name for name in names if name.partition("/")[0] in kinds)
    return found


def version_problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[tuple[str, str]]:
    """One sentence for each version that does not follow from the one before, that was changed,
    that another person stated than the log says, or whose body is gone though no row of the log
    says who blanked it; no exhibit is named before it."""
    blanked, without_reason = _blanked(db, "blanked"), _blanked(db, "without_reason")
    owner = db.execute("SELECT subject FROM audit WHERE seq = 1").fetchone()[0]
    rows = db.execute("SELECT * FROM records ORDER BY kind, id, version")
    for _, versions in groupby(map(record_of, rows), lambda one: (one.kind, one.id)):
        before = None
        for one in versions:
            for said in vouched.get(f"{RECORDS}/{one.name}", ()):
                received = said.row.action == "lead received" and one.member != owner
                if said.row.who != one.person and not received:
                    yield "", f"record {one.name}: {said.row.who} stated it, found {one.person}"
            text = version_problem(one, before)
            lacks_reason = not one.reason and one.reason_sha256 != reason_sha256("")
            if lacks_reason and one.name not in without_reason:
                text = "its reason is gone and nobody blanked it"
            elif (one.body is None) != (one.name in blanked):
                gone = "its text is gone and nobody blanked it"
                text = gone if one.body is None else "it is not blanked"
            if text:
                yield "", f"record {one.name}: {text}"
            before = one
