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
_ANGLES = np.arange(_SAMPLES) * (2.0 * np.pi / _SAMPLES)
_COSINES, _SINES = np.cos(_ANGLES), np.sin(_ANGLES)
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


# The loop over places in memory stands alone: only the two around it become vector instructions.
@kernel
def _sample(surface, points_px, radii_px, cosines, sines, out):
    middle = (surface.shape[0] - 1) / 2.0
    last, width = surface.shape[0] - 1, np.int32(surface.shape[1])
    flat, number = surface.reshape(surface.size), cosines.shape[0]
    corners, at = np.empty((4, number), np.float32), np.empty(number, np.int32)
    one, two, three, four = corners[0], corners[1], corners[2], corners[3]
    down, right = np.empty(number), np.empty(number)
    for g in range(points_px.shape[0]):
        for k in range(radii_px.shape[0]):
            ring, row, col = out[g, k], points_px[g, 0], points_px[g, 1]
            for a in range(number):
                y = row + radii_px[k] * cosines[a] + middle
                x = col + radii_px[k] * sines[a] + middle
                i, j = np.floor(y), np.floor(x)
                inside = (i >= 0.0) & (i < last) & (j >= 0.0) & (j < last)
                place = np.int32(i) * width + np.int32(j)
                at[a] = place if inside else np.int32(-1)
                down[a], right[a] = y - i, x - j
            for a in range(number):
                if at[a] >= 0:
                    above = np.uint64(at[a])
                    below = above + np.uint64(width)
                    one[a], two[a] = flat[above], flat[above + np.uint64(1)]
                    three[a], four[a] = flat[below], flat[below + np.uint64(1)]
                else:
                    one[a] = two[a] = three[a] = four[a] = np.float32(0.0)
            for a in range(number):
                y, x = down[a], right[a]
                upper = one[a] * (1.0 - x) + two[a] * x
                lower = three[a] * (1.0 - x) + four[a] * x
                ring[a] = upper * (1.0 - y) + lower * y


def _held(surface: NDArray, pitch_um: float, grid: RingGrid, slack_um: float) -> slice:
    """The rings, in fours, that can meet what is not 0 about any point so near to the middle."""
    away_um = np.sqrt(squares_from_middle(surface.shape[0])[surface != 0]) * pitch_um
    slack_um += math.sqrt(2.0) * pitch_um
    nearest = away_um.min(initial=np.inf) - slack_um
    farthest = away_um.max(initial=-np.inf) + slack_um
    first, last = np.searchsorted(grid.radii_um, (nearest, farthest)).tolist()
    return slice(first // FOUR * FOUR, -(-last // FOUR) * FOUR)


@lru_cache(maxsize=32)
def squares_from_middle(size: int) -> NDArray[np.float64]:
    """Squared distance of each pixel of a square from its middle, in pixels."""
    line = (np.arange(size) - (size - 1) / 2.0) ** 2
    return np.asarray(line[:, None] + line)


def _spectra(
    surface: FloatArray, radii_px: NDArray[np.float64], points_px: NDArray[np.float64]
) -> NDArray[np.complex64]:
    """Of N rings about G points, (G, N, samples / 2 + 1).

    The first sample of a ring lies below its point, and the next ones follow counter-clockwise as
    displayed; 0 beyond the edge of the surface.
    """
    samples = np.empty((len(points_px), len(radii_px), _SAMPLES), np.float32)
    _sample(surface, points_px, radii_px, _COSINES, _SINES, samples)
    return np.asarray(rfft(samples, axis=-1))


def ring_series(surface: FloatArray, pitch_um: float, grid: RingGrid) -> FloatArray:
    """The series of all rings about all points, (2, G, K): real parts, then imaginary ones.

    `surface`, (S, S) float32, is 0 where not measured. Each series is multiplied by the root of its
    radius, so that the products of two surfaces, summed over rings, are weighted by area.
    """
    held = _held(surface, pitch_um, grid, float(np.hypot(*grid.points_um.T).max()))
    spectra = _spectra(surface, grid.radii_um[held] / pitch_um, grid.points_um / pitch_um)
    weights = _weights(grid).astype(np.float32)[held, None]
    out = np.zeros((2, len(spectra), FOUR * int(grid.lengths.sum())), np.float32)
    start = FOUR * int(grid.lengths[: held.start // FOUR].sum())
    for first in range(0, len(weights), FOUR):
        length = int(grid.lengths[(held.start + first) // FOUR])
        four, last = slice(first, first + FOUR), start + FOUR * length
        series = spectra[:, four, :length]
        target = out[:, :, start:last].reshape((2, len(spectra), FOUR, length))
        np.multiply(series.real, weights[four], out=target[0])
        np.multiply(series.imag, weights[four], out=target[1])
        start = last
    return out


def cover_series(
    surface: FloatArray, valid: BoolArray, pitch_um: float, grid: RingGrid
) -> FloatArray:
    """Leading orders of the mask and of the squared heights, (2, 2, N, `COVER_ORDERS`).

    Real parts, then imaginary ones, about the middle alone, weighted as in `ring_series`.
    """
    held = _held(valid, pitch_um, grid, 0.0)
    out = np.zeros((2, 2, len(grid.radii_um), COVER_ORDERS), np.float32)
    planes = (valid.astype(np.float32), np.square(np.where(valid, surface, np.float32(0))))
    for k, plane in enumerate(planes):
        spectra = _spectra(plane, grid.radii_um[held] / pitch_um, np.zeros((1, 2)))
        leading = spectra[0, :, :COVER_ORDERS] * _weights(grid)[held, None]
        out[0, k, held], out[1, k, held] = leading.real, leading.imag
    return out


def _weights(grid: RingGrid) -> NDArray[np.float64]:
    """(N,) of the series of each ring: the root of its radius, over the number of samples."""
    return np.asarray(np.sqrt(grid.radii_um) / _SAMPLES)
