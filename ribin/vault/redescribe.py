"""Scans that were described anew, with other parameters or read otherwise, in files of their own.

    described/ab/abcd....-<params_id>.h5      as a scan file, without the original bytes
    described/ab/abcd....-<params_id>-2.h5    of its second reading

The scan file stays as it is, and so do the rows of its marks: what earlier lists and leads rest on.
The record of a scan says whose marks count; who searches with other parameters is told so.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ribin.errors import StoreError
from ribin.model import Mark, Scan, Template
from ribin.vault.audit import now_utc
from ribin.vault.enrol import DESCRIBED_FOLDER, insert_marks, scan_path
from ribin.vault.exhibits import MARKS_IN_USE, StoredMark
from ribin.vault.files import fsync_folder, make_folder, write_durably
from ribin.vault.rows import from_row
from ribin.vault.scanfile import (
    ScanContents,
    pack_scan,
    read_contents_of_scan,
    read_template,
    template_sha256,
)
from ribin.vault.states import ScanState, scan_state, state_scan

if TYPE_CHECKING:
    from ribin.vault.vault import Vault


@dataclass(frozen=True)
class StoredDescription:
    """A row of the table `descriptions`, and whose scan it is."""

    description: int
    sha256: str
    params_id: str
    reading: int
    file_sha256: str
    exhibit: str

    def path(self, folder: Path) -> Path:
        """Where its file lies in the vault; its name without the ending is that in an export."""
        return described_path(folder, self.sha256, self.params_id, self.reading)


def described_path(folder: Path, sha256: str, params_id: str, reading: int = 0) -> Path:
    """Where the description of a scan with these parameters lies, as of one of its readings."""
    name = f"{sha256}-{params_id}-{reading}" if reading else f"{sha256}-{params_id}"
    return folder / DESCRIBED_FOLDER / sha256[:2] / f"{name}.h5"


def mark_path(folder: Path, stored: StoredMark) -> Path:
    """The file in which a mark and its template lie."""
    sha256 = stored.scan.sha256
    if stored.described:
        return described_path(folder, sha256, stored.params_id, stored.reading)
    return scan_path(folder, sha256)


def checked_template(path: Path, stored: StoredMark) -> Template:
    """The template of a mark from this file; StoreError where it is not the one enrolled."""
    template = read_template(path, stored.position)
    if template_sha256(template) != stored.template_sha256:
        raise StoreError(f"{path}: template {stored.position} is not the one enrolled")
    return template


def read_descriptions(db: sqlite3.Connection) -> list[StoredDescription]:
    """All of them, oldest first."""
    query = (
        "SELECT d.*, s.exhibit FROM descriptions d JOIN scans s USING (sha256)"
        " ORDER BY d.description"
    )
    return [from_row(StoredDescription, row) for row in db.execute(query)]


def scans_in_use_with(db: sqlite3.Connection, folder: Path, params_id: str) -> set[str]:
    """SHA-256 of the scans whose marks in use were made with these parameters and are there."""
    query = f"SELECT DISTINCT sha256 FROM {MARKS_IN_USE} WHERE params_id = ?"
    lost = {
        one.sha256
        for one in read_descriptions(db)
        if one.params_id == params_id and not one.path(folder).is_file()
    }
    return {str(row[0]) for row in db.execute(query, (params_id,))} - lost


def contents_as_read(vault: Vault, sha256: str) -> ScanContents:
    """An enrolled scan as a person had it read last: at its enrolment, or anew since.

    Raises StoreError: a file of it is missing or damaged.
    """
    contents = read_contents_of_scan(scan_path(vault.path, sha256))
    with vault.catalogue.reading() as db:
        reading = scan_state(db, sha256).reading
        found = [d for d in read_descriptions(db) if (d.sha256, d.reading) == (sha256, reading)]
    if not reading:
        return contents
    return read_contents_of_scan(found[-1].path(vault.path), contents.original)


def admit_description(
    vault: Vault,
    scan: Scan,
    marks: Sequence[Mark],
    templates: Sequence[Template],
    *,
    who: str,
    reason: str,
    verdicts: Sequence[str] = (),
    said: str = "",
) -> bool:
    """Store marks and templates of an enrolled scan, and let them count from now on.

    `said` is how a person had the scan read anew; empty where it was read as before and described
    with other parameters. What was stored before of this reading with these parameters is used
    again; it is the same, and gives False.

    Raises AccessError: the person may not; StoreError: the scan is not enrolled, the vault is
    read-only or locked, or the disk refuses.
    """
    sha256, params_id = scan.provenance.sha256, templates[0].params_id
    with vault.act("redo" if said else "describe", who, reason) as act:
        db = act.db
        positions = "SELECT max(position) FROM marks WHERE sha256 = ?"
        last = db.execute(positions, (sha256,)).fetchone()[0]
        if last is None:
            raise StoreError(
                f"{vault.path}: an enrolled scan needed, found none of SHA-256 {sha256}"
            )
        state = scan_state(db, sha256)
        reading = state.reading + 1 if said else state.reading
        known = "SELECT * FROM descriptions WHERE sha256 = ? AND params_id = ? AND reading = ?"
        row = db.execute(known, (sha256, params_id, reading)).fetchone()
        path = described_path(vault.path, sha256, params_id, reading)
        if row is None:
            content = pack_scan(None, scan, marks, templates, first=last + 1)
            _write(path, content)
            named = {"sha256": sha256, "params_id": params_id, "reading": reading}
            file = {"file_sha256": hashlib.sha256(content).hexdigest(), "at": now_utc()}
            made = act.insert("descriptions", {**named, **file})
            description = int(made.partition("/")[2])
            columns = {"description": description, "reading": reading}
            insert_marks(act, scan, templates, verdicts, last + 1, **columns)
        else:
            description = row["description"]
            if not path.is_file():  # it was lost, and must be made the same
                positions = "SELECT min(position) FROM marks WHERE description = ?"
                first = db.execute(positions, (description,)).fetchone()[0]
                content = pack_scan(None, scan, marks, templates, first=first)
                if hashlib.sha256(content).hexdigest() != row["file_sha256"]:
                    raise StoreError(
                        f"{path}: the description that was here needed, made another one"
                    )
                _write(path, content)
        if said:
            light = scan.provenance.lighting
            state = ScanState(state.exhibit, light, description, reading, said)
        state_scan(act, sha256, replace(state, description=description))
        act.log(sha256, params_id=params_id, reading=reading)
    return row is None


def _write(path: Path, content: bytes) -> None:
    try:
        make_folder(path.parent)
        write_durably(path, content)
        for folder in (path.parent.parent, path.parent.parent.parent):
            fsync_folder(folder)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror}") from error
