"""A surface as a grey picture lit from the upper left, the way an examiner sees it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ribin.model import BoolArray, FloatArray

Picture = NDArray[np.uint8]

# Light from the upper left at 45 degrees, the convention of shaded relief: (up, left, towards).
_LIGHT = np.array([0.5, 0.5, np.sqrt(0.5)])
_TYPICAL_SLOPE = 0.6  # the picture's steepness of a typical slope; a display choice
_BACKGROUND = 255


def shade_surface(surface: FloatArray, valid: BoolArray) -> Picture:
    """Shaded relief.

    The slopes are scaled by their own median, so that deep and shallow marks show alike.

    Parameters
    ----------
    surface : (H, W) float32 array
        Heights in um or grey contrast.
    valid : (H, W) bool array
        True where measured; elsewhere the picture is white.

    Returns
    -------
    (H, W) uint8 array
    """
    inner = cv2.erode(valid.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    down, right = np.gradient(surface.astype(np.float64))
    steepness = np.hypot(down, right)[inner]
    typical = float(np.median(steepness)) if steepness.size else 0.0
    scale = _TYPICAL_SLOPE / typical if typical > 0 else 0.0
    down, right = scale * down, scale * right
    # The normal of z(row, col) is (-dz/drow, -dz/dcol, 1); the light stands up and left of it.
    lit = (_LIGHT[0] * down + _LIGHT[1] * right + _LIGHT[2]) / np.sqrt(1 + down**2 + right**2)
    picture = np.clip(40 + 190 * np.clip(lit, 0, 1), 0, 255).astype(np.uint8)
    picture[~valid] = _BACKGROUND
    return picture
