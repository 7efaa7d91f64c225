"""Rows of a gallery: what every list says of an exhibit, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from ribin.cases.exhibits import Candidate, ClassFields, Counts
from ribin.cases.results import FusedCandidate, SearchLists
from ribin.model import MarkType


@dataclass(frozen=True)
class RowShown:
    """One row: an exhibit, its place in each list, and which candidate its picture is of."""

    rank: int
    member: str
    exhibit: str
    event: str
    class_fields: ClassFields
    picture_of: tuple[MarkType, int]  # type of mark and rank in its list
    scores: dict[str, tuple[int, float]]  # type of mark -> rank and score there
    score: float | None  # by which the list is ordered; None of the list over all marks
    figures: str  # cells and correlation, in words
    group: str = ""
    others: int = 0


@dataclass(frozen=True)
class ListShown:
    """One list: of a type of mark, or over all of them."""

    key: str  # "all", or the type of mark
    name: str
    rows: tuple[RowShown, ...]
    counts: Counts
    counts_by_member: dict[str, Counts]

    @property
    def has_scores(self) -> bool:
        return any(row.score is not None for row in self.rows)


def shown_lists(lists: SearchLists) -> tuple[ListShown, ...]:
    """The list over all marks where there is one, then one for each type of mark."""
    known = {
        (MarkType(c.mark), c.member, c.exhibit): c for one in lists.lists for c in one.candidates
    }
    shown = []
    if lists.fused:
        rows = tuple(_fused_row(row, known) for row in lists.fused)
        shown.append(ListShown("all", "All marks", rows, lists.counts, {}))
    for one in lists.lists:
        rows = tuple(_row(candidate, known) for candidate in one.candidates)
        name = str(one.mark or (rows[0].picture_of[0] if rows else "mark"))
        label = name.replace("_", " ").capitalize()
        shown.append(ListShown(name, label, rows, one.counts, one.counts_by_member))
    return tuple(shown)


def _row(candidate: Candidate, known: dict[tuple[MarkType, str, str], Candidate]) -> RowShown:
    scores = {
        str(mark): (other.rank, other.score)
        for (mark, member, exhibit), other in known.items()
        if (member, exhibit) == (candidate.member, candidate.exhibit)
    }
    mark = MarkType(candidate.mark)
    scores[str(mark)] = (candidate.rank, candidate.score)  # of an exhibit with several scans
    return RowShown(
        rank=candidate.rank,
        member=candidate.member,
        exhibit=candidate.exhibit,
        event=candidate.event,
        class_fields=candidate.class_fields,
        picture_of=(mark, candidate.rank),
        scores=scores,
        score=candidate.score,
        figures=_figures(candidate),
        group=candidate.group,
        others=candidate.others,
    )


def _fused_row(row: FusedCandidate, known: dict[tuple[MarkType, str, str], Candidate]) -> RowShown:
    best = min(row.places, key=lambda place: place.rank)
    of = known.get((MarkType(best.mark), row.member, best.exhibit))
    return RowShown(
        rank=row.rank,
        member=row.member,
        exhibit=row.exhibit,
        event=row.event,
        class_fields=of.class_fields if of else ClassFields(),
        picture_of=(MarkType(best.mark), best.rank),
        scores={str(place.mark): (place.rank, place.score) for place in row.places},
        score=None,
        figures=_figures(of) if of else "",
        group=row.group,
    )


def _figures(candidate: Candidate) -> str:
    return f"{candidate.cmc:g} of {candidate.cells} cells congruent, ccf {candidate.ccf:.2f}"
