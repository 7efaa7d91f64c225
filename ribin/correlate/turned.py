"""Turned copies: a surface rotated about its mark's centre, with squares and mask beside it.

Three planes of a surface are kept, float32: its values (0 where not measured), their squares, and
1 where measured. Sums of products of such planes are all that a masked correlation needs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin._jit import kernel
from ribin.model import BoolArray, FloatArray


@kernel
def _turn(planes, angles_rad, origin, reach, out):
    height, width = planes.shape[1], planes.shape[2]
    middle_row = np.float32((height - 1) / 2.0)
    middle_col = np.float32((width - 1) / 2.0)
    half = np.float32(0.5)
    one = np.float32(1.0)
    for t in range(out.shape[1]):
        cosine = np.float32(np.cos(angles_rad[t]))
        sine = np.float32(np.sin(angles_rad[t]))
        for r in range(out.shape[2]):
            y = np.float32(r + origin[t, 0])
            across = reach[1] - y * y
            if across < 0.0:
                continue
            extent = np.sqrt(across)
            first = max(0, int(np.ceil(-extent - origin[t, 1])))
            last = min(out.shape[3] - 1, int(np.floor(extent - origin[t, 1])))
            for c in range(first, last + 1):
                x = np.float32(c + origin[t, 1])
                if y * y + x * x < reach[0]:
                    continue
                # The point that a turn by the angle brings to (y, x).
                row = cosine * y + sine * x + middle_row
                col = cosine * x - sine * y + middle_col
                if row < 0.0 or col < 0.0:
                    continue
                i = np.uint64(row)
                j = np.uint64(col)
                if i >= height - 1 or j >= width - 1:
                    continue
                fy = row - np.float32(i)
                fx = col - np.float32(j)
                k = i + np.uint64(1)
                m = j + np.uint64(1)
                w00 = (one - fy) * (one - fx)
                w01 = (one - fy) * fx
                w10 = fy * (one - fx)
                w11 = fy * fx
                measured = (
                    w00 * planes[2, i, j]
                    + w01 * planes[2, i, m]
                    + w10 * planes[2, k, j]
                    + w11 * planes[2, k, m]
                )
                if measured < half:
                    continue
                value = (
                    w00 * planes[0, i, j]
                    + w01 * planes[0, i, m]
                    + w10 * planes[0, k, j]
                    + w11 * planes[0, k, m]
                ) / measured
                out[0, t, r, c] = value
                out[1, t, r, c] = value * value
                out[2, t, r, c] = one


def turn_planes(
    planes: FloatArray,
    reach: NDArray[np.float32],
    angles_deg: NDArray[np.float64],
    size_px: int,
    shifts_px: NDArray[np.int64] | None = None,
) -> FloatArray:
    """Copies of a surface, turned counter-clockwise as displayed about its middle.

    Parameters
    ----------
    planes : (3, H, W) float32 array
        Values, squares and mask. A sample is measured where at least half of its weight is.
    reach : (2,) float32 array
        From `surface_reach`: only there is sampled.
    angles_deg : (T,) array
        Turns.
    size_px : int
        Side N of the copies. The surface's middle falls on the copy's middle,
    shifts_px : (T, 2) int array, optional
        but for this shift: a copy's middle shows the turned point at its shift.

    Returns
    -------
    (3, T, N, N) float32 array
        Values, squares and mask of each copy.
    """
    origin = np.full((len(angles_deg), 2), -(size_px - 1) / 2.0)
    if shifts_px is not None:
        origin += shifts_px
    out = np.zeros((3, len(angles_deg), size_px, size_px), np.float32)
    _turn(planes, np.deg2rad(angles_deg), origin, reach, out)
    return out


def surface_planes(surface: FloatArray, valid: BoolArray) -> FloatArray:
    """The three planes of a surface, (3, H, W) float32."""
    out = np.empty((3, *surface.shape), np.float32)
    out[0] = surface
    np.multiply(surface, surface, out=out[1])
    out[2] = valid
    return out


def surface_reach(valid: BoolArray) -> NDArray[np.float32]:
    """Squared distances from the middle, least and greatest, within which anything was measured."""
    rows, cols = np.nonzero(valid)
    if len(rows) == 0:
        return np.array([1.0, 0.0], np.float32)
    y = rows - (valid.shape[0] - 1) / 2.0
    x = cols - (valid.shape[1] - 1) / 2.0
    distance = np.sqrt(y * y + x * x)
    nearest, farthest = float(distance.min()), float(distance.max())
    return np.array([max(0.0, nearest - 1.0) ** 2, (farthest + 1.0) ** 2], np.float32)
