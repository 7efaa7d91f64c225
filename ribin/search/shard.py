"""A shard of the index: sketches of consecutive marks in one HDF5 file that never changes.

    index/breech_face-topography-<params_id>-<sketch_id>/00000-<first half of its SHA-256>.h5

Shard 3 of 8192 marks each holds those with ids from 24,576 to 32,767. Its name says what its
bytes hash to, so that a flipped bit is noticed before a number of it is used; a changed shard is
another file, written aside and renamed.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from ribin.model import BoolArray
from ribin.vault.derived import read_derived, write_derived


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
    """Put a shard in its folder; None where the disk refuses."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("mark_id", data=shard.marks.ids, track_times=False)
        file.create_dataset("template_sha256", data=shard.marks.templates, track_times=False)
        file.create_dataset("sketch", data=shard.sketches, track_times=False)
    return write_derived(folder, f"{number:05d}", ".h5", buffer.getvalue())


def read_shard(path: Path, checked: bool = False) -> Shard | None:
    """The shard of a file; None where its bytes are not those in its name, or cannot be read.

    `checked` says that this was looked at a moment ago.
    """
    content = None if checked else read_derived(path)
    if content is None and not checked:
        return None
    try:
        source = path if content is None else io.BytesIO(content)
        with h5py.File(source, "r", locking=False) as file:
            marks = MarkList(file["mark_id"][()], file["template_sha256"][()])
            return Shard(marks, file["sketch"][()])
    except OSError:  # another process has put a newer one in its place
        return None


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
