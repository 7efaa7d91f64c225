"""The whole method: a scan to its marks and templates, two templates to a comparison."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar
from weakref import WeakKeyDictionary

from ribin.comparison import UNALTERED, Alteration, Comparison
from ribin.correlate.bands import band_agreement, band_levels
from ribin.correlate.register import coarse_strengths
from ribin.correlate.rings import RingSide, lay_rings, ring_moves
from ribin.correlate.side import PreparedSide, prepare_rest, prepare_side
from ribin.correlate.steps import correlate_sides
from ribin.decide.lines import join_parts, lines_note
from ribin.decide.looks import SecondLook, as_read
from ribin.decide.steps import decide_comparison, not_compared
from ribin.describe.altered import altered_rings, altered_template
from ribin.describe.lines import lines_of
from ribin.describe.steps import describe_surface
from ribin.errors import ParameterError, ScanError
from ribin.extract.find import find_regions
from ribin.extract.marks import extract_mark
from ribin.extract.outliers import leave_out_outliers
from ribin.extract.quality import judge_quality
from ribin.model import (
    NO_TRACE,
    LeftOutShares,
    Mark,
    MarkType,
    Origin,
    Quality,
    Region,
    Scan,
    Template,
    Trace,
    Verdict,
    light_hindrance,
    light_note,
    mark_with_article,
)
from ribin.params.defaults import DEFAULT_PARAMS, DescribeParams, MethodParams, Params

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")


def extract_marks(
    scan: Scan, params: Params = DEFAULT_PARAMS, trace: Trace = NO_TRACE
) -> tuple[Mark, ...]:
    """The marks of a scan, levelled, band-passed and at the working pitch.

    Parameters
    ----------
    scan : Scan
        (H, W) heights in um, or grey values from 0 to 1, as `ribin.read.read_scan` gives them.
    params : Params
        Bands and working pitches in um, by type of mark; see `ribin.params.defaults`.
    trace : Trace
        Is given what each stage made; nothing is kept by default.

    Returns
    -------
    tuple of Mark
        One of each type that was found: the breech face first, then firing pin and ejector. Each
        has a grid of its own; its surface is in um, of an image in contrast of grey.

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
        region = leave_out_outliers(scan, region, method.outliers)
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


def find_mark(
    scan: Scan,
    params: Params = DEFAULT_PARAMS,
    mark_type: MarkType | str | None = None,
    trace: Trace = NO_TRACE,
) -> tuple[FoundMark, tuple[MarkType, ...]]:
    """The mark of one type, by default the first, and the types of the others of the scan.

    Raises
    ------
    ScanError
        The scan has no such mark.
    """
    marks = find_marks(scan, params, trace)
    for one in marks:
        if mark_type in (None, one.mark.mark_type):
            return one, tuple(other.mark.mark_type for other in marks if other is not one)
    found = ", ".join(one.mark.mark_type.words for one in marks) or "none"
    raise ScanError(
        f"{scan.provenance.source}: {mark_with_article(mark_type)} needed, found {found}",
        hint="`ribin extract FILE --overlay found.png` shows what was seen, --circle outlines it",
    )


# Which marks of a scan count, where nobody named one of them.


@dataclass(frozen=True, eq=False)
class JudgedMark:
    """A mark with its quality; `required` where it is never left out in silence, because it is
    the first of its scan or because a person outlined it."""

    region: Region
    mark: Mark
    quality: Quality
    required: bool

    @property
    def unusable(self) -> bool:
        return self.quality.verdict is Verdict.UNUSABLE

    @property
    def reasons(self) -> str:
        """Why it has its verdict."""
        return "; ".join(self.quality.reasons)


@dataclass(frozen=True)
class MarkVerdict:
    """A mark of a scan in words: who drew its outline, its verdict, and why."""

    mark: MarkType
    origin: Origin
    verdict: Verdict
    reasons: str
    left_out: LeftOutShares

    @property
    def words(self) -> str:
        """The verdict, and where it is against the mark, why."""
        return ": ".join(filter(None, (str(self.verdict), self.reasons)))


