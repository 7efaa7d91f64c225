"""Dust, drag and flowback are left out of a breech face; its own relief is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from naive import naive_aperture_distance, naive_local_heights
from scipy import ndimage

from ribin.extract.outliers import (
    aperture_distance,
    find_outliers,
    leave_out_outliers,
    local_heights,
    polynomial_form,
    relief_scale,
)
from ribin.extract.outlines import keep_all
from ribin.model import LeftOut, Origin, Region, ScanKind
from ribin.params.defaults import NO_OUTLIERS, OutlierParams
from ribin.pipeline import find_marks, judge_marks
from ribin.read import read_scan

PITCH = (10.0, 10.0)
P = OutlierParams()
SHAPE = (260, 260)
ROWS, COLS = np.ogrid[-130.0:130.0, -130.0:130.0]
AWAY_UM = 10.0 * np.hypot(ROWS, COLS)
RING = (AWAY_UM > 500.0) & (AWAY_UM < 1250.0)
FORM = 0.02 * 10.0 * ROWS - 30.0 * (AWAY_UM / 1250.0) ** 2  # tilted and domed


def relief(seed: int = 1) -> np.ndarray:
    rough = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(SHAPE), 3.0)
    return 1.5 * rough / rough.std()


def surface(extra: np.ndarray | float = 0.0, seed: int = 1) -> np.ndarray:
    return np.where(RING, relief(seed) + FORM + extra, 0.0).astype(np.float32)


def dust() -> np.ndarray:
    """Grains 12 um high and 60 um wide."""
    places = np.zeros(SHAPE, bool)
    places[20:-20:40, 20:-20:40] = True
    return 12.0 * ndimage.binary_dilation(places, iterations=3)


def drag() -> np.ndarray:
    """A heap in 50 degrees of the ring, furrowed, falling outwards."""
    angle = np.rad2deg(np.arctan2(-ROWS, COLS))
    fall = np.clip(1.0 - (AWAY_UM - 500.0) / 500.0, 0.0, 1.0)
    furrows = 6.0 * np.sin(2.0 * np.pi * 10.0 * ROWS / 40.0)
    return np.where((np.abs(angle) < 25.0) & (fall > 0.0), 40.0 * fall + furrows, 0.0)


def flowback() -> np.ndarray:
    return 80.0 * np.exp(-np.maximum(AWAY_UM - 500.0, 0.0) / 80.0)


def left_out(heights: np.ndarray, params: OutlierParams = P, inside: np.ndarray = RING):
    return find_outliers(heights, inside, PITCH, params)


@pytest.fixture(scope="module")
def scan(sample_dir):
    return read_scan(sample_dir / "BRB-2025-0020-1.x3p")


def test_relief_and_form_are_kept():
    assert np.mean(left_out(surface())[RING] > 0) < 0.01


@pytest.mark.parametrize("factor", [0.125, 1.0, 1024.0])
def test_dust_is_left_out_whatever_the_scale_of_heights(factor):
    """Factors are powers of two, so that no rounding differs."""
    out = left_out((factor * surface(dust())).astype(np.float32))
    np.testing.assert_array_equal(out, left_out(surface(dust())))
    grains = RING & (dust() > 0.0)
    assert np.mean(out[grains] > 0) > 0.95
    assert np.mean(out[RING & ~grains] > 0) < 0.10


def test_pits_are_left_out_as_grains_are():
    grains = RING & (dust() > 0.0)
    assert np.mean(left_out(surface(-1.5 * dust()))[grains] > 0) > 0.95


def test_an_offset_changes_nothing():
    heights = surface(dust())
    moved = np.where(RING, heights + np.float32(256.0), np.float32(0))
    assert np.mean(left_out(moved) != left_out(heights)) < 1e-3


def test_what_was_not_measured_never_matters():
    heights = surface(dust())
    other = np.where(RING, heights, np.float32(1e4))
    np.testing.assert_array_equal(left_out(other), left_out(heights))
    assert not left_out(heights)[~RING].any()


def test_an_empty_frame_around_the_mark_changes_nothing():
    heights = surface(dust())
    wide, inside = (np.pad(plane, ((17, 3), (5, 40))) for plane in (heights, RING))
    found = find_outliers(wide, inside, PITCH, P)[17:-3, 5:-40]
    np.testing.assert_array_equal(found, left_out(heights))


def test_drag_beside_the_aperture_is_left_out_and_named():
    out = left_out(surface(drag()))
    heap = RING & (drag() > 8.0)
    assert np.mean(out[heap] == LeftOut.DRAG) > 0.9
    assert not (out == LeftOut.FLOWBACK).any()
    assert np.mean(out[RING & (drag() == 0.0)] > 0) < 0.05


def test_what_lies_between_many_fibres_is_kept():
    """They cover a fifth of the mark, and lift the form that is fitted first."""
    fibres = np.zeros(SHAPE, bool)
    for row, col, across in np.random.default_rng(5).integers((200, 200, 2), size=(120, 3)):
        fibres[row : row + (2 if across else 60), col : col + (60 if across else 2)] = True
    out = left_out(surface(20.0 * fibres))
    assert np.mean(out[RING & fibres] == LeftOut.DUST) > 0.9
    assert np.mean(out[RING & ~ndimage.binary_dilation(fibres)] > 0) < 0.01


def test_fibres_that_reach_the_aperture_are_dust_beside_drag_too():
    fibres = np.zeros(SHAPE)
    fibres[126:130, 20:100] = 15.0  # from the rim outwards, and across
    fibres[60:200, 50:54] = 15.0
    out = left_out(surface(np.maximum(drag(), fibres)))
    seen = RING & (fibres > 0.0)
    assert np.mean(out[seen] == LeftOut.DUST) > 0.9
    assert np.mean(out[RING & (drag() > 8.0)] == LeftOut.DRAG) > 0.8


def test_flowback_all_round_the_aperture_is_left_out_and_named():
    out = left_out(surface(flowback()))
    assert np.mean(out[RING & (flowback() > 15.0)] == LeftOut.FLOWBACK) > 0.9
    assert np.mean(out[RING & (AWAY_UM > 950.0)] > 0) < 0.02


def test_a_falling_edge_is_form():
    """The outer tenth of a primer's radius falls."""
    beyond = np.clip((AWAY_UM - 1125.0) / 125.0, 0.0, 1.0)
    assert np.mean(left_out(surface(-20.0 * beyond**2))[RING] > 0) < 0.01


