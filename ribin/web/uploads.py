"""Files that a person sends in parts, until they are enrolled: in a folder of this server alone."""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
import threading
import weakref
from dataclasses import dataclass, field
from pathlib import Path

from ribin.errors import ParameterError, StoreError
from ribin.services.entry import ShownScan
from ribin.text import clean_text

LARGEST_MIB = 256  # a head at 1 um is half of it
MOST_FILES = 100  # of one person
MOST_MIB = 2048  # of all persons
PART_BYTES = 30_000  # base64 in a form, with which it stays below the largest form


@dataclass(eq=False)
class Upload:
    """A file of one person: how much of it is here, what was found in it, what became of it."""

    key: str
    person: str
    name: str
    size: int
    path: Path
    received: int = 0
    shown: ShownScan | None = None  # as found without a word of a person
    picture: bytes = b""
    pitch_um: float | None = None  # as a person states it; None: as the file does
    problem: str = ""  # why it cannot be read
    fields: dict[str, str] = field(default_factory=dict)  # of the form, as they were last
    exhibit: str = ""  # as which it was enrolled
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def whole(self) -> bool:
        return self.received == self.size


class Uploads:
    """The files of a server's persons; safe in several threads. They go with the server."""

    def __init__(self) -> None:
        self._all: dict[str, Upload] = {}
        self._lock = threading.Lock()
        self._folder: Path | None = None

    def begin(self, person: str, name: str, size: int) -> Upload:
        """Take the first part of a file.

        Raises ParameterError: its name or size cannot be, or too many wait.
        """
        name = clean_text(re.split(r"[/\\]", name)[-1])[:200]
        if not name or name.startswith("."):
            raise ParameterError(f"upload: the name of a file needed, found {name[:40]!r}")
        if not 0 < size <= LARGEST_MIB << 20:
            found = f"found {size / (1 << 20):.4g} MiB"
            raise ParameterError(f"{name}: a file of at most {LARGEST_MIB} MiB needed, {found}")
        with self._lock:
            own = [one for one in self._all.values() if one.person == person]
            if len(own) >= MOST_FILES:
                self._drop(next((one for one in own if one.exhibit), None), person)
            if sum(one.size for one in self._all.values()) + size > MOST_MIB << 20:
                raise ParameterError(f"uploads: at most {MOST_MIB} MiB that wait needed")
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="ribin-uploads-"))
                weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            key = secrets.token_urlsafe(8)
            place = self._folder / key
            place.mkdir(mode=0o700)
            made = self._all[key] = Upload(key, person, name, size, place / name)
        made.path.touch(mode=0o600)
        return made

    def _drop(self, one: Upload | None, person: str) -> None:
        if one is None:
            found = f"{MOST_FILES} of {person}"
            raise ParameterError(
                f"uploads: fewer than {MOST_FILES} that wait needed, found {found}"
            )
        del self._all[one.key]
        shutil.rmtree(one.path.parent, ignore_errors=True)

    def get(self, key: str, person: str) -> Upload:
        """A file of this person; StoreError where there is none of this key."""
        with self._lock:
            one = self._all.get(key)
        if one is None or one.person != person:
            raise StoreError(
                f"upload {key[:20]}: one of this session needed, found none",
                hint="files that were sent go with the server: send it again",
            )
        return one

    def add(self, one: Upload, at: int, content: bytes) -> None:
        """Add the next part; ParameterError where it is not the next, or too long."""
        with one.lock:
            if at != one.received or at + len(content) > one.size:
                raise ParameterError(f"{one.name}: the part from byte {one.received} on needed")
            with one.path.open("ab") as file:
                file.write(content)
            one.received += len(content)

    def drop(self, one: Upload) -> None:
        """Forget a file."""
        with self._lock:
            if one.key in self._all:
                self._drop(one, one.person)

    def of(self, person: str) -> list[Upload]:
        """The files of a person, oldest first."""
        with self._lock:
            return [one for one in self._all.values() if one.person == person]
