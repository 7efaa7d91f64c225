"""Limits on connections, for every server of RIBIN: `ribin serve` and the node.

Idle, slow or endless ones, of whatever program, never keep others out. A listening socket drops
connections that never finish their TLS handshake; a connection is closed where its request does not
arrive in time; a body has a largest size.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ribin.errors import ParameterError

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]  # as ASGI has it


@dataclass(frozen=True)
class ConnectionLimits:
    """What a server bears. A body may come slowly, but not more slowly than `least_bytes_s`."""

    most: int  # connections at once
    most_each: int  # of one peer: an address, or a member that showed its certificate
    patience_s: float  # for a request to arrive, its body aside where that has a pace of its own
    idle_s: float  # for the next request on a connection that stayed open
    largest_body: int  # bytes
    least_bytes_s: float = 0.0  # pace of a body; 0: the patience is for all of it

    def allowed_s(self, received: int) -> float:
        """How long a request may take of which so many bytes are there."""
        counted = min(received, self.largest_body)
        return self.patience_s + (counted / self.least_bytes_s if self.least_bytes_s else 0.0)


# A browser opens six connections, and a form is at most 64 kB.
BROWSER = ConnectionLimits(
    most=64, most_each=64, patience_s=10.0, idle_s=5.0, largest_body=64 * 1024
)
# A member asks with a few threads over a line that may have 64 kB/s and stalls: a sixteenth of that
# is borne. The largest question is MOST_QUESTION_BYTES of exchange/message.py.
NODE = ConnectionLimits(
    *(128, 16, 30.0, 60.0),  # connections, of one member, seconds for a request, seconds idle
    largest_body=(8 << 20) + 1024,
    least_bytes_s=4096.0,
)


class LimitedSocket(socket.socket):
    """A listening socket. Of the connections without a handshake, and of those that were not looked
    at yet, it keeps a number: for one more, the oldest goes of the address that has most."""

    def __init__(self, most_waiting: int, family: socket.AddressFamily = socket.AF_INET) -> None:
        super().__init__(family)
        self._most_waiting = most_waiting
        self._waiting: list[tuple[socket.socket, str]] = []  # the oldest first

    def accept(self) -> tuple[socket.socket, Any]:
        connection, address = super().accept()
        self._waiting = [one for one in self._waiting if one[0].fileno() >= 0]
        self._waiting.append((connection, str(address[0])))
        if len(self._waiting) > self._most_waiting:
            busiest = Counter(host for _, host in self._waiting).most_common(1)[0][0]
            oldest = next(one for one in self._waiting if one[1] == busiest)
            self._waiting.remove(oldest)
            with suppress(OSError):  # its server closes it once it sees the end
                oldest[0].shutdown(socket.SHUT_RDWR)
        return connection, address

    def has_begun(self, number: int) -> None:
        """The connection of this file number has its handshake behind it."""
        self._waiting = [one for one in self._waiting if one[0].fileno() != number]


def bound_socket(port: int, limits: ConnectionLimits, address: str = "127.0.0.1") -> LimitedSocket:
    """A socket of this machine alone, unless another address is named; port 0 takes any free one.

    Raises ParameterError: another program has the port, or the address is none of this machine.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = LimitedSocket(limits.most, family)
    if os.name != "nt":  # there it would let two programs have one port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address, port))
    except OSError as error:
        listening.close()
        needed = f"port {port} of {address}: a free port of this machine needed"
        raise ParameterError(f"{needed}, {error.strerror}") from error
    return listening


class LimitedConfig(uvicorn.Config):
    """How a server runs: it says nothing of itself, and writes no address to a log.

    `tls` holds its certificate and whom it trusts; without it the server speaks plain HTTP.
    """

    def __init__(
        self,
        app: Any,
        limits: ConnectionLimits,
        listening: LimitedSocket,
        connection: type[LimitedConnection] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            loop="asyncio",
            ws="none",
            http=connection or LimitedConnection,
            timeout_keep_alive=int(limits.idle_s),
            backlog=limits.most,  # no more are taken at once than there is room for
            ssl_context_factory=(lambda config, default: tls) if tls else None,
        )
        self.limits, self.listening = limits, listening


class LimitedConnection(H11Protocol):
    """A connection that is closed where its request does not arrive in time, or to make room.

    Above the most of a server, or of one peer, the one goes that has waited longest for a request.
    One whose request is being answered stays, however long a search takes.
    """

    config: LimitedConfig

    def __init__(self, *parts: Any, **named: Any) -> None:
        super().__init__(*parts, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._since = 0.0
        self._received = 0  # bytes of the request that it waits for

    @property
    def peer(self) -> str:
        """Whose connection it is, to count those of one."""
        return str(self.client[0]) if self.client else ""

    @property
    def _waits(self) -> bool:
        """Whether a request is still to come, or has not arrived whole."""
        cycle = self.cycle
        return cycle is None or cycle.response_complete or cycle.more_body

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        limits = self.config.limits
        self.config.listening.has_begun(transport.get_extra_info("socket").fileno())
        self._begin_to_wait()
        known = [one for one in self.connections if isinstance(one, LimitedConnection)]
        open_now = [one for one in known if not one.transport.is_closing()]
        of_peer = [one for one in open_now if one.peer == self.peer]
        for these, most in ((of_peer, limits.most_each), (open_now, limits.most)):
            if len(these) > most:  # it waits itself
                min((one for one in these if one._waits), key=lambda one: one._since).drop()
                return

    def drop(self) -> None:
        """Close it at once, whatever is under way."""
        self.transport.abort()

    def shutdown(self) -> None:
        """The server ends: who waits for nothing need not be asked whether it has heard that."""
        if self._waits:
            self.drop()
        else:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        if self._timer is None:  # the next request of a connection that stayed open
            self._begin_to_wait()
        self._received += len(data)
        super().data_received(data)
        if not self._waits:
            self._end_to_wait()

    def on_response_complete(self) -> None:
        self._end_to_wait()
        self._since = self.loop.time()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_to_wait()
        super().connection_lost(exc)

    def _begin_to_wait(self) -> None:
        self._since, self._received = self.loop.time(), 0
        self._timer = self.loop.call_later(self.config.limits.allowed_s(0), self._look)

    def _end_to_wait(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        """Whether what has arrived by now is enough to wait for more."""
        self._timer = None
        if not self._waits or self.transport.is_closing():
            return
        left_s = self._since + self.config.limits.allowed_s(self._received) - self.loop.time()
        if left_s > 0 and self.cycle and not self.cycle.response_complete:  # a body comes
            self._timer = self.loop.call_later(left_s, self._look)
        else:
            self.drop()


async def read_body(receive: Receive, limits: ConnectionLimits) -> bytes | None:
    """The body of a request; None where it is larger than any, or breaks off."""
    parts: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        if length > limits.largest_body:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)
