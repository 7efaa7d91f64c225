"""The history of a gun drawn: as a picture with a row a country, as a time line, as GraphML."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from PIL import Image, ImageDraw, ImageFont

from ribin.cases.leads import ExhibitRef
from ribin.leads.trace import SAME_FIREARM, History, TracedExhibit, TracedLink

_BLUE, _ORANGE, _GREY, _BLACK = (0, 114, 178), (230, 159, 0), (200, 200, 200), (0, 0, 0)
_LEFT, _RIGHT, _TOP, _ROW, _BOTTOM = 90, 60, 60, 130, 60
_STEP, _RADIUS = 46, 9  # between exhibits of one day; of a dot
_AXIS, _UNDATED = 900, 220  # widths of the dated and of the undated part

_Place = tuple[int, int]


def write_picture(history: History, path: Path) -> None:
    """Write a PNG. Solid lines are confirmed links, dotted ones test fires of one firearm."""
    members = sorted({exhibit.member for exhibit in history.exhibits})
    height = _TOP + _ROW * len(members) + _BOTTOM
    picture = Image.new("RGB", (_LEFT + _AXIS + _UNDATED + _RIGHT, height), "white")
    draw = ImageDraw.Draw(picture)
    font, small = ImageFont.load_default(16), ImageFont.load_default(12)
    spots = _spots(history, members)
    draw.text((_LEFT, 14), f"Series of exhibit {history.exhibit}", _BLACK, font)
    for number, member in enumerate(members):
        row = _TOP + _ROW * number + _ROW // 2
        draw.line([(_LEFT, row), (_LEFT + _AXIS + _UNDATED, row)], _GREY, 1)
        draw.text((20, row - 10), member, _BLACK, font)
    for day, column in _days(history).items():
        draw.text((column - 32, height - 34), day, _BLACK, small)
    if any(not exhibit.date for exhibit in history.exhibits):
        draw.text((_LEFT + _AXIS + 60, height - 34), "day not known", _BLACK, small)
    for link in history.links:
        ends = [spots[link.one], spots[link.other]]
        _draw_link(draw, ends, link.standing == SAME_FIREARM)
    for exhibit in history.exhibits:
        _draw_exhibit(draw, exhibit, spots[_held(exhibit)], small)
    picture.save(path, format="PNG")


def _spots(history: History, members: list[str]) -> dict[ExhibitRef, _Place]:
    """Where each exhibit stands; those of one day and country side by side, up and down."""
    days = _days(history)
    taken: dict[_Place, int] = {}
    spots: dict[ExhibitRef, _Place] = {}
    for exhibit in history.exhibits:
        column = days.get(exhibit.date, _LEFT + _AXIS + 60)
        row = _TOP + _ROW * members.index(exhibit.member) + _ROW // 2
        before = taken.setdefault((column, row), 0)
        taken[column, row] += 1
        spots[_held(exhibit)] = (column + before * _STEP, row + (before % 2) * 34)
    return spots


def _days(history: History) -> dict[str, int]:
    """The column of each day."""
    known = sorted({e.date for e in history.exhibits if e.date})
    if not known:
        return {}
    first = date.fromisoformat(known[0])
    span = max((date.fromisoformat(known[-1]) - first).days, 1)
    room = _AXIS - 80
    return {d: _LEFT + 40 + room * (date.fromisoformat(d) - first).days // span for d in known}


def _held(exhibit: TracedExhibit) -> ExhibitRef:
    return ExhibitRef(exhibit.member, exhibit.exhibit)


def _draw_link(draw: ImageDraw.ImageDraw, ends: list[_Place], dotted: bool) -> None:
    (left, top), (right, bottom) = ends
    if not dotted:
        draw.line(ends, _BLUE, 3)
        return
    steps = max(abs(right - left), abs(bottom - top)) // 10 or 1
    for n in range(0, steps, 2):
        part = [
            (left + (right - left) * k / steps, top + (bottom - top) * k / steps)
            for k in (n, n + 1)
        ]
        draw.line(part, _ORANGE, 3)


def _draw_exhibit(
    draw: ImageDraw.ImageDraw, exhibit: TracedExhibit, spot: _Place, font: Any
) -> None:
    column, row = spot
    box = (column - _RADIUS, row - _RADIUS, column + _RADIUS, row + _RADIUS)
    fire = exhibit.kind == "test_fire"
    (draw.rectangle if fire else draw.ellipse)(box, fill=_ORANGE if fire else _BLUE, outline=_BLACK)
    place = f" {exhibit.place}" if exhibit.place else ""
    draw.text((column - 40, row - 30), f"{exhibit.exhibit}{place}", _BLACK, font)


# When and at which places the exhibits of a series were, as a page draws it.

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


# The history of a gun as GraphML, which programs for networks read (graphml.graphdrawing.org).

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
)
_LINK_KEYS = ("lead", "at", "standing")


def as_graphml(history: History) -> str:
    """A node an exhibit and an edge a link; every fact is a text."""
    facts = tuple(TracedExhibit.__dataclass_fields__)
    keys = [
        f'  <key id="n_{name}" for="node" attr.name="{name}" attr.type="string"/>\n'
        for name in facts
    ]
    keys += [
        f'  <key id="e_{n}" for="edge" attr.name="{n}" attr.type="string"/>\n' for n in _LINK_KEYS
    ]
    nodes = [
        f"    <node id={quoteattr(str(_held(e)))}>{_data('n', asdict(e))}</node>\n"
        for e in history.exhibits
    ]
    edges = [_edge(link) for link in history.links]
    graph = '  <graph id="history" edgedefault="undirected">\n'
    return "".join([_HEAD, *keys, graph, *nodes, *edges, "  </graph>\n</graphml>\n"])


def _edge(link: TracedLink) -> str:
    ends = f"source={quoteattr(str(link.one))} target={quoteattr(str(link.other))}"
    facts = {name: getattr(link, name) for name in _LINK_KEYS}
    return f"    <edge {ends}>{_data('e', facts)}</edge>\n"


def _data(prefix: str, facts: dict[str, str]) -> str:
    found = []
    for name, value in facts.items():
        # Without the characters that XML 1.0 cannot hold.
        legal = "".join(c if c.isprintable() or c in "\t\n" else "\ufffd" for c in value)
        found.append(f'<data key="{prefix}_{name}">{escape(legal)}</data>' if value else "")
    return "".join(found)
