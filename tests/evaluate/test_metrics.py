"""Each figure against a slow twin that a reader believes."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from ribin.evaluate.metrics import (
    area_under_curve,
    auc_interval,
    equal_error_rate,
    figures,
    mate_ranks,
    rank_curve,
    tpr_at_zero_fpr,
    variance_ratio,
)


def naive_auc(km, knm):
    points = [1 if a > b else Fraction(1, 2) if a == b else 0 for a in km for b in knm]
    return float(sum(points, Fraction(0)) / len(points))


def naive_eer(km, knm):
    """Walk the thresholds upwards; cut the line from the last point with more taken in."""
    last = (0.0, 1.0)
    for threshold in [*sorted({*km, *knm}), math.inf]:
        missed = sum(s < threshold for s in km) / len(km)
        taken_in = sum(s >= threshold for s in knm) / len(knm)
        if missed >= taken_in:
            rise, fall = missed - last[0], last[1] - taken_in
            share = (last[1] - last[0]) / (rise + fall)
            return last[0] + share * rise
        last = (missed, taken_in)
    raise AssertionError


def naive_variance_ratio(km, knm):
    def mean(values):
        return sum(values) / len(values)

    def variance(values):
        return sum((v - mean(values)) ** 2 for v in values) / (len(values) - 1)

    middle = (mean(km) + mean(knm)) / 2
    between = (mean(km) - middle) ** 2 + (mean(knm) - middle) ** 2
    return between / (variance(km) + variance(knm))


@pytest.fixture(params=range(12))
def classes(request):
    """Overlapping classes; odd seeds hold many ties, as CMC counts do."""
    rng = np.random.default_rng(request.param)
    km, knm = rng.normal(1.0, 1.0, 17), rng.normal(0.0, 1.0, 43)
    return (np.round(km), np.round(knm)) if request.param % 2 else (km, knm)


def test_auc_counts_ties_as_half(classes):
    assert area_under_curve(*classes) == pytest.approx(naive_auc(*classes), abs=1e-12)


def test_eer(classes):
    assert equal_error_rate(*classes) == pytest.approx(naive_eer(*classes), abs=1e-12)


def test_variance_ratio(classes):
    expected = naive_variance_ratio(*(list(c) for c in classes))
    assert variance_ratio(*classes) == pytest.approx(expected, rel=1e-12)


def test_tpr_at_zero_fpr(classes):
    km, knm = classes
    expected = sum(all(a > b for b in knm) for a in km) / len(km)
    assert tpr_at_zero_fpr(km, knm) == pytest.approx(expected)


def test_separated_classes_make_no_error():
    km, knm = np.array([0.7, 0.8]), np.array([0.1, 0.2, 0.3])
    result = figures(km, knm, (1.0, 1.0))
    assert (result.auc, result.eer, result.tpr_at_zero_fpr) == (1.0, 0.0, 1.0)
    assert (result.km_min, result.km_median) == (0.7, 0.75)
    assert (result.knm_median, result.knm_max) == (0.2, 0.3)


def test_reversed_classes_are_all_error():
    km, knm = np.array([0.1, 0.2]), np.array([0.7, 0.8])
    assert area_under_curve(km, knm) == 0.0
    assert equal_error_rate(km, knm) == 1.0


def test_an_empty_class_gives_nan_and_not_zero():
    empty, some = np.array([]), np.array([0.5, 0.6])
    for km, knm in ((empty, some), (some, empty), (empty, empty)):
        result = figures(km, knm, (math.nan, math.nan))
        assert all(
            math.isnan(v)
            for v in (result.auc, result.eer, result.tpr_at_zero_fpr, result.variance_ratio)
        )


def naive_interval(scores, first, second, firearms, resamples):
    """The documented scheme word for word, on the same draws."""
    rng = np.random.default_rng(20_230_501)
    drawn = rng.multinomial(firearms, np.full(firearms, 1 / firearms), size=resamples)
    areas = []
    for counts in drawn:
        km, knm = [], []
        for score, a, b in zip(scores, first, second, strict=True):
            if a == b:
                km += [score] * counts[a]
            else:
                knm += [score] * (counts[a] * counts[b])
        if km and knm:
            areas.append(naive_auc(km, knm))
    return tuple(np.percentile(areas, [2.5, 97.5]))


def _pairs(seed, firearms=5, scans=2):
    rng = np.random.default_rng(seed)
    of = np.repeat(np.arange(firearms), scans)
    sides = np.array([(of[i], of[j]) for i in range(len(of)) for j in range(i + 1, len(of))])
    mates = sides[:, 0] == sides[:, 1]
    return np.round(rng.normal(mates * 1.0, 0.7), 1), sides[:, 0], sides[:, 1]


@pytest.mark.parametrize("seed", range(3))
def test_interval_resamples_firearms(seed):
    pairs = _pairs(seed)
    expected = naive_interval(*pairs, firearms=5, resamples=40)
    assert auc_interval(*pairs, firearms=5, resamples=40) == pytest.approx(expected, abs=1e-12)


def test_interval_is_the_same_every_time_and_holds_the_auc():
    scores, first, second = _pairs(7, firearms=8, scans=3)
    low, high = auc_interval(scores, first, second, 8)
    assert (low, high) == auc_interval(scores, first, second, 8)
    mates = first == second
    assert low < area_under_curve(scores[mates], scores[~mates]) < high


def test_interval_of_one_firearm_is_not_computed():
    one = np.zeros(3, dtype=np.intp)
    assert np.isnan(auc_interval(np.array([0.1, 0.2, 0.3]), one, one, 1)).all()


def naive_ranks(scores, firearm):
    ranks = []
    for i in range(len(firearm)):
        others = [j for j in range(len(firearm)) if j != i]
        if not any(firearm[j] == firearm[i] for j in others):
            continue
        listed = [j for j in others if not math.isnan(scores[i][j])]
        # sorted by score; of equal scores the non-mate first
        listed.sort(key=lambda j: (-scores[i][j], firearm[j] == firearm[i]))
        mates = [r for r, j in enumerate(listed, 1) if firearm[j] == firearm[i]]
        ranks.append(mates[0] if mates else math.inf)
    return ranks


@pytest.mark.parametrize("seed", range(8))
def test_mate_ranks(seed):
    rng = np.random.default_rng(seed)
    firearm = rng.integers(0, 5, 12)
    scores = np.round(rng.random((12, 12)), 1)  # ties
    scores[rng.random((12, 12)) < 0.3] = np.nan
    scores = np.triu(scores, 1) + np.triu(scores, 1).T
    # a mate above or level with the non-mates before it: its rank counts non-mates only
    expected = naive_ranks(scores, firearm)
    assert mate_ranks(scores, firearm).tolist() == expected


def test_rank_curve_is_a_cumulative_share():
    assert rank_curve(np.array([1, 1, 3, np.inf]), depth=4) == (0.5, 0.5, 0.75, 0.75)
    assert all(math.isnan(share) for share in rank_curve(np.array([])))
