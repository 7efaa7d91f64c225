"""A line to the node of another member: HTTPS, with the certificates of both sides.

The authority that the node's certificate must come from is the key of that member alone. A question
is sent once; what was cut is asked for from where it ended, and an answer that takes long is asked
for until it is there. Needs the extra `ribin[node]`.
"""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError

from ribin.crypto.certificates import authority, client_context, issue_leaf, node_name
from ribin.crypto.keys import PrivateKey, PublicKey
from ribin.errors import (
    AccessError,
    FormatError,
    NoAnswerError,
    ParameterError,
    RibinError,
    StoreError,
)
from ribin.exchange.carrier import Way
from ribin.exchange.message import MOST_ANSWER_BYTES, Envelope
from ribin.foreign import Name, Statement, read_facts, read_packed
from ribin.text import escaped

PORT = 8943
ENDED = "ended"  # in place of a scope: there was an agreement
_CONNECT_S = 10.0  # for a connection and its handshake: ten round trips of a thin line
_UNREACHED_S = 4.0  # in which a node that is being started anew may come back
_SILENCE_S = 25.0  # without a byte, after which a line counts as cut; a node says something in 10 s
_BUSY_S = 1.0  # until a node is asked again that has too much to do
_CHUNK = 1 << 16  # bytes
_MOST_TOLD = 300  # characters of a refusal that a message repeats
_MOST_FACTS = 1 << 20  # bytes of what a node says of itself
# What TLS says where the other side does not take our certificate, or we do not take its.
_REFUSALS = ("unknown ca", "certificate required", "certificate expired", "bad certificate")


@dataclass(frozen=True)
class LineFacts:
    """What a node says of itself to whom it trusts; `round_trip_s` and `clock_s` are measured."""

    member: str
    version: str
    template_id: str  # of the parameters that its templates are made with
    earlier: tuple[str, ...]  # sets of parameters that it answers with as well
    scope: str  # how near it says that we are, or "ended"; empty where it agreed nothing with us
    round_trip_s: float
    clock_s: float  # how much its clock is ahead of ours


class _Line(Statement, frozen=True):
    member: Name
    version: Name
    template_id: Name
    earlier: tuple[Name, ...]
    scope: Name
    time_s: float  # since 1970


@dataclass
class _Transfer:
    """How far the answer to one question is."""

    content: bytearray = field(default_factory=bytearray)
    etag: str = ""  # names the bytes of the answer
    sent: bool = False  # whether the node has, or may have, the question

    def begin(self, reply: urllib3.BaseHTTPResponse, where: str) -> None:
        """Take the answer from its start, or go on where it was cut."""
        etag, begins_at = reply.headers.get("ETag", ""), 0
        if reply.status == 206:
            found = re.match(r"bytes (\d{1,12})-", reply.headers.get("Content-Range", ""))
            begins_at = int(found.group(1)) if found else -1
            if (begins_at, etag) != (len(self.content), self.etag):
                raise FormatError(f"{where}: the rest of the answer needed, found another part")
        else:
            self.content.clear()
        self.etag = etag

    def add(self, part: bytes, where: str) -> None:
        self.content += part
        if len(self.content) > MOST_ANSWER_BYTES:
            raise FormatError(f"{where}: at most {MOST_ANSWER_BYTES} bytes needed, found more")

    def whole(self, where: str) -> bytes:
        if hashlib.sha256(self.content).hexdigest() != self.etag.strip('"'):
            raise FormatError(f"{where}: the bytes that it announced needed, found others")
        return bytes(self.content)


def node_address(url: str, where: str) -> tuple[str, int]:
    """Host and port of `https://HOST[:PORT]`; ParameterError where it is another address."""
    needed = f"{where}: https://HOST:PORT needed, found {url[:100]!r}"
    try:
        parts = urlsplit(url)
        port = parts.port or PORT
    except ValueError as error:
        raise ParameterError(needed) from error
    strange = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if parts.scheme != "https" or not parts.hostname or strange:
        raise ParameterError(needed)
    return parts.hostname, port


