"""Answers that came too late for a search: fetched, and put into its lists under a new number.

The questions lie in the outbox as they were asked, under their ids: a member that has answered
meanwhile gives the answer that it stored, and its log has no second row.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ribin.cases.exhibits import Request, SearchResult
from ribin.cases.results import SearchLists
from ribin.cases.searches import RecordedSearch
from ribin.errors import ParameterError, RibinError, error_with_hint
from ribin.exchange.line import PreparedQuestion
from ribin.exchange.message import MessageKind
from ribin.exchange.questions import SearchAnswer, SearchQuestion, request_of, stated_template
from ribin.foreign import read_packed
from ribin.model import Template
from ribin.search.compare import sum_counts
from ribin.search.member import Answer, answer_of, log_request
from ribin.search.rank import fuse_lists, row_order
from ribin.services.recorded_searches import lists_as_recorded, record_again, recorded_search
from ribin.services.session import Session
from ribin.vault.messages import OwnQuestion, own_questions, settle_question
from ribin.vault.people import check_searcher


@dataclass(frozen=True, eq=False)
class _LateAnswer:
    """A question that waited, and what came of it."""

    asked: OwnQuestion
    query: Template
    request: Request
    found: Answer | RibinError | OSError


def search_again(session: Session, number: str, who: str) -> SearchLists:
    """Ask the members again that had not answered a search; its lists with what they give.

    They are recorded under a number of their own; whoever has not answered yet is named again.

    Raises ParameterError: every member that could answer has; StoreError: there is no such search;
    AccessError: `who` may not search.
    """
    check_searcher(session.vault.catalogue, who)
    recorded = recorded_search(session.vault, number, who)
    kind = str(MessageKind.SEARCH)
    waiting = own_questions(session.vault, kind=kind, subject=number)
    if not waiting:
        raise ParameterError(
            f"search {number}: a member that may still answer needed, found none",
            hint="search anew to ask every member",
        )
    with ThreadPoolExecutor(max_workers=len(waiting)) as pool:
        asked = [(one, *_as_asked(session, one)) for one in waiting]
        late = list(pool.map(lambda each: _fetch(session, *each), asked))
    for one in late:
        _settle(session, one, who)
    return record_again(session.vault, recorded, _joined(recorded, late, session), who)


def _as_asked(session: Session, one: OwnQuestion) -> tuple[Template, Request, list[str]]:
    """The query, the request, and the earlier sets of parameters that the question has."""
    stated = read_packed(one.question, SearchQuestion, f"question {one.id[:8]}")
    query = stated_template(stated.template, f"question {one.id[:8]}")
    sets = [template.params_id for template in stated.earlier]
    return query, request_of(stated, session.member, one.receiver), sets


def _fetch(
    session: Session, one: OwnQuestion, query: Template, request: Request, sets: Sequence[str]
) -> _LateAnswer:
    prepared = PreparedQuestion(one.id, MessageKind.SEARCH, one.question)
    try:
        line = session.network.line(session.member, one.receiver, session.context)
        if one.answer:  # it came in a bundle
            told = line.open(prepared, one.answer, SearchAnswer)
            found = answer_of(one.receiver, told, query, request, sets)
            age = f"{one.receiver}: its answer came by a bundle on {one.answered_at[:10]}"
            return _LateAnswer(one, query, request, replace(found, notes=(*found.notes, age)))
        told = line.send(prepared, SearchAnswer, session.context.deadline_s)
        return _LateAnswer(one, query, request, answer_of(one.receiver, told, query, request, sets))
    except (RibinError, OSError) as error:
        return _LateAnswer(one, query, request, error)


def _settle(session: Session, one: _LateAnswer, who: str) -> None:
    """Log what came, and let the question go; one that was not answered waits on."""
    answered = isinstance(one.found, Answer)
    if isinstance(one.found, Answer):
        code = one.asked.receiver
        facts = {
            "rows": {code: len(one.found.rows)},
            "answers": {code: one.found.sha256},
            "anchors": {code: one.found.anchor},
        }
        request = replace(one.request, who=who)
        log_request(session.vault, "search answered", one.query, request, **facts)
    settle_question(session.vault, one.asked.id, "" if answered else str(one.found))


def _joined(recorded: RecordedSearch, late: Sequence[_LateAnswer], session: Session) -> SearchLists:
    """The lists as they were recorded, with the rows that came late."""
    lists = lists_as_recorded(recorded)
    joined = [
        _with_late(one, [a for a in late if a.query.mark_type == one.mark]) for one in lists.lists
    ]
    still = tuple(one.asked.id for one in late if not isinstance(one.found, Answer))
    limits = session.context.params.search
    fused = fuse_lists(joined, limits.fusion_offset) if len(joined) > 1 else ()
    top = joined[0].request.top if joined[0].request else None
    note = f"search {recorded.number} again, with what came late"
    return replace(
        lists,
        lists=tuple(joined),
        fused=fused[:top],
        counts=sum_counts(one.counts for one in joined),
        notes=(*lists.notes, note),
        search="",
        waiting=still,
    )


def _with_late(one: SearchResult, late: Sequence[_LateAnswer]) -> SearchResult:
    given = {a.asked.receiver: a.found for a in late if isinstance(a.found, Answer)}
    rows = [*one.candidates, *(row for answer in given.values() for row in answer.rows)]
    top = one.request.top if one.request else None
    ranked = enumerate(sorted(rows, key=row_order)[:top], start=1)
    counts = {**one.counts_by_member, **{code: a.counts for code, a in given.items()}}
    why = {
        a.asked.receiver: error_with_hint(a.found) for a in late if not isinstance(a.found, Answer)
    }
    left = {code: why.get(code, said) for code, said in one.unavailable if code not in given}
    states = {code: answer.snapshot for code, answer in given.items()}
    return replace(
        one,
        candidates=tuple(replace(row, rank=rank) for rank, row in ranked),
        counts_by_member=dict(sorted(counts.items())),
        counts=sum_counts(counts.values()),
        unavailable=tuple(left.items()),
        snapshot=dict(sorted((one.snapshot | states).items())),
        notes=tuple(dict.fromkeys([*one.notes, *(n for a in given.values() for n in a.notes)])),
    )
