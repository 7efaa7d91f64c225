"""What a job has done so far, on the disk: a line for each item, only ever added.

The first line names the job. A line cut short by the end of the process is the last one and is
taken off; its item is done again. One process writes; the lock goes away with it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ribin.errors import FormatError, ParameterError, StoreError
from ribin.vault.files import make_line, parse_line

_SYNC_S = 0.5  # a line waits no longer for the disk; a process that is killed loses none of them


class Journal:
    """The open journal of one job; `open_journal` makes it.

    Attributes
    ----------
    done : dict of int to int
        Number of each finished item, and where its last line begins.
    failed : set of int
        Those of them that failed.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.done: dict[int, int] = {}
        self.failed: set[int] = set()
        self._begun: set[int] = set()
        self._file = file
        self._end = 0
        self._synced_at = time.monotonic()

    def begin(self, number: int) -> None:
        """Note, durably, that an item that changes something is about to: its first change."""
        self._append({"item": number, "begun": True}, durable=True)

    def has_begun(self, number: int) -> bool:
        """Whether `begin` was noted, in this run or in one that was cut short."""
        return number in self._begun

    def finish(self, number: int, value: Any) -> None:
        self._append({"item": number, "done": value})

    def fail(self, number: int, reason: str, value: Any = None) -> None:
        """Why an item failed, with what was done of it all the same."""
        self._append({"item": number, "failed": reason, "done": value})

    def forget_failed(self) -> None:
        """Let the items that failed be done again."""
        for number in self.failed:
            del self.done[number]
        self.failed.clear()

    def entry(self, number: int) -> dict[str, Any]:
        """The line of a finished item: `done` with its value, and where it failed `failed`."""
        self._file.seek(self.done[number])
        entry = parse_line(self._file.readline())
        if entry is None:
            raise FormatError(f"{self.path}: the line of item {number} is damaged")
        return entry

    def _append(self, entry: dict[str, Any], durable: bool = False) -> None:
        line = make_line(entry)
        try:
            self._file.seek(self._end)
            self._file.write(line)
            self._file.flush()
            if durable or time.monotonic() - self._synced_at > _SYNC_S:
                self.sync()
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be written: {error.strerror}") from error
        self.take(entry, self._end)
        self._end += len(line)

    def sync(self) -> None:
        """Wait until the disk has all lines."""
        os.fsync(self._file.fileno())
        self._synced_at = time.monotonic()

    def take(self, entry: dict[str, Any], place: int) -> None:
        """Remember what a line says."""
        number = entry.get("item")
        if number is None:
            return
        if entry.get("begun"):
            self._begun.add(number)
            return
        self.done[number] = place
        (self.failed.add if "failed" in entry else self.failed.discard)(number)

    def restore(self, job: dict[str, Any], said: str) -> None:
        """Read what is there, take off a line cut short, and begin the file where it is empty.

        Raises
        ------
        ParameterError
            It is the journal of another job; `said` is what to do then.
        FormatError
            A line before the last is damaged.
        """
        self._file.seek(0)
        first: dict[str, Any] | None = None
        for number, line in enumerate(self._file, start=1):
            entry = parse_line(line)
            if entry is None:
                begun = first is not None or make_line(job).startswith(line)
                if self._file.read(1) or not begun:
                    raise FormatError(f"{self.path}: line {number} is damaged; {said}")
                break
            if first is None:
                first = entry
            self.take(entry, self._end)
            self._end += len(line)
        self._file.truncate(self._end)
        if first is None:
            self._append(job, durable=True)
        elif first != job:
            raise ParameterError(
                f"{self.path}: begun with another job, other options or another ribin; {said}"
            )


@contextmanager
def open_journal(path: Path, job: dict[str, Any], said: str) -> Iterator[Journal]:
    """The journal of a job, new or as it was left; nobody else may write it meanwhile.

    Raises
    ------
    StoreError
        It cannot be written, or another process has it.
    ParameterError, FormatError
        As `Journal.restore`.
    """
    try:
        file = path.open("r+b" if path.exists() else "x+b")
    except OSError as error:
        raise ParameterError(f"{path}: a file to write needed, {error.strerror}") from error
    with file:
        if not lock_file(file):
            raise StoreError(f"{path}: in use by another run of this job")
        journal = Journal(path, file)
        journal.restore(job, said)
        try:
            yield journal
        finally:
            journal.sync()


# Lines that know when they are not whole, for files that only grow.
#
# <CRC-32 of the rest, 8 hexadecimal digits> <JSON>


# A file that one process holds; the system lets go of it however that process ends.

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
