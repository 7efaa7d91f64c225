"""Questions in work at a node, and their answers until the asker has them.

One question runs once, however often it is sent; the answer stays for who was cut off. What a node
forgets, the vault still has: the same question gets the stored answer. A signed refusal is handed
over and not kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
import traceback
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ribin.errors import AccessError, FormatError, RibinError, StoreError
from ribin.exchange.message import MOST_BYTES, Envelope, MessageKind
from ribin.foreign import read_packed
from ribin.text import escaped

_KEPT_S = 600.0  # an answer is kept as long as the ids of messages are
_KEPT_BYTES = 128 << 20  # of all answers; the newest stays, whatever its size
_MOST_WAITING = 32  # questions of one member that wait or run
_LATENCIES = 1000  # of each member and kind, from which the percentiles are

Log = Callable[..., None]  # event, and facts by name


class BusyError(StoreError):
    """A member has as many questions at this node as it may have at once."""


@dataclass(eq=False)
class NodeQuestion:
    """One question of a member; `answer` is there once the owner's side has given it."""

    member: str
    id: str
    kind: str
    body_sha256: str
    answer: asyncio.Task[bytes]
    begun: float = field(default_factory=time.monotonic)
    done_at: float = 0.0
    etag: str = ""

    @property
    def content(self) -> bytes:
        """The bytes of the answer; it is there."""
        return self.answer.result()


class Questions:
    """Those of a node: `ask` in the thread of its event loop, answered in others."""

    def __init__(
        self,
        answering: Callable[[bytes, datetime], bytes],
        log: Log,
        at_once: Callable[[str], int],
        workers: int = 0,
    ) -> None:
        """`answering` is the owner's side: it gets a question and when that came. `at_once` says
        how many questions of a member are worked on at one time."""
        self._answering, self._log, self._at_once = answering, log, at_once
        workers = workers or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(workers, "answer")
        self._free = asyncio.Semaphore(workers)
        self._turns: dict[tuple[str, int], asyncio.Semaphore] = {}
        self._known: dict[tuple[str, str], NodeQuestion] = {}  # the oldest first
        self._counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._latencies_ms: dict[tuple[str, str], deque[float]] = {}

    def ask(self, envelope: Envelope, raw: bytes) -> NodeQuestion:
        """The question of an envelope, begun now unless it was before.

        Raises AccessError: another message had its id; BusyError: too many wait.
        """
        self._forget_old()
        known = self._known.get((envelope.sender, envelope.id))
        body_sha256 = hashlib.sha256(envelope.body).hexdigest()  # sent again it has another time
        if known:
            if (known.kind, known.body_sha256) != (str(envelope.kind), body_sha256):
                raise AccessError(f"{envelope.where}: a new id needed, found that of another one")
            return known
        waiting = [one for one in self._known.values() if not one.answer.done()]
        if sum(one.member == envelope.sender for one in waiting) >= _MOST_WAITING:
            raise BusyError(f"{envelope.where}: at most {_MOST_WAITING} questions at once needed")
        answer = asyncio.ensure_future(self._in_turn(envelope.sender, raw))
        made = NodeQuestion(envelope.sender, envelope.id, str(envelope.kind), body_sha256, answer)
        self._known[made.member, made.id] = made
        answer.add_done_callback(lambda _: self._answered(made))
        return made

    async def _in_turn(self, member: str, raw: bytes) -> bytes:
        """The answer; a member that asks much waits for its own turn, and others pass it."""
        received, most = datetime.now(UTC), self._at_once(member)
        turn = self._turns.setdefault((member, most), asyncio.Semaphore(most))
        async with turn, self._free:
            loop = asyncio.get_running_loop()
            try:
                return await loop.run_in_executor(self._pool, self._answering, raw, received)
            except (RibinError, OSError):
                raise
            except Exception as error:  # a fault of the program: the asker is told in a line too
                place = traceback.extract_tb(error.__traceback__)[-1]
                why = f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})"
                raise StoreError(why) from error

    def find(self, member: str, number: str) -> NodeQuestion | None:
        """A question that is in work, or whose answer is kept."""
        return self._known.get((member, number))

    def close(self) -> None:
        """Begin no more of those that wait."""
        for one in self._known.values():
            one.answer.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def facts(self) -> dict[str, Any]:
        """Counts, and latencies in milliseconds, of each member and kind."""
        answered: dict[str, dict[str, Any]] = defaultdict(dict)
        for (member, kind), counts in sorted(self._counts.items()):
            times = sorted(self._latencies_ms.get((member, kind), ()))
            facts: dict[str, Any] = dict(counts)
            if times:
                facts["p50_ms"] = round(times[len(times) // 2], 1)
                facts["p95_ms"] = round(times[int(len(times) * 0.95)], 1)
            answered[member][kind] = facts
        states = Counter(one.answer.done() for one in self._known.values())
        kept = sum(len(one.content) for one in self._known.values() if one.etag)
        return {
            "in_work": states[False],
            "answers_kept": states[True],
            "bytes_kept": kept,
            "questions": dict(answered),
        }

    def _answered(self, one: NodeQuestion) -> None:
        """Log how a question ended; one that failed may be asked again."""
        one.done_at = time.monotonic()
        elapsed_ms = 1000.0 * (one.done_at - one.begun)
        error = None if one.answer.cancelled() else one.answer.exception()
        facts: dict[str, Any] = {"elapsed_ms": round(elapsed_ms, 1)}
        if one.answer.cancelled() or error is not None:
            del self._known[one.member, one.id]
            refused = isinstance(error, RibinError) and not isinstance(error, StoreError)
            outcome = "refused" if refused else "failed"
            facts["why"] = escaped(f"{type(error).__name__}: {error}" if error else "stopped")[:500]
        else:
            one.etag = f'"{hashlib.sha256(one.content).hexdigest()}"'
            facts["bytes"] = len(one.content)
            outcome = "answered"
            if _is_refusal(one.content):
                outcome = "declined"
                del self._known[one.member, one.id]  # later it may be answered
            times = self._latencies_ms.setdefault((one.member, one.kind), deque(maxlen=_LATENCIES))
            times.append(elapsed_ms)
        self._counts[one.member, one.kind][outcome] += 1
        self._log(outcome, member=one.member, kind=one.kind, id=one.id, **facts)

    def _forget_old(self) -> None:
        now = time.monotonic()
        done = [one for one in self._known.values() if one.etag]
        kept = sum(len(one.content) for one in done)
        for one in done[:-1]:
            if now - one.done_at > _KEPT_S or kept > _KEPT_BYTES:
                del self._known[one.member, one.id]
                kept -= len(one.content)


def _is_refusal(content: bytes) -> bool:
    """Whether an answer says why there is none."""
    if len(content) > MOST_BYTES[MessageKind.REFUSAL] + 1024:
        return False
    try:
        return read_packed(content, Envelope, "answer").kind is MessageKind.REFUSAL
    except FormatError:
        return False
