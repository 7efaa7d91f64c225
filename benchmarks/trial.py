"""One challenge carried out: every pair compared, with its truth beside it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from challenge import Challenge, degraded
from crowd import Crowd, Passes
from motion import Points, apart_um, found_motion
from specimens import Specimen, mark_center, measured_points

from ribin.comparison import Comparison
from ribin.errors import ScanError
from ribin.model import Template
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.pipeline import compare_many, describe_mark, extract_marks, look_again

AGREED_UM = 100.0  # a quarter of a cell: nearer than that, cells find their own place


@dataclass(frozen=True, eq=False)
class Side:
    """A degraded specimen, described; no template where the scan was refused."""

    specimen: Specimen
    center_um: Points | None
    template: Template | None


@dataclass(frozen=True, eq=False)
class Pair:
    """One unordered pair; figures are NaN where it was not compared.

    `shared` is the share of the mark's whole area that both scans still hold, and `away_um` how
    far from the truth the marks were laid on each other; both only for known matches.
    """

    first: int
    second: int
    known_match: bool
    score: float
    cmc: float
    cmc_fraction: float
    ccf: float
    parts: tuple[float, ...]  # of the score, before they are weighed
    shared: float
    away_um: float


@dataclass(frozen=True, eq=False)
class Trial:
    """All pairs of one challenge; `passes` are those of a search, where a crowd was asked."""

    firearms: tuple[str, ...]
    pairs: list[Pair]
    passes: Passes | None
    refused: int  # scans without a template
    describe_cpu_ms: float  # a scan
    compare_cpu_ms: float  # a pair


def run_trial(
    challenge: Challenge,
    specimens: Sequence[Specimen],
    seed: int,
    threads: int,
    params: Params = DEFAULT_PARAMS,
    crowd: Crowd | None = None,
) -> Trial:
    """Degrade, describe, compare each specimen with every later one."""
    params = _within_range(challenge, params)
    earlier, later = degraded(challenge, specimens, seed)
    start = time.process_time()
    queries = [_described(s, params) for s in earlier]
    gallery = queries if later is earlier else [_described(s, params) for s in later]
    described = time.process_time()
    how = params, threads, challenge.second_look
    pairs = [p for i in range(len(specimens)) for p in _row(i, queries, gallery, *how)]
    compared = time.process_time()
    sides = queries if gallery is queries else [*queries, *gallery]
    return Trial(
        firearms=tuple(s.firearm for s in specimens),
        pairs=pairs,
        passes=_passes(crowd, queries, gallery, params),
        refused=sum(side.template is None for side in sides),
        describe_cpu_ms=1e3 * (described - start) / len(sides),
        compare_cpu_ms=1e3 * (compared - described) / len(pairs),
    )


def _within_range(challenge: Challenge, params: Params) -> Params:
    if not challenge.any_rotation:
        return params
    method = params.breech_face
    correlate = replace(method.correlate, rotation_range_deg=180.0, mounting_deg=180.0)
    return replace(params, breech_face=replace(method, correlate=correlate))


def _described(specimen: Specimen, params: Params) -> Side:
    try:
        mark = extract_marks(specimen.scan, params)[0]
        return Side(specimen, mark_center(mark), describe_mark(mark, params))
    except ScanError:
        return Side(specimen, None, None)


def _row(
    i: int,
    queries: Sequence[Side],
    gallery: Sequence[Side],
    params: Params,
    threads: int,
    second_look: bool,
) -> list[Pair]:
    reference, others = queries[i], range(i + 1, len(gallery))
    able = [j for j in others if gallery[j].template]
    results: dict[int, Comparison] = {}
    if reference.template:
        templates = [t for j in able if (t := gallery[j].template)]
        found = compare_many(reference.template, templates, params, threads)
        if second_look:
            found = [
                look_again(reference.template, template, one.score, params) or one
                for template, one in zip(templates, found, strict=True)
            ]
        results = dict(zip(able, found, strict=True))
    return [_pair(i, j, reference, gallery[j], results.get(j)) for j in others]


def _pair(i: int, j: int, reference: Side, other: Side, result: Comparison | None) -> Pair:
    known_match = reference.specimen.firearm == other.specimen.firearm
    shared, away_um = _against_truth(reference, other, result) if known_match else (np.nan, np.nan)
    score, cmc, fraction, ccf = (
        getattr(result, name) if result else np.nan
        for name in ("score", "cmc", "cmc_fraction", "ccf")
    )
    parts = tuple(part.value for part in result.score_parts) if result else ()
    return Pair(i, j, known_match, score, cmc, fraction, ccf, parts, shared, away_um)


def _against_truth(reference: Side, other: Side, result: Comparison | None) -> tuple[float, float]:
    first, second = reference.specimen, other.specimen
    truth = second.motion.after(first.motion.inverse())
    points = measured_points(first.scan)
    pitch = np.array([second.scan.row_pitch_um, second.scan.col_pitch_um])
    pixels = np.rint(truth.of(points) / pitch).astype(np.int64)
    inside = ((pixels >= 0) & (pixels < second.scan.shape)).all(axis=1)
    held = inside.copy()
    held[inside] = second.scan.valid[tuple(pixels[inside].T)]
    area = float(first.scan.valid.sum()) * first.scan.row_pitch_um * first.scan.col_pitch_um
    shared = float(held.mean()) * area / first.area_um2
    if result is None or not result.compared:
        return shared, np.nan
    assert reference.center_um is not None
    assert other.center_um is not None
    found = found_motion(result, reference.center_um, other.center_um)
    return shared, apart_um(found, truth, points)


def _passes(
    crowd: Crowd | None, queries: Sequence[Side], gallery: Sequence[Side], params: Params
) -> Passes | None:
    if crowd is None:
        return None
    sides = [side.template for side in queries], [side.template for side in gallery]
    return crowd.score(*sides, params)
