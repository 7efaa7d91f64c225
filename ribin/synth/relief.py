"""Random surfaces from which machining, primers and noise are composed."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ribin.errors import ParameterError

Grid = NDArray[np.float64]


def random_stream(entropy: tuple[int, ...], purpose: str) -> np.random.Generator:
    """The stream of one purpose; streams of other purposes or entropy are independent.

    The purpose goes into the spawn key: entropy alone would not tell (1,) from (1, 0).
    """
    if min(entropy) < 0:
        raise ParameterError(f"seed: 0 or more needed, found {min(entropy)}")
    key = int.from_bytes(purpose.encode(), "big")
    return np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(len(entropy), key)))


def centred_grid(shape: tuple[int, int], pitch_um: float) -> tuple[Grid, Grid]:
    """Rows and columns in um of a raster, (H, W) float64 each, 0 in its middle."""
    rows = (np.arange(shape[0]) - (shape[0] - 1) / 2.0) * pitch_um
    cols = (np.arange(shape[1]) - (shape[1] - 1) / 2.0) * pitch_um
    return np.meshgrid(rows, cols, indexing="ij")


def rotate_points(rows: Grid, cols: Grid, angle_deg: float) -> tuple[Grid, Grid]:
    """Points turned counter-clockwise as displayed (row 0 at the top) about (0, 0)."""
    cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return cos * rows - sin * cols, sin * rows + cos * cols


def rough_field(
    shape: tuple[int, int],
    pitch_um: float,
    rng: np.random.Generator,
    *,
    shortest_um: float,
    longest_um: float,
    slope: float,
    stretch: float = 1.0,
) -> Grid:
    """A Gaussian random surface of mean 0 and RMS 1, (H, W) float64, that continues periodically.

    The power density in two dimensions falls as frequency to the power -slope between the
    wavelengths `shortest_um` and `longest_um`, at which it has fallen by 1/e. Features are
    `stretch` times longer along the rows' axis (downwards) than across it.
    """
    down = stretch * fft.fftfreq(shape[0], pitch_um)[:, None]
    across = fft.rfftfreq(shape[1], pitch_um)[None, :]
    frequency = np.hypot(down, across)
    frequency[0, 0] = 1.0
    power = frequency**-slope
    power *= np.exp(-((frequency * shortest_um) ** 2) - 1.0 / (frequency * longest_um) ** 2)
    power[0, 0] = 0.0
    spectrum = fft.rfft2(rng.standard_normal(shape)) * np.sqrt(power)
    return unit_rms(fft.irfft2(spectrum, shape))


def rough_profile(
    length: int,
    pitch_um: float,
    rng: np.random.Generator,
    *,
    shortest_um: float,
    longest_um: float,
    slope: float,
) -> Grid:
    """The same in one dimension: a (1, length) float64 array of mean 0 and RMS 1."""
    return rough_field(
        (1, length), pitch_um, rng, shortest_um=shortest_um, longest_um=longest_um, slope=slope
    )


def dented_field(
    shape: tuple[int, int],
    pitch_um: float,
    rng: np.random.Generator,
    *,
    radius_um: float,
    cover: float,
) -> Grid:
    """Bowls of one radius at random places, RMS 1, continuing periodically.

    `cover` is the summed area of the bowls over the area of the raster; above 1 they overlap,
    as on a blasted or cast surface. The bowls are negative.
    """
    per_pixel = cover * pitch_um**2 / (math.pi * radius_um**2)
    hits = rng.poisson(per_pixel, shape) * rng.gamma(2.0, 0.5, shape)
    rows, cols = (fft.fftfreq(n, 1.0 / n) * pitch_um for n in shape)
    bowl = np.maximum(0.0, 1.0 - (rows[:, None] ** 2 + cols[None, :] ** 2) / radius_um**2) ** 3
    return -unit_rms(fft.irfft2(fft.rfft2(hits) * fft.rfft2(bowl), shape))


def unit_rms(field: Grid) -> Grid:
    """The field with its mean removed and scaled to RMS 1."""
    centred = field - field.mean()
    return centred / math.sqrt(float(np.mean(centred**2)))
