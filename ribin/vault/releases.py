"""Releases: what the owner of an exhibit lets one other member know beyond the opaque name.

A release names the exhibit and its event to one member, and lets it have the original scans where
the owner says so. It ends when the owner ends it; what the other side has read by then, it has.
"""

from __future__ import annotations

import sqlite3
import uuid
from dataclasses import dataclass

from ribin.cases.exhibits import Scope
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.people import DISCLOSING
from ribin.vault.audit import append_row, now_utc
from ribin.vault.exhibits import find_exhibit
from ribin.vault.people import check_role_in_use
from ribin.vault.sharing import opaque_name
from ribin.vault.vault import Vault
from ribin.vault.written import change_record, insert_record


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
            raise StoreError(f"{vault.path}: exhibit {exhibit} needed, found none of this id")
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
        details = {"to": receiver, "original": original, "opaque": opaque_name(db, exhibit)}
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
        details = {"to": receiver, "opaque": opaque_name(db, exhibit)}
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
