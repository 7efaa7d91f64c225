"""The journal of a long job: what it has done so far, a line for each item, only ever added.

The first line names the job, the others an item and what came of it:

    <CRC-32 of the rest, 8 hexadecimal digits> <JSON>

A line cut short by the end of the process is the last one and is taken off; its item is done again.
A batch has its journal beside its results, a search without a coarse cut beside the owner's index.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ribin.errors import FormatError, ParameterError, StoreError
from ribin.vault.files import make_folder, open_for_writing

_SYNC_S = 0.5  # a line waits no longer for the disk; a process that is killed loses none of them


class Journal:
    """The open journal of one job; `open_journal` makes it."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.done: dict[int, int] = {}  # finished item -> where its last line begins
        self.failed: set[int] = set()  # those of them that failed
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
        self._remember(entry, self._end)
        self._end += len(line)

    def sync(self) -> None:
        """Wait until the disk has all lines."""
        os.fsync(self._file.fileno())
        self._synced_at = time.monotonic()

    def _remember(self, entry: dict[str, Any], start: int) -> None:
        """Remember what the line that starts there says."""
        number = entry.get("item")
        if number is None:
            return
        if entry.get("begun"):
            self._begun.add(number)
            return
        self.done[number] = start
        (self.failed.add if "failed" in entry else self.failed.discard)(number)

    def restore(self, job: dict[str, Any], otherwise: str) -> None:
        """Read what is there, take off a line cut short, and begin the file where it is empty.

        Raises ParameterError: it is the journal of another job; `otherwise` says what to do then;
        FormatError: a line before the last is damaged.
        """
        self._file.seek(0)
        first: dict[str, Any] | None = None
        for number, line in enumerate(self._file, start=1):
            entry = parse_line(line)
            if entry is None:
                begun = first is not None or make_line(job).startswith(line)
                if self._file.read(1) or not begun:
                    raise FormatError(f"{self.path}: line {number} is damaged; {otherwise}")
                break
            if first is None:
                first = entry
            self._remember(entry, self._end)
            self._end += len(line)
        self._file.truncate(self._end)
        if first is None:
            self._append(job, durable=True)
        elif first != job:
            raise ParameterError(
                f"{self.path}: begun with another job, other options or another ribin; {otherwise}"
            )


@contextmanager
def open_journal(path: Path, job: dict[str, Any], otherwise: str) -> Iterator[Journal]:
    """The journal of a job, new or as it was left; nobody else may write it meanwhile.

    Raises StoreError: it cannot be written, or another process has it; ParameterError, FormatError:
    as `Journal.restore`.
    """
    try:
        file = path.open("r+b" if path.exists() else "x+b")
    except OSError as error:
        raise ParameterError(f"{path}: a file to write needed, {error.strerror}") from error
    with file:
        if not lock_file(file):
            raise StoreError(f"{path}: in use by another run of this job")
        journal = Journal(path, file)
        journal.restore(job, otherwise)
        try:
            yield journal
        finally:
            journal.sync()


# The lines by themselves. What is derived, as of a search, has no lock and passes damage over.


def make_line(entry: dict[str, Any]) -> bytes:
    """An entry as a line, with its end."""
    text = json.dumps(entry, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def parse_line(line: bytes) -> dict[str, Any] | None:
    """What a line says; None where it is not whole."""
    if not line.endswith(b"\n") or line[8:9] != b" ":
        return None
    text = line[9:-1]
    entry = json.loads(text) if line[:8] == b"%08x" % zlib.crc32(text) else None
    return entry if isinstance(entry, dict) else None


def read_entries(path: Path) -> Iterator[dict[str, Any]]:
    """What the lines of a file say; a damaged line, or a file that is not there, says nothing."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        yield from (entry for line in file if (entry := parse_line(line)) is not None)


def append_entries(path: Path, job: dict[str, Any], entries: Iterable[dict[str, Any]]) -> None:
    """Add entries to the journal of a job, which is begun where it is not there yet."""
    make_folder(path.parent)
    with open_for_writing(path, "ab") as file:
        head = [] if file.tell() else [job]
        file.write(b"".join(map(make_line, [*head, *entries])))


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
