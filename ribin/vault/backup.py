"""Copies of a whole vault, taken while others work in it, and verified before they have a name.

    target.partial-XXXX/  ->  target/

The catalogue is copied as it is at one moment; scan files never change, so those that this moment
names can be copied afterwards. What is derived (the index) and what is on its way in is left out.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ribin.cases.leads import Role
from ribin.errors import StoreError
from ribin.vault.audit import AuditHead
from ribin.vault.catalogue import CATALOGUE_FILE, IDENTITY_FILE
from ribin.vault.enrol import INCOMING_FOLDER, MARKS_FOLDER, scan_path
from ribin.vault.files import fsync_folder, write_synced
from ribin.vault.leads import VERDICTS_OF, leads_with_second_due
from ribin.vault.people import check_role_if_any
from ribin.vault.vault import Vault

_LEFT_OUT = (INCOMING_FOLDER, "index")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class BackupResult:
    """A copy that was checked: what it holds, and the end of its audit log."""

    scans: int
    size_bytes: int
    head: AuditHead


def back_up(
    vault: Vault, target: Path, *, who: str, reason: str, on_progress: Progress
) -> BackupResult:
    """Copy a vault into a new or empty folder; its audit log says so.

    Raises AccessError: `who` is no administrator; StoreError: the folder holds something, the disk
    refuses, or the copy is not sound: then there is none.
    """
    _check_empty(target)
    with vault.catalogue.reading() as db:
        check_role_if_any(db, who, Role.ADMINISTRATOR)
        due = leads_with_second_due(db)  # verdicts that the copy holds, too

    def note(shown: list[str]) -> None:
        facts = {"target": target.name, VERDICTS_OF: shown}
        vault.record("backup", vault.member, who, reason, **facts)

    def note_late(copy: sqlite3.Connection) -> None:
        """A first verdict given after the note above and before the copy is in the copy."""
        late = sorted(set(leads_with_second_due(copy)) - set(due))
        if late and vault.writable:
            note(late)

    if vault.writable:
        note(due)
    return _copy_checked(vault, target, on_progress, note_late)


def restore(
    backup: Path, target: Path, *, who: str, reason: str, on_progress: Progress
) -> BackupResult:
    """Make a vault of a backup in a new or empty folder. A vault in use is never written over.

    The audit log of the new vault goes on from that of the backup with a row that says so.

    Raises AccessError: `who` is no administrator of the backup; StoreError: as `back_up`.
    """
    _check_empty(target)
    with Vault.open(backup, read_only=True) as source:
        with source.catalogue.reading() as db:
            check_role_if_any(db, who, Role.ADMINISTRATOR)
        copied = _copy_checked(source, target, on_progress)
    with Vault.open(target) as vault:
        facts = {"seq": copied.head.seq, "sha256": copied.head.sha256}
        vault.record("restore", vault.member, who, reason, backup=facts)
        return BackupResult(copied.scans, copied.size_bytes, vault.audit_head())


def _copy_checked(
    vault: Vault,
    target: Path,
    on_progress: Progress,
    look_at: Callable[[sqlite3.Connection], None] = lambda copy: None,
) -> BackupResult:
    """The copy, once whole; `look_at` is shown its catalogue before the copy has its name."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f"{target.name}.partial-", dir=target.parent))
        try:
            _copy(vault, aside, on_progress, look_at)
            with Vault.open(aside) as copy:
                report = copy.check(on_progress)
                if report.problems:
                    raise StoreError(f"{vault.path}: no sound copy: {report.problems[0].text}")
                copied = BackupResult(report.scans, report.size_bytes, copy.audit_head())
            if target.exists():
                target.rmdir()
            os.replace(aside, target)
            fsync_folder(target.parent)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
    except OSError as error:
        place = error.filename or target
        raise StoreError(f"{place}: cannot be copied: {error.strerror or error}") from error
    return copied


def _copy(
    vault: Vault, aside: Path, on_progress: Progress, look_at: Callable[[sqlite3.Connection], None]
) -> None:
    (aside / MARKS_FOLDER).mkdir()
    (aside / INCOMING_FOLDER).mkdir()
    vault.catalogue.copy_to(aside / CATALOGUE_FILE)
    with contextlib.closing(sqlite3.connect(aside / CATALOGUE_FILE)) as db:
        look_at(db)
        named = db.execute("SELECT sha256, file_sha256 FROM scans ORDER BY rowid").fetchall()
    for done, (sha256, file_sha256) in enumerate(named):
        on_progress(done, len(named))
        source, place = scan_path(vault.path, sha256), scan_path(aside, sha256)
        content = source.read_bytes()
        if hashlib.sha256(content).hexdigest() != file_sha256:
            raise StoreError(f"{source}: SHA-256 {file_sha256} needed to copy it, found another")
        place.parent.mkdir(exist_ok=True)
        write_synced(place, content)
    for path in _other_files(vault.path):
        place = aside / path.relative_to(vault.path)
        place.parent.mkdir(parents=True, exist_ok=True)
        write_synced(place, path.read_bytes())
        shutil.copymode(path, place)
    for folder in (aside, *(p for p in aside.rglob("*") if p.is_dir())):
        fsync_folder(folder)


def _other_files(folder: Path) -> Iterator[Path]:
    """All but scan files, the catalogue and what is left out; vault.toml, which completes, last."""
    for path in sorted(folder.rglob("*")):
        top = path.relative_to(folder).parts[0]
        within = path.relative_to(folder).parts[:-1]
        skipped = top in (*_LEFT_OUT, MARKS_FOLDER) or "index" in within
        skipped |= top.startswith((CATALOGUE_FILE, IDENTITY_FILE))
        if path.is_file() and not skipped:
            yield path
    yield folder / IDENTITY_FILE


def _check_empty(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StoreError(f"{target}: a new or empty folder needed, found files in it")
