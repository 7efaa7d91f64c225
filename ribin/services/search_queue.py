"""Searches that wait for their turn: one at a time, fair between persons, each with progress."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ribin.errors import RibinError, StoreError
from ribin.workers import OnProgress

_KEPT = 200  # that ended; the oldest is forgotten first
_MOST = 50  # that wait


class QueueState(StrEnum):
    """How far a search in the queue has come."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class _CancelledError(Exception):
    """Raised inside a search that a person does not want any more."""


@dataclass(eq=False)
class QueuedSearch:
    """A search of one person from its beginning to its end."""

    key: str
    person: str
    exhibit: str
    asked: dict[str, str]  # the fields of the form, to be filled in again
    work: Callable[[OnProgress], Any]
    state: QueueState = QueueState.WAITING
    stage: str = ""
    done: int = 0
    total: int = 0
    error: RibinError | OSError | None = None
    result: Any = None
    unwanted: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def tick(self, stage: str, done: int, total: int) -> None:
        """Progress of the search; ends it where nobody wants it any more."""
        self.stage, self.done, self.total = stage, done, total
        if self.unwanted:
            raise _CancelledError


class SearchQueue:
    """The searches of a server; safe in several threads."""

    def __init__(self) -> None:
        self._all: dict[str, QueuedSearch] = {}  # in the order in which they were asked for
        self._last: list[str] = []  # persons, whose turn was longest ago first
        self._lock = threading.Condition()
        self._runner: threading.Thread | None = None

    def put(
        self, person: str, exhibit: str, asked: dict[str, str], work: Callable[[OnProgress], Any]
    ) -> QueuedSearch:
        """Add a search; StoreError where too many wait."""
        # How the person was known when asking goes along into the thread that searches.
        context = copy_context()

        def known(tick: OnProgress) -> Any:
            return context.run(work, tick)

        one = QueuedSearch(secrets.token_urlsafe(8), person, exhibit, asked, known)
        with self._lock:
            waiting = sum(o.state is QueueState.WAITING for o in self._all.values())
            if waiting >= _MOST:
                raise StoreError(f"searches: fewer than {_MOST} that wait needed, found {waiting}")
            self._all[one.key] = one
            over = [o.key for o in self._all.values() if o.ended.is_set()][:-_KEPT]
            for key in over:
                del self._all[key]
            if self._runner is None or not self._runner.is_alive():
                self._runner = threading.Thread(target=self._run, daemon=True)
                self._runner.start()
            self._lock.notify_all()
        return one

    def get(self, key: str, person: str) -> QueuedSearch:
        """A search of this person; StoreError where there is none of this key."""
        with self._lock:
            one = self._all.get(key)
        if one is None or one.person != person:
            raise StoreError(f"search {key[:20]}: one of this session needed, found none")
        return one

    def of(self, person: str) -> list[QueuedSearch]:
        """The searches of a person that wait or run, oldest first."""
        with self._lock:
            return [o for o in self._all.values() if o.person == person and not o.ended.is_set()]

    def place(self, one: QueuedSearch) -> int:
        """How many searches come before it."""
        with self._lock:
            if one.state is not QueueState.WAITING:
                return 0
            running = sum(o.state is QueueState.RUNNING for o in self._all.values())
            return running + self._order().index(one)

    def cancel(self, one: QueuedSearch) -> None:
        """Take a search back; one that runs ends at its next step."""
        with self._lock:
            one.unwanted = True
            if one.state is QueueState.WAITING:
                one.state = QueueState.CANCELLED
                one.ended.set()

    def _order(self) -> list[QueuedSearch]:
        """Those that wait, in the order of their turns: one of each person, then the next ones."""
        waiting = [o for o in self._all.values() if o.state is QueueState.WAITING]
        before: dict[str, int] = {}
        turns = []
        for number, one in enumerate(waiting):
            last = self._last.index(one.person) + 1 if one.person in self._last else 0
            turns.append((before.setdefault(one.person, 0), last, number, one))
            before[one.person] += 1
        return [one for *_, one in sorted(turns, key=lambda turn: turn[:3])]

    def _run(self) -> None:
        while True:
            with self._lock:
                while not (order := self._order()):
                    self._lock.wait()
                one = order[0]
                one.state = QueueState.RUNNING
                self._last = [p for p in self._last if p != one.person] + [one.person]
            one.state = self._end_of(one)
            one.ended.set()

    @staticmethod
    def _end_of(one: QueuedSearch) -> QueueState:
        try:
            one.result = one.work(one.tick)
        except _CancelledError:
            return QueueState.CANCELLED
        except (RibinError, OSError) as error:
            one.error = error
            return QueueState.FAILED
        except Exception as error:  # the others in the queue go on
            one.error = StoreError(f"search with {one.exhibit}: {type(error).__name__}: {error}")
            return QueueState.FAILED
        return QueueState.DONE
