"""The tables of a catalogue as its migrations make them, and whether one still has them."""

from __future__ import annotations

import sqlite3
from functools import cache

from ribin.vault.migrations import SCHEMA_VERSION, migrate
from ribin.vault.migrations.first_tables import TABLES, tables_without_lighting
from ribin.vault.migrations.statements import run_statements

__all__ = ["APPLICATION_ID", "SCHEMA_VERSION"]
APPLICATION_ID = 0x52494249  # "RIBI": tells a catalogue from other SQLite files


def create_tables(db: sqlite3.Connection, schema: int = SCHEMA_VERSION) -> None:
    """Make an empty catalogue. It is one transaction: there is all of it, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    migrate(db, 0, schema)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute("COMMIT")


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
    found = schema_of(db)
    wanted = [_schema_as_made(TABLES), _schema_as_made(tables_without_lighting())]
    names = sorted(wanted[0].keys() | found.keys())
    return [
        f"schema: {name} is not as made"
        for name in names
        if found.get(name) not in [made.get(name) for made in wanted]
    ]


@cache
def _wanted_columns() -> dict[str, tuple[str, ...]]:
    db = _made(TABLES)
    try:
        tables = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        return {str(t): columns_of(db, t) for (t,) in tables if not t.startswith("sqlite_")}
    finally:
        db.close()


@cache
def _schema_as_made(first_tables: str) -> dict[str, str]:
    db = _made(first_tables)
    try:
        return schema_of(db)
    finally:
        db.close()


def _made(first_tables: str) -> sqlite3.Connection:
    """A catalogue in memory that began with these tables and took every step since."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    run_statements(db, first_tables)
    migrate(db, 1)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    return db
