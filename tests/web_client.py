"""A browser's part of the talk with `ribin serve`, without a browser: cookies, forms, headers."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import unescape
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvicorn

from ribin.connections import BROWSER, bound_socket
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.services.list_review import open_list
from ribin.services.recorded_searches import record_lists
from ribin.services.session import Session
from ribin.web.passwords import PasswordCheck
from ribin.web.server import server_of
from ribin.web.session import BrowserSession
from ribin.web.state import ApplicationState

_STARTING_S = 30.0
_PATIENCE_S = 240.0  # kernels may have to be compiled first
LONG_LIST = tuple(f"x-{number:016x}" for number in range(400))
QUERY, MATE, OTHER = "JAM-2026-0007-1", "BLZ-2025-0042-1", "JAM-2025-0038-1"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    def links(self, path: str) -> list[str]:
        """Addresses in the page that begin so, behind the secret part of the paths."""
        found = re.findall(r'(?:href|src)="(?:/[\w-]{43}(?=/))?([^"]+)"', self.text)
        return [unescape(link) for link in found if unescape(link).startswith(path)]


class Client:
    """One browser; `send` says exactly what is sent, the others do what a browser does."""

    def __init__(self, session: BrowserSession, server: uvicorn.Server) -> None:
        self.session, self.server = session, server
        self.cookie = ""
        self.at = ""  # the page that was looked at last

    def send(self, method: str, path: str, body: str | None = None, **headers: str) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.session.port, timeout=60)
        try:
            connection.request(
                method, path, body, {k.replace("_", "-"): v for k, v in headers.items()}
            )
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, named, answer.read())
        finally:
            connection.close()

    def enter(self) -> Answer:
        answer = self.send("GET", self.session.address.partition(str(self.session.port))[2])
        self.cookie = answer.headers.get("set-cookie", "").partition(";")[0]
        return answer

    def get(self, path: str) -> Answer:
        self.at = path
        return self.send("GET", self._whole(path), cookie=self.cookie)

    def _whole(self, path: str) -> str:
        base = self.session.base
        return path if path.startswith(f"{base}/") else f"{base}{path}"

    def post(self, path: str, **fields: str) -> Answer:
        """Send a form of this application; goes on where the answer leads."""
        answer = self.send(
            "POST",
            self._whole(path),
            urlencode({"csrf": self.session.csrf, **fields}),
            cookie=self.cookie,
            origin=f"http://127.0.0.1:{self.session.port}",
            content_type="application/x-www-form-urlencoded",
        )
        return self.get(answer.headers["location"]) if answer.status == 303 else answer


@contextmanager
def served(state: ApplicationState) -> Iterator[Client]:
    """A server on a free port of this machine, and a browser that was let in."""
    listening = bound_socket(0, BROWSER)
    session = BrowserSession(listening.getsockname()[1], state.who, PasswordCheck(state.vault))
    server = server_of(state, session, listening)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        end = time.monotonic() + _STARTING_S
        while not server.started:
            assert thread.is_alive(), "the server ended before it had started"
            assert time.monotonic() < end, f"no server after {_STARTING_S:g} s"
            time.sleep(0.01)
        yield Client(session, server)
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def state(network: Path, who: str = "A. Brown", **more: Any) -> ApplicationState:
    """The state of a server of JAM in the network of this folder."""
    return ApplicationState(network / "JAM", network / "network.toml", DEFAULT_PARAMS, who, **more)


def found(client: Client, **asked: str) -> Answer:
    """The list of a search, when it is there."""
    fields = {"scope": "cluster", "reason": "test", **asked}
    return listed(client, client.post("/search", exhibit=QUERY, **fields))


def listed(client: Client, answer: Answer) -> Answer:
    """The list of a search whose progress a page shows, when it is there."""
    end = time.monotonic() + _PATIENCE_S
    while "data-progress" in answer.text:
        assert time.monotonic() < end
        time.sleep(0.05)
        answer = client.get(client.at)  # as the script loads the page again
        if answer.status == 303:
            answer = client.get(answer.headers["location"])
    return answer


def hidden_fields(text: str) -> dict[str, str]:
    """The hidden fields of the first form of a page, without the secret."""
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text))
    return {name: value for name, value in fields.items() if name != "csrf"}


def record_long_list(
    session: Session, number: str, who: str, exhibits: Sequence[str] = LONG_LIST
) -> str:
    """Record a list as long as this, all like the first candidate of a recorded search; its
    number."""
    opened = open_list(session, number, who)
    one = opened.made.lists.first
    rows = tuple(
        replace(one.candidates[0], rank=rank, exhibit=exhibit, score=100 - rank / 5)
        for rank, exhibit in enumerate(exhibits, 1)
    )
    lists = replace(opened.made.lists, lists=(replace(one, candidates=rows),), search="")
    return record_lists(session.vault, opened.made.sides, lists).search
