"""Who may use the application: the browser that was opened with the printed address, and no other.

The address holds a token that is exchanged once for a cookie which scripts cannot read and other
sites cannot send. Cookies know no ports: that other programs on this machine's address do not
receive it, its path is a secret, under which all pages lie. Every form carries one more, so that a
page of another site cannot post.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie

TOKEN_FIELD = "token"  # in the printed address
CSRF_FIELD = "csrf"  # in every form


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass
class BrowserSession:
    """The secrets of one run of the server."""

    port: int
    token: str = field(default_factory=_secret)  # of the address; empty once it was exchanged
    csrf: str = field(default_factory=_secret)
    base: str = field(default_factory=lambda: f"/{_secret()}")  # of the paths of all pages
    _cookie: str = field(default_factory=_secret)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def hosts(self) -> frozenset[str]:
        """What a browser that means this server writes as `Host`: no other name leads here."""
        return frozenset({f"127.0.0.1:{self.port}", f"localhost:{self.port}"})

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
            if not self.token or not _same(token, self.token):
                return None
            self.token = ""
            return f"{self.cookie_name}={self._cookie}; HttpOnly; SameSite=Strict; Path={self.base}"

    def knows(self, cookie_header: str) -> bool:
        """Whether a request carries the cookie."""
        try:
            morsel = SimpleCookie(cookie_header).get(self.cookie_name)
        except CookieError:
            return False
        return morsel is not None and _same(morsel.value, self._cookie)

    def is_own_form(self, csrf: str) -> bool:
        """Whether a form was made by this run."""
        return _same(csrf, self.csrf)


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())
