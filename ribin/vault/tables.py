"""The tables of a catalogue as plain rows, out and into a new one."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from ribin.errors import StoreError
from ribin.vault.audit import chain_problems
from ribin.vault.recordcheck import record_problems

# What the catalogue draws by itself, and what other members' bundles brought and bring again.
LEFT_OUT = ("content", "received_exhibits", "received_scans", "received_marks")
Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """The rows of a table, in the order in which they were written."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def read_tables(db: sqlite3.Connection) -> dict[str, Table]:
    """Every table by its name, without those LEFT_OUT."""
    found = {}
    for name in table_names(db):
        cursor = db.execute(f"SELECT * FROM {name} ORDER BY rowid")
        columns = tuple(part[0] for part in cursor.description)
        found[name] = Table(columns, tuple(tuple(row) for row in cursor))
    return found


def fill_tables(db: sqlite3.Connection, tables: Mapping[str, Table]) -> None:
    """Put rows into the tables of a new catalogue, in the caller's transaction, and check them.

    Its triggers, which only let the audit log grow and keep what people wrote, rest meanwhile.

    Raises
    ------
    StoreError
        Tables, columns or rows are not those of a catalogue, or not as their audit log says.
    """
    names = table_names(db)
    if sorted(tables) != sorted(names):
        odd = sorted({*tables} ^ {*names})[0]
        raise StoreError(f"tables {', '.join(names)} needed, found {odd!r} missing or beyond them")
    triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    db.execute("PRAGMA defer_foreign_keys = ON")
    for trigger, _ in triggers:
        db.execute(f"DROP TRIGGER {trigger}")
    for name, table in tables.items():
        _fill(db, name, table)
    for _, sql in triggers:
        db.execute(sql)
    if db.execute("PRAGMA foreign_key_check").fetchone():
        raise StoreError("a record names another that is not there")
    for problem in (*chain_problems(db), *record_problems(db)):
        raise StoreError(problem)


def table_names(db: sqlite3.Connection) -> list[str]:
    """Tables of the catalogue, without those LEFT_OUT, in order of their names."""
    rows = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    names = [str(row[0]) for row in rows]
    return [n for n in names if not n.startswith("sqlite_") and n not in LEFT_OUT]


def _fill(db: sqlite3.Connection, name: str, table: Table) -> None:
    wanted = [str(row[1]) for row in db.execute(f"PRAGMA table_info({name})")]
    if sorted(table.columns) != sorted(wanted):
        found = ", ".join(map(str, table.columns))[:200]
        raise StoreError(f"table {name}: columns {', '.join(wanted)} needed, found {found}")
    db.execute(f"DELETE FROM {name}")
    columns, places = ", ".join(table.columns), ", ".join("?" * len(table.columns))
    statement = f"INSERT INTO {name} ({columns}) VALUES ({places})"
    try:
        db.executemany(statement, table.rows)
    except (sqlite3.Error, OverflowError) as error:
        raise StoreError(f"table {name}: {error}") from error
