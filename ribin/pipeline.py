"""The whole method: a scan to its marks and templates, two templates to a comparison."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ribin.correlate.steps import correlate_templates
from ribin.decide.steps import decide_comparison, not_compared
from ribin.describe.steps import describe_surface
from ribin.errors import ParameterError
from ribin.model import Comparison, Mark, Scan, Template
from ribin.params import DEFAULT_PARAMS, Params
from ribin.preprocess.steps import extract_breech_face
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
    return (extract_breech_face(scan, params.breech_face.preprocess, trace),)


def describe_mark(mark: Mark, params: Params = DEFAULT_PARAMS, trace: Trace = NO_TRACE) -> Template:
    """All that comparisons need of one mark.

    Raises
    ------
    ScanError
        The mark has no relief, or too little of it was measured.
    """
    return describe_surface(mark, params.breech_face.describe, params.params_id, trace)


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
    started = time.perf_counter()
    method = params.breech_face
    for side in (reference, comparison):
        if side.params_id != params.params_id:
            raise ParameterError(
                f"{side.provenance.source}: a template of parameters {params.params_id} needed, "
                f"found {side.params_id}"
            )
    if (reference.mark_type, reference.kind) != (comparison.mark_type, comparison.kind):
        return not_compared(reference, comparison, _unlike(reference, comparison))
    registration = correlate_templates(
        reference, comparison, method.describe, method.correlate, trace
    )
    if registration is None:
        result = not_compared(
            reference, comparison, "no placement in range where the marks overlap"
        )
    else:
        result = decide_comparison(reference, comparison, registration, method.decide, trace)
    return replace(result, elapsed_s=time.perf_counter() - started)


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
    with ThreadPoolExecutor(threads or 1) as pool:
        return list(pool.map(lambda other: compare_marks(query, other, params), templates))


def _unlike(reference: Template, comparison: Template) -> str:
    return (
        f"unlike: {reference.mark_type} as {reference.kind} and "
        f"{comparison.mark_type} as {comparison.kind}"
    )
