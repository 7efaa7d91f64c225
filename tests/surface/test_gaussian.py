"""The areal Gaussian filter against its definition: ISO 16610-61 with unmeasured pixels."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from mark_makers import heights, with_garbage

from ribin.surface.gaussian import bridge_holes, gaussian_sigma, smooth_surface, split_bands

CUTOFF_UM = 400.0
PITCH_UM = (12.5, 12.5)


def sine(wavelength_um: float, direction: int, pitch_um: tuple[float, float]) -> np.ndarray:
    sides = [int(3200 / pitch) for pitch in pitch_um]
    at_um = np.arange(sides[direction]) * pitch_um[direction]
    wave = np.sin(2.0 * np.pi * at_um / wavelength_um).astype(np.float32)
    return np.broadcast_to(wave[:, None] if direction == 0 else wave, sides).copy()


@pytest.mark.parametrize("pitch_um", [PITCH_UM, (25.0, 12.5)])
@pytest.mark.parametrize("direction", [0, 1])
@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_half_is_transmitted_at_the_cutoff(ratio, direction, pitch_um):
    wave = sine(ratio * CUTOFF_UM, direction, pitch_um)
    valid = np.ones(wave.shape, bool)
    middle = tuple(slice(n // 4, -n // 4) for n in wave.shape)  # three sigma from every edge
    low = smooth_surface(wave, valid, CUTOFF_UM, pitch_um)
    transmitted = (low[middle] * wave[middle]).sum() / (wave[middle] ** 2).sum()
    # ISO 16610-21: exp(-pi (alpha cutoff / wavelength)^2) = 2^-(cutoff / wavelength)^2
    assert transmitted == pytest.approx(2.0 ** -(ratio**-2.0), abs=0.002)


def test_sigma_is_that_of_the_standard():
    assert gaussian_sigma(1.0) == pytest.approx(0.187390625)  # sqrt(ln 2 / 2) / pi


@pytest.mark.parametrize("sigma_px", [(0.8, 0.8), (2.0, 2.0), (1.0, 3.0)])
def test_equals_the_weighted_mean_by_definition(sigma_px):
    rows, cols = np.indices((30, 26)) * 12.5
    surface = heights(4, rows, cols).astype(np.float32)
    valid = np.random.default_rng(0).random(surface.shape) < 0.6
    valid[10:20, :9] = False
    pitch_um = gaussian_sigma(CUTOFF_UM) / np.array(sigma_px)
    fast = smooth_surface(surface, valid, CUTOFF_UM, tuple(pitch_um))
    # The filter of OpenCV ends four sigma out, where 3e-4 of the weight is left in one line.
    assert fast == pytest.approx(naive.smooth(surface, valid, sigma_px), abs=1e-3)


@pytest.mark.parametrize("share", [0.02, 0.5, 1.0])
def test_a_constant_stays_constant_under_any_mask(share):
    valid = np.random.default_rng(1).random((120, 100)) < share
    low = smooth_surface(np.full(valid.shape, 37.5, np.float32), valid, CUTOFF_UM, PITCH_UM)
    assert low[valid] == pytest.approx(37.5, rel=1e-5)
    assert (low[~valid] == 0.0).all()


def test_a_lonely_pixel_keeps_its_height():
    valid = np.zeros((90, 90), bool)
    valid[40, 50] = True
    surface = np.full(valid.shape, -3.0, np.float32)
    assert smooth_surface(surface, valid, CUTOFF_UM, PITCH_UM)[40, 50] == pytest.approx(-3.0)


def test_bands_add_up_to_the_surface_and_split_at_the_cutoffs():
    sides = [sine(length, 0, PITCH_UM) for length in (100.0, 280.0, 800.0)]
    valid = np.ones(sides[0].shape, bool)
    middle = slice(80, -80), slice(80, -80)
    for k, wave in enumerate(sides):
        bands = split_bands(wave, valid, (160.0, 480.0), PITCH_UM[0])
        np.testing.assert_allclose(bands.sum(axis=0), wave, atol=1e-5)
        energies = np.square(bands[:, *middle]).sum(axis=(1, 2))
        assert energies.argmax() == k
        # Transmitted by a half at either cut-off: at the middle of a band by three quarters.
        assert energies[k] > 0.35 * np.square(wave[middle]).sum()


def test_what_is_not_measured_is_in_no_band():
    wave = sine(200.0, 0, PITCH_UM)
    valid = np.ones(wave.shape, bool)
    valid[50:90, 30:70] = False
    bands = split_bands(with_garbage(wave, valid), valid, (160.0,), PITCH_UM[0])
    assert not bands[:, ~valid].any()
    np.testing.assert_array_equal(bands, split_bands(wave * valid, valid, (160.0,), PITCH_UM[0]))


def test_a_narrow_hole_is_bridged_and_a_wide_one_hardly():
    """Of the Gaussian's weight a narrow slit leaves most, half a plane a half."""
    slope = np.broadcast_to(np.linspace(0.0, 2.0, 60, dtype=np.float32), (60, 60))
    valid = np.ones((60, 60), bool)
    valid[10:13], valid[30:50] = False, False
    bridged, held = bridge_holes(slope, valid, 100.0, 0.35, (10.0, 10.0))
    inner = slice(10, 13), slice(8, -8)  # at the frame's edge less was measured
    assert held[inner].all()
    np.testing.assert_allclose(bridged[inner], slope[inner], atol=1e-3)
    assert not held[32:48].any()
    assert not bridged[~held].any()
    np.testing.assert_array_equal(bridged[valid], slope[valid])


def test_what_is_bridged_never_heeds_what_was_not_measured():
    valid = np.ones((40, 40), bool)
    valid[18:21] = False
    surface = np.random.default_rng(4).standard_normal((40, 40)).astype(np.float32)
    clean = bridge_holes(surface, valid, 100.0, 0.35, (10.0, 10.0))
    dirty = bridge_holes(with_garbage(surface, valid), valid, 100.0, 0.35, (10.0, 10.0))
    for one, other in zip(clean, dirty, strict=True):
        np.testing.assert_array_equal(one, other)
