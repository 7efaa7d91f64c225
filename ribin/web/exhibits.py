"""Pages of what the vault holds: its exhibits, one exhibit, a picture of a mark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from importlib.util import find_spec

from starlette.requests import Request
from starlette.responses import Response

from ribin.cases.exhibits import Exhibit, Grouping, Scope
from ribin.errors import RibinError
from ribin.model import MarkType
from ribin.services.leads import lead_views
from ribin.view import thumbnail_png
from ribin.web.pages import page, picture, state_of, status_of_error, who_of
from ribin.web.state import MOST_ROWS, whole_number

_A_PAGE = 100  # exhibits


def home(request: Request) -> Response:
    """All exhibits, or those that hold a text."""
    state, text = state_of(request), request.query_params.get("q", "").strip()
    with state.session() as session:
        chosen = [e for e in session.vault.exhibits().values() if _holds(e, text)]
        head = session.vault.audit_head()
        waiting = len(lead_views(session.vault, who_of(request), mine=True))
        member, network = session.member, session.network
    last = max(0, (len(chosen) - 1) // _A_PAGE)
    number = min(whole_number(request.query_params.get("page", "0")), last)
    shown = chosen[number * _A_PAGE : (number + 1) * _A_PAGE]
    return page(
        request,
        "home.html",
        exhibits=shown,
        total=len(chosen),
        text=text,
        number=number,
        last=last,
        head=head,
        waiting=waiting,
        member=member,
        members=sorted(network.members),
        reports=state.reports.newest_first(),
        has_pdf=find_spec("reportlab") is not None,
    )


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
    with state_of(request).session() as session:
        known = session.vault.exhibit(name)
        marks = session.vault.marks_of(name)
        networked = session.networked
    scans = {mark.scan.sha256: mark.scan for mark in marks}
    return page(
        request,
        "exhibit.html",
        status,
        asked=defaultdict(str, asked),
        why=why,
        hint=hint,
        most_rows=MOST_ROWS,
        exhibit=known,
        scans=list(scans.values()),
        marks=marks,
        scopes=list(Scope) if networked else [Scope.COUNTRY],
        types=[t for t in MarkType if any(mark.mark_type is t for mark in marks)],
        groups=list(Grouping),
    )


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


def _holds(exhibit: Exhibit, text: str) -> bool:
    """Whether every word of the text is somewhere in what is known of the exhibit."""
    event, classes = exhibit.event, exhibit.class_fields
    known = " ".join(
        (
            *(exhibit.exhibit, event.event, event.case_number, event.date, event.place),
            *(exhibit.firearm, exhibit.kind, classes.calibre, classes.ammunition),
            *(classes.firing_pin_shape, classes.breech_face_type, classes.make, classes.model),
        )
    ).casefold()
    return all(word in known for word in text.casefold().split())
