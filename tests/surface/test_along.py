"""Means along lines: what runs along them is in the mean, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from ribin.surface.along import mean_along

PITCH_UM = 25.0


def places(side: int = 96) -> tuple[np.ndarray, np.ndarray]:
    rows, cols = (np.indices((side, side)) - (side - 1) / 2.0) * PITCH_UM
    return rows, cols


@pytest.mark.parametrize("across_deg", [0.0, 35.0, 120.0])
@pytest.mark.parametrize("scale", [0.1, 1.0, 1000.0])
def test_parallel_lines_are_their_own_mean(across_deg, scale):
    rows, cols = places()
    angle = np.deg2rad(across_deg)
    across = np.cos(angle) * rows + np.sin(angle) * cols
    lines = (scale * np.sin(2.0 * np.pi * across / 250.0)).astype(np.float32)
    valid = np.hypot(rows, cols) < 1100.0
    mean = mean_along(lines, valid, PITCH_UM, across_deg, 0.0, 250.0)
    assert (mean - lines)[valid].std() < 0.06 * scale
    assert (mean[~valid] == 0.0).all()
    wrong = mean_along(lines, valid, PITCH_UM, across_deg + 90.0, 0.0, 250.0)
    assert wrong[valid].std() < 0.2 * lines[valid].std()


@pytest.mark.parametrize("center_um", [(260.0, -170.0), (0.0, 1500.0)])
def test_rings_are_their_own_mean(center_um):
    rows, cols = places()
    radius = np.hypot(rows - center_um[0], cols - center_um[1])
    rings = np.sin(2.0 * np.pi * radius / 250.0).astype(np.float32)
    valid = (np.hypot(rows, cols) < 1100.0) & (radius > 200.0)
    across = np.degrees(np.arctan2(center_um[1], center_um[0]))
    mean = mean_along(rings, valid, PITCH_UM, across, 1.0 / np.hypot(*center_um), 150.0)
    assert np.abs(mean - rings)[valid].max() < 0.2


def test_what_was_not_measured_takes_no_part():
    rows, cols = places()
    valid = np.hypot(rows, cols) < 900.0
    surface = np.random.default_rng(1).standard_normal(valid.shape).astype(np.float32)
    dirty = np.where(valid, surface, np.float32(1e6))
    clean = mean_along(np.where(valid, surface, np.float32(0)), valid, PITCH_UM, 20.0, 0.0, 250.0)
    assert np.array_equal(mean_along(dirty, valid, PITCH_UM, 20.0, 0.0, 250.0), clean)
