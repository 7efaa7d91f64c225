"""How well two marks agree in bands of wavelengths: against a slow twin, and for known surfaces."""

from __future__ import annotations

import dataclasses
import math

import naive
import numpy as np
import pytest
from mark_makers import make_scan, provenance, template_of

from ribin.comparison import PlacedCells, Registration, RigidMotion
from ribin.correlate.bands import BandLevel, band_agreement, band_ccfs, band_levels
from ribin.model import MarkType, ScanKind, Template
from ribin.params.defaults import DEFAULT_PARAMS

METHOD = DEFAULT_PARAMS.breech_face
PITCH_UM = 25.0
NO_CELLS = PlacedCells(*(np.zeros((0, 2)),) * 2, *(np.zeros(0),) * 3)


def level(seed: int, side: int = 24, bands: int = 2) -> BandLevel:
    rng = np.random.default_rng(seed)
    valid = rng.random((side, side)) < 0.85
    valid[:4, 6:] = False
    valid[[0, -1]] = valid[:, [0, -1]] = False
    surfaces = rng.standard_normal((bands, side, side)).astype(np.float32) * valid
    return BandLevel(surfaces, valid, PITCH_UM)


def laid(motion: RigidMotion) -> Registration:
    back = motion.inverse()
    return Registration(motion, back, 0.0, 0.0, 0.0, False, NO_CELLS, NO_CELLS)


@pytest.mark.parametrize(
    "motion",
    [
        RigidMotion(0.0, (0.0, 0.0)),
        RigidMotion(31.0, (60.0, -35.0)),
        RigidMotion(-140.0, (-12.5, 90.0)),
    ],
)
def test_correlations_of_bands_against_their_slow_twin(motion):
    moved, fixed = level(1), level(2, side=28)
    found = list(band_ccfs(moved, fixed, motion))
    size = fixed.valid.shape[0]
    shift_px = -np.array(motion.shift_um) / PITCH_UM
    for k, (ccf, area_um2) in enumerate(found):
        copy, measured = naive.turned(
            moved.bands[k], moved.valid, motion.rotation_deg, size, shift_px
        )
        both = measured & fixed.valid
        one, two = copy[both], fixed.bands[k][both].astype(np.float64)
        wanted = (one * two).sum() / math.sqrt((one * one).sum() * (two * two).sum())
        assert ccf == pytest.approx(wanted, abs=1e-5)
        assert area_um2 == both.sum() * PITCH_UM**2 > 0.0


def test_marks_that_do_not_overlap_agree_in_nothing():
    far = RigidMotion(0.0, (5000.0, 0.0))
    assert list(band_ccfs(level(1), level(2), far)) == [(0.0, 0.0)] * 2
    sides = (level(1), level(1, bands=1)), (level(2), level(2, bands=1))
    assert band_agreement(*sides, laid(far), METHOD.correlate) == 0.0


def test_a_band_counts_by_the_root_of_what_it_holds():
    """The same correlation over four times the area is worth twice as much."""
    sides = [(level(3, side), level(3, side, bands=1)) for side in (24, 48)]
    valid = [np.pad(np.ones((side - 2, side - 2), bool), 1) for side in (24, 48)]
    whole = [
        tuple(
            BandLevel(np.resize(np.float32([1.0, -1.0]), each.bands.shape), mask, PITCH_UM)
            for each in side
        )
        for side, mask in zip(sides, valid, strict=True)
    ]
    still = laid(RigidMotion(0.0, (0.0, 0.0)))
    small, large = (band_agreement(side, side, still, METHOD.correlate) for side in whole)
    assert large / small == pytest.approx(46.0 / 22.0)


def test_the_order_of_the_marks_changes_no_bit():
    one, two = ((level(n), level(n + 10, bands=1)) for n in (1, 2))
    for motion in (RigidMotion(7.0, (30.0, 4.0)), RigidMotion(0.0, (0.0, -8.0))):
        ahead = laid(motion)
        back = dataclasses.replace(ahead, ahead=ahead.back, back=ahead.ahead)
        found = band_agreement(one, two, ahead, METHOD.correlate)
        assert found == band_agreement(two, one, back, METHOD.correlate) != 0.0


def test_mates_agree_in_bands_and_strangers_do_not():
    still = laid(RigidMotion(0.0, (0.0, 0.0)))
    query, mate, stranger = (
        band_levels(template_of(make_scan(seed, noise_um=noise)), False, METHOD.describe,
                    METHOD.correlate)
        for seed, noise in ((1, 0.0), (1, 0.5), (2, 0.5))
    )  # fmt: skip
    of_mate, of_stranger = (
        band_agreement(query, other, still, METHOD.correlate) for other in (mate, stranger)
    )
    assert of_mate > 3.0 * METHOD.decide.bands_scale
    assert abs(of_stranger) < METHOD.decide.bands_from


def test_the_bands_of_what_is_left_without_lines():
    surface = np.random.default_rng(1).standard_normal((32, 32)).astype(np.float32)
    valid = np.ones((32, 32), bool)
    arrays = {"fine": surface, "fine_valid": valid, "medium": surface, "medium_valid": valid}
    arrays |= {"rest_fine": 2.0 * surface, "rest_medium": -surface}
    mark = Template(MarkType.BREECH_FACE, ScanKind.TOPOGRAPHY, PITCH_UM, "", provenance(), arrays)
    whole, rest = (band_levels(mark, is_rest, METHOD.describe, METHOD.correlate)
                   for is_rest in (False, True))  # fmt: skip
    np.testing.assert_allclose(rest[0].bands, 2.0 * whole[0].bands, atol=1e-5)
    np.testing.assert_allclose(rest[1].bands, -whole[1].bands, atol=1e-5)
    assert band_levels(mark, True, METHOD.describe, METHOD.correlate) is rest
