"""Records as they are written and removed, each with the hash that the audit log keeps of it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator

# Tables whose rows the audit log vouches for, and what a row is called by.
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
}


def all_records(db: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Name ("exhibits/X1") and SHA-256 of every record; an older catalogue has fewer tables."""
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    for table, key in _KEYS.items():
        if table not in tables:
            continue
        for row in db.execute(f"SELECT * FROM {table} ORDER BY {key}"):
            yield f"{table}/{row[key]}", _record_sha256(row)


def record_sha256(db: sqlite3.Connection, table: str, key: object) -> str | None:
    """SHA-256 of one record; None where there is none of this key."""
    row = db.execute(f"SELECT * FROM {table} WHERE {_KEYS[table]} = ?", (key,)).fetchone()
    return _record_sha256(row) if row else None


def insert_record(db: sqlite3.Connection, table: str, fields: dict[str, object]) -> tuple[str, str]:
    """Add one row as it is; gives the record's name and SHA-256 as `all_records` will find them."""
    columns, marks = ", ".join(fields), ", ".join("?" * len(fields))
    done = db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(fields.values()))
    row = db.execute(f"SELECT * FROM {table} WHERE rowid = ?", (done.lastrowid,)).fetchone()
    return f"{table}/{row[_KEYS[table]]}", _record_sha256(row)


def change_record(
    db: sqlite3.Connection, table: str, key: object, fields: dict[str, object]
) -> tuple[str, str]:
    """Give columns of one row other values; gives name and SHA-256 as `insert_record`."""
    values = ", ".join(f"{name} = ?" for name in fields)
    db.execute(f"UPDATE {table} SET {values} WHERE {_KEYS[table]} = ?", (*fields.values(), key))
    row = db.execute(f"SELECT * FROM {table} WHERE {_KEYS[table]} = ?", (key,)).fetchone()
    return f"{table}/{row[_KEYS[table]]}", _record_sha256(row)


def remove_record(db: sqlite3.Connection, table: str, key: object) -> tuple[str, None]:
    """Take one row away; the audit log says null of it from then on."""
    db.execute(f"DELETE FROM {table} WHERE {_KEYS[table]} = ?", (key,))
    return f"{table}/{key}", None


def _record_sha256(row: sqlite3.Row) -> str:
    text = json.dumps(dict(row), sort_keys=True, ensure_ascii=False, default=repr)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
