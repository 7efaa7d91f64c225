"""What every step of a search is made with: the mark, the network, the parameters, this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ribin.model import Template
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.search.index import CoarseScorer, Threads
from ribin.search.network import Network
from ribin.workers import OnProgress, silent


@dataclass(frozen=True, eq=False)
class Query:
    """The mark that is searched with; `earlier` is the same mark described with other parameters,
    for members that have those alone."""

    template: Template
    earlier: Sequence[Template] = ()


@dataclass(frozen=True)
class SearchContext:
    """What a search is made with."""

    network: Network
    params: Params = DEFAULT_PARAMS  # those of the query's template
    threads: int | None = None  # None: all processors
    scorer: CoarseScorer | None = None  # of the shards; None: that many threads of this machine
    progress: OnProgress = silent
    deadline_s: float = 30.0  # for an answer over a line; one that comes later is fetched

    @property
    def shard_scorer(self) -> CoarseScorer:
        """Who scores the shards of a vault."""
        return self.scorer or Threads(self.threads)