@dataclass(frozen=True, eq=False)
class UsableMarks:
    """The marks of a scan that count with their templates, and notes of what is wrong with some."""

    marks: tuple[Mark, ...]
    templates: tuple[Template, ...]
    notes: tuple[str, ...]
    verdicts: tuple[Verdict, ...]  # on the quality of each
    found: tuple[MarkVerdict, ...]  # every mark of the scan


def judge_marks(scan: Scan, params: Params = DEFAULT_PARAMS) -> tuple[JudgedMark, ...]:
    """Every mark of a scan with its quality, breech face first; errors as `find_marks`."""
    return tuple(
        JudgedMark(
            one.region,
            one.mark,
            judge_mark(scan, one, params),
            required=number == 0 or one.region.origin is not Origin.FOUND,
        )
        for number, one in enumerate(find_marks(scan, params))
    )


def usable_marks(
    judged: Sequence[JudgedMark], params: Params = DEFAULT_PARAMS, keep_unusable: bool = False
) -> UsableMarks:
    """The marks of one scan that are compared and enrolled.

    What was found beside others and is unusable, or cannot be described, is left out; the first
    mark and what a person outlined are not.

    Parameters
    ----------
    keep_unusable : bool
        Whether a person accepts what is unusable.

    Raises
    ------
    ScanError
        A mark that may not be left out has too little relief.
    """
    marks: list[Mark] = []
    templates: list[Template] = []
    verdicts: list[Verdict] = []
    notes: list[str] = []
    for one in judged:
        words = one.mark.mark_type.words
        if one.unusable and not (one.required or keep_unusable):
            notes.append(f"{words} left out: {one.reasons}")
            continue
        try:
            templates.append(describe_mark(one.mark, params))
        except ScanError as error:
            if one.required:
                raise
            notes.append(f"{words} left out: {error}")
            continue
        if one.reasons:
            notes.append(f"{words} is {one.quality.verdict}: {one.reasons}")
        marks.append(one.mark)
        verdicts.append(one.quality.verdict)
    found = tuple(
        MarkVerdict(
            one.mark.mark_type,
            one.region.origin,
            one.quality.verdict,
            one.reasons,
            one.quality.left_out,
        )
        for one in judged
    )
    return UsableMarks(tuple(marks), tuple(templates), tuple(notes), tuple(verdicts), found)


def describe_mark(mark: Mark, params: Params = DEFAULT_PARAMS, trace: Trace = NO_TRACE) -> Template:
    """All that comparisons need of one mark.

    Parameters
    ----------
    mark : Mark
        As `extract_marks` gives it: (H, W) surface in um and where it was measured.
    params : Params
        Those that the mark was extracted with: cells in um, and what may be compared.
    trace : Trace
        Is given what each stage made; nothing is kept by default.

    Returns
    -------
    Template
        Arrays by name, in deviations of the mark's own relief; `params_id` is
        `params.template_id`, and only templates that agree in it can be compared.

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

    Parameters
    ----------
    reference, comparison : Template
        Of the same type of mark and kind. The search range in degrees and um is in `params`.
    params : Params
        Those that the templates were made with, but for `correlate` and `decide`.
    trace : Trace
        Is given what each stage made; nothing is kept by default.

    Returns
    -------
    Comparison
        Score from 0 to 100, the motion that lays the reference on the comparison (degrees
        counter-clockwise, um down and right), and every cell. Where the pair could not be
        compared its figures are NaN, never 0, and `reason` says why.

    Raises
    ------
    ParameterError
        A template was made with other parameters than `params`.
    """
    started = time.perf_counter()
    method = params.of(reference.mark_type, reference.kind)
    for template in (reference, comparison):
        if template.params_id != params.template_id:
            raise ParameterError(
                f"{template.provenance.source}: a template of parameters {params.template_id} "
                f"needed, found {template.params_id}"
            )
    if unlike := _unlike(reference, comparison):
        return not_compared(reference, comparison, unlike, params.params_id)
    result = _compare_surfaces(reference, comparison, params, prepare_side, trace)
    shape = lines_of(reference, comparison)
    if shape and result.score >= method.decide.rest_from:
        rest = _compare_surfaces(reference, comparison, params, prepare_rest, trace)
        result = join_parts(result, rest, shape, method.decide)
    notes = (
        light_note(reference.provenance.lighting, comparison.provenance.lighting),
        lines_note(result),
        result.note,
    )
    note = "; ".join(filter(None, notes))
    caution = params.validation.caution(reference.mark_type)
    elapsed_s = time.perf_counter() - started
    return replace(result, note=note, caution=caution, elapsed_s=elapsed_s)


