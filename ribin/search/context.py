"""What every step of a search is made with: the network, the parameters, and this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.search.index import CoarseScorer, Threads
from ribin.search.network import Network

OnProgress = Callable[[str, int, int], None]  # what is done, how many so far, of how many


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody wants to know."""


@dataclass(frozen=True)
class SearchContext:
    """What a search is made with.

    Attributes
    ----------
    params : Params
        Those of the query's template.
    threads : int, optional
        All processors where None.
    scorer : CoarseScorer, optional
        Who scores the shards of an index; by default that many threads of this machine.
    progress : callable
        Is given what is compared, how many so far, and of how many.
    """

    network: Network
    params: Params = DEFAULT_PARAMS
    threads: int | None = None
    scorer: CoarseScorer | None = None
    progress: OnProgress = silent

    @property
    def shard_scorer(self) -> CoarseScorer:
        """Who scores the shards of a vault."""
        return self.scorer or Threads(self.threads)
