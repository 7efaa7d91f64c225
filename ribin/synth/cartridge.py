"""One shot from steel to scan: a firearm marks a primer, an instrument measures the mark.

The defaults were chosen against the Fadul set (10 consecutively made slides, levelled scans of
6.25 um brought to 10 um); `tests/synth/test_realism.py` measures both. Medians over six scans of
granular faces, Fadul first: RMS between wavelengths of 25 and 50 um 0.18 and 0.14 um, 50 to 100
0.25 and 0.23, 100 to 200 0.37 and 0.33, 200 to 400 0.41 and 0.40; median slope 0.039 and 0.039;
correlation of mates (40 to 250 um) 0.69 and 0.74; share lost in holes 0.19 and 0.11 percent. Not
matched: the ring is wider here (the Fadul masks leave out a larger middle).
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ribin.errors import ParameterError
from ribin.model import BoolArray, Provenance, Scan, ScanKind
from ribin.synth.firearm import Firearm
from ribin.synth.relief import Grid, centred_grid, random_stream, rotate_points, rough_field

INSTRUMENT_NAME = "RIBIN synth"


def fire(
    firearm: Firearm,
    seed: int,
    *,
    primer: Primer | None = None,
    shot: Shot | None = None,
    hand: Hand | None = None,
    instrument: Instrument | None = None,
    mark_strength: float = 1.0,
    measured_on: str = "",
) -> Scan:
    """Fire once, and scan the breech-face mark of the case, masked by a person.

    The same firearm and seed make the same scan; another seed makes another, mated mark.

    Parameters
    ----------
    firearm : Firearm
        What marks the case.
    seed : int
        Chance of this one shot and scan.
    primer, instrument : optional
        Ammunition and microscope; common ones if not given.
    shot, hand : optional
        How it fired and how the mask was drawn; drawn by chance if not given.
    mark_strength : float
        Factor on the firearm's relief: below about 0.4 a case is weakly marked.
    measured_on : str
        ISO 8601 date of the scan, for its provenance.

    Returns
    -------
    Scan
        (H, W) heights in um with form, noise and holes; not `valid` outside the drawn ring. It
        says nothing of the firearm. `sha256` and `size_bytes` are those of the arrays.
    """
    primer, instrument = primer or Primer(), instrument or Instrument()
    chance = (*firearm.entropy, seed)
    shot = shot or Shot.draw(random_stream(chance, "shot"))
    hand = hand or Hand.draw(random_stream(chance, "hand"))
    radius_um, pitch_um = firearm.spec.primer_radius_um, instrument.pixel_pitch_um
    pixels = round(2.0 * (radius_um + 100.0) / pitch_um)
    rows, cols = centred_grid((pixels, pixels), pitch_um)

    texture = primer_texture(primer, rows.shape, pitch_um, random_stream(chance, "texture"))
    surface = press_primer(firearm, primer, shot, texture, rows, cols, mark_strength)
    surface += flow_back(firearm, shot, rows, cols)
    surface = lie_on_stage(
        surface, instrument, rows, cols, radius_um, random_stream(chance, "form")
    )
    heights, valid = measure_surface(surface, instrument, random_stream(chance, "noise"))
    drawn = outline_mark(firearm, shot, hand, rows, cols, random_stream(chance, "outline"))
    return _crop(heights, valid & drawn, drawn, pitch_um, measured_on)


def _crop(
    heights: Grid, valid: BoolArray, drawn: BoolArray, pitch_um: float, measured_on: str
) -> Scan:
    """The scan as a person saves it: no larger than the outline, heights about 0."""
    window = tuple(slice(i.min(), i.max() + 1) for i in np.nonzero(drawn))
    valid = np.ascontiguousarray(valid[window])
    values = np.where(valid, heights[window], 0.0).astype(np.float32)
    digest = hashlib.sha256(values.tobytes() + np.packbits(valid).tobytes())
    provenance = Provenance(
        source="",
        sha256=digest.hexdigest(),
        size_bytes=values.nbytes,
        reader=INSTRUMENT_NAME,
        instrument=INSTRUMENT_NAME,
        creator=INSTRUMENT_NAME,
        measured_on=measured_on,
    )
    return Scan(values, valid, pitch_um, pitch_um, ScanKind.TOPOGRAPHY, provenance)


# The primer, and how a breech face presses its relief into it.


@dataclass(frozen=True)
class Primer:
    """What the ammunition brings; the default is a common nickelled pistol primer.

    The figures are chosen so that marks of a default firearm agree with each other about as
    those of the Fadul set do; no brand was measured.
    """

    hardness: float = 1.0  # 1 is common; harder primers print less depth and less detail
    texture_um: float = 0.22  # RMS of the cup's own surface before firing
    grain_um: float = 30.0  # finest wavelength of that surface
    drawn: float = 1.6  # its grain is this many times longer one way: rolled sheet


@dataclass(frozen=True)
class Shot:
    """What is different each time a firearm fires."""

    orientation_deg: float = 0.0  # of the firearm in the scan, counter-clockwise as displayed
    seat_um: tuple[float, float] = (0.0, 0.0)  # middle of the aperture from that of the primer
    pressure: float = 1.0  # 1 is a common load
    pressure_tilt: tuple[float, float] = (0.0, 0.0)  # relative change per mm, down and across
    slip_um: float = 6.0  # length of the smear as the case drops in the breech
    flowback_um: float = 6.0  # height of the ring that flows into the aperture

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Shot:
        """A shot as chance makes it; orientation within +-15 degrees."""
        return cls(
            orientation_deg=rng.uniform(-15.0, 15.0),
            seat_um=tuple(rng.normal(0.0, 60.0, 2)),
            pressure=rng.uniform(0.75, 1.3),
            pressure_tilt=tuple(rng.normal(0.0, 0.12, 2)),
            slip_um=rng.uniform(0.0, 14.0),
            flowback_um=rng.gamma(4.0, 1.5),
        )


def primer_texture(
    primer: Primer, shape: tuple[int, int], pitch_um: float, rng: np.random.Generator
) -> Grid:
    """The cup's surface before firing in um, (H, W) float64; independent of any firearm."""
    field = rough_field(
        shape,
        pitch_um,
        rng,
        shortest_um=primer.grain_um,
        longest_um=400.0,
        slope=2.0,
        stretch=primer.drawn,
    )
    return primer.texture_um * field


