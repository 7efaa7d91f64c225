"""A line on the terminal for work that takes longer than two seconds."""

from __future__ import annotations

import sys
import time

_PATIENCE_S = 2.0
_WIDTH = 30


class Progress:
    """Call it with what is done, how many so far, and of how many.

    It writes to stderr, only where that is a terminal, and only after two seconds.
    """

    def __init__(self) -> None:
        self._begun: dict[str, float] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        begun = self._begun.setdefault(stage, time.monotonic())
        if not sys.stderr.isatty() or time.monotonic() - begun < _PATIENCE_S:
            return
        filled = _WIDTH * done // max(total, 1)
        bar = "#" * filled + "-" * (_WIDTH - filled)
        end = "\n" if done >= total else ""
        sys.stderr.write(f"\r{stage:<12} [{bar}] {done}/{total}{end}")
        sys.stderr.flush()
