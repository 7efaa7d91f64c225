"""Version 5: a token that changes whenever what is searched changes, whoever writes it and how.

Triggers draw it, so nothing derived from the catalogue can be taken for current when it is not.
"""

from __future__ import annotations

import sqlite3

from ribin.store.migrations.statements import run_statements

_TABLES = ("events", "exhibits", "scans", "marks")
_CHANGES = ("INSERT", "UPDATE", "DELETE")


def add_content_token(db: sqlite3.Connection) -> list[str]:
    """The table `content` with its one row, and the triggers."""
    made = run_statements(db, "CREATE TABLE content (token TEXT NOT NULL);")
    db.execute("INSERT INTO content VALUES (lower(hex(randomblob(16))))")
    for table in _TABLES:
        for change in _CHANGES:
            db.execute(
                f"CREATE TRIGGER content_{table}_{change.lower()} AFTER {change} ON {table} "
                "BEGIN UPDATE content SET token = lower(hex(randomblob(16))); END"
            )
    return made