def test_half_of_a_blurred_scan_keeps_the_peaks_of_the_other_half():
    sharp = relief()
    blurred = ndimage.gaussian_filter(sharp, 6.0)
    mixed = np.where(COLS < 0.0, sharp, blurred) + FORM
    out = left_out(np.where(RING, mixed, 0.0).astype(np.float32))
    assert np.mean(out[RING & (COLS < 0.0)] > 0) < 0.01


def test_next_to_nothing_is_left_to_the_clip():
    """A grain that takes less than a hundredth of the mark."""
    grain = 12.0 * (np.hypot(ROWS, COLS - 90.0) < 5.0)
    assert not left_out(surface(grain)).any()
    assert left_out(surface(grain), replace(P, min_left_out=0.0)).any()


def test_a_steep_peak_is_dust_and_a_round_one_is_relief():
    places = np.zeros(SHAPE)
    places[30:-30:50, 30:-30:50] = 1.0
    round_top = ndimage.gaussian_filter(places, 6.0)
    peaks = 14.0 * round_top / round_top.max()
    grains = 14.0 * (round_top > 0.4 * round_top.max())
    kept, dropped = (left_out(surface(extra)) for extra in (peaks, grains))
    tops = RING & (round_top > 0.8 * round_top.max())
    assert np.mean(kept[tops] > 0) < 0.2
    assert np.mean(dropped[tops] > 0) > 0.9


def test_nothing_is_left_out_where_too_little_would_remain():
    strict = replace(P, min_kept=0.99)
    assert not left_out(surface(dust()), strict).any()


@pytest.mark.parametrize("inside", [np.zeros_like(RING), RING & (ROWS == 0.0) & (COLS == 60.0)])
def test_next_to_nothing_measured_leaves_nothing_out(inside):
    assert not left_out(surface(), inside=inside).any()


def test_a_flat_surface_with_dust_loses_its_dust_alone():
    out = left_out(np.where(RING, dust(), 0.0).astype(np.float32))
    assert np.mean(out[RING & (dust() > 0.0)] > 0) > 0.95
    assert np.mean(out[RING] > 0) < 0.4


@pytest.mark.parametrize("sigma_px", [1.5, 3.0])
def test_local_heights_are_those_of_a_plain_regression(sigma_px):
    chance = np.random.default_rng(3)
    heights = chance.standard_normal((14, 17))
    weight = np.where(chance.random((14, 17)) < 0.6, chance.random((14, 17)), 0.0)
    found = local_heights(heights, weight.astype(np.float32), sigma_px, 0.02)
    expected = naive_local_heights(heights, weight, sigma_px, 0.02)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)


