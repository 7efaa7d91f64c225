"""Pages of a search: the lists, a candidate beside the query, a report."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ribin.desk.galleries import Beside, candidate_beside
from ribin.desk.reports import Asked, report_comparison
from ribin.desk.search_reports import report_search
from ribin.errors import ParameterError
from ribin.reading import Reading
from ribin.report.document_html import document_html
from ribin.report.score_plot import largest_drop
from ribin.web.numbers import whole_number
from ribin.web.office import Found
from ribin.web.replies import form_of, office_of, page, picture, see, with_policy

_PICTURES = 3  # in the report of a search, as `ribin report` has by default


def search(request: Request) -> Response:
    """Search with an exhibit, and go on to its lists."""
    form = form_of(request)
    try:
        found = office_of(request).search(form.get("exhibit", ""), form)
    except ValueError as error:  # a scope that there is not; ParameterError is one
        raise ParameterError(str(error)) from error
    return see(f"/found?{urlencode({'id': found.key})}")


def found(request: Request) -> Response:
    """The lists of a search."""
    asked = _found(request)
    drops = {
        one.mark: largest_drop([row.score for row in one.candidates]) for one in asked.lists.lists
    }
    return page(request, "found.html", found=asked, drops=drops)


def candidate_png(request: Request) -> Response:
    """A small picture of a candidate, lying as the query does."""
    asked = _found(request)
    place = _place(request)
    if place not in asked.thumbnails:
        asked.thumbnails[place] = _beside(request, asked).thumbnail()
    return picture(asked.thumbnails[place])


def compare(request: Request) -> Response:
    """The comparison page of the query and a candidate."""
    both = _beside(request, _found(request))
    return with_policy(both.page(office_of(request).params))


def candidate(request: Request) -> Response:
    """One candidate: its figures, and the form to take it up as a lead."""
    asked = _found(request)
    one, _, row = asked.place(*_place(request))
    return page(request, "candidate.html", found=asked, list=one, row=row)


def report(request: Request) -> Response:
    """The report of the query and a candidate, entered in the audit log."""
    form, office = form_of(request), office_of(request)
    asked = office.found(form.get("id", ""))
    rank = form.get("rank", "")
    _, _, row = asked.place(form.get("mark", ""), whole_number(rank))
    said = Asked(office.who, form.get("question", ""), form.get("case_number", ""))
    names = (asked.exhibit, f"{row.member}:{row.exhibit}")
    with office.desk() as desk:
        document, _ = report_comparison(
            names, Reading(), str(row.mark), office.params, said, desk, asked.request
        )
    return with_policy(document_html(document))


def list_report(request: Request) -> Response:
    """The report of a search, with the first candidates beside the query."""
    form, office = form_of(request), office_of(request)
    asked = office.found(form.get("id", ""))
    said = Asked(office.who, form.get("question", ""), form.get("case_number", ""))
    with office.desk() as desk:
        document, _ = report_search(
            asked.lists, office.params, said, desk, asked.request, asked.sides, _PICTURES
        )
    return with_policy(document_html(document))


def _found(request: Request) -> Found:
    return office_of(request).found(request.query_params.get("id", ""))


def _place(request: Request) -> tuple[str, int]:
    rank = request.query_params.get("rank", "")
    return request.query_params.get("mark", ""), whole_number(rank)


def _beside(request: Request, asked: Found) -> Beside:
    _, side, row = asked.place(*_place(request))
    with office_of(request).desk() as desk:
        return candidate_beside(desk, side, asked.request, row, asked.exhibit)
