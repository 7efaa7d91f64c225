"""Writing a file so that a crash leaves it whole or absent, never half-written."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ribin.errors import RibinError

INDEX_FOLDER = "index"


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


@contextmanager
def new_folder(folder: Path, refusal: type[RibinError]) -> Iterator[None]:
    """Make a folder, or take an empty one, for the block to fill: all of it, or nothing.

    Raises `refusal`: the folder holds something, or the disk refuses.
    """
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise refusal(f"{folder}: a new or empty folder needed, found files in it")
        try:
            yield
        except FileExistsError:  # another process fills it at the same time: it is that one's
            raise
        except BaseException:
            with contextlib.suppress(OSError):
                for path in folder.iterdir():
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
                if made:
                    folder.rmdir()
            raise
    except OSError as error:
        raise refusal(f"{folder}: a folder to write needed, {error.strerror}") from error


# Files that can be made again: named by their bytes, put aside and renamed, lost without harm.

_DIGITS = 32  # of the hash in a name


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


def is_sound(path: Path) -> bool:
    """Whether the bytes of a file are those in its name; it is read in parts, not as a whole."""
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256")
    except OSError:
        return False
    return path.stem.rpartition("-")[2] == digest.hexdigest()[:_DIGITS]


def remove_derived(path: Path) -> None:
    """Take a file away; one that is gone or cannot be removed does no harm."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _name_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]
