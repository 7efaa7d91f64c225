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
from enum import StrEnum
from typing import Any

from ribin.cases.leads import (
    ASSIGNING,
    CLOSING,
    CONCLUDING,
    CORRECTING,
    DISCLOSING,
    ENROLLING,
    EXAMINING,
    KEEPING,
    SEARCHING,
    Role,
)

_OF_LEADS = (
    *("leads", "reviews", "records/closure", "records/confirmation", "records/withdrawal"),
    *("records/blindness", "records/verdict"),
)
_OF_EXHIBITS = ("events", "exhibits", "aliases", "records/event", "records/exhibit")


class Needed(StrEnum):
    """From when on an act needs one of its roles."""

    IN_USE = "once a second person is appointed"
    WHERE_HELD = "once anybody holds one of them"
    ALWAYS = "always"


class ProofNeeded(StrEnum):
    """Whose account an act needs; else a stated name is enough."""

    NONE = "nobody's"
    OWN = "that of who acts, where there is one"
    CHIEF = "that of who acts, once an administrator has one"


@dataclass(frozen=True, slots=True)
class ActRule:
    """What an action may write (tables, and kinds of records), and who may do it."""

    writes: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()  # one of these; none: the act itself checks who it is
    needed: Needed = Needed.IN_USE
    proof: ProofNeeded = ProofNeeded.NONE
    removes: bool = False
    blanks: tuple[str, ...] = ()  # kinds of records, whose text it takes away
    follows: str = ""  # the action of the row before its own
    blanking: tuple[Role, ...] = ()  # who may do it where text is taken away; none: as `roles`


# Every action that writes more than its row of the log, or that not everybody may do.
ACTS: Mapping[str, ActRule] = {
    "create": ActRule(("records/roles", "settings")),
    "enrol": ActRule((*_OF_EXHIBITS, "records/scan", "scans", "marks"), ENROLLING),
    "describe": ActRule(("descriptions", "marks", "records/scan"), KEEPING, Needed.WHERE_HELD),
    "redo": ActRule(("descriptions", "marks", "records/scan"), CORRECTING),
    "edit": ActRule(
        (*_OF_EXHIBITS, "retention", "standing_searches"),
        CORRECTING,
        removes=True,
        blanks=("event", "exhibit", "scan"),
        blanking=KEEPING,
    ),
    "move": ActRule((*_OF_EXHIBITS, "records/scan"), CORRECTING, removes=True),
    "share": ActRule(("exhibits", "records/exhibit"), DISCLOSING),
    # Of files that other libraries packed otherwise.
    "import": ActRule(("scans", "descriptions"), follows="export"),
    "appointed": ActRule(("records/roles",), KEEPING, Needed.WHERE_HELD, ProofNeeded.CHIEF),
    "ended": ActRule(("records/roles",), KEEPING, Needed.ALWAYS, ProofNeeded.CHIEF),
    "account": ActRule(("records/account",), KEEPING, Needed.ALWAYS, ProofNeeded.CHIEF),
    "password": ActRule(("records/account",)),  # `accounts.py` says whose, and by whom
    "account removed": ActRule(("records/account",), KEEPING, Needed.ALWAYS, ProofNeeded.CHIEF),
    "lead": ActRule(("leads",), EXAMINING, Needed.ALWAYS),
    "review": ActRule(("reviews", "records/verdict"), CONCLUDING, Needed.ALWAYS, ProofNeeded.OWN),
    "withdrawal": ActRule(("records/withdrawal",)),
    "blindness": ActRule(("records/blindness",)),  # as the logs of both members say, whoever acts
    "close": ActRule(("records/closure",), CLOSING, Needed.ALWAYS),
    "confirm": ActRule(("records/confirmation",), EXAMINING, Needed.ALWAYS, ProofNeeded.OWN),
    "lead received": ActRule(_OF_LEADS),
    "setting": ActRule(("settings",), KEEPING),
    "vocabulary": ActRule(("synonyms",), DISCLOSING, removes=True),
    "release": ActRule(("records/release",), DISCLOSING),
    "end release": ActRule(("records/release",), DISCLOSING),
    "retention": ActRule(("retention",), DISCLOSING, removes=True),
    "purge": ActRule(
        (
            *("events", "exhibits", "aliases", "scans", "marks", "descriptions", "retention"),
            *("records/release", "standing_searches", "tombstones"),
        ),
        KEEPING,
        removes=True,
        blanks=("event", "exhibit", "scan"),
    ),
    "drop parameters": ActRule((), KEEPING),
    "make key": ActRule((), KEEPING),
    "change key": ActRule((), KEEPING),
    "agree": ActRule(("records/agreement",), KEEPING),
    "trust key": ActRule(("trusted_keys",), KEEPING),
    "end trust": ActRule(("trusted_keys", "bundles"), KEEPING, removes=True),
    "export bundle": ActRule(("bundles",), DISCLOSING),
    "import bundle": ActRule(("bundles",), DISCLOSING),
    "question allowed": ActRule((), DISCLOSING),
    "question refused": ActRule((), DISCLOSING),
    "question": ActRule(("questions",)),  # of another member, whose person is none of ours
    "message": ActRule(("outbox",)),
    "export": ActRule((), KEEPING),
    "backup": ActRule((), KEEPING, Needed.WHERE_HELD),
    "restore": ActRule((), KEEPING, Needed.WHERE_HELD),
    "search recorded": ActRule(("records/search",), SEARCHING),
    "search ended": ActRule(("records/search",), (*SEARCHING, *KEEPING), blanks=("search",)),
    "annotate": ActRule(("records/annotations",), CONCLUDING),
    "annotations ended": ActRule((), KEEPING, blanks=("annotations",)),
    "candidate reviewed": ActRule(("records/candidate",), SEARCHING),
    "candidates ended": ActRule((), (*SEARCHING, *KEEPING), blanks=("candidate",)),
    "assign": ActRule(("records/assignment",), ASSIGNING),
    "assignments ended": ActRule((), KEEPING, blanks=("assignment",)),
    "standing search": ActRule(("standing_searches",), SEARCHING),
    "standing search ended": ActRule(("standing_searches",), (*SEARCHING, *KEEPING)),
    "standing search found": ActRule(("findings",), SEARCHING),
    "standing search told": ActRule(("findings",), SEARCHING),
}
ANY_ACT = ActRule()
# Tables whose rows are never changed while they are there.
ONCE = frozenset(
    {"leads", "reviews", "records", "scans", "marks", "descriptions"}
    | {"tombstones", "bundles", "aliases", "outbox"}
)
RENAMING = frozenset({"edit"})  # what else it changes of a row follows from a record
# Tables whose rows end, and the column that says when: empty before, and never changed after.
ENDS = {"standing_searches": "ended_at", "findings": "told_at"}
ENDING = frozenset({"standing search ended", "standing search told", "purge"})  # what ends one
_NEVER_SET = "settings/opaque_key"  # made with the vault; all pseudonyms rest on it


