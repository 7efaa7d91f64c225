"""Files that a person sends in parts, until they are enrolled: in a folder of this server alone."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import tempfile
import threading
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
    lacks_pitch: bool = False  # a person may state it, and it can be read
    fields: dict[str, str] = field(default_factory=dict)  # of the form, as they were last
    exhibit: str = ""  # as which it was enrolled
    lock: threading.Lock = field(default_factory=threading.Lock)
    hash: Any = field(default_factory=hashlib.sha256)  # of what is here

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

    def add(self, one: Upload, at: int, content: bytes) -> Upload:
        """Add the next part, and give the file that is here now.

        Of a whole file that the person had sent before this is the one before, and the copy goes;
        with a whole file go those of its name and size that were cut off. Raises ParameterError: it
        is not the next part, or too long.
        """
        with one.lock:
            if at != one.received or at + len(content) > one.size:
                raise ParameterError(f"{one.name}: the part from byte {one.received} on needed")
            with one.path.open("ab") as file:
                file.write(content)
            one.hash.update(content)
            one.received += len(content)
        return self._merge(one) if one.whole else one

    def _merge(self, new: Upload) -> Upload:
        with self._lock:
            others = [
                one
                for one in self._all.values()
                if one is not new and (one.person, one.size) == (new.person, new.size)
            ]
            for one in others:
                if not one.whole and one.name == new.name:
                    self._drop(one, one.person)
            same = [one for one in others if one.whole and one.hash.digest() == new.hash.digest()]
            if same:
                self._drop(new, new.person)
        return same[0] if same else new

    def drop(self, one: Upload) -> None:
        """Forget a file."""
        with self._lock:
            if one.key in self._all:
                self._drop(one, one.person)

    def of(self, person: str) -> list[Upload]:
        """The files of a person, oldest first."""
        with self._lock:
            return [one for one in self._all.values() if one.person == person]
