"""The whole method on two pages: one scan to its marks and templates, two templates to a score."""

from __future__ import annotations

from collections.abc import Sequence

from ribin.model import Comparison, Mark, Scan, Template
from ribin.params import DEFAULT_PARAMS, Params
from ribin.trace import NO_TRACE, Trace


def extract_marks(
    scan: Scan, params: Params = DEFAULT_PARAMS, trace: Trace = NO_TRACE
) -> tuple[Mark, ...]:
    raise NotImplementedError


def describe_mark(mark: Mark, params: Params = DEFAULT_PARAMS, trace: Trace = NO_TRACE) -> Template:
    raise NotImplementedError


def compare_marks(
    reference: Template,
    comparison: Template,
    params: Params = DEFAULT_PARAMS,
    trace: Trace = NO_TRACE,
) -> Comparison:
    raise NotImplementedError


def compare_many(
    query: Template,
    templates: Sequence[Template],
    params: Params = DEFAULT_PARAMS,
    threads: int | None = None,
) -> list[Comparison]:
    raise NotImplementedError
