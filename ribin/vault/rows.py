"""Rows of the catalogue: written from dataclasses, read as such, each with its hash for the log.

The audit log vouches for the rows of the tables below: whoever adds, changes or removes one puts
its name ("exhibits/X1") and SHA-256 into the row of the log that says so; null for one removed.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, get_type_hints

from ribin.errors import ParameterError
from ribin.text import NAME_LENGTH, NOTE_LENGTH, TEXT_LENGTH, text_problem
from ribin.vault.audit import append_row

# Tables that the audit log vouches for, and the column that names a row.
_KEYS = {
    "events": "event",
    "exhibits": "exhibit",
    "scans": "sha256",
    "marks": "mark_id",
    "descriptions": "description",
    "appointments": "appointment",
    "leads": "lead",
    "reviews": "review",
    "links": "link",
    "withdrawals": "withdrawal",
    "settings": "setting",
    "releases": "release",
    "retention": "exhibit",
    "tombstones": "tombstone",
    "trusted_keys": "fingerprint",
    "bundles": "bundle",
    "standing_searches": "standing",
    "findings": "finding",
    "synonyms": "synonym",
}
Record = tuple[str, str]  # name and SHA-256
_T = TypeVar("_T")


# Columns that people write in, and how long their texts may be.
_NAMES = (
    *("exhibit", "event", "case_number", "firearm", "calibre", "firing_pin_shape"),
    *("breech_face_type", "ammunition", "make", "model", "who", "person"),
    *("examiner", "reviewer", "appointed_by"),
)
_LENGTHS = {**dict.fromkeys(_NAMES, NAME_LENGTH), "place": TEXT_LENGTH}
_LENGTHS |= {"reason": 2 * NOTE_LENGTH, "note": NOTE_LENGTH}


def _check_texts(table: str, columns: Mapping[str, Any]) -> None:
    for name in columns.keys() & _LENGTHS.keys():
        if problem := text_problem(str(columns[name]), _LENGTHS[name]):
            raise ParameterError(f"{table}: {name}: {problem}")


def from_row(made: Callable[..., _T], row: sqlite3.Row, **given: Any) -> _T:
    """A dataclass from the columns of its fields, but for those given; words and truth values
    become those of its types."""
    words = _words_of(made)
    for name in made.__dataclass_fields__:  # type: ignore[attr-defined]
        if name not in given:
            given[name] = words[name](row[name]) if name in words else row[name]
    return made(**given)


@cache
def _words_of(made: Callable[..., Any]) -> dict[str, type]:
    """The fields whose values are words of a list, or true or false."""
    hints = get_type_hints(made)
    return {
        n: t for n, t in hints.items() if isinstance(t, type) and issubclass(t, (StrEnum, bool))
    }


def all_records(db: sqlite3.Connection) -> Iterator[Record]:
    """Name and SHA-256 of every record."""
    for table, key in _KEYS.items():
        for row in db.execute(f"SELECT * FROM {table} ORDER BY {key}"):
            yield f"{table}/{row[key]}", _sha256(row)


def record_sha256(db: sqlite3.Connection, table: str, key: object) -> str | None:
    """SHA-256 of one record; None where there is none of this key."""
    row = db.execute(f"SELECT * FROM {table} WHERE {_KEYS[table]} = ?", (key,)).fetchone()
    return _sha256(row) if row else None


def insert_row(db: sqlite3.Connection, table: str, columns: Mapping[str, Any]) -> sqlite3.Row:
    """Add one row, words as texts and truth values as numbers; gives it as it is stored.

    Raises ParameterError: what a person stated in it holds what a text may not.
    """
    _check_texts(table, columns)
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    values = tuple(str(v) if isinstance(v, StrEnum) else v for v in columns.values())
    done = db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)
    row: sqlite3.Row = db.execute(
        f"SELECT * FROM {table} WHERE rowid = ?", (done.lastrowid,)
    ).fetchone()
    return row


def insert_record(db: sqlite3.Connection, table: str, columns: Mapping[str, Any]) -> Record:
    """Add one row; gives the record's name and SHA-256 as `all_records` will find them."""
    row = insert_row(db, table, columns)
    return f"{table}/{row[_KEYS[table]]}", _sha256(row)


