"""The whole method: a scan to its marks and templates, two templates to a comparison."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ribin.correlate.side import Side
from ribin.correlate.steps import correlate_sides, prepare_side
from ribin.decide.steps import decide_comparison, not_compared
from ribin.describe.steps import describe_surface
from ribin.errors import ParameterError
from ribin.model import Comparison, Mark, Scan, Template
from ribin.params import DEFAULT_PARAMS, Params
from ribin.preprocess.finding import find_regions
from ribin.preprocess.steps import extract_mark
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
    return tuple(
        extract_mark(scan, region, params.of(region.mark_type, scan.kind).preprocess, trace)
        for region in find_regions(scan, params)
    )


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
    return _compare(_Prepared.of(reference), _Prepared.of(comparison), params, trace)


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
        How many comparisons run at once; 1 where None. The results do not depend on it.
    """
    reference = _Prepared.of(query)

    def against(other: Template) -> Comparison:
        return _compare(reference, _Prepared.of(other), params, NO_TRACE)

    if (threads or 1) == 1:
        return [against(other) for other in templates]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(against, templates))


@dataclass(frozen=True, eq=False)
class _Prepared:
    template: Template
    side: Side

    @classmethod
    def of(cls, template: Template) -> _Prepared:
        return cls(template, prepare_side(template))


def _compare(
    reference: _Prepared, comparison: _Prepared, params: Params, trace: Trace
) -> Comparison:
    started = time.perf_counter()
    one, two = reference.template, comparison.template
    method = params.of(one.mark_type, one.kind)
    for template in (one, two):
        if template.params_id != params.template_id:
            raise ParameterError(
                f"{template.provenance.source}: a template of parameters {params.template_id} "
                f"needed, found {template.params_id}"
            )
    if (one.mark_type, one.kind) != (two.mark_type, two.kind):
        return not_compared(one, two, _unlike(one, two), params.params_id)
    registration = correlate_sides(
        reference.side, comparison.side, method.describe, method.correlate, trace
    )
    if registration is None:
        reason = "the marks overlap at no placement in range"
        return not_compared(one, two, reason, params.params_id)
    result = decide_comparison(one, two, registration, method.decide, params.params_id, trace)
    return replace(result, elapsed_s=time.perf_counter() - started)


def _unlike(reference: Template, comparison: Template) -> str:
    return (
        f"unlike: {reference.mark_type} as {reference.kind} and "
        f"{comparison.mark_type} as {comparison.kind}"
    )
