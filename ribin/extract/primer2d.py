"""The primer in an image of a head: the circle of its flat, bright within and dark without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ribin.extract.circle_flux import Circle, circle_flux, refine_circle
from ribin.extract.hole2d import blurred
from ribin.model import FloatArray
from ribin.params_image import HeadImageParams


def likely_primers(grey: FloatArray, params: HeadImageParams) -> list[Circle]:
    """Circles, bright within and dark without, that lie in the frame; the clearest first."""
    levels = _levels(grey)
    smooth = blurred(levels, params.smooth_um / params.grid_um)
    cap = params.edge_cap * params.grid_um / params.smooth_um
    radii = np.arange(params.min_primer_um, params.max_primer_um, 2 * params.grid_um)
    flux = circle_flux(smooth, radii / params.grid_um, cap)
    apart = round(params.apart_um / params.grid_um)
    found = []
    for _ in range(params.primer_candidates):
        k, row, col = np.unravel_index(int(flux.argmax()), flux.shape)
        if flux[k, row, col] < params.min_primer_fall:
            break
        start = Circle(float(row), float(col), float(radii[k] / params.grid_um))
        band_px = params.band_um / params.grid_um
        circle = refine_circle(smooth, start, band_px, 1.0, params.min_edge * cap)
        if _is_whole(circle, params):
            found.append((circle.edge_share * _contrast(levels, circle), circle))
        near = slice(max(0, k - 4), k + 5)
        flux[near, max(0, row - apart) : row + apart, max(0, col - apart) : col + apart] = -1.0
    clear = [pair for pair in found if pair[0] >= params.min_primer_contrast]
    return [circle for _, circle in sorted(clear, key=lambda pair: -pair[0])]


def soft_primers(grey: FloatArray, params: HeadImageParams) -> list[Circle]:
    """As `likely_primers`, of flats whose brightness falls slowly, and only unmistakable ones."""
    softer = replace(
        params,
        smooth_um=params.soft_smooth_um,
        min_primer_fall=params.soft_min_primer_fall,
        min_edge=params.soft_min_edge,
        min_edge_share=params.sure_edge_share,
    )
    return likely_primers(grey, softer)


def _is_whole(circle: Circle, params: HeadImageParams) -> bool:
    return (
        circle.shown >= params.min_shown
        and circle.edge_share >= params.min_edge_share
        and params.min_primer_um <= circle.radius * params.grid_um <= params.max_primer_um
    )


def _contrast(levels: FloatArray, circle: Circle) -> float:
    """How much brighter the border of the disc is than the darkest ring just outside it."""
    rows, cols = np.ogrid[: levels.shape[0], : levels.shape[1]]
    away = np.hypot(rows - circle.row, cols - circle.col) / circle.radius
    inner = np.median(levels[(away > 0.8) & (away < 0.97)])
    rings = [levels[(away > r) & (away <= r + 0.02)] for r in np.arange(1.0, 1.2, 0.02)]
    return float(inner - min(np.median(ring) for ring in rings if ring.size))


def _levels(grey: FloatArray) -> FloatArray:
    """Brightness on a scale that gain and glare hardly change: 0 black to 1 the bright half."""
    black, bright = np.percentile(grey, [2, 75])
    return np.asarray(np.clip((grey - black) / max(bright - black, 1e-3), 0.0, 1.5), np.float32)
