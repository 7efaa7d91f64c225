"""Turned copies: a surface rotated about its mark's centre, with squares and mask beside it.

Every copy is a stack of three planes, (3, H, W) float32: the values, their squares, and 1 where
measured. A sum of products of such planes is all that a masked correlation needs.
"""

from __future__ import annotations

import numpy as np

from ribin._jit import kernel
from ribin.model import BoolArray, FloatArray


@kernel
def _turn(surface, valid, angles_rad, origin, reach, out):
    height, width = surface.shape
    middle_row = (height - 1) / 2.0
    middle_col = (width - 1) / 2.0
    for t in range(out.shape[0]):
        cosine = np.cos(angles_rad[t])
        sine = np.sin(angles_rad[t])
        for r in range(out.shape[2]):
            y = r + origin[t, 0]
            for c in range(out.shape[3]):
                x = c + origin[t, 1]
                from_middle = y * y + x * x
                if from_middle < reach[0] or from_middle > reach[1]:
                    continue
                # The point that a turn by the angle brings to (y, x).
                row = cosine * y + sine * x + middle_row
                col = -sine * y + cosine * x + middle_col
                if row < 0.0 or col < 0.0 or row >= height - 1 or col >= width - 1:
                    continue
                i = int(row)
                j = int(col)
                fy = row - i
                fx = col - j
                w00 = (1.0 - fy) * (1.0 - fx) if valid[i, j] else 0.0
                w01 = (1.0 - fy) * fx if valid[i, j + 1] else 0.0
                w10 = fy * (1.0 - fx) if valid[i + 1, j] else 0.0
                w11 = fy * fx if valid[i + 1, j + 1] else 0.0
                measured = w00 + w01 + w10 + w11
                if measured < 0.5:
                    continue
                value = w00 * surface[i, j] + w01 * surface[i, j + 1]
                value += w10 * surface[i + 1, j] + w11 * surface[i + 1, j + 1]
                value /= measured
                out[t, 0, r, c] = value
                out[t, 1, r, c] = value * value
                out[t, 2, r, c] = 1.0


def turn_surface(
    surface: FloatArray,
    valid: BoolArray,
    angles_deg: np.ndarray,
    size_px: int,
    shift_px: tuple[int, int] = (0, 0),
) -> FloatArray:
    """Copies of a surface, turned counter-clockwise as displayed about its middle.

    Parameters
    ----------
    surface : (H, W) float32 array
        Values, 0 where not `valid`.
    valid : (H, W) bool array
        True where measured. A sample is measured where at least half of its weight is.
    angles_deg : (T,) array
        Turns.
    size_px : int
        Side N of the copies. The surface's middle falls on the copy's middle,
    shift_px : (int, int)
        but for this shift: the copy's middle shows the turned point at `shift_px`.

    Returns
    -------
    (T, 3, N, N) float32 array
        Values, squares and mask of each copy.
    """
    angles_rad = np.deg2rad(np.asarray(angles_deg, np.float64))
    half = (size_px - 1) / 2.0
    origin = np.empty((len(angles_rad), 2))
    origin[:, 0] = shift_px[0] - half
    origin[:, 1] = shift_px[1] - half
    out = np.zeros((len(angles_rad), 3, size_px, size_px), np.float32)
    _turn(surface, valid, angles_rad, origin, _reach(valid), out)
    return out


def planes(surface: FloatArray, valid: BoolArray) -> FloatArray:
    """The three planes of a surface that is not turned, (3, H, W) float32."""
    return np.stack([surface, surface * surface, valid.astype(np.float32)])


def _reach(valid: BoolArray) -> np.ndarray:
    """Squared distances from the middle, least and greatest, within which anything was measured."""
    rows, cols = np.nonzero(valid)
    if len(rows) == 0:
        return np.array([1.0, 0.0])
    y = rows - (valid.shape[0] - 1) / 2.0
    x = cols - (valid.shape[1] - 1) / 2.0
    distance = np.sqrt(y * y + x * x)
    return np.array([max(0.0, distance.min() - 1.0) ** 2, (distance.max() + 1.0) ** 2])
