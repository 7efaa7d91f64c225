"""How widely an exhibit is shared, and the opaque name under which it crosses a border."""

from __future__ import annotations

import hmac
import sqlite3
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ribin.cases.exhibits import Scope
from ribin.cases.leads import DISCLOSING, KEEPING
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.model import MarkType
from ribin.vault.audit import append_row, change_record, insert_record, now_utc
from ribin.vault.exhibits import find_exhibit, no_such_exhibit, read_exhibits
from ribin.vault.mark_table import MarkFacts, MarkTable, read_bare, read_mark_table
from ribin.vault.people import check_role_in_use
from ribin.vault.vault import Vault

OPAQUE_PREFIX = "x-"
_OPAQUE_DIGITS = 16  # 64 bits: two of a million exhibits are alike once in forty million vaults


def pseudonym(db: sqlite3.Connection, exhibit: str) -> str:
    """What other members know an exhibit by. It is the same at all times, and only this vault can
    tell which exhibit it names."""
    return keyed_pseudonym(read_setting(db, "opaque_key"), exhibit)


def pseudonyms(vault: Vault, exhibits: Iterable[str]) -> dict[str, str]:
    """The opaque name of each of these exhibits."""
    with vault.catalogue.reading() as db:
        key = read_setting(db, "opaque_key")
    return {exhibit: keyed_pseudonym(key, exhibit) for exhibit in exhibits}


def find_named(db: sqlite3.Connection, name: str) -> str | None:
    """The exhibit of an opaque name, also one that was purged; None where no exhibit has it."""
    for row in db.execute("SELECT exhibit, opaque FROM tombstones WHERE opaque = ?", (name,)):
        return str(row["exhibit"])
    if not name.startswith(OPAQUE_PREFIX):
        return None
    key = read_setting(db, "opaque_key")
    exhibits = [str(row[0]) for row in db.execute("SELECT exhibit FROM exhibits")]
    return next((exhibit for exhibit in exhibits if keyed_pseudonym(key, exhibit) == name), None)


def set_sharing(
    vault: Vault, exhibits: Sequence[str], sharing: Scope, who: str, reason: str
) -> list[str]:
    """Change how widely exhibits are shared, all of them or none; gives those that changed.

    Each change is a row of the audit log with the level before and now.

    Raises
    ------
    StoreError
        An exhibit is unknown, or the vault is read-only or locked.
    """
    with vault.catalogue.writing() as db:
        check_role_in_use(db, who, DISCLOSING)
        known = read_exhibits(db)
        for exhibit in exhibits:
            if exhibit not in known:
                raise no_such_exhibit(vault.path, exhibit)
        changed = [e for e in dict.fromkeys(exhibits) if known[e].sharing is not sharing]
        for exhibit in changed:
            record = change_record(db, "exhibits", exhibit, {"sharing": str(sharing)})
            before = str(known[exhibit].sharing)
            details = {"before": before, "now": str(sharing), "records": dict([record])}
            append_row(db, "share", exhibit, who, reason, details)
    return changed


def keyed_pseudonym(key: str, exhibit: str) -> str:
    """The opaque name of an exhibit under the key of its vault."""
    digest = hmac.new(bytes.fromhex(key), exhibit.encode("utf-8", "backslashreplace"), "sha256")
    return OPAQUE_PREFIX + digest.hexdigest()[:_OPAQUE_DIGITS]


# The mark table of a vault as one other member may know it: no day of what was not released.
#
# A filter by days would otherwise tell, asked often enough, when an unreleased event was.

_RELEASED = "SELECT exhibit FROM releases WHERE receiver = ? AND ended_at = ''"
_MARKS_OF = (
    "SELECT mark_id FROM marks JOIN scans USING (sha256) WHERE exhibit = ? AND mark_type = ?"
)


def mark_table_abroad(vault: Vault, mark_type: MarkType, receiver: str) -> MarkTable:
    """As `Vault.mark_table`, with days of what was released to the receiver alone."""
    with vault.catalogue.reading() as db:
        mark_table = read_mark_table(db, vault.path, mark_type, vault.writable)
        marks, bare = _released(db, mark_type, receiver)
    return without_days(mark_table, marks, bare)


