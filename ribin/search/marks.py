"""A search with every mark of a case: a list for each type, and one that fuses them by rank."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ribin.cases.exhibits import Request, SearchResult
from ribin.cases.results import SearchLists
from ribin.errors import ParameterError
from ribin.model import Template
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.search.engine import search
from ribin.search.look import Looker
from ribin.search.means import Means, Tick, silent
from ribin.search.member import Member
from ribin.search.network import Network
from ribin.search.rank import fuse_lists
from ribin.search.tally import sum_counts


def search_marks(
    queries: Sequence[Template],
    request: Request,
    network: Network,
    params: Params = DEFAULT_PARAMS,
    *,
    members: Sequence[str] = (),
    threads: int | None = None,
    looker: Looker | None = None,
    tick: Tick = silent,
    connect: Callable[[str], Member] | None = None,
) -> SearchLists:
    """Search with each of the templates, one list each, and fuse the lists by rank.

    Parameters
    ----------
    queries : sequence of Template
        One of each type of mark that the query has; the first leads.
    request : Request
        `top` limits each list and the fused one. Where lists are fused, members are asked for
        `fusion_depth` rows: an exhibit at place 25 of two lists may be among the first 20 of both.

    Raises
    ------
    ParameterError
        There is no template, or two of one type; else as `search`.
    """
    types = [query.mark_type for query in queries]
    if not types or len(set(types)) != len(types):
        listed = ", ".join(types) or "none"
        raise ParameterError(f"search: one mark of each type needed, found {listed}")
    fusing, limits = len(types) > 1, params.search
    deep = max(request.top, limits.fusion_depth) if fusing and request.top else request.top
    means = Means(threads, looker, tick)
    found = [
        search(
            query,
            replace(request, top=deep),
            network,
            params,
            members=members,
            threads=threads,
            looker=looker,
            tick=tick,
            when_answered=means.when_answered,
            connect=connect,
        )
        for query in queries
    ]
    means.finish()
    fused = fuse_lists(found, limits.fusion_offset) if fusing else ()
    return SearchLists(
        lists=tuple(_cut(result, request.top) for result in found),
        fused=fused[: request.top],
        counts=sum_counts(result.counts for result in found),
        fusion=f"sum of 1 / ({limits.fusion_offset} + rank) over the lists" if fusing else "",
    )


def _cut(result: SearchResult, top: int | None) -> SearchResult:
    return replace(result, candidates=result.candidates[:top])
