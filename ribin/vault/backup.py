"""Copies of a whole vault, taken while others work in it, and verified before they have a name.

    target.partial-XXXX/  ->  target/  ->  target.before/, until the next one is there

The catalogue is copied as it is at one moment; scan files never change, so those that this moment
names can be copied afterwards. What is derived (the index) and what is on its way in is left out.

A backup into the same folder is a new generation: files that the last one has are linked to those,
never to the vault, so that no write in the vault reaches a backup.
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
from ribin.vault.files import (
    check_within,
    fsync_folder,
    make_folder,
    set_access_like,
    vault_files,
    write_synced,
)
from ribin.vault.keys import KEY_FILE
from ribin.vault.leads import VERDICTS_OF, leads_with_second_due
from ribin.vault.people import check_role_if_any
from ribin.vault.vault import Vault
from ribin.workers import Tick

_LEFT_OUT = (INCOMING_FOLDER, "index")


@dataclass(frozen=True)
class BackupResult:
    """A copy that was checked: what it holds, and the end of its audit log."""

    scans: int
    size_bytes: int
    head: AuditHead
    linked: int = 0  # files that are those of the last backup


def back_up(
    vault: Vault, target: Path, *, who: str, reason: str, on_progress: Tick
) -> BackupResult:
    """Copy a vault into a new or empty folder, or in the place of its last backup; its audit log
    says so. The last one stays until the new one is verified.

    Raises AccessError: `who` is no administrator; StoreError: the folder holds something else, the
    disk refuses, or the copy is not sound: then there is none.
    """
    _recover(target)
    last = _last_backup(vault, target)
    with vault.catalogue.reading() as db:
        check_role_if_any(db, who, Role.ADMINISTRATOR)
        due = leads_with_second_due(db)  # verdicts that the copy holds, too

    def note(shown: list[str]) -> None:
        facts = {"target": target.name, VERDICTS_OF: shown}
        vault.record("backup", vault.member, who, reason, **facts)

    def note_late(copy: sqlite3.Connection) -> None:
        """A first verdict given after the note above and before the copy is in the copy."""
        copy.row_factory = sqlite3.Row
        late = sorted(set(leads_with_second_due(copy)) - set(due))
        if late and vault.writable:
            note(late)

    if vault.writable:
        note(due)
    return _copy_checked(vault, target, on_progress, note_late, last)


def _last_backup(vault: Vault, target: Path) -> Path | None:
    """The target, where it is an earlier backup of this vault; None where it is new or empty.

    Whatever its log says must be in the vault's, so that nothing is replaced that is nowhere else.
    """
    own, place = vault.path.resolve(), target.resolve()
    if own == place or not (target / IDENTITY_FILE).is_file():
        _check_empty(target)
        if own in place.parents:
            raise StoreError(f"{target}: a folder beside the vault {vault.path} needed")
        return None
    with Vault.open(target, read_only=True) as backup:
        head = backup.audit_head()
    with vault.catalogue.reading() as db:
        row = db.execute("SELECT sha256 FROM audit WHERE seq = ?", (head.seq,)).fetchone()
    if head.member != vault.member or row is None or row["sha256"] != head.sha256:
        raise StoreError(
            f"{target}: an earlier backup of {vault.path} needed, found a vault of {head.member} "
            f"whose audit row {head.seq} is not in its log",
            hint="name a new folder",
        )
    return target


def _before(target: Path) -> Path:
    """Where the last backup is while the new one takes its name."""
    return target.with_name(f"{target.name}.before")


def _recover(target: Path) -> None:
    """Give the last backup its name again, where a crash came between."""
    if _before(target).is_dir() and not target.exists():
        os.replace(_before(target), target)


def restore(
    backup: Path, target: Path, *, who: str, reason: str, on_progress: Tick
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
    on_progress: Tick,
    look_at: Callable[[sqlite3.Connection], None] = lambda copy: None,
    last: Path | None = None,
) -> BackupResult:
    """The copy, once whole; `look_at` is shown its catalogue before the copy has its name."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f"{target.name}.partial-", dir=target.parent))
        try:
            set_access_like(aside, vault.path)
            linked = _copy(vault, aside, on_progress, look_at, last)
            with Vault.open(aside) as copy:
                report = copy.check(on_progress)
                if report.problems:
                    raise StoreError(f"{vault.path}: no sound copy: {report.problems[0].text}")
                head = copy.audit_head()
                copied = BackupResult(report.scans, report.size_bytes, head, linked)
            _take_place(aside, target)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
    except OSError as error:
        place = error.filename or target
        raise StoreError(f"{place}: cannot be copied: {error.strerror or error}") from error
    return copied


def _take_place(aside: Path, target: Path) -> None:
    """Give a verified copy its name; what had it before goes once that is durable."""
    before = _before(target)
    if target.exists():
        shutil.rmtree(before, ignore_errors=True)  # of a crash after the names were changed
        os.replace(target, before)
    os.replace(aside, target)
    fsync_folder(target.parent)
    shutil.rmtree(before, ignore_errors=True)


def _copy(
    vault: Vault,
    aside: Path,
    on_progress: Tick,
    look_at: Callable[[sqlite3.Connection], None],
    last: Path | None,
) -> int:
    """Fill the folder of a copy; how many of its files are those of the last backup."""
    linked = 0
    make_folder(aside / MARKS_FOLDER)
    make_folder(aside / INCOMING_FOLDER)
    vault.catalogue.copy_to(aside / CATALOGUE_FILE)
    with contextlib.closing(sqlite3.connect(aside / CATALOGUE_FILE)) as db:
        look_at(db)
        named = db.execute("SELECT sha256, file_sha256 FROM scans ORDER BY rowid").fetchall()
    for done, (sha256, file_sha256) in enumerate(named):
        on_progress(done, len(named))
        source, place = scan_path(vault.path, sha256), scan_path(aside, sha256)
        make_folder(place.parent)
        if last and _link(scan_path(last, sha256), place, file_sha256):
            linked += 1
            continue
        content = check_within(vault.path, source).read_bytes()
        if hashlib.sha256(content).hexdigest() != file_sha256:
            raise StoreError(f"{source}: SHA-256 {file_sha256} needed to copy it, found another")
        write_synced(place, content)
    for path in _other_files(vault.path):
        name, content = path.relative_to(vault.path), path.read_bytes()
        place = aside / name
        make_folder(place.parent)
        if last and _link(last / name, place, hashlib.sha256(content).hexdigest()):
            linked += 1
            continue
        write_synced(place, content)
        if path.name == KEY_FILE and os.name != "nt":
            place.chmod(0o600)
    for folder in (aside, *(p for p in aside.rglob("*") if p.is_dir())):
        fsync_folder(folder)
    return linked


def _link(kept: Path, place: Path, sha256: str) -> bool:
    """Give the file of the last backup another name, where it has these bytes and the file system
    can."""
    try:
        with kept.open("rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == sha256
        if not same or kept.is_symlink():
            return False
        os.link(kept, place)
    except OSError:
        return False
    return True


def _other_files(folder: Path) -> Iterator[Path]:
    """All but scan files, the catalogue and what is left out; vault.toml, which completes, last."""
    for path in vault_files(folder):
        top = path.relative_to(folder).parts[0]
        within = path.relative_to(folder).parts[:-1]
        skipped = top in (*_LEFT_OUT, MARKS_FOLDER) or "index" in within
        skipped |= top.startswith((CATALOGUE_FILE, IDENTITY_FILE))
        if not skipped:
            yield path
    yield folder / IDENTITY_FILE


def _check_empty(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StoreError(f"{target}: a new or empty folder needed, found files in it")
