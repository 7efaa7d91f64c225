"""Pages of what is due, and of what the vault holds: its exhibits, one of them, its marks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from importlib.util import find_spec
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ribin.cases.exhibits import ExhibitKind, Grouping, Scope
from ribin.errors import RibinError
from ribin.model import MarkType, Verdict
from ribin.services.blind_pairs import due_leads
from ribin.services.corrections import correct
from ribin.services.entry import words_for_fields
from ribin.services.exhibits import (
    ExhibitFilters,
    exhibits_named,
    find_exhibits,
    history_rows,
    show_exhibit,
)
from ribin.services.list_review import list_progress
from ribin.services.outbox import tell_now
from ribin.services.worklist import DueKind, assign_work, read_all_findings, worklist
from ribin.vault.people import read_people
from ribin.view import thumbnail_png
from ribin.web.pages import form_of, page, picture, see, state_of, status_of_error, who_of
from ribin.web.state import MOST_ROWS, whole_number

_A_PAGE = 100  # exhibits
_SHOWN = 20  # things that are due of one kind, before all of them are asked for


def home(request: Request) -> Response:
    """What is due: all of it, or what this person began; and the last reports of this session."""
    state, query = state_of(request), request.query_params
    who, mine, whole = who_of(request), query.get("mine") == "yes", query.get("all") == "yes"
    text = query.get("q", "").strip()
    with state.session() as session:
        due = worklist(session.vault, who)
        member = session.member
        people = [one.person for one in read_people(session.vault.catalogue)]
        blind = due_leads(session.vault, who)
    chosen = [
        one
        for one in due
        if (not mine or one.is_of(who))
        and text.casefold() in f"{one.subject} {one.words} {one.person} {one.assigned}".casefold()
    ]
    kinds = {work: [one for one in chosen if one.work is work] for work in DueKind}
    return page(
        request,
        "home.html",
        kinds=kinds,
        people=people,
        today=date.today().isoformat(),
        shown=len(chosen) if whole else _SHOWN,
        due=len(due),
        found=len(chosen),
        text=text,
        mine=mine,
        member=member,
        waiting=[(one, state.queue.place(one)) for one in state.queue.of(who)],
        uploads=[one for one in state.uploads.of(who) if not one.exhibit],
        reports=[
            (key, one.document) for key, one in state.reports.newest_first() if blind <= one.due
        ],
        has_pdf=find_spec("reportlab") is not None,
    )


def assigned(request: Request) -> Response:
    """Say who is to do something that is due, and until when."""
    form = form_of(request)
    work, about = form.get("work", ""), form.get("about", "")
    person, due = form.get("person", ""), form.get("due", "")
    with state_of(request).session() as session:
        assign_work(session.vault, work, about, person, due, who_of(request))
    return see(request, "/")


def findings_read(request: Request) -> Response:
    """Note that the findings which are due were read."""
    with state_of(request).session() as session:
        read_all_findings(session.vault, who_of(request))
    return see(request, "/")


def exhibits(request: Request) -> Response:
    """All exhibits, or those that the filters let pass."""
    state, query = state_of(request), request.query_params
    asked = {name: query.get(name, "").strip() for name in _FILTERS}
    filters = ExhibitFilters(
        text=asked["q"],
        calibre=asked["calibre"],
        kind=ExhibitKind(asked["kind"]) if asked["kind"] in list(ExhibitKind) else None,
        date_from=asked["date_from"],
        date_to=asked["date_to"],
        verdict=asked["verdict"],
        in_lead=asked["in_lead"] == "yes",
    )
    with state.session() as session:
        found = find_exhibits(session.vault, who_of(request), filters)
        last = max(0, (len(found) - 1) // _A_PAGE)
        number = min(whole_number(query.get("page", "")), last)
        shown = found[number * _A_PAGE : (number + 1) * _A_PAGE]
        listed = exhibits_named(session.vault, who_of(request), shown)
        total, member = session.vault.count_exhibits(), session.member
    return page(
        request,
        "exhibits.html",
        exhibits=listed,
        found=len(found),
        total=total,
        asked=asked,
        passing=", ".join(f"{_FILTERS[n]} {text}".strip() for n, text in asked.items() if text),
        query=urlencode({name: text for name, text in asked.items() if text}),
        kinds=list(ExhibitKind),
        verdicts=list(Verdict),
        number=number,
        last=last,
        member=member,
    )


# The filters of the list, as a form has them and in words.
_FILTERS = {
    "q": "words",
    "calibre": "calibre",
    "kind": "kind",
    "date_from": "from",
    "date_to": "until",
    "verdict": "a mark that is",
    "in_lead": "in a lead",
}


def exhibit(request: Request) -> Response:
    """One exhibit: its event, its scans and marks, and the form to search with it."""
    return _exhibit_page(request, request.query_params.get("name", ""), {})


def exhibit_form(request: Request, form: Mapping[str, str], error: RibinError) -> Response:
    """The same with a search form that was refused: it says why, and has its fields as they were.

    Raises StoreError: the form names no exhibit of the vault.
    """
    name, status = form.get("exhibit", ""), status_of_error(error)
    return _exhibit_page(request, name, form, str(error), error.hint, status)


def _exhibit_page(
    request: Request,
    name: str,
    asked: Mapping[str, str],
    why: str = "",
    hint: str = "",
    status: int = 200,
) -> Response:
    who = who_of(request)
    with state_of(request).session() as session:
        shown = show_exhibit(session.vault, who, name, history=True)
        name = shown.exhibit.fields["exhibit"]
        marks = session.vault.marks_of(name)
        searches = list_progress(session.vault, who, name)
        networked, member = session.networked, session.member
        words = words_for_fields(session.vault)
    return page(
        request,
        "exhibit.html",
        status,
        asked=defaultdict(str, asked),
        why=why,
        hint=hint,
        most_rows=MOST_ROWS,
        shown=shown,
        exhibit=shown.exhibit,
        name=name,
        marks=marks,
        searches=searches,
        history=history_rows(shown.history or ()),
        words=words,
        kinds=list(ExhibitKind),
        member=member,
        scopes=list(Scope) if networked else [Scope.COUNTRY],
        types=[t for t in MarkType if any(mark.mark_type is t for mark in marks)],
        groups=list(Grouping),
    )


def edit(request: Request) -> Response:
    """Correct what is stated of an exhibit, as `ribin exhibit edit` does."""
    form = form_of(request)
    name = form.get("exhibit", "")
    with state_of(request).session() as session:
        known = show_exhibit(session.vault, who_of(request), name).exhibit.fields
        given = {f.removeprefix("new_"): text for f, text in form.items() if f.startswith("new_")}
        changed = {f: text for f, text in given.items() if f in known and text != known[f]}
        try:
            done, concerned = correct(
                session.vault,
                [name],
                changed,
                who=who_of(request),
                reason=form.get("reason", ""),
                network=session.network,
            )
            told = tell_now(session.vault, session.network, concerned, who_of(request))
        except RibinError as error:
            return exhibit_form(request, form, error)
    notes = (*done[0].remarks, *told)
    return see(request, f"/exhibit?{urlencode({'name': done[0].exhibit})}", notes)


def mark_png(request: Request) -> Response:
    """A small picture of a mark of an own exhibit."""
    query = request.query_params
    with state_of(request).session() as session:
        marks = session.vault.marks_of(query.get("exhibit", ""))
        wanted = whole_number(query.get("mark", ""))
        mark = next((m for m in marks if m.mark_id == wanted), None)
        if mark is None:
            return Response("no such mark", 404, media_type="text/plain")
        png = thumbnail_png(session.vault.mark(mark))
    return picture(png)
