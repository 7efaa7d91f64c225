"""The breech-face ring: what lies on one surface between the primer's edge and the aperture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.morphology import convex_hull_image

from ribin.extract.head_3d_circles import DIRECTIONS, PrimerCircle, polar_surface
from ribin.extract.head_grid import HeadGrid, ransac_plane
from ribin.model import BoolArray, FloatArray
from ribin.params.defaults import HeadParams

_SMOOTH_DIRECTIONS = 15  # window of the median along the edge


@dataclass(frozen=True, eq=False)
class Ring:
    """The ring on the grid of the head.

    Attributes
    ----------
    inside : (H, W) bool array
        True on the ring; small holes in the data are filled.
    hollow : (H, W) bool array
        True within the aperture: collar, firing pin, drag.
    residuals : (H, W) float32 array
        Height in um above the surface on which the ring lies.
    radius_um : float
        Median distance of the outer edge from the primer's middle.
    share : float
        Share of the annulus that lies on the surface.
    """

    inside: BoolArray
    hollow: BoolArray
    residuals: FloatArray
    radius_um: float
    share: float


def find_ring(grid: HeadGrid, circle: PrimerCircle, params: HeadParams) -> Ring | None:
    """1 the surface, 2 what leaves it, 3 the aperture, 4 the outer edge, 5 the ring between.

    None where nothing within the circle lies on one surface.
    """
    away = distance_um(grid, circle)
    pool = grid.valid & (away < 0.80 * circle.radius_um) & (away > 0.30 * circle.radius_um)
    if pool.sum() < 50:
        return None
    residuals, sigma = _residuals(grid, circle, pool, params.band_um)
    tolerance = float(
        np.clip(params.tolerance_sigmas * sigma, params.min_tolerance_um, params.max_tolerance_um)
    )
    off = np.abs(cv2.GaussianBlur(residuals, (0, 0), 1.0)) > tolerance
    off |= ~grid.valid
    outer = _outer_edge(residuals, grid, circle, max(params.edge_fall_um, 2.0 * sigma))
    within = away < outer
    hollow = _hollow(off & within, within, away, grid.pitch_um, 0.8 * float(np.median(outer)))
    ring = within & ~hollow
    # Within the ring only what stands far off is left out: dents and dirt, not relief.
    bad = np.abs(residuals) > 2.0 * tolerance
    bad = cv2.morphologyEx(bad.astype(np.uint8), cv2.MORPH_OPEN, disc(1)) > 0
    share = float((ring & ~off & grid.valid).sum() / max(1, ring.sum()))
    if share < params.min_ring_share:
        return None
    radius_um = float(np.median(outer[ring])) if ring.any() else 0.0
    return Ring(ring & ~bad, hollow, residuals, radius_um, share)


def distance_um(grid: HeadGrid, circle: PrimerCircle) -> NDArray[np.float64]:
    rows, cols = np.ogrid[: grid.shape[0], : grid.shape[1]]
    return np.hypot(rows * grid.pitch_um - circle.row_um, cols * grid.pitch_um - circle.col_um)


def _residuals(
    grid: HeadGrid, circle: PrimerCircle, pool: BoolArray, band_um: float
) -> tuple[FloatArray, float]:
    """Heights above a plane with the dome of a primer, and their robust spread on the ring."""
    rows, cols = np.nonzero(pool)
    plane = ransac_plane(rows, cols, grid.heights[pool], band_um)
    row, col = np.indices(grid.shape, dtype=np.float64)
    square = (distance_um(grid, circle) / circle.radius_um) ** 2
    design = np.stack([np.ones(grid.shape), row, col, square])
    surface = np.tensordot(np.append(plane, 0.0), design, 1)
    for band in (2.0 * band_um, band_um, band_um):
        near = pool & (np.abs(grid.heights - surface) < band)
        found = np.linalg.lstsq(
            design[:, near].T, grid.heights[near].astype(np.float64), rcond=None
        )
        surface = np.tensordot(found[0], design, 1)
    residuals = np.where(grid.valid, grid.heights - surface, 0.0).astype(np.float32)
    near = pool & (np.abs(residuals) < 2.0 * band_um)
    return residuals, 1.4826 * float(np.median(np.abs(residuals[near])))


def _outer_edge(
    residuals: FloatArray, grid: HeadGrid, circle: PrimerCircle, fall_um: float
) -> NDArray[np.float64]:
    """Distance in um at which the surface falls for good, for each pixel's direction, (H, W).

    Walking inwards from the primer's edge, the first stretch that lies on the surface ends the
    fall. Directions in which nothing was measured take the edge of their neighbours.
    """
    radii = np.arange(0.35 * circle.radius_um, 1.06 * circle.radius_um, grid.pitch_um / 2.0)
    center = (circle.row_um / grid.pitch_um, circle.col_um / grid.pitch_um)
    rays = [
        polar_surface(values, center, radii / grid.pitch_um, 0.0)
        for values in (residuals, grid.valid.astype(np.float32))
    ]
    seen = rays[1] > 0.5
    # Neighbouring directions together: relief of the mark averages out, the edge does not.
    total, weight = (_blurred_round(ray) for ray in (np.where(seen, rays[0], 0.0), seen))
    heights = total / np.maximum(weight, 0.01)
    on = (np.abs(heights) <= fall_um) & (weight > 0.3)
    run = 6  # half grid pixels that must lie on it together
    windows = np.lib.stride_tricks.sliding_window_view(on, run, axis=1)
    together = np.asarray(windows.all(axis=2))
    last = together.shape[1] - 1 - together[:, ::-1].argmax(axis=1)
    edge = np.where(together.any(axis=1), radii[last + run - 1], np.nan)
    # The frame's border is no edge: beyond it nothing falls.
    beyond = np.minimum(last + run + 3, on.shape[1] - 1)
    edge[rays[1][np.arange(DIRECTIONS), beyond] < 0.01] = np.nan
    edge = _smoothed(edge, 0.85 * circle.radius_um)
    row, col = np.indices(grid.shape, dtype=np.float64)
    angle = np.arctan2(row - center[0], col - center[1])
    return edge[np.round(angle * DIRECTIONS / (2.0 * np.pi)).astype(int) % DIRECTIONS]


def _blurred_round(ray: NDArray) -> NDArray[np.float32]:
    """Averaged over neighbouring directions, which go round in a circle."""
    around = np.pad(ray.astype(np.float32), ((_SMOOTH_DIRECTIONS,) * 2, (0, 0)), mode="wrap")
    blurred = np.asarray(cv2.blur(around, (1, _SMOOTH_DIRECTIONS)), np.float32)
    return blurred[_SMOOTH_DIRECTIONS:-_SMOOTH_DIRECTIONS]


def _smoothed(edge: NDArray[np.float64], usual: float) -> NDArray[np.float64]:
    """A median along a closed line; gaps get the median of the whole."""
    known = edge[~np.isnan(edge)]
    whole = float(np.median(known)) if known.size else usual
    filled = np.where(np.isnan(edge), whole, edge)
    filled = np.clip(filled, 0.8 * whole, 1.12 * whole)
    around = np.pad(filled, _SMOOTH_DIRECTIONS, mode="wrap")
    windows = np.lib.stride_tricks.sliding_window_view(around, 2 * _SMOOTH_DIRECTIONS + 1)
    return np.median(windows, axis=1)


def _hollow(
    off: BoolArray, within: BoolArray, away: NDArray[np.float64], pitch_um: float, reach_um: float
) -> BoolArray:
    """The hull of the aperture: the largest body that leaves the surface, and what touches it."""
    core = (off & (away < reach_um)).astype(np.uint8)
    opened = cv2.morphologyEx(core, cv2.MORPH_OPEN, disc(1))
    joined = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, disc(round(75.0 / pitch_um)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    if count < 2:
        return np.zeros_like(off)
    # Bodies near the middle count as larger: dirt and lettering lie anywhere.
    size = [
        stats[i, cv2.CC_STAT_AREA] / (1.0 + (away[labels == i].mean() / reach_um) ** 2)
        for i in range(1, count)
    ]
    body = labels == 1 + int(np.argmax(size))
    if body.sum() * pitch_um**2 < 2.0e4:
        return np.zeros_like(off)
    return np.asarray(convex_hull_image(body) & within, np.bool_)


def disc(radius_px: int) -> NDArray[np.uint8]:
    side = 2 * radius_px + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)).astype(np.uint8)
