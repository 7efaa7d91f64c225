"""Version 3: people and their roles, leads, reviews, links, and who outlined a mark.

What people write down here is only ever added to. A verdict is superseded by a later one that
names it; a link ends by its withdrawal. A lead and what follows from it have the same identifiers
in the vaults of both members concerned.
"""

from __future__ import annotations

import sqlite3

from ribin.vault.migrations.statements import add_column, run_statements

TABLES = """
CREATE TABLE appointments (
    appointment INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    person TEXT NOT NULL CHECK (person <> ''),
    role TEXT NOT NULL
        CHECK (role IN ('technician', 'examiner', 'reviewer', 'administrator', 'auditor')),
    standing TEXT NOT NULL CHECK (standing IN ('appointed', 'ended')),
    at TEXT NOT NULL,
    appointed_by TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE TABLE leads (
    lead TEXT PRIMARY KEY NOT NULL CHECK (lead <> ''),
    pair TEXT NOT NULL CHECK (pair <> ''),
    member TEXT NOT NULL,
    reference_member TEXT NOT NULL,
    reference TEXT NOT NULL,
    reference_event TEXT NOT NULL,
    comparison_member TEXT NOT NULL,
    comparison TEXT NOT NULL,
    comparison_event TEXT NOT NULL,
    figures TEXT NOT NULL,
    examiner TEXT NOT NULL CHECK (examiner <> ''),
    at TEXT NOT NULL,
    note TEXT NOT NULL
);
CREATE INDEX leads_by_pair ON leads (pair);
CREATE INDEX leads_by_reference ON leads (reference_member, reference);
CREATE INDEX leads_by_comparison ON leads (comparison_member, comparison);
CREATE TABLE reviews (
    review TEXT PRIMARY KEY NOT NULL CHECK (review <> ''),
    lead TEXT NOT NULL REFERENCES leads (lead),
    place TEXT NOT NULL CHECK (place IN ('first', 'second')),
    conclusion TEXT NOT NULL CHECK (conclusion IN (
        'identification', 'inconclusive_a', 'inconclusive_b', 'inconclusive_c',
        'elimination', 'unsuitable')),
    examined TEXT NOT NULL CHECK (examined IN ('items', 'cast')),
    blind INTEGER NOT NULL CHECK (blind IN (0, 1)),
    reviewer TEXT NOT NULL CHECK (reviewer <> ''),
    member TEXT NOT NULL,
    at TEXT NOT NULL,
    note TEXT NOT NULL,
    supersedes TEXT UNIQUE REFERENCES reviews (review)
);
CREATE INDEX reviews_by_lead ON reviews (lead);
CREATE TABLE links (
    link TEXT PRIMARY KEY NOT NULL CHECK (link <> ''),
    lead TEXT NOT NULL UNIQUE REFERENCES leads (lead),
    pair TEXT NOT NULL,
    first_review TEXT NOT NULL REFERENCES reviews (review),
    second_review TEXT NOT NULL REFERENCES reviews (review),
    reference_date TEXT NOT NULL,
    comparison_date TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX links_by_pair ON links (pair);
CREATE TABLE withdrawals (
    withdrawal TEXT PRIMARY KEY NOT NULL CHECK (withdrawal <> ''),
    link TEXT NOT NULL UNIQUE REFERENCES links (link),
    person TEXT NOT NULL CHECK (person <> ''),
    member TEXT NOT NULL,
    at TEXT NOT NULL,
    reason TEXT NOT NULL CHECK (reason <> '')
);
CREATE TRIGGER links_are_one_a_pair BEFORE INSERT ON links
WHEN EXISTS (
    SELECT 1 FROM links WHERE pair = NEW.pair AND link NOT IN (SELECT link FROM withdrawals))
BEGIN SELECT RAISE(ABORT, 'the pair is linked already'); END;
CREATE TABLE descriptions (
    description INTEGER PRIMARY KEY NOT NULL,
    sha256 TEXT NOT NULL REFERENCES scans (sha256),
    params_id TEXT NOT NULL,
    file_sha256 TEXT NOT NULL CHECK (length(file_sha256) = 64),
    at TEXT NOT NULL,
    UNIQUE (sha256, params_id)
);
"""
_KEPT = ("appointments", "leads", "reviews", "links", "withdrawals")


def add_workflow(db: sqlite3.Connection) -> list[str]:
    """The tables above; of each mark by which program it was made and who outlined it."""
    added = run_statements(db, TABLES)
    for table in _KEPT:
        run_statements(db, _kept_for_good(table))
    added += add_column(db, "audit", "identity", "TEXT NOT NULL DEFAULT ''")
    for column in ("version", "origin", "outline", "outlined_by"):
        added += add_column(db, "marks", column, "TEXT NOT NULL DEFAULT ''")
    reference = "INTEGER REFERENCES descriptions (description)"
    return added + add_column(db, "marks", "description", reference)


def _kept_for_good(table: str) -> str:
    refusal = f"BEGIN SELECT RAISE(ABORT, '{table} are superseded, never changed'); END;"
    return (
        f"CREATE TRIGGER {table}_are_not_changed BEFORE UPDATE ON {table}\n{refusal}\n"
        f"CREATE TRIGGER {table}_are_not_deleted BEFORE DELETE ON {table}\n{refusal}"
    )
