"""What one thread of this machine can do at most, measured: the bound that kernels are held to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_SIDE = 1024
_COPY_MIB = 64
_ROUNDS = 7


@dataclass(frozen=True)
class Peak:
    """Best of several rounds; `copy_gb_s` counts what is read and what is written."""

    sgemm_gflop_s: float
    copy_gb_s: float


def measure_peak() -> Peak:
    """A float32 matrix product, and a copy of more than the caches hold."""
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((_SIDE, _SIDE), dtype=np.float32) for _ in "ab")
    product = np.empty_like(a)
    source = np.ones(_COPY_MIB << 18, np.float32)
    target = np.zeros_like(source)
    multiply = min(_seconds(lambda: np.matmul(a, b, out=product)) for _ in range(_ROUNDS))
    copy = min(_seconds(lambda: np.copyto(target, source)) for _ in range(_ROUNDS))
    return Peak(2e-9 * _SIDE**3 / multiply, 2e-9 * source.nbytes / copy)


def _seconds(work: Callable[[], object]) -> float:
    start = time.thread_time()
    work()
    return time.thread_time() - start


def machine_gflop_s(side: int = 2048, rounds: int = 5) -> float:
    """What a float32 matrix product reaches on all cores that BLAS may use, by the wall clock."""
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((side, side), dtype=np.float32) for _ in "ab")
    product = np.empty_like(a)
    best = np.inf
    for _ in range(rounds):
        started = time.perf_counter()
        np.matmul(a, b, out=product)
        best = min(best, time.perf_counter() - started)
    return float(2e-9 * side**3 / best)
