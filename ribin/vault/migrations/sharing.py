"""Version 4: what a member lets out, to whom and until when; and what came in from others.

An exhibit crosses a border under an opaque name. It is drawn from `opaque_key`, which never leaves
the vault, so that nobody else can tell which exhibit it names.
"""

from __future__ import annotations

import secrets
import sqlite3

from ribin.vault.migrations.statements import run_statements

TABLES = """
CREATE TABLE settings (
    setting TEXT PRIMARY KEY NOT NULL CHECK (setting <> ''),
    value TEXT NOT NULL
);
CREATE TABLE releases (
    release TEXT PRIMARY KEY NOT NULL CHECK (release <> ''),
    exhibit TEXT NOT NULL,
    receiver TEXT NOT NULL CHECK (length(receiver) = 3),
    original INTEGER NOT NULL CHECK (original IN (0, 1)),
    at TEXT NOT NULL,
    who TEXT NOT NULL CHECK (who <> ''),
    reason TEXT NOT NULL CHECK (reason <> ''),
    ended_at TEXT NOT NULL DEFAULT ''
);
CREATE INDEX releases_by_exhibit ON releases (exhibit, receiver);
CREATE TABLE retention (
    exhibit TEXT PRIMARY KEY NOT NULL REFERENCES exhibits (exhibit),
    keep_until TEXT NOT NULL CHECK (keep_until <> '')
);
CREATE TABLE tombstones (
    tombstone TEXT PRIMARY KEY NOT NULL,
    exhibit TEXT NOT NULL,
    opaque TEXT NOT NULL,
    scans TEXT NOT NULL,
    keep_until TEXT NOT NULL,
    at TEXT NOT NULL,
    who TEXT NOT NULL CHECK (who <> ''),
    reason TEXT NOT NULL CHECK (reason <> '')
);
CREATE TABLE trusted_keys (
    fingerprint TEXT PRIMARY KEY NOT NULL,
    member TEXT NOT NULL CHECK (length(member) = 3),
    signing TEXT NOT NULL CHECK (length(signing) = 64),
    sealing TEXT NOT NULL CHECK (length(sealing) = 64),
    at TEXT NOT NULL,
    who TEXT NOT NULL CHECK (who <> ''),
    ended_at TEXT NOT NULL DEFAULT ''
);
CREATE TABLE bundles (
    bundle TEXT PRIMARY KEY NOT NULL CHECK (length(bundle) = 64),
    direction TEXT NOT NULL CHECK (direction IN ('sent', 'received')),
    member TEXT NOT NULL CHECK (length(member) = 3),
    number INTEGER NOT NULL CHECK (number > 0),
    made_at TEXT NOT NULL,
    at TEXT NOT NULL,
    exhibits INTEGER NOT NULL,
    UNIQUE (direction, member, number)
);
CREATE TABLE received_exhibits (
    member TEXT NOT NULL CHECK (length(member) = 3),
    exhibit TEXT NOT NULL CHECK (exhibit <> ''),
    kind TEXT NOT NULL CHECK (kind IN ('evidence', 'test_fire')),
    calibre TEXT NOT NULL,
    firing_pin_shape TEXT NOT NULL,
    breech_face_type TEXT NOT NULL,
    ammunition TEXT NOT NULL,
    released TEXT NOT NULL,
    event TEXT NOT NULL,
    case_number TEXT NOT NULL,
    date TEXT NOT NULL,
    place TEXT NOT NULL,
    firearm TEXT NOT NULL,
    PRIMARY KEY (member, exhibit)
);
CREATE TABLE received_scans (
    member TEXT NOT NULL,
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    exhibit TEXT NOT NULL,
    kind TEXT NOT NULL,
    lighting TEXT NOT NULL,
    original TEXT NOT NULL,
    PRIMARY KEY (member, sha256),
    FOREIGN KEY (member, exhibit) REFERENCES received_exhibits (member, exhibit)
);
CREATE TABLE received_marks (
    mark_id INTEGER PRIMARY KEY NOT NULL,
    member TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    position INTEGER NOT NULL,
    mark_type TEXT NOT NULL,
    kind TEXT NOT NULL,
    pitch_um REAL NOT NULL,
    params_id TEXT NOT NULL,
    template_sha256 TEXT NOT NULL CHECK (length(template_sha256) = 64),
    file_sha256 TEXT NOT NULL CHECK (length(file_sha256) = 64),
    UNIQUE (member, sha256, position),
    FOREIGN KEY (member, sha256) REFERENCES received_scans (member, sha256)
);
"""
USUAL_SETTINGS = {"default_sharing": "country", "retention_days": ""}


def add_sharing(db: sqlite3.Connection) -> list[str]:
    """The tables above, and the settings that a vault begins with."""
    added = run_statements(db, TABLES)
    first = {**USUAL_SETTINGS, "opaque_key": secrets.token_hex(32)}
    db.executemany("INSERT INTO settings (setting, value) VALUES (?, ?)", first.items())
    return added
