"""Which bundles were sent and received, by number, so that none counts twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from ribin.errors import AccessError
from ribin.people import DISCLOSING
from ribin.vault.audit import append_row, now_utc
from ribin.vault.people import check_role_in_use
from ribin.vault.received import (
    ReceivedExhibit,
    ReceivedScan,
    clear_received,
    read_exhibits,
    write_exhibit,
    write_scan,
)
from ribin.vault.vault import Vault
from ribin.vault.written import insert_record


def record_sent(
    vault: Vault,
    receiver: str,
    bundle: str,
    made_at: str,
    told: dict[str, Any],
    who: str,
    reason: str,
) -> int:
    """Write down a bundle on its way; gives its number among those to this receiver."""
    with vault.catalogue.writing() as db:
        check_role_in_use(db, who, DISCLOSING)
        number = _last(db, "sent", receiver) + 1
        fields = _fields(bundle, "sent", receiver, number, made_at, told["exhibits"])
        record = insert_record(db, "bundles", fields)
        details = {"bundle": bundle, "number": number, **told, "records": dict([record])}
        append_row(db, "export bundle", receiver, who, reason, details)
    return number


def record_received(
    vault: Vault,
    sender: str,
    bundle: tuple[str, int, str],
    exhibits: list[tuple[ReceivedExhibit, tuple[ReceivedScan, ...]]],
    who: str,
    reason: str,
    place_files: Callable[[], None],
) -> dict[str, list[str]]:
    """Put what a bundle states in the place of what the one before did.

    Parameters
    ----------
    bundle : tuple of str, int, str
        Its id, its number among those of this sender, and when it was made.
    place_files : callable
        Puts the files in their places while nobody else writes; then the records count.

    Returns
    -------
    dict of str to list of str
        Opaque names of exhibits that are `new`, `gone`, now `released` and released no more:
        `ended`.
    """
    named, number, made_at = bundle
    with vault.catalogue.writing() as db:
        check_role_in_use(db, who, DISCLOSING)
        _refuse_old(db, sender, number, named[:12])
        before = {one.exhibit: one for one in read_exhibits(db, sender)}
        now = {one.exhibit: one for one, _ in exhibits}
        clear_received(db, sender)
        for one, scans in exhibits:
            write_exhibit(db, sender, one)
            for scan in scans:
                write_scan(db, sender, scan)
        place_files()
        told = _changes(before, now)
        fields = _fields(named, "received", sender, number, made_at, len(exhibits))
        record = insert_record(db, "bundles", fields)
        details = {"bundle": named, "number": number, "exhibits": len(exhibits), **told}
        append_row(db, "import bundle", sender, who, reason, {**details, "records": dict([record])})
        for action, names in (("receive release", "released"), ("release ended", "ended")):
            for opaque in told[names]:
                append_row(db, action, f"{sender}:{opaque}", who, reason, {"bundle": named})
    return told


def is_last(vault: Vault, sender: str, bundle: tuple[str, int, str]) -> bool:
    """Whether this very bundle is the last one received of its sender."""
    named, number, _ = bundle
    query = "SELECT bundle FROM bundles WHERE direction = 'received' AND member = ? AND number = ?"
    with vault.catalogue.reading() as db:
        row = db.execute(query, (sender, number)).fetchone()
        return row is not None and row[0] == named and _last(db, "received", sender) == number


def check_newer(vault: Vault, sender: str, number: int, where: str) -> None:
    """Refuse a bundle that does not come after all that were received of its sender.

    Raises
    ------
    AccessError
        It is an old one again, or one of a vault that went back in time.
    """
    with vault.catalogue.reading() as db:
        _refuse_old(db, sender, number, where)


def _last(db: sqlite3.Connection, direction: str, member: str) -> int:
    query = "SELECT coalesce(max(number), 0) FROM bundles WHERE direction = ? AND member = ?"
    return int(db.execute(query, (direction, member)).fetchone()[0])


def _refuse_old(db: sqlite3.Connection, sender: str, number: int, where: str) -> None:
    last = _last(db, "received", sender)
    if number <= last:
        raise AccessError(
            f"{where}: a bundle of {sender} after number {last} needed, found {number}: "
            "an old one again"
        )


def _fields(
    bundle: str, direction: str, member: str, number: int, made_at: str, exhibits: int
) -> dict[str, object]:
    fields: dict[str, object] = {"bundle": bundle, "direction": direction, "member": member}
    return {**fields, "number": number, "made_at": made_at, "at": now_utc(), "exhibits": exhibits}


def _changes(
    before: dict[str, ReceivedExhibit], now: dict[str, ReceivedExhibit]
) -> dict[str, list[str]]:
    was = {name for name, one in before.items() if one.released}
    holds = {name for name, one in now.items() if one.released}
    return {
        "new": sorted(now.keys() - before.keys()),
        "gone": sorted(before.keys() - now.keys()),
        "released": sorted(holds - was),
        "ended": sorted(was - holds),
    }
