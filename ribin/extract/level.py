"""A surface brought into the frame of its mark: levelled, freed of rings, resampled.

A ring is what depends on the distance from the mark's centre alone, and so says nothing of one
firearm. The frame is square, centred on the mark and at the working pitch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin.model import BoolArray, FloatArray
from ribin.surface._jit import kernel

_FITTED_POINTS = 20_000  # a plane has three unknowns; more points only cost time
_ITERATIONS = 20
_INLIER_MADS = 6.0
_CLIP_MADS = 2.5  # dirt on a ring must not move its mean
_ROUNDS = 2  # of the mean of what was clipped
_RIDGE = 1e-9  # of a ring: the tilt of a single pixel is none


def level_surface(surface: FloatArray, valid: BoolArray, degree: int = 1) -> FloatArray:
    """Subtract the robust plane, or polynomial, of the measured pixels.

    The plane of least absolute deviations (the conditional median; as cmcR's removeTrend,
    Zemmels et al. 2023, doi:10.32614/RJ-2023-014) finds the surface, then least squares over the
    pixels within six scaled median deviations of it makes the plane exact. A degree of 2 and more
    is for a bowl (firing pin impressions, ALGORITHMS 1.9).

    `surface` is (H, W) float32 in um; `valid` True where measured, at least three pixels for a
    plane, as many as terms otherwise. Returns residuals in um, 0 where not `valid`.
    """
    rows, cols = np.nonzero(valid)
    # About the middle and from -1 to 1: powers of such numbers are nearly independent, so the
    # small normal equations of `_fit` lose nothing.
    columns = [np.ones(len(rows)), _from_middle(rows), _from_middle(cols)]
    for total in range(2, degree + 1):
        columns += [columns[1] ** i * columns[2] ** (total - i) for i in range(total + 1)]
    design = np.column_stack(columns)
    heights = surface[valid].astype(np.float64)
    every = slice(None, None, max(1, len(heights) // _FITTED_POINTS))
    plane = _median_plane(design[every], heights[every])
    residuals = heights - design @ plane
    near = np.abs(residuals) <= _INLIER_MADS * _scaled_mad(residuals)
    if near.sum() >= design.shape[1]:
        plane = _fit(design[near], heights[near], np.ones(int(near.sum())))
    levelled = np.zeros_like(surface)
    levelled[valid] = heights - design @ plane
    return levelled


def _median_plane(design: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Least absolute deviations by iteratively reweighted least squares, (columns,)."""
    weights = np.ones(len(heights))
    plane: np.ndarray = np.zeros(design.shape[1])
    for _ in range(_ITERATIONS):
        plane = _fit(design, heights, weights)
        residuals = np.abs(heights - design @ plane)
        floor = max(1e-3 * _scaled_mad(residuals), 1e-9)
        weights = 1.0 / np.maximum(residuals, floor)
    return plane


