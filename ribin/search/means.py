"""What a search is computed with, and who is told how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ribin.search.look import Looker, Threads

Tick = Callable[[str, int, int], None]  # what is done, how many so far, of how many


def silent(stage: str, done: int, total: int) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class Means:
    """What a search is computed with.

    Attributes
    ----------
    threads : int, optional
        All processors where None.
    looker : Looker, optional
        Who looks at shards.
    tick : callable
        Who is told.
    when_answered : list of callables
        What is done once the whole search, of all marks and members, was answered.
    """

    threads: int | None = None
    looker: Looker | None = None
    tick: Tick = silent
    when_answered: list[Callable[[], None]] = field(default_factory=list)

    def finish(self) -> None:
        """The whole search was answered."""
        for step in self.when_answered:
            step()

    @property
    def looking(self) -> Looker:
        """Who looks at shards: by default those threads of this machine."""
        return self.looker or Threads(self.threads)
