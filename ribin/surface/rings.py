"""A surface on rings about several points near its middle, each ring as its Fourier series.

A turn about a point multiplies the series of its rings by phases and touches no pixel. Two surfaces
whose points are paired, each with each, are laid on each other at every turn and at one shift a
pair: what each side needs is made once, and neither side is the one that is turned.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

from ribin.model import BoolArray, FloatArray
from ribin.surface._jit import kernel

POINTS = 12  # sums of two such sets lie 70 um apart where the reach is 260 um; 10 lose weak marks
FOUR = 4  # rings whose products are added up together
COVER_ORDERS = 16  # 0 to 15: how much is measured changes slowly along a ring
_SAMPLES = 256  # along a ring: more than twice the highest order of 32 rings
_FIRST = 0.8  # of the sunflower; of 0 to 0.8 the one whose sums cover a disc best
_GOLDEN_RAD = math.pi * (3.0 - math.sqrt(5.0))


@dataclass(frozen=True, eq=False)
class RingGrid:
    """N rings about each of G points.

    The series of a ring have K numbers; `FOUR` neighbouring rings have as many.
    """

    radii_um: NDArray[np.float64]  # (N,)
    lengths: NDArray[np.int64]  # (N / 4,) numbers in each series of four rings
    points_um: NDArray[np.float64]  # (G, 2) from the middle of the mark

    @property
    def orders(self) -> int:
        """Orders of the longest series."""
        return int(self.lengths[-1])


@lru_cache(maxsize=32)
def ring_grid(rings: int, step_um: float, reach_um: float) -> RingGrid:
    """Rings `step_um` apart, a multiple of four; wavelengths along them from twice that on.

    The points lie as the seeds of a sunflower do (Vogel 1979, doi:10.1016/0025-5564(79)90080-4), so
    that differences of two of them, one of them turned, cover a disc of 1.5 times the reach evenly.
    """
    radii_um = np.asarray((np.arange(rings) + 0.5) * step_um)
    seeds = np.arange(POINTS)
    out_um, angle = reach_um * np.sqrt((seeds + _FIRST) / POINTS), _GOLDEN_RAD * seeds
    points_um = np.stack([out_um * np.cos(angle), out_um * np.sin(angle)], axis=1)
    return RingGrid(radii_um, np.array(series_lengths(rings)), points_um)


def series_lengths(rings: int) -> list[int]:
    """Numbers in the series of each four rings: down to twice their distance along the outermost.

    A multiple of eight, so that vector registers are full.
    """
    outermost = range(FOUR - 1, rings, FOUR)
    return [min(-(-(int(math.pi * (k + 0.5)) + 1) // 8) * 8, _SAMPLES // 2) for k in outermost]


@kernel
def _sample(surface, points_px, radii_px, cosines, sines, out):
    middle = (surface.shape[0] - 1) / 2.0
    last = surface.shape[0] - 1
    for g in range(points_px.shape[0]):
        for k in range(radii_px.shape[0]):
            for a in range(cosines.shape[0]):
                y = points_px[g, 0] + radii_px[k] * cosines[a] + middle
                x = points_px[g, 1] + radii_px[k] * sines[a] + middle
                i, j = int(np.floor(y)), int(np.floor(x))
                out[g, k, a] = 0.0
                if 0 <= i < last and 0 <= j < last:
                    y, x = y - i, x - j
                    upper = surface[i, j] * (1.0 - x) + surface[i, j + 1] * x
                    lower = surface[i + 1, j] * (1.0 - x) + surface[i + 1, j + 1] * x
                    out[g, k, a] = upper * (1.0 - y) + lower * y


def sample_rings(
    surface: FloatArray, pitch_um: float, grid: RingGrid, points_um: NDArray[np.float64]
) -> FloatArray:
    """A surface along rings about some points, (G, N, samples), 0 beyond its edge.

    `surface`, (S, S) float32, is 0 where not measured. The first sample of a ring lies below its
    point, and the next ones follow counter-clockwise as displayed.
    """
    angle = np.arange(_SAMPLES) * (2.0 * np.pi / _SAMPLES)
    out = np.empty((len(points_um), len(grid.radii_um), _SAMPLES), np.float32)
    places = points_um / pitch_um, grid.radii_um / pitch_um
    _sample(surface, *places, np.cos(angle), np.sin(angle), out)
    return out


def ring_series(surface: FloatArray, pitch_um: float, grid: RingGrid) -> NDArray[np.complex64]:
    """The series of all rings about all points, (G, K), each times the root of its radius.

    So the products of two surfaces, summed over rings, are weighted by area.
    """
    samples = sample_rings(surface, pitch_um, grid, grid.points_um)
    held = np.arange(_SAMPLES // 2 + 1) < grid.lengths.repeat(FOUR)[:, None]
    series = np.zeros((len(samples), *held.shape), np.complex64)
    some = np.flatnonzero(samples.any(axis=(0, 2)))  # most marks have a hole and end early
    weights = (np.sqrt(grid.radii_um[some]) / _SAMPLES).astype(np.float32)
    series[:, some] = rfft(samples[:, some], axis=-1) * weights[:, None]
    return series[:, held]


def cover_series(
    surface: FloatArray, valid: BoolArray, pitch_um: float, grid: RingGrid
) -> NDArray[np.complex64]:
    """Leading orders of the mask and of the squared heights, (2, N, `COVER_ORDERS`).

    About the middle alone, weighted as in `ring_series`.
    """
    planes = (valid.astype(np.float32), np.square(np.where(valid, surface, np.float32(0))))
    middle = np.zeros((1, 2))
    samples = [sample_rings(plane, pitch_um, grid, middle)[0] for plane in planes]
    series = rfft(np.stack(samples), axis=-1)[..., :COVER_ORDERS]
    return np.asarray(series * (np.sqrt(grid.radii_um) / _SAMPLES)[:, None], np.complex64)


def series_parts(series: NDArray[np.complex64]) -> FloatArray:
    """Real parts, then imaginary ones."""
    return np.stack([series.real, series.imag])
