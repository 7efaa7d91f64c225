"""What depends on the distance from a mark's centre alone, and so says nothing of one firearm."""

from __future__ import annotations

import numpy as np

from ribin.model import BoolArray, FloatArray

_CLIP_MADS = 2.5  # dirt on a ring must not move its mean
_ROUNDS = 2  # of the mean of what was clipped


def without_rings(
    surface: FloatArray,
    valid: BoolArray,
    pitch_um: tuple[float, float],
    center_um: tuple[float, float],
    width_um: float,
) -> FloatArray:
    """Subtract the mean of each distance from the centre, by the share of the ring that it is of.

    A primer's rounded edge, the collar round its firing pin impression and, in an image, a part
    of its brightness are alike on every case of a maker (Tai and Eddy 2018,
    doi:10.1111/1556-4029.13577, remove them too). On a short arc the mean would be relief.

    Parameters
    ----------
    surface : (H, W) float32 array
        Values; ignored where not `valid`.
    valid : (H, W) bool array
        True where measured.
    pitch_um, center_um : (float, float)
        Distance of rows and columns; row and column of the centre from pixel (0, 0).
    width_um : float
        Of the rings over which is averaged; between them the mean is interpolated.

    Returns
    -------
    (H, W) float32 array
        0 where not `valid`.
    """
    rows = np.arange(surface.shape[0])[:, None] * pitch_um[0] - center_um[0]
    cols = np.arange(surface.shape[1])[None, :] * pitch_um[1] - center_um[1]
    radius = np.hypot(rows, cols)[valid] / width_um
    rings, left = radius.astype(np.intp), surface[valid].astype(np.float64)
    number = np.bincount(rings)
    held = np.flatnonzero(number)
    whole = 2.0 * np.pi * (held + 0.5) * width_um**2 / (pitch_um[0] * pitch_um[1])
    share = np.minimum(1.0, number[held] / whole)
    limit = _CLIP_MADS * 1.4826 * np.median(np.abs(left)) if left.size else 0.0
    for _ in range(_ROUNDS):
        mean = np.bincount(rings, np.clip(left, -limit, limit))[held] / number[held]
        left -= np.interp(radius, held + 0.5, share * mean) if held.size else 0.0
    out = np.zeros_like(surface)
    out[valid] = left
    return out
