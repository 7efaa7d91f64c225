"""Tables and lines of plain text; where they go to a terminal, as wide and as coloured as that."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ribin.text import escaped

if TYPE_CHECKING:
    from rich.console import RenderableType


class Remark(str):
    """The name of a fact that must not be overlooked."""


_GAP = 2  # columns between those of a table
_LEAST = 12  # letters of a text that stand in a line, also where the terminal is too narrow


@dataclass(frozen=True)
class Terminal:
    """Where a text is shown to a person."""

    columns: int
    coloured: bool


# None: a pipe or a file, which gets every letter in lines without an end, and no colour.
_terminal: ContextVar[Terminal | None] = ContextVar("terminal", default=None)


@contextmanager
def shown_on(terminal: Terminal | None) -> Iterator[None]:
    """Tables and remarks made meanwhile are for this terminal."""
    before = _terminal.set(terminal)
    try:
        yield
    finally:
        _terminal.reset(before)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns with two spaces between; a column of numbers stands at its right edge.

    Floats have three decimals; what was not computed (NaN) is a dash. On a terminal long texts are
    wrapped and the head is bold.
    """
    cells = [[_text(value) for value in row] for row in rows]
    numeric = [
        bool(rows) and all(isinstance(row[i], (int, float)) for row in rows)
        for i in range(len(header))
    ]
    if terminal := _terminal.get():
        return _wrapped(header, cells, numeric, terminal)
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    lines = []
    for row in [list(header), *cells]:
        padded = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, numeric, strict=True)
        )
        lines.append((_GAP * " ").join(padded).rstrip())
    return "\n".join(lines)


def _wrapped(
    header: Sequence[str], cells: list[list[str]], numeric: list[bool], terminal: Terminal
) -> str:
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    least = -_GAP
    for name, right, column in zip(header, numeric, zip(header, *cells, strict=True), strict=True):
        widest = max(map(len, column))
        least += _GAP + (widest if right else min(widest, max(_LEAST, len(name))))
        drawn.add_column(
            Text(name), justify="right" if right else "left", no_wrap=right, overflow="fold"
        )
    for row in cells:
        drawn.add_row(*map(Text, row))
    return _rendered(drawn, replace(terminal, columns=max(terminal.columns, least)))


def _rendered(content: RenderableType, terminal: Terminal) -> str:
    from rich.console import Console

    console = Console(
        width=terminal.columns,
        force_terminal=True,
        color_system="standard" if terminal.coloured else None,
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(content, highlight=False)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def facts(pairs: Sequence[tuple[str, object]]) -> str:
    """One fact a line, the values under each other."""
    width = max(len(name) for name, _ in pairs)
    lines = [f"{name.ljust(width)}  {_text(value)}".rstrip() for name, value in pairs]
    return "\n".join(
        remark(line) if isinstance(name, Remark) else line
        for (name, _), line in zip(pairs, lines, strict=True)
    )


def remark(line: str) -> str:
    """A line that must not be overlooked: yellow on a terminal."""
    return _styled(escaped(line), "yellow")


def notice(line: str) -> str:
    """A line that says how to take the ones above it: cyan on a terminal."""
    return _styled(escaped(line), "cyan")


def _styled(line: str, style: str) -> str:
    terminal = _terminal.get()
    if not (terminal and terminal.coloured):
        return line
    from rich.text import Text

    return _rendered(Text(line, style), terminal)


def _text(value: object) -> str:
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.3f}"
    return escaped(str(value))
