"""Who is let into a laboratory's server: people sign in by their accounts, each in an own session.

    sign-in -> session -> (idle) locked -> password -> session -> signed out, ended, too old

A session's cookie has a secret path, under which all its pages lie, so that programs on other ports
of the same host do not receive it. Everything lies in memory: when the server ends, all sign in
again. A session ends at once when its account gets another password or is removed.
"""

from __future__ import annotations

import ipaddress
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

import anyio
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

from ribin.cases.leads import ProvedPerson
from ribin.vault.accounts import Account, find_account
from ribin.vault.people import roles_of
from ribin.vault.vault import Vault
from ribin.web.pages import PAGES, SIGN_IN, error_page, path_within
from ribin.web.passwords import PasswordCheck
from ribin.web.session import (
    PLAIN_PATHS,
    Arrival,
    Visit,
    cookies_of,
    is_from_elsewhere,
    new_secret,
    same_secret,
    wait_text,
    wrong_password,
)
from ribin.web.state import ApplicationState

LOCK_AFTER_MIN = 15.0  # without a request; OWASP asks for 15 to 30 minutes
LONGEST_S = 12 * 3600.0  # of a session; NIST SP 800-63B asks for a sign-in each 12 hours
COOKIE = "__Secure-ribin"  # a browser takes one of this name over TLS alone
REPEATS = "x-ribin-repeats"  # of a request that a script makes again and again: nobody sits there
_MOST_SESSIONS = 8  # of one person; the oldest ends first

UNLOCK, SIGN_OUT, OWN_ACCOUNT = "/unlock", "/sign-out", "/account"
OWN_PASSWORD = "/account/password"
_BASE = re.compile(r"/[\w-]{43}(?=/|$)")
_AWAY = "sign in to go on"


@dataclass(eq=False)
class PersonSession:
    """One browser in which a person signed in."""

    person: str
    account: str  # the version of it that signed in
    began: float
    used: float
    base: str = field(default_factory=lambda: f"/{new_secret()}")
    cookie: str = field(default_factory=new_secret)
    csrf: str = field(default_factory=new_secret)
    locked: bool = False


@dataclass(frozen=True)
class ServedNames:
    """How browsers reach the server: the names that people type, and a proxy in front of it.

    A proxy is known by its address. Its requests carry X-Forwarded-Proto: https, and at the end of
    X-Forwarded-For the address that it was asked from; no other header of that kind is looked at.
    """

    names: tuple[str, ...]  # host names and addresses, with a port where the proxy has another
    port: int
    proxy: str = ""

    @property
    def hosts(self) -> frozenset[str]:
        """What a browser writes as `Host`: a name, with the port where it is not that of HTTPS."""
        known = {name: name.partition(":")[0] for name in self.names}
        return frozenset({*known, *(f"{host}:{self.port}" for host in known.values())})


