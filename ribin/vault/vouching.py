"""Which act may write what: no row of the audit log vouches for what its action never writes.

Every row of a table that the log vouches for is named in a row of the log, with its hash. Who adds
to the log behind the program's back could vouch for anything; so each action has its tables, what
is never changed is vouched for once, and what may end is as it was but for its end.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_OF_LEADS = (
    *("leads", "reviews", "records/closure", "records/confirmation", "records/withdrawal"),
    *("records/blindness", "records/verdict"),
)
_OF_EXHIBITS = ("events", "exhibits", "aliases", "records/event", "records/exhibit")

# What each action may write: a table, or the kind of a record. An action that is not here writes
# nothing but its row of the log.
WRITERS: Mapping[str, tuple[str, ...]] = {
    "create": ("records/roles", "settings"),
    "enrol": (*_OF_EXHIBITS, "records/scan", "scans", "marks"),
    "describe": ("descriptions", "marks", "records/scan"),
    "redo": ("descriptions", "marks", "records/scan"),
    "edit": (*_OF_EXHIBITS, "retention", "standing_searches"),
    "move": (*_OF_EXHIBITS, "records/scan"),
    "share": ("exhibits", "records/exhibit"),
    "import": ("scans", "descriptions"),  # of files that other libraries packed otherwise
    "appointed": ("records/roles",),
    "ended": ("records/roles",),
    "account": ("records/account",),
    "password": ("records/account",),
    "account removed": ("records/account",),
    "lead": ("leads",),
    "review": ("reviews", "records/verdict"),
    "withdrawal": ("records/withdrawal",),
    "blindness": ("records/blindness",),
    "close": ("records/closure",),
    "confirm": ("records/confirmation",),
    "lead received": _OF_LEADS,
    "setting": ("settings",),
    "vocabulary": ("synonyms",),
    "release": ("records/release",),
    "end release": ("records/release",),
    "retention": ("retention",),
    "purge": (
        *("events", "exhibits", "aliases", "scans", "marks", "descriptions", "retention"),
        *("records/release", "standing_searches", "tombstones"),
    ),
    "agree": ("records/agreement",),
    "trust key": ("trusted_keys",),
    "end trust": ("trusted_keys", "bundles"),
    "export bundle": ("bundles",),
    "import bundle": ("bundles",),
    "search recorded": ("records/search",),
    "search ended": ("records/search",),
    "annotate": ("records/annotations",),
    "candidate reviewed": ("records/candidate",),
    "assign": ("records/assignment",),
    "standing search": ("standing_searches",),
    "standing search ended": ("standing_searches",),
    "standing search found": ("findings",),
    "standing search told": ("findings",),
}
# Tables whose rows are never changed while they are there.
ONCE = frozenset(
    {"leads", "reviews", "records", "scans", "marks", "descriptions"}
    | {"tombstones", "bundles", "aliases"}
)
RENAMING = frozenset({"edit"})  # what else it changes of a row follows from a record
# Who blanks the text of which kinds of record.
BLANKING: Mapping[str, tuple[str, ...]] = {
    "edit": ("event", "exhibit", "scan"),
    "purge": ("event", "exhibit", "scan"),
    "search ended": ("search",),
    "annotations ended": ("annotations",),
    "candidates ended": ("candidate",),
    "assignments ended": ("assignment",),
}
_REMOVERS = frozenset({"purge", "edit", "move", "retention", "end trust", "vocabulary"})
# Tables whose rows end, and the column that says when: empty before, and never changed after.
ENDS = {"standing_searches": "ended_at", "findings": "told_at"}
_NEVER_SET = "settings/opaque_key"  # made with the vault; all pseudonyms rest on it


def writes(action: str, record: str) -> bool:
    """Whether an action may vouch for a record of this name, such as exhibits/X1 or
    records/exhibit/X1/2."""
    table, _, rest = record.partition("/")
    kind = f"{table}/{rest.partition('/')[0]}"
    return (kind if table == "records" else table) in WRITERS.get(action, ())


@dataclass(frozen=True, slots=True)
class VouchingRow:
    """A row of the log that vouches for records, those of these tables; `facts` are its details."""

    seq: int
    action: str
    subject: str
    who: str
    facts: Mapping[str, Any] = field(hash=False)
    tables: frozenset[str]


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a row of the log says of one record: its hash, or None where it was removed."""

    row: VouchingRow
    sha256: str | None


Vouchers = Mapping[str, Sequence[Vouched]]  # of each record by its name, the oldest first


def read_vouched(db: sqlite3.Connection) -> Vouchers:
    """What the log says of each record."""
    found: dict[str, list[Vouched]] = {}
    for row in db.execute("SELECT seq, action, subject, who, details FROM audit ORDER BY seq"):
        facts = json.loads(row["details"])
        records = facts.pop("records", None) or {}
        tables = frozenset(name.partition("/")[0] for name in records)
        named = (row["seq"], row["action"], row["subject"], row["who"])
        said = VouchingRow(*named, facts, tables)
        for name, sha256 in records.items():
            found.setdefault(name, []).append(Vouched(said, sha256))
    return found


def vouching_problems(vouched: Vouchers) -> Iterator[tuple[str, str]]:
    """Name and sentence for each row of the log that vouches for what it may not."""
    for name, said in vouched.items():
        table, before = name.partition("/")[0], None
        for one in said:
            row = f"row {one.row.seq} of the audit log, {one.row.action},"
            if not (writes(one.row.action, name) and _may(one, table)):
                yield name, f"{row} may not write it"
            elif one.sha256 is None and one.row.action not in _REMOVERS:
                yield name, f"{row} may not remove it"
            elif before is not None and one.sha256 is not None:
                once = table in ONCE and one.row.action != "import"
                if once or name == _NEVER_SET:
                    text = (
                        f"rows {before.row.seq} and {one.row.seq} of the audit log vouch for it, "
                    )
                    yield name, f"{text}one needed"
            before = one if one.sha256 is not None else None


def _may(said: Vouched, table: str) -> bool:
    """Whether the rest of its row allows what it says of a table."""
    row, removed = said.row, said.sha256 is None
    if row.action == "create":
        return row.seq == 1
    if row.action == "purge":  # it removes, ends, and leaves a tombstone
        left = table in ("records", "tombstones", *ENDS)
        return "tombstones" in row.tables and left != removed
    renamed = row.action in RENAMING and "aliases" in row.tables
    if table == "exhibits" and removed:  # it is called otherwise from then on
        return renamed
    if row.action in RENAMING and table in ("retention", *ENDS):
        return renamed
    return True
