"""Pages of leads: taken up from a candidate, looked at, and given a verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ribin.cases.leads import CONCLUSION_MEANING, Conclusion, ExhibitRef, LeadStatus, ReviewBasis
from ribin.cases.searches import CandidateStatus
from ribin.errors import ParameterError, RibinError, StoreError
from ribin.leads.rules import status_of, verdicts_are_known
from ribin.leads.steps import (
    Step,
    close_lead,
    confirm_lead,
    give_review,
    take_up_lead,
    withdraw_link,
)
from ribin.leads.text import SEALED, LeadView, endings, remark_on
from ribin.leads.trace import trace_exhibit
from ribin.leads.trace_files import time_line
from ribin.search.network import Network
from ribin.services.inbox import allow_question, held_questions, refuse_question
from ribin.services.lead_file import LeadFile, lead_file
from ribin.services.leads import announce, look_at_lead, look_at_leads, warning_of_verdict
from ribin.services.list_review import review_candidate
from ribin.services.pair import lead_marks_page, report_lead
from ribin.services.recorded_searches import figures_of, recorded_search
from ribin.services.session import Session
from ribin.web.pages import form_of, page, see, state_of, status_of_error, who_of, with_policy
from ribin.web.reports import check_form, said, see_report
from ribin.web.state import whole_number


def take_up(request: Request) -> Response:
    """Take up a candidate as a lead, as `ribin lead open` does."""
    form, state = form_of(request), state_of(request)
    who, mark = who_of(request), form.get("mark", "")
    opened, rank = state.list(form.get("id", "")), form.get("rank", "")
    _, row = opened.place(mark, whole_number(rank))
    with state.session() as session:
        recorded = recorded_search(session.vault, opened.number, who)
        own = ExhibitRef(session.member, opened.exhibit)
        other = ExhibitRef(row.member, row.exhibit)
        step = take_up_lead(
            session.vault,
            session.network if session.networked else None,
            own,
            other,
            who=who,
            note=form.get("note", ""),
            figures=figures_of(session.vault, recorded, own, other, mark),
        )
        review_candidate(session, opened, other, CandidateStatus.LEAD, who)
        notes = (*step.notes, *announce(session.vault, step))
    return _see_lead(request, step.history.lead.lead, notes)


def leads(request: Request) -> Response:
    """The leads of the vault, or those that await this person."""
    query, state = request.query_params, state_of(request)
    mine, text = query.get("mine") == "yes", query.get("q", "").strip()
    standing = query.get("standing", "")
    with state.session() as session:
        views = look_at_leads(session.vault, who_of(request), mine=mine)
    rows = [
        (view, status_of(view.history))
        for view in views
        if standing in ("", status_of(view.history)) and _is_about(view, text)
    ]
    rows.sort(key=lambda row: row[0].history.lead.at, reverse=True)
    return page(
        request,
        "leads.html",
        rows=rows,
        mine=mine,
        text=text,
        standing=standing,
        standings=list(LeadStatus),
        total=len(views),
    )


def _is_about(view: LeadView, text: str) -> bool:
    lead = view.history.lead
    known = f"{lead.lead} {lead.reference} {lead.comparison} {lead.examiner} {lead.member}"
    return all(word in known.casefold() for word in text.casefold().split())


def lead(request: Request) -> Response:
    """One lead, with the verdicts that this person may see, and the form for a verdict.

    One's own verdict is shown on request alone while the second is due.
    """
    state, number = state_of(request), request.query_params.get("number", "")
    early = request.query_params.get("own") == "yes"
    with state.session() as session:
        warning = warning_of_verdict(session.vault, number, who_of(request))
        view = look_at_lead(session.vault, number, who_of(request), early)
        file = lead_file(session.vault, view, who_of(request))
    return _lead_page(request, view, file, warning, early)


def _lead_page(
    request: Request,
    view: LeadView,
    file: LeadFile,
    warning: str = "",
    early: bool = False,
    asked: Mapping[str, str] | None = None,
    error: RibinError | None = None,
) -> Response:
    return page(
        request,
        "lead.html",
        status_of_error(error) if error else 200,
        file=file,
        steps=[str(step) for step in file.steps],
        asked=defaultdict(str, asked or {}),
        error=error,
        view=view,
        warning=warning,
        shown=early,
        standing=status_of(view.history),
        conclusions=list(Conclusion),
        meaning=CONCLUSION_MEANING,
        examined=list(ReviewBasis),
        remark_on=remark_on,
        endings=list(endings(view)),
        both_known=verdicts_are_known(view.history),
        sealed_words=SEALED,
    )


def marks(request: Request) -> Response:
    """The page of the two marks of a lead; without figures for who may give the second verdict."""
    state, number = state_of(request), request.query_params.get("number", "")
    with state.session() as session:
        return with_policy(lead_marks_page(session, number, who_of(request)), framed=True)


def review(request: Request) -> Response:
    """Give a verdict on a lead, as `ribin review` does."""
    return _take_step(request, _review)


def confirm(request: Request) -> Response:
    """Confirm two verdicts of the other member, as `ribin lead confirm` does."""
    return _take_step(request, _confirm)


def close(request: Request) -> Response:
    """Close a lead that was opened by mistake, as `ribin lead close` does."""
    return _take_step(request, _close)


def withdraw(request: Request) -> Response:
    """End a link, as `ribin link withdraw` does."""
    return _take_step(request, _withdraw)


def _take_step(
    request: Request, take: Callable[[Session, Mapping[str, str], str], Step]
) -> Response:
    """Take a step of a lead and show it; where it is refused, the form with its fields and why."""
    form, who = form_of(request), who_of(request)
    with state_of(request).session() as session:
        try:
            step = take(session, form, who)
        except RibinError as error:
            try:
                view = look_at_lead(session.vault, form.get("lead", ""), who, early=False)
            except RibinError:
                raise error from None
            file = lead_file(session.vault, view, who)
            return _lead_page(request, view, file, asked=form, error=error)
        notes = (*step.notes, *announce(session.vault, step))
    return _see_lead(request, step.history.lead.lead, notes)


def _network(session: Session) -> Network | None:
    return session.network if session.networked else None


def _confirm(session: Session, form: Mapping[str, str], who: str) -> Step:
    named = form.get("lead", "")
    return confirm_lead(session.vault, _network(session), named, who=who, note=form.get("note", ""))


def _close(session: Session, form: Mapping[str, str], who: str) -> Step:
    named, why = form.get("lead", ""), form.get("reason", "")
    return close_lead(session.vault, _network(session), named, who=who, reason=why)


def _withdraw(session: Session, form: Mapping[str, str], who: str) -> Step:
    named, why = form.get("lead", ""), form.get("reason", "")
    return withdraw_link(session.vault, _network(session), named, who=who, reason=why)


def _review(session: Session, form: Mapping[str, str], who: str) -> Step:
    try:
        conclusion = Conclusion(form.get("conclusion", ""))
        examined = ReviewBasis(form.get("examined", ""))
    except ValueError as error:
        raise ParameterError("a conclusion and what was examined needed") from error
    return give_review(
        session.vault,
        _network(session),
        form.get("lead", ""),
        conclusion,
        examined,
        who=who,
        note=form.get("note", ""),
        supersede=form.get("supersede") == "yes",
    )


def report(request: Request) -> Response:
    """Make the report of the two marks of a lead, and go on to it."""
    form, state, who = form_of(request), state_of(request), who_of(request)
    check_form(form)
    number = form.get("lead", "")
    with state.session() as session:
        document = report_lead(session, number, who, said(request))
    return see_report(request, document)


def trace(request: Request) -> Response:
    """The history of the firearm of an exhibit: its time line, as the own vault knows it, or with
    what other members tell who are asked for a reason."""
    posted = request.method == "POST"
    asked = form_of(request) if posted else dict(request.query_params)
    name, reason = asked.get("exhibit", ""), asked.get("reason", "")
    with state_of(request).session() as session:
        network = session.network if posted and session.networked else None
        known = session.vault.exhibit(name).exhibit
        who = who_of(request)
        found = trace_exhibit(session.vault, network, known, who=who, reason=reason)
        networked = session.networked
    return page(
        request,
        "trace.html",
        name=known,
        found=found,
        line=time_line(found),
        networked=networked,
        wide=network is not None,
    )


def question(request: Request) -> Response:
    """A question of another member that waits for a person's word."""
    return _question_page(request, request.query_params.get("id", ""))


def _question_page(
    request: Request, named: str, asked: str = "", error: RibinError | None = None
) -> Response:
    with state_of(request).session() as session:
        held = held_questions(session.vault, who_of(request))
    found = [one for one in held if named and one.id.startswith(named)]
    if len(found) != 1:
        raise StoreError(f"question {named[:32]}: one that waits needed, found {len(found)}")
    status = status_of_error(error) if error else 200
    return page(request, "question.html", status, one=found[0], asked=asked, error=error)


def decide(request: Request) -> Response:
    """Allow or refuse a question, as `ribin node inbox` does."""
    form, named = form_of(request), form_of(request).get("id", "")
    act = {"allow": allow_question, "refuse": refuse_question}.get(form.get("word", ""))
    if act is None:
        raise ParameterError("question: a word, allow or refuse, needed")
    try:
        with state_of(request).session() as session:
            act(session.vault, named, who_of(request), form.get("reason", ""))
    except RibinError as error:
        return _question_page(request, named, form.get("reason", ""), error)
    return see(request, "/")


def _see_lead(request: Request, number: str, notes: tuple[str, ...]) -> Response:
    return see(request, f"/lead?{urlencode({'number': number})}", notes)