class Laboratory:
    """People, their sessions and their passwords; `clock` gives seconds."""

    scheme = "https"
    limits_requests = True
    open_paths = PLAIN_PATHS | {SIGN_IN}

    def __init__(
        self,
        state: ApplicationState,
        served: ServedNames,
        lock_after_min: float = LOCK_AFTER_MIN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.state = state
        self.served = served
        self.passwords = PasswordCheck(state.vault, clock)
        self._lock_after_s = lock_after_min * 60.0
        self._clock = clock
        self._sessions: dict[str, PersonSession] = {}  # by base
        self._lock = threading.Lock()

    @property
    def hosts(self) -> frozenset[str]:
        return self.served.hosts

    def arrived(self, scope: Scope) -> Arrival:
        client = scope.get("client")
        peer = str(client[0]) if client else ""
        if not self.served.proxy:
            return Arrival(peer)
        if peer != self.served.proxy:
            return Arrival(peer, f"requests of the proxy at {self.served.proxy} alone")
        headers = Headers(scope=scope)
        if headers.getlist("x-forwarded-proto") != ["https"]:
            return Arrival(peer, "one header X-Forwarded-Proto: https needed of the proxy")
        last = ",".join(headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
        try:
            return Arrival(str(ipaddress.ip_address(last)))
        except ValueError:
            return Arrival(peer, "an address at the end of X-Forwarded-For needed of the proxy")

    def base_of(self, path: str) -> str:
        found = _BASE.match(path)
        with self._lock:
            return found[0] if found and found[0] in self._sessions else ""

    async def admit(self, scope: Scope, path: str) -> Visit | Response:
        headers = Headers(scope=scope)
        session = None if is_from_elsewhere(headers) else self._session(scope["root_path"], headers)
        if session is None:
            return _away(scope, path)
        account = await anyio.to_thread.run_sync(self._account_now, session.person)
        now = self._clock()
        if account is None or account.version != session.account or now - session.began > LONGEST_S:
            self.end(session)
            return _away(scope, path)
        session.locked |= now - session.used > self._lock_after_s
        if session.locked and path not in (UNLOCK, SIGN_OUT):
            return _locked(scope, session, path)
        if REPEATS not in headers and not session.locked:
            session.used = now
        if account.initial and path not in (OWN_ACCOUNT, OWN_PASSWORD, SIGN_OUT, UNLOCK):
            return RedirectResponse(f"{session.base}{OWN_ACCOUNT}", 303)
        proved = ProvedPerson(session.person, at_server=True)
        return Visit(session.person, session.csrf, session.base, True, proved)

    async def sign_off(
        self, scope: Scope, visit: Visit, password: str, address: str
    ) -> ProvedPerson | Response:
        proof = await self.passwords.prove(visit.who, password, address)
        session = self.of_visit(visit)
        if proof.account is None and session and path_within(scope) == UNLOCK:
            said = wait_text(proof.wait_s) if proof.wait_s > 0 else "the password is not right"
            asked = scope["state"]["form"].get("next", "")
            return locked_page(session, asked, f"{said.capitalize()}.", 403)
        if proof.wait_s > 0:
            return wrong_password(scope, proof)
        # A form that needs the password says so, and keeps its fields.
        right = proof.account is not None
        found = "" if right else "a wrong one"
        return ProvedPerson(visit.who, at_server=True, signed_off=right, found=found)

    def begin(self, account: Account) -> PersonSession:
        """A new session of a person who gave the password, with secrets of its own."""
        now = self._clock()
        made = PersonSession(account.person, account.version, began=now, used=now)
        with self._lock:
            for one in [s for s in self._sessions.values() if now - s.began > LONGEST_S]:
                del self._sessions[one.base]
            own = [one for one in self._sessions.values() if one.person == account.person]
            for one in sorted(own, key=lambda one: one.used)[: len(own) - _MOST_SESSIONS + 1]:
                del self._sessions[one.base]
            self._sessions[made.base] = made
        return made

    def end(self, session: PersonSession) -> None:
        """End a session: its cookie opens nothing any more."""
        with self._lock:
            self._sessions.pop(session.base, None)

    def of_visit(self, visit: Visit) -> PersonSession | None:
        """The session of a request; None where it ended meanwhile."""
        with self._lock:
            return self._sessions.get(visit.base)

    def unlock(self, session: PersonSession) -> None:
        """Let the person of a locked session go on."""
        session.locked, session.used = False, self._clock()

    def people_here(self) -> dict[str, int]:
        """How many sessions each person has."""
        with self._lock:
            people = [one.person for one in self._sessions.values()]
        return {person: people.count(person) for person in sorted(set(people))}

    def _session(self, base: str, headers: Headers) -> PersonSession | None:
        with self._lock:
            session = self._sessions.get(base)
        # A cookie of the same name that another program on this host planted is not ours.
        given = [
            cookies_of(one).get(COOKIE, "") for one in headers.get("cookie", "").split(";")[:50]
        ]
        known = session is not None and any(same_secret(one, session.cookie) for one in given)
        return session if known else None

    def _account_now(self, person: str) -> Account | None:
        """The account of a person, as long as it can be used and the person holds a role."""
        opened = Vault.open(self.state.vault, read_only=True)
        with opened as vault, vault.catalogue.reading() as db:
            account = find_account(db, person)
            usable = account is not None and account.is_active and roles_of(db, person)
        return account if usable else None


def cookie_of(session: PersonSession, ended: bool = False) -> str:
    """What a browser keeps of a session, or takes away: scripts cannot read it, other sites cannot
    send it, and its path is the session's own."""
    kept = f"{COOKIE}=; Max-Age=0" if ended else f"{COOKIE}={session.cookie}"
    return f"{kept}; Secure; HttpOnly; SameSite=Strict; Path={session.base}"


def path_after(text: str) -> str:
    """Where to go on after a sign-in: a page of this application, without the secret part of an
    older session; the first page for anything else."""
    path = _BASE.sub("", text[:2000], count=1)
    harmless = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if harmless and "\\" not in path else "/"


def _away(scope: Scope, path: str) -> Response:
    """The way to the sign-in, and from there to the page that was asked for."""
    headers = Headers(scope=scope)
    if scope["method"] != "GET" or "text/html" not in headers.get("accept", ""):
        return error_page(scope, 401, _AWAY, "Nothing was changed. Sign in and do it again.")
    query = scope["query_string"].decode("latin-1")
    asked = path_after(f"{path}?{query}" if query else path)
    into = f"?{urlencode({'next': asked})}" if asked != "/" else ""
    return RedirectResponse(f"{SIGN_IN}{into}", 303)


def _locked(scope: Scope, session: PersonSession, path: str) -> Response:
    """The page that takes the password of the person of a locked session."""
    if scope["method"] != "GET" or "text/html" not in Headers(scope=scope).get("accept", ""):
        way = "Nothing was changed. Go back with your browser, load the page and give the password."
        return error_page(scope, 401, "this session is locked", way)
    query = scope["query_string"].decode("latin-1")
    return locked_page(session, f"{path}?{query}" if query else path)


def locked_page(session: PersonSession, asked: str, said: str = "", status: int = 401) -> Response:
    """The same, also after a wrong password, which `said` says."""
    html = PAGES.get_template("locked.html").render(
        session=session, base=session.base, asked=path_after(asked), said=said
    )
    return HTMLResponse(html, status)
