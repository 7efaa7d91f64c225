"""Circles in an image: at which centre and radius does the brightness fall outwards all round?"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ribin.model import BoolArray, FloatArray

DIRECTIONS = 360
_MIN_SHOWN = 0.5  # of a circle that must lie in the frame to be looked at


@dataclass(frozen=True)
class Circle:
    """A circle on a grid of square pixels, in pixels, and how clearly its edge shows."""

    row: float
    col: float
    radius: float
    edge_share: float = 0.0  # of the directions in the frame in which the edge lies on the circle
    shown: float = 0.0  # share of the full turn that lies in the frame


def circle_flux(brightness: FloatArray, radii_px: NDArray[np.float64], cap: float) -> FloatArray:
    """Mean fall of the brightness across circles of every centre and radius.

    The Hough transform for circles with known direction of the edge (Kimme, Ballard and Sklansky
    1975, doi:10.1145/360666.360677), summed by FFT: the gradient is correlated with the outward
    normals of a circle. A gradient a pixel counts no more than `cap`: many weak edges beat a few
    glaring ones.

    Returns (R, H, W) float32 of the (R,) radii and the (H, W) smooth brightness: from -1 to 1 in
    units of `cap`, positive where it falls outwards, 0 where less than half of the circle lies in
    the frame.
    """
    from scipy import fft

    down, across = np.gradient(brightness)
    steep = np.maximum(np.hypot(down, across) / cap, 1.0)
    height, width = brightness.shape
    reach = int(np.ceil(radii_px.max())) + 1
    shape = (fft.next_fast_len(height + 2 * reach), fft.next_fast_len(width + 2 * reach))
    spectra = [
        fft.rfft2(plane, shape)
        for plane in (down / steep / cap, across / steep / cap, np.ones_like(brightness))
    ]
    out = np.zeros((len(radii_px), height, width), np.float32)
    for k, radius in enumerate(radii_px):
        normals = _circle_kernels(radius, shape)
        rows, cols, shown = (
            fft.irfft2(spectrum * np.conj(fft.rfft2(kernel)), shape)[:height, :width]
            for spectrum, kernel in zip(spectra, normals, strict=True)
        )
        out[k] = np.where(shown >= _MIN_SHOWN, -(rows + cols) / np.maximum(shown, 1e-3), 0.0)
    return out


def refine_circle(
    brightness: FloatArray, start: Circle, band_px: float, sign: float, min_fall: float
) -> Circle:
    """Move a circle to where each direction falls most steeply near it.

    `band_px` is half the width of the band that is searched first; it narrows each round. `sign` is
    1 where the brightness falls outwards, -1 where it rises; `min_fall` the least change a pixel
    that is an edge.
    """
    circle = start
    for narrowing in (1.0, 0.7, 0.5, 0.5):
        reach = max(3.0, band_px * narrowing)
        radii = circle.radius + np.arange(-reach, reach + 0.25, 0.5)
        fall = sign * _outward_falls(brightness, circle, radii)
        seen = ~np.isnan(fall).any(axis=1)
        if seen.sum() < DIRECTIONS // 4:
            return Circle(circle.row, circle.col, circle.radius)
        at = np.argmax(np.nan_to_num(fall, nan=-1.0), axis=1)
        steepest = np.nan_to_num(fall, nan=-1.0)[np.arange(DIRECTIONS), at]
        edge = seen & (steepest >= min_fall)
        if edge.sum() < DIRECTIONS // 4:
            return Circle(circle.row, circle.col, circle.radius, 0.0, float(seen.mean()))
        circle, close = _fit_circle(circle, radii[at], edge)
        circle = Circle(
            circle.row, circle.col, circle.radius, float(close / seen.sum()), float(seen.mean())
        )
    return circle


def inside_circle(shape: tuple[int, int], circle: Circle, factor: float = 1.0) -> BoolArray:
    """(H, W), True within `factor` times the radius."""
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    return np.asarray(
        np.hypot(rows - circle.row, cols - circle.col) <= factor * circle.radius, np.bool_
    )


def _circle_kernels(radius: float, shape: tuple[int, int]) -> tuple[NDArray, NDArray, NDArray]:
    """Row and column of the outward normal and weight of each pixel of a circle about (0, 0)."""
    angles = np.arange(DIRECTIONS) * 2.0 * np.pi / DIRECTIONS
    rows, cols = np.sin(angles), np.cos(angles)
    at = (np.rint(radius * rows).astype(int), np.rint(radius * cols).astype(int))
    kernels = tuple(np.zeros(shape) for _ in range(3))
    for kernel, weight in zip(kernels, (rows, cols, np.ones(DIRECTIONS)), strict=True):
        np.add.at(kernel, at, weight / DIRECTIONS)
    return kernels  # type: ignore[return-value]


def _outward_falls(
    brightness: FloatArray, circle: Circle, radii: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fall a pixel, (directions, radii); NaN outside the frame."""
    angles = np.arange(DIRECTIONS) * 2.0 * np.pi / DIRECTIONS
    step = 4  # of half pixels: a fall across two pixels
    beyond = radii[0] - 1.0 + 0.5 * np.arange(len(radii) + step)
    rows = circle.row + np.outer(np.sin(angles), beyond)
    cols = circle.col + np.outer(np.cos(angles), beyond)
    polar = cv2.remap(
        brightness,
        cols.astype(np.float32),
        rows.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=float("nan"),
    ).astype(np.float64)
    return np.asarray((polar[:, :-step] - polar[:, step:]) / 2.0)


def _fit_circle(circle: Circle, found: NDArray[np.float64], edge: BoolArray) -> tuple[Circle, int]:
    """Least squares over the edges near the median ones; also how many directions those are."""
    angles = np.arange(DIRECTIONS) * 2.0 * np.pi / DIRECTIONS
    design = np.column_stack([np.ones(DIRECTIONS), np.sin(angles), np.cos(angles)])
    use = edge.copy()
    shift = np.array([np.median(found[edge]), 0.0, 0.0])
    for _ in range(4):
        away = np.abs(found - design @ shift)
        limit = max(1.5, 2.5 * 1.4826 * float(np.median(away[edge])))
        use = edge & (away <= limit)
        shift = np.linalg.lstsq(design[use], found[use], rcond=None)[0]
    close = edge & (np.abs(found - design @ shift) <= max(2.0, 0.05 * circle.radius))
    moved = Circle(circle.row + shift[1], circle.col + shift[2], float(shift[0]))
    return moved, int(close.sum())
