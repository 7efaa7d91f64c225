"""A folder of labelled scans to error rates: the whole evaluation as a list of calls."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ribin._version import __version__
from ribin.cases.csv_files import OWN_FORM, TableForm
from ribin.errors import ScanError
from ribin.evaluate.metrics import (
    Figures,
    Scores,
    area_under_curve,
    auc_interval,
    figure_of,
    figures,
    mate_ranks,
    rank_curve,
)
from ribin.evaluate.pairs import (
    LABELS_FILE,
    DescribedScan,
    Label,
    Pair,
    compare_scans,
    describe_scans,
    read_labels,
    warm_up,
)
from ribin.model import MarkType
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.workers import OnProgress, silent


@dataclass(frozen=True)
class FailedScan:
    """A labelled scan that could not be read or described."""

    file: str
    mark: MarkType
    reason: str


@dataclass(frozen=True)
class Evaluation:
    """Error rates of one folder; the fields are the contract of `ribin evaluate --json`."""

    scans: int
    pairs: int
    known_match: int
    known_non_match: int
    not_compared: int  # pairs, of both classes
    not_compared_reasons: dict[str, int]
    score: Figures
    cmc: Figures
    ccf: Figures
    scans_with_mate: int
    rank1: float
    rank10: float
    rank_curve: tuple[float, ...]  # share of the scans with a mate that find one within rank k
    firearms: tuple[FirearmRate, ...]
    ammunition: tuple[AmmunitionRate, ...]
    failed_scans: tuple[FailedScan, ...]
    cpu_seconds_per_pair: float
    cpu_seconds_per_scan: float
    peak_rss_mb: float
    params_id: str
    version: str


def evaluate_folder(
    folder: Path,
    params: Params = DEFAULT_PARAMS,
    jobs: int = 1,
    tick: OnProgress = silent,
    form: TableForm = OWN_FORM,
) -> tuple[Evaluation, list[Pair]]:
    """Describe every scan that labels.csv names, compare all pairs, and count.

    `jobs` processes describe and as many threads compare; the scores do not depend on it. `tick` is
    told what is done, how many so far, and of how many. `form`: how labels.csv is written.

    Raises FormatError: labels.csv is absent or damaged. Raises ScanError: fewer than two scans
    could be described.
    """
    labels = tuple(sorted(read_labels(folder, form), key=lambda label: label.file))
    if len(labels) < 2:
        raise ScanError(f"{folder / LABELS_FILE}: 2 scans needed, found {len(labels)}")
    described = describe_scans(folder, labels, params, jobs, tick)
    usable = sum(d.template is not None for d in described)
    if usable < 2:
        reason = next(d.reason for d in described if d.reason)
        raise ScanError(f"{folder}: 2 usable scans needed, found {usable}; {reason}")
    warm_up(described, params)
    start = cpu_seconds()
    pairs = compare_scans(labels, described, params, jobs, tick)
    return _summary(labels, described, pairs, cpu_seconds() - start, params), pairs


def _summary(
    labels: Sequence[Label],
    described: Sequence[DescribedScan],
    pairs: Sequence[Pair],
    pair_cpu_s: float,
    params: Params,
) -> Evaluation:
    compared = [p for p in pairs if p.compared]
    number = {firearm: n for n, firearm in enumerate(dict.fromkeys(la.firearm for la in labels))}
    ranks = mate_ranks(*_matrix(labels, pairs, number))
    curve = rank_curve(ranks)
    usable = [d for d in described if d.template]
    failed = [
        FailedScan(la.file, la.mark, d.reason)
        for la, d in zip(labels, described, strict=True)
        if d.reason
    ]
    return Evaluation(
        scans=len(labels),
        pairs=len(pairs),
        known_match=sum(p.known_match for p in pairs),
        known_non_match=sum(not p.known_match for p in pairs),
        not_compared=len(pairs) - len(compared),
        not_compared_reasons=dict(Counter(p.reason for p in pairs if not p.compared)),
        score=_figures(compared, "score", number),
        cmc=_figures(compared, "cmc", number),
        ccf=_figures(compared, "ccf", number),
        scans_with_mate=ranks.size,
        rank1=curve[0],
        rank10=curve[9],
        rank_curve=curve,
        firearms=by_firearm(pairs, dict(Counter(sorted(label.firearm for label in labels)))),
        ammunition=by_ammunition(pairs),
        failed_scans=tuple(failed),
        cpu_seconds_per_pair=pair_cpu_s / len(compared) if compared else np.nan,
        cpu_seconds_per_scan=sum(d.cpu_s for d in usable) / len(usable),
        peak_rss_mb=peak_rss_mb(),
        params_id=params.params_id,
        version=__version__,
    )


def _figures(pairs: Sequence[Pair], kind: str, number: dict[str, int]) -> Figures:
    values = np.array([getattr(p, kind) for p in pairs], dtype=np.float64)
    sides = np.array([[number[f] for f in p.firearms] for p in pairs]).reshape(-1, 2)
    there = ~np.isnan(values)
    values, first, second = values[there], sides[there, 0], sides[there, 1]
    mates = first == second
    interval = auc_interval(values, first, second, len(number))
    return figures(values[mates], values[~mates], interval)


def _matrix(
    labels: Sequence[Label], pairs: Sequence[Pair], number: dict[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    place = {(label.file, label.mark): n for n, label in enumerate(labels)}
    scores = np.full((len(labels), len(labels)), np.nan)
    for pair in pairs:
        i, j = place[pair.reference, pair.mark], place[pair.comparison, pair.mark]
        scores[i, j] = scores[j, i] = pair.score
    # Only marks of one type are compared, so only they are mates.
    origin = np.array([[number[la.firearm], tuple(MarkType).index(la.mark)] for la in labels])
    return scores, np.unique(origin, axis=0, return_inverse=True)[1]


# What an evaluation cost: CPU seconds and memory of this process and its workers.

_BYTES_PER_MIB = 1024 * 1024


def cpu_seconds() -> float:
    """CPU time of every thread of this process and of the children that have ended."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def peak_rss_mb() -> float:
    """The largest resident memory, in MiB, of this process or of one ended child; NaN on Windows.

    Processes are not added up: pages that a parent and its children share would count twice.
    """
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, others KiB
    return peak * unit / _BYTES_PER_MIB


