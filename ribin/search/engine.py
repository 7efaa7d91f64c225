"""One search: ask every member in scope, merge the rows, rank them, and account for all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ribin._version import __version__
from ribin.cases.exhibits import Candidate, Request, Scope, SearchResult
from ribin.cases.results import SearchLists
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.model import Template
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.search.compare import SearchContext, Tick, row_order, silent, sum_counts
from ribin.search.index import CoarseScorer
from ribin.search.member import Answer, Member, member_of
from ribin.search.network import Network
from ribin.search.rank import fuse_lists
from ribin.search.rules import check_request


@dataclass
class _Answers:
    """What came back from those who were asked."""

    given: dict[str, Answer] = field(default_factory=dict)
    unavailable: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def search(
    query: Template,
    request: Request,
    network: Network,
    params: Params = DEFAULT_PARAMS,
    *,
    members: Sequence[str] = (),
    threads: int | None = None,
    scorer: CoarseScorer | None = None,
    tick: Tick = silent,
    when_answered: list[Callable[[], None]] | None = None,
    connect: Callable[[str], Member] | None = None,
) -> SearchResult:
    """Search the scope of a request, or the named members, for marks like the query's.

    Parameters
    ----------
    query : Template
        Made with `params`.
    request : Request
        `top` limits the list, and what each member discloses.
    members : sequence of str
        Codes to ask instead of all in the scope; the scope then becomes the narrowest one that
        reaches them, and their sharing levels are held against that.
    scorer : CoarseScorer, optional
        Who looks at the shards of an index; by default that many threads of this machine.
    tick : callable
        Told what is compared, how many so far, and of how many.
    when_answered : list of callables, optional
        Where this search is one of several, gets what is to be done when all were answered.
    connect : callable, optional
        Gives the member of a code; by default its vault in this file system, or where that cannot
        be reached the last bundle that the asker holds of it.

    Raises
    ------
    AccessError
        The asking member or a named one is not in the network, or a search beyond the country
        does not say who asks and why.
    ParameterError
        The query was made with other parameters, or a filter cannot be used.
    StoreError
        Nobody who was asked could answer.
    """
    started, asked_at = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
    if query.params_id != params.template_id:
        raise ParameterError(
            f"{query.provenance.source}: a template made with parameters {params.template_id} "
            f"needed, found {query.params_id}"
        )
    request, asked = _address(request, network, members)
    home = request.asking_member
    means = SearchContext(threads, scorer, tick, [] if when_answered is None else when_answered)
    ask = connect or (lambda code: member_of(code, home, network, params, means))
    answers = _ask_all(query, request, asked, ask)
    if when_answered is None:
        means.finish()
    rows = sorted((row for a in answers.given.values() for row in a.rows), key=row_order)
    return SearchResult(
        query=query.provenance.source,
        scope=",".join(asked) if members else str(request.scope),
        members=asked,
        unavailable=tuple(answers.unavailable),
        counts=sum_counts(a.counts for a in answers.given.values()),
        counts_by_member={code: a.counts for code, a in answers.given.items()},
        candidates=_ranked(rows[: request.top]),
        snapshot={code: a.snapshot for code, a in answers.given.items()},
        params_id=params.params_id,
        version=__version__,
        elapsed_s=time.perf_counter() - started,
        notes=tuple(answers.notes),
        mark=str(query.mark_type),
        query_sha256=query.provenance.sha256,
        request=request,
        asked_at=asked_at,
    )


def _address(
    request: Request, network: Network, members: Sequence[str]
) -> tuple[Request, tuple[str, ...]]:
    """The request with the scope it needs, checked, and the members to ask, in order."""
    if members:
        asked = tuple(sorted(set(members)))
        request = replace(request, scope=network.scope_of(request.asking_member, asked))
    else:
        asked = network.members_within(request.asking_member, request.scope)
    check_request(request, Scope.COUNTRY)
    return request, asked


def _ask_all(
    query: Template, request: Request, asked: Sequence[str], ask: Callable[[str], Member]
) -> _Answers:
    """Ask one after the other. A wider search is in the asker's log before anybody is asked, one
    within the country once it is answered."""
    answers = _Answers()
    home = ask(request.asking_member)
    wide = request.scope is not Scope.COUNTRY
    if wide:
        answers.notes += home.write_down("search", query, request, members=list(asked))
    for code in asked:
        try:
            answers.given[code] = ask(code).answer(query, request)
            answers.notes += answers.given[code].notes
        except (StoreError, AccessError, OSError) as error:
            answers.unavailable.append((code, str(error)))
    rows = {code: len(answer.rows) for code, answer in answers.given.items()}
    if wide or rows:
        action = "search answered" if wide else "search"
        answers.notes += home.write_down(action, query, request, rows=rows)
    if not answers.given:
        reasons = "; ".join(f"{code}: {why}" for code, why in answers.unavailable)
        raise StoreError(f"no member could answer: {reasons}")
    answers.notes = list(dict.fromkeys(answers.notes))
    return answers


def _ranked(rows: Sequence[Candidate]) -> tuple[Candidate, ...]:
    return tuple(replace(row, rank=place) for place, row in enumerate(rows, start=1))


# A search with every mark of a case: a list for each type, and one that fuses them by rank.


def search_marks(
    queries: Sequence[Template],
    request: Request,
    network: Network,
    params: Params = DEFAULT_PARAMS,
    *,
    members: Sequence[str] = (),
    threads: int | None = None,
    scorer: CoarseScorer | None = None,
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
    means = SearchContext(threads, scorer, tick)
    found = [
        search(
            query,
            replace(request, top=deep),
            network,
            params,
            members=members,
            threads=threads,
            scorer=scorer,
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
