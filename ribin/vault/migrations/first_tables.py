"""Version 2: events, exhibits, scans, marks and the audit log.

The very first vaults, of version 1, lacked scans.lighting; some of them have it all the same.
"""

from __future__ import annotations

import sqlite3

from ribin.vault.migrations.statements import add_column, run_statements

# A record of the audit log is only ever added, with the next number: BEFORE INSERT also stops
# INSERT OR REPLACE, which deletes without firing a DELETE trigger.
TABLES = """
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


def make_first_tables(db: sqlite3.Connection) -> list[str]:
    """All tables of an empty catalogue."""
    return run_statements(db, TABLES)


def add_lighting(db: sqlite3.Connection) -> list[str]:
    """The lighting of images, where a catalogue of version 1 lacks it."""
    return add_column(db, "scans", "lighting", "TEXT NOT NULL DEFAULT ''")


def tables_without_lighting() -> str:
    """The tables of the first vaults, before images had a lighting."""
    return TABLES.replace("    lighting TEXT NOT NULL DEFAULT '',\n", "")