def _fit(design: np.ndarray, heights: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted least squares by the normal equations: a tenth of the time of an SVD."""
    weighted = (design * weights[:, None]).T
    return np.linalg.lstsq(weighted @ design, weighted @ heights, rcond=None)[0]


def _from_middle(places: np.ndarray) -> np.ndarray:
    low, high = places.min(), places.max()
    return (2.0 * places - (low + high)) / max(high - low, 1)


def _scaled_mad(residuals: np.ndarray) -> float:
    """Median absolute residual, scaled to a normal distribution's standard deviation."""
    return 1.4826 * float(np.median(np.abs(residuals))) + 1e-12


def remove_rings(
    surface: FloatArray,
    valid: BoolArray,
    pitch_um: tuple[float, float],
    center_um: tuple[float, float],
    width_um: float,
    min_tilt: float = 1.0,
) -> FloatArray:
    """Subtract the mean of each distance from the centre, by the share of the ring that it is of.

    A primer's rounded edge, the collar round its firing pin impression and, in an image, a part
    of its brightness are alike on every case of a maker (Tai and Eddy 2018,
    doi:10.1111/1556-4029.13577, remove them too). On a short arc the mean would be relief.

    An edge that lies aside of the centre leaves rings that are higher on one side. Where such tilts
    of whole rings hold at least `min_tilt` of the energy that is left, 0 to 1, they go as well; of
    rings of which a part was measured they must hold as many times more.

    `center_um` is (row, col) from pixel (0, 0). The mean is taken over rings of `width_um` and
    interpolated between them. Returns (H, W) float32, 0 where not `valid`.
    """
    out = np.zeros_like(surface)
    if not valid.any():
        return out
    rows = np.arange(surface.shape[0])[:, None] * pitch_um[0] - center_um[0]
    cols = np.arange(surface.shape[1])[None, :] * pitch_um[1] - center_um[1]
    away_um = np.hypot(rows, cols)
    radius, heights = away_um[valid] / width_um, surface[valid].astype(np.float64)
    whole = 2.0 * np.pi * width_um**2 / (pitch_um[0] * pitch_um[1])
    left = _without_rings(heights, radius, [np.ones(len(radius))], whole)
    if min_tilt < 1.0:
        sides = [(axis / np.maximum(away_um, 1e-9))[valid] for axis in (rows, cols)]
        level = _without_rings(heights, radius, [np.ones(len(radius)), *sides], whole)
        measured = len(radius) / float(np.sum(whole * (np.unique(radius.astype(np.intp)) + 0.5)))
        if np.sum(level**2) <= (1.0 - min_tilt / min(measured, 1.0)) * np.sum(left**2):
            left = level
    out[valid] = left
    return out


def _without_rings(
    heights: NDArray[np.float64],
    radius: NDArray[np.float64],
    terms: list[NDArray[np.float64]],
    whole: float,
) -> NDArray[np.float64]:
    """Heights of N pixels without what the terms, (N,) each, explain of each ring.

    `radius` is in widths of a ring, and `whole` the pixels of a ring of radius 1. What a ring
    lacks counts as so many pixels of height 0, evenly spread round it.
    """
    rings = radius.astype(np.intp)
    number = np.bincount(rings)
    held = np.flatnonzero(number)
    full = whole * (held + 0.5)
    normal = np.empty((len(held), len(terms), len(terms)))
    for i, term in enumerate(terms):
        for j, other in enumerate(terms):
            normal[:, i, j] = np.bincount(rings, term * other)[held]
        lacking = np.maximum(full - number[held], 0.0)
        normal[:, i, i] += lacking if i == 0 else lacking / 2.0 + _RIDGE * full
    limit = _CLIP_MADS * 1.4826 * np.median(np.abs(heights))
    left = heights.copy()
    for _ in range(_ROUNDS):
        clipped = np.clip(left, -limit, limit)
        sums = np.stack([np.bincount(rings, term * clipped)[held] for term in terms], axis=1)
        fitted = np.linalg.solve(normal, sums[:, :, None])[:, :, 0]
        for term, along in zip(terms, fitted.T, strict=True):
            left -= term * np.interp(radius, held + 0.5, along)
    return left


@kernel
def _resample(surface, weight, row0, col0, row_step, col_step, out, out_valid):
    height, width = surface.shape
    for r in range(out.shape[0]):
        y = row0 + r * row_step
        i = int(np.floor(y))
        fy = y - i
        for c in range(out.shape[1]):
            x = col0 + c * col_step
            j = int(np.floor(x))
            fx = x - j
            total = 0.0
            measured = 0.0
            for di in range(2):
                for dj in range(2):
                    ii = i + di
                    jj = j + dj
                    if 0 <= ii < height and 0 <= jj < width:
                        share = (fy if di else 1.0 - fy) * (fx if dj else 1.0 - fx)
                        share *= weight[ii, jj]
                        total += share * surface[ii, jj]
                        measured += share
            inside = measured >= 0.5
            out_valid[r, c] = inside
            out[r, c] = total / measured if inside else 0.0


def resample_to_frame(
    surface: FloatArray,
    valid: BoolArray,
    pitch_um: tuple[float, float],
    center_px: tuple[float, float],
    out_pitch_um: float,
    out_size_px: int,
) -> tuple[FloatArray, BoolArray]:
    """Sample a surface bilinearly on a square grid around a centre.

    The surface must hold no wavelength shorter than twice `out_pitch_um`: smooth it first.

    Parameters
    ----------
    surface : (H, W) float32 array
        Values; ignored where not `valid`.
    valid : (H, W) bool array
        True where measured. A sample is measured where at least half of its weight is.
    pitch_um : (float, float)
        Distance of rows and of columns.
    center_px : (float, float)
        Row and column that fall on the middle of the frame.
    out_pitch_um, out_size_px : float, int
        Pitch and side of the frame, N pixels.

    Returns
    -------
    (N, N) float32 array, (N, N) bool array
        Values, 0 where not measured, and the mask.
    """
    out = np.zeros((out_size_px, out_size_px), np.float32)
    out_valid = np.zeros((out_size_px, out_size_px), np.bool_)
    half = (out_size_px - 1) / 2.0
    row_step, col_step = out_pitch_um / pitch_um[0], out_pitch_um / pitch_um[1]
    _resample(
        np.ascontiguousarray(surface, np.float32),
        valid.astype(np.float32),
        center_px[0] - half * row_step,
        center_px[1] - half * col_step,
        row_step,
        col_step,
        out,
        out_valid,
    )
    return out, out_valid


def sample_to_frame(
    plane: NDArray,
    pitch_um: tuple[float, float],
    center_px: tuple[float, float],
    out_pitch_um: float,
    out_size_px: int,
) -> NDArray:
    """What the nearest pixel holds, on the frame of `resample_to_frame`; 0 beyond the plane."""
    steps = (np.arange(out_size_px) - (out_size_px - 1) / 2.0) * out_pitch_um
    places = [
        np.rint(c + steps / pitch).astype(int) for c, pitch in zip(center_px, pitch_um, strict=True)
    ]
    rows, cols = (np.clip(at, 0, n - 1) for at, n in zip(places, plane.shape, strict=True))
    out = plane[np.ix_(rows, cols)]
    within = [at == near for at, near in zip(places, (rows, cols), strict=True)]
    return np.where(within[0][:, None] & within[1], out, np.zeros_like(out))
