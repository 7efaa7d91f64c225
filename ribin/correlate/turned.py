"""Turned copies: a surface rotated about its mark's centre.

A surface is 0 where it was not measured and nowhere else, so that it holds its mask: it takes half
the memory, and copies that many comparisons share stay nearer to the processor.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ribin.model import BoolArray, FloatArray
from ribin.surface._jit import sum_kernel
from ribin.surface.simd.registers import LANES
from ribin.surface.simd.turning import NEXT_TO_0, turn_pixels


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
        Which copies these are to be of
    out : (Q, N, N) float32 array, contiguous, N at least 8
        which receives them, 0 where not measured and nowhere else. The surface's middle falls on
        the copy's middle,
    shift_px : (int, int)
        but for this shift: a copy's middle shows the turned point at its shift.
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
