"""A surface on rings: only those that can meet it are sampled."""

from __future__ import annotations

import numpy as np
import pytest

from ribin.surface.rings import _held, _spectra, cover_series, ring_grid, ring_series

GRID = ring_grid(32, 75.0, 260.0)


@pytest.mark.parametrize(("inner_px", "outer_px"), [(0.0, 60.0), (14.0, 36.0), (20.0, 20.8)])
@pytest.mark.parametrize("pitch_um", [45.0, 50.0])
def test_rings_that_are_left_out_hold_nothing(inner_px, outer_px, pitch_um):
    line = np.arange(80) - 39.5
    away_px = np.hypot(line[:, None], line)
    surface = ((inner_px <= away_px) & (away_px <= outer_px)).astype(np.float32)
    for points_um in (GRID.points_um, np.zeros((1, 2))):
        slack_um = float(np.hypot(*points_um.T).max())
        out = np.ones(len(GRID.radii_um), bool)
        out[_held(surface, pitch_um, GRID, slack_um)] = False
        assert not _spectra(surface, GRID.radii_um[out] / pitch_um, points_um / pitch_um).any()


def test_nothing_measured_has_series_of_0():
    nothing = np.zeros((16, 16), np.float32)
    assert not ring_series(nothing, 50.0, GRID).any()
    assert not cover_series(nothing, nothing != 0, 50.0, GRID).any()
