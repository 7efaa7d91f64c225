"""Every unordered pair of labelled scans, once; the reference is the earlier file."""

from __future__ import annotations

from collections.abc import Sequence

from ribin.evaluate.describing import Described, Tick
from ribin.evaluate.labels import Label
from ribin.evaluate.pairs import Pair, compared_pair, uncompared_pair
from ribin.lighting import light_hindrance
from ribin.model import Template
from ribin.params.defaults import Params
from ribin.pipeline import compare_many


def compare_scans(
    labels: Sequence[Label],
    described: Sequence[Described],
    params: Params,
    threads: int,
    tick: Tick,
) -> list[Pair]:
    """Compare each scan with every later one that is labelled with the same mark.

    Parameters
    ----------
    labels, described : sequences of the same length
        The scans in the order of their file names.
    """
    total = sum(a.mark is b.mark for i, a in enumerate(labels) for b in labels[i + 1 :])
    pairs: list[Pair] = []
    for i, label in enumerate(labels):
        later = [j for j in range(i + 1, len(labels)) if labels[j].mark is label.mark]
        pairs += _row(i, later, labels, described, params, threads)
        tick("comparing", len(pairs), total)
    return pairs


def warm_up(described: Sequence[Described], params: Params) -> None:
    """Compile or load the kernels of a comparison, so that no pair is charged for it."""
    templates = [d.template for d in described if d.template]
    for i, first in enumerate(templates):
        second = next((t for t in templates[i + 1 :] if not _hindrance(first, t)), None)
        if second:
            compare_many(first, [second], params, threads=1)
            return


def _row(
    i: int,
    later: Sequence[int],
    labels: Sequence[Label],
    described: Sequence[Described],
    params: Params,
    threads: int,
) -> list[Pair]:
    """The pairs of scan i with the `later` ones."""
    reference = described[i].template
    reasons = {j: _reason(described[i], described[j]) for j in later}
    able = [t for j in later if not reasons[j] and (t := described[j].template)]
    found = compare_many(reference, able, params, threads) if reference and able else ()
    results = iter(found)
    return [
        uncompared_pair(labels[i], labels[j], reasons[j])
        if reasons[j]
        else compared_pair(labels[i], labels[j], next(results))
        for j in later
    ]


def _reason(reference: Described, comparison: Described) -> str:
    """Why two scans cannot be compared; empty where they can."""
    for side in (reference, comparison):
        if side.template is None:
            return side.reason
    assert reference.template
    assert comparison.template
    return _hindrance(reference.template, comparison.template)


def _hindrance(reference: Template, comparison: Template) -> str:
    if reference.kind is not comparison.kind:
        return f"{reference.kind} against {comparison.kind}"
    if reference.mark_type is not comparison.mark_type:
        return f"{reference.mark_type} against {comparison.mark_type}"
    return light_hindrance(reference.provenance.lighting, comparison.provenance.lighting)
