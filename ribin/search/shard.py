"""A shard of the index: sketches of consecutive marks in one HDF5 file that never changes.

    index/breech_face-topography-<params_id>-<sketch_id>/00000-<first half of its SHA-256>.h5

Shard 3 of 8192 marks each holds those with ids from 24,576 to 32,767. Its name says what its
bytes hash to, so that a flipped bit is noticed before a number of it is used; a changed shard is
another file, written aside and renamed.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from ribin.model import BoolArray

_ASIDE = ".aside"


@dataclass(frozen=True, eq=False)
class MarkList:
    """Marks by the order of their enrolment.

    Attributes
    ----------
    ids : (N,) int64 array
        `StoredMark.mark_id`, ascending.
    templates : (N, 32) uint8 array
        SHA-256 of the template of each.
    """

    ids: NDArray[np.int64]
    templates: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, rows: NDArray[np.int64] | BoolArray | slice) -> MarkList:
        return MarkList(self.ids[rows], self.templates[rows])


@dataclass(frozen=True, eq=False)
class Shard:
    """Marks and their sketches, (N, K) int8."""

    marks: MarkList
    sketches: NDArray[np.int8]

    def rows_of(self, marks: MarkList) -> NDArray[np.int64]:
        """Row of each of the given marks, -1 where the shard does not hold it as it is now."""
        if not len(self.marks) or not len(marks):
            return np.full(len(marks), -1, np.int64)
        rows = np.minimum(np.searchsorted(self.marks.ids, marks.ids), len(self.marks) - 1)
        same = self.marks.ids[rows] == marks.ids
        same &= (self.marks.templates[rows] == marks.templates).all(axis=1)
        return np.where(same, rows, -1)


def write_shard(folder: Path, number: int, shard: Shard) -> Path | None:
    """Put a shard in its folder: written aside and renamed; None where the disk refuses.

    The same marks and sketches give the same bytes and name, so two processes that do this at
    once write the same file.
    """
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("mark_id", data=shard.marks.ids, track_times=False)
        file.create_dataset("template_sha256", data=shard.marks.templates, track_times=False)
        file.create_dataset("sketch", data=shard.sketches, track_times=False)
    content = buffer.getvalue()
    path = folder / f"{number:05d}-{_name_hash(content)}.h5"
    aside = path.with_name(f"{path.name}.{os.getpid()}{_ASIDE}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(content)
        os.replace(aside, path)
    except OSError:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        return None
    return path


def read_shard(path: Path) -> Shard | None:
    """The shard of a file; None where its bytes are not those in its name, or cannot be read."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if not is_sound(path.name, content):
        return None
    with h5py.File(io.BytesIO(content), "r") as file:
        marks = MarkList(file["mark_id"][()], file["template_sha256"][()])
        return Shard(marks, file["sketch"][()])


def join_shards(shards: Sequence[Shard], marks: MarkList) -> Shard:
    """The rows of all shards that are among these marks, each once, oldest first."""
    if not shards:
        return Shard(marks.part(slice(0)), np.zeros((0, 0), np.int8))
    ids = np.concatenate([shard.marks.ids for shard in shards])
    templates = np.concatenate([shard.marks.templates for shard in shards])
    sketches = np.concatenate([shard.sketches for shard in shards])
    _, once = np.unique(ids, return_index=True)
    whole = Shard(MarkList(ids[once], templates[once]), sketches[once])
    rows = whole.rows_of(marks)
    rows = rows[rows >= 0]
    return Shard(whole.marks.part(rows), whole.sketches[rows])


def shard_files(folder: Path) -> list[Path]:
    """The shards of a folder, oldest marks first."""
    return sorted(folder.glob("*.h5"))


def shard_number(path: Path) -> int:
    """Which range of marks a shard holds, by its name; -1 where that is no name of a shard."""
    number = path.name.partition("-")[0]
    return int(number) if number.isdigit() else -1


def is_sound(name: str, content: bytes) -> bool:
    """Whether a shard's bytes are those that its name promises."""
    return name.endswith(f"-{_name_hash(content)}.h5")


def _name_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
