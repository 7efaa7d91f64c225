"""The order of a list, and lists of several types of mark as one, by rank.

Reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009, doi:10.1145/1571941.1572114):
an exhibit has the sum of 1 / (offset + rank) over the lists it is in. Scores of different types of
mark are on different scales, and none is calibrated, so no list by score is made. IBIS orders its
"rank sort" by places in its lists too.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ribin.cases.exhibits import Candidate, Exhibit, Grouping, Scope, SearchResult
from ribin.cases.results import FusedCandidate, MarkRank

_Key = tuple[str, bool, str]  # member, whether it is a group, its name


def row_order(row: Candidate) -> tuple[float, str, str, str]:
    """Best score first; equal scores by member, exhibit and scan, so that a list never varies."""
    return -row.score, row.member, row.exhibit, row.sha256


def fuse_lists(lists: Sequence[SearchResult], offset: int) -> tuple[FusedCandidate, ...]:
    """One row for each exhibit, or group, of any list, best first.

    Of several scans of an exhibit the best in each list counts. Equal sums go by the best place,
    then by member and name, so that a list never varies.
    """
    found: dict[_Key, list[Candidate]] = {}
    for result in lists:
        for key, row in _first_rows(result.candidates).items():
            found.setdefault(key, []).append(row)
    fused = sorted((_fused(rows, offset) for rows in found.values()), key=_order)
    return tuple(replace(row, rank=place) for place, row in enumerate(fused, start=1))


def _first_rows(rows: Sequence[Candidate]) -> dict[_Key, Candidate]:
    """The best row of each exhibit or group of one list; a gun may be called as an exhibit is."""
    first: dict[_Key, Candidate] = {}
    for row in rows:
        first.setdefault((row.member, bool(row.group), row.group or row.exhibit), row)
    return first


def _fused(rows: Sequence[Candidate], offset: int) -> FusedCandidate:
    best = min(rows, key=lambda row: row.rank)
    return FusedCandidate(
        rank=0,  # known when all are in order
        member=best.member,
        exhibit=best.exhibit,
        event=best.event,
        reciprocal_ranks=sum(1.0 / (offset + row.rank) for row in rows),
        places=tuple(MarkRank(row.mark, row.rank, row.score, row.exhibit) for row in rows),
        group=best.group,
    )


def _order(row: FusedCandidate) -> tuple[float, int, str, str]:
    return -row.reciprocal_ranks, min(p.rank for p in row.places), row.member, row.exhibit


# Rows of one member as guns or events, so that a list does not show six copies of one.


def group_rows(
    rows: Sequence[Candidate], exhibits: Mapping[str, Exhibit], grouping: Grouping, reach: Scope
) -> list[Candidate]:
    """The first row of each group, in order, and how many others stand behind it.

    The rows are of one member, best first. Where its reach goes beyond the country a group has a
    digest in the place of its name: what a laboratory calls a firearm is not for others. Within it,
    an exhibit of no known firearm is in no group.
    """
    if grouping is Grouping.NONE:
        return list(rows)
    keys = [_key(exhibits[row.exhibit], grouping) for row in rows]
    sizes = Counter(keys)
    first = dict(reversed(list(zip(keys, rows, strict=True))))
    return [
        replace(first[key], group=_name(key, first[key].member, reach), others=sizes[key] - 1)
        for key in sizes  # in the order of the first row of each
    ]


def _key(exhibit: Exhibit, grouping: Grouping) -> tuple[str, str]:
    """What the exhibit is grouped by; of an unknown firearm, the exhibit itself."""
    if grouping is Grouping.EVENT:
        return "event", exhibit.event.event
    return ("firearm", exhibit.firearm) if exhibit.firearm else ("exhibit", exhibit.exhibit)


def _name(key: tuple[str, str], member: str, reach: Scope) -> str:
    kind, name = key
    if reach is Scope.COUNTRY:
        return "" if kind == "exhibit" else name
    return hashlib.sha256("\0".join((member, kind, name)).encode()).hexdigest()[:12]