def change_record(
    db: sqlite3.Connection, table: str, key: object, columns: Mapping[str, Any]
) -> Record:
    """Give columns of one row other values; gives name and SHA-256, errors, as `insert_row`."""
    _check_texts(table, columns)
    values = ", ".join(f"{name} = ?" for name in columns)
    db.execute(f"UPDATE {table} SET {values} WHERE {_KEYS[table]} = ?", (*columns.values(), key))
    row = db.execute(f"SELECT * FROM {table} WHERE {_KEYS[table]} = ?", (key,)).fetchone()
    return f"{table}/{row[_KEYS[table]]}", _sha256(row)


def _sha256(row: sqlite3.Row) -> str:
    text = json.dumps(dict(row), sort_keys=True, ensure_ascii=False, default=repr)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def record_problems(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """One sentence for each record that is not as the last row of the log that wrote it says, after
    the exhibit that it concerns; empty where it concerns none or many."""
    written: dict[str, str] = {}
    for row in db.execute("SELECT details FROM audit ORDER BY seq"):
        written.update(json.loads(row["details"]).get("records", {}))
    written = {name: sha256 for name, sha256 in written.items() if sha256 is not None}
    found = dict(all_records(db))
    problems = []
    for name in sorted(written.keys() | found.keys()):
        if name not in found:
            problems.append((name, f"catalogue: {name} was written and is not there"))
        elif name not in written:
            text = f"catalogue: {name} is there and the audit log does not know it"
            problems.append((name, text))
        elif written[name] != found[name]:
            problems.append((name, f"catalogue: {name} is not as it was written"))
    return [(_exhibit_of(db, name), text) for name, text in problems]


def logged_sha256(db: sqlite3.Connection, record: str) -> str | None:
    """What the last row of the log that wrote a record says of it; None where it is not there."""
    query = "SELECT details FROM audit WHERE instr(details, ?) > 0 ORDER BY seq DESC"
    for row in db.execute(query, (json.dumps(record, ensure_ascii=False),)):
        records: dict[str, str | None] = json.loads(row["details"]).get("records", {})
        if record in records:
            return records[record]
    return None


def _exhibit_of(db: sqlite3.Connection, record: str) -> str:
    table, _, key = record.partition("/")
    if table in ("exhibits", "retention"):
        return key
    if table not in ("scans", "marks"):
        return ""
    joined = "marks JOIN scans USING (sha256)" if table == "marks" else "scans"
    query = f"SELECT exhibit FROM {joined} WHERE {_KEYS[table]} = ?"
    row = db.execute(query, (key,)).fetchone()
    return str(row["exhibit"]) if row else ""


@dataclass
class Act:
    """What one person does in a vault, in one transaction; see `Vault.act`.

    Records that it writes are gathered until `log` adds the row of the audit log for them.
    """

    db: sqlite3.Connection
    action: str
    who: str
    reason: str
    records: dict[str, str | None] = field(default_factory=dict)

    def insert(self, table: str, columns: Mapping[str, Any]) -> str:
        """Add a record; gives its name."""
        name, sha256 = insert_record(self.db, table, columns)
        self.records[name] = sha256
        return name

    def change(self, table: str, key: object, **columns: Any) -> None:
        """Give columns of a record other values."""
        self.records.update([change_record(self.db, table, key, columns)])

    def remove(self, table: str, key: object) -> None:
        """Take a record away."""
        self.db.execute(f"DELETE FROM {table} WHERE {_KEYS[table]} = ?", (key,))
        self.records[f"{table}/{key}"] = None

    def log(self, subject: str, action: str = "", **details: Any) -> None:
        """Add the row for what was written since the last one."""
        records = {"records": self.records} if self.records else {}
        append_row(
            self.db, action or self.action, subject, self.who, self.reason, {**details, **records}
        )
        self.records = {}
