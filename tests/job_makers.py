"""Work that a test can follow, in whatever process it is done, and executors out of order."""

from __future__ import annotations

import dataclasses
import os
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ribin.errors import ScanError
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.services.jobs import Job
from ribin.workers import Outcome, Work, WorkItem, attempt


@dataclass(frozen=True)
class Doubling:
    """Twice the number; some items are refused, some end their process: once, or always."""

    folder: Path
    refused: frozenset[int] = frozenset()
    broken: frozenset[int] = frozenset()
    dies_once: frozenset[int] = frozenset()
    dies_always: frozenset[int] = frozenset()

    def do(self, item: WorkItem) -> Any:
        number = item.number
        mark = self.folder / f"died-{number}"
        if number in self.dies_always or (number in self.dies_once and not mark.exists()):
            mark.touch()
            os._exit(9)
        if number in self.refused:
            raise ScanError(f"item {number} is refused")
        if number in self.broken:
            raise KeyError(number)
        return {"twice": 2 * number, "threads": os.environ.get("OPENBLAS_NUM_THREADS")}


@dataclass(frozen=True)
class OutOfOrder:
    """As machines elsewhere: outcomes come in any order, a few items at a time."""

    seed: int

    def submit(self, work: Work, items: Iterable[WorkItem]) -> Iterator[Outcome]:
        chance = random.Random(self.seed)
        held = [attempt(work, item) for item in items]
        chance.shuffle(held)
        yield from held


def make_items(count: int) -> tuple[WorkItem, ...]:
    return tuple(WorkItem(n, n + 1, {"query": f"q{n}"}) for n in range(1, count + 1))


def make_job(count: int) -> Job:
    return Job("search", make_items(count), {"job": "search", "items": count})


CUT = dataclasses.replace(
    DEFAULT_PARAMS,
    search=dataclasses.replace(DEFAULT_PARAMS.search, shortlist_marks=4, index_shard_marks=4),
)
