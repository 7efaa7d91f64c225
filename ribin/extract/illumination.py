"""What the lamp did to an image, taken out: glare, uneven light, circular shading.

Blank and saturated images are refused: the camera recorded nothing there.
"""

from __future__ import annotations

import cv2
import numpy as np

from ribin.errors import ScanError
from ribin.extract.level import remove_rings
from ribin.model import BoolArray, FloatArray, Region, Scan
from ribin.params.defaults import PreprocessParams
from ribin.surface.gaussian import gaussian_sigma, smooth_surface

FULL_RANGE = 0.995  # 254 of 255: the camera cut off what was brighter
_SIGMA_PX = 8.0  # of the Gaussian on the coarser grid
_LEAST_SHARE = 1e-4
_LEAST_CONTRAST = 1e-4  # of the range; below it there is nothing to normalise


def even_image(
    scan: Scan, region: Region, params: PreprocessParams
) -> tuple[FloatArray, BoolArray]:
    """1 without glare, 2 smoothed, 3 evenly lit, 4 without circular shading, 5 clipped.

    Returns (H, W) float32 array, (H, W) bool array: contrast in local standard deviations, 0 where
    not measured, and the mask. Raises ScanError: most of the mark is saturated.
    """
    light, pitch_um = params.light, (scan.row_pitch_um, scan.col_pitch_um)
    check_white(scan, region.inside, region.mark_type.words, light.max_white)
    inside = remove_glare(scan.values, region.inside, pitch_um, light.glare_um, light.max_glare)
    surface = smooth_surface(scan.values, inside, params.low_cutoff_um, pitch_um)
    surface = even_light(surface, inside, pitch_um, light.surroundings_um)
    surface = remove_rings(surface, inside, pitch_um, region.center_um, light.shading_um)
    return np.clip(surface, -light.clip, light.clip), inside


def remove_glare(
    grey: FloatArray,
    valid: BoolArray,
    pitch_um: tuple[float, float],
    spot_um: float,
    max_share: float,
) -> BoolArray:
    """The mask less wide saturated spots, in which nothing of the surface is left.

    Saturated points and lines stay: under a ring light the edges of a mark are such lines. Where
    more than `max_share` of the mark is saturated, it is the exposure and no glare: all stays.

    `grey`, (H, W) float32, is from 0 to 1; `valid`, (H, W) bool, True inside the mark. Spots
    narrower than `spot_um` stay.
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
    exposure and gain. `grey`, (H, W) float32, is smooth: noise in it would count as contrast.
    Nothing outside of `valid`, True inside the mark, takes part. `cutoff_um` is the size of the
    surroundings, as the cut-off of a Gaussian. Gives 0 where not `valid`, or without contrast.
    """
    change = grey - _surroundings(grey, valid, pitch_um, cutoff_um)
    change = np.where(valid, change, np.float32(0))
    spread = np.sqrt(np.maximum(_surroundings(change * change, valid, pitch_um, cutoff_um), 0.0))
    known = valid & (spread > _LEAST_CONTRAST)
    return np.where(known, change / np.where(known, spread, 1.0), 0.0).astype(np.float32)


def _surroundings(
    values: FloatArray, valid: BoolArray, pitch_um: tuple[float, float], cutoff_um: float
) -> FloatArray:
    """Masked local mean; on a coarser grid where the Gaussian is far wider than a pixel.

    Kernels of 600 pixels on 5 million would take most of the time of an image.
    """
    factors = [max(1, int(gaussian_sigma(cutoff_um) / (_SIGMA_PX * p))) for p in pitch_um]
    size = tuple(max(1, round(n / f)) for n, f in zip(values.shape, factors, strict=True))
    weight = valid.astype(np.float32)
    mean, share = (_resize(plane, size, cv2.INTER_AREA) for plane in (values * weight, weight))
    pitch = tuple(p * n / m for p, n, m in zip(pitch_um, values.shape, size, strict=True))
    # The share of each coarse pixel is its weight: both sums are smoothed alike.
    every = np.ones(size, np.bool_)
    top, weights = (
        smooth_surface(s, every, cutoff_um, (pitch[0], pitch[1])) for s in (mean, share)
    )
    local = np.where(weights > _LEAST_SHARE, top / np.maximum(weights, _LEAST_SHARE), 0.0)
    return _resize(local.astype(np.float32), values.shape, cv2.INTER_LINEAR)


def _resize(values: FloatArray, size: tuple[int, ...], how: int) -> FloatArray:
    return np.asarray(cv2.resize(values, (size[1], size[0]), interpolation=how), np.float32)


def check_white(scan: Scan, inside: BoolArray, what: str, max_share: float) -> None:
    """Refuse a part of an image of which too much is saturated.

    `inside`, (H, W) bool: True on the part; at least one pixel. `what`: its name, for the message.
    Raises ScanError.
    """
    share = float(np.mean(scan.values[inside] >= FULL_RANGE))
    if share > max_share:
        raise ScanError(
            f"{scan.provenance.source}: {share:.0%} of the {what} is saturated, at most "
            f"{max_share:.0%} can be"
        )


def check_contrast(scan: Scan, min_contrast: float) -> None:
    """Refuse an image whose 5th and 95th percentile are nearer than `min_contrast` of the range.

    Raises ScanError.
    """
    low, high = np.percentile(scan.values[scan.valid], [5, 95])
    if high - low < min_contrast:
        raise ScanError(
            f"{scan.provenance.source}: the image is nearly blank, grey values of "
            f"{low * 255:.0f} to {high * 255:.0f} of 255 found"
        )
