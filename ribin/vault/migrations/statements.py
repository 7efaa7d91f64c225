"""SQL run one statement at a time, inside the transaction of the caller; and what it added."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

_TABLE = re.compile(r"\s*CREATE TABLE (\w+)")


def run_statements(db: sqlite3.Connection, text: str) -> list[str]:
    """Run each statement; gives the names of the tables made.

    `executescript` would commit the transaction that the caller holds.
    """
    made = []
    for statement in _statements(text):
        db.execute(statement)
        if found := _TABLE.match(statement):
            made.append(found[1])
    return made


def add_column(db: sqlite3.Connection, table: str, column: str, kind: str) -> list[str]:
    """Add a column that is not there yet; gives ["table.column"], or nothing."""
    if column in {str(row[1]) for row in db.execute(f"PRAGMA table_info({table})")}:
        return []
    db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
    return [f"{table}.{column}"]


def _statements(text: str) -> Iterator[str]:
    """Statements end at a semicolon, which a trigger has inside as well; SQLite knows which."""
    statement = ""
    for line in text.strip().splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement.strip()
            statement = ""
