"""Pages of leads: taken up from a candidate, looked at, and given a verdict."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ribin.cases.leads import CONCLUSION_MEANING, Conclusion, ExhibitRef, ReviewBasis
from ribin.cases.list_review import CandidateStatus
from ribin.errors import ParameterError
from ribin.leads.rules import status_of
from ribin.leads.steps import give_review, take_up_lead
from ribin.leads.text import blindness
from ribin.services.leads import announce, look_at_lead, look_at_leads, warning_of_verdict
from ribin.services.list_review import review_candidate
from ribin.services.pair import lead_marks_page
from ribin.services.recorded_searches import figures_of, recorded_search
from ribin.web.pages import form_of, page, see, state_of, who_of, with_policy
from ribin.web.state import whole_number


def take_up(request: Request) -> Response:
    """Take up a candidate as a lead, as `ribin lead open` does."""
    form, state = form_of(request), state_of(request)
    who, mark = who_of(request), form.get("mark", "")
    opened, rank = state.list(form.get("id", ""), who), form.get("rank", "")
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
        notes = (*step.notes, *announce(session.vault, step, session.network))
    return _see_lead(request, step.history.lead.lead, notes)


def leads(request: Request) -> Response:
    """The leads of the vault, or those that await this person."""
    mine = request.query_params.get("mine") == "yes"
    state = state_of(request)
    with state.session() as session:
        views = look_at_leads(session.vault, who_of(request), mine=mine)
    rows = [(view, status_of(view.history)) for view in views]
    return page(request, "leads.html", rows=rows, mine=mine)


def lead(request: Request) -> Response:
    """One lead, with the verdicts that this person may see, and the form for a verdict.

    One's own verdict is shown on request alone while the second is due.
    """
    state, number = state_of(request), request.query_params.get("number", "")
    early = request.query_params.get("own") == "yes"
    with state.session() as session:
        warning = warning_of_verdict(session.vault, number, who_of(request))
        view = look_at_lead(session.vault, number, who_of(request), early)
    return page(
        request,
        "lead.html",
        view=view,
        warning=warning,
        shown=early,
        standing=status_of(view.history),
        conclusions=list(Conclusion),
        meaning=CONCLUSION_MEANING,
        examined=list(ReviewBasis),
        blindness=blindness,
        notes=request.query_params.getlist("note")[:5],
    )


def marks(request: Request) -> Response:
    """The page of the two marks of a lead; without figures for who may give the second verdict."""
    state, number = state_of(request), request.query_params.get("number", "")
    with state.session() as session:
        return with_policy(lead_marks_page(session, number, who_of(request)), framed=True)


def review(request: Request) -> Response:
    """Give a verdict on a lead, as `ribin review` does."""
    form, state = form_of(request), state_of(request)
    try:
        conclusion = Conclusion(form.get("conclusion", ""))
        examined = ReviewBasis(form.get("examined", ""))
    except ValueError as error:
        raise ParameterError("a conclusion and what was examined needed") from error
    with state.session() as session:
        step = give_review(
            session.vault,
            session.network if session.networked else None,
            form.get("lead", ""),
            conclusion,
            examined,
            who=who_of(request),
            note=form.get("note", ""),
            supersede=form.get("supersede") == "yes",
        )
        notes = (*step.notes, *announce(session.vault, step, session.network))
    return _see_lead(request, step.history.lead.lead, notes)


def _see_lead(request: Request, number: str, notes: tuple[str, ...]) -> Response:
    pairs = [("number", number), *(("note", note[:300]) for note in notes)]
    return see(request, f"/lead?{urlencode(pairs)}")
