"""Who computes: the cores of this machine, or the workers of a scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from ribin.commands.progress import Progress
from ribin.params.defaults import Params
from ribin.services.session import Desk
from ribin.services.workers import Executor, local_executor


@contextmanager
def desk_with(
    scheduler: str | None,
    vault: Path | None,
    network_file: Path | None,
    params: Params,
    jobs: int,
) -> Iterator[Desk]:
    """The asker's desk, whose coarse searches run on the scheduler's workers where one is named."""
    with ExitStack() as stack:
        desk = stack.enter_context(Desk.open(vault, network_file, params, jobs))
        desk = replace(desk, tick=Progress(every_s=30.0))
        if scheduler:
            from ribin.cluster import ClusterLooker, connected

            looker = ClusterLooker(stack.enter_context(connected(scheduler)))
            desk = replace(desk, looker=looker)
        yield desk


@contextmanager
def executor_with(scheduler: str | None, jobs: int) -> Iterator[Executor]:
    """Who does the items of a batch."""
    if not scheduler:
        yield local_executor(jobs)
        return
    from ribin.cluster import ClusterExecutor, connected

    with connected(scheduler) as client:
        yield ClusterExecutor(client)
