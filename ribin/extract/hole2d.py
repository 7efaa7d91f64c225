"""The hole in the flat of a primer, in an image: the firing pin's impression or its aperture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage
from skimage.morphology import disk

from ribin.extract.circle_flux import Circle, circle_flux, inside_circle, refine_circle
from ribin.model import BoolArray, FloatArray
from ribin.params_image import HeadImageParams


@dataclass(frozen=True, eq=False)
class Hole:
    """A hole, True `inside` on the grid, and its circle: of a hole that is not round, the circle
    of its area.
    """

    circle: Circle
    inside: BoolArray


def blurred(values: FloatArray, sigma_px: float) -> FloatArray:
    """Gaussian blur; (H, W) float32 arrays."""
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma_px), np.float32)


def round_hole(flat: FloatArray, primer: Circle, params: HeadImageParams) -> Hole | None:
    """The largest clear circle within the primer at which it is dark inside and flat outside.

    Parameters
    ----------
    flat : (H, W) float32 array
        Brightness as a share of that of the primer's flat.
    """
    smooth = blurred(np.minimum(flat, 1.0), params.smooth_um / params.grid_um)
    cap = params.edge_cap * params.grid_um / params.smooth_um
    radii = np.arange(params.min_pin_um / params.grid_um, params.max_pin_share * primer.radius)
    rise = -circle_flux(smooth, radii, cap)
    rows, cols = np.ogrid[: flat.shape[0], : flat.shape[1]]
    away = np.hypot(rows - primer.row, cols - primer.col)
    rise[(away[None] + radii[:, None, None]) > primer.radius * 1.03] = 0.0
    best = rise.max(axis=(1, 2))
    clear = (best >= params.pin_share_of_best * best.max()) & (best >= params.min_pin_rise)
    for k in np.flatnonzero(clear)[::-1]:
        row, col = np.unravel_index(int(rise[k].argmax()), rise[k].shape)
        start = Circle(float(row), float(col), float(radii[k]))
        band_px = params.pin_band_um / params.grid_um
        found = refine_circle(smooth, start, band_px, -1.0, params.min_edge * cap)
        # The refined circle may have slipped off: inwards, or out to the flat of a negative.
        fits = 0.8 * radii[k] < found.radius <= params.max_pin_share * primer.radius
        if fits and found.edge_share >= params.min_edge_share:
            return Hole(found, inside_circle(flat.shape, found))
    return None


def any_hole(flat: FloatArray, primer: Circle, params: HeadImageParams) -> Hole | None:
    """The largest patch near the middle that a dark outline encloses, of whatever shape."""
    smooth = blurred(flat, 0.5 * params.smooth_um / params.grid_um)
    dark = (smooth < params.hole_flat) & inside_circle(flat.shape, primer, 0.9)
    reach = max(1, round(params.hole_closing_um / params.grid_um))
    closed = ndimage.binary_closing(dark, disk(reach))
    filled = ndimage.binary_fill_holes(closed)
    filled = ndimage.binary_opening(
        filled, disk(max(1, round(0.3 * params.min_pin_um / params.grid_um)))
    )
    labels, number = ndimage.label(filled)
    best: Hole | None = None
    for label in range(1, number + 1):
        inside = labels == label
        row, col = ndimage.center_of_mass(inside)
        radius = math.sqrt(float(inside.sum()) / math.pi)
        central = (
            math.hypot(row - primer.row, col - primer.col) <= params.hole_reach * primer.radius
        )
        fits = params.min_pin_um / params.grid_um <= radius <= params.max_pin_share * primer.radius
        if central and fits and (best is None or radius > best.circle.radius):
            best = Hole(Circle(float(row), float(col), radius), inside)
    return best
