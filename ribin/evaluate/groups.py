"""The same scores cut by firearm and by ammunition: a pooled rate can hide one bad gun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ribin.evaluate.metrics import Scores, area_under_curve
from ribin.evaluate.pairs import Pair


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
    highest = knm.max() if knm.size else np.nan
    rates = []
    for firearm, number in scans.items():
        own = [p for p in pairs if firearm in p.firearms]
        km, strangers = _scores(own, known_match=True), _scores(own, known_match=False)
        rates.append(
            FirearmRate(
                firearm=firearm,
                scans=number,
                known_match=km.size,
                score_min=float(km.min()) if km.size else np.nan,
                score_median=float(np.median(km)) if km.size else np.nan,
                at_or_below_knm_max=float(np.mean(km <= highest)) if km.size else np.nan,
                knm_max=float(strangers.max()) if strangers.size else np.nan,
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
                km_min=float(km.min()) if km.size else np.nan,
                km_median=float(np.median(km)) if km.size else np.nan,
                knm_max=float(knm.max()) if knm.size else np.nan,
            )
        )
    return tuple(rates) if labelled else ()


def _scores(pairs: Sequence[Pair], known_match: bool) -> Scores:
    scores = [p.score for p in pairs if p.known_match is known_match and p.compared]
    return np.array(scores, dtype=np.float64)
