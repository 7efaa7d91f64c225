"""Enrolment: what is new, what is there already, what contradicts the vault, what is written."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ribin._version import __version__
from ribin.cases.exhibits import Exhibit, ExhibitKind
from ribin.cases.plausible import checked_past_day, made_by_spreadsheet
from ribin.errors import ParameterError, StoreError
from ribin.input_file import open_input
from ribin.model import Mark, MarkType, Origin, Scan, Template
from ribin.text import NAME_LENGTH, TEXT_LENGTH, text_problem
from ribin.vault.audit import now_utc
from ribin.vault.exhibits import (
    MARKS_IN_USE,
    current_name,
    fields_of,
    find_event,
    find_exhibit,
    find_scan_owner,
    first_name,
)
from ribin.vault.files import fsync_folder, make_folder, write_synced
from ribin.vault.rows import Act
from ribin.vault.scanfile import template_sha256
from ribin.vault.states import ScanState, state_event, state_exhibit, state_scan
from ribin.vault.vocabulary import FIELDS, Vocabulary, read_synonyms

if TYPE_CHECKING:
    from ribin.vault.vault import Vault


# How a name on a command line begins that is no plain exhibit (`services/marks.py`).
_MEANS_ELSE = re.compile(r"exhibit:|[A-Z]{3}:|\.{0,2}[/\\]")
# Fields that hold names, of which a spreadsheet makes numbers and days.
_NAMES = ("exhibit", "event", "case_number", "firearm")
# A lead within the member names an exhibit as it was enrolled, one across a border its pseudonym.
_LEAD_ON_PURGED = (
    "SELECT lead FROM tombstones t JOIN leads ON reference IN (t.exhibit, t.first_name, t.opaque)"
    " OR comparison IN (t.exhibit, t.first_name, t.opaque) WHERE ? IN (t.exhibit, t.first_name)"
)


class EnrolOutcome(StrEnum):
    """What an enrolment did to the vault."""

    NEW = "new"
    ALREADY_THERE = "already there"


@dataclass(frozen=True)
class Enrolment:
    """The answer to one enrolment; `marks` is the number of marks the vault holds of the scan."""

    outcome: EnrolOutcome
    exhibit: str
    sha256: str
    marks: int


def admit_entry(vault: Vault, entry: ScanEntry, content: bytes) -> Enrolment:
    """Store a packed scan: the file first, then its records; the commit makes both count.

    A crash before the commit leaves a file that the catalogue does not know and the next writer
    removes. Another process may have enrolled the scan meanwhile; then nothing is written.

    Raises StoreError: as `find_enrolled`, or the disk refuses; AccessError: whoever enrols has no
    role for it.
    """
    arriving, folder = False, vault.path
    try:
        with vault.act("enrol", entry.who, entry.reason) as act:
            clear_leftovers(folder, partial(find_scan_owner, act.db))
            known = find_enrolled(act.db, entry.sha256, entry.scan.provenance.source, entry.exhibit)
            if known:
                return known
            arriving = True
            try:
                admit_file(folder, entry.sha256, content)
                enrolment = insert_entry(act, entry, hashlib.sha256(content).hexdigest())
            except OSError as error:  # take back what was written
                remove_scan(folder, entry.sha256)
                forget_arrival(folder, entry.sha256)
                raise StoreError(f"{folder}: the scan cannot be written: {error}") from error
    except StoreError:  # the disk refused the file, or its records: a full one needs the room
        if arriving:
            # Where that fails too, the next writer does it.
            with contextlib.suppress(StoreError, OSError), vault.catalogue.writing() as db:
                clear_leftovers(folder, partial(find_scan_owner, db))
        raise
    forget_arrival(folder, entry.sha256)
    return enrolment


def find_enrolled(
    db: sqlite3.Connection, sha256: str, source: str, wanted: Exhibit
) -> Enrolment | None:
    """The scan as it is in the vault already, or None where it is new.

    An empty field of the exhibit says nothing and contradicts nothing.

    Raises StoreError: the scan belongs to another exhibit, the exhibit or its event is recorded
    otherwise, or the name is that of a purged exhibit which a lead names for good.
    """
    owner, name = find_scan_owner(db, sha256), current_name(db, wanted.exhibit)
    if owner is not None and owner != name:
        raise StoreError(
            f"{source}: this scan is enrolled as exhibit {owner}, found exhibit {name}",
            hint=f"`ribin mark move {owner} {name}` takes a scan to the exhibit that it shows",
        )
    stored, words = find_exhibit(db, wanted.exhibit), Vocabulary({}, read_synonyms(db))
    known = owner is not None
    if stored:
        said = fields_of(stored), {**fields_of(wanted), "exhibit": stored.exhibit}
        _refuse_conflict(f"exhibit {stored.exhibit}", *said, words, known)
    else:
        check_new_name(db, wanted.exhibit)
    event = find_event(db, wanted.event.event)
    if event:
        said = asdict(event), asdict(wanted.event)
        _refuse_conflict(f"event {event.event}", *said, words, known)
    if owner is None:
        return None
    count = db.execute(f"SELECT count(*) FROM {MARKS_IN_USE} WHERE sha256 = ?", (sha256,))
    return Enrolment(EnrolOutcome.ALREADY_THERE, name, sha256, count.fetchone()[0])


def check_new_name(db: sqlite3.Connection, name: str) -> None:
    """Refuse to call an exhibit by a name that a purged one had and a lead still names.

    Raises StoreError.
    """
    purged = db.execute(_LEAD_ON_PURGED, (name,)).fetchone()
    if purged:
        raise StoreError(
            f"exhibit {name}: another name needed, found that of a purged exhibit which "
            f"lead {purged['lead']} names"
        )


def insert_entry(act: Act, entry: ScanEntry, file_sha256: str) -> Enrolment:
    """Add the records that are missing and the row of the audit log that vouches for them."""
    event, known = entry.exhibit.event, find_exhibit(act.db, entry.exhibit.exhibit)
    if not find_event(act.db, event.event):
        state_event(act, event, is_new=True)
    if not known:
        state_exhibit(act, entry.exhibit, None)
    exhibit = known.exhibit if known else entry.exhibit.exhibit
    provenance = entry.scan.provenance
    names = ("sha256", "source", "lighting", "size_bytes")
    facts = {name: getattr(provenance, name) for name in names} | {"kind": entry.scan.kind}
    written = {"file_sha256": file_sha256, "enrolled_at": now_utc()}
    act.insert("scans", {**facts, "exhibit": exhibit, **written})
    stated = ScanState(first_name(act.db, exhibit), provenance.lighting)
    state_scan(act, entry.sha256, stated, is_new=True)
    insert_marks(act, entry.scan, entry.templates, entry.verdicts, 0)
    act.log(entry.sha256, exhibit=exhibit)
    return Enrolment(EnrolOutcome.NEW, exhibit, entry.sha256, len(entry.templates))


def insert_marks(
    act: Act,
    scan: Scan,
    templates: Sequence[Template],
    verdicts: Sequence[str],
    first: int,
    **columns: int,
) -> None:
    """Add the marks of a scan, the first one at a position, with the verdicts on their quality
    where they were judged; `columns` are those of a description."""
    judged = verdicts or [""] * len(templates)
    for position, (template, verdict) in enumerate(zip(templates, judged, strict=True), first):
        fields = mark_fields(scan, template, position, act.who)
        act.insert("marks", {**fields, "verdict": str(verdict), **columns})


def _refuse_conflict(
    where: str, stored: dict[str, str], found: dict[str, str], words: Vocabulary, known: bool
) -> None:
    """Refuse what the vault says otherwise. Spellings of one value say the same; of a scan that is
    `known`, what the vault does not say is not taken over, and is no conflict."""
    for name, value in found.items():
        if not value or value == stored[name] or (known and not stored[name]):
            continue
        if name not in FIELDS or words.meaning(name, value) != words.meaning(name, stored[name]):
            raise StoreError(
                f"{where}: {name} is {stored[name]!r} in the vault, found {value!r}; "
                "`ribin exhibit edit` corrects what the vault has"
            )


def mark_fields(scan: Scan, template: Template, position: int, who: str) -> dict[str, object]:
    """The columns of a mark.

    `origin` is empty where the program found the mark or the file's maker cut it out. `outline` is
    the note of the scan that says how a person drew it, and `outlined_by` that person, where it was
    not in the file already.
    """
    drawn = scan.mark_valid if template.mark_type is MarkType.BREECH_FACE else None
    outlined = template.mark_type in scan.outlines or drawn is not None
    # The last note on who drew the outline, and with which file or circle.
    mark_type = template.mark_type
    words: tuple[str, ...] = (f"{mark_type.words} outlined by ",)
    if mark_type is MarkType.BREECH_FACE:
        words += ("mask ",)
    notes = [note for note in scan.provenance.notes if note.lower().startswith(words)]
    note = (notes[-1] if notes else "in the file") if outlined else ""
    return {
        "sha256": scan.provenance.sha256,
        "position": position,
        "mark_type": str(template.mark_type),
        "kind": str(template.kind),
        "pitch_um": template.pitch_um,
        "params_id": template.params_id,
        "template_sha256": template_sha256(template),
        "version": __version__,
        "origin": str(Origin.OUTLINED) if outlined else "",
        "outline": note,
        "outlined_by": who if who and f" by {who}" in note else "",
    }


@dataclass(frozen=True)
class ScanEntry:
    """One scan on its way in, with all that the catalogue will say of it."""

    scan: Scan
    marks: Sequence[Mark]
    templates: Sequence[Template]
    exhibit: Exhibit
    who: str
    reason: str
    verdicts: Sequence[str] = ()  # on the quality of each mark, where it was judged

    @property
    def sha256(self) -> str:
        return self.scan.provenance.sha256


def check_entry(entry: ScanEntry, original: bytes) -> None:
    """Refuse what could not be trusted later.

    Raises ParameterError: the bytes are not the scan's; marks and templates do not pair; nobody is
    named; or an identifier, the date or the firearm of the exhibit cannot be.
    """
    source, exhibit = entry.scan.provenance.source, entry.exhibit
    found = hashlib.sha256(original).hexdigest()
    if found != entry.sha256:
        raise ParameterError(f"{source}: bytes of SHA-256 {entry.sha256} needed, found {found}")
    kinds = [(m.mark_type, m.kind) for m in entry.marks]
    if not kinds or kinds != [(t.mark_type, t.kind) for t in entry.templates]:
        raise ParameterError(
            f"{source}: at least one mark and a template of each needed, "
            f"found {len(entry.marks)} marks and {len(entry.templates)} templates"
        )
    if not entry.who.strip():
        raise ParameterError(f"{source}: who enrols needed, found nobody")
    for problem in exhibit_problems(exhibit, source):
        raise ParameterError(problem)


def exhibit_problems(exhibit: Exhibit, source: str) -> list[str]:
    """One sentence for each text, identifier, day or firearm of an exhibit that cannot be."""
    problems = []
    texts = {**fields_of(exhibit), **asdict(exhibit.event)}
    for name, value in texts.items():
        where = f"{source}: exhibit {exhibit.exhibit!r}: {name}"
        length = TEXT_LENGTH if name == "place" else NAME_LENGTH
        problem = text_problem(value, length)
        if name in ("exhibit", "event") and (problem or not value):
            needed = f"{source}: {name} needs an identifier, found {value!r}"
            problems.append(f"{needed}: {problem}".removesuffix(": "))
        elif problem:
            problems.append(f"{where}: {problem}")
        elif made_by_spreadsheet(value, name in _NAMES):
            found = f"found {value!r}, which a spreadsheet made"
            problems.append(f"{where} as a person wrote it needed, {found}")
    if _MEANS_ELSE.match(exhibit.exhibit):
        problems.append(
            f"{source}: exhibit needs an identifier that commands do not read as a file or as "
            f"another member's exhibit, found {exhibit.exhibit!r}"
        )
    if exhibit.event.date:
        try:
            checked_past_day(exhibit.event.date, f"event {exhibit.event.event}: date")
        except ParameterError as error:
            problems.append(f"{error}; {error.hint}".removesuffix("; "))
    if exhibit.firearm and exhibit.kind is not ExhibitKind.TEST_FIRE:
        problems.append(
            f"exhibit {exhibit.exhibit}: only a test fire has a known firearm, "
            f"found {exhibit.firearm!r} on {exhibit.kind}"
        )
    return problems


# How a scan file enters marks/, and how what a crash left behind goes away.
#
#     incoming/<sha256>/file.h5   ->   marks/ab/<sha256>.h5
#
# The folder incoming/<sha256> exists from before the first byte until after the catalogue has
# committed. A file in marks/ that the catalogue does not know is therefore named in incoming/.
# All of this happens while holding the catalogue's write lock, so whatever a writer finds there
# belongs to a writer that died.

INCOMING_FOLDER = "incoming"
MARKS_FOLDER = "marks"
DESCRIBED_FOLDER = "described"  # see redescribe.py
NOTICES_FOLDER = "notices"  # what ribin.leads writes


def scan_path(folder: Path, sha256: str) -> Path:
    """Where the file of a scan lies in the vault."""
    return folder / MARKS_FOLDER / sha256[:2] / f"{sha256}.h5"


def admit_file(folder: Path, sha256: str, content: bytes) -> None:
    """Put the file of a scan in its place, durably. Needs the catalogue's write lock."""
    arriving = folder / INCOMING_FOLDER / sha256
    make_folder(arriving)
    fsync_folder(arriving.parent)
    write_synced(arriving / "file.h5", content)
    place = scan_path(folder, sha256)
    if not place.parent.is_dir():
        make_folder(place.parent)
        fsync_folder(place.parent.parent)
    os.replace(arriving / "file.h5", place)
    fsync_folder(place.parent)


