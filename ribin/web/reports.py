"""Reports: made and entered in the audit log once, then shown as often as somebody looks."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ribin.report.document import Document
from ribin.report.html import document_html
from ribin.report.pdf import check_reportlab, document_pdf
from ribin.services.pair import ReportOptions, report_comparison
from ribin.services.reading import ReadOptions
from ribin.services.search_output import report_search
from ribin.web.pages import form_of, see, state_of, with_policy
from ribin.web.state import whole_number

_PICTURES = 3  # in the report of a search, as `ribin report` has by default


def report(request: Request) -> Response:
    """Make the report of the query and a candidate, and go on to it."""
    form, state = form_of(request), state_of(request)
    _check_form(form)
    asked = state.found(form.get("id", ""))
    _, _, row = asked.place(form.get("mark", ""), whole_number(form.get("rank", "")))
    names = (asked.exhibit, f"{row.member}:{row.exhibit}")
    with state.session() as session:
        document, _ = report_comparison(
            names,
            ReadOptions(),
            str(row.mark),
            state.params,
            _said(request),
            session,
            asked.request,
        )
    return _see_report(request, document)


def list_report(request: Request) -> Response:
    """Make the report of a search with the first candidates beside the query, and go on to it."""
    form, state = form_of(request), state_of(request)
    _check_form(form)
    asked = state.found(form.get("id", ""))
    with state.session() as session:
        document, _ = report_search(
            asked.lists,
            state.params,
            _said(request),
            session,
            asked.request,
            asked.sides,
            _PICTURES,
        )
    return _see_report(request, document)


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


def _check_form(form: dict[str, str]) -> None:
    """Refuse before the work a PDF that could not be made after it."""
    if form.get("as") == "pdf":
        check_reportlab()


def _said(request: Request) -> ReportOptions:
    form = form_of(request)
    return ReportOptions(
        state_of(request).who, form.get("question", ""), form.get("case_number", "")
    )


def _see_report(request: Request, document: Document) -> Response:
    key = state_of(request).keep_report(document)
    path = "/reports.pdf" if form_of(request).get("as") == "pdf" else "/reports"
    return see(f"{path}?{urlencode({'id': key})}")


def _kept(request: Request) -> Document:
    return state_of(request).report(request.query_params.get("id", ""))
