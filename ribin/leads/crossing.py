"""What of a lead crosses the border to the other member that it concerns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ribin.cases.leads import Lead

_NAMES = ("exhibit", "event", "group", "class_fields")  # of one member, by its own words
_OF_THE_ASKER = ("counts", "snapshot", "scope")  # of the whole search: totals of every member asked


def figures_of_both(figures: Mapping[str, Any], crossing: bool) -> dict[str, Any]:
    """The row of a candidate as a lead keeps it: a lead across a border names exhibits itself."""
    return _without(figures, _NAMES if crossing else ())


def lead_for(member: str, lead: Lead) -> Lead:
    """The lead as a member keeps it: what the whole search counted is kept where it was taken up,
    and the SHA-256 of the list stands for it elsewhere."""
    if member == lead.member:
        return lead
    return replace(lead, figures=_without(lead.figures, _OF_THE_ASKER))


def is_same_lead(one: Lead, other: Lead) -> bool:
    """Whether two members know one lead by its number, each as it keeps it."""
    figures = [_without(lead.figures, _OF_THE_ASKER) for lead in (one, other)]
    return one == replace(other, figures=one.figures) and figures[0] == figures[1]


def _without(figures: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in figures.items() if name not in names}
