"""Degradations: small functions from a scan to a worse one, on the raw heights.

Points are (row, col) in um from the middle of pixel (0, 0); every random number comes from `rng`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from motion import Motion, Points
from numpy.typing import NDArray
from scipy import ndimage

from ribin.model import Scan
from ribin.surface.gaussian import smooth_surface

Rng = np.random.Generator
Field = NDArray[np.float64]


def keep_only(scan: Scan, kept: NDArray[np.bool_]) -> Scan:
    """The scan without what is not `kept`, (H, W) bool array."""
    valid = scan.valid & kept
    return replace(scan, valid=valid, values=np.where(valid, scan.values, np.float32(0)))


def crop_sector(scan: Scan, center_um: Points, start_deg: float, share: float) -> Scan:
    """Keep `share` of the area: the sector that begins at an angle, counter-clockwise."""
    rows, cols = rows_cols(scan, center_um)
    angle = np.mod(np.rad2deg(np.arctan2(-rows, cols)) - start_deg, 360.0)
    return keep_only(scan, angle <= np.quantile(angle[scan.valid], share))


def lose_discs(scan: Scan, share: float, rng: Rng) -> Scan:
    """Lose `share` of the area in discs of 20 to 150 um radius that lie in clusters of 300 um."""
    rows, cols = rows_cols(scan, np.zeros(2))
    places = np.argwhere(scan.valid) * (scan.row_pitch_um, scan.col_pitch_um)
    lost = np.zeros(scan.shape, np.bool_)
    wanted = share * scan.valid.sum()
    while (lost & scan.valid).sum() < wanted:
        cluster = places[rng.integers(len(places))]
        for _ in range(rng.integers(3, 12)):
            row, col = cluster + rng.normal(0.0, 300.0, 2)
            radius = 20.0 * 7.5 ** rng.random()
            lost |= (rows - row) ** 2 + (cols - col) ** 2 < radius**2
            if (lost & scan.valid).sum() >= wanted:
                break
    return keep_only(scan, ~lost)


def smooth_noise(scan: Scan, length_um: float, rng: Rng) -> Field:
    """White noise through a Gaussian, RMS 1; its autocorrelation is 1/e at `length_um`."""
    sigma = (length_um / 2.0 / scan.row_pitch_um, length_um / 2.0 / scan.col_pitch_um)
    noise = ndimage.gaussian_filter(rng.standard_normal(scan.shape), sigma, mode="wrap")
    return np.asarray(noise / noise.std())


def weaken_relief(scan: Scan, factor: float, rms_um: float, length_um: float, rng: Rng) -> Scan:
    """Multiply the heights by `factor`, then add noise of this RMS and correlation length."""
    noise = rms_um * smooth_noise(scan, length_um, rng)
    return with_heights(scan, factor * scan.values + noise)


def add_form(scan: Scan, center_um: Points, edge_um: float, rng: Rng) -> Scan:
    """A raw primer: inclined up to 1 degree each way, domed by 10 to 30 um, its edge falling.

    The outer tenth of the radius falls by `edge_um`, as the square of the way; the dome is a
    little astigmatic.
    """
    rows, cols = rows_cols(scan, center_um)
    radius = np.hypot(rows, cols)
    outer = np.quantile(radius[scan.valid], 0.995)
    tilt = np.tan(np.deg2rad(rng.uniform(-1.0, 1.0, 2)))
    dome, twist = rng.uniform(10.0, 30.0), rng.uniform(-5.0, 5.0)
    form = tilt[0] * rows + tilt[1] * cols - (dome * radius**2 - twist * rows * cols) / outer**2
    beyond = np.clip(radius / outer - 0.9, 0.0, 0.12) / 0.1
    return with_heights(scan, scan.values + form - edge_um * beyond**2)


def add_spikes(scan: Scan, share: float, rng: Rng) -> Scan:
    """Outliers: pixels and small groups of them, 3 to 60 um up or down, on `share` of the area."""
    seeds = rng.random(scan.shape) < share / 2.5
    grown = ndimage.binary_dilation(seeds) & (rng.random(scan.shape) < 0.375)
    height = rng.choice((-1.0, 1.0), scan.shape) * 3.0 * 20.0 ** rng.random(scan.shape)
    return with_heights(scan, scan.values + np.where(seeds | grown, height, 0.0))


def jitter_mask(scan: Scan, reach_um: float, rng: Rng) -> Scan:
    """Another hand's mask: every edge moves inwards by 0 to `reach_um`, unevenly."""
    pitch = (scan.row_pitch_um, scan.col_pitch_um)
    room = ndimage.distance_transform_edt(np.pad(scan.valid, 1), sampling=pitch)[1:-1, 1:-1]
    slow, quick = smooth_noise(scan, 600.0, rng), smooth_noise(scan, 40.0, rng)
    depth = np.clip(0.5 + 0.3 * slow + 0.15 * quick, 0.0, 1.0)
    return keep_only(scan, room > reach_um * depth)


def coarsen(scan: Scan, factor: float) -> Scan:
    """A pitch `factor` times coarser, after a Gaussian that halves the new Nyquist wavelength."""
    pitch = (scan.row_pitch_um, scan.col_pitch_um)
    smooth = smooth_surface(scan.values, scan.valid, 2.0 * factor * max(pitch), pitch)
    size = tuple(int((n - 1) / factor) + 1 for n in scan.shape)
    coarse = (factor * scan.row_pitch_um, factor * scan.col_pitch_um)
    source = replace(scan, values=smooth)
    still = Motion(np.eye(2), np.zeros(2))
    return _sampled(source, still, size, coarse)


def move_scan(scan: Scan, motion: Motion, size: tuple[int, int]) -> Scan:
    """The scan after a motion, on a raster of `size` pixels of the same pitch, bilinearly."""
    return _sampled(scan, motion, size, (scan.row_pitch_um, scan.col_pitch_um))


def rows_cols(scan: Scan, center_um: Points) -> tuple[Field, Field]:
    """Rows (H, 1) and columns (1, W) in um from a centre."""
    rows = np.arange(scan.shape[0])[:, None] * scan.row_pitch_um - center_um[0]
    cols = np.arange(scan.shape[1])[None, :] * scan.col_pitch_um - center_um[1]
    return rows, cols


def with_heights(scan: Scan, heights: NDArray[np.floating]) -> Scan:
    return replace(scan, values=np.where(scan.valid, heights, 0.0).astype(np.float32))


def _sampled(
    scan: Scan, motion: Motion, size: tuple[int, ...], pitch_um: tuple[float, float]
) -> Scan:
    back = motion.inverse()
    into = np.diag(1.0 / np.array([scan.row_pitch_um, scan.col_pitch_um]))
    matrix, offset = into @ back.matrix @ np.diag(pitch_um), into @ back.shift_um
    measured, values = (
        ndimage.affine_transform(plane, matrix, offset, size, order=1)
        for plane in (scan.valid.astype(np.float64), scan.values.astype(np.float64))
    )
    valid = measured >= 0.5
    heights = np.where(valid, values / np.maximum(measured, 0.5), 0.0).astype(np.float32)
    return Scan(heights, valid, *pitch_um, scan.kind, scan.provenance)
