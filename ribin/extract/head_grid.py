"""A whole head on a coarse grid, where its circles and planes are looked for."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ribin.model import BoolArray, FloatArray, Scan

_TRIALS = 400
_SAMPLE = 4000  # points that judge a plane
_WILD_PX = 5  # window of the median that takes out single wild readings


@dataclass(frozen=True, eq=False)
class HeadGrid:
    """Heights without tilt on square pixels.

    Attributes
    ----------
    heights : (H, W) float32 array
        In um above a plane on which a large part of the head lies; 0 where not `valid`.
    valid : (H, W) bool array
        True where at least half of a pixel was measured.
    pitch_um : float
        Distance of neighbouring pixels. The grid's outer edges are those of the scan.
    """

    heights: FloatArray
    valid: BoolArray
    pitch_um: float

    @property
    def shape(self) -> tuple[int, int]:
        return self.heights.shape


def lay_grid(scan: Scan, pitch_um: float) -> HeadGrid:
    """Mean of the measured pixels under each grid pixel, freed of wild readings and of tilt."""
    height_um = scan.shape[0] * scan.row_pitch_um
    width_um = scan.shape[1] * scan.col_pitch_um
    size = (max(3, round(width_um / pitch_um)), max(3, round(height_um / pitch_um)))
    # Heights are taken about their median: a mean over a share of a pixel must not cancel.
    middle = np.float32(np.median(scan.values[scan.valid]))
    weighted = np.where(scan.valid, scan.values - middle, np.float32(0))
    total = cv2.resize(weighted, size, interpolation=cv2.INTER_AREA)
    weight = cv2.resize(scan.valid.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    valid = weight >= 0.5
    heights = np.where(valid, total / np.maximum(weight, 0.5), np.float32(0))
    heights = _tamed(heights, valid)
    rows, cols = np.nonzero(valid)
    if len(rows) < 3:
        return HeadGrid(heights, valid, pitch_um)
    plane = ransac_plane(rows, cols, heights[valid], band_um=10.0)
    row, col = np.indices(valid.shape, dtype=np.float32)
    levelled = heights - (plane[0] + plane[1] * row + plane[2] * col).astype(np.float32)
    return HeadGrid(np.where(valid, levelled, np.float32(0)), valid, pitch_um)


def ransac_plane(
    rows: NDArray, cols: NDArray, heights: NDArray, band_um: float
) -> NDArray[np.float64]:
    """The plane within `band_um` of which most points lie: (3,) height at 0, 0 and two slopes.

    Fischler and Bolles 1981, doi:10.1145/358669.358692, with a fixed seed; least squares over the
    points of the band makes it exact.
    """
    rng = np.random.default_rng(0)
    design = np.column_stack([np.ones(len(rows)), rows, cols])
    chosen = rng.permutation(len(rows))[:_SAMPLE]
    some, its = design[chosen], heights[chosen].astype(np.float64)
    triples = rng.integers(0, len(some), (_TRIALS, 3))
    corners = some[triples]
    sound = np.abs(np.linalg.det(corners)) > 1.0
    planes = np.linalg.solve(corners[sound], its[triples[sound]][..., None])[..., 0]
    if len(planes) == 0:
        return np.array([float(np.median(its)), 0.0, 0.0])
    counts = (np.abs(its - planes @ some.T) < band_um).sum(axis=1)
    plane = planes[int(np.argmax(counts))]
    for _ in range(2):
        near = np.abs(heights - design @ plane) < band_um
        plane = np.linalg.lstsq(design[near], heights[near].astype(np.float64), rcond=None)[0]
    return plane


def fill_low(grid: HeadGrid) -> FloatArray:
    """Heights with the holes filled: small ones from around, large ones low, (H, W).

    Instruments lose the walls of grooves and bowls; what is not measured there is deep.
    """
    weight = cv2.GaussianBlur(grid.valid.astype(np.float32), (0, 0), 1.5)
    around = cv2.GaussianBlur(grid.heights, (0, 0), 1.5) / np.maximum(weight, 1e-3)
    low = float(np.percentile(grid.heights[grid.valid], 5)) - 20.0
    filled = np.where(weight > 0.25, around, np.float32(low))
    return np.where(grid.valid, grid.heights, filled).astype(np.float32)


def _tamed(heights: FloatArray, valid: BoolArray) -> FloatArray:
    """Readings far from the median of their neighbourhood get that median."""
    blurred = cv2.GaussianBlur(valid.astype(np.float32), (0, 0), 2.0)
    around = cv2.GaussianBlur(heights, (0, 0), 2.0) / np.maximum(blurred, 1e-3)
    filled = np.where(valid, heights, around).astype(np.float32)
    median = cv2.medianBlur(filled, _WILD_PX)
    away = np.abs(filled - median)
    limit = 6.0 * 1.4826 * float(np.median(away[valid])) if valid.any() else 0.0
    return np.where(valid, np.where(away > limit, median, filled), np.float32(0))
