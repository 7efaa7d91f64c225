"""What an owner says of its exhibits: how widely they are shared, what is released, for how long.

An exhibit crosses a border under a pseudonym, drawn from a key that never leaves the vault.
"""

from __future__ import annotations

import hmac
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from ribin.cases.exhibits import Scope
from ribin.cases.record import Record, RecordKind
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.vault.exhibits import current_name, first_name, needed_exhibit, read_renamed
from ribin.vault.records import add_version, read_versions
from ribin.vault.rows import Act
from ribin.vault.states import state_exhibit
from ribin.vault.vouching import Vouchers

if TYPE_CHECKING:
    from ribin.vault.vault import Vault

_PREFIX = "x-"
_DIGITS = 16  # 64 bits: two of a million exhibits are alike once in forty million vaults
PSEUDONYM = re.compile(rf"{_PREFIX}[0-9a-f]{{{_DIGITS}}}")


def pseudonym(db: sqlite3.Connection, exhibit: str) -> str:
    """What other members know an exhibit by. It is the same at all times, and only this vault can
    tell which exhibit it names."""
    return keyed_pseudonym(read_setting(db, "opaque_key"), first_name(db, exhibit))


def pseudonyms(vault: Vault, exhibits: Iterable[str]) -> dict[str, str]:
    """The pseudonym of each of these exhibits."""
    with vault.catalogue.reading() as db:
        key, renamed = read_setting(db, "opaque_key"), read_renamed(db)
        return {name: keyed_pseudonym(key, renamed.get(name, name)) for name in exhibits}


def keyed_pseudonym(key: str, first: str) -> str:
    """The pseudonym of the exhibit that was enrolled under a name, by the key of its vault."""
    digest = hmac.new(bytes.fromhex(key), first.encode("utf-8", "backslashreplace"), "sha256")
    return _PREFIX + digest.hexdigest()[:_DIGITS]


def own_name(db: sqlite3.Connection, name: str) -> str | None:
    """The exhibit of a pseudonym, also one that was purged; None where no exhibit has it."""
    for row in db.execute("SELECT exhibit FROM tombstones WHERE opaque = ?", (name,)):
        return str(row["exhibit"])
    if not name.startswith(_PREFIX):
        return None
    key = read_setting(db, "opaque_key")
    found = db.execute("SELECT exhibit, first_name FROM exhibits")
    return next((str(one) for one, first in found if keyed_pseudonym(key, first) == name), None)


def named_in_lead(db: sqlite3.Connection, name: str) -> str:
    """What an own exhibit is called that a lead names: by its pseudonym, or as it was enrolled."""
    return current_name(db, own_name(db, name) or name)


def set_sharing(
    vault: Vault, exhibits: Sequence[str], sharing: Scope, who: str, reason: str
) -> list[str]:
    """Change how widely exhibits are shared, all of them or none; gives those that changed.

    Each change is a row of the audit log with the level before and now.

    Raises StoreError: an exhibit is unknown, or the vault is read-only or locked.
    """
    with vault.act("share", who, reason) as act:
        known = [needed_exhibit(act.db, vault.path, name) for name in dict.fromkeys(exhibits)]
        changed = [one for one in known if one.sharing is not sharing]
        for one in changed:
            state_exhibit(act, replace(one, sharing=sharing), one)
            act.log(one.exhibit, before=str(one.sharing), now=str(sharing))
    return [one.exhibit for one in changed]


