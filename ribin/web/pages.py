"""Answers: a page from its template, an error as a page, a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import Scope

from ribin._version import __version__
from ribin.comparison import score_text
from ribin.errors import AccessError, ParameterError, RibinError, StoreError, ThereAlreadyError
from ribin.report.document import words
from ribin.report.text import NOTICE
from ribin.text import clean_text, moment_text
from ribin.web.rights import rights_of
from ribin.web.state import ApplicationState
from ribin.web.wording import said_here

if TYPE_CHECKING:
    from ribin.web.session import Visit

_Answer = TypeVar("_Answer", bound=Response)
# The first that fits; a StoreError names what is not there.
_STATUS = {ThereAlreadyError: 409, AccessError: 403, ParameterError: 400, StoreError: 404}


SIGN_IN = "/sign-in"  # of a laboratory's server


def state_of(request: Request) -> ApplicationState:
    """What the pages of this application work with, for the person whose request it is."""
    state: ApplicationState = request.app.state.application
    return state.of_person(visit_of(request).who)


def visit_of(request: Request) -> Visit:
    """Whose request it is, as the guard let it in."""
    visit: Visit = request.state.visit
    return visit


def form_of(request: Request) -> dict[str, str]:
    """The fields of a form that passed the guard, their texts cleaned."""
    return {name: clean_text(text) for name, text in request.state.form.items()}


def who_of(request: Request) -> str:
    """The person who acts: whose request it is."""
    return visit_of(request).who


def worded_of(request: Request) -> Callable[[object], str]:
    """How the pages of a request say what services say."""
    state: ApplicationState = request.app.state.application
    folders = state.vault, state.network_file
    return lambda text: said_here(str(text), *folders)


# Of a page with scripts: its own files, and pages of this application within it.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def page(request: Request, template: str, status: int = 200, **shown: Any) -> HTMLResponse:
    """A page; every value in it is escaped."""
    visit = visit_of(request)
    html = PAGES.get_template(template).render(
        state=state_of(request),
        visit=visit,
        csrf=visit.csrf,
        version=__version__,
        notice=NOTICE,
        base=request.scope["root_path"],
        path=path_within(request.scope),
        who=who_of(request),
        may=rights_of(request).may,
        worded=worded_of(request),
        notes=notes_of(request),
        **shown,
    )
    return HTMLResponse(html, status, {"Content-Security-Policy": _POLICY})


def see(request: Request, path: str, notes: Iterable[str] = ()) -> RedirectResponse:
    """Go on to a page after a form was done, so that loading it again does nothing twice; the page
    says these notes on what was done."""
    if kept := tuple(notes):
        key = urlencode({"notes": state_of(request).notes.put(kept)})
        path = f"{path}{'&' if '?' in path else '?'}{key}"
    return RedirectResponse(request.scope["root_path"] + path, 303)


def notes_of(request: Request) -> tuple[str, ...]:
    """What the page that a form went on to says of what was done."""
    return state_of(request).notes.find(request.query_params.get("notes", "")) or ()


def path_within(scope: Scope) -> str:
    """The path of a request without the secret part of the address."""
    path: str = scope["path"]
    return path.removeprefix(scope["root_path"])


def picture(png: bytes) -> Response:
    """A PNG."""
    return Response(png, media_type="image/png")


def with_policy(html: str, framed: bool = False) -> HTMLResponse:
    """A page that is one file and brings its own policy, as comparison pages and reports do.

    `framed`: whether a page of this application may show it within itself; no other may.
    """
    begin = 'http-equiv="Content-Security-Policy" content="'
    start = html.index(begin) + len(begin)
    policy = html[start : html.index('"', start)].replace("&#39;", "'")
    answer = HTMLResponse(
        html, headers={"Content-Security-Policy": f"{policy}; frame-ancestors 'none'"}
    )
    return _framed(answer, policy) if framed else answer


def _framed(
    answer: _Answer, policy: str = "default-src 'none'; style-src 'self'; img-src 'self'"
) -> _Answer:
    """The answer, which pages of this application may show within themselves, and no other."""
    answer.headers["Content-Security-Policy"] = f"{policy}; frame-ancestors 'self'"
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


def status_of_error(error: RibinError) -> int:
    """The number by which a browser knows what an error is about."""
    return next((s for kind, s in _STATUS.items() if isinstance(error, kind)), 409)


async def refused(request: Request, error: Exception) -> Response:
    """What a RibinError says, as a page."""
    assert isinstance(error, RibinError)
    status = status_of_error(error)
    said = worded_of(request)
    if request.headers.get("sec-fetch-dest") == "iframe":  # in the place of a comparison page
        way = said(error.hint) or "See the list."
        return _framed(error_page(request.scope, status, said(error), way))
    if not hasattr(request.state, "visit"):  # nobody has signed in yet
        return error_page(request.scope, status, said(error), said(error.hint))
    there = error.name if isinstance(error, ThereAlreadyError) else ""
    return page(request, "refused.html", status, why=str(error), hint=error.hint, there=there)


async def not_found(request: Request, error: Exception) -> Response:
    """No page is called so, or it is not asked for in this way."""
    assert isinstance(error, HTTPException)
    return error_page(
        request.scope, error.status_code, f"{error.detail}: {path_within(request.scope)[:200]}"
    )


# A request that ends before any page: a line, and in a browser the way back beside it.

_WAYS = {
    401: "This session has ended, or the address was not complete. Start `ribin serve` again in a "
    "terminal, and open the address that it prints.",
    403: "Nothing was changed. Go back with your browser and load the page again.",
    404: "Go back with your browser.",
    413: "Nothing was changed. Go back with your browser and shorten the text.",
}


def error_page(scope: Scope, status: int, why: str, way: str = "") -> Response:
    """The answer: a page where a browser asks for one, otherwise the plain line. `way` says how to
    go on; without it, what is said for this status."""
    line = f"ribin: {why}"
    if "text/html" not in Headers(scope=scope).get("accept", ""):
        return PlainTextResponse(f"{line}\n", status)
    way = way or _WAYS.get(status, "Go back with your browser.")
    html = PAGES.get_template("closed.html").render(
        line=line, way=way, back=status != 401, base=scope["root_path"]
    )
    return HTMLResponse(html, status)


# The templates of the pages; every value in them is escaped.

PAGES = Environment(
    loader=PackageLoader("ribin.web", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.filters["moment"] = moment_text
PAGES.filters["score"] = score_text
PAGES.filters["day"] = lambda at: str(at)[:10]
PAGES.filters["words"] = lambda value: words(str(value))
