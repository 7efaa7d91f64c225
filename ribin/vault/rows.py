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
from itertools import pairwise
from typing import Any, TypeVar, get_type_hints

from ribin.cases.record import Record
from ribin.errors import ParameterError
from ribin.text import NAME_LENGTH, NOTE_LENGTH, TEXT_LENGTH, text_problem
from ribin.vault.audit import append_row
from ribin.vault.vouching import ENDING, ENDS, Vouchers, vouching_problems, writes

# Tables that the audit log vouches for, and the column that names a row.
KEYS = {
    "events": "event",
    "exhibits": "exhibit",
    "aliases": "alias",
    "scans": "sha256",
    "marks": "mark_id",
    "descriptions": "description",
    "leads": "lead",
    "reviews": "review",
    "settings": "setting",
    "retention": "exhibit",
    "tombstones": "tombstone",
    "trusted_keys": "fingerprint",
    "bundles": "bundle",
    "standing_searches": "standing",
    "findings": "finding",
    "records": "record",
    "synonyms": "synonym",
    "questions": "question",
    "outbox": "id",
}
_VOUCHED = {"outbox": "length(question) > 0"}  # of a table, the rows that it vouches for
# Tables whose rows go without a word: messages that were delivered, and answers that are old.
_PASSING = frozenset({"questions", "outbox"})
# Columns that the hash of a row leaves out, because records say what they hold (`states.py`), or
# other rows of the log (`messages.py`).
_STATED = {
    "scans": ("exhibit", "lighting", "description"),
    "questions": ("at", "state", "answer"),
    "outbox": ("subject", "answer", "answered_at", "tries", "tried_at", "problem"),
}
RowHash = tuple[str, str]  # name and SHA-256 of a row
_T = TypeVar("_T")


