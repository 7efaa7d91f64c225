"""The index of a vault: sketches of all its marks, derived, and brought up to date by the way.

What the catalogue names and a sound shard holds is taken from there; all else is sketched from
the scan files. So a damaged, stale or missing index costs time and never changes a list. A shard
holds a fixed range of marks, so that a new mark rewrites one shard and no other, and an index
that grew has the bytes of one made at once. A mark that the catalogue no longer names is out of
every search at once, and out of its shard the next time the owner's vault is searched.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ribin.correlate.sketch import sketch_mark, sketch_params
from ribin.errors import StoreError
from ribin.model import BoolArray, FloatArray, MarkType, ScanKind
from ribin.params.defaults import Params
from ribin.search.look import Looker, ShardTask, look_at_sketches
from ribin.search.shard import (
    MarkList,
    Shard,
    join_shards,
    read_shard,
    shard_files,
    shard_number,
    write_shard,
)
from ribin.vault.derived import remove_derived
from ribin.vault.exhibits import StoredMark
from ribin.vault.vault import Vault

INDEX_FOLDER = "index"


@dataclass(frozen=True, eq=False)
class Looked:
    """What a look at all marks gave.

    Attributes
    ----------
    scores : (N,) float32 array
        Of the wanted ones; NaN where a scan file could not be read, or the sketch is blank.
    held : (N,) bool array
        Marks that have a sketch.
    notes : tuple of str
        What a reader of the list should know.
    """

    scores: FloatArray
    held: BoolArray
    notes: tuple[str, ...]


class MarkIndex:
    """The index over all marks of one type, kind and parameters."""

    def __init__(
        self,
        vault: Vault,
        marks: MarkList,
        making: tuple[str, str, str],
        params: Params,
        looker: Looker,
    ) -> None:
        """`marks` are all that the catalogue names; `making` is their type, kind, params_id."""
        self._vault, self._params, self._looker = vault, params, looker
        self._marks = marks
        self._numbers = self._marks.ids // params.search.index_shard_marks
        self._folder = index_folder(vault, *making, params).resolve()  # alike for every worker
        self._checked: set[Path] = set()

    def look(self, moves: NDArray[np.int8], wanted: BoolArray) -> Looked:
        """Score the wanted marks, (N,) bool, by the best of the moves, (M, K)."""
        scores = np.full(len(self._marks), np.nan, np.float32)
        held = np.zeros(len(self._marks), np.bool_)
        spoiled: set[int] = set()
        damaged = False
        tasks = [self._task(path, wanted) for path in shard_files(self._folder)]
        for task, seen in zip(tasks, self._looker.look(moves, tasks), strict=True):
            place = self._place(shard_number(task.path))
            scores[place] = np.where(np.isnan(seen.scores), scores[place], seen.scores)
            held[place] |= seen.held
            damaged |= seen.damaged
            if not seen.damaged:
                self._checked.add(task.path)
            if seen.damaged or seen.stale:
                spoiled.add(shard_number(task.path))
        files = Counter(shard_number(task.path) for task in tasks)
        spoiled |= {number for number, several in files.items() if several > 1}
        # A vault that keeps nothing is not sketched further than it is asked.
        missing = ~held if self._vault.writable else ~held & wanted
        for number in sorted({*self._numbers[missing].tolist(), *spoiled}):
            place = self._place(number)
            new = self._sketched(np.flatnonzero(missing[place]) + place.start)
            some = look_at_sketches(moves, new, self._marks.part(place), wanted[place])
            scores[place] = np.where(some.held, some.scores, scores[place])
            held[place] |= some.held
            if self._vault.writable and (number in spoiled or some.held.any()):
                self._keep(number, new)
        note = f"{self._vault.member}: a damaged index was found and not used"
        return Looked(scores, held, (note,) if damaged else ())

    def bring_up(self) -> int:
        """Make sure that every readable mark is held; gives their number."""
        nothing = np.zeros(len(self._marks), np.bool_)
        return int(self.look(np.zeros((0, 0), np.int8), nothing).held.sum())

    def _task(self, path: Path, wanted: BoolArray) -> ShardTask:
        place = self._place(shard_number(path))
        part = self._marks.part(place)
        return ShardTask(path, part, wanted[place], path in self._checked)

    def _place(self, number: int) -> slice:
        """Where the marks of a shard stand in the list."""
        first, last = np.searchsorted(self._numbers, [number, number + 1])
        return slice(int(first), int(last))

    def _sketched(self, missing: NDArray[np.int64]) -> Shard:
        """Sketches of these rows from their scan files, as far as they can be read."""
        stored = self._vault.stored_marks(self._marks.ids[missing].tolist())
        sketches = {m.mark_id: s for m in stored if (s := self._sketch(m)) is not None}
        if not sketches:
            return Shard(self._marks.part(slice(0)), np.zeros((0, 0), np.int8))
        rows = np.searchsorted(self._marks.ids, list(sketches))
        return Shard(self._marks.part(rows), np.stack(list(sketches.values())))

    def _sketch(self, mark: StoredMark) -> NDArray[np.int8] | None:
        try:
            return sketch_mark(self._vault.template(mark), self._params)
        except StoreError:  # the fine stage meets the same file, and counts it with its reason
            return None

    def _keep(self, number: int, new: Shard) -> None:
        """Put old and new sketches of a shard, as far as they are named, into one file."""
        old = [path for path in shard_files(self._folder) if shard_number(path) == number]
        parts = [shard for path in old if (shard := read_shard(path))]
        whole = join_shards([*parts, new], self._marks.part(self._place(number)))
        kept = write_shard(self._folder, number, whole) if len(whole.marks) else None
        if kept or not len(whole.marks):
            for path in old:
                if path != kept:
                    remove_derived(path)


def index_folder(vault: Vault, mark_type: str, kind: str, params_id: str, params: Params) -> Path:
    """Named by whatever a sketch depends on, so that changed numbers never meet an old index."""
    of_type = MarkType(mark_type)
    how, method = sketch_params(of_type, params), params.of(of_type, ScanKind(kind))
    band = how.finest_um, how.coarsest_um, how.inner_um, how.outer_um, how.edge_um, how.harmonics
    frame = method.preprocess.frame_um, method.describe.medium_pitch_um
    sketch_id = hashlib.sha256(repr(band + frame).encode()).hexdigest()[:8]
    return vault.path / INDEX_FOLDER / f"{mark_type}-{kind}-{params_id}-{sketch_id}"
