"""Series: exhibits joined by links, directly or through others; the history of one gun."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ribin.leads import HeldExhibit, LeadFile
from ribin.store.leadrecords import read_lead_files

Pair = tuple[HeldExhibit, HeldExhibit]


def series_around(start: HeldExhibit, pairs: Iterable[Pair]) -> frozenset[HeldExhibit]:
    """Everything that is joined to an exhibit, itself included."""
    neighbours: dict[HeldExhibit, set[HeldExhibit]] = {}
    for one, other in pairs:
        neighbours.setdefault(one, set()).add(other)
        neighbours.setdefault(other, set()).add(one)
    found, todo = {start}, [start]
    while todo:
        new = neighbours.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return frozenset(found)


def parts_without(db: Any, file: LeadFile) -> tuple[frozenset[HeldExhibit], ...]:
    """What the series of a link falls into without it, as this vault knows the links.

    One part where other links still join the two exhibits; two where none does.
    """
    pairs = [f.lead.exhibits for f in read_lead_files(db) if f.linked and f.lead != file.lead]
    one, other = (series_around(held, pairs) for held in file.lead.exhibits)
    return (one,) if one == other else (one, other)
