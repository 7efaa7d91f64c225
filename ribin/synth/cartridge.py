"""The primer of a cartridge case, and how a breech face presses its relief into it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ribin.synth.fields import Grid, rotate_points, rough_field
from ribin.synth.firearm import Firearm


@dataclass(frozen=True)
class Primer:
    """What the ammunition brings; the default is a common nickelled pistol primer.

    The figures are chosen so that marks of a default firearm agree with each other about as
    those of the Fadul set do (see `firing`); no brand was measured.
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
    own texture. More pressure prints more of the area.

    Parameters
    ----------
    texture : (H, W) float64 array
        The primer's own surface in um.
    rows, cols : (H, W) float64 array
        Places in um in the scan's frame, the middle of the primer at 0, 0.
    mark_strength : float
        Factor on the relief of the breech face: 1 as it is, less for weakly marked cases.

    Returns
    -------
    (H, W) float64 array
        Heights in um.
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
