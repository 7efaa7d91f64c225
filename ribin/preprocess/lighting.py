"""What the lamp did to an image, taken out: glare, uneven light, circular shading."""

from __future__ import annotations

import cv2
import numpy as np

from ribin.gaussian import smooth_surface
from ribin.model import BoolArray, FloatArray
from ribin.preprocess.exposure import FULL_RANGE

_LEAST_CONTRAST = 1e-4  # of the range; below it there is nothing to normalise


def without_glare(
    grey: FloatArray,
    valid: BoolArray,
    pitch_um: tuple[float, float],
    spot_um: float,
    max_share: float,
) -> BoolArray:
    """The mask less wide saturated spots, in which nothing of the surface is left.

    Saturated points and lines stay: under a ring light the edges of a mark are such lines. Where
    more than `max_share` of the mark is saturated, it is the exposure and no glare: all stays.

    Parameters
    ----------
    grey : (H, W) float32 array
        From 0 to 1.
    valid : (H, W) bool array
        True inside the mark.
    spot_um : float
        Narrower spots stay.

    Returns
    -------
    (H, W) bool array
    """
    white = valid & (grey >= FULL_RANGE)
    if white.sum() > max_share * valid.sum():
        return valid
    size = tuple(max(1, round(spot_um / p)) | 1 for p in reversed(pitch_um))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, size)
    # A closing first: noise puts grey pixels into a white spot.
    closed = cv2.morphologyEx(white.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    spots = cv2.morphologyEx(closed, cv2.MORPH_OPEN, disc)
    return np.asarray(valid & (spots == 0), np.bool_)


def even_light(
    grey: FloatArray, valid: BoolArray, pitch_um: tuple[float, float], cutoff_um: float
) -> FloatArray:
    """Contrast against the surroundings: (grey - local mean) / local standard deviation.

    Light that is stronger in one place raises both, so the quotient does not depend on it, nor on
    exposure and gain.

    Parameters
    ----------
    grey : (H, W) float32 array
        Smooth: noise in it would count as contrast.
    valid : (H, W) bool array
        True inside the mark; nothing outside takes part.
    cutoff_um : float
        Size of the surroundings, as the cut-off of a Gaussian.

    Returns
    -------
    (H, W) float32 array
        0 where not `valid`, and where there is no contrast.
    """
    change = grey - smooth_surface(grey, valid, cutoff_um, pitch_um)
    change = np.where(valid, change, np.float32(0))
    spread = np.sqrt(smooth_surface(change * change, valid, cutoff_um, pitch_um))
    known = valid & (spread > _LEAST_CONTRAST)
    return np.where(known, change / np.where(known, spread, 1.0), 0.0).astype(np.float32)


def without_shading(
    contrast: FloatArray,
    valid: BoolArray,
    pitch_um: tuple[float, float],
    center_um: tuple[float, float],
    bin_um: float,
) -> FloatArray:
    """Subtract the mean of each distance from the centre.

    A primer is turned and domed, so a part of its brightness depends on the radius alone and is
    alike on every case of a maker (Tai and Eddy 2018, doi:10.1111/1556-4029.13577, remove it too).

    Parameters
    ----------
    contrast : (H, W) float32 array
        Values; ignored where not `valid`.
    center_um : (float, float)
        From pixel (0, 0).
    bin_um : float
        Width of the rings over which is averaged; between them the mean is interpolated.

    Returns
    -------
    (H, W) float32 array
        0 where not `valid`.
    """
    rows = np.arange(contrast.shape[0])[:, None] * pitch_um[0] - center_um[0]
    cols = np.arange(contrast.shape[1])[None, :] * pitch_um[1] - center_um[1]
    radius = np.hypot(rows, cols)[valid] / bin_um
    rings = radius.astype(np.intp)
    number = np.bincount(rings)
    mean = np.bincount(rings, contrast[valid]) / np.maximum(number, 1)
    held = np.flatnonzero(number)
    shading = np.interp(radius, held + 0.5, mean[held])
    out = np.zeros_like(contrast)
    out[valid] = contrast[valid] - shading
    return out
