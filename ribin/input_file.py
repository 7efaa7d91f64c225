"""A file that a person or another program named, opened only where it is one.

A named pipe waits for a writer for ever, and a device may never end: both are refused before
anything is read of them. Refusals are `OSError`, so that whoever opens a file says in one place
what was needed; their `strerror` says what was found.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

MIB = 1 << 20

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
# A pipe that takes the place of the file after it was looked at does not block either.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def open_input(path: Path) -> BinaryIO:
    """A regular file, open for reading; OSError where it is none or cannot be read."""
    _check_kind(path.stat().st_mode, path)
    file = os.fdopen(os.open(path, _READ), "rb")
    try:
        _check_kind(os.fstat(file.fileno()).st_mode, path)
    except OSError:
        file.close()
        raise
    return file


def read_input(path: Path, most_mib: float) -> bytes:
    """The content of a regular file; OSError as `open_input`, and where it is larger."""
    with open_input(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most_mib * MIB:
            found = f"at most {most_mib:g} MiB needed, found {size / MIB:.3g} MiB"
            raise OSError(errno.EFBIG, found, str(path))
        content = file.read(size + 1)
    if len(content) > size:  # it grows, or is one of the system's that are made while they are read
        raise OSError(errno.EFBIG, f"found more than the {size} bytes that it has", str(path))
    return content


def _check_kind(mode: int, path: Path) -> None:
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "something that is no file")
        raise OSError(errno.EINVAL, f"found {kind}", str(path))