def without_days(
    mark_table: MarkTable, marks: Sequence[int], bare: Counter[MarkFacts]
) -> MarkTable:
    """The mark_table with no days but those of these marks, and of these scans without a mark.

    Parameters
    ----------
    marks : sequence of int
        Ids of marks whose day is told; those that are not in the mark_table are passed over.
    bare : Counter
        Of scans without a mark of the type whose day is told, by their facts.
    """
    undated = [_undated(facts) for facts in mark_table.facts]
    facts = tuple(dict.fromkeys([*undated, *mark_table.facts]))
    places = {one: place for place, one in enumerate(facts)}
    hidden = np.array([places[one] for one in undated], np.int32)
    told = np.array([places[one] for one in mark_table.facts], np.int32)
    rows = np.isin(mark_table.ids, np.array(sorted(marks), np.int64))
    which = (
        np.where(rows, told[mark_table.which], hidden[mark_table.which])
        if undated
        else mark_table.which
    )
    left: Counter[MarkFacts] = Counter()
    for one, number in mark_table.bare:
        dated = min(bare[one], number)
        left[one] += dated
        left[_undated(one)] += number - dated
    return replace(mark_table, which=which, facts=facts, bare=tuple(sorted((+left).items())))


def _released(
    db: sqlite3.Connection, mark_type: MarkType, receiver: str
) -> tuple[list[int], Counter[MarkFacts]]:
    """Marks, and scans without one, of all that is released to this member."""
    marks: list[int] = []
    bare: Counter[MarkFacts] = Counter()
    for (exhibit,) in db.execute(_RELEASED, (receiver,)).fetchall():
        marks += [row[0] for row in db.execute(_MARKS_OF, (exhibit, str(mark_type)))]
        bare += read_bare(db, mark_type, exhibit=exhibit)
    return marks, bare


def _undated(facts: MarkFacts) -> MarkFacts:
    return facts._replace(date="")


# Releases: what the owner of an exhibit lets one other member know beyond the opaque name.
#
# A release names the exhibit and its event to one member, and lets it have the original scans where
# the owner says so. It ends when the owner ends it; what the other side has read by then, it has.


@dataclass(frozen=True)
class Release:
    """One release as stored; `ended_at` is empty while it holds."""

    release: str
    exhibit: str
    receiver: str
    original: bool
    at: str
    who: str
    reason: str
    ended_at: str

    @property
    def holds(self) -> bool:
        return not self.ended_at


def release_exhibit(
    vault: Vault,
    exhibit: str,
    receiver: str,
    reach: Scope,
    *,
    original: bool,
    who: str,
    reason: str,
) -> Release:
    """Let a member know an exhibit and its event, and with `original` have its scans.

    A release that holds already and says the same is given back and nothing is written; another
    one to the same member takes its place.

    Parameters
    ----------
    reach : Scope
        The narrowest scope in which owner and receiver reach each other.

    Raises
    ------
    AccessError
        The receiver is the owner, the exhibit is not shared that widely, or no reason is given.
    StoreError
        The exhibit is unknown, or the vault is read-only or locked.
    """
    if receiver == vault.member:
        raise AccessError(f"exhibit {exhibit}: another member than its owner {receiver} needed")
    if not reason.strip() or not who.strip():
        raise AccessError(f"exhibit {exhibit}: a release needs who and reason, found one missing")
    with vault.catalogue.writing() as db:
        check_role_in_use(db, who, DISCLOSING)
        known = find_exhibit(db, exhibit)
        if known is None:
            raise no_such_exhibit(vault.path, exhibit)
        if known.sharing.width < reach.width:
            raise AccessError(
                f"exhibit {exhibit}: sharing {reach} needed to release it to {receiver}, "
                f"found {known.sharing}"
            )
        held = [r for r in _read(db, exhibit) if r.holds and r.receiver == receiver]
        if held and held[-1].original == original:
            return held[-1]
        records = dict(ended(db, one) for one in held)
        made = Release(
            uuid.uuid4().hex, exhibit, receiver, original, now_utc(), who, reason.strip(), ""
        )
        fields = {**vars(made), "original": int(original)}
        records |= dict([insert_record(db, "releases", fields)])
        details = {"to": receiver, "original": original, "opaque": pseudonym(db, exhibit)}
        append_row(db, "release", exhibit, who, reason, {**details, "records": records})
    return made


