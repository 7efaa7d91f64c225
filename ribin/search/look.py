"""One look at the marks of a shard: which move of the query fits each sketch best?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ribin.correlate.sketch import best_products
from ribin.model import BoolArray, FloatArray
from ribin.search.shard import MarkList, Shard, read_shard


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
class ShardLook:
    """What came of it.

    Attributes
    ----------
    held : (N,) bool array
        Of the task's marks, those whose sketch the shard holds; none where it is damaged.
    scores : (N,) float32 array
        Of the wanted ones that it holds; NaN elsewhere.
    stale : int
        Rows whose mark the catalogue no longer names.
    damaged : bool
        Its bytes are not those in its name, or could not be read.
    absent : bool
        There is no such file where the shard was looked for.
    """

    held: BoolArray
    scores: FloatArray
    stale: int = 0
    damaged: bool = False
    absent: bool = False


class Looker(Protocol):
    """Whoever looks at many shards: threads of this process, or workers elsewhere."""

    def look(self, moves: NDArray[np.int8], tasks: Sequence[ShardTask]) -> Iterator[ShardLook]:
        """One result a task, in the order of the tasks."""
        ...


class Threads:
    """Looks at shards on the cores of this machine; the same bits on any number."""

    def __init__(self, number: int | None = None) -> None:
        self._number = number or os.cpu_count() or 1

    def look(self, moves: NDArray[np.int8], tasks: Sequence[ShardTask]) -> Iterator[ShardLook]:
        """One result a task, in order; each shard is read, checked and multiplied by one core."""
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(self._number) as pool:
            yield from pool.map(lambda task: look_at_shard(moves, task), tasks)


def look_at_shard(moves: NDArray[np.int8], task: ShardTask) -> ShardLook:
    """Read a shard, check it, and score those of its marks that are wanted.

    Parameters
    ----------
    moves : (M, K) int8 array
        The query, moved; see `moved_sketches`. K may be fewer than the shard's harmonics.
    """
    shard = read_shard(task.path, task.checked)
    if shard is None:
        blank = np.full(len(task.marks), np.nan, np.float32)
        there = task.path.exists()
        nothing = np.zeros(len(blank), np.bool_)
        return ShardLook(nothing, blank, damaged=there, absent=not there)
    return look_at_sketches(moves, shard, task.marks, task.wanted)


def look_at_sketches(
    moves: NDArray[np.int8], shard: Shard, marks: MarkList, wanted: BoolArray
) -> ShardLook:
    """The same of a shard in memory."""
    rows = shard.rows_of(marks)
    held = rows >= 0
    asked = held & wanted
    scores = np.full(len(marks), np.nan, np.float32)
    sketches = shard.sketches
    if asked.sum() < len(sketches):
        sketches = sketches[rows[asked], : moves.shape[1]]
    scores[asked] = best_products(moves, sketches)
    return ShardLook(held, scores, stale=len(shard.marks) - int(held.sum()))
