"""Turned copies: a surface rotated about its mark's centre, with its mask beside it.

Two planes of a surface are kept, float32: its values (0 where not measured), and 1 where measured.
Sums of products of these and of their squares are all that a masked correlation needs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin._jit import sum_kernel
from ribin._vector.registers import LANES
from ribin._vector.turning import turn_pixels
from ribin.model import BoolArray, FloatArray

PLANES = 2
VALUES, MASK = range(PLANES)


@sum_kernel
def _turn(samples, reach, angles_rad, firsts, origin, out):
    middle = np.float32((samples.shape[0] - 1) / 2.0)
    left = np.float32(origin[1])
    width = out.shape[2]
    for t in range(angles_rad.shape[0]):
        cosine = np.float32(np.cos(angles_rad[t]))
        sine = np.float32(np.sin(angles_rad[t]))
        copy = out[firsts[t] : firsts[t] + PLANES]
        copy[:] = np.float32(0.0)
        for r in range(out.shape[1]):
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
                turn_pixels(samples, row, col, sine, cosine, copy, r, at)
                c += LANES


def turn_surface(
    samples: FloatArray,
    reach: NDArray[np.float32],
    angles_deg: NDArray[np.float64],
    firsts: NDArray[np.int64],
    out: FloatArray,
    shift_px: tuple[int, int] = (0, 0),
) -> None:
    """Copies of a surface, turned counter-clockwise as displayed about its middle.

    Parameters
    ----------
    samples : (P, P, 2) float32 array
        From `surface_samples`. A sample is measured where at least half of its weight is.
    reach : (2,) float32 array
        From `surface_reach`: only there is sampled.
    angles_deg : (T,) array
        Turns.
    firsts : (T,) int64 array
        The first plane of each copy in
    out : (Q, N, N) float32 array, contiguous, N at least 8
        which receives values and mask of each copy. The surface's middle falls on the
        copy's middle,
    shift_px : (int, int)
        but for this shift: a copy's middle shows the turned point at its shift.
    """
    middle = (out.shape[2] - 1) / 2.0
    origin = np.array([shift_px[0] - middle, shift_px[1] - middle])
    _turn(samples, reach, np.deg2rad(angles_deg), firsts, origin, out)


def surface_planes(surface: FloatArray, valid: BoolArray) -> FloatArray:
    """The planes of a square surface, (2, S, S) float32."""
    return np.stack([surface, valid]).astype(np.float32)


def surface_samples(planes: FloatArray, reach: NDArray[np.float32]) -> FloatArray:
    """Values and mask side by side, (P, P, 2), padded so that no turn leaves the array.

    Pixels are fetched by eights, of which the first is within reach or the last.
    """
    size = planes.shape[1]
    pad = max(0, int(np.ceil(np.sqrt(reach[1]) + 1.0 + LANES - (size - 1) / 2.0)))
    out = np.zeros((size + 2 * pad, size + 2 * pad, 2), np.float32)
    inner = slice(pad, pad + size)
    out[inner, inner] = planes.transpose(1, 2, 0)
    return out


def surface_reach(valid: BoolArray) -> NDArray[np.float32]:
    """Squared distances from the middle, least and greatest, within which anything was measured."""
    rows, cols = np.nonzero(valid)
    if len(rows) == 0:
        return np.array([1.0, 0.0], np.float32)
    y = rows - (valid.shape[0] - 1) / 2.0
    x = cols - (valid.shape[1] - 1) / 2.0
    squared = y * y + x * x
    nearest, farthest = float(np.sqrt(squared.min())), float(np.sqrt(squared.max()))
    return np.array([max(0.0, nearest - 1.0) ** 2, (farthest + 1.0) ** 2], np.float32)
