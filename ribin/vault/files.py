"""Writing a file so that a crash leaves it whole or absent, never half-written."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedWriter
from pathlib import Path
from typing import Literal

from ribin.errors import ParameterError, RibinError, StoreError

INDEX_FOLDER = "index"


# Who may read and write: a vault is its owner's alone, or a group's of the operating system. What
# is made in a folder of it has the folder's mode, so the folder of the vault decides for all of it.

_OWN, _GROUP = 0o700, 0o2770  # 2000: what is made in it is the group's too
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)


def set_access(folder: Path, group: str = "") -> None:
    """Let the owner alone, or a group too, into a folder that is being made.

    Raises ParameterError: there is no such group, or the operating system has none (Windows, where
    the folder keeps the rights that it has).
    """
    if os.name == "nt":
        if group:
            raise ParameterError(f"group {group}: this operating system has none; set its rights")
        return
    if group:
        import grp

        try:
            number = grp.getgrnam(group).gr_gid
        except KeyError as error:
            raise ParameterError(f"group: one of this machine needed, found {group!r}") from error
        os.chown(folder, -1, number)
    folder.chmod(_GROUP if group else _OWN)


def set_access_like(folder: Path, other: Path) -> None:
    """As `set_access`, as another folder has it; a group that may not be given gets nothing."""
    if os.name == "nt":
        return
    facts = other.stat()
    folder.chmod(_OWN)
    if stat.S_IMODE(facts.st_mode) == _GROUP:
        with contextlib.suppress(PermissionError):
            os.chown(folder, -1, facts.st_gid)
            folder.chmod(_GROUP)


def access_problem(folder: Path) -> str:
    """What is wrong with who may read a vault; empty where nothing is. Not for Windows."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode not in (_OWN, _GROUP):
        return f"mode {_OWN:04o}, or {_GROUP:04o} of a group, needed, found {mode:04o}"
    for path in vault_files(folder):
        found, needed = stat.S_IMODE(path.stat().st_mode), mode & 0o660
        if found & ~needed or (found != needed and path.suffix != ".key"):
            return f"{path.relative_to(folder)}: mode {needed:04o} needed, found {found:04o}"
    return ""


def make_folder(folder: Path) -> None:
    """A folder of a vault, and those above it that lack; one that is there stays as it is."""
    if folder.is_symlink():
        raise _link_found(folder)
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    if os.name != "nt":
        mode = stat.S_IMODE(folder.parent.stat().st_mode)
        if mode in (_OWN, _GROUP):
            folder.chmod(mode)


def open_for_writing(path: Path, how: Literal["wb", "ab"] = "wb") -> BufferedWriter:
    """A file of a vault; a symbolic link is not followed."""
    return open(path, how, opener=_opened)


def _opened(path: str, flags: int) -> int:
    handle = os.open(path, flags | _NO_LINKS, 0o666)
    if os.name != "nt":
        mode = stat.S_IMODE(os.stat(os.path.dirname(path) or ".").st_mode)
        if mode in (_OWN, _GROUP) and stat.S_IMODE(os.fstat(handle).st_mode) != mode & 0o660:
            with contextlib.suppress(PermissionError):  # another login of the group made it
                os.fchmod(handle, mode & 0o660)
    return handle


# Nothing in a vault leads out of it: whoever may write there could have any file of its owner's
# read into backups and answers, or written over.


def check_no_links(folder: Path) -> None:
    """Refuse a vault whose folder, or a folder in it, has a symbolic link; files deeper down are
    looked at when they are opened.

    Raises StoreError: it names the link.
    """
    for place in (folder, *_folders_in(folder)):
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.is_symlink():
                    raise _link_found(Path(entry.path))


def _folders_in(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]


def check_within(folder: Path, path: Path) -> Path:
    """The path itself where no part of it below the folder is a symbolic link; else StoreError."""
    for part in (path, *path.parents):
        if part == folder:
            break
        if part.is_symlink():
            raise _link_found(part)
    return path


def links_within(folder: Path) -> list[Path]:
    """Every symbolic link anywhere in a folder."""
    return sorted(
        Path(place) / name
        for place, folders, files in os.walk(folder)
        for name in (*folders, *files)
        if (Path(place) / name).is_symlink()
    )


def vault_files(folder: Path) -> list[Path]:
    """Every file in a folder, in order; StoreError where there is a symbolic link."""
    for link in links_within(folder):
        raise _link_found(link)
    return sorted(Path(place) / name for place, _, files in os.walk(folder) for name in files)


def _link_found(path: Path) -> StoreError:
    return StoreError(
        f"{path}: a file or folder of the vault itself needed, found a symbolic link",
        hint="put what it leads to in its place, if it belongs there",
    )


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
    with open_for_writing(path) as file:
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


def write_derived(folder: Path, name: str, suffix: str, content: bytes) -> Path | None:
    """Put a file `name-<hash><suffix>` in a folder; None where the disk refuses.

    Equal content has an equal name, so two processes that do this at once write the same file.
    """
    path = folder / f"{name}-{_name_hash(content)}{suffix}"
    aside = path.with_name(f"{path.name}.{os.getpid()}.aside")
    try:
        make_folder(folder)
        with open_for_writing(aside) as file:
            file.write(content)
        os.replace(aside, path)
    except (OSError, StoreError):
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
    """XXH3 of 128 bits: it notices what disks and memory do, at the speed of memory.

    Whoever may write here could name other bytes by any hash.
    """
    import xxhash  # not where a command reads no index

    return str(xxhash.xxh3_128_hexdigest(content))
