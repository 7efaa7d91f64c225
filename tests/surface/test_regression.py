"""The regression filter of second order against its definition, and what an edge does to it."""

from __future__ import annotations

import math

import naive
import numpy as np
import pytest
from mark_makers import heights, with_garbage

from ribin.surface.gaussian import smooth_surface
from ribin.surface.regression import _ALPHA, _RIDGE, local_form, remove_form

CUTOFF_UM = 400.0
PITCH_UM = (12.5, 12.5)


def ring(side: int = 240) -> np.ndarray:
    rows, cols = np.indices((side, side)) - (side - 1) / 2.0
    away = np.hypot(rows, cols)
    return (away < 0.45 * side) & (away > 0.2 * side)


@pytest.mark.parametrize("sigma_px", [(2.0, 2.0), (3.0, 1.5)])
def test_equals_the_local_fit_by_definition(sigma_px):
    """Where a pixel is no finer than a quarter of sigma, every pixel is fitted by itself."""
    rows, cols = np.indices((26, 22)) * 12.5
    surface = heights(4, rows, cols).astype(np.float32)
    valid = np.random.default_rng(0).random(surface.shape) < 0.6
    valid[10:16, :9] = False
    pitch_um = _ALPHA * CUTOFF_UM / math.sqrt(2.0 * math.pi) / np.array(sigma_px)
    fast = local_form(surface, valid, CUTOFF_UM, tuple(pitch_um))
    assert fast == pytest.approx(naive.local_form(surface, valid, sigma_px, _RIDGE), abs=5e-3)


@pytest.mark.parametrize("pitch_um", [(25.0, 25.0), PITCH_UM, (3.125, 6.25)])
@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_half_is_transmitted_at_the_cutoff(ratio, pitch_um):
    at_um = np.arange(int(3200 / pitch_um[0])) * pitch_um[0]
    wave = np.sin(2.0 * np.pi * at_um / (ratio * CUTOFF_UM)).astype(np.float32)
    wave = np.repeat(wave[:, None], int(3200 / pitch_um[1]), axis=1)
    low = local_form(wave, np.ones(wave.shape, bool), CUTOFF_UM, pitch_um)
    middle = tuple(slice(n // 4, -n // 4) for n in wave.shape)
    transmitted = (low[middle] * wave[middle]).sum() / (wave[middle] ** 2).sum()
    steep = math.pi * (_ALPHA / ratio) ** 2
    assert transmitted == pytest.approx((1.0 + steep) * math.exp(-steep), abs=0.003)


@pytest.mark.parametrize(("fall_um", "left_um"), [(0.0, 0.2), (5.0, 1.2)])
def test_a_dome_and_its_falling_edge_leave_little(fall_um, left_um):
    """What a weighted mean leaves at the edge of a mask would look like a mark."""
    valid = ring()
    rows, cols = (np.indices(valid.shape) - (valid.shape[0] - 1) / 2.0) * PITCH_UM[0]
    away = np.hypot(rows, cols) / (0.45 * valid.shape[0] * PITCH_UM[0])
    fall = fall_um * np.clip((away - 0.9) / 0.1, 0.0, None) ** 2
    form = (0.01 * rows - 20.0 * away**2 - fall).astype(np.float32)
    left = np.abs(remove_form(form, valid, CUTOFF_UM, PITCH_UM)[valid]).max()
    mean = np.abs(form - smooth_surface(form, valid, CUTOFF_UM, PITCH_UM))[valid].max()
    assert left < left_um
    assert left < 0.35 * mean


FILTERS = (smooth_surface, local_form, remove_form)


def half_measured():
    rows, cols = np.indices((60, 50)) * 12.5
    surface = heights(4, rows, cols).astype(np.float32)
    return surface, np.random.default_rng(2).random(surface.shape) < 0.6


@pytest.mark.parametrize("filtered", FILTERS)
def test_what_was_not_measured_takes_no_part(filtered):
    surface, valid = half_measured()
    clean = filtered(surface, valid, CUTOFF_UM, PITCH_UM)
    dirty = filtered(with_garbage(surface, valid), valid, CUTOFF_UM, PITCH_UM)
    assert np.array_equal(clean, dirty)
    assert filtered is local_form or (clean[~valid] == 0.0).all()


@pytest.mark.parametrize("filtered", FILTERS)
@pytest.mark.parametrize("scale", [0.1, 1000.0])
def test_heights_scale_through(scale, filtered):
    surface, valid = half_measured()
    once = filtered(surface, valid, CUTOFF_UM, PITCH_UM)
    times = filtered(np.float32(scale) * surface, valid, CUTOFF_UM, PITCH_UM)
    assert times / scale == pytest.approx(once, abs=1e-5)


def test_a_lonely_pixel_and_a_thin_line_are_their_own_form():
    surface = np.full((90, 90), -3.0, np.float32)
    one, line = np.zeros((90, 90), bool), np.zeros((90, 90), bool)
    one[40, 50], line[40] = True, True
    assert local_form(surface, one, CUTOFF_UM, PITCH_UM)[40, 50] == pytest.approx(-3.0, abs=1e-5)
    assert local_form(surface, line, CUTOFF_UM, PITCH_UM)[40] == pytest.approx(-3.0, abs=1e-5)
