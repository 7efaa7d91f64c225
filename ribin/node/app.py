"""What a node answers over HTTPS, and to whom.

POST /messages      a question; its answer, or 202 where that takes longer: ask for it by its id
GET /messages/ID    the answer to a question of the same member, also a part of it (Range)
GET /line           version, parameters and clock, for whoever is trusted
GET /status         counts and latencies, for the own member on the own machine
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ribin._version import __version__
from ribin.connections import NODE, read_body
from ribin.crypto.keys import PublicKey
from ribin.errors import AccessError, FormatError, ParameterError, RibinError
from ribin.exchange.message import Envelope
from ribin.exchange.node_client import ENDED
from ribin.foreign import read_packed
from ribin.node.questions import BusyError, Log, NodeQuestion, Questions
from ribin.node.trust import Trust
from ribin.text import escaped
from ribin.vault.parameter_sets import kept_parameters

_WAIT_S = 10.0  # a request is answered by then, with 202 where the answer is not there
_CHUNK = 1 << 16  # bytes that are handed over at once
_STALL_S = 60.0  # in which the other side must take one of these


@dataclass(frozen=True, eq=False)
class Node:
    """One node: whom it trusts, what it is asked, and what it says of itself."""

    trust: Trust
    questions: Questions
    template_id: str
    log: Log
    since: float = field(default_factory=time.time)

    @property
    def member(self) -> str:
        return self.trust.own.member


def application(node: Node) -> Starlette:
    """The paths of a node; each request is of a member whose key is trusted at that moment."""

    def of_member(answer: Callable[[Request, PublicKey], Any]) -> Callable[[Request], Any]:
        async def guarded(request: Request) -> Response:
            key = request.state.key
            if key not in node.trust.all:
                request.state.drop()
                raise AccessError("a trusted key needed")
            return await answer(request, key)

        return guarded

    def check_agreed(key: PublicKey) -> None:
        agreed = node.trust.agreed.get(key.member)
        if agreed and agreed.ended:
            raise AccessError(
                f"{node.member} has ended its agreement with {key.member}; its administrator "
                "states one: `ribin network agree`"
            )

    async def ask(request: Request, key: PublicKey) -> Response:
        check_agreed(key)
        raw = await read_body(request.receive, NODE)
        if raw is None:
            told = f"a message of at most {NODE.largest_body} bytes needed, found more"
            return PlainTextResponse(told, 413, {"Connection": "close"})
        envelope = read_packed(raw, Envelope, "message")
        if envelope.sender != key.member or key == node.trust.own.public:
            needed = f"one of {key.member} needed, whose certificate it came with"
            raise AccessError(f"{envelope.where}: {needed}")
        return await _given(request, node.questions.ask(envelope, raw))

    async def again(request: Request, key: PublicKey) -> Response:
        check_agreed(key)
        one = node.questions.find(key.member, request.path_params["number"])
        if one is None:
            return PlainTextResponse("a question that was asked needed", 404)
        return await _given(request, one)

    async def line(request: Request, key: PublicKey) -> Response:
        agreed = node.trust.agreed.get(key.member)
        facts = {"member": node.member, "version": __version__, "template_id": node.template_id}
        earlier = sorted(kept_parameters(node.trust.vault).keys() - {node.template_id})
        scope = (ENDED if agreed.ended else str(agreed.scope)) if agreed else ""
        return JSONResponse({**facts, "earlier": earlier, "scope": scope, "time_s": time.time()})

    async def status(request: Request, key: PublicKey) -> Response:
        if key != node.trust.own.public or not _is_here(request):
            raise AccessError("status: a program of the own member on this machine needed")
        peers = sorted(one.member for one in node.trust.peers)
        facts = {"member": node.member, "version": __version__, "since_s": node.since}
        refused = asdict(node.trust.tls.refused)
        told = {**facts, "trusted": peers, "handshakes_refused": refused}
        return JSONResponse({**told, **node.questions.facts()})

    def refused(request: Request, error: Exception) -> Response:
        """One line, and nothing of where things are here."""
        key = request.state.key
        told, code = str(error), 403
        if isinstance(error, FormatError):
            code = 400
        elif isinstance(error, BusyError):
            code = 429
        elif not isinstance(error, (AccessError, ParameterError)):
            told, code = f"{node.member} cannot answer now", 500
        member = key.member if key else ""
        node.log("refused", member=member, status=code, why=escaped(str(error))[:500])
        return PlainTextResponse(escaped(told)[:500], code)

    def unknown(request: Request, error: Exception) -> Response:
        code = error.status_code if isinstance(error, HTTPException) else 404
        return PlainTextResponse("a path of a node needed", code)

    return Starlette(
        routes=[
            Route("/messages", of_member(ask), methods=["POST"]),
            Route("/messages/{number}", of_member(again), methods=["GET"]),
            Route("/line", of_member(line), methods=["GET"]),
            Route("/status", of_member(status), methods=["GET"]),
        ],
        exception_handlers={RibinError: refused, HTTPException: unknown, OSError: refused},
    )


def _is_here(request: Request) -> bool:
    """Whether the other side is on this machine: its address is the one that the node answers at,
    or one of the machine's own."""
    if request.client is None:
        return False
    server = request.scope["server"]
    address = ipaddress.ip_address(request.client.host)
    return address.is_loopback or (server is not None and request.client.host == server[0])


async def _given(request: Request, question: NodeQuestion) -> Response:
    """The answer, or the part of it that is asked for; 202 where it is not there yet.

    Raises what the owner's side raised.
    """
    await asyncio.wait([question.answer], timeout=_WAIT_S)
    if not question.answer.done():
        return PlainTextResponse("accepted", 202)
    return AnswerResponse(question.content, question.etag, request)


class AnswerResponse(Response):
    """The bytes of an answer from where they are asked for, in chunks that must be taken."""

    media_type = "application/octet-stream"

    def __init__(self, content: bytes, etag: str, request: Request) -> None:
        self._content, self._drop = content, request.state.drop
        self._begin, status = 0, 200
        headers = {"ETag": etag}
        found = re.fullmatch(r"bytes=(\d{1,12})-", request.headers.get("range", ""))
        if found and request.headers.get("if-range") == etag:
            self._begin, status = min(int(found.group(1)), len(content)), 206
            headers["Content-Range"] = f"bytes {self._begin}-{len(content) - 1}/{len(content)}"
        headers["Content-Length"] = str(len(content) - self._begin)
        super().__init__(None, status, headers, self.media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        try:
            for at in range(self._begin, max(len(self._content), 1), _CHUNK):
                part, more = self._content[at : at + _CHUNK], at + _CHUNK < len(self._content)
                async with asyncio.timeout(_STALL_S):
                    await send({"type": "http.response.body", "body": part, "more_body": more})
            if self._begin >= max(len(self._content), 1):
                await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            self._drop()


def json_log(say: Callable[[str], None]) -> Log:
    """Writes each event as one line of JSON: when, what, and its facts."""

    def log(event: str, **facts: Any) -> None:
        at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        say(json.dumps({"at": at, "event": event, **facts}))

    return log
