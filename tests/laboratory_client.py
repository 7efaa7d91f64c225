"""People in front of `ribin serve --laboratory`, behind a proxy of the test: sign in, ask, post."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from web_client import Answer

from ribin.cases.leads import ProvedPerson, Role, acting_by_account
from ribin.connections import BROWSER, bound_socket
from ribin.crypto.server_certificate import server_tls
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.vault.passwords import add_account, change_password
from ribin.vault.people import appoint
from ribin.vault.vault import Vault
from ribin.web.laboratory import Laboratory, ServedNames
from ribin.web.server import server_of
from ribin.web.state import ApplicationState

NAME = "ribin.lab.example"
HEAD, EXAMINER, REVIEWER, TECHNICIAN = "head", "Ana Brown", "Ben Cole", "Tom Dale"
ROLES = {
    EXAMINER: [Role.EXAMINER],
    REVIEWER: [Role.REVIEWER, Role.EXAMINER],
    TECHNICIAN: [Role.TECHNICIAN],
}


def password_of(person: str) -> str:
    return f"nine {len(person)} wet kettles {sum(map(ord, person))}"


def by_own_account(person: str):
    """What a person does on the command line, with the password."""
    return acting_by_account(ProvedPerson(person, signed_off=True))


def make_staff(vault: Vault) -> None:
    """People with roles and accounts, whose passwords are their own."""
    for person, roles in ROLES.items():
        appoint(vault, person, roles, HEAD, "hired")
    appoint(vault, "tester", [Role.TECHNICIAN], HEAD, "hired")
    add_account(vault, HEAD, password_of(HEAD), HEAD, "first")
    for person in ROLES:
        give_account(vault, person)


def give_account(vault: Vault, person: str) -> None:
    with by_own_account(HEAD):
        add_account(vault, person, "an initial password", HEAD, "hired")
    with by_own_account(person):
        change_password(vault, person, password_of(person))


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class PersonsBrowser:
    """One browser: it keeps cookies by their path, as browsers do, and shows what it is."""

    port: int
    address: str = "10.0.0.7"  # as the proxy says
    cookies: dict[str, tuple[str, str]] = field(default_factory=dict)  # path: name, value
    base: str = ""
    csrf: str = ""

    def send(self, method: str, path: str, body: str | None = None, **headers: str) -> Answer:
        """Exactly this, but for what a browser and the proxy add where it is not said."""
        sent = {
            "host": NAME,
            "accept": "text/html",
            "x_forwarded_proto": "https",
            "x_forwarded_for": self.address,
            "cookie": "; ".join(
                f"{name}={value}"
                for at, (name, value) in self.cookies.items()
                if path == at or path.startswith(f"{at.rstrip('/')}/")
            ),
            **headers,
        }
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            named = {k.replace("_", "-"): v for k, v in sent.items() if v}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            got = {name.lower(): value for name, value in answer.getheaders()}
            found = Answer(answer.status, got, answer.read())
        finally:
            connection.close()
        if cookie := found.headers.get("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            (at,) = re.findall(r"Path=(\S+)", cookie)
            self.cookies[at] = (name, value)
        if secret := re.search(
            r'name="csrf" value="([^"]+)"', found.body.decode("utf-8", "replace")
        ):
            self.csrf = secret[1]
        return found

    def post_to(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        """A form, to exactly this path; nothing is followed."""
        own = {"origin": f"https://{NAME}", "content_type": "application/x-www-form-urlencoded"}
        return self.send("POST", path, urlencode(fields), **{**own, **headers})

    def sign_in(self, person: str, password: str = "", asked: str = "") -> Answer:
        """Sign in; the answer of the form. The browser goes on from where it leads."""
        fields = {"name": person, "password": password or password_of(person)}
        answer = self.post_to("/sign-in", {**fields, **({"next": asked} if asked else {})})
        if answer.status == 303:
            self.base = re.match(r"/[\w-]{43}", answer.headers["location"])[0]
            self.get("/leads")  # a page with the secret of its forms
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        """A page of the session, and where it leads to."""
        answer = self.send("GET", f"{self.base}{path}", **headers)
        hops = 0
        while answer.status == 303 and hops < 4:
            answer, hops = self.send("GET", answer.headers["location"]), hops + 1
        return answer

    def post(self, path: str, **fields: str) -> Answer:
        answer = self.post_to(f"{self.base}{path}", {"csrf": self.csrf, **fields})
        return self.send("GET", answer.headers["location"]) if answer.status == 303 else answer


@dataclass
class RunningLaboratory:
    """A server that runs, its authenticator and its clock."""

    vault: Path
    port: int
    authenticator: Laboratory
    clock: Clock

    def browser(self, person: str = "", address: str = "10.0.0.7") -> PersonsBrowser:
        """A new browser; where a person is named, that one has signed in."""
        made = PersonsBrowser(self.port, address)
        if person:
            assert made.sign_in(person).status == 303
        return made

    def log(self) -> list:
        with Vault.open(self.vault, read_only=True) as vault:
            return vault.audit_log()


@contextmanager
def running_laboratory(
    vault: Path, network: Path | None = None, certificate: tuple[Path, Path] | None = None
) -> Iterator[RunningLaboratory]:
    """The server of a vault, on a free port: behind a proxy at 127.0.0.1, or with a certificate of
    that address."""
    clock = Clock()
    listening = bound_socket(0, BROWSER)
    port = listening.getsockname()[1]
    state = ApplicationState(vault, network, DEFAULT_PARAMS, "")
    names = ("127.0.0.1",) if certificate else (NAME,)
    served = ServedNames(names, port, proxy="" if certificate else "127.0.0.1")
    authenticator = Laboratory(state, served, clock=clock)
    tls = server_tls(*certificate, names) if certificate else None
    server = server_of(state, authenticator, listening, tls)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        end = time.monotonic() + 30
        while not server.started:
            assert time.monotonic() < end, "no server after 30 s"
            time.sleep(0.01)
        yield RunningLaboratory(vault, port, authenticator, clock)
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