def end_release(vault: Vault, exhibit: str, receiver: str, *, who: str, reason: str) -> None:
    """Take a release back.

    Raises
    ------
    ParameterError
        No reason is given.
    StoreError
        Nothing is released to this member, or the vault is read-only or locked.
    """
    if not reason.strip() or not who.strip():
        raise ParameterError(f"exhibit {exhibit}: who and reason needed, found one missing")
    with vault.catalogue.writing() as db:
        check_role_in_use(db, who, DISCLOSING)
        held = [r for r in _read(db, exhibit) if r.holds and r.receiver == receiver]
        if not held:
            raise StoreError(f"exhibit {exhibit}: a release to {receiver} needed, found none")
        details = {"to": receiver, "opaque": pseudonym(db, exhibit)}
        records = dict(ended(db, one) for one in held)
        append_row(db, "end release", exhibit, who, reason, {**details, "records": records})


def releases_of(vault: Vault, exhibit: str = "") -> list[Release]:
    """Releases of one exhibit, or all; oldest first."""
    with vault.catalogue.reading() as db:
        return _read(db, exhibit)


def is_released(db: sqlite3.Connection, exhibit: str, receiver: str) -> bool:
    """Whether a release of an exhibit to a member holds."""
    return any(r.holds and r.receiver == receiver for r in _read(db, exhibit))


def released_to(vault: Vault, receiver: str) -> dict[str, Release]:
    """What holds for one member, by exhibit."""
    return {r.exhibit: r for r in releases_of(vault) if r.holds and r.receiver == receiver}


def _read(db: sqlite3.Connection, exhibit: str) -> list[Release]:
    where, values = ("WHERE exhibit = ?", (exhibit,)) if exhibit else ("", ())
    rows = db.execute(f"SELECT * FROM releases {where} ORDER BY rowid", values)
    return [Release(**{**dict(row), "original": bool(row["original"])}) for row in rows]


def end_releases(db: sqlite3.Connection, exhibit: str) -> dict[str, str]:
    """End whatever holds of an exhibit, inside the caller's transaction; gives the records."""
    return dict(ended(db, one) for one in _read(db, exhibit) if one.holds)


def ended(db: sqlite3.Connection, one: Release) -> tuple[str, str]:
    """End a release inside the caller's transaction; gives the record."""
    return change_record(db, "releases", one.release, {"ended_at": now_utc()})


# What holds for a whole vault: the sharing level that exhibits begin with, and for how long.

LONGEST_RETENTION_DAYS = 36_500  # a hundred years


def read_setting(db: sqlite3.Connection, setting: str) -> str:
    """The value of a setting; every vault has them all."""
    row = db.execute("SELECT value FROM settings WHERE setting = ?", (setting,)).fetchone()
    if row is None:
        raise ValueError(f"setting {setting} needed, found none")
    return str(row["value"])


def default_sharing(vault: Vault) -> Scope:
    """The widest scope in which an exhibit may be seen when its enrolment does not say."""
    with vault.catalogue.reading() as db:
        return Scope(read_setting(db, "default_sharing"))


def retention_days(vault: Vault) -> int | None:
    """How many days after enrolment an exhibit without a date of its own is due; None: never."""
    with vault.catalogue.reading() as db:
        text = read_setting(db, "retention_days")
    return int(text) if text else None


def set_default_sharing(vault: Vault, sharing: Scope, who: str, reason: str) -> bool:
    """Say how widely exhibits enrolled from now on are shared; False where it was so before."""
    return _set(vault, "default_sharing", str(sharing), who, reason)


def set_retention_days(vault: Vault, days: int | None, who: str, reason: str) -> bool:
    """Say for how long exhibits without a date of their own are kept; False where it was so.

    Raises
    ------
    ParameterError
        Fewer days than one, or more than a hundred years.
    """
    if days is not None and not 1 <= days <= LONGEST_RETENTION_DAYS:
        raise ParameterError(f"days: 1 to {LONGEST_RETENTION_DAYS} needed, found {days}")
    return _set(vault, "retention_days", "" if days is None else str(days), who, reason)


def _set(vault: Vault, setting: str, value: str, who: str, reason: str) -> bool:
    with vault.catalogue.writing() as db:
        check_role_in_use(db, who, KEEPING)
        before = read_setting(db, setting)
        if before == value:
            return False
        record = change_record(db, "settings", setting, {"value": value})
        details = {"before": before, "now": value, "records": dict([record])}
        append_row(db, "setting", setting, who, reason, details)
    return True
