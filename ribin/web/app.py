"""The application: which path leads to which page, behind the guard."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing, suppress
from importlib.resources import files

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ribin.errors import ParameterError, RibinError
from ribin.web import entry, exhibits, leads, reports, searches
from ribin.web.connections import MOST, LimitedConnection
from ribin.web.guard import Guard
from ribin.web.pages import error_page, not_found, refused, see
from ribin.web.session import TOKEN_FIELD, BrowserSession
from ribin.web.state import ApplicationState

_LOOK = ["GET", "HEAD"]
_ROUTES = [
    Route("/", exhibits.home, methods=_LOOK),
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
    Route("/trace", leads.trace, methods=[*_LOOK, "POST"]),
]


# The scripts of the pages: files of their own, so that nothing within a page runs.
_SCRIPTS = frozenset({"entry.js", "outline.js", "page.js", "searching.js", "station.js"})


def application(state: ApplicationState, browser_session: BrowserSession) -> ASGIApp:
    """The pages of a state for the browser of a session; nothing else is served.

    The guard stands around all of it, so that errors too pass it and carry its headers.
    """

    def enter(request: Request) -> Response:
        if request.method == "HEAD":  # what looks at an address does not open it
            return Response()
        cookie = browser_session.exchange(request.query_params.get(TOKEN_FIELD, ""))
        if cookie is None and not browser_session.knows(request.headers.get("cookie", "")):
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
            Route("/enter", enter, methods=_LOOK),
            Route("/style.css", style, methods=_LOOK),
            Route("/script/{name}", script, methods=_LOOK),
            Route("/icon.svg", icon, methods=_LOOK),
            # A browser asks for this one by itself, also beside pages that name no icon.
            Route("/favicon.ico", icon, methods=_LOOK),
        ],
        exception_handlers={RibinError: refused, HTTPException: not_found},
    )
    app.state.application, app.state.browser_session = state, browser_session
    return Guard(app, browser_session, state.read_only)


def _page_file(name: str, media_type: str) -> Response:
    text = (files("ribin.web") / "pages" / name).read_text(encoding="utf-8")
    return Response(text, media_type=media_type)


# The server on this machine's own address, 127.0.0.1, and on no other.

ADDRESS = "127.0.0.1"


def bound_socket(port: int) -> socket.socket:
    """A socket of this machine alone; port 0 takes any that is free.

    Raises ParameterError: another program has the port.
    """
    listening = socket.socket()
    try:
        listening.bind((ADDRESS, port))
    except OSError as error:
        listening.close()
        raise ParameterError(f"port {port}: a free port needed, {error.strerror}") from error
    return listening


def server_of(state: ApplicationState, browser_session: BrowserSession) -> uvicorn.Server:
    """A server that says nothing of itself and writes no address, which has the token, to a log."""
    config = uvicorn.Config(
        application(state, browser_session),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        http=LimitedConnection,
        backlog=MOST,  # no more are taken at once than there is room for
    )
    return uvicorn.Server(config)


def serve(state: ApplicationState, port: int, say: Callable[[str], None]) -> None:
    """Serve until interrupted; `say` is told the address to open."""
    with (
        state.session()
    ):  # a vault or network that cannot be used is said before anything is served
        pass
    with closing(bound_socket(port)) as listening:
        browser_session = BrowserSession(listening.getsockname()[1])
        say(browser_session.address)
        with suppress(KeyboardInterrupt):  # how it is ended
            server_of(state, browser_session).run(sockets=[listening])
