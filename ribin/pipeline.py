"""The whole method: a scan to its marks and templates, two templates to a comparison."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ribin.comparison import Comparison
from ribin.correlate.steps import correlate_sides, prepare_side
from ribin.decide.steps import decide_comparison, not_compared
from ribin.describe.steps import describe_surface
from ribin.errors import ParameterError, ScanError
from ribin.lighting import light_hindrance, light_note
from ribin.model import Mark, Scan, Template
from ribin.params import DEFAULT_PARAMS, Params
from ribin.preprocess.finding import find_regions
from ribin.preprocess.mirror import MIRRORS, mirrored_mark
from ribin.preprocess.quality import judge_quality
from ribin.preprocess.steps import extract_mark
from ribin.region import Origin, Quality, Region
from ribin.trace import NO_TRACE, Trace


def extract_marks(
    scan: Scan, params: Params = DEFAULT_PARAMS, trace: Trace = NO_TRACE
) -> tuple[Mark, ...]:
    """The marks of a scan, levelled, band-passed and at the working pitch.

    Raises
    ------
    ScanError
        The scan holds no mark that could be compared.
    """
    return tuple(found.mark for found in find_marks(scan, params, trace))


@dataclass(frozen=True, eq=False)
class FoundMark:
    """A mark, and where it lies in its scan."""

    region: Region
    mark: Mark


def find_marks(
    scan: Scan, params: Params = DEFAULT_PARAMS, trace: Trace = NO_TRACE
) -> tuple[FoundMark, ...]:
    """As `extract_marks`, with the region of each; breech face first.

    A firing pin or ejector mark that was found and has not the relief of one is left out: a
    missing mark is not compared. What a person outlined is never left out in silence.
    """
    marks = []
    for region in find_regions(scan, params):
        method = params.of(region.mark_type, scan.kind).preprocess
        try:
            marks.append(FoundMark(region, extract_mark(scan, region, method, trace)))
        except ScanError:
            if region.origin is not Origin.FOUND or not marks:
                raise
    return tuple(marks)


def judge_mark(scan: Scan, found: FoundMark, params: Params = DEFAULT_PARAMS) -> Quality:
    """Whether a mark can be compared, with figures and reasons."""
    band_um = params.of(found.region.mark_type, scan.kind).preprocess.high_cutoff_um
    return judge_quality(scan, found.region, found.mark, params.quality, band_um)


def describe_mark(mark: Mark, params: Params = DEFAULT_PARAMS, trace: Trace = NO_TRACE) -> Template:
    """All that comparisons need of one mark.

    Raises
    ------
    ScanError
        The mark has no relief, or too little of it was measured.
    """
    method = params.of(mark.mark_type, mark.kind)
    return describe_surface(mark, method.describe, params.template_id, trace)


def compare_marks(
    reference: Template,
    comparison: Template,
    params: Params = DEFAULT_PARAMS,
    trace: Trace = NO_TRACE,
) -> Comparison:
    """Compare two marks: register them, fit their cells in both directions, decide.

    Returns
    -------
    Comparison
        With NaN figures and a reason where the pair could not be compared.

    Raises
    ------
    ParameterError
        A template was made with other parameters than `params`.
    """
    return _compare(reference, comparison, params, trace)


def check_mirrored(
    reference: Template, comparison: Mark, result: Comparison, params: Params = DEFAULT_PARAMS
) -> Comparison:
    """The comparison with a note where the pair agrees clearly better mirrored than as read.

    Files that were written the other way round, and casts that nobody declared, score like
    non-mates. Only a low score is worth the four comparisons more that this takes.
    """
    limits = params.handedness
    if result.compared and result.score >= limits.low_score:
        return result
    best, way = -1.0, ""
    for how in MIRRORS:
        other = describe_mark(mirrored_mark(comparison, how), params)
        score = compare_marks(reference, other, params).score
        if score > best:
            best, way = score, how
    usual = result.score if result.compared else 0.0
    if best < max(limits.min_score, usual + limits.lead):
        return result
    note = (
        f"the pair agrees clearly better with {result.comparison} {way}: "
        f"score {best:.1f} instead of {result.score:.1f}; check how the scans were made"
    )
    return replace(result, note=note)


def compare_many(
    query: Template,
    templates: Sequence[Template],
    params: Params = DEFAULT_PARAMS,
    threads: int | None = None,
) -> list[Comparison]:
    """Compare one mark, as the reference, with each of many; results in their order.

    Parameters
    ----------
    threads : int or None
        How many comparisons run at once; as many as there are processors where None. The results
        do not depend on it.
    """

    def against(other: Template) -> Comparison:
        return _compare(query, other, params, NO_TRACE)

    number = min(threads or os.cpu_count() or 1, len(templates))
    if number < 2:
        return [against(other) for other in templates]
    prepare_side(query)  # once, before they all ask for it
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(against, templates))


def _compare(one: Template, two: Template, params: Params, trace: Trace) -> Comparison:
    started = time.perf_counter()
    method = params.of(one.mark_type, one.kind)
    for template in (one, two):
        if template.params_id != params.template_id:
            raise ParameterError(
                f"{template.provenance.source}: a template of parameters {params.template_id} "
                f"needed, found {template.params_id}"
            )
    if unlike := _unlike(one, two):
        return not_compared(one, two, unlike, params.params_id)
    sides = prepare_side(one), prepare_side(two)
    registration = correlate_sides(*sides, method.describe, method.correlate, trace)
    if registration is None:
        reason = "the marks overlap at no placement in range"
        return not_compared(one, two, reason, params.params_id)
    result = decide_comparison(one, two, registration, method.decide, params.params_id, trace)
    note = light_note(one.provenance.lighting, two.provenance.lighting)
    return replace(result, note=note, elapsed_s=time.perf_counter() - started)


def _unlike(reference: Template, comparison: Template) -> str:
    """Why two marks are never compared; empty where they may be."""
    one, two = reference, comparison
    if (one.mark_type, one.kind) == (two.mark_type, two.kind):
        return light_hindrance(one.provenance.lighting, two.provenance.lighting)
    return (
        f"unlike: {reference.mark_type.words} as {reference.kind} and "
        f"{comparison.mark_type.words} as {comparison.kind}"
    )
