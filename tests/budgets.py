"""What a test may cost: processor time by how fast the machine is now, memory since a moment."""

from __future__ import annotations

import time
from pathlib import Path

MOST_GIB = 1.0  # of memory, for files that are meant to take more
_PIECE_S = 0.0075  # of the piece of work on a quiet core of 2026


def slowness() -> float:
    """How many times as long a known piece of work takes now as on a quiet core, 1 at least.

    Budgets of time are multiplied by it: two cores that do other work, or that share what a core
    is made of, take three times as long and more, and say nothing of what is tested.
    """
    return max(1.0, min(_piece_s() for _ in range(3)) / _PIECE_S)


def _piece_s() -> float:
    begun = time.thread_time()
    rows = {str(number): {"number": number, "beside": (number,)} for number in range(20_000)}
    sorted(rows, key=lambda name: rows[name]["number"] ^ 5)
    return time.thread_time() - begun


class MemoryRise:
    """By how much the memory of this process has risen at its peak since this was made.

    Linux lets a process set its own peak back (``clear_refs``), so that what other tests of the
    run needed before neither adds to the rise nor hides it.
    """

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")
        self._held = _peak_gib()

    @property
    def gib(self) -> float:
        return _peak_gib() - self._held


def _peak_gib() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / (1 << 20)
