"""The index of a vault: sketches of all its marks, derived, and brought up to date by the way.

What the catalogue names and a sound shard holds is taken from there; all else is sketched from
the scan files. So a damaged, stale or missing index costs time and never changes a list. A shard
holds a fixed range of marks, so that a new mark rewrites one shard and no other, and an index
that grew has the bytes of one made at once. A mark that the catalogue no longer names is out of
every search at once, and out of its shard the next time the owner's vault is searched.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import h5py
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ribin.correlate.sketch import NO_MOVES, QueryMoves, best_products, sketch_mark, sketch_params
from ribin.errors import StoreError
from ribin.model import BoolArray, FloatArray, MarkType, ScanKind
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.search.journal import full_search_journals
from ribin.vault.files import INDEX_FOLDER, read_derived, remove_derived, write_derived
from ribin.vault.mark_table import MARK_TABLE_FOLDER, MarkTable
from ribin.vault.template_shards import PACKED, sweep_templates, template_shard_problems
from ribin.vault.vault import Vault
from ribin.workers import Tick, silent


@dataclass(frozen=True, eq=False)
class CoarseScores:
    """What a pass over all marks gave."""

    scores: FloatArray  # (N,), of the wanted; NaN where a file cannot be read or a sketch is blank
    held: BoolArray  # (N,), marks that have a sketch
    notes: tuple[str, ...]  # what a reader of the list should know


class MarkIndex:
    """The index over all marks of one type, kind and parameters."""

    def __init__(
        self,
        vault: Vault,
        marks: MarkList,
        making: tuple[str, str, str],
        params: Params,
        scorer: CoarseScorer,
        tick: Tick = silent,
    ) -> None:
        """`marks` are all that the catalogue names; `making` is their type, kind, params_id.

        `tick` is told how many marks were scored, of how many; it raises to end the pass.
        """
        self._vault, self._params, self._scorer = vault, params, scorer
        self._marks = marks
        self._numbers = self._marks.ids // params.search.index_shard_marks
        self._folder = index_folder(vault, *making, params).resolve()  # alike for every worker
        self._checked: set[Path] = set()
        self._tick = tick

    def score(self, moves: QueryMoves, wanted: BoolArray) -> CoarseScores:
        """Score the wanted marks, (N,) bool, by the best of the moves."""
        scores = np.full(len(self._marks), np.nan, np.float32)
        held = np.zeros(len(self._marks), np.bool_)
        spoiled: set[int] = set()
        damaged = False
        tasks = [self._task(path, wanted) for path in shard_files(self._folder)]
        for task, seen in zip(tasks, self._scorer.score(moves, tasks), strict=True):
            place = self._place(shard_number(task.path))
            scores[place] = np.where(np.isnan(seen.scores), scores[place], seen.scores)
            held[place] |= seen.held
            self._tick(int(held.sum()), len(held))
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
            some = score_sketches(moves, new, self._marks.part(place), wanted[place])
            scores[place] = np.where(some.held, some.scores, scores[place])
            held[place] |= some.held
            if self._vault.writable and (number in spoiled or some.held.any()):
                self._keep(number, new)
        note = f"{self._vault.member}: a damaged index was found and not used"
        return CoarseScores(scores, held, (note,) if damaged else ())

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
        sketches: dict[int, NDArray[np.int8]] = {}
        portion = self._params.search.batch_marks
        for first in range(0, len(missing), portion):
            ids = self._marks.ids[missing[first : first + portion]].tolist()
            # The full comparison meets a file that cannot be read, and counts it with its reason.
            read = self._vault.templates(self._vault.stored_marks(ids))
            sketches |= {i: sketch_mark(read[i], self._params) for i in sorted(read)}
            self._tick(first + len(ids), len(missing))
        if not sketches:
            return Shard(self._marks.part(slice(0)), np.zeros((0, 0), np.int8))
        rows = np.searchsorted(self._marks.ids, list(sketches))
        return Shard(self._marks.part(rows), np.stack(list(sketches.values())))

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
    sketch_id = hashlib.sha256(repr((*band, *frame)).encode()).hexdigest()[:8]
    return vault.path / INDEX_FOLDER / f"{mark_type}-{kind}-{params_id}-{sketch_id}"


# One pass over the marks of a shard: which move of the query fits each sketch best?


@dataclass(frozen=True, eq=False)
class ShardTask:
    """A shard's file, the marks that the catalogue names in its range, and which are wanted.

    `checked` says that the search has found the file's bytes to be those in its name.
    """

    path: Path
    marks: MarkList
    wanted: BoolArray
    checked: bool = False


@dataclass(frozen=True, eq=False)
class ShardScores:
    """What came of it."""

    held: BoolArray  # (N,), of the task's marks those whose sketch the shard holds
    scores: FloatArray  # (N,), of the wanted ones that it holds; NaN elsewhere
    stale: int = 0  # rows whose mark the catalogue no longer names
    damaged: bool = False  # its bytes are not those in its name, or could not be read
    absent: bool = False  # there is no such file where the shard was looked for


class CoarseScorer(Protocol):
    """Whoever scores many shards: threads of this process, or workers elsewhere."""

    def score(self, moves: QueryMoves, tasks: Sequence[ShardTask]) -> Iterator[ShardScores]:
        """One result a task, in the order of the tasks."""
        ...


class Threads:
    """Scores shards on the cores of this machine; the same bits on any number."""

    def __init__(self, number: int | None = None) -> None:
        self._number = number or os.cpu_count() or 1

    def score(self, moves: QueryMoves, tasks: Sequence[ShardTask]) -> Iterator[ShardScores]:
        """One result a task, in order; each shard is read, checked and multiplied by one core."""
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(self._number) as pool:
            yield from pool.map(lambda task: score_shard(moves, task), tasks)


def score_shard(moves: QueryMoves, task: ShardTask) -> ShardScores:
    """Read a shard, check it, and score those of its marks that are wanted."""
    shard = read_shard(task.path, task.checked)
    if shard is None:
        blank = np.full(len(task.marks), np.nan, np.float32)
        there = task.path.exists()
        nothing = np.zeros(len(blank), np.bool_)
        return ShardScores(nothing, blank, damaged=there, absent=not there)
    return score_sketches(moves, shard, task.marks, task.wanted)


def score_sketches(
    moves: QueryMoves, shard: Shard, marks: MarkList, wanted: BoolArray
) -> ShardScores:
    """The same of a shard in memory."""
    rows = shard.rows_of(marks)
    held = rows >= 0
    asked = held & wanted
    scores = np.full(len(marks), np.nan, np.float32)
    sketches = shard.sketches
    if asked.sum() < len(sketches):
        sketches = sketches[rows[asked]]
    scores[asked] = best_products(moves, sketches)
    return ShardScores(held, scores, stale=len(shard.marks) - int(held.sum()))


# A shard of the index: sketches of consecutive marks in one HDF5 file that never changes.
#
#     index/breech_face-topography-<params_id>-<sketch_id>/00000-<hash of its bytes>.h5
#
# Shard 3 of 8192 marks each holds those with ids from 24,576 to 32,767. Its name says what its
# bytes hash to, so that a flipped bit is noticed before a number of it is used; a changed shard is
# another file, written aside and renamed.


@dataclass(frozen=True, eq=False)
class MarkList:
    """Marks by the order of their enrolment."""

    ids: NDArray[np.int64]  # (N,), `StoredMark.mark_id`, ascending
    templates: NDArray[np.uint8]  # (N, 32), SHA-256 of the template of each

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


# The index as a whole: made again, checked, and rid of marks that were purged.

_KEPT = (".h5", ".npz", PACKED)  # shards of sketches, mark tables, shards of templates


def rebuild_index(vault: Vault, params: Params = DEFAULT_PARAMS) -> int:
    """Make the index and the packed templates beside it again; gives the number of sketches. The
    same vault, the same bytes.

    Marks that were described with other parameters are sketched when a search asks with those.

    Raises StoreError: the vault is read-only, or the disk refuses.
    """
    _needs_writable(vault)
    shutil.rmtree(vault.path / INDEX_FOLDER, ignore_errors=True)
    held = 0
    for mark_type in MarkType:
        mark_table = vault.mark_table(mark_type)
        made = [(facts.kind, facts.params_id) for facts in mark_table.facts]
        for making in sorted(one for one in set(made) if one[1] == params.template_id):
            rows = np.array([one == making for one in made])[mark_table.which]
            marks = _marks_of(mark_table).part(rows)
            index = MarkIndex(vault, marks, (str(mark_type), *making), params, Threads(1))
            nothing = np.zeros(len(marks), np.bool_)  # asked for, but every readable mark is held
            held += int(index.score(NO_MOVES, nothing).held.sum())
    return held


def sweep_index(vault: Vault) -> int:
    """Take out of the index what the catalogue no longer names; gives the number of marks.

    So with the packed templates. Shards without such a mark stay as they are. Mark tables, and what
    stopped searches kept, go.

    Raises StoreError: the vault is read-only.
    """
    _needs_writable(vault)
    for path in (*full_search_journals(vault), *(vault.path / MARK_TABLE_FOLDER).glob("*.npz")):
        remove_derived(path)
    sweep_templates(vault)
    taken = 0
    for path, shard, gone in _shards(vault):
        if not gone.any():
            continue
        left = join_shards([shard], shard.marks.part(~gone))
        new = write_shard(path.parent, shard_number(path), left) if len(left.marks) else None
        if path != new:  # where the disk refuses, a shard that is gone costs time alone
            remove_derived(path)
        taken += int(gone.sum())
    return taken


def check_index(vault: Vault) -> list[str]:
    """One sentence for each file whose bytes are not those in its name, or that names too much."""
    kept = (path for path in (vault.path / INDEX_FOLDER).rglob("*") if path.suffix in _KEPT)
    found = [f"{path}: damaged" for path in sorted(kept) if read_derived(path) is None]
    try:
        found += [
            f"{path}: holds {gone.sum()} marks that the catalogue no longer has, "
            "`ribin store rebuild-index` makes it again"
            for path, _, gone in _shards(vault)
            if gone.any()
        ]
        return found + template_shard_problems(vault)
    except StoreError as error:  # a catalogue that is damaged is a finding too
        return [*found, str(error)]


def _shards(vault: Vault) -> Iterator[tuple[Path, Shard, BoolArray]]:
    """Each sound shard, and which of its rows are of marks that were purged."""
    for mark_type in MarkType:
        in_use = _marks_of(vault.mark_table(mark_type))
        for folder in sorted((vault.path / INDEX_FOLDER).glob(f"{mark_type}-*")):
            for path in shard_files(folder):
                shard = read_shard(path)
                if shard:
                    yield path, shard, _gone(vault, shard, in_use)


def _gone(vault: Vault, shard: Shard, in_use: MarkList) -> BoolArray:
    """Rows of marks that the catalogue has neither in use nor of an earlier description.

    A new mark may have the number of one that was purged, but not its template.
    """
    gone = np.ones(len(shard.marks), np.bool_)
    rows = shard.rows_of(in_use)
    gone[rows[rows >= 0]] = False
    others = np.flatnonzero(gone)
    stored = vault.stored_marks(shard.marks.ids[others].tolist()) if len(others) else ()
    known = {(mark.mark_id, mark.template_sha256) for mark in stored}
    for row in others:
        mark = int(shard.marks.ids[row]), shard.marks.templates[row].tobytes().hex()
        gone[row] = mark not in known
    return gone


def _marks_of(mark_table: MarkTable) -> MarkList:
    return MarkList(mark_table.ids, mark_table.templates)


def _needs_writable(vault: Vault) -> None:
    if not vault.writable:
        raise StoreError(f"{vault.path}: a writable vault needed, found a read-only one")
