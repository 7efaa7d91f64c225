"""What a search with all marks of a case gives: a list for each type of mark, and one of all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ribin.cases.exhibits import Counts, SearchResult
from ribin.model import MarkType


@dataclass(frozen=True)
class MarkRank:
    """Where an exhibit, or its group, stands in the list of one type of mark."""

    mark: MarkType
    rank: int
    score: float
    exhibit: str  # whose mark it is; of a group, it may differ from mark to mark


@dataclass(frozen=True)
class FusedCandidate:
    """One row of the list over all types of mark: a suggestion to look, never a conclusion.

    `places` has one entry for each list that the exhibit is in. An exhibit that is in none with
    its firing pin, say, has no such mark, or it could not be compared or was set aside: the counts
    of that list say how many.
    """

    rank: int
    member: str
    exhibit: str  # the one of the best place
    event: str
    reciprocal_ranks: float  # sum over the places; orders the list and says nothing else
    places: tuple[MarkRank, ...]
    group: str = ""


@dataclass(frozen=True)
class SearchLists:
    """The lists of one query."""

    lists: tuple[SearchResult, ...]  # one a type of mark of the query, breech face before others
    fused: tuple[FusedCandidate, ...]  # all types together; empty where there is one list
    counts: Counts  # sums over the lists
    fusion: str = ""  # how the fused list was ordered
    notes: tuple[str, ...] = ()  # on the query: a mark of it that was not searched with
    search: str = ""  # the number under which the own vault recorded it; empty where it did not
    since: tuple[str, ...] = ()  # what became of its marks since it was recorded, in words
    waiting: tuple[str, ...] = ()  # ids of questions to members that may still answer

    @property
    def first(self) -> SearchResult:
        """The list of the mark that leads: the breech face, where the query has one."""
        return self.lists[0]

    @property
    def unavailable(self) -> tuple[tuple[str, str], ...]:
        """Who could not answer, and why, each once."""
        return _once(pair for one in self.lists for pair in one.unavailable)

    @property
    def all_notes(self) -> tuple[str, ...]:
        """The notes of the query, of every list and of its rows, each once."""
        return _once([*self.list_notes, *self.row_notes])

    @property
    def list_notes(self) -> tuple[str, ...]:
        """The notes of the query and of every list, each once; a record has those of rows among
        them."""
        noted = [*self.notes, *(note for one in self.lists for note in one.notes)]
        return _once(note for note in noted if note not in self.row_notes)

    @property
    def row_notes(self) -> tuple[str, ...]:
        """The notes of the rows, and of which row each is."""
        return tuple(
            f"rank {row.rank} by {row.mark.words} ({row.member}:{row.exhibit}): {row.note}"
            for one in self.lists
            for row in one.candidates
            if row.note
        )


def _once(items: Iterable) -> tuple:
    return tuple(dict.fromkeys(items))
