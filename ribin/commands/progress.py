"""A line on the terminal for work that takes longer than two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

_PATIENCE_S = 2.0
_WIDTH = 30
_TEXT = 40  # columns for the figures, so that a shorter text covers a longer one


class Progress:
    """Call it with what is done, how many so far, and of how many.

    It writes to stderr after two seconds, with the time left as the pace so far has it: a line that
    changes where that is a terminal; elsewhere nothing, or with `every_s` a line so often.
    """

    def __init__(self, every_s: float | None = None) -> None:
        self._begun: dict[str, tuple[float, int]] = {}
        self._every_s = every_s
        self._said_at = time.monotonic()

    def stage(self, name: str) -> Callable[[int, int], None]:
        """The same for one stage: called with what is done, and of how many."""
        return lambda done, total: self(name, done, total)

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        begun, before = self._begun.setdefault(stage, (now, done))
        if now - begun < _PATIENCE_S:
            return
        text = f"{done}/{total}"
        if before < done < total:
            text += f", {_duration((now - begun) / (done - before) * (total - done))} left"
        if sys.stderr.isatty():
            filled = _WIDTH * done // max(total, 1)
            bar = "#" * filled + "-" * (_WIDTH - filled)
            end = "\n" if done >= total else ""
            sys.stderr.write(f"\r{stage:<12} [{bar}] {text:<{_TEXT}}{end}")
        elif self._every_s is not None and now - self._said_at >= self._every_s:
            self._said_at = now
            sys.stderr.write(f"{stage} {text}\n")
        sys.stderr.flush()


def _duration(seconds: float) -> str:
    """Such as 40 s, 12 min or 3 h 5 min."""
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60.0)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
