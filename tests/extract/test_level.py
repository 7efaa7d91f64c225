"""Levelling: the plane is found whatever else lies on the surface."""

from __future__ import annotations

import numpy as np
import pytest
from mark_makers import heights, with_garbage

from ribin.extract.level import level_surface, remove_rings

SHAPE = (60, 90)
ROWS, COLS = np.indices(SHAPE)


def plane(offset: float, per_row: float, per_col: float) -> np.ndarray:
    return offset + per_row * ROWS + per_col * COLS


def half_measured(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(SHAPE) < 0.5


@pytest.mark.parametrize("scale", [0.1, 1.0, 1000.0])
def test_a_plane_leaves_nothing(scale):
    surface = (scale * plane(7.0, 0.05, -0.02)).astype(np.float32)
    levelled = level_surface(surface, half_measured())
    assert np.abs(levelled).max() < 2e-6 * scale * 10.0  # float32 of heights up to 10 scales


def lies_on(place: str) -> np.ndarray:
    """Pixels that do not lie on the plane: dirt, the rim of an aperture, a torn edge."""
    if place == "scattered":
        return np.random.default_rng(1).random(SHAPE) < 0.3
    if place == "middle":
        return np.hypot((ROWS - 30) / 30, (COLS - 45) / 45) < 0.62
    return SHAPE[1] * (1.0 - float(place.removeprefix("edge "))) <= COLS


@pytest.mark.parametrize("scale", [0.1, 1.0, 1000.0])
@pytest.mark.parametrize(
    ("place", "share"),
    [
        ("scattered", 0.3),
        ("middle", 0.3),
        ("edge 0.18", 0.18),
        # Least absolute deviations give way to what pulls at one end only.
        pytest.param("edge 0.3", 0.3, marks=pytest.mark.xfail(strict=True, reason="leverage")),
    ],
)
def test_outliers_on_one_side_do_not_move_the_plane(place, share, scale):
    rng = np.random.default_rng(1)
    noise = 0.1 * rng.standard_normal(SHAPE)
    outlier = lies_on(place)
    assert outlier.mean() == pytest.approx(share, abs=0.01)
    surface = plane(3.0, 0.02, 0.05) + noise + np.where(outlier, rng.uniform(5, 40, SHAPE), 0.0)
    levelled = level_surface((scale * surface).astype(np.float32), np.ones(SHAPE, bool)) / scale
    assert np.abs((levelled - noise)[~outlier]).max() < 0.01  # a tenth of the noise


@pytest.mark.parametrize("place", ["scattered", "middle", "edge 0.18"])
def test_least_squares_over_all_pixels_would_fail_there(place):
    """Guards the test above: the planted outliers do matter."""
    design = np.column_stack([np.ones(ROWS.size), ROWS.ravel(), COLS.ravel()])
    lifted = np.where(lies_on(place), 22.5, 0.0).ravel()
    residual = lifted - design @ np.linalg.lstsq(design, lifted, rcond=None)[0]
    assert np.abs(residual[lifted == 0.0]).max() > 3.0


def test_tilt_and_offset_change_nothing():
    valid = half_measured()
    rough = heights(3, 12.5 * ROWS, 12.5 * COLS)
    level = level_surface(rough.astype(np.float32), valid)
    tilted = level_surface((rough + plane(-40.0, 0.3, -0.2)).astype(np.float32), valid)
    assert np.abs(tilted - level).max() < 1e-3  # heights of 60 um in float32, of RMS 1 um


def test_a_bowl_leaves_nothing_at_the_second_degree():
    y, x = (ROWS - 30.0) / 30.0, (COLS - 45.0) / 45.0
    bowl = 4.0 * y**2 - 3.0 * x * y + 2.0 * x**2 + plane(7.0, 0.05, -0.02)
    spoilt = np.where(lies_on("scattered"), bowl + 20.0, bowl).astype(np.float32)
    levelled = level_surface(spoilt, np.ones(SHAPE, bool), degree=2)
    assert np.abs(levelled[~lies_on("scattered")]).max() < 1e-4
    assert np.abs(level_surface(spoilt, np.ones(SHAPE, bool))).max() > 1.0


def test_what_was_not_measured_takes_no_part_and_is_zero():
    valid = half_measured()
    surface = heights(3, 12.5 * ROWS, 12.5 * COLS).astype(np.float32)
    levelled = level_surface(surface, valid)
    assert np.array_equal(levelled, level_surface(with_garbage(surface, valid), valid))
    assert (levelled[~valid] == 0.0).all()
    assert levelled.dtype == np.float32


def test_three_pixels_make_a_plane():
    valid = np.zeros(SHAPE, bool)
    valid[[0, 10, 59], [0, 80, 3]] = True
    surface = np.random.default_rng(2).standard_normal(SHAPE).astype(np.float32)
    assert np.abs(level_surface(surface, valid)).max() < 1e-6


PITCH = (10.0, 10.0)
MIDDLE = (1000.0, 1000.0)


def ring_of_relief() -> tuple[np.ndarray, np.ndarray]:
    """Rough heights of 1 um on a ring of 500 to 950 um, and its mask."""
    rows, cols = 10.0 * (np.indices((201, 201)) - 100.0)
    away_um = np.hypot(rows, cols)
    return heights(3, rows, cols).astype(np.float32), (away_um > 500.0) & (away_um < 950.0)


def falling_edge(aside_um: float) -> np.ndarray:
    """A collar of 5 um whose middle lies beside the centre."""
    rows, cols = 10.0 * (np.indices((201, 201)) - 100.0)
    return (5.0 * np.cos((np.hypot(rows, cols - aside_um) - 700.0) / 150.0)).astype(np.float32)


@pytest.mark.parametrize("scale", [0.1, 1.0, 1000.0])
@pytest.mark.parametrize(("aside_um", "min_tilt"), [(0.0, 1.0), (30.0, 0.05)])
def test_an_edge_that_runs_round_goes_and_the_relief_stays(aside_um, min_tilt, scale):
    relief, valid = ring_of_relief()
    edged = (scale * (relief + falling_edge(aside_um))).astype(np.float32)
    left = remove_rings(edged, valid, PITCH, MIDDLE, 25.0, min_tilt)
    assert np.corrcoef(left[valid], relief[valid])[0, 1] > 0.95
    assert not left[~valid].any()


def test_the_mean_alone_leaves_an_edge_beside_the_centre():
    """Guards the test above."""
    relief, valid = ring_of_relief()
    left = remove_rings(relief + falling_edge(30.0), valid, PITCH, MIDDLE, 25.0)
    assert np.corrcoef(left[valid], relief[valid])[0, 1] < 0.9


def test_a_ring_is_tilted_alike_wherever_its_plane_rises():
    _, valid = ring_of_relief()
    for turned_deg in (0.0, 35.0, 120.0, 270.0):
        along = np.deg2rad(turned_deg)
        rows, cols = 10.0 * (np.indices(valid.shape) - 100.0)
        plane_um = 1e-3 * (rows * np.cos(along) + cols * np.sin(along))
        left = remove_rings(plane_um.astype(np.float32), valid, PITCH, MIDDLE, 25.0, min_tilt=0.0)
        assert np.abs(left[valid]).max() < 0.02


def test_of_a_short_arc_next_to_nothing_is_taken():
    relief, valid = ring_of_relief()
    rows, cols = np.indices(valid.shape)
    arc = valid & (np.abs(rows - 100) < 6) & (cols > 99)
    for min_tilt in (0.0, 1.0):
        left = remove_rings(relief, arc, PITCH, MIDDLE, 25.0, min_tilt)
        assert np.corrcoef(left[arc], relief[arc])[0, 1] > 0.97


def test_of_a_part_of_the_rings_tilts_must_hold_more():
    relief, valid = ring_of_relief()
    _, cols = np.indices(valid.shape)
    wedge = valid & (cols > 100)
    edged = relief + 0.3 * falling_edge(30.0)
    usual, kept = (remove_rings(edged, wedge, PITCH, MIDDLE, 25.0, tilt) for tilt in (1.0, 0.0))
    share = 1.0 - float(np.sum(kept**2) / np.sum(usual**2))
    for min_tilt, expected in ((0.4 * share, kept), (0.7 * share, usual)):
        left = remove_rings(edged, wedge, PITCH, MIDDLE, 25.0, min_tilt)
        assert np.array_equal(left, expected)


def test_relief_that_is_tilted_by_chance_is_left():
    relief, valid = ring_of_relief()
    usual = remove_rings(relief, valid, PITCH, MIDDLE, 25.0)
    assert np.array_equal(usual, remove_rings(relief, valid, PITCH, MIDDLE, 25.0, 0.2))
    assert not np.array_equal(usual, remove_rings(relief, valid, PITCH, MIDDLE, 25.0, 0.0))


def test_rings_of_nothing_and_of_one_pixel():
    surface, valid = np.ones((9, 9), np.float32), np.zeros((9, 9), bool)
    assert not remove_rings(surface, valid, PITCH, (40.0, 40.0), 25.0, min_tilt=0.0).any()
    valid[4, 4] = True
    assert np.isfinite(remove_rings(surface, valid, PITCH, (40.0, 40.0), 25.0, min_tilt=0.0)).all()
