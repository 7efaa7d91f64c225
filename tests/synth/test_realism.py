"""Synthetic marks beside the Fadul scans: relief by wavelength, slopes, and how mates agree.

Run with `pytest -s -m slow tests/synth/test_realism.py` to see the table.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import x3pio
from plain_ccf import band, best_ccf, level, prepare
from scipy import ndimage

from ribin.synth.breech import BreechFace
from ribin.synth.cartridge import fire
from ribin.synth.firearm import FirearmSpec, make_firearm

pytestmark = [pytest.mark.realdata, pytest.mark.slow]

BANDS_UM = ((25, 50), (50, 100), (100, 200), (200, 400))
PITCH_UM = 10.0  # both are brought to it before they are measured
SCANS = 6


@pytest.fixture(scope="module")
def real(fadul_dir: Path) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
    with (fadul_dir / "labels.csv").open(newline="", encoding="utf-8") as stream:
        labels = [(row["file"], row["firearm"]) for row in csv.DictReader(stream)]
    slides: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for file, slide in labels:
        if len(slides) == SCANS // 2 and slide not in slides:
            continue
        if len(slides.setdefault(slide, [])) < 2:
            slides[slide].append(at_pitch(x3pio.read(fadul_dir / file).layers[0].z * 1e6))
    return {slide: pair for slide, pair in slides.items() if len(pair) == 2}


@pytest.fixture(scope="module")
def made() -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
    spec = FirearmSpec(BreechFace.GRANULAR)  # the Fadul slides look granular
    firearms = {str(k): make_firearm(k, spec) for k in range(SCANS // 2)}
    scans = {name: [fire(firearm, k) for k in (0, 1)] for name, firearm in firearms.items()}
    return {name: [(s.values.astype(float), s.valid) for s in pair] for name, pair in scans.items()}


def at_pitch(heights_um: np.ndarray, own_pitch_um: float = 6.25) -> tuple[np.ndarray, np.ndarray]:
    valid, zoom = np.isfinite(heights_um), own_pitch_um / PITCH_UM
    filled = np.where(valid, heights_um, 0.0)
    weight, total = (ndimage.zoom(a, zoom, order=1) for a in (valid.astype(float), filled))
    inside = weight > 0.7
    return np.where(inside, total / np.maximum(weight, 1e-9), 0.0), inside


def marks_of(groups: dict[str, list[tuple[np.ndarray, np.ndarray]]]) -> Iterator[tuple]:
    for pair in groups.values():
        for values, valid in pair:
            yield level(values, valid), valid, ndimage.binary_erosion(valid, iterations=4)


def relief_by_band(groups: dict[str, list[tuple[np.ndarray, np.ndarray]]]) -> np.ndarray:
    figures = [
        [band(values, valid, PITCH_UM, *limits)[inner].std() for limits in BANDS_UM]
        for values, valid, inner in marks_of(groups)
    ]
    return np.median(figures, axis=0)


def median_slope(groups: dict[str, list[tuple[np.ndarray, np.ndarray]]]) -> float:
    return float(
        np.median(
            [
                np.median(np.hypot(*np.gradient(values, PITCH_UM))[inner])
                for values, _, inner in marks_of(groups)
            ]
        )
    )


def agreement(groups: dict[str, list[tuple[np.ndarray, np.ndarray]]]) -> list[float]:
    return [best_ccf(*(prepare(*side, PITCH_UM) for side in pair)) for pair in groups.values()]


def test_relief_by_wavelength_is_that_of_real_marks(real, made):
    of_real, of_made = relief_by_band(real), relief_by_band(made)
    print("\nwavelengths um      Fadul RMS um   synthetic RMS um")
    for limits, r, m in zip(BANDS_UM, of_real, of_made, strict=True):
        print(f"{limits[0]:5d} to {limits[1]:4d} {r:17.3f} {m:16.3f}")
    assert of_made == pytest.approx(of_real, rel=0.3)


def test_slopes_are_those_of_real_marks(real, made):
    of_real, of_made = median_slope(real), median_slope(made)
    print(f"\nmedian slope (um/um): Fadul {of_real:.3f}, synthetic {of_made:.3f}")
    assert of_made == pytest.approx(of_real, rel=0.3)


def test_mates_agree_as_real_mates_do(real, made):
    of_real, of_made = agreement(real), agreement(made)
    print(f"\nCCF of mates: Fadul {np.round(of_real, 2)}, synthetic {np.round(of_made, 2)}")
    assert np.median(of_made) == pytest.approx(np.median(of_real), abs=0.15)


def test_small_holes_are_as_rare_as_in_real_scans(real, made):
    lost = {}
    for name, groups in (("Fadul", real), ("synthetic", made)):
        shares = []
        for pair in groups.values():
            for _, valid in pair:
                padded = np.pad(valid, 12)
                filled = ndimage.binary_closing(padded, iterations=6)
                shares.append((filled & ~padded).sum() / valid.sum())
        lost[name] = float(np.median(shares))
    print(f"\nshare lost in holes: {lost}")
    assert 0.0 < lost["synthetic"] < 0.02
    assert lost["Fadul"] < 0.02
