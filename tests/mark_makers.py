"""Scans with known truth: a rough surface sampled wherever a test puts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
from scipy import ndimage

from ribin.model import Mark, Provenance, Scan, ScanKind, Template
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.pipeline import describe_mark, extract_marks

OUTER_UM = 1700.0
INNER_UM = 550.0
_GRID_UM = 5.0
_SIDE_PX = 1024  # 5 mm: a ring that is moved by 300 um stays on it

# The default refuses a relief of more than 80 um: it may be a whole head.
ANY_RELIEF = replace(
    DEFAULT_PARAMS,
    breech_face=replace(
        DEFAULT_PARAMS.breech_face,
        preprocess=replace(DEFAULT_PARAMS.breech_face.preprocess, max_relief_um=1e9),
    ),
)

Where = Callable[[np.ndarray, np.ndarray], np.ndarray]  # rows, cols in um -> True inside


def provenance(source: str = "made.x3p") -> Provenance:
    return Provenance(source, "0" * 64, 0, "test")


def turn(angle_deg: float) -> np.ndarray:
    """(2, 2) matrix that turns (row, col) points counter-clockwise as displayed."""
    cosine, sine = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    return np.array([[cosine, -sine], [sine, cosine]])


@cache
def _spline(seed: int, shortest_um: float) -> np.ndarray:
    """Spline coefficients of a random surface of RMS 1 um on a grid of 5 um."""
    noise = np.random.default_rng(seed).standard_normal((_SIDE_PX, _SIDE_PX))
    freq = np.hypot(*np.meshgrid(*[np.fft.fftfreq(_SIDE_PX, _GRID_UM)] * 2))
    band = (freq < 1.0 / shortest_um) & (freq > 1.0 / 600.0)
    spectrum = np.fft.fft2(noise) * np.where(band, 1.0 / np.maximum(freq, 1e-6), 0.0)
    rough = np.fft.ifft2(spectrum).real
    return ndimage.spline_filter(rough / rough.std())


def heights(seed: int, rows: np.ndarray, cols: np.ndarray, shortest_um: float = 50.0) -> np.ndarray:
    """The surface of `seed` at points in um from its middle; no wavelength below `shortest_um`."""
    at = np.stack([rows, cols]) / _GRID_UM + _SIDE_PX / 2.0
    return ndimage.map_coordinates(_spline(seed, shortest_um), at, order=3, prefilter=False)


def ring(rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    distance = np.hypot(rows, cols)
    return (distance <= OUTER_UM) & (distance >= INNER_UM)


def make_scan(
    seed: int = 1,
    *,
    rotation_deg: float = 0.0,
    shift_um: tuple[float, float] = (0.0, 0.0),
    pitch_um: tuple[float, float] = (10.0, 10.0),
    inside: Where = ring,
    outline_um: tuple[float, float] = (0.0, 0.0),
    half_um: float = 1800.0,
    noise_um: float = 0.0,
    source: str = "made.x3p",
) -> Scan:
    """Measure the surface of `seed` after it was turned and shifted.

    A point x of the surface, (row, col) in um from its middle, lies on R(rotation) x + shift from
    the middle of the scan; `inside` says what is measured, from `outline_um` off that middle.
    """
    size = [int(2 * half_um / pitch) + 1 for pitch in pitch_um]
    line = [(np.arange(n) - (n - 1) / 2.0) * p for n, p in zip(size, pitch_um, strict=True)]
    rows, cols = np.meshgrid(*line, indexing="ij")
    back = turn(-rotation_deg)
    y, x = rows - shift_um[0], cols - shift_um[1]
    values = heights(seed, back[0, 0] * y + back[0, 1] * x, back[1, 0] * y + back[1, 1] * x)
    values += noise_um * np.random.default_rng(seed + 1000).standard_normal(values.shape)
    valid = inside(rows - outline_um[0], cols - outline_um[1])
    return Scan(
        np.where(valid, values, 0.0).astype(np.float32),
        valid,
        pitch_um[0],
        pitch_um[1],
        ScanKind.TOPOGRAPHY,
        provenance(source),
    )


def middle_um(mark: Mark) -> np.ndarray:
    """Where the middle of a mark's frame lies in its scan, (row, col) in um from pixel (0, 0)."""
    half_um = (mark.surface.shape[0] - 1) / 2.0 * mark.pitch_um
    return np.array(mark.origin_um) + half_um


def template_of(scan: Scan, params: Params = DEFAULT_PARAMS) -> Template:
    (mark,) = extract_marks(scan, params)
    return describe_mark(mark, params)


def with_garbage(values: np.ndarray, valid: np.ndarray, garbage: float = 1e6) -> np.ndarray:
    """The same values, and nonsense wherever nothing was measured."""
    return np.where(valid, values, np.asarray(garbage, values.dtype))


def scaled(scan: Scan, factor: float = 1.0, plane: tuple[float, float, float] = (0, 0, 0)) -> Scan:
    """Heights times a factor, plus an offset and a slope a pixel of rows and columns."""
    rows, cols = np.indices(scan.shape)
    values = factor * scan.values.astype(np.float64) + plane[0] + plane[1] * rows + plane[2] * cols
    return replace(scan, values=np.where(scan.valid, values, 0.0).astype(np.float32))


def dirty_scan(scan: Scan) -> Scan:
    """A scan with grains of 30 um on a tenth of it, that a breech face leaves out as dust."""
    spots = np.zeros(scan.shape, np.uint8)
    spots[6::18, 6::18] = 1
    grains = cv2.dilate(spots, np.ones((6, 6), np.uint8)) > 0
    heights = scan.values + np.float32(30) * (scan.valid & grains)
    return replace(scan, values=heights)
