"""What a row of the audit log says of a record beside its hash, held against the record itself.

So a row that was forged for a record must be as the program writes it, down to its subject.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from ribin.vault.rows import KEYS
from ribin.vault.vouching import LoggedRecord, Vouchers

# By action and table, or kind of record: the field that the subject of the row names (empty where
# `states.py` knows it), and the facts that are fields, by their own name or as fact=field.
_FACTS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("enrol", "records/scan"): ("id",),
    ("enrol", "scans"): ("sha256",),
    ("enrol", "marks"): ("sha256",),
    ("describe", "descriptions"): ("sha256", "params_id", "reading"),
    ("redo", "descriptions"): ("sha256", "params_id", "reading"),
    ("describe", "marks"): ("sha256", "params_id", "reading"),
    ("redo", "marks"): ("sha256", "params_id", "reading"),
    ("describe", "records/scan"): ("id", "reading"),
    ("redo", "records/scan"): ("id", "reading"),
    ("move", "records/scan"): ("id",),
    ("share", "records/exhibit"): ("exhibit", "now=sharing"),
    ("account", "records/account"): ("id", "initial"),
    ("password", "records/account"): ("id", "initial"),
    ("account removed", "records/account"): ("id",),
    ("lead", "leads"): ("lead",),
    ("review", "reviews"): ("lead", "place"),
    ("close", "records/closure"): ("lead",),
    ("confirm", "records/confirmation"): ("lead",),
    ("withdrawal", "records/withdrawal"): ("lead",),
    ("blindness", "records/blindness"): ("lead",),
    ("agree", "records/agreement"): ("id", "version", "scope", "ended"),
    ("search recorded", "records/search"): ("", "search=id", "rows", "lists_sha256"),
    ("search ended", "records/search"): ("id", "why=ended"),
    ("annotate", "records/annotations"): ("id", "annotations"),
    ("candidate reviewed", "records/candidate"): ("id", "search", "status"),
    ("assign", "records/assignment"): ("id",),
    ("setting", "settings"): ("setting", "now=value"),
    ("retention", "retention"): ("exhibit", "now=keep_until"),
    ("vocabulary", "synonyms"): ("synonym", "now=value"),
    ("purge", "tombstones"): ("exhibit", "keep_until"),
    ("question", "questions"): ("", "asking_member=sender", "kind", "message=id", "body_sha256"),
    ("message", "outbox"): ("", "kind"),
    ("export bundle", "bundles"): ("member", "bundle", "number", "exhibits"),
    ("import bundle", "bundles"): ("member", "bundle", "number", "exhibits"),
    ("standing search", "standing_searches"): ("", "standing", "scope", "top", "min_score"),
    ("standing search found", "findings"): ("sha256", "standing", "member", "exhibit"),
}


def fact_problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[tuple[str, str]]:
    """A sentence for each record of which a row of the log that vouches for it says otherwise."""
    for name, said in vouched.items():
        table, _, key = name.partition("/")
        kind = f"{table}/{key.partition('/')[0]}" if table == "records" else table
        checked = [(v, _FACTS[v.row.action, kind]) for v in said if (v.row.action, kind) in _FACTS]
        if table != "records":  # of a row that was changed since, an earlier one says what was
            checked = [one for one in checked if one[0] is said[-1] or kind in _AS_BEGUN]
        found = _content(db, table, key, said[-1].sha256 is None) if checked else None
        if found and not all(_agrees(one, names, found) for one, names in checked):
            yield "", f"catalogue: {name} is not as the audit log says"


_AS_BEGUN = ("standing_searches", "findings")  # what these facts name never changes


def _content(db: sqlite3.Connection, table: str, key: str, removed: bool) -> dict[str, Any] | None:
    """The columns of a row, of one that was removed its key, or what a version states with its id
    and number; None where it is not there, or was blanked."""
    row = db.execute(f"SELECT * FROM {table} WHERE {KEYS[table]} = ?", (key,)).fetchone()
    if row is None:
        return {KEYS[table]: key} if removed else None
    if table != "records":
        return dict(row)
    stated = json.loads(row["body"] or "null")
    return stated and {**stated, "id": row["id"], "version": row["version"]}


def _agrees(said: LoggedRecord, names: tuple[str, ...], found: Mapping[str, Any]) -> bool:
    subject, *facts = names
    stated = said.row.facts
    pairs = [(name.partition("=")[0], name.rpartition("=")[2]) for name in facts]
    fits = all(stated.get(fact, ...) == _counted(found.get(field, "")) for fact, field in pairs)
    return fits and (not subject or said.row.subject == found.get(subject))


def _counted(value: Any) -> Any:
    """The value of a field; of a list, of which the log says no more, its length."""
    return len(value) if isinstance(value, list) else value
