"""How wide a table may be: on a terminal as wide as that, in a pipe or a file without an end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LEAST = 12  # letters that stay of a text that is cut
_room: ContextVar[int | None] = ContextVar("room", default=None)  # columns; None: no end


@contextmanager
def fitted(columns: int | None) -> Iterator[None]:
    """Tables made meanwhile fit a terminal of so many columns; long texts lose their middle."""
    before = _room.set(columns)
    try:
        yield
    finally:
        _room.reset(before)


def narrowed(widths: list[int], least: list[int]) -> list[int]:
    """Widths that fit the room there is.

    Parameters
    ----------
    widths : list of int
        What each column would take, in letters.
    least : list of int
        What it takes at least; 0 of a column of numbers, which is never cut.
    """
    room, widths = _room.get(), list(widths)
    over = sum(widths) + 2 * (len(widths) - 1) - room if room else 0
    while over > 0:
        spare = [width - low if low else 0 for width, low in zip(widths, least, strict=True)]
        widest = max(range(len(widths)), key=lambda i: widths[i] if spare[i] > 0 else 0)
        if spare[widest] <= 0:
            break
        widths[widest] -= 1
        over -= 1
    return widths


def cut(text: str, width: int) -> str:
    """A text with what is left out of its middle marked: names often differ in their ends."""
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"
