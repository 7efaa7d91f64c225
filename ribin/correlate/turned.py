"""Turned copies of a surface, rotated about its mark's centre.

A surface is 0 where it was not measured and nowhere else, so that it holds its mask.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ribin.model import BoolArray, FloatArray
from ribin.surface._jit import kernel, sum_kernel
from ribin.surface.rings import squares_from_middle
from ribin.surface.simd.registers import LANES
from ribin.surface.simd.turning import NEXT_TO_0, turn_pixels


class Level(NamedTuple):
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
    runs = np.require(runs, np.int32, ("C", "W"))
    return Level(surface, pad_surface(surface, reach), reach, runs, int(valid.sum()))


@sum_kernel
def _turn(surface, reach, angles_rad, origins, out):
    middle = np.float32((surface.shape[0] - 1) / 2.0)
    width = out.shape[2]
    for t in range(angles_rad.shape[0]):
        left = np.float32(origins[t, 1])
        cosine = np.float32(np.cos(angles_rad[t]))
        sine = np.float32(np.sin(angles_rad[t]))
        for r in range(out.shape[1]):
            copy = out[t, r]
            copy[:] = np.float32(0.0)
            y = np.float32(r + origins[t, 0])
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


@kernel
def turn_surface(
    surface: FloatArray,
    reach: NDArray[np.float32],
    angles_deg: NDArray[np.float64],
    shifts_px: NDArray[np.int64],
    size_px: int,
) -> FloatArray:
    """Copies of a surface, turned counter-clockwise as displayed about its middle.

    Parameters
    ----------
    surface : (P, P) float32 array
        From `pad_surface`. A pixel of a copy is measured where at least half of its weight is.
    reach : (2,) float32 array
        From `surface_reach`: only there is sampled.
    angles_deg : (T,) array
        Turns.
    shifts_px : (T, 2) int64 array
        The turned point that a copy's middle shows, from the surface's middle.
    size_px : int
        Side N of a copy, at least 8.

    Returns
    -------
    (T, N, N) float32 array
        0 where not measured and nowhere else.
    """
    out = np.empty((len(angles_deg), size_px, size_px), np.float32)
    _turn(surface, reach, np.deg2rad(angles_deg), shifts_px - (size_px - 1) / 2.0, out)
    return out


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
    squared = squares_from_middle(valid.shape[0])[valid]
    if len(squared) == 0:
        return np.array([1.0, 0.0], np.float32)
    nearest, farthest = math.sqrt(squared.min()), math.sqrt(squared.max())
    return np.array([max(0.0, nearest - 1.0) ** 2, (farthest + 1.0) ** 2], np.float32)
