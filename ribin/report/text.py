"""Plain text tables that line up, and the few lines around them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ribin.cases.exhibits import Counts, SearchResult
from ribin.comparison import Comparison
from ribin.report.width import LEAST, cut, narrowed

NOTICE = "Candidates are suggestions to look. A named examiner concludes."


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns with two spaces between; a column of numbers stands at its right edge.

    Floats have three decimals; what was not computed (NaN) is a dash.
    """
    cells = [[_text(value) for value in row] for row in rows]
    numeric = [
        bool(rows) and all(isinstance(row[i], (int, float)) for row in rows)
        for i in range(len(header))
    ]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    widths = narrowed(
        widths, [0 if n else max(LEAST, len(h)) for n, h in zip(numeric, header, strict=True)]
    )
    lines = []
    for row in [list(header), *cells]:
        padded = (
            text.rjust(width) if right else cut(text, width).ljust(width)
            for text, width, right in zip(row, widths, numeric, strict=True)
        )
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def facts(pairs: Sequence[tuple[str, object]]) -> str:
    """One fact a line, the values under each other."""
    width = max(len(name) for name, _ in pairs)
    return "\n".join(f"{name.ljust(width)}  {_text(value)}".rstrip() for name, value in pairs)


def comparison_head(result: Comparison) -> list[tuple[str, object]]:
    """What was laid on what."""
    return [
        ("reference", result.reference),
        ("comparison", result.comparison),
        ("mark", result.mark),
    ]


def comparison_end(result: Comparison) -> list[tuple[str, object]]:
    """How two marks agree, in a few figures; or why they were not compared."""
    note: list[tuple[str, object]] = [("NOTE", result.note)] if result.note else []
    if not result.compared:
        return [("not compared", result.reason), *note]
    shift = result.shift_um
    return [
        ("score", result.score),
        ("congruent cells", f"{result.cmc:g} of {result.cells}"),
        ("fraction", result.cmc_fraction),
        ("ccf", result.ccf),
        ("rotation", f"{result.rotation_deg:.1f} degrees"),
        ("shift", f"{shift[0]:+.0f} um down, {shift[1]:+.0f} um right"),
        ("parameters", f"{result.params_id}, ribin {result.version}"),
        *note,
    ]


def search_table(result: SearchResult) -> str:
    """The ranked list, what was compared, and who could not answer."""
    lines = [search_head(result), *list_lines(result)]
    lines += [f"{member} could not answer: {why}" for member, why in result.unavailable]
    lines += result.notes
    return "\n".join([*lines, *search_foot(result)])


def search_head(result: SearchResult) -> str:
    """What was asked, and whom."""
    return f"query {result.query}, scope {result.scope}: {', '.join(result.members)}"


def list_lines(result: SearchResult) -> list[str]:
    """The rows of one list and its counts; grouped ones say how many scans stand behind them."""
    grouped = any(c.group for c in result.candidates)
    header = ["rank", "member", "exhibit", "event", "mark", "score", "cmc", "cells"]
    rows = [
        [c.rank, c.member, c.exhibit, c.event, c.mark, c.score, f"{c.cmc:g}", c.cells]
        + ([c.group, c.others] if grouped else [])
        for c in result.candidates
    ]
    header += ["group", "others"] if grouped else []
    return [table(header, rows) if rows else "no candidate", counts_line(result.counts)]


def search_foot(result: SearchResult) -> tuple[str, str]:
    """With what it was compared, and what a list is."""
    return f"parameters {result.params_id}, ribin {result.version}", NOTICE


def counts_line(counts: Counts) -> str:
    """What was compared, in one line."""
    left_out = "".join(f"; not compared {n}: {reason}" for reason, n in counts.not_compared)
    return (
        f"eligible {counts.eligible}, after filters {counts.after_filters}, "
        f"after coarse stage {counts.after_coarse}, compared {counts.compared}{left_out}"
    )


def _text(value: object) -> str:
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.3f}"
    return str(value)
