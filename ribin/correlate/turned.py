"""Turned copies of a surface, rotated about its mark's centre; each made when first asked for.

A surface is 0 where it was not measured and nowhere else, so that it holds its mask: it takes half
the memory, and copies that many comparisons share stay nearer to the processor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from ribin.model import BoolArray, FloatArray
from ribin.surface._jit import sum_kernel
from ribin.surface.simd.registers import LANES
from ribin.surface.simd.turning import NEXT_TO_0, turn_pixels

_MORE_TURNS = 3  # steps that refinement may go beyond the range


@dataclass(frozen=True, eq=False)
class Level:
    """A surface at one pitch."""

    surface: FloatArray  # (S, S), 0 where not measured and nowhere else
    padded: FloatArray  # (P, P), see `pad_surface`
    reach: NDArray[np.float32]  # (2,), see `surface_reach`
    runs: NDArray[np.int32]  # (N, 3) row, first column and number of blocks that hold surface
    measured: int  # pixels

    @property
    def size_px(self) -> int:
        return self.surface.shape[0]


def lay_level(surface: FloatArray, valid: BoolArray, runs: NDArray[np.int32]) -> Level:
    """A surface as the kernels use it."""
    surface, reach = mask_surface(surface, valid), surface_reach(valid)
    return Level(surface, pad_surface(surface, reach), reach, runs, int(valid.sum()))


class TurnedCopies:
    """A surface turned by the multiples of a step.

    `surfaces`, (A, N, N) float32, has each of A turns; of no meaning until `at` was asked for it.
    """

    def __init__(self, level: Level, step_deg: float, range_deg: float, size_px: int) -> None:
        steps = math.ceil(range_deg / step_deg) + _MORE_TURNS
        self._level, self._step_deg, self._steps = level, step_deg, steps
        self._made = np.zeros(2 * steps + 1, np.bool_)
        self._making = Lock()
        self.surfaces = np.empty((len(self._made), size_px, size_px), np.float32)

    def at(self, angles_deg: NDArray[np.float64]) -> NDArray[np.int64]:
        """Which of the surfaces is turned by the step nearest to each angle, (T,)."""
        turns = np.rint(angles_deg / self._step_deg).astype(np.int64)
        places = turns + self._steps
        if not self._made[places].all():
            self._make(places)
        return np.asarray(places)

    def _make(self, places: NDArray[np.int64]) -> None:
        with self._making:
            new = np.unique(places[~self._made[places]])
            angles_deg = np.asarray((new - self._steps) * self._step_deg)
            level = self._level
            turn_surface(level.padded, level.reach, angles_deg, new, self.surfaces)
            self._made[new] = True


@sum_kernel
def _turn(surface, reach, angles_rad, which, origin, out):
    middle = np.float32((surface.shape[0] - 1) / 2.0)
    left = np.float32(origin[1])
    width = out.shape[2]
    for t in range(angles_rad.shape[0]):
        cosine = np.float32(np.cos(angles_rad[t]))
        sine = np.float32(np.sin(angles_rad[t]))
        for r in range(out.shape[1]):
            copy = out[which[t], r]
            copy[:] = np.float32(0.0)
            y = np.float32(r + origin[0])
            across = reach[1] - y * y
            if across < 0.0:
                continue
            extent = np.sqrt(across)
            first = max(0, int(np.ceil(-extent - left)))
            last = min(width - 1, int(np.floor(extent - left)))
            # Nothing was measured nearer to the middle than this.
            hole = np.sqrt(max(np.float32(0.0), reach[0] - y * y))
            before, behind = np.floor(-hole - left), np.ceil(hole - left)
            c = first
            while c <= last:
                if before < c < behind:
                    c = int(behind)
                at = min(c, width - LANES)
                x = np.float32(at) + left
                # The point that a turn by the angle brings to (y, x).
                row, col = cosine * y + sine * x + middle, cosine * x - sine * y + middle
                turn_pixels(surface, row, col, sine, cosine, copy, at)
                c += LANES


def turn_surface(
    surface: FloatArray,
    reach: NDArray[np.float32],
    angles_deg: NDArray[np.float64],
    which: NDArray[np.int64],
    out: FloatArray,
    shift_px: tuple[int, int] = (0, 0),
) -> None:
    """Copies of a surface, turned counter-clockwise as displayed about its middle.

    Parameters
    ----------
    surface : (P, P) float32 array
        From `pad_surface`. A pixel of a copy is measured where at least half of its weight is.
    reach : (2,) float32 array
        From `surface_reach`: only there is sampled.
    angles_deg : (T,) array
        Turns.
    which : (T,) int64 array
        Which copies of `out` these are to be.
    out : (Q, N, N) float32 array, contiguous, N at least 8
        Receives them, 0 where not measured and nowhere else.
    shift_px : (int, int)
        The turned point that a copy's middle shows, from the surface's middle.
    """
    middle = (out.shape[2] - 1) / 2.0
    origin = np.array([shift_px[0] - middle, shift_px[1] - middle])
    _turn(surface, reach, np.deg2rad(angles_deg), which, origin, out)


def mask_surface(surface: FloatArray, valid: BoolArray) -> FloatArray:
    """The surface with 0 where it was not measured and nowhere else, float32."""
    out = np.multiply(surface, valid, dtype=np.float32)
    out[valid & (out == 0.0)] = NEXT_TO_0
    return out


def pad_surface(surface: FloatArray, reach: NDArray[np.float32]) -> FloatArray:
    """The surface in the middle of a larger square, so that no turn leaves the array.

    Pixels are fetched by eights, of which the first is within reach or the last.
    """
    size = surface.shape[0]
    pad = max(0, int(np.ceil(np.sqrt(reach[1]) + 1.0 + LANES - (size - 1) / 2.0)))
    out = np.zeros((size + 2 * pad, size + 2 * pad), np.float32)
    out[pad : pad + size, pad : pad + size] = surface
    return out


def surface_reach(valid: BoolArray) -> NDArray[np.float32]:
    """Squared distances from the middle, least and greatest, within which anything was measured."""
    squared = _from_middle(valid.shape[0])[valid]
    if len(squared) == 0:
        return np.array([1.0, 0.0], np.float32)
    nearest, farthest = math.sqrt(squared.min()), math.sqrt(squared.max())
    return np.array([max(0.0, nearest - 1.0) ** 2, (farthest + 1.0) ** 2], np.float32)


@lru_cache(maxsize=32)
def _from_middle(size: int) -> NDArray[np.float64]:
    """Squared distance of each pixel of a square from its middle."""
    line = (np.arange(size) - (size - 1) / 2.0) ** 2
    return np.asarray(line[:, None] + line)
