"""Which way each point of a surface faces."""

from __future__ import annotations

import numpy as np

from ribin.model import BoolArray, FloatArray


def surface_normals(
    surface: FloatArray, valid: BoolArray, pitch_um: tuple[float, float]
) -> FloatArray:
    """Unit normals from differences of neighbouring heights.

    Parameters
    ----------
    surface : (H, W) float32 array
        Heights in um; ignored where not `valid`.
    valid : (H, W) bool array
        True where measured. Beside a hole the difference is one-sided; a pixel without a
        measured neighbour lies level.
    pitch_um : (float, float)
        Distance of rows and of columns.

    Returns
    -------
    (H, W, 3) float32 array
        Right, up and towards the viewer, as displayed.
    """
    right = _slope(surface, valid, 1) / np.float32(pitch_um[1])
    up = -_slope(surface, valid, 0) / np.float32(pitch_um[0])
    normals = np.stack([-right, -up, np.ones_like(right)], axis=-1)
    return np.asarray(normals / np.linalg.norm(normals, axis=-1, keepdims=True), np.float32)


def _slope(surface: FloatArray, valid: BoolArray, axis: int) -> FloatArray:
    """Height difference a pixel along an axis: the mean of the steps to measured neighbours."""
    step = np.diff(surface, axis=axis)
    known = np.logical_and(*_neighbours(valid, axis)).astype(np.float32)
    before, after = [(1, 0), (0, 0)], [(0, 1), (0, 0)]
    if axis == 1:
        before, after = before[::-1], after[::-1]
    total = np.pad(step * known, before) + np.pad(step * known, after)
    number = np.pad(known, before) + np.pad(known, after)
    return np.asarray(total / np.maximum(number, 1.0), np.float32)


def _neighbours(valid: BoolArray, axis: int) -> tuple[BoolArray, BoolArray]:
    return (valid[:-1], valid[1:]) if axis == 0 else (valid[:, :-1], valid[:, 1:])
