"""The audit log: who did what, when, from where and why; rows chained by SHA-256.

A row's hash covers the hash of the row before it, so a changed, removed or inserted row breaks
the chain from there on. `who` is a name, and `identity` says how that name came about: as the
login of the operating system, or stated by the person behind a login.

Where a row wrote records, it holds their hashes too: a record that differs from the last row that
wrote it was changed behind the program's back.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ribin.cases.leads import identity_of
from ribin.cases.record import reason_sha256
from ribin.errors import ParameterError
from ribin.input_file import read_input
from ribin.text import NAME_LENGTH, NOTE_LENGTH, text_problem

_FIRST = "0" * 64
_HASHED = (
    *("seq", "at", "who", "host", "action", "subject", "reason_sha256", "details"),
    *("previous_sha256", "identity"),
)
REASONS_BLANKED = "reasons_blanked"  # in the details of a row: rows before whose reasons it blanked
_BLANKING = ("edit",)  # actions that may


@dataclass(frozen=True)
class AuditRow:
    """One row as stored; `at` is UTC in ISO 8601."""

    seq: int
    at: str
    who: str
    host: str
    action: str
    subject: str
    reason: str
    details: dict[str, Any] = field(hash=False)
    sha256: str
    identity: str  # how the name came about


@dataclass(frozen=True)
class AuditHead:
    """The last row of a log. Its hash, kept elsewhere, vouches for every row up to it."""

    member: str
    seq: int
    at: str
    sha256: str


def now_utc() -> str:
    """This moment, ISO 8601 with milliseconds and the offset +00:00."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def append_row(
    db: sqlite3.Connection,
    action: str,
    subject: str,
    who: str,
    reason: str,
    details: dict[str, Any],
) -> None:
    """Add the next row inside the caller's write transaction.

    Raises ParameterError: who or the reason holds what a text may not.
    """
    for name, text, length in (("who", who, NAME_LENGTH), ("reason", reason, 2 * NOTE_LENGTH)):
        if problem := text_problem(text, length):
            raise ParameterError(f"{name}: {problem}")
    last = db.execute("SELECT seq, sha256 FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    seq, previous = (last["seq"] + 1, last["sha256"]) if last else (1, _FIRST)
    stated = json.dumps(details, sort_keys=True, ensure_ascii=False)
    said = (who, socket.gethostname(), action, subject, reason_sha256(reason), stated)
    row = dict(zip(_HASHED, (seq, now_utc(), *said, previous, identity_of(who)), strict=True))
    row |= {"sha256": _row_hash(row), "reason": reason}
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    db.execute(f"INSERT INTO audit ({columns}) VALUES ({marks})", tuple(row.values()))


def read_rows(db: sqlite3.Connection) -> Iterator[AuditRow]:
    """Every row, oldest first."""
    yield from _rows(db.execute("SELECT * FROM audit ORDER BY seq"))


def read_rows_of(db: sqlite3.Connection, action: str, subject: str) -> Iterator[AuditRow]:
    """The rows of one action on one subject, oldest first."""
    query = "SELECT * FROM audit WHERE action = ? AND subject = ? ORDER BY seq"
    yield from _rows(db.execute(query, (action, subject)))


@dataclass(frozen=True)
class RowFilter:
    """Which rows of a log are wanted; an empty field leaves nothing out."""

    who: str = ""  # a part of the name
    action: str = ""
    first: str = ""  # days, YYYY-MM-DD
    last: str = ""
    identity: str = ""  # the beginning of how the person was known
    subjects: frozenset[str] = frozenset()  # names by which a row may name one subject
    begins: str = ""  # the beginning of a subject


# A row that names one of these subjects, discloses one, or whose subject begins so.
_ABOUT = (
    "subject IN (SELECT value FROM json_each(?)) OR EXISTS (SELECT 1 FROM "
    "json_each(details, '$.disclosed') AS told "
    "WHERE told.value IN (SELECT value FROM json_each(?))) "
    "OR (? <> '' AND substr(subject, 1, ?) = ?)"
)


def find_rows(db: sqlite3.Connection, wanted: RowFilter, before: int, most: int) -> list[AuditRow]:
    """The last rows that are wanted before a number, or of all where it is 0; the newest first."""
    where: list[str] = ["seq < ? OR ? = 0"]
    values: list[str | int] = [before, before]

    def add(condition: str, *given: str | int) -> None:
        where.append(condition)
        values.extend(given)

    if wanted.who:
        add("instr(lower(who), lower(?)) > 0", wanted.who)
    if wanted.action:
        add("action = ?", wanted.action)
    if wanted.identity:
        add("substr(identity, 1, ?) = ?", len(wanted.identity), wanted.identity)
    if wanted.first:
        add("at >= ?", wanted.first)
    if wanted.last:
        add("substr(at, 1, 10) <= ?", wanted.last)
    if wanted.subjects or wanted.begins:
        names = json.dumps(sorted(wanted.subjects))
        add(_ABOUT, names, names, wanted.begins, len(wanted.begins), wanted.begins)
    query = f"SELECT * FROM audit WHERE ({') AND ('.join(where)}) ORDER BY seq DESC LIMIT ?"
    return list(_rows(db.execute(query, (*values, most))))


def read_actions(db: sqlite3.Connection) -> list[str]:
    """Every action that the log has, in order."""
    return [str(row[0]) for row in db.execute("SELECT DISTINCT action FROM audit ORDER BY 1")]


def _rows(found: Iterable[sqlite3.Row]) -> Iterator[AuditRow]:
    for row in found:
        values = {name: row[name] for name in AuditRow.__dataclass_fields__}
        yield AuditRow(**{**values, "details": json.loads(row["details"])})


def read_head(db: sqlite3.Connection) -> AuditHead:
    """The last row; the first one names the member."""
    first = db.execute("SELECT subject FROM audit WHERE seq = 1").fetchone()
    last = db.execute("SELECT seq, at, sha256 FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    if first is None or last is None:
        raise ValueError("an audit log of at least one row needed, found none")
    return AuditHead(first["subject"], last["seq"], last["at"], last["sha256"])


def chain_problems(db: sqlite3.Connection) -> list[str]:
    """One sentence for each row that does not follow from the row before, and for a lost end."""
    problems = list(row_problems(map(dict, db.execute("SELECT * FROM audit ORDER BY seq"))))
    seq = db.execute("SELECT coalesce(max(seq), 0) FROM audit").fetchone()[0]
    written = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'audit'").fetchone()
    if written is None or written[0] != seq:
        problems.append(f"audit log: {written[0] if written else 0} rows were written, found {seq}")
    return problems


def row_problems(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """One sentence for each row that was changed, or does not follow from the row before."""
    seq, previous = 0, _FIRST
    gone, named = set[int](), set[int]()
    for row in rows:
        if row["seq"] != seq + 1:
            yield f"audit log: row {seq + 1} needed after row {seq}, found {row['seq']}"
        elif row["previous_sha256"] != previous:
            yield f"audit log: row {row['seq']} does not follow row {seq}"
        if _row_hash(row) != row["sha256"]:
            yield f"audit log: row {row['seq']} is not as it was written"
        elif reason_sha256(row["reason"]) != row["reason_sha256"]:
            if row["reason"]:
                yield f"audit log: the reason of row {row['seq']} is not as it was written"
            gone.add(row["seq"])
        if row["action"] in _BLANKING and f'"{REASONS_BLANKED}"' in row["details"]:
            listed = json.loads(row["details"]).get(REASONS_BLANKED, ())
            named.update(one for one in listed if one < row["seq"])
        seq, previous = row["seq"], row["sha256"]
    for one in sorted(gone - named):
        yield f"audit log: the reason of row {one} is gone, and no row says who blanked it"
    for one in sorted(named - gone):
        yield f"audit log: the reason of row {one} is there, and a row says that it was blanked"


def blank_reasons(db: sqlite3.Connection, records: Iterable[str]) -> list[int]:
    """Blank the reasons of the rows that vouch for these records; gives the rows, which the next
    one must name under `REASONS_BLANKED`."""
    query = "SELECT seq FROM audit WHERE reason <> '' AND instr(details, ?) > 0"
    rows = {seq for one in records for (seq,) in db.execute(query, (json.dumps(one),)).fetchall()}
    for seq in sorted(rows):
        db.execute("UPDATE audit SET reason = '' WHERE seq = ?", (seq,))
    return sorted(rows)


def _row_hash(row: Mapping[str, Any]) -> str:
    content = [row[name] for name in _HASHED]
    text = json.dumps(content, ensure_ascii=False, default=repr)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


# The audit log as a file of its own: one row a line, JSON, verifiable without the vault.
#
# The first line says whose log it is and where it ends. Whoever keeps the last row's hash
# elsewhere, on paper or with another member, can tell later whether any row up to it was changed.

_FORMAT = "ribin audit log 1"
_ANCHOR = re.compile(r"(\d+):([0-9a-f]{64})")


def exported_lines(db: sqlite3.Connection) -> Iterator[str]:
    """The lines of the file; the caller's read transaction makes it one moment."""
    head = read_head(db)
    yield json.dumps(
        {"format": _FORMAT, "member": head.member, "rows": head.seq, "head": head.sha256}
    )
    for row in db.execute("SELECT * FROM audit ORDER BY seq"):
        yield json.dumps(dict(row), ensure_ascii=False)


def file_problems(path: Path) -> tuple[AuditHead, list[str], dict[int, str]]:
    """The head of an exported log, a sentence for each row that is not as exported, and all hashes.

    Raises ParameterError: the file cannot be read, or is no exported log.
    """
    needed = f"{path}: an audit log of `ribin audit export` needed"
    try:
        lines = read_input(path, 4096).decode("utf-8").splitlines()
        first, *rows = [json.loads(line) for line in lines]
        if first["format"] != _FORMAT or not rows:
            raise ValueError(f"found format {first['format']} and {len(rows)} rows")
        problems = list(row_problems(rows))
        last = rows[-1]
        if (first["rows"], first["head"]) != (last["seq"], last["sha256"]):
            problems.append(f"audit log: {first['rows']} rows were exported, found {last['seq']}")
        head = AuditHead(first["member"], last["seq"], last["at"], last["sha256"])
        return head, problems, {row["seq"]: row["sha256"] for row in rows}
    except OSError as error:
        raise ParameterError(f"{needed}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ParameterError(f"{needed}: {error}") from error


def read_hashes(db: sqlite3.Connection) -> dict[int, str]:
    """SHA-256 of each row, by its number."""
    return {int(seq): str(sha256) for seq, sha256 in db.execute("SELECT seq, sha256 FROM audit")}


def anchor_problem(hashes: dict[int, str], anchor: str) -> str:
    """What is wrong with a log that should hold an anchor kept elsewhere; empty where it does.

    `hashes` are those of the rows by number, `anchor` is ROW:SHA256 as `ribin audit head` printed
    it. Raises ParameterError: it is not written so.
    """
    found = _ANCHOR.fullmatch(anchor)
    if not found:
        raise ParameterError(f"anchor: ROW:SHA256 needed, found {anchor!r}")
    seq, sha256 = int(found[1]), found[2]
    if seq not in hashes:
        return f"audit log: row {seq} of the anchor needed, found {len(hashes)} rows"
    if hashes[seq] != sha256:
        return f"audit log: row {seq} of SHA-256 {sha256} needed, found {hashes[seq]}"
    return ""