def writes(action: str, record: str) -> bool:
    """Whether an action may vouch for a record of this name, such as exhibits/X1 or
    records/exhibit/X1/2."""
    table, _, rest = record.partition("/")
    kind = f"{table}/{rest.partition('/')[0]}"
    return (kind if table == "records" else table) in ACTS.get(action, ANY_ACT).writes


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
class LoggedRecord:
    """What a row of the log says of one record: its hash, or None where it was removed."""

    name: str
    row: VouchingRow
    sha256: str | None


Vouchers = Mapping[str, Sequence[LoggedRecord]]  # of each record by its name, the oldest first


def read_vouched(db: sqlite3.Connection) -> Vouchers:
    """What the log says of each record."""
    found: dict[str, list[LoggedRecord]] = {}
    for row in db.execute("SELECT seq, action, subject, who, details FROM audit ORDER BY seq"):
        facts = json.loads(row["details"])
        records = facts.pop("records", None) or {}
        tables = frozenset(name.partition("/")[0] for name in records)
        named = (row["seq"], row["action"], row["subject"], row["who"])
        said = VouchingRow(*named, facts, tables)
        for name, sha256 in records.items():
            found.setdefault(name, []).append(LoggedRecord(name, said, sha256))
    return found


def vouching_problems(vouched: Vouchers) -> Iterator[tuple[str, str]]:
    """Name and sentence for each row of the log that vouches for what it may not."""
    for name, said in vouched.items():
        table, before = name.partition("/")[0], None
        for one in said:
            row = f"row {one.row.seq} of the audit log, {one.row.action},"
            if not (writes(one.row.action, name) and _may(one, table)):
                yield name, f"{row} may not write it"
            elif one.sha256 is None and not ACTS.get(one.row.action, ANY_ACT).removes:
                yield name, f"{row} may not remove it"
            elif before is not None and one.sha256 is not None:
                once = table in ONCE and one.row.action != "import"
                if once or name == _NEVER_SET:
                    text = (
                        f"rows {before.row.seq} and {one.row.seq} of the audit log vouch for it, "
                    )
                    yield name, f"{text}one needed"
            before = one if one.sha256 is not None else None


def _may(said: LoggedRecord, table: str) -> bool:
    """Whether the rest of its row allows what it says of a table."""
    row, removed = said.row, said.sha256 is None
    if row.action == "create":
        return row.seq == 1
    if row.action == "purge":  # it removes, ends, and leaves a tombstone
        left = table in ("records", "tombstones", *ENDS)
        return "tombstones" in row.tables and left != removed
    if table == "bundles" and removed:
        return said.name.partition("/")[2] in row.facts.get("left_out", ())
    renamed = row.action in RENAMING and "aliases" in row.tables
    if table == "exhibits" and removed:  # it is called otherwise from then on
        return renamed
    if row.action in RENAMING and table in ("retention", *ENDS):
        return renamed
    return True
