"""One pair of templates: whether it may be compared, how it lies, and what is decided of it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ribin.comparison import Comparison
from ribin.correlate.steps import correlate_sides, prepare_side
from ribin.decide.steps import decide_comparison, not_compared
from ribin.errors import ParameterError
from ribin.model import NO_TRACE, Template, Trace, light_hindrance, light_note
from ribin.params.defaults import Params


def compare_pair(one: Template, two: Template, params: Params, trace: Trace) -> Comparison:
    """Compare the reference `one` with `two`; see `ribin.pipeline.compare_marks`."""
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


def compare_with_each(
    query: Template, templates: Sequence[Template], params: Params, threads: int | None
) -> list[Comparison]:
    """Compare one reference with each of many at once; see `ribin.pipeline.compare_many`."""

    def against(other: Template) -> Comparison:
        return compare_pair(query, other, params, NO_TRACE)

    number = min(threads or os.cpu_count() or 1, len(templates))
    if number < 2:
        return [against(other) for other in templates]
    prepare_side(query)  # once, before they all ask for it
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(against, templates))


def _unlike(reference: Template, comparison: Template) -> str:
    """Why two marks are never compared; empty where they may be."""
    one, two = reference, comparison
    if (one.mark_type, one.kind) == (two.mark_type, two.kind):
        return light_hindrance(one.provenance.lighting, two.provenance.lighting)
    return (
        f"unlike: {reference.mark_type.words} as {reference.kind} and "
        f"{comparison.mark_type.words} as {comparison.kind}"
    )
