"""Series: exhibits joined by links, directly or through others; the history of one gun."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ribin.cases.leads import HeldExhibit, LeadFile
from ribin.vault.exhibits import read_exhibits
from ribin.vault.leads import read_lead_files
from ribin.vault.sharing import find_named

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


def parts_without(db: Any, member: str, file: LeadFile) -> tuple[frozenset[HeldExhibit], ...]:
    """What the series of a link falls into without it, as the vault of this member knows it.

    One part where other links, or test fires of one firearm, still join the two exhibits; two where
    nothing does. Own exhibits have their own names.
    """

    def named(held: HeldExhibit) -> HeldExhibit:
        own = find_named(db, held.exhibit) if held.member == member else None
        return replace(held, exhibit=own) if own else held

    files = [f for f in read_lead_files(db) if f.linked and f.lead != file.lead]
    pairs = [(named(one), named(other)) for one, other in (f.lead.exhibits for f in files)]
    fired: dict[str, HeldExhibit] = {}
    for exhibit in read_exhibits(db).values():
        if exhibit.firearm:
            held = HeldExhibit(member, exhibit.exhibit)
            pairs.append((fired.setdefault(exhibit.firearm, held), held))
    one, other = (series_around(named(held), pairs) for held in file.lead.exhibits)
    return (one,) if one == other else (one, other)