def _compare_surfaces(
    reference: Template,
    comparison: Template,
    params: Params,
    prepare: Callable[[Template], PreparedSide],
    trace: Trace,
) -> Comparison:
    """The marks as they are, or without their lines, as `prepare` lays them out."""
    method = params.of(reference.mark_type, reference.kind)
    decide, without_lines = method.decide, prepare is prepare_rest
    if without_lines:
        decide = replace(decide, bands_from=decide.rest_bands_from)
    sides = prepare(reference), prepare(comparison)
    registration = correlate_sides(*sides, method.describe, method.correlate, trace)
    if registration is None:
        reason = "the marks overlap at no placement in range"
        return not_compared(reference, comparison, reason, params.params_id)
    bands = 0.0
    if decide.bands_points:
        one, two = (
            band_levels(template, without_lines, method.describe, method.correlate)
            for template in (reference, comparison)
        )
        bands = band_agreement(one, two, registration, method.correlate)
    result = decide_comparison(
        reference, comparison, registration, bands, decide, params.params_id, trace
    )
    remarked = registration.beyond and result.score >= params.looks.note_score
    return replace(result, note=mounting_note(result, method)) if remarked else result


def mounting_note(result: Comparison, method: MethodParams) -> str:
    """What an examiner should know of a pair that agrees beyond the stated mounting."""
    if not result.compared:
        return ""
    return (
        f"turned by {abs(result.rotation_deg):.0f} degrees, beyond the mounting of "
        f"{method.correlate.mounting_deg:g}: {method.decide.beyond_points:g} points less"
    )


def look_again(
    reference: Template, comparison: Template, score: float, params: Params = DEFAULT_PARAMS
) -> Comparison | None:
    """A comparison at another scale, or mirrored, where the pair so scores more than `score`.

    Files with a wrong pitch or written the other way round, and casts that nobody declared, score
    like non-mates. Only a low score is worth it: the coarse registration of each way, and a full
    comparison of the strongest. A pair that could not be compared has NaN.
    """
    limits = params.looks
    usual = 0.0 if math.isnan(score) else score
    if usual >= limits.low_score or _unlike(reference, comparison):
        return None
    best: tuple[Comparison, SecondLook] | None = None
    for looks in _promising(reference, comparison, params):
        for look in looks:
            found = _compare_altered(reference, comparison, look, params)
            if found.score - limits.points > usual:
                best, usual = (found, look), found.score - limits.points
            elif look is looks[0]:
                break  # where it is no better, those next to it are not tried
    return as_read(*best, limits) if best else None


