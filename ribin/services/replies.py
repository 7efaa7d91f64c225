"""What the owner's side replies to each kind of question, and what its log says of it.

Nothing here looks at who may ask at all, logs or signs: `answers.py` does, before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from ribin._version import __version__
from ribin.cases.exhibits import Request, Scope
from ribin.cases.leads import Lead, LeadHistory
from ribin.describe.soundness import check_described
from ribin.errors import AccessError, ParameterError
from ribin.exchange.lead_statements import LeadsAnswer, LeadsQuestion
from ribin.exchange.looks import LookQuestion, look_answer
from ribin.exchange.message import Envelope, MessageKind
from ribin.exchange.questions import (
    CorrectionQuestion,
    CountsAnswer,
    CountsQuestion,
    HeadsAnswer,
    HeadsQuestion,
    LoggedAnswer,
    OriginalAnswer,
    OriginalQuestion,
    OriginalStatement,
    ReleaseQuestion,
    SearchAnswer,
    SearchQuestion,
    TemplateStatement,
    counts_statement,
    request_of,
    row_statement,
    stated_template,
)
from ribin.exchange.send import file_name_of
from ribin.exchange.trace_statements import TraceQuestion
from ribin.foreign import Statement
from ribin.leads.both_sides import BothSides, LeadChoice
from ribin.leads.merge import merge_stated
from ribin.leads.statements import TheirSide, state_leads
from ribin.leads.trace import tell_of
from ribin.params.defaults import Params
from ribin.search.context import SearchContext
from ribin.search.member import answer_search
from ribin.search.rules import check_request
from ribin.services.held_exhibits import HeldExhibit
from ribin.services.leads import announce_own
from ribin.text import escaped_lines
from ribin.vault.anchors import kept_anchors
from ribin.vault.disclosure import as_seen_by
from ribin.vault.leads import find_lead
from ribin.vault.parameter_sets import NO_SET_SHARED, kept_parameters
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class LogRow:
    """A row of the owner's log that an answer calls for."""

    action: str
    subject: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """What is answered, and what the log says of it."""

    content: msgspec.Struct
    rows: tuple[LogRow, ...]


@dataclass(frozen=True)
class Asked:
    """A question of another member whose signature is good."""

    vault: Vault
    envelope: Envelope
    reach: Scope  # how near the owner says that the sender is
    context: SearchContext
    most_rows: int | None  # of a list; None: as many as were asked for

    @property
    def sender(self) -> str:
        return self.envelope.sender


def _search(asked: Asked, body: SearchQuestion) -> Reply:
    """A search: what the sender may see, compared with the first of its templates whose set of
    parameters this side has, too."""
    vault, where = asked.vault, asked.envelope.where
    stated, params = _shared_template(asked, body)
    context = replace(asked.context, params=params)
    query = stated_template(stated, where)
    check_described(query.arrays, where)  # before a kernel runs on what somebody sent
    request = request_of(body, asked.sender, vault.member)
    found = answer_search(vault, query, request, asked.reach, context)
    rows = found.rows if asked.most_rows is None else found.rows[: asked.most_rows]
    notes: tuple[str, ...] = ()
    if len(rows) < len(found.rows):
        notes = (f"{vault.member}: the first {len(rows)} of {len(found.rows)} rows, as agreed",)
    content = SearchAnswer(
        rows=tuple(map(row_statement, rows)),
        counts=counts_statement(found.counts),
        snapshot=found.snapshot,
        notes=(*found.notes, *notes),
        params_id=context.params.params_id,
        template_id=query.params_id,
        version=__version__,
    )
    facts = {
        "scope": str(request.scope),
        "mark": str(query.mark_type),
        "rows": len(rows),
        "anchors": {asked.sender: request.anchor},
    }
    # The journal of a full search stays: whoever asks again after a stop goes on where it was.
    return Reply(content, (LogRow("answer", request.query, facts),))


