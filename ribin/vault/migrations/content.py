"""Version 5: a token that changes whenever what is searched is changed, whoever does it and how.

Triggers draw it, so nothing derived from the catalogue can be taken for current when it is not.
What is only added, behind all that is there, leaves it: whoever knows the last row can read on.
"""

from __future__ import annotations

import sqlite3

from ribin.vault.migrations.statements import run_statements

_TABLES = ("events", "exhibits", "scans", "marks")
_DRAW = "BEGIN UPDATE content SET token = lower(hex(randomblob(16))); END"
# A mark of a scan that was there before makes that scan one that has a mark.
_LATE = "WHEN (SELECT rowid FROM scans WHERE sha256 = new.sha256) < (SELECT max(rowid) FROM scans)"


def add_content_token(db: sqlite3.Connection) -> list[str]:
    """The table `content` with its one row, and the triggers."""
    made = run_statements(db, "CREATE TABLE content (token TEXT NOT NULL);")
    db.execute("INSERT INTO content VALUES (lower(hex(randomblob(16))))")
    for table in _TABLES:
        for change in ("UPDATE", "DELETE"):
            name = f"content_{table}_{change.lower()}"
            db.execute(f"CREATE TRIGGER {name} AFTER {change} ON {table} {_DRAW}")
    for change in ("INSERT", "UPDATE", "DELETE"):  # other marks of a scan are in use from then on
        name = f"content_descriptions_{change.lower()}"
        db.execute(f"CREATE TRIGGER {name} AFTER {change} ON descriptions {_DRAW}")
    db.execute(f"CREATE TRIGGER content_marks_late AFTER INSERT ON marks {_LATE} {_DRAW}")
    return made
