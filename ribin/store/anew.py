"""A vault made anew from the tables and scan files of another, down to its audit log."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ribin.errors import StoreError
from ribin.store.audit import append_row
from ribin.store.catalogue import Catalogue
from ribin.store.described import described_path, read_descriptions
from ribin.store.durable import fsync_folder, write_durably
from ribin.store.identity import write_identity
from ribin.store.incoming import INCOMING_FOLDER, MARKS_FOLDER, scan_path
from ribin.store.tables import Table, fill_tables
from ribin.store.written import change_record

_WAIT_S = 30.0


def make_anew(
    folder: Path,
    tables: Mapping[str, Table],
    pack: Callable[[str], bytes],
    who: str,
    reason: str,
    details: dict[str, Any],
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Make the vault in a new or empty folder: all of it, or nothing; gives the number of scans.

    The audit log is that of the tables, and one row more. Where HDF5 packs a scan otherwise than
    it was, that row names the hash of the file as it is now.

    Parameters
    ----------
    pack : callable
        Gives a file by the name of its folder in the export: scans/SHA-256 or
        described/SHA-256-params_id.

    Raises
    ------
    StoreError
        The folder holds something, the tables are not sound, or the disk refuses.
    """
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise StoreError(f"{folder}: an empty folder needed, found files in it")
    except OSError as error:
        raise StoreError(f"{folder}: a vault cannot be made here: {error.strerror}") from error
    try:
        return _fill(folder, tables, pack, who, reason, details, tick)
    except BaseException as error:
        with contextlib.suppress(OSError):
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            if made:
                folder.rmdir()
        if isinstance(error, OSError):
            raise StoreError(f"{folder}: cannot be written: {error.strerror}") from error
        raise


def _fill(
    folder: Path,
    tables: Mapping[str, Table],
    pack: Callable[[str], bytes],
    who: str,
    reason: str,
    details: dict[str, Any],
    tick: Callable[[int, int], None],
) -> int:
    for name in (MARKS_FOLDER, INCOMING_FOLDER):
        (folder / name).mkdir()
    catalogue = Catalogue.create(folder, _WAIT_S)
    try:
        with catalogue.writing() as db:
            fill_tables(db, tables)
            owner = str(db.execute("SELECT subject FROM audit WHERE seq = 1").fetchone()[0])
            scans = db.execute("SELECT sha256, file_sha256 FROM scans ORDER BY rowid").fetchall()
            repacked: dict[str, str] = {}
            for done, (sha256, file_sha256) in enumerate(scans):
                tick(done, len(scans))
                found = _put(scan_path(folder, sha256), pack(f"scans/{sha256}"))
                if found != file_sha256:
                    repacked.update([_renewed(db, "scans", sha256, found)])
            for one in read_descriptions(db):
                place = described_path(folder, one.sha256, one.params_id)
                found = _put(place, pack(f"described/{one.sha256}-{one.params_id}"))
                if found != one.file_sha256:
                    repacked.update([_renewed(db, "descriptions", one.description, found)])
            tick(len(scans), len(scans))
            append_row(db, "import", owner, who, reason, {**details, "records": repacked})
        fsync_folder(folder)
    finally:
        catalogue.close()
    write_identity(folder, owner)
    return len(scans)


def _put(path: Path, content: bytes) -> str:
    """Write a file of the vault; its SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, content)
    return hashlib.sha256(content).hexdigest()


def _renewed(db: sqlite3.Connection, table: str, key: object, found: str) -> tuple[str, str]:
    return change_record(db, table, key, {"file_sha256": found})
