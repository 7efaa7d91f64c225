"""Machined breech faces: what a tool leaves, and what one face alone has.

The relief is in units of its own RMS, positive where the steel stands out towards the cartridge
case. Two layers make it. The tool layer is what a cutter draws in long strokes; slides cut one
after the other share it (subclass characteristics). The own layer is what happened to one face
alone: torn grain, blasting, pores, scratches, dents (individual characteristics).
"""

from __future__ import annotations

import math
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ribin.synth.relief import (
    Grid,
    centred_grid,
    dented_field,
    rotate_points,
    rough_field,
    rough_profile,
    unit_rms,
)

FACE_PITCH_UM = 6.25  # finer than the finest scan the generator is asked for
FACE_PIXELS = 832  # 5.2 mm: a large primer, turned and shifted, with room to spare
_SHAPE = (FACE_PIXELS, FACE_PIXELS)
_SCRATCHES = 28  # of one face


class BreechFace(StrEnum):
    """How a breech face was finished, in the words of the class field."""

    PARALLEL = "parallel"  # milled or filed in one direction
    ARCHED = "arched"  # the arcs of an end mill
    CROSS_HATCHED = "cross-hatched"  # two passes
    GRANULAR = "granular"  # blasted or as cast


def tool_layer(
    face: BreechFace, direction_deg: float, rng: np.random.Generator, strokes_since: float
) -> Grid:
    """The long marks of the tool that cut a face, (N, N) float64 of RMS 1 on the face's raster.

    Strokes run at `direction_deg`, counter-clockwise from vertical as displayed. The state of the
    generator is the tool. `strokes_since` is its wear since it was fresh, in radians: faces cut d
    apart correlate with cos(d).
    """
    rows, cols = face_grid()
    radius_um = rng.uniform(1900.0, 3800.0)  # of the cutter's path, where it runs in arcs
    crossing_deg = rng.uniform(50.0, 90.0)  # between two passes
    canvas = _worn_canvas(rng, strokes_since)
    along, across = rotate_points(rows, cols, -direction_deg)
    if face is BreechFace.ARCHED:
        reach = np.hypot(along, across + radius_um)
        relief = _draw(canvas, radius_um * np.arctan2(along, across + radius_um), reach - radius_um)
    elif face is BreechFace.CROSS_HATCHED:
        along_2, across_2 = rotate_points(along, across, crossing_deg)
        relief = _draw(canvas, along, across) + 0.8 * _draw(canvas[::-1, ::-1], along_2, across_2)
    elif face is BreechFace.GRANULAR:
        relief = _draw(canvas, along, across) + 2.0 * _cast_waves(rng)
    else:
        relief = _draw(canvas, along, across)
    return unit_rms(relief)


def own_layer(face: BreechFace, direction_deg: float, rng: np.random.Generator) -> Grid:
    """What happened to one face alone, (N, N) float64 of RMS 1; arguments as `tool_layer`."""
    if face is BreechFace.GRANULAR:
        stretch, bowls = 1.0, ((26.0, 0.9, 0.35), (55.0, 0.7, 0.8), (120.0, 0.4, 0.9))
    else:
        stretch, bowls = 5.0, ((26.0, 0.5, 0.15), (55.0, 0.2, 0.3), (120.0, 0.1, 0.5))
    grain = rough_field(
        _SHAPE, FACE_PITCH_UM, rng, shortest_um=26.0, longest_um=900.0, slope=2.9, stretch=stretch
    )
    rows, cols = face_grid()
    relief = _draw(grain, *rotate_points(rows, cols, -direction_deg))
    for radius_um, cover, weight in bowls:
        relief += weight * dented_field(
            _SHAPE, FACE_PITCH_UM, rng, radius_um=radius_um, cover=cover
        )
    return unit_rms(_patchy(relief, rng, 0.35) + _scratches(rng))


def face_grid() -> tuple[Grid, Grid]:
    """Rows and columns in um of the face's raster, 0 in its middle."""
    return centred_grid(_SHAPE, FACE_PITCH_UM)


def _worn_canvas(rng: np.random.Generator, strokes_since: float) -> Grid:
    """The strokes of a tool that turn, as it wears, into those of another."""
    later = rng.spawn(1)[0]
    fresh = _stroke_canvas(rng)
    if strokes_since == 0.0:
        return fresh
    return math.cos(strokes_since) * fresh + math.sin(strokes_since) * _stroke_canvas(later)


def _cast_waves(rng: np.random.Generator) -> Grid:
    return rough_field(_SHAPE, FACE_PITCH_UM, rng, shortest_um=80.0, longest_um=1200.0, slope=2.6)


def _stroke_canvas(rng: np.random.Generator) -> Grid:
    """Straight vertical strokes: grooves that go through, and strokes that begin and end."""
    feed = rough_profile(
        FACE_PIXELS, FACE_PITCH_UM, rng, shortest_um=70.0, longest_um=450.0, slope=1.0
    )
    fine = rough_profile(
        FACE_PIXELS, FACE_PITCH_UM, rng, shortest_um=22.0, longest_um=90.0, slope=1.0
    )
    broken = rough_field(
        _SHAPE, FACE_PITCH_UM, rng, shortest_um=24.0, longest_um=400.0, slope=2.6, stretch=25.0
    )
    return unit_rms(_patchy(feed + 0.45 * fine + 0.75 * broken, rng, 0.3))


def _patchy(relief: Grid, rng: np.random.Generator, by: float) -> Grid:
    """The relief, deeper in some regions than in others: no tool bites evenly."""
    depth = rough_field(_SHAPE, FACE_PITCH_UM, rng, shortest_um=800.0, longest_um=3000.0, slope=2.0)
    return relief * (1.0 + by * depth)


def _draw(canvas: Grid, along_um: Grid, across_um: Grid) -> NDArray[np.float64]:
    places = np.stack([along_um, across_um]) / FACE_PITCH_UM + (FACE_PIXELS - 1) / 2.0
    return ndimage.map_coordinates(canvas, places, order=3, mode="grid-wrap")


def _scratches(rng: np.random.Generator) -> Grid:
    """Short curved grooves with a raised lip on one side, anywhere and in any direction."""
    rows, cols = face_grid()
    relief = np.zeros(_SHAPE)
    for _ in range(_SCRATCHES):
        row, col = rng.integers(0, FACE_PIXELS, 2)
        length_um, width_um = rng.uniform(150.0, 1200.0), rng.uniform(8.0, 22.0)
        turn_deg, bend, depth = rng.uniform(0.0, 180.0), rng.normal(0.0, 6e-5), rng.gamma(3.0, 0.7)
        reach = round(0.7 * length_um / FACE_PITCH_UM)
        near = np.s_[max(row - reach, 0) : row + reach, max(col - reach, 0) : col + reach]
        along, across = rotate_points(
            rows[near] - rows[row, 0], cols[near] - cols[0, col], turn_deg
        )
        across = across - bend * along**2
        groove = np.exp(-0.5 * (across / width_um) ** 2)
        lip = 0.4 * np.exp(-0.5 * ((across - 2.2 * width_um) / width_um) ** 2)
        relief[near] += depth * (lip - groove) * np.exp(-((2.0 * along / length_um) ** 4))
    return relief
