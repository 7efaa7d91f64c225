"""Rows of one member as guns or events, so that a list does not show six copies of one."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ribin.cases.exhibits import Candidate, Exhibit, Grouping, Scope


def group_rows(
    rows: Sequence[Candidate],
    exhibits: Mapping[str, Exhibit],
    grouping: Grouping,
    reach: Scope,
) -> list[Candidate]:
    """The first row of each group, in order, and how many others stand behind it.

    Parameters
    ----------
    rows : sequence of Candidate
        Of one member, best first.
    exhibits : mapping
        Exhibits of that member by their id.
    reach : Scope
        Beyond the country a group has a digest in the place of its name: what a laboratory calls
        a firearm is not for others. Within it, an exhibit of no known firearm is in no group.
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