class NodeCarrier:
    """The way to the node of a member, for any number of threads, each with its own connection.

    `own` is the key of the asking member, `peer` the trusted one of the member that is asked.
    """

    way = Way.LINE

    def __init__(self, url: str, own: PrivateKey, peer: PublicKey) -> None:
        self.member = peer.member
        self._host, self._port = node_address(url, f"node of {peer.member}")
        self._own, self._peer = own, peer
        self._leaf = issue_leaf(own)
        self._tls = client_context(self._leaf, authority(peer, own))
        self._of_thread = threading.local()

    def send(self, raw: bytes, deadline_s: float) -> bytes:
        """The bytes of the answer to a question, whatever the line did meanwhile.

        Raises NoAnswerError: it is not here in time; StoreError: nobody can be reached there, or
        the node cannot answer; AccessError: one side does not take the certificate of the other, or
        the node refuses the question; FormatError: the answer is none that can be.
        """
        number = read_packed(raw, Envelope, "question").id
        end, transfer, cuts, why = time.monotonic() + deadline_s, _Transfer(), 0, ""
        while (left_s := end - time.monotonic()) > 0:
            try:
                why, wait_s = "", self._step(raw, number, transfer, left_s)
                if wait_s is None:
                    return transfer.whole(self._where)
            except (HTTPError, OSError) as error:
                self._check_refused(error)
                cuts += 1
                why, wait_s = _reason(error), 0.1 * 2.0 ** min(cuts, 5)
            if not transfer.sent and why and end - deadline_s + _UNREACHED_S < time.monotonic():
                break  # nobody is there; the rest of the time would be waited for nothing
            time.sleep(max(0.0, min(wait_s, end - time.monotonic())))
        if not transfer.sent:
            raise StoreError(f"{self._where}: cannot be reached: {why}")
        raise NoAnswerError(f"{self.member}: no answer in {deadline_s:g} s")

    def line(self, deadline_s: float = 10.0) -> LineFacts:
        """What the node says of itself, and how long that took; errors as `send`.

        It is asked twice: the first time has the connection and the handshake to make.
        """
        self._facts("/line", deadline_s)
        begun = time.time()
        said = read_facts(self._facts("/line", deadline_s), _Line, self._where)
        round_trip_s = time.time() - begun
        clock_s = said.time_s - (begun + round_trip_s / 2)
        told = (said.member, said.version, said.template_id, said.earlier, said.scope)
        return LineFacts(*told, round_trip_s, clock_s)

    def status(self, deadline_s: float = 10.0) -> bytes:
        """Counts and latencies as JSON, for the own member on the node's own machine."""
        return self._facts("/status", deadline_s)

    @property
    def _where(self) -> str:
        return f"node of {self.member}, {self._host}:{self._port}"

    def _facts(self, path: str, deadline_s: float) -> bytes:
        """What a path holds; errors as `send`."""
        try:
            with self._reply("GET", path, deadline_s) as reply:
                content = _short(reply)
        except (HTTPError, OSError) as error:
            self._check_refused(error)
            why = f"{self._where}: cannot be reached: {_reason(error)}"
            raise StoreError(why) from error
        if reply.status != 200:
            raise self._refusal(reply.status, content)
        return content

    def _step(self, raw: bytes, number: str, transfer: _Transfer, left_s: float) -> float | None:
        """One request more; None where the answer is here, else how long to wait for the next."""
        asked_before = transfer.sent
        method, path, headers = "POST", "/messages", {"Content-Type": "application/octet-stream"}
        if asked_before:
            method, path, headers = "GET", f"/messages/{number}", {}
            if transfer.content:
                whence = {"Range": f"bytes={len(transfer.content)}-", "If-Range": transfer.etag}
                headers |= whence
        transfer.sent = True
        try:
            body = b"" if asked_before else raw
            with self._reply(method, path, left_s, body, headers) as reply:
                if reply.status in (200, 206):
                    transfer.begin(reply, self._where)
                    for part in reply.stream(_CHUNK, decode_content=False):
                        transfer.add(part, self._where)
                    return None
                content = _short(reply)
        except ConnectTimeoutError:  # also where it is refused
            transfer.sent = asked_before
            raise
        if reply.status == 202:
            return 0.0  # the node itself waited
        if reply.status in (429, 503) or (reply.status == 404 and asked_before):
            transfer.sent = False  # too much is asked of it now; or it did not get the question
            return 0.0 if reply.status == 404 else _BUSY_S
        raise self._refusal(reply.status, content)

    @contextmanager
    def _reply(
        self,
        method: str,
        path: str,
        left_s: float,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """One request on the connection of this thread, which is cut where time is up."""
        pool = self._pool()
        clock = threading.Timer(left_s, pool.cut)
        clock.daemon = True
        clock.start()
        reply: urllib3.BaseHTTPResponse | None = None
        try:
            reply = pool.urlopen(
                method,
                path,
                body or None,
                dict(headers or {}),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
                timeout=urllib3.Timeout(min(_CONNECT_S, left_s), min(_SILENCE_S, left_s)),
            )
            yield reply
            reply.release_conn()
        except BaseException:
            pool.cut()
            if reply is not None:
                reply.close()
            pool.end()
            raise
        finally:
            clock.cancel()

    def _pool(self) -> _OneLine:
        """The connection of this thread, under a certificate that does not end soon."""
        if self._leaf.is_due:
            self._leaf = issue_leaf(self._own)
            self._tls = client_context(self._leaf, authority(self._peer, self._own))
        pool = getattr(self._of_thread, "pool", None)
        if pool is None or pool.tls is not self._tls:
            pool = _OneLine(self._host, self._port, self._tls, node_name(self.member))
            self._of_thread.pool = pool
        return pool

    def _check_refused(self, error: BaseException) -> None:
        """AccessError where one side does not take the certificate of the other."""
        text = str(error).lower().replace("_", " ")
        if "certificate verify failed" in text:
            raise AccessError(
                f"{self._where}: a certificate by the trusted key of {self.member} needed, found "
                "another, or one that is not of today",
                hint=f"`ribin network key list`; compare the fingerprint with {self.member}",
            ) from error
        if any(words in text for words in _REFUSALS):
            raise AccessError(
                f"{self._where}: it does not take our certificate: our key is not trusted there, "
                "or a clock is wrong",
                hint=f"read the fingerprint of our key out to {self.member} by telephone",
            ) from error

    def _refusal(self, status: int, content: bytes) -> RibinError:
        """What a node said instead of an answer, as an error of ours."""
        told = escaped(" ".join(content.decode("utf-8", "replace").split()))[:_MOST_TOLD]
        kind = StoreError if status >= 500 else AccessError
        return kind(f"{self._where}: refused: {told or f'status {status}'}")


class _OneLine(urllib3.HTTPSConnectionPool):
    """The one connection of a thread; another thread may cut it."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext, name: str) -> None:
        super().__init__(host, port, maxsize=1, ssl_context=tls, server_hostname=name)
        self.tls = tls
        self._latest: HTTPSConnection | None = None
        self.ConnectionCls = self._made  # type: ignore[assignment]

    def _made(self, *parts: Any, **named: Any) -> HTTPSConnection:
        self._latest = HTTPSConnection(*parts, **named)
        return self._latest

    def end(self) -> None:
        """Close it, in the thread that it is of; the next request makes a new one."""
        if self._latest is not None:
            self._latest.close()

    def cut(self) -> None:
        """End it, also for who waits for bytes; the next request makes a new one."""
        latest, found = self._latest, None
        if latest is not None and (found := latest.sock) is not None:
            with suppress(OSError):  # as a plain socket: the TLS object is in use by another thread
                socket.socket.shutdown(found, socket.SHUT_RDWR)


def _short(reply: urllib3.BaseHTTPResponse) -> bytes:
    """What is said instead of an answer; the connection can be used again where it was not long."""
    content = reply.read(_MOST_FACTS, decode_content=False)
    if reply.read(1, decode_content=False):
        reply.close()
    return content


def _reason(error: BaseException) -> str:
    """Why a line failed, in the words of the system where it said some."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return " ".join(str(error).split())[:_MOST_TOLD]
