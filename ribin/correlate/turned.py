"""Turned copies: a surface rotated about its mark's centre, with squares and mask beside it.

Three planes of a surface are kept, float32: its values (0 where not measured), their squares, and
1 where measured. Sums of products of such planes are all that a masked correlation needs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin._jit import sum_kernel
from ribin.model import BoolArray, FloatArray

VALUES, SQUARES, MASK = range(3)  # the planes


@sum_kernel
def _turn(samples, angle_rad, origin, reach, out):
    side = samples.shape[0]
    flat = samples.reshape(-1)
    below = np.uint64(2 * side)
    middle = np.float32((side - 1) / 2.0)
    one = np.float32(1.0)
    cosine = np.float32(np.cos(angle_rad))
    sine = np.float32(np.sin(angle_rad))
    left = np.float32(origin[1])
    for r in range(out.shape[1]):
        y = np.float32(r + origin[0])
        across = reach[1] - y * y
        if across < 0.0:
            continue
        extent = np.sqrt(across)
        first = max(0, int(np.ceil(-extent - left)))
        last = min(out.shape[2] - 1, int(np.floor(extent - left)))
        hole = reach[0] - y * y
        nearest = np.sqrt(hole) if hole > 0.0 else np.float32(-1.0)
        values = out[0, r]
        squares = out[1, r]
        mask = out[2, r]
        for c in range(first, last + 1):
            x = np.float32(c) + left
            if abs(x) < nearest:
                continue
            # The point that a turn by the angle brings to (y, x).
            row = cosine * y + sine * x + middle
            col = cosine * x - sine * y + middle
            i = int(row)
            j = int(col)
            fy = row - np.float32(i)
            fx = col - np.float32(j)
            k = np.uint64(i) * below + np.uint64(2) * np.uint64(j)
            m = k + below
            w00 = (one - fy) * (one - fx)
            w01 = (one - fy) * fx
            w10 = fy * (one - fx)
            w11 = fy * fx
            measured = (
                w00 * flat[k + np.uint64(1)]
                + w01 * flat[k + np.uint64(3)]
                + w10 * flat[m + np.uint64(1)]
                + w11 * flat[m + np.uint64(3)]
            )
            if measured >= np.float32(0.5):
                value = (
                    w00 * flat[k]
                    + w01 * flat[k + np.uint64(2)]
                    + w10 * flat[m]
                    + w11 * flat[m + np.uint64(2)]
                ) / measured
                u = np.uint64(c)
                values[u] = value
                squares[u] = value * value
                mask[u] = one


def turn_surface(
    samples: FloatArray,
    reach: NDArray[np.float32],
    angles_deg: NDArray[np.float64],
    out: FloatArray,
    shift_px: tuple[int, int] = (0, 0),
) -> FloatArray:
    """Copies of a surface, turned counter-clockwise as displayed about its middle.

    Parameters
    ----------
    samples : (P, P, 2) float32 array
        From `surface_samples`. A sample is measured where at least half of its weight is.
    reach : (2,) float32 array
        From `surface_reach`: only there is sampled.
    angles_deg : (T,) array
        Turns.
    out : (T, 3, N, N) float32 array of zeros
        Receives values, squares and mask of each copy. The surface's middle falls on the copy's
        middle,
    shift_px : (int, int)
        but for this shift: a copy's middle shows the turned point at its shift.

    Returns
    -------
    (T, 3, N, N) float32 array
        `out`.
    """
    middle = (out.shape[2] - 1) / 2.0
    origin = np.array([shift_px[0] - middle, shift_px[1] - middle])
    for angle, copy in zip(np.deg2rad(angles_deg).tolist(), out, strict=True):
        _turn(samples, angle, origin, reach, copy)
    return out


def surface_planes(surface: FloatArray, valid: BoolArray) -> FloatArray:
    """The three planes of a square surface, (3, S, S) float32."""
    out = np.empty((3, *surface.shape), np.float32)
    out[0] = surface
    np.multiply(surface, surface, out=out[1])
    out[2] = valid
    return out


def surface_samples(planes: FloatArray, reach: NDArray[np.float32]) -> FloatArray:
    """Values and mask side by side, (P, P, 2), padded so that no turn leaves the array."""
    size = planes.shape[1]
    pad = max(0, int(np.ceil(np.sqrt(reach[1]) + 2.0 - (size - 1) / 2.0)))
    out = np.zeros((size + 2 * pad, size + 2 * pad, 2), np.float32)
    inner = slice(pad, pad + size)
    out[inner, inner, 0] = planes[0]
    out[inner, inner, 1] = planes[2]
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
