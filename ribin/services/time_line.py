"""The time line of a series: when and at which places its exhibits were, as a page draws it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ribin.leads.trace import History

_UNKNOWN = "place not told"


@dataclass(frozen=True)
class Spot:
    """An exhibit on the time line; `share` is where its day lies between the first and the last."""

    share: float
    row: int
    name: str
    day: str


@dataclass(frozen=True)
class TimeLine:
    """The rows are places, in the order in which the series came to them."""

    places: tuple[str, ...]
    spots: tuple[Spot, ...]
    joined: tuple[tuple[int, int], ...]  # numbers of two spots that a link joins
    first: str
    last: str
    undated: tuple[str, ...]


def time_line(history: History) -> TimeLine:
    """The exhibits of a history that have a day, by their places; the others are named."""
    dated = [one for one in history.exhibits if one.date]
    undated = tuple(f"{o.member}:{o.exhibit}" for o in history.exhibits if not o.date)
    if not dated:
        return TimeLine((), (), (), "", "", undated)
    days = [date.fromisoformat(one.date).toordinal() for one in dated]
    span = max(days) - min(days) or 1
    names = [f"{one.place or _UNKNOWN}, {one.member}" for one in dated]
    places = tuple(dict.fromkeys(names))
    spots = tuple(
        Spot((day - min(days)) / span, places.index(name), f"{o.member}:{o.exhibit}", o.date)
        for o, day, name in zip(dated, days, names, strict=True)
    )
    at = {spot.name: number for number, spot in enumerate(spots)}
    ends = ((str(link.one), str(link.other)) for link in history.links)
    joined = tuple((at[one], at[other]) for one, other in ends if one in at and other in at)
    return TimeLine(places, spots, joined, spots[0].day, spots[-1].day, undated)