def _shared_template(asked: Asked, body: SearchQuestion) -> tuple[TemplateStatement, Params]:
    """The template that is compared, and the numbers of its set."""
    member, own = asked.vault.member, asked.context.params
    known = {**kept_parameters(asked.vault.path), own.template_id: own}
    given = (body.template, *body.earlier)
    for stated in given:
        if stated.params_id in known:
            return stated, known[stated.params_id]
    raise ParameterError(
        f"{member}: a template made with parameters {' or '.join(known)} (ribin {__version__}) "
        f"needed, found {', '.join(stated.params_id for stated in given)}",
        hint=NO_SET_SHARED,
    )


def _look(asked: Asked, body: LookQuestion) -> Reply:
    """A look at an exhibit, for what is shown of it."""
    vault = asked.vault
    request = Request(asked.sender, body.scope, who=body.who, reason=body.reason)
    check_request(request, asked.reach)
    seen = as_seen_by(asked.sender, vault, asked.reach)
    found = seen.find(body.exhibit)
    name = f"{vault.member}:{body.exhibit}"
    # The same words for what is hidden and for what is not there: neither is anybody's to know.
    if found is None or not seen.shows(found, body.scope):
        raise AccessError(
            f"{name}: an exhibit that {vault.member} shows in scope {body.scope} needed, found "
            "none",
            hint="`ribin search` lists those",
        )
    held = HeldExhibit(vault, found.exhibit, seen.exhibit(found), name, seen)
    wanted = (body.mark, body.sha256, body.every, body.scan, body.any_params)
    shown = held.show((body.params_id, *body.earlier), *wanted)
    facts = {"scope": str(body.scope)}
    return Reply(look_answer(shown), tuple(LogRow(body.action, s, facts) for s in shown.scans))


def _counts(asked: Asked, body: CountsQuestion) -> Reply:
    vault = asked.vault
    seen = as_seen_by(asked.sender, vault, asked.reach)
    shown = sum(seen.shows(one) for one in vault.exhibits().values())
    params_id = asked.context.params.template_id
    content = CountsAnswer(shown, asked.reach, __version__, params_id)
    return Reply(content, (LogRow("count", vault.member, {"exhibits": shown}),))


def _heads(asked: Asked, body: HeadsQuestion) -> Reply:
    with asked.vault.catalogue.reading() as db:
        heads = tuple(kept_anchors(db).get(asked.sender, ()))
    return Reply(HeadsAnswer(heads), (LogRow("heads", asked.sender),))


def _original(asked: Asked, body: OriginalQuestion) -> Reply:
    """The scans of an exhibit as they were received, where its original was released."""
    vault = asked.vault
    request = Request(asked.sender, asked.reach, who=body.who, reason=body.reason)
    check_request(request, asked.reach)
    seen = as_seen_by(asked.sender, vault, asked.reach)
    known = seen.find(body.exhibit)
    # The same words for what is hidden, not there or not released: none is anybody's to know.
    if known is None or not (seen.shows(known) and seen.gives_original(known.exhibit)):
        raise AccessError(
            f"{vault.member}:{body.exhibit}: an exhibit whose original {vault.member} has released "
            f"to {asked.sender} needed, found none"
        )
    scans = {mark.scan.sha256: mark.scan for mark in vault.marks_of(known.exhibit)}
    files = tuple(
        OriginalStatement(sha256, file_name_of(scan), vault.original(sha256))
        for sha256, scan in scans.items()
    )
    return Reply(OriginalAnswer(files), tuple(LogRow("original", sha256) for sha256 in scans))


def _release(asked: Asked, body: ReleaseQuestion) -> Reply:
    """That the sender released an exhibit to this member, or ended that: into the log here."""
    action = "release ended" if body.ended else "receive release"
    facts = {"owner": asked.sender, "original": body.original}
    row = LogRow(action, f"{asked.sender}:{body.exhibit}", facts)
    return Reply(LoggedAnswer(), (row,))


def _correction(asked: Asked, body: CorrectionQuestion) -> Reply:
    """That the sender corrected an exhibit of its own: into the log here."""
    subject = f"{asked.sender}:{body.exhibit}"
    facts = {"owner": asked.sender, "changed": list(body.changed)}
    return Reply(LoggedAnswer(), (LogRow("receive correction", subject, facts),))


