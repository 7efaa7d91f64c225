"""Files that can be made again: named by their bytes, put aside and renamed, lost without harm."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path


def write_derived(folder: Path, name: str, suffix: str, content: bytes) -> Path | None:
    """Put a file `name-<hash><suffix>` in a folder; None where the disk refuses.

    Equal content has an equal name, so two processes that do this at once write the same file.
    """
    path = folder / f"{name}-{_name_hash(content)}{suffix}"
    aside = path.with_name(f"{path.name}.{os.getpid()}.aside")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(content)
        os.replace(aside, path)
    except OSError:
        remove_derived(aside)
        return None
    return path


def read_derived(path: Path) -> bytes | None:
    """The bytes of a file; None where they are not those in its name, or cannot be read."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return content if path.stem.rpartition("-")[2] == _name_hash(content) else None


def remove_derived(path: Path) -> None:
    """Take a file away; one that is gone or cannot be removed does no harm."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _name_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
