"""Who may use the application of `ribin serve`: the browser that was opened with the printed
address, and no other.

The address holds a token that is exchanged once for a cookie which scripts cannot read and other
sites cannot send. Cookies know no ports: that other programs on this machine's address do not
receive it, its path is a secret, under which all pages lie. Every form carries one more, so that a
page of another site cannot post. A laboratory's server has a session of this kind for each person
who signs in (`laboratory.py`); what the guard asks of either is `Authenticator`.
"""

from __future__ import annotations

import hmac
import math
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Protocol

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from ribin.cases.leads import ProvedPerson
from ribin.web.pages import error_page
from ribin.web.passwords import PasswordCheck, Proof

TOKEN_FIELD = "token"  # in the printed address
CSRF_FIELD = "csrf"  # in every form
PASSWORD_FIELD = "password"  # in a form that a person signs off


@dataclass(frozen=True)
class Visit:
    """Whose request it is, and the secrets of the session that it came in by."""

    who: str
    csrf: str
    base: str
    signed_in: bool = False  # by an account, in a laboratory's server
    proved: ProvedPerson | None = None


@dataclass(frozen=True)
class Arrival:
    """Where a request comes from, and why it may not; empty where it may."""

    address: str
    refused: str = ""


class Authenticator(Protocol):
    """What the guard asks: which names lead here, and whose request this is."""

    @property
    def hosts(self) -> frozenset[str]:
        """What a browser that means this server writes as `Host`."""

    @property
    def scheme(self) -> str:
        """Of the pages as a browser sees them."""

    @property
    def limits_requests(self) -> bool:
        """Whether each address may ask only so often."""

    @property
    def open_paths(self) -> frozenset[str]:
        """What a browser without a session may ask for."""

    def arrived(self, scope: Scope) -> Arrival:
        """Where a request comes from."""

    def base_of(self, path: str) -> str:
        """The secret part that a path begins with; empty where it has none of a session."""

    async def admit(self, scope: Scope, path: str) -> Visit | Response:
        """Whose request it is, or the answer to one that is nobody's."""

    async def sign_off(
        self, scope: Scope, visit: Visit, password: str, address: str
    ) -> ProvedPerson | Response:
        """The person who gave the password for this act, or the answer to a wrong one."""


# What any browser may ask for, beside pages that name nothing else.
PLAIN_PATHS = frozenset({"/style.css", "/icon.svg", "/favicon.ico"})


def new_secret() -> str:
    """256 bits that nobody guesses, as letters of an address."""
    return secrets.token_urlsafe(32)


@dataclass
class BrowserSession:
    """The secrets of one run of the server, for one person; `passwords` checks what a person signs
    off who has an account."""

    port: int
    who: str = ""
    passwords: PasswordCheck | None = None
    token: str = field(default_factory=new_secret)  # of the address; empty once it was exchanged
    csrf: str = field(default_factory=new_secret)
    base: str = field(default_factory=lambda: f"/{new_secret()}")  # of the paths of all pages
    _cookie: str = field(default_factory=new_secret)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def hosts(self) -> frozenset[str]:
        """What a browser that means this server writes as `Host`: no other name leads here."""
        return frozenset({f"127.0.0.1:{self.port}", f"localhost:{self.port}"})

    @property
    def scheme(self) -> str:
        return "http"

    @property
    def limits_requests(self) -> bool:
        return False  # one browser on this machine

    @property
    def open_paths(self) -> frozenset[str]:
        return PLAIN_PATHS | {"/enter"}

    def arrived(self, scope: Scope) -> Arrival:
        client = scope.get("client")
        return Arrival(str(client[0]) if client else "")

    def base_of(self, path: str) -> str:
        return self.base if path.startswith(f"{self.base}/") else ""

    async def admit(self, scope: Scope, path: str) -> Visit | Response:
        if self.knows(Headers(scope=scope).get("cookie", "")):
            return Visit(self.who, self.csrf, self.base)
        return error_page(scope, 401, "open the address that `ribin serve` printed")

    async def sign_off(
        self, scope: Scope, visit: Visit, password: str, address: str
    ) -> ProvedPerson | Response:
        if self.passwords is None:
            return error_page(scope, 403, "no password is taken here")
        proof = await self.passwords.prove(visit.who, password, address)
        if proof.account is None:
            return wrong_password(scope, proof)
        return ProvedPerson(visit.who, signed_off=True)

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://127.0.0.1:{self.port}{self.base}/enter?{TOKEN_FIELD}={self.token}"

    @property
    def cookie_name(self) -> str:
        """Another run on another port has a cookie of its own."""
        return f"ribin_{self.port}"

    def exchange(self, token: str) -> str | None:
        """The cookie for the token of the address, once; None for any other or a second time."""
        with self._lock:
            if not self.token or not same_secret(token, self.token):
                return None
            self.token = ""
            return f"{self.cookie_name}={self._cookie}; HttpOnly; SameSite=Strict; Path={self.base}"

    def knows(self, cookie_header: str) -> bool:
        """Whether a request carries the cookie."""
        return same_secret(cookies_of(cookie_header).get(self.cookie_name, ""), self._cookie)


def cookies_of(header: str) -> Mapping[str, str]:
    """The cookies of a request."""
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}


def wrong_password(scope: Scope, proof: Proof) -> Response:
    """The answer to a form that was signed off with another password."""
    if proof.wait_s > 0:
        return waiting(error_page(scope, 429, wait_text(proof.wait_s)), proof.wait_s)
    return error_page(scope, 403, "the password is not right")


def wait_text(wait_s: float) -> str:
    """What to say to somebody who guessed too often."""
    return f"too many wrong passwords: wait {math.ceil(wait_s)} s"


def waiting(answer: Response, wait_s: float) -> Response:
    """The answer, saying to programs too when to ask again."""
    answer.headers["Retry-After"] = str(math.ceil(wait_s))
    return answer


def is_from_elsewhere(headers: Headers) -> bool:
    """Whether a page of another site made the request, as browsers say."""
    return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")


def same_secret(given: str, secret: str) -> bool:
    """Whether a text is the secret, in a time that does not tell how much of it is right."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())
