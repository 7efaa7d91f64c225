"""What a search is computed with, and who is told how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ribin.search.look import Looker, Threads

Tick = Callable[[str, int, int], None]  # what is done, how many so far, of how many


def silent(stage: str, done: int, total: int) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class Means:
    """Threads, all processors where None; who looks at shards; who is told."""

    threads: int | None = None
    looker: Looker | None = None
    tick: Tick = silent

    @property
    def looking(self) -> Looker:
        """Who looks at shards: by default those threads of this machine."""
        return self.looker or Threads(self.threads)
