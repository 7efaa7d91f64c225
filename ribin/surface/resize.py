"""A surface enlarged about its middle, on the same grid."""

from __future__ import annotations

import cv2
import numpy as np

from ribin.model import BoolArray, FloatArray


def resize_surface(
    surface: FloatArray, valid: BoolArray, scale: float, size_px: int
) -> tuple[FloatArray, BoolArray]:
    """A surface `scale` times as large, bilinearly, in the middle of a square of `size_px`.

    (S, S) float32, bool -> (size_px, size_px) heights, 0 where not measured, and their mask: True
    where at least half of the weight was measured.
    """
    off = (surface.shape[0] - 1) / 2.0 - (size_px - 1) / 2.0 / scale
    matrix = np.array([[1.0 / scale, 0.0, off], [0.0, 1.0 / scale, off]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    values, weights = (
        cv2.warpAffine(plane, matrix, (size_px, size_px), flags=flags)
        for plane in (np.where(valid, surface, np.float32(0)), valid.astype(np.float32))
    )
    inside = weights >= 0.5
    heights = values / np.maximum(weights, np.float32(0.5))
    return np.where(inside, heights, np.float32(0)).astype(np.float32), inside
