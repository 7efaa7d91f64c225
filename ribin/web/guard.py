"""What every request passes before any page, and what every answer carries: one place for both."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ribin.connections import BROWSER, read_body
from ribin.web.pages import error_page, path_within
from ribin.web.session import CSRF_FIELD, BrowserSession

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # under no-referrer a browser hides the origin of forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
# What a browser without the cookie may ask for.
_OPEN = ("/enter", "/style.css", "/icon.svg", "/favicon.ico")


class Guard:
    """Middleware: a request that is not from the browser of this session ends here.

    The fields of a form that passed are in `scope["state"]["form"]`, each with its last value.
    """

    def __init__(
        self, app: ASGIApp, browser_session: BrowserSession, read_only: bool = False
    ) -> None:
        self._app = app
        self._session = browser_session
        self._read_only = read_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        guarded = _with_headers(send)
        base = self._session.base
        if scope["path"].startswith(f"{base}/"):
            scope["root_path"] = base
        refused = self._refusal(scope)
        if refused is None and scope["method"] == "POST":
            body = await read_body(receive, BROWSER)
            form = _fields(body) if body is not None else {}
            if body is None:
                refused = (413, "the form is too large")
            elif not self._session.is_own_form(form.get(CSRF_FIELD, "")):
                refused = (403, "this form is not of this session: load the page again")
            scope.setdefault("state", {})["form"] = form
        if refused is not None:
            status, why = refused
            await error_page(scope, status, why)(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and reason, or None where the request may go on."""
        headers, method = Headers(scope=scope), scope["method"]
        if headers.get("host", "") not in self._session.hosts:
            return 421, "this server answers to 127.0.0.1 and localhost alone"
        if method not in ("GET", "HEAD", "POST"):
            return 405, "GET, HEAD or POST needed"
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return 403, "a request of this application needed, found one of another site"
        path = path_within(scope)
        if path in _OPEN and method != "POST":
            return None
        if not self._session.knows(headers.get("cookie", "")):
            return 401, "open the address that `ribin serve` printed"
        if method == "POST":
            if headers.get("origin", "") != f"http://{headers['host']}":
                return 403, "a form of this application needed, found one from elsewhere"
            if self._read_only and path != "/search":
                return 403, "`ribin serve --read-only` takes no leads, verdicts or reports"
        return None


def _with_headers(send: Send) -> Send:
    """Answers carry the headers above; a page may bring a policy of its own."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _ALWAYS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending


def _fields(body: bytes) -> Mapping[str, str]:
    try:
        parsed = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return {}
    return {name: values[-1] for name, values in parsed.items()}
