"""Every version of the catalogue, in order, and the step that leads to it from the one before.

A new catalogue takes all steps, an older one those that it lacks, so both end up alike. To change
the tables: write the step in a file of its own here and add it as the last of MIGRATIONS.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from ribin.vault.migrations.content import add_content_token
from ribin.vault.migrations.first_tables import add_lighting, make_first_tables
from ribin.vault.migrations.sharing import add_sharing
from ribin.vault.migrations.standing import add_standing
from ribin.vault.migrations.workflow import add_workflow


@dataclass(frozen=True)
class Migration:
    """One step. `apply` works inside the caller's transaction and gives the names of the tables
    and columns ("table.column") that it added; it must not commit."""

    version: int
    apply: Callable[[sqlite3.Connection], list[str]]


MIGRATIONS = (
    Migration(1, make_first_tables),
    Migration(2, add_lighting),
    Migration(3, add_workflow),
    Migration(4, add_sharing),
    Migration(5, add_content_token),
    Migration(6, add_standing),
)
SCHEMA_VERSION = MIGRATIONS[-1].version


def migrate(db: sqlite3.Connection, version: int, until: int = SCHEMA_VERSION) -> list[str]:
    """Take the steps after one version, up to another, inside the caller's transaction; gives what
    was added."""
    added: list[str] = []
    for step in MIGRATIONS:
        if version < step.version <= until:
            added += step.apply(db)
    if version != until:
        db.execute(f"PRAGMA user_version = {until}")
    return added
