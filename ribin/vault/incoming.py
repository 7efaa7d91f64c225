"""How a scan file enters marks/, and how what a crash left behind goes away.

    incoming/<sha256>/file.h5   ->   marks/ab/<sha256>.h5

The folder incoming/<sha256> exists from before the first byte until after the catalogue has
committed. A file in marks/ that the catalogue does not know is therefore named in incoming/.
All of this happens while holding the catalogue's write lock, so whatever a writer finds there
belongs to a writer that died.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from ribin.errors import StoreError
from ribin.vault.files import fsync_folder, write_synced

INCOMING_FOLDER = "incoming"
MARKS_FOLDER = "marks"
DESCRIBED_FOLDER = "described"  # see described.py
NOTICES_FOLDER = "notices"  # what ribin.leads writes


def scan_path(folder: Path, sha256: str) -> Path:
    """Where the file of a scan lies in the vault."""
    return folder / MARKS_FOLDER / sha256[:2] / f"{sha256}.h5"


def admit_file(folder: Path, sha256: str, content: bytes) -> None:
    """Put the file of a scan in its place, durably. Needs the catalogue's write lock."""
    arriving = folder / INCOMING_FOLDER / sha256
    arriving.mkdir(parents=True)
    fsync_folder(arriving.parent)
    write_synced(arriving / "file.h5", content)
    place = scan_path(folder, sha256)
    if not place.parent.is_dir():
        place.parent.mkdir()
        fsync_folder(place.parent.parent)
    os.replace(arriving / "file.h5", place)
    fsync_folder(place.parent)


def forget_arrival(folder: Path, sha256: str) -> None:
    """The catalogue has committed: the file is no longer on its way."""
    shutil.rmtree(folder / INCOMING_FOLDER / sha256, ignore_errors=True)


def discard_arrival(folder: Path, sha256: str) -> None:
    """The disk refused: take back what was written. Needs the catalogue's write lock."""
    remove_scan(folder, sha256)
    forget_arrival(folder, sha256)


def remove_scan(folder: Path, sha256: str) -> None:
    """Take away the file of a scan, and what was described of it anew."""
    scan_path(folder, sha256).unlink(missing_ok=True)
    for path in (folder / DESCRIBED_FOLDER / sha256[:2]).glob(f"{sha256}-*"):
        path.unlink(missing_ok=True)


def is_arriving(folder: Path, sha256: str) -> bool:
    """Whether a file in marks/ is there ahead of the catalogue, by a living or a dead writer."""
    return (folder / INCOMING_FOLDER / sha256).is_dir()


def clear_leftovers(folder: Path, is_enrolled: Callable[[str], bool]) -> None:
    """Remove what dead writers left. Needs the catalogue's write lock."""
    for left in sorted((folder / INCOMING_FOLDER).glob("*")):
        if not is_enrolled(left.name):
            remove_scan(folder, left.name)
        # A writer that has just committed takes its own away, without the lock.
        shutil.rmtree(left, ignore_errors=True)


def bytes_of(path: Path) -> bytes:
    """A file as it was received; StoreError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
