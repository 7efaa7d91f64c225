"""The border that a person draws round a breech-face mark."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ribin.model import BoolArray
from ribin.synth.cartridge import Shot, gun_points
from ribin.synth.fields import Grid
from ribin.synth.firearm import Firearm


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
