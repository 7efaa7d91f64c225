"""Forty real scans of ten slides: mates and strangers stay apart."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from ribin.comparison import Comparison
from ribin.pipeline import compare_many, describe_mark, extract_marks
from ribin.read import read_scan

pytestmark = pytest.mark.realdata

# Two scans of each of six slides; among them low mates and high strangers of all pairs.
TWELVE = ("1-1", "F", "2-1", "C", "H", "N", "3-2", "T", "6-2", "O", "8-2", "Q")

Pairs = dict[tuple[str, str], Comparison]


def firearms(folder: Path) -> dict[str, str]:
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as stream:
        return {row["file"]: row["firearm"] for row in csv.DictReader(stream)}


def compare_all(folder: Path, files: list[str]) -> Pairs:
    templates = [describe_mark(*extract_marks(read_scan(folder / file))) for file in files]
    pairs: Pairs = {}
    for k, file in enumerate(files):
        results = compare_many(templates[k], templates[k + 1 :], threads=2)
        pairs |= {(file, other): r for other, r in zip(files[k + 1 :], results, strict=True)}
    return pairs


def split(pairs: Pairs, guns: dict[str, str], figure: str) -> tuple[np.ndarray, np.ndarray]:
    """The figure of mates and of strangers."""
    values = np.array([getattr(result, figure) for result in pairs.values()])
    mated = np.array([guns[one] == guns[two] for one, two in pairs])
    return values[mated], values[~mated]


def variance_ratio(mates: np.ndarray, strangers: np.ndarray) -> float:
    """cmcR's: spread of the class means over the sum of the class variances."""
    means = np.array([mates.mean(), strangers.mean()])
    between = np.square(means - means.mean()).sum()
    return float(between / (mates.var(ddof=1) + strangers.var(ddof=1)))


def check_apart(pairs: Pairs, guns: dict[str, str], gap: float, ratio: float) -> None:
    assert all(result.compared for result in pairs.values())
    for figure in ("score", "cmc"):
        mates, strangers = split(pairs, guns, figure)
        assert mates.min() > strangers.max(), figure  # AUC 1
    mates, strangers = split(pairs, guns, "cmc_fraction")
    assert mates.min() - strangers.max() >= gap
    assert variance_ratio(*split(pairs, guns, "cmc")) >= ratio
    assert rank1(pairs, guns) == 1.0


def rank1(pairs: Pairs, guns: dict[str, str]) -> float:
    """Share of the scans with a mate whose best-scored other scan is one."""
    files = sorted({file for pair in pairs for file in pair})
    found = []
    for file in files:
        scores = {pair: result.score for pair, result in pairs.items() if file in pair}
        if any(guns[one] == guns[two] for one, two in scores):
            one, two = max(scores, key=lambda pair: scores[pair])
            found.append(guns[one] == guns[two])
    assert len(found) == len(files)
    return float(np.mean(found))


def test_twelve_scans_stay_apart(fadul_dir):
    guns = firearms(fadul_dir)
    pairs = compare_all(fadul_dir, [f"Fadul_{name}.x3p" for name in TWELVE])
    assert len(pairs) == 66
    check_apart(pairs, guns, gap=0.45, ratio=42.0)
    mates, strangers = split(pairs, guns, "score")
    assert len(mates) == 6
    assert mates.min() > 80.0
    assert strangers.max() < 40.0


@pytest.mark.slow
def test_all_forty_scans_stay_apart(fadul_dir):
    guns = firearms(fadul_dir)
    pairs = compare_all(fadul_dir, list(guns))
    mates, strangers = split(pairs, guns, "cmc")
    assert (len(mates), len(strangers)) == (63, 717)
    assert mates.min() - strangers.max() >= 16.0  # cells
    check_apart(pairs, guns, gap=0.45, ratio=42.0)


def test_a_real_mark_lies_on_itself(fadul_dir):
    template = describe_mark(*extract_marks(read_scan(fadul_dir / "Fadul_1-1.x3p")))
    (result,) = compare_many(template, [template])
    assert result.ccf == pytest.approx(1.0, abs=1e-6)
    assert result.cmc == result.cells
    assert result.shift_um == pytest.approx((0.0, 0.0), abs=1e-6)
    assert result.rotation_deg == pytest.approx(0.0, abs=1e-6)
