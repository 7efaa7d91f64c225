"""The application: which path leads to which page, behind the guard."""

from __future__ import annotations

from importlib.resources import files

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ribin.errors import RibinError
from ribin.web import accounts, entry, exhibits, leads, oversight, reports, searches
from ribin.web.guard import Guard
from ribin.web.laboratory import OWN_ACCOUNT, OWN_PASSWORD, SIGN_OUT, UNLOCK, Laboratory
from ribin.web.pages import SIGN_IN, error_page, not_found, refused, see
from ribin.web.session import TOKEN_FIELD, BrowserSession
from ribin.web.state import ApplicationState

_LOOK = ["GET", "HEAD"]
_ROUTES = [
    Route("/", exhibits.home, methods=_LOOK),
    Route("/assign", exhibits.assigned, methods=["POST"]),
    Route("/findings/read", exhibits.findings_read, methods=["POST"]),
    Route("/exhibits", exhibits.exhibits, methods=_LOOK),
    Route("/exhibit", exhibits.exhibit, methods=_LOOK),
    Route("/exhibit/edit", exhibits.edit, methods=["POST"]),
    Route("/mark.png", exhibits.mark_png, methods=_LOOK),
    Route("/entry", entry.entry, methods=_LOOK),
    Route("/entry/part", entry.part, methods=["POST"]),
    Route("/entry/drop", entry.drop, methods=["POST"]),
    Route("/entry/found", entry.found, methods=_LOOK),
    Route("/draft", entry.draft, methods=_LOOK),
    Route("/draft/read", entry.read_so, methods=["POST"]),
    Route("/draft.png", entry.draft_png, methods=_LOOK),
    Route("/draft/judge", entry.judge, methods=["POST"]),
    Route("/draft/enrol", entry.enrol, methods=["POST"]),
    Route("/redo", entry.redo, methods=_LOOK),
    Route("/scan.png", entry.scan_png, methods=_LOOK),
    Route("/redo/judge", entry.judge_redo, methods=["POST"]),
    Route("/redo/done", entry.redo_done, methods=["POST"]),
    Route("/search", searches.search, methods=["POST"]),
    Route("/searching", searches.searching, methods=_LOOK),
    Route("/searching/progress", searches.progress, methods=_LOOK),
    Route("/searching/cancel", searches.cancel, methods=["POST"]),
    Route("/searches", searches.searches, methods=_LOOK),
    Route("/list", searches.review_list, methods=_LOOK),
    Route("/list/review", searches.review_row, methods=["POST"]),
    Route("/annotations", searches.annotate, methods=["POST"]),
    Route("/candidate", searches.candidate, methods=_LOOK),
    Route("/candidate.png", searches.candidate_png, methods=_LOOK),
    Route("/compare", searches.compare, methods=_LOOK),
    Route("/query.png", searches.query_png, methods=_LOOK),
    Route("/report", reports.report, methods=["POST"]),
    Route("/report/list", reports.list_report, methods=["POST"]),
    Route("/reports", reports.as_page, methods=_LOOK),
    Route("/reports.pdf", reports.as_pdf, methods=_LOOK),
    Route("/leads", leads.leads, methods=_LOOK),
    Route("/lead", leads.lead, methods=_LOOK),
    Route("/lead/marks", leads.marks, methods=_LOOK),
    Route("/lead/open", leads.take_up, methods=["POST"]),
    Route("/review", leads.review, methods=["POST"]),
    Route("/lead/confirm", leads.confirm, methods=["POST"]),
    Route("/lead/close", leads.close, methods=["POST"]),
    Route("/lead/withdraw", leads.withdraw, methods=["POST"]),
    Route("/lead/report", leads.report, methods=["POST"]),
    Route("/question", leads.question, methods=_LOOK),
    Route("/question/decide", leads.decide, methods=["POST"]),
    Route("/trace", leads.trace, methods=[*_LOOK, "POST"]),
    Route("/statistics", oversight.statistics, methods=_LOOK),
    Route("/statistics.csv", oversight.statistics_file, methods=_LOOK),
    Route("/audit", oversight.audit, methods=_LOOK),
    Route("/people", oversight.people, methods=_LOOK),
    Route("/people/account", oversight.change_account, methods=["POST"]),
    Route("/vault", oversight.vault_state, methods=_LOOK),
]


# The scripts of the pages: files of their own, so that nothing within a page runs.
_SCRIPTS = frozenset({"entry.js", "outline.js", "page.js", "searching.js", "station.js"})


_OF_ACCOUNTS = [
    Route(SIGN_IN, accounts.sign_in, methods=[*_LOOK, "POST"]),
    Route(UNLOCK, accounts.unlock, methods=["POST"]),
    Route(SIGN_OUT, accounts.sign_out, methods=["POST"]),
    Route(OWN_ACCOUNT, accounts.account, methods=_LOOK),
    Route(OWN_PASSWORD, accounts.own_password, methods=["POST"]),
]


def application(state: ApplicationState, door: BrowserSession | Laboratory) -> ASGIApp:
    """The pages of a state, for the browser of one session or the people of a laboratory; nothing
    else is served.

    The guard stands around all of it, so that errors too pass it and carry its headers.
    """

    def enter(request: Request) -> Response:
        assert isinstance(door, BrowserSession)
        if request.method == "HEAD":  # what looks at an address does not open it
            return Response()
        cookie = door.exchange(request.query_params.get(TOKEN_FIELD, ""))
        if cookie is None and not door.knows(request.headers.get("cookie", "")):
            why = "this address was used already, or is not complete: start `ribin serve` again"
            return error_page(request.scope, 401, why)
        answer = see(request, "/")
        if cookie is not None:
            answer.headers["Set-Cookie"] = cookie
        return answer

    def style(request: Request) -> Response:
        return _page_file("style.css", "text/css")

    def script(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _SCRIPTS:
            raise HTTPException(404, "no such script")
        return _page_file(name, "text/javascript")

    def icon(request: Request) -> Response:
        return _page_file("icon.svg", "image/svg+xml")

    app = Starlette(
        routes=[
            *_ROUTES,
            *(
                _OF_ACCOUNTS
                if isinstance(door, Laboratory)
                else [Route("/enter", enter, methods=_LOOK)]
            ),
            Route("/style.css", style, methods=_LOOK),
            Route("/script/{name}", script, methods=_LOOK),
            Route("/icon.svg", icon, methods=_LOOK),
            # A browser asks for this one by itself, also beside pages that name no icon.
            Route("/favicon.ico", icon, methods=_LOOK),
        ],
        exception_handlers={RibinError: refused, HTTPException: not_found},
    )
    app.state.application, app.state.door = state, door
    return Guard(app, door, state.read_only)


def _page_file(name: str, media_type: str) -> Response:
    text = (files("ribin.web") / "pages" / name).read_text(encoding="utf-8")
    return Response(text, media_type=media_type)
