"""The application: which path leads to which page, behind the guard."""

from __future__ import annotations

from collections.abc import Callable
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
from ribin.web.rights import allowed
from ribin.web.session import TOKEN_FIELD, BrowserSession
from ribin.web.state import ApplicationState

_LOOK = ["GET", "HEAD"]


def _way(path: str, endpoint: Callable[[Request], Response], methods: list[str]) -> Route:
    """A page or form of the vault, for those who may."""
    return Route(path, allowed(path, endpoint), methods=methods)


_ROUTES = [
    _way("/", exhibits.home, methods=_LOOK),
    _way("/assign", exhibits.assigned, methods=["POST"]),
    _way("/findings/read", exhibits.findings_read, methods=["POST"]),
    _way("/exhibits", exhibits.exhibits, methods=_LOOK),
    _way("/exhibit", exhibits.exhibit, methods=_LOOK),
    _way("/exhibit/edit", exhibits.edit, methods=["POST"]),
    _way("/mark.png", exhibits.mark_png, methods=_LOOK),
    _way("/entry", entry.entry, methods=_LOOK),
    _way("/entry/part", entry.part, methods=["POST"]),
    _way("/entry/drop", entry.drop, methods=["POST"]),
    _way("/entry/found", entry.found, methods=_LOOK),
    _way("/draft", entry.draft, methods=_LOOK),
    _way("/draft/read", entry.read_so, methods=["POST"]),
    _way("/draft.png", entry.draft_png, methods=_LOOK),
    _way("/draft/judge", entry.judge, methods=["POST"]),
    _way("/draft/enrol", entry.enrol, methods=["POST"]),
    _way("/redo", entry.redo, methods=_LOOK),
    _way("/scan.png", entry.scan_png, methods=_LOOK),
    _way("/redo/judge", entry.judge_redo, methods=["POST"]),
    _way("/redo/done", entry.redo_done, methods=["POST"]),
    _way("/search", searches.search, methods=["POST"]),
    _way("/searching", searches.searching, methods=_LOOK),
    _way("/searching/progress", searches.progress, methods=_LOOK),
    _way("/searching/cancel", searches.cancel, methods=["POST"]),
    _way("/searches", searches.searches, methods=_LOOK),
    _way("/list", searches.review_list, methods=_LOOK),
    _way("/list/review", searches.review_row, methods=["POST"]),
    _way("/annotations", searches.annotate, methods=["POST"]),
    _way("/candidate", searches.candidate, methods=_LOOK),
    _way("/candidate.png", searches.candidate_png, methods=_LOOK),
    _way("/compare", searches.compare, methods=_LOOK),
    _way("/query.png", searches.query_png, methods=_LOOK),
    _way("/report", reports.report, methods=["POST"]),
    _way("/report/list", reports.list_report, methods=["POST"]),
    _way("/reports", reports.as_page, methods=_LOOK),
    _way("/reports.pdf", reports.as_pdf, methods=_LOOK),
    _way("/leads", leads.leads, methods=_LOOK),
    _way("/lead", leads.lead, methods=_LOOK),
    _way("/lead/marks", leads.marks, methods=_LOOK),
    _way("/lead/open", leads.take_up, methods=["POST"]),
    _way("/review", leads.review, methods=["POST"]),
    _way("/lead/confirm", leads.confirm, methods=["POST"]),
    _way("/lead/close", leads.close, methods=["POST"]),
    _way("/lead/withdraw", leads.withdraw, methods=["POST"]),
    _way("/lead/report", leads.report, methods=["POST"]),
    _way("/question", leads.question, methods=_LOOK),
    _way("/question/decide", leads.decide, methods=["POST"]),
    _way("/trace", leads.trace, methods=[*_LOOK, "POST"]),
    _way("/statistics", oversight.statistics, methods=_LOOK),
    _way("/statistics.csv", oversight.statistics_file, methods=_LOOK),
    _way("/audit", oversight.audit, methods=_LOOK),
    _way("/people", oversight.people, methods=_LOOK),
    _way("/people/account", oversight.change_account, methods=["POST"]),
    _way("/vault", oversight.vault_state, methods=_LOOK),
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


def application(state: ApplicationState, authenticator: BrowserSession | Laboratory) -> ASGIApp:
    """The pages of a state, for the browser of one session or the people of a laboratory; nothing
    else is served.

    The guard stands around all of it, so that errors too pass it and carry its headers.
    """

    def enter(request: Request) -> Response:
        assert isinstance(authenticator, BrowserSession)
        if request.method == "HEAD":  # what looks at an address does not open it
            return Response()
        cookie = authenticator.exchange(request.query_params.get(TOKEN_FIELD, ""))
        if cookie is None and not authenticator.knows(request.headers.get("cookie", "")):
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
                if isinstance(authenticator, Laboratory)
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
    app.state.application, app.state.authenticator = state, authenticator
    return Guard(app, authenticator, state.read_only)


def _page_file(name: str, media_type: str) -> Response:
    text = (files("ribin.web") / "pages" / name).read_text(encoding="utf-8")
    return Response(text, media_type=media_type)
