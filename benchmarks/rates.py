"""From the pairs of one challenge to its rates: pooled, and by halves of the firearms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from trial import AGREED_UM, Pair, Trial

from ribin.evaluate.metrics import Figures, auc_interval, figures, mate_ranks, rank_curve

SIGHTED = 0.10  # share of the mark's area below which two scans of one mark share too little


@dataclass(frozen=True)
class Rates:
    """Figures of the pairs within one set of firearms.

    `fraction_gap` is the lowest CMC fraction of a known match less the highest of a known
    non-match. `overlap` counts the known matches at or below the highest known non-match by
    score, and those that were not compared. `auc_sighted` leaves out known matches whose scans
    share less than a tenth of the mark: no method can find those.
    """

    firearms: int
    known_match: int
    known_non_match: int
    not_compared_km: int
    not_compared_knm: int
    score: Figures
    cmc: Figures
    ccf: Figures
    fraction_gap: float
    rank1: float
    overlap: int
    sighted: int
    auc_sighted: float


@dataclass(frozen=True)
class Row:
    """One challenge; `recall` is by pass of a search, `registered` of the known matches."""

    name: str
    what: str
    seed: int
    refused: int
    every: Rates
    tuning: Rates
    held_out: Rates
    recall: dict[str, float]
    registered: float
    describe_cpu_ms: float
    compare_cpu_ms: float


def halves(firearms: Sequence[str]) -> tuple[set[str], set[str]]:
    """A fixed split: by name, every second firearm is held out."""
    names = sorted(set(firearms))
    return set(names[::2]), set(names[1::2])


def row(name: str, what: str, seed: int, trial: Trial) -> Row:
    """All figures of one challenge."""
    tuning, held_out = halves(trial.firearms)
    mates = [p for p in trial.pairs if p.known_match]
    return Row(
        name=name,
        what=what,
        seed=seed,
        refused=trial.refused,
        every=_rates(trial, tuning | held_out),
        tuning=_rates(trial, tuning),
        held_out=_rates(trial, held_out),
        recall=_recall(trial),
        registered=float(np.mean([p.away_um <= AGREED_UM for p in mates])),
        describe_cpu_ms=trial.describe_cpu_ms,
        compare_cpu_ms=trial.compare_cpu_ms,
    )


def _rates(trial: Trial, firearms: set[str]) -> Rates:
    inside = [
        p for p in trial.pairs if {trial.firearms[p.first], trial.firearms[p.second]} <= firearms
    ]
    km, knm = ([p for p in inside if p.known_match is known] for known in (True, False))
    compared = [p for p in inside if not math.isnan(p.score)]
    score = _figures(trial, compared, "score")
    fraction = _figures(trial, compared, "cmc_fraction")
    sighted = [p for p in compared if not p.known_match or p.shared >= SIGHTED]
    return Rates(
        firearms=len(firearms),
        known_match=len(km),
        known_non_match=len(knm),
        not_compared_km=sum(math.isnan(p.score) for p in km),
        not_compared_knm=sum(math.isnan(p.score) for p in knm),
        score=score,
        cmc=_figures(trial, compared, "cmc"),
        ccf=_figures(trial, compared, "ccf"),
        fraction_gap=fraction.km_min - fraction.knm_max,
        rank1=_rank1(trial, compared, firearms),
        overlap=sum(not p.score > score.knm_max for p in km),
        sighted=sum(p.known_match for p in sighted),
        auc_sighted=_figures(trial, sighted, "score").auc,
    )


def _figures(trial: Trial, pairs: Sequence[Pair], kind: str) -> Figures:
    names = sorted(set(trial.firearms))
    sides = [[names.index(trial.firearms[k]) for k in (p.first, p.second)] for p in pairs]
    first, second = np.array(sides, np.intp).reshape(-1, 2).T
    values = np.array([getattr(p, kind) for p in pairs], np.float64)
    mates = first == second
    interval = auc_interval(values, first, second, len(names), 200)
    return figures(values[mates], values[~mates], interval)


def _rank1(trial: Trial, pairs: Sequence[Pair], firearms: set[str]) -> float:
    chosen = [i for i, name in enumerate(trial.firearms) if name in firearms]
    place = {i: n for n, i in enumerate(chosen)}
    scores = np.full((len(chosen), len(chosen)), np.nan)
    for p in pairs:
        i, j = place[p.first], place[p.second]
        scores[i, j] = scores[j, i] = p.score
    origin = np.unique([trial.firearms[i] for i in chosen], return_inverse=True)[1]
    return rank_curve(mate_ranks(scores, origin))[0]


def _recall(trial: Trial) -> dict[str, float]:
    """Share of the mates that would be found among a million strangers, after each pass."""
    if trial.passes is None:
        return {}
    guns, passes = np.array(trial.firearms), trial.passes
    mates = (guns[:, None] == guns) & ~np.eye(len(guns), dtype=bool)
    first = np.nan_to_num(passes.first, nan=-1.0) > passes.first_bar[:, None]
    listed = first & (np.nan_to_num(passes.second, nan=-1.0) > passes.second_bar[:, None])
    return {name: float(kept[mates].mean()) for name, kept in (("first", first), ("list", listed))}
