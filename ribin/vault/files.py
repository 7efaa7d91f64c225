"""Writing a file so that a crash leaves it whole or absent, never half-written."""

from __future__ import annotations

import os
from pathlib import Path


def fsync_folder(folder: Path) -> None:
    """Make renames and new names in this folder survive a power loss.

    Windows cannot open a folder as a file; its file system journals names by itself.
    """
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_synced(path: Path, content: bytes) -> None:
    """Write the bytes and wait until the disk has them; the name itself is not synced."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_durably(path: Path, content: bytes) -> None:
    """Put the bytes under this name in one step: written aside, synced, renamed, folder synced."""
    aside = path.with_name(path.name + ".aside")
    write_synced(aside, content)
    os.replace(aside, path)
    fsync_folder(path.parent)