def gun_points(shot: Shot, rows: Grid, cols: Grid) -> tuple[Grid, Grid]:
    """Points of the scan (um, primer in the middle) in the frame of the breech face."""
    return rotate_points(rows - shot.seat_um[0], cols - shot.seat_um[1], -shot.orientation_deg)


def press_primer(
    firearm: Firearm,
    primer: Primer,
    shot: Shot,
    texture: Grid,
    rows: Grid,
    cols: Grid,
    mark_strength: float = 1.0,
) -> Grid:
    """The surface of the primer after the breech face was pressed into it.

    High points of the steel reach the primer first. Where the steel is deeper than the primer's
    surface the primer takes its shape (inverted), less the spring-back; elsewhere it keeps its
    own texture. More pressure prints more of the area. `mark_strength` is a factor on the relief
    of the breech face: less than 1 for weakly marked cases.

    All arrays are (H, W) float64 in um; `rows` and `cols` are places in the scan's frame, the
    middle of the primer at 0, 0.
    """
    steel = mark_strength * _felt_relief(firearm, primer, shot, rows, cols)
    load = shot.pressure / primer.hardness
    tilt = shot.pressure_tilt[0] * rows + shot.pressure_tilt[1] * cols
    sunk_um = 3.2 * (load - 0.15 + tilt / 1000.0)  # of the mean steel below the primer's surface
    depth = _soft_positive(steel + sunk_um - texture, width_um=0.35)
    spring_back = np.clip(0.12 * primer.hardness, 0.0, 0.9)
    return texture - (1.0 - spring_back) * depth


def flow_back(firearm: Firearm, shot: Shot, rows: Grid, cols: Grid) -> Grid:
    """The wall that rises round the aperture, and the edge of the cup that falls away, in um."""
    rim_um = np.maximum(firearm.spec.aperture.distance_um(*gun_points(shot, rows, cols)), -60.0)
    angle = np.arctan2(cols, rows)
    uneven = 1.0 + 0.35 * np.sin(angle + shot.orientation_deg) + 0.2 * np.sin(3.0 * angle)
    wall = shot.flowback_um * uneven * np.exp(-rim_um / 45.0)
    beyond_um = np.maximum(0.0, np.hypot(rows, cols) - 0.93 * firearm.spec.primer_radius_um)
    return wall - beyond_um**2 / 2500.0


