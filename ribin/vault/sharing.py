"""How widely an exhibit is shared, and the opaque name under which it crosses a border."""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import Iterable, Sequence

from ribin.cases.exhibits import Scope
from ribin.errors import StoreError
from ribin.people import DISCLOSING
from ribin.vault.audit import append_row
from ribin.vault.exhibits import read_exhibits
from ribin.vault.people import check_role_in_use
from ribin.vault.settings import read_setting
from ribin.vault.vault import Vault
from ribin.vault.written import change_record

OPAQUE_PREFIX = "x-"
_OPAQUE_DIGITS = 16  # 64 bits: two of a million exhibits are alike once in forty million vaults


def opaque_name(db: sqlite3.Connection, exhibit: str) -> str:
    """What other members know an exhibit by. It is the same at all times, and only this vault can
    tell which exhibit it names."""
    return opaque_of(read_setting(db, "opaque_key"), exhibit)


def opaque_names(vault: Vault, exhibits: Iterable[str]) -> dict[str, str]:
    """The opaque name of each of these exhibits."""
    with vault.catalogue.reading() as db:
        key = read_setting(db, "opaque_key")
    return {exhibit: opaque_of(key, exhibit) for exhibit in exhibits}


def find_named(db: sqlite3.Connection, name: str) -> str | None:
    """The exhibit of an opaque name, also one that was purged; None where no exhibit has it."""
    for row in db.execute("SELECT exhibit, opaque FROM tombstones WHERE opaque = ?", (name,)):
        return str(row["exhibit"])
    if not name.startswith(OPAQUE_PREFIX):
        return None
    key = read_setting(db, "opaque_key")
    exhibits = [str(row[0]) for row in db.execute("SELECT exhibit FROM exhibits")]
    return next((exhibit for exhibit in exhibits if opaque_of(key, exhibit) == name), None)


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
                raise StoreError(f"{vault.path}: exhibit {exhibit} needed, found none of this id")
        changed = [e for e in dict.fromkeys(exhibits) if known[e].sharing is not sharing]
        for exhibit in changed:
            record = change_record(db, "exhibits", exhibit, {"sharing": str(sharing)})
            before = str(known[exhibit].sharing)
            details = {"before": before, "now": str(sharing), "records": dict([record])}
            append_row(db, "share", exhibit, who, reason, details)
    return changed


def opaque_of(key: str, exhibit: str) -> str:
    """The opaque name of an exhibit under the key of its vault."""
    digest = hmac.new(bytes.fromhex(key), exhibit.encode("utf-8", "backslashreplace"), "sha256")
    return OPAQUE_PREFIX + digest.hexdigest()[:_OPAQUE_DIGITS]
