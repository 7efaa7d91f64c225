"""The tables of a catalogue, as SQL, and the test whether a catalogue still has them."""

from __future__ import annotations

import sqlite3
from functools import cache

SCHEMA_VERSION = 2  # 2: scans.lighting; a vault of version 1 may have it or not
APPLICATION_ID = 0x52494249  # "RIBI": tells a catalogue from other SQLite files

# A record of the audit log is only ever added, with the next number: BEFORE INSERT also stops
# INSERT OR REPLACE, which deletes without firing a DELETE trigger.
_TABLES = """
CREATE TABLE events (
    event TEXT PRIMARY KEY NOT NULL CHECK (event <> ''),
    case_number TEXT NOT NULL,
    date TEXT NOT NULL,
    place TEXT NOT NULL
);
CREATE TABLE exhibits (
    exhibit TEXT PRIMARY KEY NOT NULL CHECK (exhibit <> ''),
    event TEXT NOT NULL REFERENCES events (event),
    kind TEXT NOT NULL CHECK (kind IN ('evidence', 'test_fire')),
    calibre TEXT NOT NULL,
    firing_pin_shape TEXT NOT NULL,
    breech_face_type TEXT NOT NULL,
    ammunition TEXT NOT NULL,
    sharing TEXT NOT NULL CHECK (sharing IN ('country', 'cluster', 'network')),
    firearm TEXT NOT NULL
);
CREATE TABLE scans (
    sha256 TEXT PRIMARY KEY NOT NULL CHECK (length(sha256) = 64),
    exhibit TEXT NOT NULL REFERENCES exhibits (exhibit),
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    lighting TEXT NOT NULL DEFAULT '',
    size_bytes INTEGER NOT NULL,
    file_sha256 TEXT NOT NULL CHECK (length(file_sha256) = 64),
    enrolled_at TEXT NOT NULL
);
CREATE INDEX scans_by_exhibit ON scans (exhibit);
CREATE TABLE marks (
    mark_id INTEGER PRIMARY KEY NOT NULL,
    sha256 TEXT NOT NULL REFERENCES scans (sha256),
    position INTEGER NOT NULL,
    mark_type TEXT NOT NULL,
    kind TEXT NOT NULL,
    pitch_um REAL NOT NULL,
    params_id TEXT NOT NULL,
    template_sha256 TEXT NOT NULL CHECK (length(template_sha256) = 64),
    UNIQUE (sha256, position)
);
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    host TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    details TEXT NOT NULL,
    previous_sha256 TEXT NOT NULL,
    sha256 TEXT NOT NULL
);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log cannot be changed'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log cannot be deleted from'); END;
CREATE TRIGGER audit_only_grows BEFORE INSERT ON audit
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit)
BEGIN SELECT RAISE(ABORT, 'the audit log only takes its next number'); END;
"""


def create_tables(db: sqlite3.Connection, tables: str = _TABLES) -> None:
    """Make an empty catalogue. The version is set last: a catalogue without it is unfinished."""
    db.executescript(
        f"BEGIN IMMEDIATE;\n{tables}\n"
        f"PRAGMA application_id = {APPLICATION_ID};\n"
        f"PRAGMA user_version = {SCHEMA_VERSION};\nCOMMIT;"
    )


def add_missing_columns(db: sqlite3.Connection) -> list[str]:
    """Bring the tables of an older version up to date; gives the columns that were added."""
    if "lighting" in columns_of(db, "scans"):
        return []
    db.execute("ALTER TABLE scans ADD COLUMN lighting TEXT NOT NULL DEFAULT ''")
    return ["scans.lighting"]


def version_of(db: sqlite3.Connection) -> int:
    """The version in the head of the catalogue's file."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def columns_of(db: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """Names of the columns of a table, in alphabetical order; none where there is no table."""
    return tuple(sorted(str(row[1]) for row in db.execute(f"PRAGMA table_info({table})")))


def column_problem(db: sqlite3.Connection) -> str:
    """The first table whose columns are not those that we read and write; empty where all are."""
    for table, wanted in _wanted_columns().items():
        found = columns_of(db, table)
        if found != wanted:
            needed, listed = ", ".join(wanted), ", ".join(found) or "none"
            return f"table {table} of the columns {needed} needed, found {listed}"
    return ""


def schema_of(db: sqlite3.Connection) -> dict[str, str]:
    """Name and SQL of every table, index and trigger, and the two numbers of the file's head."""
    rows = db.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
    found = {str(name): str(sql) for name, sql in rows}
    for pragma in ("application_id", "user_version"):
        found[pragma] = str(db.execute(f"PRAGMA {pragma}").fetchone()[0])
    return found


def schema_problems(db: sqlite3.Connection) -> list[str]:
    """One sentence for each part that differs from a catalogue of this version, new or upgraded."""
    found, wanted = schema_of(db), [_schema_as_made(_TABLES), _schema_as_made(_first_tables())]
    names = sorted(wanted[0].keys() | found.keys())
    return [
        f"schema: {name} is not as made"
        for name in names
        if found.get(name) not in [made.get(name) for made in wanted]
    ]


@cache
def _wanted_columns() -> dict[str, tuple[str, ...]]:
    db = _made(_TABLES)
    try:
        tables = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        return {str(t): columns_of(db, t) for (t,) in tables if not t.startswith("sqlite_")}
    finally:
        db.close()


def _schema_as_made(tables: str) -> dict[str, str]:
    db = _made(tables)
    try:
        return schema_of(db)
    finally:
        db.close()


def _made(tables: str) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    create_tables(db, tables)
    add_missing_columns(db)
    return db


def _first_tables() -> str:
    """The tables of the first vaults, before images had a lighting."""
    return _TABLES.replace("    lighting TEXT NOT NULL DEFAULT '',\n", "")
