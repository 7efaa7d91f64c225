"""Work of many items: what an item is and what came of it, and this machine's processes that do it.

A batch, an enrolment and an evaluation use these processes; `ribin.services.cluster` has the
workers of other machines.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from ribin.errors import StoreError

# One level of parallelism: a worker process computes in one thread. Read when numpy is loaded.
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_AHEAD = 4  # items a worker may be ahead of the oldest that is not done
WORTH_A_PROCESS = 16  # scans; starting one and loading its kernels takes as long as some of them
_TRIES = 2  # of an item in whose company a worker died, alone

# Who is told how far a piece of work is.
OnProgress = Callable[[str, int, int], None]  # what is done, how many so far, of how many
Tick = Callable[[int, int], None]  # of one kind of work: how many so far, of how many


def silent(*how_far: object) -> None:
    """Progress that nobody wants to know."""


@dataclass(frozen=True)
class WorkItem:
    """One row of a job: its number from 1, its line in the file, and its cells by column."""

    number: int
    line: int
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Partial:
    """A value that something is missing of: it is kept, and the item counts as failed."""

    value: Any
    missing: str


@dataclass(frozen=True)
class Outcome:
    """What the work on an item gave, and why it failed; both, where part of it was done."""

    number: int
    value: Any = None
    failed: str = ""


class Work(Protocol):
    """What is done with an item, in whatever process. It can be pickled, and so can what it gives.

    The same item gives the same value wherever and whenever it is done.
    """

    def do(self, item: WorkItem) -> Any:
        """The value of an item, or a `Partial`; any error becomes the reason why it failed."""
        ...


class Executor(Protocol):
    """Who does the work: this process, processes beside it, or machines elsewhere."""

    def submit(self, work: Work, items: Iterable[WorkItem]) -> Iterator[Outcome]:
        """Outcomes in any order, one for each item; never one of an item that was not done.

        An executor takes no more items than it can hold and gives back what it has before it
        takes many more: the caller puts outcomes in order and holds those that came early.
        """
        ...


def attempt(work: Work, item: WorkItem) -> Outcome:
    """Do the work on one item. A batch records what fails, whatever it is, and goes on."""
    try:
        value = work.do(item)
        if isinstance(value, Partial):
            return Outcome(item.number, value.value, value.missing)
        return Outcome(item.number, value)
    except Exception as error:
        reason = str(error) or "no reason given"
        known = type(error).__module__.startswith("ribin.") or isinstance(error, OSError)
        return Outcome(item.number, failed=reason if known else f"{type(error).__name__}: {reason}")


def in_order(
    executor: Executor, work: Work, items: Sequence[WorkItem]
) -> Iterator[tuple[WorkItem, Outcome]]:
    """Have items done; each with its outcome, in the order of the items however they come.

    Raises StoreError: the executor ended without an outcome of an item.
    """
    early: dict[int, Outcome] = {}
    following = iter(items)
    awaited = next(following, None)
    for outcome in executor.submit(work, items):
        early[outcome.number] = outcome
        while awaited and awaited.number in early:
            yield awaited, early.pop(awaited.number)
            awaited = next(following, None)
    if awaited:
        raise StoreError(f"an outcome of line {awaited.line} needed, found none")


# The processes of this machine.


def local_executor(jobs: int) -> Executor:
    """As many workers as asked for; one works in this process."""
    return ThisProcess() if jobs <= 1 else LocalProcesses(jobs)


class ThisProcess:
    """The work done in this process, one item after the other."""

    def submit(self, work: Work, items: Iterable[WorkItem]) -> Iterator[Outcome]:
        for item in items:
            yield attempt(work, item)


@dataclass(frozen=True)
class LocalProcesses:
    """Worker processes of this machine.

    A worker that dies takes nothing with it: what was under way is done again, one item at a time,
    and an item in whose company a worker dies twice is recorded as failed.
    """

    jobs: int

    def submit(self, work: Work, items: Iterable[WorkItem]) -> Iterator[Outcome]:
        waiting = deque(items)
        with _one_thread_each():
            while waiting:
                unfinished: list[WorkItem] = []
                yield from self._until_a_worker_dies(work, waiting, unfinished)
                for item in unfinished:
                    yield _alone(work, item)

    def _until_a_worker_dies(
        self, work: Work, waiting: deque[WorkItem], unfinished: list[WorkItem]
    ) -> Iterator[Outcome]:
        """Take items off the queue and give outcomes; the items lost with a worker at the end."""
        flying: dict[Future[Outcome], WorkItem] = {}
        with _pool(self.jobs, work) as pool:
            while (waiting or flying) and not unfinished:
                while waiting and self._has_room(flying.values(), waiting[0]):
                    item = waiting.popleft()
                    try:
                        with _interrupts_wait():  # a process that starts now stays so
                            flying[pool.submit(_do, item)] = item
                    except BrokenProcessPool:
                        unfinished.append(item)
                        break
                for future in wait(flying, return_when=FIRST_COMPLETED).done:
                    item = flying.pop(future)
                    try:
                        yield future.result()
                    except BrokenProcessPool:
                        unfinished.append(item)
            unfinished += flying.values()
        unfinished.sort(key=lambda item: item.number)

    def _has_room(self, flying: Iterable[WorkItem], following: WorkItem) -> bool:
        numbers = [item.number for item in flying]
        near = not numbers or following.number - min(numbers) < _AHEAD * self.jobs
        return near and len(numbers) < 2 * self.jobs


def _alone(work: Work, item: WorkItem) -> Outcome:
    for _ in range(_TRIES):
        with _pool(1, work) as pool:
            try:
                with _interrupts_wait():
                    future = pool.submit(_do, item)
                return future.result()
            except BrokenProcessPool:
                continue
    return Outcome(item.number, failed=f"its worker process ended {_TRIES} times: no memory left?")


@contextmanager
def _pool(jobs: int, work: Work) -> Iterator[ProcessPoolExecutor]:
    """Workers started afresh, which is alike on all systems; whoever leaves waits for no more."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(work,))
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Ctrl-C goes to each process of a terminal; the parent alone answers and ends the others.

    A process that starts meanwhile stays deaf to it; in the parent it is held back, never lost.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows: a worker's first step makes it deaf
        yield
        return
    usual = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, usual)


_at_work: list[Work] = []  # in a worker process: what it does


def _begin(work: Work) -> None:
    """A worker's first step. It ends with its parent, also where that was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where the parent could not say so
    _at_work[:] = [work]
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _do(item: WorkItem) -> Outcome:
    return attempt(_at_work[0], item)
