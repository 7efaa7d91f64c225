"""Two files to one comparison, with the marks that a picture of it needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ribin.across import as_image_pairs, best_of, experimental
from ribin.comparison import Comparison
from ribin.errors import ScanError
from ribin.model import Mark, MarkType, Scan, Template, one_mark
from ribin.params.defaults import Params
from ribin.pipeline import (
    check_mirrored,
    compare_marks,
    describe_mark,
    extract_marks,
    find_marks,
    judge_mark,
)
from ribin.region import Origin, Verdict
from ribin.report import stages
from ribin.report.explanation import comparison_text
from ribin.report.overlay import draw_overlay, write_overlay
from ribin.services.files import whole_file
from ribin.services.reading import Reading
from ribin.trace import NO_TRACE, Trace


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a comparison."""

    mark: Mark
    template: Template
    trace: Trace
    scan: Scan | None = None  # that the mark was cut from, where it was read for this work


@dataclass(frozen=True, eq=False)
class Compared:
    """Both sides, and how they agree."""

    reference: Side
    comparison: Side
    result: Comparison
    trace: Trace


def read_side(
    path: Path,
    reading: Reading,
    params: Params,
    mark_type: MarkType | str | None = None,
    trace: Trace = NO_TRACE,
) -> Side:
    """Read, extract and describe the mark of one type, by default the first one found.

    Raises
    ------
    ScanError
        The scan has no such mark.
    """
    return side_of(reading.scan(path, params), params, mark_type, trace)


def side_of(
    scan: Scan,
    params: Params,
    mark_type: MarkType | str | None = None,
    trace: Trace = NO_TRACE,
) -> Side:
    """As `read_side`, of a scan that has been read."""
    marks = extract_marks(scan, params, trace)
    for mark in marks:
        if mark_type in (None, mark.mark_type):
            return Side(mark, describe_mark(mark, params, trace), trace, scan)
    found = ", ".join(mark.mark_type.words for mark in marks) or "none"
    needed = one_mark(mark_type)
    raise ScanError(f"{scan.provenance.source}: {needed} needed, found {found}")


def sides_of(scan: Scan, params: Params) -> tuple[list[Side], tuple[str, ...]]:
    """Every mark of a scan that can be compared, and a note of each that is left out.

    What was found beside others and is unusable, or cannot be described, is left out, as at
    enrolment; the first mark and what a person outlined are not.

    Raises
    ------
    ScanError
        There is no mark, or one that may not be left out has too little relief.
    """
    sides: list[Side] = []
    notes = []
    for one in find_marks(scan, params):
        may_go = bool(sides) and one.region.origin is Origin.FOUND
        quality = judge_mark(scan, one, params) if may_go else None
        if quality and quality.verdict is Verdict.UNUSABLE:
            reasons = "; ".join(quality.reasons)
            notes.append(f"{one.mark.mark_type.words} of the query not searched with: {reasons}")
            continue
        try:
            sides.append(Side(one.mark, describe_mark(one.mark, params), NO_TRACE, scan))
        except ScanError as error:
            if not may_go:
                raise
            notes.append(f"{one.mark.mark_type.words} of the query not searched with: {error}")
    return sides, tuple(notes)


def compare_files(
    reference: Path,
    comparison: Path,
    readings: tuple[Reading, Reading],
    params: Params,
    mark_type: str | None = None,
    traced: bool = False,
    render: bool = False,
) -> Compared:
    """Compare a mark of the reference, by default the first, with the same of the comparison.

    A pair of low score is looked at mirrored as well, and the result has a note where that
    agrees clearly better. With `render`, a topography against an image is rendered as one.
    """
    one, two = readings[0].scan(reference, params), readings[1].scan(comparison, params)
    if not render or one.kind is two.kind:
        return _compare_scans(one, two, params, mark_type, traced)
    pairs = as_image_pairs(one, two, params)
    tried = [_compare_scans(*pair, params, mark_type, traced) for pair in pairs]
    best = tried[best_of([done.result for done in tried])]
    lighting = best.reference.mark.provenance.lighting
    return replace(best, result=experimental(best.result, lighting))


def _compare_scans(
    one: Scan, two: Scan, params: Params, mark_type: str | None, traced: bool
) -> Compared:
    traces = [Trace() if traced else NO_TRACE for _ in range(3)]
    first = side_of(one, params, mark_type, traces[0])
    second = side_of(two, params, first.mark.mark_type, traces[1])
    result = compare_marks(first.template, second.template, params, traces[2])
    result = check_mirrored(first.template, second.mark, result, params)
    return Compared(first, second, result, traces[2])


def draw_sides(
    reference: Mark, comparison: Mark, result: Comparison, params: Params, path: Path
) -> None:
    """Write the picture of a comparison; each square is the middle of a cell.

    Neighbouring cells share half their area, so their middles lie side by side.
    """
    tile_um = params.of(reference.mark_type, reference.kind).describe.cell_um / 2
    picture = draw_overlay(reference, comparison, result, tile_um)
    with whole_file(path) as aside:
        write_overlay(picture, aside)


def explain(done: Compared, params: Params) -> str:
    """Why the pair has its score, for a person."""
    mark = done.reference.mark
    return comparison_text(done.result, params.of(mark.mark_type, mark.kind).decide)


def write_traces(done: Compared, params: Params, folder: Path) -> None:
    """Write what each stage made: one folder for either side and one for the pair, and an index."""
    mark = done.reference.mark
    traces = {
        "reference": done.reference.trace,
        "comparison": done.comparison.trace,
        "pair": done.trace,
    }
    stages.write_traces(traces, folder, params.of(mark.mark_type, mark.kind))
