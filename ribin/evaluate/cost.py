"""What an evaluation cost: CPU seconds and memory of this process and its workers."""

from __future__ import annotations

import os
import sys
import time

_BYTES_PER_MIB = 1024 * 1024


def cpu_seconds() -> float:
    """CPU time of every thread of this process and of the children that have ended."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def peak_rss_mb() -> float:
    """The largest resident memory, in MiB, of this process or of one ended child; NaN on Windows.

    Processes are not added up: pages that a parent and its children share would count twice.
    """
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, others KiB
    return peak * unit / _BYTES_PER_MIB
