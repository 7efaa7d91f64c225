"""Where the time of a comparison goes: every function and kernel of `ribin.correlate`, timed.

A comparison is one compiled call. For the length of one measurement the kernels that do the sums,
those of `MULTIPLY_ADDS`, have a stopwatch in place of their names, and all others run as plain
Python, so that they meet it.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
from peak import Peak

_FOLDER = "ribin.correlate."
Work = Callable[[], object]
Named = tuple[ModuleType, str, Any]
STEPS = "ribin.pipeline"

# Multiply-adds of a call, from its arguments; norms, clips and searches for the best not counted.
MULTIPLY_ADDS: dict[str, Callable[..., int]] = {
    # every pixel of the runs, at every turn: a product a shift, three energies at fewer shifts
    "_block_sums": lambda fixed, moved, places, runs, every, few, *_: (
        len(places) * (len(every) + 3 * len(few)) * 64 * int(runs[:, 2].sum())
    ),
    # six sums over every pixel of every patch
    "_patch_ccf": lambda fixed, moved, corners, places, size, out: 6 * len(out) * size**2,
    # a turn (4), and value and mask between four neighbours (6), a pixel that was measured
    "_turn": lambda surface, reach, angles, origins, out: 10 * int(np.count_nonzero(out)),
    # the product of two energies, the weight
    "_strengths": lambda products, energies, *_: (
        products.shape[0] * (2 * energies.shape[3] + products.shape[2])
    ),
    # a complex product of each number of the series, for each pair of points
    "_ring_products": lambda one, two, lengths, fours, *_: (
        4 * one.shape[1] * two.shape[1] * 4 * int(lengths[fours[0] : fours[1]].sum())
    ),
    # mask on mask, and the squares of each on the mask of the other: a complex product a number
    "_cover_products": lambda one, two, fours, out: (
        4 * out.shape[1] * out.shape[2] * 4 * (fours[1] - fours[0])
    ),
    # the product of two energies and a weight a turn, then a product a placement
    "_weigh": lambda cover, smaller, min_overlap, allowed, out: 3 * len(out) + out.size,
    # two distances (4) of each pair to each that was picked, at the turns next to it
    "_pick": lambda left, turns, shifts, points, least, numbers, picked: (
        4 * len(picked) * 3 * left.shape[1]
    ),
    # cosines and sines of a quarter of the turns, for each pair and order
    "_turn_sums": lambda real, imaginary, cosines, *_: 2 * real.size * cosines.shape[1],
    # four blocks of three energies and their product; four blocks, the norm, Fisher's series (4)
    "_search": lambda products, energies, near, cells, *_: (
        len(products) * len(cells) * (13 * energies.shape[3] + 9 * len(near))
    ),
    # a turned point
    "_turn_back": lambda place, *_: 4 * len(place),
    # a turned shift (4), a sum, a number
    "_join": lambda forward, shifts, *_: 6 * forward.shape[1] * len(shifts),
}


@dataclass
class Use:
    """What one function cost; `bytes` are those of its arrays, each counted once a call."""

    calls: int = 0
    cpu_s: float = 0.0
    counted: bool = False
    multiply_adds: int = 0
    bytes: int = 0


def stage_rows(works: Sequence[Work]) -> list[dict[str, Any]]:
    """The mean over the works of what each function called by a step of the comparison costs."""
    with _replaced(_stages(), {}) as uses:
        for work in works:
            work()
    number = len(works)
    return [
        {"name": name, "ms": 1e3 * use.cpu_s / number, "calls": use.calls / number}
        for name, use in uses.items()
        if use.calls
    ]


def kernel_rows(works: Sequence[Work], peak: Peak) -> list[dict[str, Any]]:
    """What each kernel costs a work, and what share of the machine's peak it reaches.

    `% of sgemm`: its multiply-adds a second against those of a matrix product. `% of copy`: its
    arrays against a copy from memory; above 100 for a kernel that stays in the caches, or that
    looks at a part of its arrays. Whichever is higher says what bounds it.
    """
    with _replaced(_kernels(), MULTIPLY_ADDS) as uses:
        works[0]()  # a kernel that was compiled within another is now compiled by itself
        for use in uses.values():
            use.calls, use.cpu_s, use.multiply_adds, use.bytes = 0, 0.0, 0, 0
        for work in works:
            work()
    used = {name: use for name, use in uses.items() if use.calls}
    return [_kernel_row(name, use, peak, len(works)) for name, use in used.items()]


def _kernel_row(name: str, use: Use, peak: Peak, number: int) -> dict[str, Any]:
    gflop, gbyte = 2e-9 * use.multiply_adds, 1e-9 * use.bytes
    speed = gflop / use.cpu_s if use.counted else math.nan
    return {
        "name": name,
        "ms": 1e3 * use.cpu_s / number,
        "calls": use.calls / number,
        "M multiply-adds": 500.0 * gflop / number if use.counted else math.nan,
        "MB": 1e3 * gbyte / number,
        "GFLOP/s": speed,
        "GB/s": gbyte / use.cpu_s,
        "% of sgemm": 100.0 * speed / peak.sgemm_gflop_s,
        "% of copy": 100.0 * gbyte / use.cpu_s / peak.copy_gb_s,
    }


@contextmanager
def _replaced(
    found: Iterator[Named], counts: Mapping[str, Callable[..., int]]
) -> Iterator[dict[str, Use]]:
    names = list(found)
    uses: dict[str, Use] = {}
    counted = [work.py_func for _, name, work in names if name in counts]
    inner = {name for function in counted for name in function.__code__.co_names}
    for module, name, work in names:
        if hasattr(work, "py_func") and name not in counts:
            if name not in inner:  # else compiled with its outer
                setattr(module, name, work.py_func)
            continue
        use = uses.setdefault(name, Use(counted=name in counts))
        setattr(module, name, _timed(work, use, counts.get(name)))
    try:
        yield uses
    finally:
        for module, name, work in names:
            setattr(module, name, work)


def _kernels() -> Iterator[Named]:
    for module in _modules():
        for name, value in list(vars(module).items()):
            if hasattr(value, "py_func"):
                yield module, name, value


def _stages() -> Iterator[Named]:
    module = sys.modules[STEPS]
    for name, value in list(vars(module).items()):
        ours = getattr(value, "__module__", "").startswith(("ribin.correlate", "ribin.decide"))
        if isinstance(value, FunctionType) and ours:
            yield module, name, value


def _modules() -> list[ModuleType]:
    return [module for name, module in sorted(sys.modules.items()) if name.startswith(_FOLDER)]


def _timed(work: Callable[..., Any], use: Use, count: Callable[..., int] | None) -> Any:
    def stopwatch(*arguments: Any, **named: Any) -> Any:
        start = time.thread_time_ns()
        result = work(*arguments, **named)
        use.cpu_s += 1e-9 * (time.thread_time_ns() - start)
        use.calls += 1
        use.bytes += sum(a.nbytes for a in arguments if isinstance(a, np.ndarray))
        if count:
            use.multiply_adds += count(*arguments)
        return result

    return stopwatch
