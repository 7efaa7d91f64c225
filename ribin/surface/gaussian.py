"""The ISO 16610-61 areal Gaussian filter on surfaces with holes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from ribin.model import BoolArray, FloatArray

# ISO 16610-21: s(x) = exp(-pi (x / (alpha c))^2) / (alpha c) transmits one half at the cut-off c.
_ALPHA = math.sqrt(math.log(2.0) / math.pi)
_TINY = 1e-6


def gaussian_sigma(cutoff: float) -> float:
    """Standard deviation of the ISO 16610-21/-61 Gaussian with this cut-off wavelength.

    The result has the unit of `cutoff`: sigma = 0.1874 cut-off (ISO 16610-21:2011, 4.1).
    """
    return _ALPHA * cutoff / math.sqrt(2.0 * math.pi)


def smooth_surface(
    surface: FloatArray, valid: BoolArray, cutoff_um: float, pitch_um: tuple[float, float]
) -> FloatArray:
    """Low-pass a surface; unmeasured pixels take no part and stay unmeasured.

    The zero-order regression filter: conv(weight * z) / conv(weight), half transmission at the
    cut-off (ISO 16610-61:2015; order 0 as in ALGORITHMS 1.1).

    Parameters
    ----------
    surface : (H, W) float32 array
        Values; ignored where not `valid`.
    valid : (H, W) bool array
        True where measured.
    cutoff_um : float
        Wavelength in um that is transmitted by one half.
    pitch_um : (float, float)
        Distance of rows and of columns.

    Returns
    -------
    (H, W) float32 array
        0 where not `valid`.
    """
    sigma = gaussian_sigma(cutoff_um)
    weighted = _blur(np.where(valid, surface, np.float32(0)), sigma, pitch_um)
    weight = _blur(valid.astype(np.float32), sigma, pitch_um)
    return np.where(valid, weighted / np.maximum(weight, _TINY), np.float32(0))


def bridge_holes(
    surface: FloatArray,
    valid: BoolArray,
    cutoff_um: float,
    min_weight: float,
    pitch_um: tuple[float, float],
) -> tuple[FloatArray, BoolArray]:
    """Fill holes that are narrow against a wavelength with the low-pass of what lies beside them.

    Arguments and filter are those of `smooth_surface`; filled is where at least `min_weight` of the
    Gaussian's weight was measured, so that a wide hole shrinks by a fraction of the Gaussian.
    Returns the surface, 0 where neither measured nor filled, and where it is either.
    """
    sigma = gaussian_sigma(cutoff_um)
    weighted = _blur(np.where(valid, surface, np.float32(0)), sigma, pitch_um)
    weight = _blur(valid.astype(np.float32), sigma, pitch_um)
    filled = np.where(weight >= min_weight, weighted / np.maximum(weight, _TINY), np.float32(0))
    return np.where(valid, surface, filled), valid | (weight >= min_weight)


def _blur(values: FloatArray, sigma_um: float, pitch_um: tuple[float, float]) -> FloatArray:
    sigma_row, sigma_col = sigma_um / pitch_um[0], sigma_um / pitch_um[1]
    return np.asarray(
        cv2.GaussianBlur(
            np.ascontiguousarray(values, np.float32),
            (0, 0),
            sigmaX=sigma_col,
            sigmaY=sigma_row,
            borderType=cv2.BORDER_CONSTANT,
        ),
        np.float32,
    )


def split_bands(
    surface: FloatArray, valid: BoolArray, cutoffs_um: Sequence[float], pitch_um: float
) -> FloatArray:
    """What of a surface is finer than each cut-off but not than the one before, then the rest.

    Unmeasured pixels count as 0, which is enough where the form was removed, and takes a third of
    the time of `smooth_surface`.

    Parameters
    ----------
    surface : (H, W) float32 array
        Values; ignored where not `valid`.
    valid : (H, W) bool array
        True where measured.
    cutoffs_um : sequence of B floats
        Ascending wavelengths, each transmitted by one half.
    pitch_um : float
        Distance of rows and of columns.

    Returns
    -------
    (B + 1, H, W) float32 array
        Bands that add up to the surface; 0 where not measured.
    """
    levels = [np.where(valid, surface, np.float32(0))]
    for cutoff_um in cutoffs_um:
        sigma_px = gaussian_sigma(cutoff_um) / pitch_um
        border = cv2.BORDER_CONSTANT
        levels.append(cv2.GaussianBlur(levels[0], (0, 0), sigma_px, borderType=border))
    bands = np.empty((len(levels), *surface.shape), np.float32)
    for band, level, coarser in zip(bands, levels, [*levels[1:], None], strict=True):
        np.multiply(level if coarser is None else level - coarser, valid, out=band)
    return bands
