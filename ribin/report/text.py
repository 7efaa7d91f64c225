"""Comparisons, searches, scans and saved searches in plain text."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ribin.cases.annotation import SavedAnnotations
from ribin.cases.exhibits import Counts, SearchResult
from ribin.cases.results import FusedCandidate, SearchLists
from ribin.cases.searches import RecordedSearch, SavedSearch, SearchFinding
from ribin.comparison import Comparison, score_text, shown_score
from ribin.model import Scan, light_words
from ribin.report.json import plain_value
from ribin.report.score_plot import score_bars
from ribin.report.table import Remark, facts, notice, remark, table
from ribin.text import escaped

NOTICE = "Candidates are suggestions to look. A named examiner concludes."


def comparison_head(result: Comparison) -> list[tuple[str, object]]:
    """What was laid on what."""
    return [
        ("reference", result.reference),
        ("comparison", result.comparison),
        ("mark", result.mark.words),
    ]


def comparison_end(result: Comparison) -> list[tuple[str, object]]:
    """How two marks agree, in the words and the order of the report; or why they were not
    compared."""
    made_with = ("method parameters", f"{result.params_id}, ribin {result.version}")
    notes = (("NOTE", result.note), ("CAUTION", _caution(result)))
    note: list[tuple[str, object]] = [(Remark(name), text) for name, text in notes if text]
    if not result.compared:
        return [made_with, (Remark("not compared"), result.reason), *note]
    laid = f"{result.laid}: cells, ccf and placement are of that"
    return [
        ("score", f"{score_text(result.score)} of at most 100"),
        ("congruent cells", f"{result.cmc:g} of {result.cells} ({result.cmc_fraction:.3f})"),
        ("ccf", f"{result.ccf:.3f} of the whole marks in the fine band"),
        ("placement", placement_words(result)),
        *([("laid", laid)] if result.laid else []),
        made_with,
        *note,
    ]


def _caution(result: Comparison) -> str:
    return f"{result.mark.replace('_', ' ')}: {result.caution}" if result.caution else ""


def placement_words(result: Comparison, unit: str = "um") -> str:
    """How the reference was laid on the comparison."""
    return f"reference {turn_words(result)}, shifted {shift_words(result.shift_um, unit)}"


def turn_words(result: Comparison) -> str:
    """How the reference was turned, and what was done to it before."""
    hand = "clockwise" if result.rotation_deg < 0.0 else "counter-clockwise"
    return f"{result.altered}turned {abs(result.rotation_deg):.1f} degrees {hand}"


def shift_words(shift_um: tuple[float, float], unit: str = "um") -> str:
    """How far a mark lies from another, such as: 50 um up, 12 um right."""
    down, right = (round(part) for part in shift_um)
    return (
        f"{abs(down)} {unit} {'up' if down < 0 else 'down'}, "
        f"{abs(right)} {unit} {'left' if right < 0 else 'right'}"
    )


def search_table(result: SearchResult) -> str:
    """As `lists_text`, of one list."""
    return lists_text(SearchLists((result,), (), result.counts))


def _list_lines(result: SearchResult) -> list[str]:
    """The rows of one list and its counts; grouped ones say how many scans stand behind them."""
    grouped = any(c.group for c in result.candidates)
    header = ["rank", "member", "exhibit", "event", "mark", "score", "cmc", "cells"]
    rows = [
        [
            c.rank,
            c.member,
            c.exhibit_words,
            c.event,
            c.mark,
            shown_score(c.score),
            f"{c.cmc:g}",
            c.cells,
        ]
        + ([c.group, c.others] if grouped else [])
        for c in result.candidates
    ]
    header += ["group", "others"] if grouped else []
    return [table(header, rows) if rows else "no candidate", _counts_line(result.counts)]


def _counts_line(counts: Counts) -> str:
    """What was compared, in one line."""
    left_out = escaped(
        "".join(f"; not compared {n}: {reason}" for reason, n in counts.not_compared)
    )
    return (
        f"eligible {counts.eligible}, after filters {counts.after_filters}, "
        f"after coarse stage {counts.after_coarse}, compared {counts.compared}{left_out}"
    )


# The lists of one query: for a person, and as the JSON that other programs read.


def lists_text(result: SearchLists, plot: bool = False) -> str:
    """A table for each type of mark, one of all by rank, what was compared, who could not answer.

    `plot` adds the scores of each list as bars, so that the drop in them is seen.
    """
    several, first = len(result.lists) > 1, result.first
    lines = [escaped(f"query {first.query}, scope {first.scope}: {', '.join(first.members)}")]
    for one in result.lists:
        lines += [*([f"\nmarks of type {one.mark}"] if several else []), *_list_lines(one)]
        lines += [score_bars(one)] if plot and one.candidates else []
    if several:
        lines += ["", *_fused_lines(result), ""] if result.fusion else [""]
    lines += [remark(f"{member} could not answer: {why}") for member, why in result.unavailable]
    lines += map(escaped, result.all_notes)
    lines += map(remark, result.since)
    recorded = f", recorded as {result.search}" if result.search else ""
    lines += [
        f"method parameters {first.params_id}, ribin {first.version}{recorded}",
        notice(NOTICE),
    ]
    return "\n".join(lines)


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
        "search": result.search,
        "unavailable": plain_value(result.unavailable),
        "notes": plain_value(result.all_notes),
        "elapsed_s": sum(one.elapsed_s for one in result.lists),
        "lists": [{name: plain_value(getattr(one, name)) for name in own} for one in result.lists],
        "fused": fused if result.fusion and len(result.lists) > 1 else None,
    }


def _fused_lines(result: SearchLists) -> list[str]:
    ordering = {str(place.mark) for row in result.fused for place in row.places}
    marks = [one.mark for one in result.lists if str(one.mark) in ordering]
    grouped = ["group"] if any(row.group for row in result.fused) else []
    header = ["rank", "member", "exhibit", "event", *grouped, *marks, "sum"]
    rows = [_fused_row(row, marks, bool(grouped)) for row in result.fused]
    return [
        f"all marks by rank, {result.fusion}; rank and score in each list",
        table(header, rows) if rows else "no candidate",
        _counts_line(result.counts),
    ]


def _fused_row(row: FusedCandidate, marks: list[str], grouped: bool) -> list[object]:
    places = {str(p.mark): f"{p.rank} ({score_text(p.score)})" for p in row.places}
    shown = [places.get(mark, "-") for mark in marks]
    value = f"{row.reciprocal_ranks:.5f}"
    group = [row.group] if grouped else []
    return [row.rank, row.member, row.exhibit, row.event, *group, *shown, value]


# What was read from a file, for people and for programs.


def scan_summary(scan: Scan) -> dict[str, Any]:
    """The contract of `ribin info --json`."""
    return {
        "file": scan.provenance.source,
        "kind": scan.kind,
        "shape": scan.shape,
        "pixel_pitch_um": scan.pixel_pitch_um,
        "row_pitch_um": scan.row_pitch_um,
        "col_pitch_um": scan.col_pitch_um,
        "valid_fraction": float(scan.valid.mean()),
        "outlined": scan.mark_valid is not None,
        "lighting": scan.provenance.lighting,
        "provenance": dataclasses.asdict(scan.provenance),
        "repairs": scan.provenance.repairs,
        "notes": scan.provenance.notes,
    }


def scan_facts(scan: Scan) -> str:
    """One fact a line; what the file does not state is left out."""
    provenance = scan.provenance
    known: list[tuple[str, object]] = [
        ("file", provenance.source),
        ("kind", scan.kind),
        ("shape", f"{scan.shape[0]} x {scan.shape[1]} (rows x columns)"),
        ("pitch", f"{scan.row_pitch_um:g} x {scan.col_pitch_um:g} um (rows x columns)"),
        ("measured", f"{scan.valid.mean():.1%} of the pixels"),
        ("outlined", "yes" if scan.mark_valid is not None else "no"),
        ("sha256", provenance.sha256),
        ("size", f"{provenance.size_bytes} bytes"),
        ("reader", provenance.reader),
        ("instrument", provenance.instrument),
        ("creator", provenance.creator),
        ("measured on", provenance.measured_on),
        ("lighting", light_words(scan)),
    ]
    known += [("repaired", repair) for repair in provenance.repairs]
    known += [("note", note) for note in provenance.notes]
    return facts([(name, value) for name, value in known if value])


# Recorded searches, saved searches and what they brought up, as tables.


def searches_table(searches: Sequence[RecordedSearch]) -> str:
    """A row for each recorded search."""
    if not searches:
        return "no search"
    header = (
        *("search", "on", "by", "query", "scope", "marks", "compared", "rows"),
        *("no answer", "state"),
    )
    rows = [
        (
            *(one.number, one.at[:10], one.person, one.stated.query, one.stated.scope),
            ", ".join(mark.mark for mark in one.stated.marks) or "-",
            *(one.stated.counts["compared"], one.stated.rows, ", ".join(one.unanswered) or "-"),
            f"ended {one.ended_at[:10]}: {one.stated.ended}" if one.ended_at else "recorded",
        )
        for one in searches
    ]
    return table(header, rows)


def annotations_table(saved: Sequence[SavedAnnotations]) -> str:
    """A row for each person and pair."""
    if not saved:
        return "no annotation"
    header = ("number", "version", "by", "on", "reference", "comparison", "mark", "annotations")
    rows = [
        (
            *(one.number, one.version, one.person, one.at[:10]),
            *(one.pair.reference.label, one.pair.comparison.label, one.pair.mark or "-"),
            len(one.pair.annotations),
        )
        for one in saved
    ]
    return table(header, rows)


def saved_searches_table(searches: Sequence[SavedSearch], found: Mapping[str, int]) -> str:
    """A row for each search; `found` has the number of findings by search."""
    if not searches:
        return "no saved search"
    header = ("search", "exhibit", "scope", "top", "from score", "since", "by", "found", "state")
    rows = [
        (
            *(s.standing, s.exhibit, s.scope, s.top, s.min_score, s.at[:10], s.who),
            found.get(s.standing, 0),
            f"ended {s.ended_at[:10]}" if s.ended_at else "stands",
        )
        for s in searches
    ]
    return table(header, rows)


def findings_table(findings: Sequence[SearchFinding], exhibits: Mapping[str, str]) -> str:
    """A row for each finding; `exhibits` has the own exhibit of each search."""
    if not findings:
        return "nothing new"
    header = ("search", "exhibit", "rank", "member", "candidate", "event", "mark", "score", "on")
    rows = [
        (
            f.standing,
            exhibits[f.standing],
            *(f.candidate["rank"], f.member, f.exhibit, f.candidate["event"]),
            *(f.candidate["mark"], shown_score(f.candidate["score"]), f.at[:10]),
        )
        for f in findings
    ]
    return f"{table(header, rows)}\n{notice(NOTICE)}"
