"""More than one machine: the items of a batch, and the shards of a search, on dask.distributed.

What stays where it is: scans, vaults and shards, which every worker finds under the same paths.
What travels: an item or a shard's name, the query's moved sketches, and what came of it. A worker
that is lost in the middle has its share done by another, and the results are those of one machine.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from ribin.correlate.sketch import QueryMoves
from ribin.errors import ParameterError, StoreError
from ribin.search.index import ShardScores, ShardTask, score_shard
from ribin.workers import Outcome, Work, WorkItem, attempt

if TYPE_CHECKING:
    from distributed import Client

_ANSWER_S = 10.0  # a scheduler on a laboratory's network answers in milliseconds
_AHEAD = 4  # items a worker may be ahead of the oldest that is not done
_LOST = 3  # workers that may end over one item before it counts as failed


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """A client of the scheduler at `tcp://host:port`.

    Raises ParameterError: distributed is not installed, or no scheduler with workers answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ParameterError(
            "--scheduler: dask.distributed needed, found none", hint="pip install 'ribin[cluster]'"
        ) from None
    try:
        client = Client(address, timeout=_ANSWER_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise ParameterError(f"--scheduler {address}: a dask scheduler needed: {reason}") from error
    with _quiet(), client:
        _wait_for_workers(client, address)
        yield client


@contextmanager
def _quiet() -> Iterator[None]:
    """Errors below say in one line what a lost connection means."""
    log = logging.getLogger("distributed.client")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


class ClusterExecutor:
    """The work of a batch on the workers of a scheduler; see `ribin.workers.Executor`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def submit(self, work: Work, items: Iterable[WorkItem]) -> Iterator[Outcome]:
        """Outcomes in any order, one for each item.

        Raises StoreError: the scheduler ended; what was under way has no outcome.
        """
        from distributed import as_completed

        waiting = iter(items)
        room = _AHEAD * max(1, sum(self._client.nthreads().values()))
        flying: dict[Any, WorkItem] = {}
        done = as_completed(loop=self._client.loop)
        for item in islice(waiting, room):
            done.add(self._start(work, item, flying))
        for future in done:
            item = flying.pop(future.key)
            outcome = _outcome(future, item)
            if outcome.failed and not _is_there(self._client):
                raise StoreError(
                    "--scheduler: a scheduler until the job is done needed, found it ended; "
                    "run the job again, it goes on where it was"
                )
            yield outcome
            for following in islice(waiting, 1):
                done.add(self._start(work, following, flying))

    def _start(self, work: Work, item: WorkItem, flying: dict[Any, WorkItem]) -> Any:
        # The work travels with each item: what is scattered is lost with those that hold it.
        future = self._client.submit(_do, work, item, pure=False, retries=_LOST)
        flying[future.key] = item
        return future


class ClusterScorer:
    """The shards of a coarse search on the workers of a scheduler; see `ribin.search.index`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def score(self, moves: QueryMoves, tasks: Sequence[ShardTask]) -> Iterator[ShardScores]:
        """One result a task, in the order of the tasks; what no worker gives is scored here."""
        if not tasks:
            return
        started = self._started(moves, tasks) if _is_there(self._client) else [None] * len(tasks)
        for future, task in zip(started, tasks, strict=True):
            try:
                seen = future.result() if future else None
            except Exception:  # the workers that held the moves, or the scheduler, are gone
                seen = None
            # Absent: the worker has not the owner's folder under this path.
            yield _score(moves, task) if seen is None or seen.absent else seen

    def _started(self, moves: QueryMoves, tasks: Sequence[ShardTask]) -> list[Any]:
        """A future for each task, or None where nobody is there to take it."""
        try:
            shared = self._client.scatter(moves, broadcast=True, timeout=_ANSWER_S)
            return [
                self._client.submit(_score, shared, task, pure=False, retries=_LOST)
                for task in tasks
            ]
        except (OSError, TimeoutError, ValueError, RuntimeError):
            return [None] * len(tasks)


def _wait_for_workers(client: Client, address: str) -> None:
    ends = time.monotonic() + _ANSWER_S
    while not client.nthreads():
        if time.monotonic() > ends:
            raise ParameterError(f"--scheduler {address}: a worker needed, found none")
        time.sleep(0.1)


def _is_there(client: Client) -> bool:
    """Whether the scheduler is connected."""
    return bool(client.status == "running")


def _outcome(future: Any, item: WorkItem) -> Outcome:
    try:
        outcome: Outcome = future.result()
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return Outcome(item.number, failed=f"its worker ended: {reason}")
    return outcome


def _do(work: Work, item: WorkItem) -> Outcome:
    """In a worker: an item, on one thread."""
    with threadpool_limits(1):
        return attempt(work, item)


def _score(moves: QueryMoves, task: ShardTask) -> ShardScores:
    """In a worker: a shard, on one thread."""
    with threadpool_limits(1, "blas"):
        return score_shard(moves, task)
