"""How long an exhibit is kept, and its purge: evidence goes, a tombstone and the audit log stay.

An exhibit is due after its own date, or so many days after it was first enrolled as the vault's
setting says, or never. Nothing is purged by itself: a person purges, and says why.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from ribin.cases.leads import ExhibitRef
from ribin.cases.plausible import checked_day
from ribin.cases.record import RecordKind
from ribin.errors import ParameterError, StoreError
from ribin.vault.annotations import end_annotations_with
from ribin.vault.assignments import end_assignments_of
from ribin.vault.audit import now_utc
from ribin.vault.enrol import INCOMING_FOLDER, remove_scan
from ribin.vault.exhibits import aliases_of, first_name, scans_of_exhibit
from ribin.vault.files import fsync_folder, make_folder
from ribin.vault.leads import leads_of_exhibit
from ribin.vault.messages import forget_told
from ribin.vault.recorded_searches import PURGED, end_searches_with
from ribin.vault.records import blank_versions
from ribin.vault.rows import Act, from_row
from ribin.vault.saved_searches import end_saved_searches_of
from ribin.vault.sharing import end_releases, pseudonym, read_setting
from ribin.vault.states import remove_empty_event
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class DueExhibit:
    """An exhibit and the last day on which it is kept."""

    exhibit: str
    keep_until: str
    own_date: bool  # whether the date is the exhibit's own, and not the vault's usual one


@dataclass(frozen=True)
class Tombstone:
    """What is left of a purged exhibit."""

    tombstone: str
    exhibit: str
    first_name: str  # that it was enrolled under
    opaque: str
    scans: tuple[str, ...]  # SHA-256 of the originals
    keep_until: str
    at: str
    who: str
    reason: str


def keep_until(vault: Vault, exhibit: str, day: str, who: str, reason: str) -> None:
    """Give an exhibit a date of its own; the empty day takes it away again.

    Raises ParameterError: the day is none; StoreError: the exhibit is unknown, or the vault is
    read-only or locked.
    """
    if day:
        checked_day(day, f"exhibit {exhibit}: keep until")
    exhibit = vault.exhibit(exhibit).exhibit
    with vault.act("retention", who, reason) as act:
        query = "SELECT keep_until FROM retention WHERE exhibit = ?"
        row = act.db.execute(query, (exhibit,)).fetchone()
        before = row["keep_until"] if row else ""
        if before == day:
            return
        if not day:
            act.remove("retention", exhibit)
        elif row:
            act.change("retention", exhibit, keep_until=day)
        else:
            act.insert("retention", {"exhibit": exhibit, "keep_until": day})
        act.log(exhibit, before=before, now=day)


def retention_dates(
    vault: Vault, days: int | None = None, own_days: Mapping[str, str] | None = None
) -> list[DueExhibit]:
    """Every exhibit that has a last day, the earliest first.

    As it would be with other usual days (0: none) and other days of some exhibits ("": none), where
    these are given.
    """
    with vault.catalogue.reading() as db:
        usual = read_setting(db, "retention_days") if days is None else str(days or "")
        own = dict(db.execute("SELECT exhibit, keep_until FROM retention").fetchall())
        own = {exhibit: day for exhibit, day in (own | dict(own_days or {})).items() if day}
        first = "SELECT exhibit, min(enrolled_at) FROM scans GROUP BY exhibit"
        enrolled = db.execute(first).fetchall() if usual else []
        kept = timedelta(days=int(usual or 0))
    dates = {e: (date.fromisoformat(at[:10]) + kept).isoformat() for e, at in enrolled} | own
    found = [DueExhibit(exhibit, day, exhibit in own) for exhibit, day in dates.items()]
    return sorted(found, key=lambda due: (due.keep_until, due.exhibit))


def purge_exhibit(
    vault: Vault,
    exhibit: str,
    who: str,
    reason: str,
    tell: Callable[[Tombstone, Sequence[str]], None] = lambda stone, receivers: None,
) -> Tombstone:
    """Take an exhibit out of the vault: its scans, marks and, where it was the last, its event.

    Releases of it and the search that stands on it end; annotations on it and the lists of every
    search that was made with it go, but for hashes and counts. The audit log keeps every row, and
    one more that says so; the tombstone keeps the names, and so do leads that have ended. Answers
    that are stored to be given to other members again go too.
    Copies elsewhere (backups, exports, bundles sent before) are not reached.

    `tell` is given the members whose release ends; what it writes is a part of the transaction.

    Raises ParameterError: nobody is named, or no reason is given; StoreError: the exhibit is
    unknown, in an open lead or in a link that stands, or the vault is read-only or locked.
    """
    if not who.strip() or not reason.strip():
        raise ParameterError(f"exhibit {exhibit}: who and reason needed, found one missing")
    known = vault.exhibit(exhibit)
    exhibit = known.exhibit
    due = {d.exhibit: d.keep_until for d in retention_dates(vault)}.get(exhibit, "")
    with vault.act("purge", who, reason) as act:
        db = act.db
        db.execute("PRAGMA secure_delete = ON")
        _check_leads_ended(db, vault.member, exhibit)
        end_saved_searches_of(act, exhibit)
        scans = scans_of_exhibit(db, exhibit)
        end_annotations_with(act, scans)
        end_assignments_of(act, first_name(db, exhibit))
        forget_told(db)
        end_searches_with(act, scans, f"{PURGED} {exhibit}")
        stone = Tombstone(
            tombstone=uuid.uuid4().hex,
            exhibit=exhibit,
            first_name=first_name(db, exhibit),
            opaque=pseudonym(db, exhibit),
            scans=tuple(scans),
            keep_until=due,
            at=now_utc(),
            who=who,
            reason=reason.strip(),
        )
        receivers = end_releases(act, exhibit)  # another exhibit may come to have this name
        blanked = _remove(act, exhibit, known.event.event, scans)
        act.insert("tombstones", {**vars(stone), "scans": json.dumps(scans)})
        act.log(exhibit, scans=scans, keep_until=due, blanked=blanked)
        tell(stone, receivers)
        # The writer after a crash here finds the files named as arriving and unknown, and ends it.
        for sha256 in scans:
            make_folder(vault.path / INCOMING_FOLDER / sha256)
        fsync_folder(vault.path / INCOMING_FOLDER)
    remove_scan_files(vault.path, scans)
    return stone


def remove_scan_files(folder: Path, scans: list[str]) -> None:
    """Take away the files of scans that the catalogue no longer has, then their names."""
    for sha256 in scans:
        remove_scan(folder, sha256)
        (folder / INCOMING_FOLDER / sha256).rmdir()


def tombstones(vault: Vault) -> list[Tombstone]:
    """What was purged, oldest first."""
    with vault.catalogue.reading() as db:
        rows = db.execute("SELECT * FROM tombstones ORDER BY rowid").fetchall()
    return [from_row(Tombstone, row, scans=tuple(json.loads(row["scans"]))) for row in rows]


def _remove(act: Act, exhibit: str, event: str, scans: list[str]) -> list[str]:
    """Take the rows away, those that name others first; gives the versions of records that were
    blanked with them."""
    first = first_name(act.db, exhibit)
    gone = [(RecordKind.SCAN, sha256) for sha256 in scans] + [(RecordKind.EXHIBIT, first)]
    act.db.execute("PRAGMA defer_foreign_keys = ON")  # scans and descriptions name each other
    for sha256 in scans:
        for table, key in (("marks", "mark_id"), ("descriptions", "description")):
            query = f"SELECT {key} FROM {table} WHERE sha256 = ?"
            for row in act.db.execute(query, (sha256,)).fetchall():
                act.remove(table, row[0])
        act.remove("scans", sha256)
    if act.db.execute("SELECT 1 FROM retention WHERE exhibit = ?", (exhibit,)).fetchone():
        act.remove("retention", exhibit)
    for alias in aliases_of(act.db, exhibit):
        act.remove("aliases", alias)
    act.remove("exhibits", exhibit)
    if remove_empty_event(act, event):
        gone.append((RecordKind.EVENT, event))
    return [name for one in gone for name in blank_versions(act, *one, keep_last=False)]


def _check_leads_ended(db: sqlite3.Connection, member: str, exhibit: str) -> None:
    """Refuse an exhibit that is being examined or linked; StoreError says what ends that.

    A lead that has ended names its exhibits for good, and needs no more of them than their names.
    """
    # In a lead across a border the pseudonym, else the name that it was enrolled under.
    names = (first_name(db, exhibit), pseudonym(db, exhibit))
    for history in (h for n in names for h in leads_of_exhibit(db, ExhibitRef(member, n))):
        lead = history.lead.lead
        if history.linked:
            raise StoreError(
                f"exhibit {exhibit}: one in no link that stands needed, found lead {lead}; "
                f"`ribin link withdraw {lead}` ends it"
            )
        if history.is_open:
            ends = (
                "`ribin lead sync` ends it, where the logs of both members are in reach"
                if history.unchecked or history.awaits_content
                else f"its two verdicts (`ribin review {lead}`) end it, `unsuitable` where nobody "
                "can examine"
            )
            raise StoreError(
                f"exhibit {exhibit}: one in no open lead needed, found lead {lead}; {ends}",
                hint=f"`ribin lead close {lead}` closes one that was opened by mistake",
            )
