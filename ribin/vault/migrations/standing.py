"""Version 6: searches that are made again and again, and what each of them has brought up."""

from __future__ import annotations

import sqlite3

from ribin.vault.migrations.statements import run_statements

TABLES = """
CREATE TABLE standing_searches (
    standing TEXT PRIMARY KEY NOT NULL CHECK (standing <> ''),
    exhibit TEXT NOT NULL CHECK (exhibit <> ''),
    scope TEXT NOT NULL CHECK (scope IN ('country', 'cluster', 'network')),
    top INTEGER NOT NULL CHECK (top > 0),
    min_score REAL NOT NULL,
    who TEXT NOT NULL CHECK (who <> ''),
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    ended_at TEXT NOT NULL DEFAULT ''
);
CREATE TABLE findings (
    finding INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    standing TEXT NOT NULL REFERENCES standing_searches (standing),
    member TEXT NOT NULL,
    exhibit TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    candidate TEXT NOT NULL,
    at TEXT NOT NULL,
    told_at TEXT NOT NULL DEFAULT '',
    UNIQUE (standing, member, exhibit)
);
"""


def add_standing(db: sqlite3.Connection) -> list[str]:
    """The tables above."""
    return run_statements(db, TABLES)
