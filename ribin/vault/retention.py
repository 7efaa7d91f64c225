"""How long an exhibit is kept, and its purge: evidence goes, a tombstone and the audit log stay.

An exhibit is due after its own date, or so many days after it was first enrolled as the vault's
setting says, or never. Nothing is purged by itself: a person purges, and says why.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from ribin.cases.leads import DISCLOSING, KEEPING, ExhibitRef, LeadHistory
from ribin.errors import ParameterError, StoreError
from ribin.vault.audit import append_row, change_record, insert_record, now_utc, remove_record
from ribin.vault.enrol import INCOMING_FOLDER, checked_day, remove_scan
from ribin.vault.files import fsync_folder
from ribin.vault.leads import lead_files_of_exhibit
from ribin.vault.people import check_role_in_use
from ribin.vault.saved_searches import end_saved_searches_of
from ribin.vault.sharing import end_releases, pseudonym, read_setting
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class Due:
    """An exhibit and the last day on which it is kept."""

    exhibit: str
    keep_until: str
    own_date: bool  # whether the date is the exhibit's own, and not the vault's usual one


@dataclass(frozen=True)
class Tombstone:
    """What is left of a purged exhibit."""

    tombstone: str
    exhibit: str
    opaque: str
    scans: tuple[str, ...]  # SHA-256 of the originals
    keep_until: str
    at: str
    who: str
    reason: str


def keep_until(vault: Vault, exhibit: str, day: str, who: str, reason: str) -> None:
    """Give an exhibit a date of its own; the empty day takes it away again.

    Raises
    ------
    ParameterError
        The day is none.
    StoreError
        The exhibit is unknown, or the vault is read-only or locked.
    """
    if day:
        checked_day(day, f"exhibit {exhibit}: keep until")
    vault.exhibit(exhibit)
    with vault.catalogue.writing() as db:
        check_role_in_use(db, who, DISCLOSING)
        row = db.execute("SELECT * FROM retention WHERE exhibit = ?", (exhibit,)).fetchone()
        before = row["keep_until"] if row else ""
        if before == day:
            return
        record: tuple[str, str | None]
        if not day:
            record = remove_record(db, "retention", exhibit)
        elif row:
            record = change_record(db, "retention", exhibit, {"keep_until": day})
        else:
            record = insert_record(db, "retention", {"exhibit": exhibit, "keep_until": day})
        details = {"before": before, "now": day, "records": dict([record])}
        append_row(db, "retention", exhibit, who, reason, details)


def retention_dates(vault: Vault) -> list[Due]:
    """Every exhibit that has a last day, the earliest first."""
    with vault.catalogue.reading() as db:
        usual = read_setting(db, "retention_days")
        own = dict(db.execute("SELECT exhibit, keep_until FROM retention").fetchall())
        first = "SELECT exhibit, min(enrolled_at) FROM scans GROUP BY exhibit"
        dates = {e: _after(at, int(usual)) for e, at in db.execute(first)} if usual else {}
    dates |= own
    found = [Due(exhibit, day, exhibit in own) for exhibit, day in dates.items()]
    return sorted(found, key=lambda due: (due.keep_until, due.exhibit))


def purge_exhibit(vault: Vault, exhibit: str, who: str, reason: str) -> Tombstone:
    """Take an exhibit out of the vault: its scans, marks and, where it was the last, its event.

    Releases of it and the search that stands on it end. The audit log keeps every row, and one more
    that says so; the tombstone keeps the names, and so do leads that have ended.
    Copies elsewhere (backups, exports, bundles sent before) are not reached.

    Raises
    ------
    ParameterError
        Nobody is named, or no reason is given.
    StoreError
        The exhibit is unknown, in an open lead or in a link that stands, or the vault is read-only
        or locked.
    """
    if not who.strip() or not reason.strip():
        raise ParameterError(f"exhibit {exhibit}: who and reason needed, found one missing")
    known = vault.exhibit(exhibit)
    due = {d.exhibit: d.keep_until for d in retention_dates(vault)}.get(exhibit, "")
    with vault.catalogue.writing() as db:
        check_role_in_use(db, who, KEEPING)
        db.execute("PRAGMA secure_delete = ON")
        check_leads_ended(db, vault.member, exhibit)
        scans = [r[0] for r in db.execute("SELECT sha256 FROM scans WHERE exhibit = ?", (exhibit,))]
        stone = Tombstone(
            uuid.uuid4().hex,
            exhibit,
            pseudonym(db, exhibit),
            tuple(scans),
            due,
            now_utc(),
            who,
            reason.strip(),
        )
        records = _removed(db, exhibit, known.event.event, scans)
        fields = {**vars(stone), "scans": json.dumps(scans)}
        records |= dict([insert_record(db, "tombstones", fields)])
        records |= end_releases(db, exhibit)  # another exhibit may come to have this name
        details = {"scans": scans, "keep_until": due, "records": records}
        end_saved_searches_of(db, exhibit, who, reason)
        append_row(db, "purge", exhibit, who, reason, details)
        # The writer after a crash here finds the files named as arriving and unknown, and ends it.
        for sha256 in scans:
            (vault.path / INCOMING_FOLDER / sha256).mkdir(parents=True, exist_ok=True)
        fsync_folder(vault.path / INCOMING_FOLDER)
    remove_scan_files(vault.path, scans)
    return stone


def tombstones(vault: Vault) -> list[Tombstone]:
    """What was purged, oldest first."""
    with vault.catalogue.reading() as db:
        rows = db.execute("SELECT * FROM tombstones ORDER BY rowid").fetchall()
    return [Tombstone(**{**dict(r), "scans": tuple(json.loads(r["scans"]))}) for r in rows]


def remove_scan_files(folder: Path, scans: list[str]) -> None:
    """Take away the files of scans that the catalogue no longer has, then their names."""
    for sha256 in scans:
        remove_scan(folder, sha256)
        (folder / INCOMING_FOLDER / sha256).rmdir()


def _removed(
    db: sqlite3.Connection, exhibit: str, event: str, scans: list[str]
) -> dict[str, str | None]:
    """Take the records away, those that name others first."""
    gone: list[tuple[str, str | None]] = []
    for sha256 in scans:
        for table, key in (("marks", "mark_id"), ("descriptions", "description")):
            rows = db.execute(f"SELECT {key} FROM {table} WHERE sha256 = ?", (sha256,)).fetchall()
            gone += [remove_record(db, table, row[0]) for row in rows]
        gone.append(remove_record(db, "scans", sha256))
    if db.execute("SELECT 1 FROM retention WHERE exhibit = ?", (exhibit,)).fetchone():
        gone.append(remove_record(db, "retention", exhibit))
    gone.append(remove_record(db, "exhibits", exhibit))
    if not db.execute("SELECT 1 FROM exhibits WHERE event = ?", (event,)).fetchone():
        gone.append(remove_record(db, "events", event))
    return dict(gone)


def _after(enrolled_at: str, days: int) -> str:
    return (date.fromisoformat(enrolled_at[:10]) + timedelta(days=days)).isoformat()


# What keeps an exhibit: a lead on it that has not come to its end, or a link that stands.
#
# A lead that has ended names its exhibits for good, and needs no more of them than their names.


def check_leads_ended(db: sqlite3.Connection, member: str, exhibit: str) -> None:
    """Refuse an exhibit that is being examined or linked; StoreError says what ends that."""
    for file in _leads_on(db, member, exhibit):
        lead = file.lead.lead
        if file.linked:
            raise StoreError(
                f"exhibit {exhibit}: one in no standing link needed, found lead {lead}; "
                f"`ribin link withdraw {lead}` ends it"
            )
        if file.is_open:
            ends = (
                "`ribin lead sync` ends it, where the logs of both members are in reach"
                if file.unchecked
                else f"its two verdicts (`ribin review {lead}`) end it, `unsuitable` where nobody "
                "can examine"
            )
            raise StoreError(
                f"exhibit {exhibit}: one in no open lead needed, found lead {lead}; {ends}"
            )


def _leads_on(db: sqlite3.Connection, member: str, exhibit: str) -> list[LeadHistory]:
    names = (exhibit, pseudonym(db, exhibit))  # in a lead across a border the opaque one
    return [f for name in names for f in lead_files_of_exhibit(db, ExhibitRef(member, name))]