def test_a_plane_is_its_own_local_height_up_to_the_edge():
    plane = 3.0 + 0.5 * np.arange(30.0)[:, None] - 0.2 * np.arange(40.0)[None, :]
    tilted, level = local_heights(plane, np.ones(plane.shape), 3.0, 1e-9)
    np.testing.assert_allclose(tilted, plane, atol=1e-4)
    assert abs(level - plane)[0].max() > 0.5


def test_a_polynomial_is_found_below_outliers():
    rows, cols = np.linspace(-1, 1, 40)[:, None], np.linspace(-1, 1, 50)[None, :]
    true = 5.0 + 3.0 * rows - 2.0 * cols + rows * cols - 4.0 * cols**2
    dirty = true + 50.0 * (np.random.default_rng(2).random(true.shape) < 0.1)
    seen = np.ones(true.shape, bool)
    found = polynomial_form(dirty, seen, 2, 1)
    assert found is not None
    np.testing.assert_allclose(found, true, atol=0.2)


def test_few_points_get_a_polynomial_of_a_lower_degree():
    seen = np.zeros((20, 20), bool)
    seen[3:5, 2:5] = True
    found = polynomial_form(np.full((20, 20), 7.0), seen, 4, 1)
    np.testing.assert_allclose(found, 7.0, atol=1e-6)
    assert polynomial_form(np.zeros((20, 20)), np.zeros((20, 20), bool), 4, 1) is None


def test_the_hole_of_a_ring_need_not_be_in_the_middle():
    rows, cols = np.ogrid[:60, :60]
    ring = (np.hypot(rows - 30, cols - 30) < 29) & (np.hypot(rows - 30, cols - 24) > 18)
    ring[30, 50] = False  # dust
    found = aperture_distance(ring, 25.0, 300.0)
    np.testing.assert_allclose(
        found[ring], naive_aperture_distance(ring, 25.0, 300.0)[ring], rtol=0.05, atol=26.0
    )
    assert found[30, 43] < 60.0
    assert found[30, 50] > 150.0


def test_a_disc_has_no_aperture():
    disc = AWAY_UM < 1000.0
    assert np.isinf(aperture_distance(disc, 10.0, 300.0)).all()


def test_the_scale_is_that_of_the_sharp_half_and_not_of_the_dirt():
    chance = np.random.default_rng(4)
    clean = chance.standard_normal((200, 240))
    kept = np.ones(clean.shape, bool)
    assert relief_scale(clean, kept, PITCH, P) == pytest.approx(1.0, rel=0.05)
    half = np.where(np.arange(240) < 120, clean, 0.4 * clean)
    assert relief_scale(half, kept, PITCH, P) == pytest.approx(1.0, rel=0.05)
    third = np.where(np.arange(240) < 80, 20.0 * clean, clean)
    assert relief_scale(third, kept, PITCH, P) < 1.8


def test_a_person_may_keep_all_and_an_image_is_left_alone(scan):
    dirty = replace(scan, values=scan.values.copy())
    rows, cols = np.nonzero(scan.valid)
    dirty.values[rows[::97], cols[::97]] += np.float32(40.0)
    assert judge_marks(dirty)[0].quality.left_out["dust"] > 0.01
    whole = keep_all(dirty, "A. Examiner", "the dirt is the mark")
    assert find_marks(whole)[0].region.left_out is None
    note = "Dust, drag and flowback kept in the mark by A. Examiner: the dirt is the mark."
    assert whole.provenance.notes[-1] == note
    region = Region(find_marks(scan)[0].region.mark_type, scan.valid, (0, 0), 1.0, Origin.FOUND)
    assert leave_out_outliers(dirty, region, NO_OUTLIERS) is region
    assert leave_out_outliers(replace(dirty, kind=ScanKind.IMAGE), region, P) is region


def test_what_is_left_out_is_not_measured_in_the_mark(scan):
    dirty = replace(scan, values=scan.values.copy())
    region = find_marks(scan)[0].region
    row, col = np.argwhere(region.inside)[region.inside.sum() // 3]
    spot = np.zeros(scan.shape, bool)
    spot[row - 12 : row + 13, col - 12 : col + 13] = True
    dirty.values[spot & scan.valid] += np.float32(30.0)
    before, after = find_marks(scan)[0].mark, find_marks(dirty)[0].mark
    lost = before.valid & ~after.valid
    place = [
        round((n * scan.pixel_pitch_um - o) / after.pitch_um)
        for n, o in zip((row, col), after.origin_um, strict=True)
    ]
    assert lost[tuple(place)]
    assert lost.sum() < 0.08 * before.valid.sum()
    far = after.valid & before.valid
    far[place[0] - 60 : place[0] + 61, place[1] - 60 : place[1] + 61] = False
    np.testing.assert_allclose(after.surface[far], before.surface[far], atol=0.3)