def forget_arrival(folder: Path, sha256: str) -> None:
    """The catalogue has committed: the file is no longer on its way."""
    shutil.rmtree(folder / INCOMING_FOLDER / sha256, ignore_errors=True)


def remove_scan(folder: Path, sha256: str) -> None:
    """Take away the file of a scan, and its later descriptions."""
    scan_path(folder, sha256).unlink(missing_ok=True)
    for path in (folder / DESCRIBED_FOLDER / sha256[:2]).glob(f"{sha256}-*"):
        path.unlink(missing_ok=True)


def is_arriving(folder: Path, sha256: str) -> bool:
    """Whether a file in marks/ is there ahead of the catalogue, by a living or a dead writer."""
    return (folder / INCOMING_FOLDER / sha256).is_dir()


def clear_leftovers(folder: Path, is_enrolled: Callable[[str], object]) -> None:
    """Remove what dead writers left. Needs the catalogue's write lock."""
    for left in sorted((folder / INCOMING_FOLDER).glob("*")):
        if not is_enrolled(left.name):
            remove_scan(folder, left.name)
        # A writer that has just committed takes its own away, without the lock.
        shutil.rmtree(left, ignore_errors=True)


def bytes_of(path: Path) -> bytes:
    """A file as it was received; StoreError where it is none or cannot be read."""
    try:
        with open_input(path) as file:
            return file.read()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
