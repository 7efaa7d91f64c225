"""What a measuring instrument adds to a surface, and what it fails to measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ribin.errors import ParameterError
from ribin.model import BoolArray
from ribin.synth.fields import Grid, rough_field


@dataclass(frozen=True)
class Instrument:
    """A confocal microscope with a 10x objective, about as the Fadul set was measured."""

    pixel_pitch_um: float = 10.0
    step_um: float = 0.005  # of the stored heights: 16 bits reach +-160 um
    white_noise_um: float = 0.03
    smooth_noise_um: float = 0.08  # noise of neighbouring pixels is alike
    smooth_noise_length_um: float = 25.0
    steepest: float = 0.31  # slope (um per um) beyond which light misses an objective of NA 0.3
    facet_slope: float = 0.075  # RMS slope of what is finer than a pixel
    specks: float = 4.0  # mean number of small holes, where there is dirt or glare
    tilt_deg: float = 0.3  # RMS inclination of the case on the stage
    dome_um: float = 6.0  # RMS sag of the primer over its radius

    def __post_init__(self) -> None:
        if not self.pixel_pitch_um > 0.0:
            raise ParameterError(
                f"pixel_pitch_um: more than 0 needed, found {self.pixel_pitch_um:g}"
            )


def lie_on_stage(
    surface: Grid,
    instrument: Instrument,
    rows: Grid,
    cols: Grid,
    radius_um: float,
    rng: np.random.Generator,
) -> Grid:
    """The surface with its form: inclined on the stage, domed, a little astigmatic."""
    tilt = np.tan(np.radians(rng.normal(0.0, instrument.tilt_deg, 2)))
    dome, twist, saddle = instrument.dome_um * rng.normal(0.0, (1.0, 0.25, 0.25))
    row, col = rows / radius_um, cols / radius_um
    form = dome * (row**2 + col**2) + twist * row * col + saddle * (row**2 - col**2)
    return surface + tilt[0] * rows + tilt[1] * cols + form


def measure_surface(
    surface: Grid, instrument: Instrument, rng: np.random.Generator
) -> tuple[Grid, BoolArray]:
    """Heights as read, in um and in whole steps, and True where there is a reading.

    Readings fail at steep places, in clusters, and in a few specks; beside the holes some
    readings are outliers.
    """
    pitch_um = instrument.pixel_pitch_um
    noise = instrument.white_noise_um * rng.standard_normal(surface.shape)
    noise += instrument.smooth_noise_um * rough_field(
        surface.shape,
        pitch_um,
        rng,
        shortest_um=instrument.smooth_noise_length_um,
        longest_um=200.0,
        slope=1.0,
    )
    facets = rough_field(
        surface.shape, pitch_um, rng, shortest_um=15.0, longest_um=120.0, slope=1.0
    )
    slope = np.hypot(*np.gradient(surface, pitch_um))
    missed = slope + instrument.facet_slope * facets > instrument.steepest
    missed |= _specks(surface.shape, instrument, rng)
    beside = ndimage.binary_dilation(missed) & ~missed & (rng.random(surface.shape) < 0.15)
    heights = surface + noise + np.where(beside, rng.normal(0.0, 2.5, surface.shape), 0.0)
    return np.round(heights / instrument.step_um) * instrument.step_um, ~missed


def _specks(shape: tuple[int, int], instrument: Instrument, rng: np.random.Generator) -> BoolArray:
    specks = np.zeros(shape, dtype=np.bool_)
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    for _ in range(rng.poisson(instrument.specks)):
        row, col = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
        radius_px = rng.uniform(6.0, 30.0) / instrument.pixel_pitch_um
        specks |= (rows - row) ** 2 + (cols - col) ** 2 < radius_px**2
    return specks
