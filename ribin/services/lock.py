"""A file that one process holds; the system lets go of it however that process ends."""

from __future__ import annotations

import sys
from typing import BinaryIO

_FAR = 2**31 - 2  # Windows locks bytes, and the byte need not exist: one that nobody reads

if sys.platform == "win32":
    import msvcrt

    def lock_file(file: BinaryIO) -> bool:
        """Hold the open file until it is closed; False where another process holds it."""
        place = file.tell()
        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            file.seek(place)
        return True

else:
    import fcntl

    def lock_file(file: BinaryIO) -> bool:
        """Hold the open file until it is closed; False where another process holds it."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
