"""Reports: made and entered in the audit log once, then shown as often as somebody looks."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ribin.errors import AccessError
from ribin.report.document import Document
from ribin.report.html import document_html
from ribin.report.pdf import check_reportlab, document_pdf
from ribin.services.blind_pairs import due_leads, withheld_text
from ribin.services.marks import Asker
from ribin.services.pair import ReportOptions, candidate_pair, recorded_figures, report_pair
from ribin.services.search import report_search
from ribin.web.pages import form_of, see, state_of, who_of, with_policy
from ribin.web.state import KeptReport, whole_number

_PICTURES = 3  # in the report of a search, as `ribin report` has by default


def report(request: Request) -> Response:
    """Make the report of the query and a candidate, and go on to it."""
    form, state = form_of(request), state_of(request)
    check_form(form)
    asked = state.list(form.get("id", ""))
    one, row = asked.place(form.get("mark", ""), whole_number(form.get("rank", "")))
    side = asked.side(one.mark)
    with state.session() as session:
        pair = candidate_pair(session, side, asked.made.request, row, "report", asked.at)
        asker = Asker(state.params, session, asked.made.request, "report")
        record = recorded_figures({**asdict(row), "search": asked.number})
        document = report_pair(pair, asker, said(request), record=record)
    return see_report(request, document)


def list_report(request: Request) -> Response:
    """Make the report of a search with the first candidates beside the query, and go on to it."""
    form, state = form_of(request), state_of(request)
    check_form(form)
    asked = state.list(form.get("id", ""))
    with state.session() as session:
        made = asked.made
        asker = Asker(state.params, session, made.request, "report")
        document, _ = report_search(made.lists, asker, said(request), made.sides, _PICTURES)
    return see_report(request, document)


def as_page(request: Request) -> Response:
    """A report of this session as a page."""
    return with_policy(document_html(_kept(request)))


def as_pdf(request: Request) -> Response:
    """The same report as a PDF to be saved."""

    document = _kept(request)
    name = f"ribin-{document.title.lower().replace(' ', '-')}.pdf"
    return Response(
        document_pdf(document),
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def check_form(form: dict[str, str]) -> None:
    """Refuse before the work a PDF that could not be made after it."""
    if form.get("as") == "pdf":
        check_reportlab()


def said(request: Request) -> ReportOptions:
    form = form_of(request)
    return ReportOptions(who_of(request), form.get("question", ""), form.get("case_number", ""))


def see_report(request: Request, document: Document) -> Response:
    state = state_of(request)
    with state.session() as session:
        due = due_leads(session.vault, who_of(request))
    key = state.reports.put(KeptReport(document, due))
    path = "/reports.pdf" if form_of(request).get("as") == "pdf" else "/reports"
    return see(request, f"{path}?{urlencode({'id': key})}")


def _kept(request: Request) -> Document:
    """The report; refused where its reader has since come to examine a pair blind."""
    state = state_of(request)
    kept = state.reports.get(request.query_params.get("id", ""))
    with state.session() as session:
        if since := due_leads(session.vault, who_of(request)) - kept.due:
            raise AccessError(f"report {kept.document.subject}: {withheld_text(sorted(since))}")
    return kept.document
