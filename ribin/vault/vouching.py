"""Which act may write what: no row of the audit log vouches for what its action never writes.

Every row of a table that the log vouches for is named in a row of the log, with its hash. Who adds
to the log behind the program's back could vouch for anything; so each action has its tables, what
is never changed is vouched for once, and what may end is as it was but for its end.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_OF_LEADS = ("leads", "reviews", "links", "withdrawals", "records/closure")
_OF_EXHIBITS = ("events", "exhibits", "aliases", "records/event", "records/exhibit")

# What each action may write: a table, or the kind of a record. An action that is not here writes
# nothing but its row of the log.
WRITERS: Mapping[str, tuple[str, ...]] = {
    "create": ("appointments", "settings"),
    "enrol": (*_OF_EXHIBITS, "records/scan", "scans", "marks"),
    "describe": ("descriptions", "marks", "records/scan"),
    "redo": ("descriptions", "marks", "records/scan"),
    "edit": (*_OF_EXHIBITS, "retention", "releases", "standing_searches"),
    "move": (*_OF_EXHIBITS, "records/scan"),
    "share": ("exhibits", "records/exhibit"),
    "import": ("scans", "descriptions"),  # of files that other libraries packed otherwise
    "appointed": ("appointments",),
    "ended": ("appointments",),
    "lead": ("leads",),
    "review": ("reviews",),
    "link": ("links",),
    "withdrawal": ("withdrawals",),
    "close": ("records/closure",),
    "lead received": _OF_LEADS,
    "setting": ("settings",),
    "release": ("releases",),
    "end release": ("releases",),
    "retention": ("retention",),
    "purge": (
        *("events", "exhibits", "aliases", "scans", "marks", "descriptions", "retention"),
        *("releases", "standing_searches", "tombstones"),
    ),
    "trust key": ("trusted_keys",),
    "end trust": ("trusted_keys",),
    "export bundle": ("bundles",),
    "import bundle": ("bundles",),
    "search recorded": ("records/search",),
    "search ended": ("records/search",),
    "annotate": ("records/annotations",),
    "standing search": ("standing_searches",),
    "standing search ended": ("standing_searches",),
    "standing search found": ("findings",),
    "standing search told": ("findings",),
}
# Tables whose rows are never changed while they are there.
ONCE = frozenset(
    {"leads", "reviews", "links", "withdrawals", "records", "scans", "marks", "descriptions"}
    | {"appointments", "tombstones", "bundles", "aliases"}
)
RENAMING = frozenset({"edit"})  # what else it changes of a row follows from a record
# Who blanks the text of which kinds of record.
BLANKING: Mapping[str, tuple[str, ...]] = {
    "edit": ("event", "exhibit", "scan"),
    "purge": ("event", "exhibit", "scan"),
    "search ended": ("search",),
    "annotations ended": ("annotations",),
}
_REMOVERS = frozenset({"purge", "edit", "move", "retention"})
# Tables whose rows end, and the column that says when: empty before, and never changed after.
ENDS = {"releases": "ended_at", "standing_searches": "ended_at", "findings": "told_at"}
_NEVER_SET = "settings/opaque_key"  # made with the vault; all pseudonyms rest on it


def writes(action: str, record: str) -> bool:
    """Whether an action may vouch for a record of this name, such as exhibits/X1 or
    records/exhibit/X1/2."""
    table, _, rest = record.partition("/")
    kind = f"{table}/{rest.partition('/')[0]}"
    return (kind if table == "records" else table) in WRITERS.get(action, ())


@dataclass(frozen=True)
class Vouched:
    """What a row of the log says of a record: its hash, or None where it was removed."""

    seq: int
    action: str
    subject: str
    who: str
    sha256: str | None
    details: Mapping[str, Any] = field(hash=False)

    def wrote(self, table: str) -> bool:
        """Whether the row vouches for something of a table beside."""
        return any(name.startswith(f"{table}/") for name in self.details["records"])


def read_vouched(db: sqlite3.Connection) -> dict[str, list[Vouched]]:
    """Of each record by its name, what the log says of it, the oldest first."""
    found: dict[str, list[Vouched]] = {}
    for row in db.execute("SELECT seq, action, subject, who, details FROM audit ORDER BY seq"):
        details = json.loads(row["details"])
        for name, sha256 in (details.get("records") or {}).items():
            one = Vouched(row["seq"], row["action"], row["subject"], row["who"], sha256, details)
            found.setdefault(name, []).append(one)
    return found


def vouching_problems(vouched: Mapping[str, list[Vouched]]) -> Iterator[tuple[str, str]]:
    """Name and sentence for each row of the log that vouches for what it may not."""
    for name, said in vouched.items():
        table, before = name.partition("/")[0], None
        for one in said:
            row = f"row {one.seq} of the audit log, {one.action},"
            if not (writes(one.action, name) and _may(one, table)):
                yield name, f"{row} may not write it"
            elif one.sha256 is None and one.action not in _REMOVERS:
                yield name, f"{row} may not remove it"
            elif before is not None and one.sha256 is not None:
                once = table in ONCE and one.action != "import"
                if once or name == _NEVER_SET:
                    text = f"rows {before.seq} and {one.seq} of the audit log vouch for it, "
                    yield name, f"{text}one needed"
            before = one if one.sha256 is not None else None


def _may(said: Vouched, table: str) -> bool:
    """Whether the rest of its row allows what it says of a table."""
    if said.action == "create":
        return said.seq == 1
    if said.action == "purge":  # it removes, ends, and leaves a tombstone
        left = table in ("tombstones", *ENDS)
        return said.wrote("tombstones") and left == (said.sha256 is not None)
    if table == "exhibits" and said.sha256 is None:  # it is called otherwise from then on
        return said.action in RENAMING and said.wrote("aliases")
    if said.action in RENAMING and table in ("retention", *ENDS):
        return said.wrote("aliases")
    return True
