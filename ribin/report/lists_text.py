"""The lists of one query: for a person, and as the JSON that other programs read."""

from __future__ import annotations

from typing import Any

from ribin.cases.results import FusedCandidate, SearchLists
from ribin.report.json import plain_value
from ribin.report.score_plot import score_bars
from ribin.report.text import (
    counts_line,
    list_lines,
    search_foot,
    search_head,
    table,
)


def lists_text(result: SearchLists, plot: bool = False) -> str:
    """A table for each type of mark, one of all by rank, what was compared, who could not answer.

    `plot` adds the scores of each list as bars, so that the drop in them is seen.
    """
    several = len(result.lists) > 1
    lines = [search_head(result.first)]
    for one in result.lists:
        lines += [*([f"\nmarks of type {one.mark}"] if several else []), *list_lines(one)]
        lines += [score_bars(one)] if plot and one.candidates else []
    lines += ["", *_fused_lines(result), ""] if several else []
    lines += [f"{member} could not answer: {why}" for member, why in result.unavailable]
    lines += result.all_notes
    return "\n".join([*lines, *search_foot(result.first)])


def lists_value(result: SearchLists) -> dict[str, Any]:
    """The first list as ever, every list under `lists`, and under `fused` all by rank, or null."""
    first = plain_value(result.first)
    own = ("mark", "counts", "counts_by_member", "candidates", "elapsed_s")
    fused = {
        "method": result.fusion,
        "counts": plain_value(result.counts),
        "candidates": plain_value(result.fused),
    }
    return {
        **first,
        "unavailable": plain_value(result.unavailable),
        "notes": plain_value(result.all_notes),
        "elapsed_s": sum(one.elapsed_s for one in result.lists),
        "lists": [{name: plain_value(getattr(one, name)) for name in own} for one in result.lists],
        "fused": fused if len(result.lists) > 1 else None,
    }


def _fused_lines(result: SearchLists) -> list[str]:
    marks = [one.mark for one in result.lists]
    grouped = ["group"] if any(row.group for row in result.fused) else []
    header = ["rank", "member", "exhibit", "event", *grouped, *marks, "sum"]
    rows = [_fused_row(row, marks, bool(grouped)) for row in result.fused]
    return [
        f"all marks by rank, {result.fusion}; rank and score in each list",
        table(header, rows) if rows else "no candidate",
        counts_line(result.counts),
    ]


def _fused_row(row: FusedCandidate, marks: list[str], grouped: bool) -> list[object]:
    places = {str(p.mark): f"{p.rank} ({p.score:.1f})" for p in row.places}
    shown = [places.get(mark, "-") for mark in marks]
    value = f"{row.reciprocal_ranks:.5f}"
    group = [row.group] if grouped else []
    return [row.rank, row.member, row.exhibit, row.event, *group, *shown, value]