@dataclass(frozen=True)
class Release:
    """What an owner lets one member know: an exhibit and its event, and with `original` its scans.

    `release` names the version of the record that says so; `ended_at` is when the next one was
    stated, empty while it holds. What the other side has read by then, it has.
    """

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

    `reach`: the narrowest scope in which owner and receiver reach each other. Raises AccessError:
    the receiver is the owner, the exhibit is not shared that widely, or no reason is given;
    StoreError: the exhibit is unknown, or the vault is read-only or locked.
    """
    if receiver == vault.member:
        raise AccessError(f"exhibit {exhibit}: another member than its owner {receiver} needed")
    if not reason.strip() or not who.strip():
        raise AccessError(f"exhibit {exhibit}: a release needs who and reason, found one missing")
    with vault.act("release", who, reason.strip()) as act:
        known = needed_exhibit(act.db, vault.path, exhibit)
        exhibit = known.exhibit
        if known.sharing.width < reach.width:
            raise AccessError(
                f"exhibit {exhibit}: sharing {reach} needed to release it to {receiver}, "
                f"found {known.sharing}"
            )
        held = _holding(act.db, exhibit, receiver)
        if held and held[-1].original == original:
            return held[-1]
        stated = _state(act, exhibit, receiver, original, holds=True)
        act.log(exhibit, to=receiver, original=original, opaque=pseudonym(act.db, exhibit))
    return _release(stated, exhibit)


def _state(act: Act, exhibit: str, receiver: str, original: bool, holds: bool) -> Record:
    """State what one member is let know of an exhibit from now on, as a part of an act."""
    first = first_name(act.db, exhibit)
    said = {"exhibit": first, "receiver": receiver, "original": original, "holds": holds}
    return add_version(act, RecordKind.RELEASE, f"{first}/{receiver}", said)


def _release(stated: Record, exhibit: str, ended_at: str = "") -> Release:
    body = stated.body or {}
    let = str(body["receiver"]), bool(body["original"])
    return Release(stated.name, exhibit, *let, stated.at, stated.person, stated.reason, ended_at)


def end_release(vault: Vault, exhibit: str, receiver: str, *, who: str, reason: str) -> None:
    """Take a release back.

    Raises ParameterError: no reason is given; StoreError: nothing is released to this member, or
    the vault is read-only or locked.
    """
    if not reason.strip() or not who.strip():
        raise ParameterError(f"exhibit {exhibit}: who and reason needed, found one missing")
    with vault.act("end release", who, reason) as act:
        exhibit = current_name(act.db, exhibit)
        if not _holding(act.db, exhibit, receiver):
            raise StoreError(f"exhibit {exhibit}: a release to {receiver} needed, found none")
        end_releases(act, exhibit, receiver)
        act.log(exhibit, to=receiver, opaque=pseudonym(act.db, exhibit))


def releases_of(vault: Vault, exhibit: str = "") -> list[Release]:
    """Releases of one exhibit, or all; oldest first."""
    with vault.catalogue.reading() as db:
        return _read(db, exhibit)


def released_to(vault: Vault, receiver: str) -> dict[str, Release]:
    """What holds for one member, by exhibit."""
    return {r.exhibit: r for r in releases_of(vault) if r.holds and r.receiver == receiver}


def end_releases(act: Act, exhibit: str, receiver: str = "") -> list[str]:
    """End whatever holds of an exhibit, to one member or to all, as a part of an act; gives the
    members that it held for."""
    ended = _holding(act.db, exhibit, receiver)
    for one in ended:
        _state(act, exhibit, one.receiver, one.original, holds=False)
    return [one.receiver for one in ended]


def _holding(db: sqlite3.Connection, exhibit: str, receiver: str) -> list[Release]:
    return [r for r in _read(db, exhibit) if r.holds and receiver in ("", r.receiver)]


def _read(db: sqlite3.Connection, exhibit: str) -> list[Release]:
    names = {first: exhibit for exhibit, first in read_renamed(db).items()}
    versions = read_versions(db, RecordKind.RELEASE)
    found = []
    for one, after in zip_longest(versions, versions[1:]):
        first = str((one.body or {})["exhibit"])
        named = names.get(first, first)
        if (one.body or {})["holds"] and exhibit in ("", named):
            found.append(_release(one, named, after.at if after and after.id == one.id else ""))
    return sorted(found, key=lambda release: release.at)


LONGEST_RETENTION_DAYS = 36_500  # a hundred years


def read_setting(db: sqlite3.Connection, setting: str) -> str:
    """The value of a setting; every vault has them all."""
    row = db.execute("SELECT value FROM settings WHERE setting = ?", (setting,)).fetchone()
    if row is None:
        raise ValueError(f"setting {setting} needed, found none")
    return str(row["value"])


def setting_problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[tuple[str, str]]:
    """A sentence for each setting whose value cannot be; no exhibit is named before it."""
    for name, value in db.execute("SELECT setting, value FROM settings").fetchall():
        if not (name in _SETTINGS and _SETTINGS[name](value)):
            yield "", f"catalogue: setting {name}: a value that can be needed, found {value!r}"


def _is_retention(value: str) -> bool:
    written = re.fullmatch("[1-9][0-9]{0,4}", value) is not None
    return not value or (written and int(value) <= LONGEST_RETENTION_DAYS)


# Every setting, and which values it may have.
_SETTINGS: Mapping[str, Callable[[str], bool]] = {
    "opaque_key": lambda value: re.fullmatch("[0-9a-f]{64}", value) is not None,
    "default_sharing": lambda value: value in list(Scope),
    "retention_days": _is_retention,
}


def default_sharing(vault: Vault) -> Scope:
    """The widest scope in which an exhibit may be seen when its enrolment does not say."""
    with vault.catalogue.reading() as db:
        return Scope(read_setting(db, "default_sharing"))


def set_default_sharing(vault: Vault, sharing: Scope, who: str, reason: str) -> bool:
    """Say how widely exhibits enrolled from now on are shared; False where it was so before."""
    return _set(vault, "default_sharing", str(sharing), who, reason)


def set_retention_days(vault: Vault, days: int | None, who: str, reason: str) -> bool:
    """Say for how long exhibits without a date of their own are kept; False where it was so.

    Raises ParameterError: fewer days than one, or more than a hundred years.
    """
    if days is not None and not 1 <= days <= LONGEST_RETENTION_DAYS:
        raise ParameterError(f"days: 1 to {LONGEST_RETENTION_DAYS} needed, found {days}")
    return _set(vault, "retention_days", "" if days is None else str(days), who, reason)


def _set(vault: Vault, setting: str, value: str, who: str, reason: str) -> bool:
    with vault.act("setting", who, reason) as act:
        before = read_setting(act.db, setting)
        if before == value:
            return False
        act.change("settings", setting, value=value)
        act.log(setting, before=before, now=value)
    return True