# Columns that people write in, and how long their texts may be.
_NAMES = (
    *("exhibit", "event", "case_number", "firearm", "calibre", "firing_pin_shape"),
    *("breech_face_type", "ammunition", "make", "model", "who", "person"),
    *("examiner", "reviewer"),
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


def all_records(db: sqlite3.Connection) -> Iterator[RowHash]:
    """Name and SHA-256 of every record."""
    for table, key in KEYS.items():
        where = _VOUCHED.get(table, "true")
        for row in db.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY {key}"):
            yield f"{table}/{row[key]}", _sha256(table, row)


def record_sha256(db: sqlite3.Connection, table: str, key: object) -> str | None:
    """SHA-256 of one record; None where there is none of this key."""
    row = db.execute(f"SELECT * FROM {table} WHERE {KEYS[table]} = ?", (key,)).fetchone()
    return _sha256(table, row) if row else None


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


def insert_record(db: sqlite3.Connection, table: str, columns: Mapping[str, Any]) -> RowHash:
    """Add one row; gives the record's name and SHA-256 as `all_records` will find them."""
    row = insert_row(db, table, columns)
    return f"{table}/{row[KEYS[table]]}", _sha256(table, row)


def change_record(
    db: sqlite3.Connection, table: str, key: object, columns: Mapping[str, Any]
) -> RowHash:
    """Give columns of one row other values; gives name and SHA-256, errors, as `insert_row`."""
    _check_texts(table, columns)
    values = ", ".join(f"{name} = ?" for name in columns)
    db.execute(f"UPDATE {table} SET {values} WHERE {KEYS[table]} = ?", (*columns.values(), key))
    now = columns.get(KEYS[table], key)
    row = db.execute(f"SELECT * FROM {table} WHERE {KEYS[table]} = ?", (now,)).fetchone()
    return f"{table}/{row[KEYS[table]]}", _sha256(table, row)


def columns_sha256(table: str, columns: Mapping[str, Any]) -> str:
    """SHA-256 that a row of these columns would have, before it is written."""
    stored = {n: str(v) if isinstance(v, StrEnum) else v for n, v in columns.items()}
    return _hash_of(table, {n: int(v) if isinstance(v, bool) else v for n, v in stored.items()})


def _sha256(table: str, row: sqlite3.Row) -> str:
    if table == "records":  # its own hash, which holds when its text was blanked
        return from_row(Record, row, body=None).sha256
    return _hash_of(table, dict(row))


def _hash_of(table: str, columns: Mapping[str, Any]) -> str:
    stated = _STATED.get(table, ())
    hashed = {name: value for name, value in columns.items() if name not in stated}
    text = json.dumps(hashed, sort_keys=True, ensure_ascii=False, default=repr)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def record_problems(db: sqlite3.Connection, vouched: Vouchers) -> list[tuple[str, str]]:
    """One sentence for each record that is not as the last row of the log that wrote it says, after
    the exhibit that it concerns; empty where it concerns none or many."""
    last = {name: said[-1].sha256 for name, said in vouched.items()}
    written = {name: sha256 for name, sha256 in last.items() if sha256 is not None}
    found = dict(all_records(db))
    problems = [(name, f"catalogue: {name}: {text}") for name, text in vouching_problems(vouched)]
    for name in sorted(written.keys() | found.keys()):
        if name not in found and name.partition("/")[0] in _PASSING:
            continue
        if name not in found:
            problems.append((name, f"catalogue: {name} was written and is not there"))
        elif name not in written:
            text = f"catalogue: {name} is there and the audit log does not know it"
            problems.append((name, text))
        elif written[name] != found[name]:
            problems.append((name, f"catalogue: {name} is not as it was written"))
    for name, text in (*_end_problems(db, vouched), *_import_problems(db, vouched)):
        problems.append((name, f"catalogue: {name}: {text}"))
    return [(_exhibit_of(db, name), text) for name, text in problems]


def _end_problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[tuple[str, str]]:
    """Of what may end: it is as it was when it began but for its end, which comes once."""
    for table, end in ENDS.items():
        for row in db.execute(f"SELECT * FROM {table}"):
            name, columns = f"{table}/{row[KEYS[table]]}", dict(row)
            said = vouched.get(name, ())
            ends = [one for one in said[1:] if one.row.action in ENDING]
            begun = columns | {end: ""}
            if table != "findings" and said:  # an exhibit may be called otherwise since
                begun["exhibit"] = said[0].row.subject
            if said and said[-1].sha256 != _sha256(table, row):
                continue  # said above
            if said and _hash_of(table, begun) != said[0].sha256:
                yield name, "it is not as it began"
            elif len(ends) > 1 or bool(ends) != bool(columns[end]):
                yield name, f"its {end} is not as the audit log says"


def _import_problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[tuple[str, str]]:
    """What an import packed otherwise is as it was but for the hash of its file."""
    for table in ("scans", "descriptions"):
        imported = {n for n, said in vouched.items() if any(v.row.action == "import" for v in said)}
        for name in sorted(n for n in imported if n.startswith(f"{table}/")):
            query = f"SELECT * FROM {table} WHERE {KEYS[table]} = ?"
            row = db.execute(query, (name.partition("/")[2],)).fetchone()
            columns, said = dict(row) if row else {}, vouched[name]
            for before, one in reversed(list(pairwise(said))) if row else ():
                if one.row.action == "import":
                    columns["file_sha256"] = one.row.facts.get("file_sha256_before", {}).get(name)
                    if _hash_of(table, columns) != before.sha256:
                        yield name, "an import changed more of it than the hash of its file"


def logged_sha256(db: sqlite3.Connection, record: str) -> str | None:
    """What the last row of the log that may write a record says of it; None where it is not
    there."""
    query = "SELECT action, details FROM audit WHERE instr(details, ?) > 0 ORDER BY seq DESC"
    for row in db.execute(query, (json.dumps(record, ensure_ascii=False),)):
        records: dict[str, str | None] = json.loads(row["details"]).get("records", {})
        if record in records and writes(row["action"], record):
            return records[record]
    return None


def logged_of_subject(db: sqlite3.Connection, subject: str) -> dict[str, str | None]:
    """As `logged_sha256`, of each record that rows of the log about one subject write."""
    found: dict[str, str | None] = {}
    query = "SELECT action, details FROM audit WHERE subject = ? ORDER BY seq"
    for row in db.execute(query, (subject,)):
        records: dict[str, str | None] = json.loads(row["details"]).get("records") or {}
        found.update({n: sha256 for n, sha256 in records.items() if writes(row["action"], n)})
    return found


def _exhibit_of(db: sqlite3.Connection, record: str) -> str:
    table, _, key = record.partition("/")
    if table in ("exhibits", "retention"):
        return key
    if table not in ("scans", "marks"):
        return ""
    joined = "marks JOIN scans USING (sha256)" if table == "marks" else "scans"
    query = f"SELECT exhibit FROM {joined} WHERE {KEYS[table]} = ?"
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
        """Give columns of a record other values; one that is named by another is gone as it was."""
        if columns.get(KEYS[table], key) != key:
            self.records[f"{table}/{key}"] = None
        self.records.update([change_record(self.db, table, key, columns)])

    def remove(self, table: str, key: object) -> None:
        """Take a record away."""
        self.db.execute(f"DELETE FROM {table} WHERE {KEYS[table]} = ?", (key,))
        self.records[f"{table}/{key}"] = None

    def log(self, subject: str, action: str = "", **details: Any) -> None:
        """Add the row for what was written since the last one."""
        records = {"records": self.records} if self.records else {}
        action = action or self.action
        for record in self.records:
            if not writes(action, record):
                raise RuntimeError(f"{action}: it writes {record}, and `vouching` does not say so")
        append_row(self.db, action, subject, self.who, self.reason, {**details, **records})
        self.records = {}