def _felt_relief(firearm: Firearm, primer: Primer, shot: Shot, rows: Grid, cols: Grid) -> Grid:
    """The steel as a primer can follow it: without what is too narrow to flow into."""
    blur_um = 7.0 * primer.hardness
    relief = ndimage.gaussian_filter(
        firearm.relief.astype(np.float64), blur_um / firearm.pitch_um, mode="wrap"
    )
    relief = ndimage.spline_filter(relief, order=3, mode="grid-wrap")
    down, across = gun_points(shot, rows, cols)
    middle = (relief.shape[0] - 1) / 2.0
    smeared = np.zeros_like(rows)
    for slip_um in (-0.5 * shot.slip_um, 0.0, 0.5 * shot.slip_um):
        places = np.stack([down + slip_um, across]) / firearm.pitch_um + middle
        smeared += ndimage.map_coordinates(
            relief, places, order=3, mode="grid-wrap", prefilter=False
        )
    return smeared / 3.0


def _soft_positive(gap_um: Grid, width_um: float) -> Grid:
    """The positive part with a rounded corner: metal yields before the steel is full on."""
    return width_um * np.logaddexp(0.0, gap_um / width_um)


# What a measuring instrument adds to a surface, and what it fails to measure.


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


# The border that a person draws round a breech-face mark.


@dataclass(frozen=True)
class Hand:
    """How a person draws: close to the edges or far from them, more or less round."""

    edge_um: float = 30.0  # left out inside the edge of the primer
    wall_um: float = 120.0  # left out round the aperture, where the metal flowed
    wander_um: float = 18.0  # RMS wander of the line
    middle_um: tuple[float, float] = (0.0, 0.0)  # by how far the hole is drawn off its middle
    missing_um: float = 0.0  # height of a segment cut off at one side (lettering, damage)
    missing_at_deg: float = 0.0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Hand:
        """One person on one day; every third outline leaves out a segment."""
        return cls(
            edge_um=rng.uniform(0.0, 70.0),
            wall_um=rng.uniform(50.0, 180.0),
            wander_um=rng.uniform(8.0, 26.0),
            middle_um=tuple(rng.normal(0.0, 35.0, 2)),
            missing_um=rng.uniform(60.0, 320.0) if rng.random() < 1 / 3 else 0.0,
            missing_at_deg=rng.uniform(0.0, 360.0),
        )


def outline_mark(
    firearm: Firearm, shot: Shot, hand: Hand, rows: Grid, cols: Grid, rng: np.random.Generator
) -> BoolArray:
    """True inside the drawn outline: a ring between the primer's edge and the aperture.

    `rows` and `cols` are (H, W) places in um in the scan's frame, the middle of the primer at 0, 0.
    """
    outer_um = firearm.spec.primer_radius_um - hand.edge_um
    inside = np.hypot(rows, cols) < outer_um + _wander(rows, cols, hand.wander_um, rng)
    down, across = gun_points(shot, rows - hand.middle_um[0], cols - hand.middle_um[1])
    rim_um = firearm.spec.aperture.distance_um(down, across)
    inside &= rim_um > hand.wall_um + _wander(down, across, hand.wander_um, rng)
    if hand.missing_um > 0.0:
        at = math.radians(hand.missing_at_deg)
        inside &= math.cos(at) * rows + math.sin(at) * cols < outer_um - hand.missing_um
    return inside


def _wander(rows: Grid, cols: Grid, rms_um: float, rng: np.random.Generator) -> Grid:
    """A closed line's deviation from its curve: the slow harmonics of the angle, no more."""
    angle = np.arctan2(rows, cols)
    harmonics = np.arange(2, 8)
    amplitudes = rms_um * rng.standard_normal((2, len(harmonics))) / harmonics
    deviation = np.zeros_like(rows)
    for n, cosine, sine in zip(harmonics, *amplitudes, strict=True):
        deviation += cosine * np.cos(n * angle) + sine * np.sin(n * angle)
    return deviation
