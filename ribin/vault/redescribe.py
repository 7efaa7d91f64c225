"""Scans that were redescribed after parameters changed, in files of their own, made once.

    described/ab/abcd....-<params_id>.h5      as a scan file, without the original bytes

The scan file stays as it is, and so do the records of its marks. Of each scan the marks in use are
those of its latest description; whoever searches with other parameters is told so.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ribin.cases.leads import Role
from ribin.errors import StoreError
from ribin.model import Mark, Scan, Template
from ribin.vault.audit import now_utc
from ribin.vault.enrol import DESCRIBED_FOLDER, mark_fields, scan_path
from ribin.vault.exhibits import MARKS_IN_USE, StoredMark
from ribin.vault.files import fsync_folder, make_folder, write_durably
from ribin.vault.people import check_role_if_any
from ribin.vault.rows import from_row
from ribin.vault.scanfile import pack_scan, read_template, template_sha256

if TYPE_CHECKING:
    from ribin.vault.vault import Vault


@dataclass(frozen=True)
class StoredDescription:
    """A row of the table `descriptions`, and whose scan it is."""

    description: int
    sha256: str
    params_id: str
    file_sha256: str
    exhibit: str


def described_path(folder: Path, sha256: str, params_id: str) -> Path:
    """Where the description of a scan with these parameters lies."""
    return folder / DESCRIBED_FOLDER / sha256[:2] / f"{sha256}-{params_id}.h5"


def mark_path(folder: Path, stored: StoredMark) -> Path:
    """The file in which a mark and its template lie."""
    sha256 = stored.scan.sha256
    if stored.described:
        return described_path(folder, sha256, stored.params_id)
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
        "SELECT d.*, s.exhibit FROM descriptions d JOIN scans s USING (sha256) ORDER BY description"
    )
    return [from_row(StoredDescription, row) for row in db.execute(query)]


def scans_in_use_with(db: sqlite3.Connection, folder: Path, params_id: str) -> set[str]:
    """SHA-256 of the scans whose marks in use were made with these parameters and are there."""
    query = f"SELECT DISTINCT sha256 FROM {MARKS_IN_USE} WHERE params_id = ?"
    lost = {
        one.sha256
        for one in read_descriptions(db)
        if one.params_id == params_id
        and not described_path(folder, one.sha256, params_id).is_file()
    }
    return {str(row[0]) for row in db.execute(query, (params_id,))} - lost


def admit_description(
    vault: Vault,
    scan: Scan,
    marks: Sequence[Mark],
    templates: Sequence[Template],
    *,
    who: str,
    reason: str,
) -> bool:
    """Store marks and templates of an enrolled scan, and use them from now on.

    What was stored before with these parameters is used again; it is the same, and gives False.

    Raises AccessError: `who` is no administrator; StoreError: the scan is not enrolled, the vault
    is read-only or locked, or the disk refuses.
    """
    sha256, params_id = scan.provenance.sha256, templates[0].params_id
    with vault.act("describe", who, reason, ()) as act:
        db = act.db
        check_role_if_any(db, who, Role.ADMINISTRATOR)
        positions = "SELECT max(position) FROM marks WHERE sha256 = ?"
        last = db.execute(positions, (sha256,)).fetchone()[0]
        if last is None:
            raise StoreError(
                f"{vault.path}: an enrolled scan needed, found none of SHA-256 {sha256}"
            )
        known = "SELECT * FROM descriptions WHERE sha256 = ? AND params_id = ?"
        row = db.execute(known, (sha256, params_id)).fetchone()
        path = described_path(vault.path, sha256, params_id)
        if row is None:
            content = pack_scan(None, scan, marks, templates, first=last + 1)
            _write(path, content)
            columns = {"sha256": sha256, "params_id": params_id, "at": now_utc()}
            columns["file_sha256"] = hashlib.sha256(content).hexdigest()
            description = int(act.insert("descriptions", columns).partition("/")[2])
            for position, template in enumerate(templates, last + 1):
                mark = mark_fields(scan, template, position, who)
                act.insert("marks", {**mark, "description": description})
        else:
            if not path.is_file():  # it was lost, and must be made the same
                positions = "SELECT min(position) FROM marks WHERE description = ?"
                first = db.execute(positions, (row["description"],)).fetchone()[0]
                content = pack_scan(None, scan, marks, templates, first=first)
                if hashlib.sha256(content).hexdigest() != row["file_sha256"]:
                    raise StoreError(
                        f"{path}: the description that was here needed, made another one"
                    )
                _write(path, content)
            act.change("descriptions", row["description"], at=now_utc())
        db.execute("UPDATE content SET token = lower(hex(randomblob(16)))")  # other marks in use
        act.log(sha256, params_id=params_id)
    return row is None


def _write(path: Path, content: bytes) -> None:
    try:
        make_folder(path.parent)
        write_durably(path, content)
        for folder in (path.parent.parent, path.parent.parent.parent):
            fsync_folder(folder)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror}") from error