# The same scores cut by firearm and by ammunition: a pooled rate can hide one bad gun.


@dataclass(frozen=True)
class FirearmRate:
    """How the known matches of one firearm stand against the known non-matches of all."""

    firearm: str
    scans: int
    known_match: int  # pairs that were compared
    score_min: float
    score_median: float
    at_or_below_knm_max: float  # share of its known matches
    knm_max: float  # highest known non-match in which it takes part


@dataclass(frozen=True)
class AmmunitionRate:
    """The pairs whose two sides fired the same, or different, ammunition."""

    ammunition: str  # "same" or "different"
    known_match: int
    known_non_match: int
    auc: float
    km_min: float
    km_median: float
    knm_max: float


def by_firearm(pairs: Sequence[Pair], scans: dict[str, int]) -> tuple[FirearmRate, ...]:
    """One rate for each firearm in `scans` (firearm -> its number of scans)."""
    knm = _scores(pairs, known_match=False)
    highest = figure_of(np.max, knm)
    rates = []
    for firearm, number in scans.items():
        own = [p for p in pairs if firearm in p.firearms]
        km, strangers = _scores(own, known_match=True), _scores(own, known_match=False)
        rates.append(
            FirearmRate(
                firearm=firearm,
                scans=number,
                known_match=km.size,
                score_min=figure_of(np.min, km),
                score_median=figure_of(np.median, km),
                at_or_below_knm_max=float(np.mean(km <= highest)) if km.size else np.nan,
                knm_max=figure_of(np.max, strangers),
            )
        )
    return tuple(rates)


def by_ammunition(pairs: Sequence[Pair]) -> tuple[AmmunitionRate, ...]:
    """Same and different ammunition apart; empty where no pair is labelled on both sides."""
    labelled = [p for p in pairs if all(p.ammunition)]
    rates = []
    for name, same in (("same", True), ("different", False)):
        chosen = [p for p in labelled if (p.ammunition[0] == p.ammunition[1]) is same]
        km, knm = _scores(chosen, known_match=True), _scores(chosen, known_match=False)
        rates.append(
            AmmunitionRate(
                ammunition=name,
                known_match=km.size,
                known_non_match=knm.size,
                auc=area_under_curve(km, knm),
                km_min=figure_of(np.min, km),
                km_median=figure_of(np.median, km),
                knm_max=figure_of(np.max, knm),
            )
        )
    return tuple(rates) if labelled else ()


def _scores(pairs: Sequence[Pair], known_match: bool) -> Scores:
    scores = [p.score for p in pairs if p.known_match is known_match and p.compared]
    return np.array(scores, dtype=np.float64)
