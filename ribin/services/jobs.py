"""One job from where it was left to its end: who works, who writes, what is left to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ribin.errors import RibinError, StoreError
from ribin.report.json import plain_value
from ribin.services.enrol import enrolled_row, known_row, prepare_row, store_prepared
from ribin.services.items import Executor, Item, Outcome, Work
from ribin.services.job import Job
from ribin.services.journal import Journal
from ribin.services.vaults import Vaults
from ribin.services.work import Preparing
from ribin.vault.enrol import EnrolOutcome

Admit = Callable[[Item, Outcome, Journal], Any]
Tick = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Tally:
    """What became of a job: items in all, done by this run, done before it, failed in all."""

    items: int
    done_now: int
    done_before: int
    failed: int


def run_job(
    job: Job,
    work: Work,
    executor: Executor,
    journal: Journal,
    tick: Tick = lambda stage, done, total: None,
    admit: Admit = lambda item, outcome, journal: outcome.value,
) -> Tally:
    """Do what the journal does not have yet. This process alone writes, in the order of the items.

    Parameters
    ----------
    admit : callable
        What this process does with the outcome of an item, in order; gives what the journal
        keeps. A RibinError or OSError that it raises is why the item failed.
    """
    items = {item.number: item for item in job.items}
    waiting = [item for item in job.items if item.number not in journal.done]
    before = len(items) - len(waiting)
    early: dict[int, Outcome] = {}
    following = iter(waiting)
    awaited = next(following, None)
    tick(job.kind, before, len(items))
    for outcome in executor.submit(work, waiting):
        early[outcome.number] = outcome
        while awaited and awaited.number in early:
            _keep(items[awaited.number], early.pop(awaited.number), journal, admit)
            tick(job.kind, len(journal.done), len(items))
            awaited = next(following, None)
    if awaited:
        raise StoreError(f"{job.kind}: an outcome of line {awaited.line} needed, found none")
    return Tally(len(items), len(waiting), before, len(journal.failed))


def _keep(item: Item, outcome: Outcome, journal: Journal, admit: Admit) -> None:
    reason, value = outcome.failed, outcome.value
    if not reason:
        try:
            value = admit(item, outcome, journal)
        except (RibinError, OSError) as error:
            reason, value = str(error), None
    if reason:
        journal.fail(item.number, reason, value)
    else:
        journal.finish(item.number, value)


class Admission:
    """Puts prepared scans into their vaults: the one writer of an enrolment.

    A run may end after the vault has a scan and before the journal says so. The journal therefore
    notes first that a scan, not there yet, is about to be enrolled: found there later, it is new.
    """

    def __init__(self, work: Preparing, vaults: Vaults) -> None:
        self._work = work
        self._vaults = vaults

    def __call__(self, item: Item, outcome: Outcome, journal: Journal) -> dict[str, Any]:
        row = self._work.row(item)
        vault = self._vaults.of(row.member)
        exhibit, done = known_row(row, vault)
        if done is None:
            journal.begin(item.number)
            prepared = outcome.value or prepare_row(row, self._work.intake)
            done = store_prepared(row, vault, exhibit, prepared, self._work.intake)
        said = plain_value(enrolled_row(row, vault, done))
        return (
            {**said, "outcome": str(EnrolOutcome.NEW)} if journal.has_begun(item.number) else said
        )
