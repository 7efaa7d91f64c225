"""Resampling to a frame: against its twin, and where it puts the centre."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from mark_makers import heights, with_garbage

from ribin.extract.level import resample_to_frame

SHAPE = (23, 19)


def measured(share: float) -> tuple[np.ndarray, np.ndarray]:
    rows, cols = np.indices(SHAPE) * 30.0
    valid = np.random.default_rng(5).random(SHAPE) < share
    return heights(5, rows, cols).astype(np.float32), valid


@pytest.mark.parametrize("share", [0.6, 1.0])
@pytest.mark.parametrize(
    ("pitch_um", "center_px", "out_pitch_um", "size"),
    [
        ((10.0, 10.0), (11.0, 9.0), 10.0, 12),  # half a pixel off every grid point
        ((10.0, 10.0), (11.25, 8.5), 12.5, 25),  # beyond all four edges
        ((10.0, 15.0), (2.0, 17.3), 7.0, 18),  # unlike pitches, over two edges
        ((10.0, 10.0), (60.0, 9.0), 10.0, 6),  # beside the surface
    ],
)
def test_equals_its_twin(share, pitch_um, center_px, out_pitch_um, size):
    surface, valid = measured(share)
    out, out_valid = resample_to_frame(surface, valid, pitch_um, center_px, out_pitch_um, size)
    steps = (np.arange(size) - (size - 1) / 2.0) * out_pitch_um
    rows, cols = (center + steps / pitch for center, pitch in zip(center_px, pitch_um, strict=True))
    slow, slow_valid = naive.resample(surface, valid, rows, cols)
    assert np.array_equal(out_valid, slow_valid)
    assert out == pytest.approx(slow, abs=1e-6)
    assert (out[~out_valid] == 0.0).all()


def test_half_of_the_weight_is_enough_and_less_is_not():
    valid = np.zeros((4, 4), bool)
    valid[1, 1] = valid[2, 1] = True
    surface = np.full((4, 4), 2.0, np.float32)
    _, on_half = resample_to_frame(surface, valid, (1.0, 1.0), (1.5, 1.5), 1.0, 1)
    _, on_less = resample_to_frame(surface, valid, (1.0, 1.0), (1.5, 1.51), 1.0, 1)
    assert on_half.all()
    assert not on_less.any()


def test_what_was_not_measured_takes_no_part():
    surface, valid = measured(0.6)
    frame = ((10.0, 10.0), (11.2, 9.1), 12.5, 20)
    clean, clean_valid = resample_to_frame(surface, valid, *frame)
    dirty, dirty_valid = resample_to_frame(with_garbage(surface, valid), valid, *frame)
    assert np.array_equal(clean, dirty)
    assert np.array_equal(clean_valid, dirty_valid)


def test_the_center_falls_on_the_middle():
    rows, cols = np.indices(SHAPE)
    slope = (3.0 * rows + 5.0 * cols).astype(np.float32)
    frame = ((10.0, 20.0), (11.3, 9.6), 12.5, 7)
    out, _ = resample_to_frame(slope, np.ones(SHAPE, bool), *frame)
    assert out[3, 3] == pytest.approx(3.0 * 11.3 + 5.0 * 9.6)
    assert out[4, 3] - out[3, 3] == pytest.approx(3.0 * 1.25, abs=1e-4)
    assert out[3, 4] - out[3, 3] == pytest.approx(5.0 * 0.625, abs=1e-4)
