"""One search, from the question to the ranked list.

who is asked (`_address`) -> each answers for itself (`member`): what is eligible (`rules`),
coarse scores (`shortlist`, `index`), full comparison (`compare`) -> rank (`rank`) -> counts
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ribin._version import __version__
from ribin.cases.exhibits import Request, Scope, SearchResult
from ribin.cases.results import SearchLists
from ribin.errors import (
    AccessError,
    FormatError,
    NoAnswerError,
    ParameterError,
    RibinError,
    StoreError,
    error_with_hint,
)
from ribin.exchange.carrier import Way
from ribin.exchange.line import PreparedQuestion
from ribin.params.defaults import ValidationParams
from ribin.search.compare import sum_counts
from ribin.search.context import Query, SearchContext
from ribin.search.journal import FullSearchJournal
from ribin.search.member import Answer, Member, OtherMember, bundle_of, log_request, member_of
from ribin.search.network import Network
from ribin.search.rank import fuse_lists, row_order
from ribin.search.rules import check_request
from ribin.vault.disclosure import as_seen_by
from ribin.vault.messages import OwnQuestion, put_own_questions, settle_question
from ribin.vault.vault import Vault, check_log, open_member

_APART = "{} in a list apart: --fuse-all orders exhibits by all lists"


def search_marks(
    queries: Sequence[Query],
    request: Request,
    context: SearchContext,
    members: Sequence[str] = (),
    fuse_all: bool = False,
) -> SearchLists:
    """Search the scope of a request, or the named members, with marks of one scan: a list of each,
    and the lists fused by rank.

    Where lists are fused, members are asked for `fusion_depth` rows: an exhibit at place 25 of two
    lists may be among the first 20 of both. Marks of a type that no evaluation on real ones stands
    behind (`ValidationParams`) are fused only with `fuse_all`; the notes of their list say so.

    Parameters
    ----------
    queries : sequence of Query
        One mark of each type, made with the parameters of `context`; the first one leads.
    request : Request
        `top` limits each list and the fused one, and what each member discloses.
    members : sequence of str
        Codes to ask instead of all in the scope; the scope then becomes the narrowest one that
        reaches them, and their sharing levels are held against that.

    Raises
    ------
    AccessError
        The asking member or a named one is not in the network, or a search beyond the country
        does not say who asks and why.
    ParameterError
        There is no query, or two of one type; one was made with other parameters, a filter cannot
        be used, or a search is to be unlogged that can be logged.
    StoreError
        Nobody who was asked could answer, or the own audit log cannot be written.
    """
    types = [query.template.mark_type for query in queries]
    if not types or len(set(types)) != len(types):
        listed = ", ".join(types) or "none"
        raise ParameterError(f"search: one mark of each type needed, found {listed}")
    limits, validation = context.params.search, context.params.validation
    fusible = [fuse_all or not validation.caution(mark) for mark in types]
    fusing = sum(fusible) > 1
    deep = max(request.top, limits.fusion_depth) if fusing and request.top else request.top
    asked = replace(request, top=deep)
    found = [_search(query, asked, context, members) for query in queries]
    for one in found:
        one.forget()
    results = [_cautioned(one.result, validation) for one in found]
    joined = [result for result, fuses in zip(results, fusible, strict=True) if fuses]
    fused = fuse_lists(joined, limits.fusion_offset) if fusing else ()
    apart = [mark.words for mark, fuses in zip(types, fusible, strict=True) if not fuses]
    notes = (_APART.format(" and ".join(apart)),) if apart and len(types) > 1 else ()
    return SearchLists(
        lists=tuple(
            replace(result, candidates=result.candidates[: request.top]) for result in results
        ),
        fused=fused[: request.top],
        counts=sum_counts(result.counts for result in results),
        fusion=f"sum of 1 / ({limits.fusion_offset} + rank) over the lists" if fusing else "",
        notes=notes,
        waiting=tuple(question for one in found for question in one.waiting),
    )


def _cautioned(result: SearchResult, validation: ValidationParams) -> SearchResult:
    """The list with what its reader must know of its type of mark."""
    caution = validation.caution(result.mark)
    if not caution:
        return result
    return replace(result, notes=(*result.notes, f"{result.mark.replace('_', ' ')}: {caution}"))


def _search(
    query: Query, request: Request, context: SearchContext, members: Sequence[str]
) -> _MarkSearch:
    started, asked_at = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
    params, template = context.params, query.template
    if template.params_id != params.template_id:
        raise ParameterError(
            f"{template.provenance.source}: a template made with parameters {params.template_id} "
            f"needed, found {template.params_id}"
        )
    request, asked = _address(request, context.network, members)
    answers = _ask_all(query, request, asked, context)
    given = answers.given
    rows = sorted((row for answer in given.values() for row in answer.rows), key=row_order)
    ranked = (replace(row, rank=n) for n, row in enumerate(rows[: request.top], start=1))
    result = SearchResult(
        query=template.provenance.source,
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
        mark=str(template.mark_type),
        query_sha256=template.provenance.sha256,
        request=request,
        asked_at=asked_at,
    )
    kept = [answer.journal for answer in given.values() if answer.journal]
    return _MarkSearch(result, kept, answers.waiting)


@dataclass(frozen=True)
class _MarkSearch:
    """The search with one mark: its list, what may be forgotten once the whole search is answered,
    and the ids of questions that may still be answered."""

    result: SearchResult
    journals: list[FullSearchJournal]
    waiting: list[str]

    def forget(self) -> None:
        for journal in self.journals:
            journal.forget()


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
    """What came back from those who were asked; `waiting` are the ids of questions that may still
    be answered."""

    given: dict[str, Answer] = field(default_factory=dict)
    unavailable: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


def _ask_all(
    query: Query, request: Request, asked: Sequence[str], context: SearchContext
) -> _Answers:
    """Ask all at once. A wider search is in the asker's log before anybody is asked, one within the
    country before it is answered. What cannot be logged is not asked, nor answered."""
    answers, home = _Answers(), request.asking_member
    template = query.template
    own = partial(open_member, context.network.members[home].folder, home)
    wide = request.scope is not Scope.COUNTRY
    with own() as vault:
        if request.unlogged:
            answers.notes.append(_unlogged_note(vault, wide))
        else:
            check_log(vault)
        if wide:
            anchor = log_request(vault, "search", template, request, members=list(asked))
            name = as_seen_by("", vault).hidden_scan_name(template.provenance.sha256)
            request = replace(request, anchor=anchor, query=name)
    outcomes, answers.waiting = _outcomes_of(query, request, asked, context)
    for code in asked:
        answer = outcomes[code]
        if isinstance(answer, Answer):
            answers.given[code] = answer
            answers.notes += answer.notes
        else:
            answers.unavailable.append((code, error_with_hint(answer)))
    rows = {code: len(answer.rows) for code, answer in answers.given.items()}
    facts: dict[str, Any] = {"rows": rows}
    for name in ("bundle", "anchor", "sha256"):
        if stated := {code: v for code, a in answers.given.items() if (v := getattr(a, name))}:
            facts["answers" if name == "sha256" else f"{name}s"] = stated
    if (wide or rows) and not request.unlogged:
        with own() as vault:
            log_request(vault, "search answered" if wide else "search", template, request, **facts)
    if not answers.given:
        reasons = "; ".join(f"{code}: {why}" for code, why in answers.unavailable)
        raise StoreError(f"no member could answer: {reasons}")
    return answers


_Outcome = Answer | RibinError | OSError
_GRACE_S = 2.0  # that a carrier may take to say that the time is over
_MAY_FAIL = (StoreError, AccessError, FormatError, OSError)
_OTHERS_MAY_FAIL = (RibinError, OSError)  # what is wrong usage there is no reason to ask nobody


def _outcomes_of(
    query: Query, request: Request, asked: Sequence[str], context: SearchContext
) -> tuple[dict[str, _Outcome], list[str]]:
    """The answer of each, or why there is none; and the ids of questions that may still be
    answered. Who answers in this process, or by a bundle that is here, does so in turn: threads of
    its own would make nothing faster. Meanwhile lines wait."""
    begun, home = time.monotonic(), request.asking_member
    outcomes: dict[str, _Outcome] = {}
    waiting: list[str] = []
    near: dict[str, Member] = {}
    far: dict[str, tuple[OtherMember, PreparedQuestion]] = {}
    for code in asked:
        try:
            member = member_of(code, home, context)
            if isinstance(member, OtherMember) and member.line.carrier.way is not Way.FOLDER:
                far[code] = member, member.prepare(query, request)
            else:
                near[code] = member
        except _OTHERS_MAY_FAIL as error:
            outcomes[code] = error
    _put_into_outbox(context, home, {code: one for code, (_, one) in far.items()}, request)
    pool = ThreadPoolExecutor(max_workers=max(1, len(far)))
    try:
        sent = {
            code: pool.submit(member.send, question, query, request)
            for code, (member, question) in far.items()
        }
        for code, member in near.items():
            try:
                outcomes[code] = member.answer(query, request)
            except _OTHERS_MAY_FAIL as error:
                if code == home and not isinstance(error, _MAY_FAIL):
                    raise
                outcomes[code] = error
        for code, future in sent.items():
            left_s = max(begun + context.deadline_s - time.monotonic(), 0.0)
            outcome = _outcome_by(left_s, future, context.deadline_s)
            away = isinstance(outcome, StoreError) and not isinstance(outcome, NoAnswerError)
            if away and (bundled := bundle_of(code, home, context)):  # as without a line
                outcome = bundled.answer(query, request)
            outcomes[code] = outcome
            # Whoever has not answered, or refused, may do so once that is mended.
            problem = "" if isinstance(outcome, Answer) else str(outcome)
            question = far[code][1].id
            waiting += [question] if problem else []
            with open_member(context.network.members[home].folder, home) as vault:
                settle_question(vault, question, problem)
    finally:
        pool.shutdown(wait=False)
    return outcomes, waiting


def _outcome_by(left_s: float, answer: Future[Answer], deadline_s: float) -> _Outcome:
    """What comes over a line in the seconds that are left of the deadline."""
    try:
        return answer.result(left_s + _GRACE_S)
    except TimeoutError:
        return NoAnswerError(f"no answer in {deadline_s:g} s")
    except _OTHERS_MAY_FAIL as error:
        return error


def _put_into_outbox(
    context: SearchContext, home: str, asked: Mapping[str, PreparedQuestion], request: Request
) -> None:
    """Questions that may be answered late are kept as they are sent."""
    folder = context.network.members[home].folder
    kept = [OwnQuestion(o.id, code, str(o.kind), "", o.content) for code, o in asked.items()]
    with open_member(folder, home) as vault:
        put_own_questions(vault, kept, request.who)


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