def _leads(asked: Asked, body: LeadsQuestion) -> Reply:
    """What the sender has of leads between the two: taken as far as the rules allow. Then what this
    side has of them, and the notices of what came to be known by it."""
    vault, sender = asked.vault, asked.sender
    side = TheirSide.of(sender, body.leads)
    for number in [n for n, one in side.leads.items() if not _between(one.lead, asked)]:
        side.notes.append(f"{vault.member}: lead {number} not taken: it is not of {sender} and us")
        del side.leads[number]
    with vault.catalogue.writing() as db:
        both = BothSides(vault, db, body.who, sender, {sender: side}, list(side.notes))
        taken = merge_stated(both)
    with vault.catalogue.reading() as db:
        choice = LeadChoice(body.pair, body.numbers, body.every)
        numbers = choice.found_in(db, vault.member, sender)
        stated = state_leads(vault, db, sender, numbers)
    notes = [*both.notes, *stated.notes]
    for one in side.leads.values():
        known = find_lead_in(vault, one.lead.lead)
        if known and known.link:
            ends = {sender: one.stated.own_end} if one.stated.own_end else {}
            made = announce_own(vault, known, ends)
            lacking = [notice for notice in made if not notice.written]
            notes += [
                f"{vault.member}: its own notice of {known.lead.lead} is not written yet"
            ] * len(lacking)
    answer = LeadsAnswer(
        leads=stated.leads,
        taken=taken,
        notes=tuple(escaped_lines(note) for note in dict.fromkeys(notes)),
        exhibits=dict(_names_shown(asked, body.exhibits)),
        member=vault.member,
    )
    facts = {"leads": len(stated.leads), "taken": taken}
    return Reply(answer, (LogRow("leads answered", vault.member, facts),))


def _trace(asked: Asked, body: TraceQuestion) -> Reply:
    """A step of a trace: what the sender may know of exhibits of this member."""
    request = Request(asked.sender, asked.reach, who=body.who, reason=body.reason)
    check_request(request, asked.reach)
    seen = as_seen_by(asked.sender, asked.vault, asked.reach)
    told = tell_of(seen, body.exhibits, body.tokens)
    facts = {"exhibits": len(told.nodes) + len(told.ends)}
    return Reply(told, (LogRow("trace answered", body.start, facts),))


def _between(lead: Lead, asked: Asked) -> bool:
    return lead.members == tuple(sorted({asked.sender, asked.vault.member}))


def find_lead_in(vault: Vault, number: str) -> LeadHistory | None:
    with vault.catalogue.reading() as db:
        return find_lead(db, number)


def _names_shown(asked: Asked, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The names that cross the border of exhibits that the sender may know of."""
    seen = as_seen_by(asked.sender, asked.vault, asked.reach)
    for name in names:
        found = seen.find(name)
        if found and seen.shows(found):
            yield name, seen.pseudonym(found.exhibit)


@dataclass(frozen=True)
class Handler:
    """What answers a kind of question, and what the log calls its subject."""

    question: type[Statement]
    answer: Callable[[Asked, Any], Reply]
    subject: Callable[[Any], str] = lambda body: ""


HANDLERS: dict[MessageKind, Handler] = {
    MessageKind.SEARCH: Handler(SearchQuestion, _search, lambda body: body.query),
    MessageKind.LOOK: Handler(LookQuestion, _look),
    MessageKind.ORIGINAL: Handler(OriginalQuestion, _original),
    MessageKind.RELEASE: Handler(ReleaseQuestion, _release),
    MessageKind.CORRECTION: Handler(CorrectionQuestion, _correction),
    MessageKind.TRACE: Handler(TraceQuestion, _trace, lambda body: body.start),
    MessageKind.LEADS: Handler(LeadsQuestion, _leads),
    MessageKind.COUNTS: Handler(CountsQuestion, _counts),
    MessageKind.LOG_HEADS: Handler(HeadsQuestion, _heads),
}
