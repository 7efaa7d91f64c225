"""One search, from the question to the ranked list.

who is asked (`_address`) -> each answers from its vault (`member`): what is eligible (`rules`),
coarse scores (`shortlist`, `index`), full comparison (`compare`) -> rank (`rank`) -> counts
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ribin._version import __version__
from ribin.cases.exhibits import Request, Scope, SearchResult
from ribin.cases.results import SearchLists
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.model import Template
from ribin.search.compare import row_order, sum_counts
from ribin.search.context import SearchContext
from ribin.search.journal import FullSearchJournal
from ribin.search.member import Answer, log_request, member_of
from ribin.search.network import Network
from ribin.search.rank import fuse_lists
from ribin.search.rules import check_request
from ribin.vault.disclosure import as_seen_by
from ribin.vault.vault import Vault, check_log, open_member


def search(
    query: Template, request: Request, context: SearchContext, members: Sequence[str] = ()
) -> SearchResult:
    """Search the scope of a request, or the named members, for marks like the query's.

    Parameters
    ----------
    query : Template
        Made with the parameters of `context`.
    request : Request
        `top` limits the list, and what each member discloses.
    members : sequence of str
        Codes to ask instead of all in the scope; the scope then becomes the narrowest one that
        reaches them, and their sharing levels are held against that.

    Raises
    ------
    AccessError
        The asking member or a named one is not in the network, or a search beyond the country
        does not say who asks and why.
    ParameterError
        The query was made with other parameters, a filter cannot be used, or a search is to be
        unlogged that can be logged.
    StoreError
        Nobody who was asked could answer, or the own audit log cannot be written.
    """
    result, journals = _search(query, request, context, members)
    for journal in journals:
        journal.forget()
    return result


def search_marks(
    queries: Sequence[Template],
    request: Request,
    context: SearchContext,
    members: Sequence[str] = (),
) -> SearchLists:
    """Search with each of the templates, one list each, and fuse the lists by rank.

    The first of the queries leads. `request.top` limits each list and the fused one. Where lists
    are fused, members are asked for `fusion_depth` rows: an exhibit at place 25 of two lists may be
    among the first 20 of both.

    Raises ParameterError: there is no template, or two of one type; else as `search`.
    """
    types = [query.mark_type for query in queries]
    if not types or len(set(types)) != len(types):
        listed = ", ".join(types) or "none"
        raise ParameterError(f"search: one mark of each type needed, found {listed}")
    fusing, limits = len(types) > 1, context.params.search
    deep = max(request.top, limits.fusion_depth) if fusing and request.top else request.top
    asked = replace(request, top=deep)
    found = [_search(query, asked, context, members) for query in queries]
    for journal in (one for _, journals in found for one in journals):
        journal.forget()
    results = [result for result, _ in found]
    fused = fuse_lists(results, limits.fusion_offset) if fusing else ()
    return SearchLists(
        lists=tuple(
            replace(result, candidates=result.candidates[: request.top]) for result in results
        ),
        fused=fused[: request.top],
        counts=sum_counts(result.counts for result in results),
        fusion=f"sum of 1 / ({limits.fusion_offset} + rank) over the lists" if fusing else "",
    )


def _search(
    query: Template, request: Request, context: SearchContext, members: Sequence[str]
) -> tuple[SearchResult, list[FullSearchJournal]]:
    """The list of one mark, and what may be forgotten once the whole search is answered."""
    started, asked_at = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
    params = context.params
    if query.params_id != params.template_id:
        raise ParameterError(
            f"{query.provenance.source}: a template made with parameters {params.template_id} "
            f"needed, found {query.params_id}"
        )
    request, asked = _address(request, context.network, members)
    answers = _ask_all(query, request, asked, context)
    given = answers.given
    rows = sorted((row for answer in given.values() for row in answer.rows), key=row_order)
    ranked = (replace(row, rank=n) for n, row in enumerate(rows[: request.top], start=1))
    result = SearchResult(
        query=query.provenance.source,
        scope=",".join(asked) if members else str(request.scope),
        members=asked,
        unavailable=tuple(answers.unavailable),
        counts=sum_counts(answer.counts for answer in given.values()),
        counts_by_member={code: answer.counts for code, answer in given.items()},
        candidates=tuple(ranked),
        snapshot={code: answer.snapshot for code, answer in given.items()},
        params_id=params.params_id,
        version=__version__,
        elapsed_s=time.perf_counter() - started,
        notes=tuple(dict.fromkeys(answers.notes)),
        mark=str(query.mark_type),
        query_sha256=query.provenance.sha256,
        request=request,
        asked_at=asked_at,
    )
    return result, [answer.journal for answer in given.values() if answer.journal]


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


@dataclass
class _Answers:
    """What came back from those who were asked."""

    given: dict[str, Answer] = field(default_factory=dict)
    unavailable: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def _ask_all(
    query: Template, request: Request, asked: Sequence[str], context: SearchContext
) -> _Answers:
    """Ask one after the other. A wider search is in the asker's log before anybody is asked, one
    within the country before it is answered. What cannot be logged is not asked, nor answered."""
    answers, home = _Answers(), request.asking_member
    own = partial(open_member, context.network.members[home].vault, home)
    wide = request.scope is not Scope.COUNTRY
    with own() as vault:
        if request.unlogged:
            answers.notes.append(_unlogged_note(vault, wide))
        else:
            check_log(vault)
        if wide:
            anchor = log_request(vault, "search", query, request, members=list(asked))
            name = as_seen_by("", vault).hidden_scan_name(query.provenance.sha256)
            request = replace(request, anchor=anchor, query=name)
    for code in asked:
        try:
            answers.given[code] = member_of(code, home, context).answer(query, request)
            answers.notes += answers.given[code].notes
        except (StoreError, AccessError, OSError) as error:
            answers.unavailable.append((code, str(error)))
    rows = {code: len(answer.rows) for code, answer in answers.given.items()}
    facts: dict[str, Any] = {"rows": rows}
    if bundles := {code: a.bundle for code, a in answers.given.items() if a.bundle}:
        facts["bundles"] = bundles
    if anchors := {code: a.anchor for code, a in answers.given.items() if a.anchor}:
        facts["anchors"] = anchors
    if (wide or rows) and not request.unlogged:
        with own() as vault:
            log_request(vault, "search answered" if wide else "search", query, request, **facts)
    if not answers.given:
        reasons = "; ".join(f"{code}: {why}" for code, why in answers.unavailable)
        raise StoreError(f"no member could answer: {reasons}")
    return answers


def _unlogged_note(vault: Vault, wide: bool) -> str:
    """What the lists of an unlogged search say; ParameterError where it can be logged."""
    if wide:
        raise ParameterError(
            "--unlogged: a search of the own vault alone needed: what others are asked is logged"
        )
    if vault.writable:
        raise ParameterError(
            f"{vault.path}: --unlogged needs a vault that can only be read, found one whose audit "
            "log can be written"
        )
    return f"UNLOGGED: {vault.member}: a copy that can only be read; no audit log has this search"
