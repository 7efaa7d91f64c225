"""Limits on connections: idle or slow ones, of whatever program, never keep a browser out."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 64  # connections; a browser opens six
PATIENCE_S = 10.0  # for a request to arrive whole: a form is at most 64 kB


class LimitedConnection(H11Protocol):
    """A connection that is closed where its request does not arrive in time, or to make room.

    Above `MOST` the one goes that has waited longest for a request. One whose request is being
    answered stays, however long a search takes.
    """

    def __init__(self, *parts: Any, **named: Any) -> None:
        super().__init__(*parts, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._since = 0.0

    @property
    def _waits(self) -> bool:
        """Whether a request is still to come, or has not arrived whole."""
        cycle = self.cycle
        return cycle is None or cycle.response_complete or cycle.more_body

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._begin_to_wait()
        known = [one for one in self.connections if isinstance(one, LimitedConnection)]
        open_now = [one for one in known if not one.transport.is_closing()]
        if len(open_now) > MOST:
            waiting = [one for one in open_now if one._waits]
            min(waiting, key=lambda one: one._since).transport.abort()  # it waits itself

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._waits:
            self._end_to_wait()
        elif self._timer is None:  # the next request of a connection that stayed open
            self._begin_to_wait()

    def on_response_complete(self) -> None:
        self._end_to_wait()
        self._since = self.loop.time()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_to_wait()
        super().connection_lost(exc)

    def _begin_to_wait(self) -> None:
        self._since = self.loop.time()
        self._timer = self.loop.call_later(PATIENCE_S, self._too_late)

    def _end_to_wait(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._timer = None
        if self._waits and not self.transport.is_closing():
            self.transport.abort()
