"""Two scans in one file are refused, however they were joined; one long scan is read."""

from __future__ import annotations

import damaged
import numpy as np
import pytest

from ribin.errors import ScanError
from ribin.read import read_scan

SIDE = 120


def frame(seed: int) -> np.ndarray:
    return damaged.relief_um(SIDE, SIDE, seed)


def disc(seed: int) -> np.ndarray:
    rows, cols = np.ogrid[:SIDE, :SIDE]
    away = np.hypot(rows - SIDE / 2, cols - SIDE / 2)
    return np.where((away < SIDE / 2) & (away > SIDE / 6), frame(seed), np.nan)


def joined(one: np.ndarray, two: np.ndarray, gap: int, axis: int) -> np.ndarray:
    shape = (SIDE, gap) if axis else (gap, SIDE)
    return np.concatenate([one, np.full(shape, np.nan), two], axis=axis)


def as_image(heights: np.ndarray, outside: int) -> bytes:
    low, span = np.nanmin(heights), np.ptp(heights[np.isfinite(heights)])
    grey = np.nan_to_num((heights - low) / span * 200 + 25, nan=outside)
    grain = np.random.default_rng(3).integers(0, 4, grey.shape)
    return damaged.image_bytes(".png", np.clip(grey + grain, 0, 255).astype(np.uint8))


PAIRS = {"frames": (frame(1), frame(2)), "discs": (disc(1), disc(2)), "twice": (disc(1), disc(1))}


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("gap", [0, 3, 30])
@pytest.mark.parametrize("pair", PAIRS)
def test_two_scans_in_one_file_are_refused(pair, gap, axis, tmp_path):
    both = joined(*PAIRS[pair], gap, axis)
    (tmp_path / "a.scan").write_bytes(damaged.x3p_bytes(both))
    with pytest.raises(ScanError, match=r"^a.scan: one scan needed, found two side by side$"):
        read_scan(tmp_path / "a.scan")
    for ground in (0, 250):
        (tmp_path / "a.scan").write_bytes(as_image(both, ground))
        with pytest.raises(ScanError, match=r"^a.scan: one scan needed, found two side by side$"):
            read_scan(tmp_path / "a.scan", pixel_pitch_um=10.0)


def test_one_long_scan_is_read(tmp_path):
    long = damaged.relief_um(SIDE, 3 * SIDE)
    stitched = long.copy()
    stitched[:, SIDE:] += 5.0  # two fields of view of one surface, at another height
    for heights in (long, long.T, stitched, disc(1)):
        (tmp_path / "a.x3p").write_bytes(damaged.x3p_bytes(heights))
        assert read_scan(tmp_path / "a.x3p").shape == heights.shape
        (tmp_path / "a.png").write_bytes(as_image(heights, 0))
        assert read_scan(tmp_path / "a.png", pixel_pitch_um=10.0).shape == heights.shape
