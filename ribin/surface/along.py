"""The mean of a surface along lines, parallel or about one centre."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ribin.model import BoolArray, FloatArray

_STRAIGHT = 1e-4  # curvature per um below which lines are parallel: a centre 10 mm away


def mean_along(
    surface: FloatArray,
    valid: BoolArray,
    pitch_um: float,
    across_deg: float,
    curvature_per_um: float,
    sigma_um: float,
) -> FloatArray:
    """The Gaussian mean of a square surface along lines; 0 where not measured.

    Parameters
    ----------
    surface : (S, S) float32 array
        Heights; ignored where not `valid`.
    valid : (S, S) bool array
        True where measured.
    across_deg, curvature_per_um : float
        The direction across the lines from the surface's middle, counter-clockwise from below, and
        in that direction 1 / curvature to their centre; 0 for parallel ones.
    sigma_um : float
        Standard deviation of the weights along a line through the middle.
    """
    half_um = surface.shape[0] * pitch_um / 2.0
    steps_um = pitch_um / 2.0, 2.0 * pitch_um  # across lines are fine, along them smooth
    across = np.arange(-1.5 * half_um, 1.5 * half_um, steps_um[0])
    along = np.arange(-3.0 * half_um, 3.0 * half_um, steps_um[1])
    lines = np.deg2rad(across_deg), curvature_per_um
    rows, cols = _unbent(across[:, None], along[None, :], lines, surface.shape[0], pitch_um)
    values = cv2.remap(np.where(valid, surface, np.float32(0)), cols, rows, cv2.INTER_LINEAR)
    weights = cv2.remap(valid.astype(np.float32), cols, rows, cv2.INTER_LINEAR)
    reach = int(3.0 * sigma_um / steps_um[1])
    kernel = cv2.getGaussianKernel(2 * reach + 1, sigma_um / steps_um[1])
    one = np.ones((1, 1))
    border = cv2.BORDER_CONSTANT
    values, weights = (
        cv2.sepFilter2D(plane, -1, kernel, one, borderType=border) for plane in (values, weights)
    )
    mean = values / np.maximum(weights, 1e-3)
    u, v = _bent(surface.shape, pitch_um, lines)
    down, right = (u - across[0]) / steps_um[0], (v - along[0]) / steps_um[1]
    there = cv2.remap(mean, right.astype(np.float32), down.astype(np.float32), cv2.INTER_LINEAR)
    return np.where(valid, there, np.float32(0)).astype(np.float32)


def _unbent(
    across: NDArray[np.float64],
    along: NDArray[np.float64],
    lines: tuple[float, float],
    size_px: int,
    pitch_um: float,
) -> tuple[FloatArray, FloatArray]:
    """Row and column of the pixel at each place across and along the lines."""
    turn, curvature = lines
    u, v = np.broadcast_arrays(across, along)
    if curvature >= _STRAIGHT:
        radius, angle = 1.0 - curvature * u, curvature * v
        once = (radius > 0.0) & (np.abs(angle) <= np.pi)  # each pixel lies at one place
        far = 10.0 * size_px * pitch_um
        u, v = (
            np.where(once, (1.0 - radius * np.cos(angle)) / curvature, far),
            np.where(once, radius * np.sin(angle) / curvature, far),
        )
    row, col = np.cos(turn) * u - np.sin(turn) * v, np.sin(turn) * u + np.cos(turn) * v
    middle = (size_px - 1) / 2.0
    rows, cols = (axis / pitch_um + middle for axis in (row, col))
    return rows.astype(np.float32), cols.astype(np.float32)


def _bent(
    shape: tuple[int, ...], pitch_um: float, lines: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Place across and along the lines of each pixel."""
    turn, curvature = lines
    rows, cols = (np.indices(shape) - (shape[0] - 1) / 2.0) * pitch_um
    u, v = np.cos(turn) * rows + np.sin(turn) * cols, np.cos(turn) * cols - np.sin(turn) * rows
    if curvature < _STRAIGHT:
        return u, v
    down, side = 1.0 - curvature * u, curvature * v
    away = (1.0 - np.hypot(down, side)) / curvature
    return away, np.arctan2(side, down) / curvature
