"""The ledger of a vault as one other member may know it: no day of an event that was not released.

A filter by days would otherwise tell, asked often enough, when an unreleased event was.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ribin.model import MarkType
from ribin.vault.ledgerfile import read_bare, read_ledger
from ribin.vault.mark_table import Facts, Ledger
from ribin.vault.vault import Vault

_RELEASED = "SELECT exhibit FROM releases WHERE receiver = ? AND ended_at = ''"
_MARKS_OF = (
    "SELECT mark_id FROM marks JOIN scans USING (sha256) WHERE exhibit = ? AND mark_type = ?"
)


def ledger_abroad(vault: Vault, mark_type: MarkType, receiver: str) -> Ledger:
    """As `Vault.ledger`, with days of what was released to the receiver alone."""
    with vault.catalogue.reading() as db:
        ledger = read_ledger(db, vault.path, mark_type, vault.writable)
        marks, bare = _released(db, mark_type, receiver)
    return without_days(ledger, marks, bare)


def without_days(ledger: Ledger, marks: Sequence[int], bare: Counter[Facts]) -> Ledger:
    """The ledger with no days but those of these marks, and of these scans without a mark.

    Parameters
    ----------
    marks : sequence of int
        Ids of marks whose day is told; those that are not in the ledger are passed over.
    bare : Counter
        Of scans without a mark of the type whose day is told, by their facts.
    """
    undated = [_undated(facts) for facts in ledger.facts]
    facts = tuple(dict.fromkeys([*undated, *ledger.facts]))
    places = {one: place for place, one in enumerate(facts)}
    hidden = np.array([places[one] for one in undated], np.int32)
    told = np.array([places[one] for one in ledger.facts], np.int32)
    rows = np.isin(ledger.ids, np.array(sorted(marks), np.int64))
    which = np.where(rows, told[ledger.which], hidden[ledger.which]) if undated else ledger.which
    left: Counter[Facts] = Counter()
    for one, number in ledger.bare:
        dated = min(bare[one], number)
        left[one] += dated
        left[_undated(one)] += number - dated
    return replace(ledger, which=which, facts=facts, bare=tuple(sorted((+left).items())))


def _released(
    db: sqlite3.Connection, mark_type: MarkType, receiver: str
) -> tuple[list[int], Counter[Facts]]:
    """Marks, and scans without one, of all that is released to this member."""
    marks: list[int] = []
    bare: Counter[Facts] = Counter()
    for (exhibit,) in db.execute(_RELEASED, (receiver,)).fetchall():
        marks += [row[0] for row in db.execute(_MARKS_OF, (exhibit, str(mark_type)))]
        bare += read_bare(db, mark_type, exhibit=exhibit)
    return marks, bare


def _undated(facts: Facts) -> Facts:
    return facts._replace(date="")