def _promising(reference: Template, comparison: Template, params: Params) -> list[list[SecondLook]]:
    """The ways of looking that are strongest on rings, each with its neighbours; none where the
    pair as read is stronger."""
    limits, method = params.looks, params.of(reference.mark_type, reference.kind)
    describe, correlate = method.describe, method.correlate

    def strengths(look: SecondLook) -> tuple[float, float]:
        one = rings_of(reference, look.reference, describe)
        two = rings_of(comparison, look.comparison, describe)
        moves = ring_moves(describe, correlate, min(one.cover.shape[2], two.cover.shape[2]))
        return coarse_strengths(one, two, moves, correlate.min_overlap)

    usual, _ = strengths(SecondLook())
    found: list[tuple[float, list[SecondLook]]] = []
    for first in (False, True):
        for step in range(1, limits.steps + 1):
            scales = [math.exp(step * limits.step + k * limits.fine_step) for k in (0, -1, 1)]
            looks = [_on_one(first, Alteration(scale)) for scale in scales]
            found.append((strengths(looks[0])[0], looks))
    mirrored = [strengths(_on_one(first, Alteration(mirrored=True))) for first in (False, True)]
    for inverted in (False, True):
        one, other = (pair[int(inverted)] for pair in mirrored)
        first, how = other > one, Alteration(mirrored=True, inverted=inverted)
        found.append((max(one, other), [_on_one(first, how), _on_one(not first, how)]))
    strongest = sorted(found, key=lambda one: -one[0])[: limits.ways]
    return [looks for strength, looks in strongest if strength >= limits.lead * usual]


def _on_one(first: bool, how: Alteration) -> SecondLook:
    return SecondLook(reference=how) if first else SecondLook(comparison=how)


def rings_of(template: Template, how: Alteration, describe: DescribeParams) -> RingSide:
    """An altered mark on rings; kept as long as its template lives, for a query of many pairs."""
    if how == UNALTERED:
        return prepare_side(template).coarse
    kept = _kept_rings.setdefault(template, {})
    if how not in kept:
        kept[how] = lay_rings(*altered_rings(template, how, describe).values())
    return kept[how]


_kept_rings: WeakKeyDictionary[Template, dict[Alteration, RingSide]] = WeakKeyDictionary()


def _compare_altered(
    reference: Template, comparison: Template, look: SecondLook, params: Params
) -> Comparison:
    describe = params.of(reference.mark_type, reference.kind).describe
    altered = _altered_reference(reference, look.reference, describe)
    return compare_marks(altered, altered_template(comparison, look.comparison, describe), params)


# A query meets many others with few alterations: five scales, and mirrored.
_altered_reference = lru_cache(maxsize=16)(altered_template)


def compare_many(
    query: Template,
    templates: Sequence[Template],
    params: Params = DEFAULT_PARAMS,
    threads: int | None = None,
) -> list[Comparison]:
    """Compare one mark, as the reference, with each of many; results in their order.

    Parameters
    ----------
    query : Template
        The reference of every comparison.
    templates : sequence of Template
        The other sides; an unlike one gives a comparison with NaN figures and a reason.
    params : Params
        As `compare_marks`.
    threads : int or None
        How many comparisons run at once; as many as there are processors where None. The results
        do not depend on it.

    Returns
    -------
    list of Comparison
        One for each template, bit for bit as `compare_marks` gives it.

    Raises
    ------
    ParameterError
        A template was made with other parameters than `params`.
    """

    prepare_side(query)  # once, before they all ask for it
    return on_threads(lambda other: compare_marks(query, other, params), templates, threads)


def on_threads(
    work: Callable[[_Item], _Made], items: Sequence[_Item], threads: int | None
) -> list[_Made]:
    """What the work makes of each item, in their order; as many threads as processors if None."""
    number = min(threads or os.cpu_count() or 1, len(items))
    if number < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(work, items))


def _unlike(reference: Template, comparison: Template) -> str:
    """Why two marks are never compared; empty where they may be."""
    sides = reference, comparison
    if reference.mark_type is comparison.mark_type and reference.kind is comparison.kind:
        return light_hindrance(*(side.provenance.lighting for side in sides))
    return (
        f"unlike: {reference.mark_type.words} as {reference.kind} and "
        f"{comparison.mark_type.words} as {comparison.kind}"
    )
