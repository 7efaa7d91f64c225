"""One item of a job, what became of it, and who can do the work: plain things that can travel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Item:
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

    def do(self, item: Item) -> Any:
        """The value of an item, or a `Partial`; any error becomes the reason why it failed."""
        ...


class Executor(Protocol):
    """Who does the work: this process, processes beside it, or machines elsewhere."""

    def submit(self, work: Work, items: Iterable[Item]) -> Iterator[Outcome]:
        """Outcomes in any order, one for each item; never one of an item that was not done.

        An executor takes no more items than it can hold and gives back what it has before it
        takes many more: the caller puts outcomes in order and holds those that came early.
        """
        ...


def attempt(work: Work, item: Item) -> Outcome:
    """Do the work on one item. A batch records what fails, whatever it is, and goes on."""
    try:
        value = work.do(item)
        if isinstance(value, Partial):
            return Outcome(item.number, value.value, value.missing)
        return Outcome(item.number, value)
    except Exception as error:
        told = str(error) or "no reason given"
        known = type(error).__module__.startswith("ribin.") or isinstance(error, OSError)
        return Outcome(item.number, failed=told if known else f"{type(error).__name__}: {told}")
