"""What every request passes before any page, and what every answer carries: one place for both."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import replace
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ribin.cases.leads import acting_by_account
from ribin.connections import BROWSER, read_body
from ribin.web.pages import SIGN_IN, error_page, path_within
from ribin.web.rates import RequestLimit
from ribin.web.rights import CHANGE_NOTHING
from ribin.web.session import (
    CSRF_FIELD,
    PASSWORD_FIELD,
    Arrival,
    Authenticator,
    Visit,
    is_from_elsewhere,
    same_secret,
)

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' blob: data:; form-action 'self'; base-uri 'none'; "
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


class Guard:
    """Middleware: a request that is not of a session of this server ends here.

    The fields of a form that passed are in `scope["state"]["form"]`, each with its last value; but
    for a password, which no page sees: it proves who signs. Whose request it is, is in
    `scope["state"]["visit"]`.
    """

    def __init__(self, app: ASGIApp, authenticator: Authenticator, read_only: bool = False) -> None:
        self._app = app
        self._authenticator = authenticator
        self._read_only = read_only
        self._requests = RequestLimit(time.monotonic)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        guarded = _with_headers(send)
        if base := self._authenticator.base_of(scope["path"]):
            scope["root_path"] = base
        arrival = self._authenticator.arrived(scope)
        answer: Response | None = self._refusal(scope, arrival)
        if answer is None:
            answer = await self._pass(scope, receive, guarded, arrival.address)
        if answer is not None:
            await answer(scope, receive, guarded)

    async def _pass(
        self, scope: Scope, receive: Receive, send: Send, address: str
    ) -> Response | None:
        """Let a request in as that of its person; the answer where it is nobody's."""
        path, state = path_within(scope), scope.setdefault("state", {})
        visit: Visit | None = None
        if path not in self._authenticator.open_paths:
            admitted = await self._authenticator.admit(scope, path)
            if isinstance(admitted, Response):
                return admitted
            visit = state["visit"] = admitted
        state["address"] = address
        if scope["method"] == "POST":
            if refused := self._form_refusal(scope, path):
                return refused
            body = await read_body(receive, BROWSER)
            if body is None:
                return error_page(scope, 413, "the form is too large")
            form = state["form"] = _fields(body)
            if visit:
                if not same_secret(form.get(CSRF_FIELD, ""), visit.csrf):
                    why = "this form is not of this session: load the page again"
                    return error_page(scope, 403, why)
                if PASSWORD_FIELD in form:
                    password = form.pop(PASSWORD_FIELD)
                    signed = await self._authenticator.sign_off(scope, visit, password, address)
                    if isinstance(signed, Response):
                        return signed
                    visit = state["visit"] = replace(visit, proved=signed)
        with acting_by_account(visit.proved) if visit and visit.proved else nullcontext():
            await self._app(scope, receive, send)
        return None

    def _refusal(self, scope: Scope, arrival: Arrival) -> Response | None:
        """The answer to a request of any kind that may not go on, or None."""
        headers, authenticator = Headers(scope=scope), self._authenticator
        if arrival.refused:
            return error_page(scope, 403, arrival.refused)
        if authenticator.limits_requests and not self._requests.takes(arrival.address):
            answer = error_page(scope, 429, "too many requests from this address: wait a moment")
            answer.headers["Retry-After"] = "5"
            return answer
        if headers.get("host", "") not in authenticator.hosts:
            names = " and ".join(sorted({host.partition(":")[0] for host in authenticator.hosts}))
            return error_page(scope, 421, f"this server answers to {names} alone")
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return error_page(scope, 405, "GET, HEAD or POST needed")
        # A link in a letter may lead to a page of a laboratory's server, where one signs in.
        followed = headers.get("sec-fetch-mode") == "navigate" and scope["method"] == "GET"
        if is_from_elsewhere(headers) and not (followed and SIGN_IN in authenticator.open_paths):
            why = "a request of this application needed, found one of another site"
            return error_page(scope, 403, why)
        return None

    def _form_refusal(self, scope: Scope, path: str) -> Response | None:
        headers = Headers(scope=scope)
        if headers.get("origin", "") != f"{self._authenticator.scheme}://{headers['host']}":
            why = "a form of this application needed, found one from elsewhere"
            return error_page(scope, 403, why)
        if self._read_only and path not in CHANGE_NOTHING:
            why = "this server is read only: it takes no scans, leads, verdicts or reports"
            return error_page(scope, 403, why)
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


def _fields(body: bytes) -> dict[str, str]:
    try:
        parsed = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return {}
    return {name: values[-1] for name, values in parsed.items()}
