"""What holds for a whole vault: the sharing level that exhibits begin with, and for how long."""

from __future__ import annotations

import sqlite3

from ribin.cases.exhibits import Scope
from ribin.errors import ParameterError
from ribin.people import KEEPING
from ribin.vault.audit import append_row
from ribin.vault.people import check_role_in_use
from ribin.vault.vault import Vault
from ribin.vault.written import change_record

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
