"""Firearms: a breech face, its aperture and the class characteristics that follow from them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ribin.cases.exhibits import ClassFields
from ribin.errors import ParameterError
from ribin.model import FloatArray
from ribin.synth.breech import FACE_PITCH_UM, BreechFace, own_layer, tool_layer
from ribin.synth.relief import Grid, random_stream


@dataclass(frozen=True)
class Aperture:
    """The hole for the firing pin: a rectangle with rounded corners, by its three sizes.

    A corner radius of half the smaller side makes a circle of a square and an oblong of a
    rectangle.
    """

    height_um: float
    width_um: float
    corner_um: float

    def __post_init__(self) -> None:
        largest = min(self.height_um, self.width_um) / 2.0
        if not 0.0 < self.corner_um <= largest:
            raise ParameterError(
                f"corner_um: more than 0 and at most {largest:g} needed, found {self.corner_um:g}"
            )

    @classmethod
    def circle(cls, diameter_um: float) -> Aperture:
        return cls(diameter_um, diameter_um, diameter_um / 2.0)

    def distance_um(self, rows: Grid, cols: Grid) -> Grid:
        """Distance of points from the rim, negative inside the hole; 0, 0 is its middle."""
        down = np.abs(rows) - (self.height_um / 2.0 - self.corner_um)
        across = np.abs(cols) - (self.width_um / 2.0 - self.corner_um)
        outside = np.hypot(np.maximum(down, 0.0), np.maximum(across, 0.0))
        return outside + np.minimum(np.maximum(down, across), 0.0) - self.corner_um


_ROUND_HOLE = Aperture.circle(1500.0)
_FIREARM, _SLIDES = 1, 2  # keep the random streams of single firearms and of series apart


@dataclass(frozen=True)
class FirearmSpec:
    """What a firearm is, before chance makes it one of its kind."""

    breech_face: BreechFace = BreechFace.GRANULAR
    calibre: str = "9 mm Luger"
    firing_pin_shape: str = "hemispherical"
    aperture: Aperture = _ROUND_HOLE
    primer_radius_um: float = 1700.0  # of the flat that a scan shows: 3.4 mm across, as in Fadul
    relief_um: float = 1.7  # RMS of the face
    tool_share: float = 0.3  # of the relief's variance; the rest is the face's own
    direction_deg: float = 0.0  # of the tool's strokes, counter-clockwise from vertical

    def __post_init__(self) -> None:
        if not 0.0 <= self.tool_share <= 1.0:
            raise ParameterError(f"tool_share: 0 to 1 needed, found {self.tool_share:g}")
        if not self.relief_um > 0.0:
            raise ParameterError(f"relief_um: more than 0 needed, found {self.relief_um:g}")


@dataclass(frozen=True, eq=False)
class Firearm:
    """One firearm.

    Its relief, (N, N) um, is positive towards the cartridge case and seen as the mark is seen (from
    the case), the middle of the aperture in the middle of the raster.
    """

    spec: FirearmSpec
    relief: FloatArray
    pitch_um: float  # of `relief`
    entropy: tuple[int, ...]  # firing mixes it in, so that no two firearms share chance

    @property
    def class_fields(self) -> ClassFields:
        """The class characteristics that its cartridge cases show."""
        return ClassFields(
            calibre=self.spec.calibre,
            firing_pin_shape=self.spec.firing_pin_shape,
            breech_face_type=self.spec.breech_face.value,
        )


def make_firearm(seed: int, spec: FirearmSpec | None = None) -> Firearm:
    """One firearm of this kind; the same seed and spec make the same firearm."""
    return _cut_face(spec or FirearmSpec(), (_FIREARM, seed), (), 0.0)


def consecutive_slides(
    n: int,
    seed: int,
    shared: float = 0.6,
    spec: FirearmSpec | None = None,
    wear_per_slide: float = 0.12,
) -> tuple[Firearm, ...]:
    """`n` slides cut one after the other with one tool; the seed names the tool and the series.

    `shared` is the share of the relief's variance that comes from the tool, 0 to 1 (subclass), in
    place of the spec's `tool_share`. The tool's strokes on slides d apart correlate with
    cos(d * wear_per_slide), in radians.
    """
    if n < 1:
        raise ParameterError(f"n: at least 1 slide needed, found {n}")
    series = replace(spec or FirearmSpec(), tool_share=shared)
    return tuple(_cut_face(series, (_SLIDES, seed), (i + 1,), i * wear_per_slide) for i in range(n))


def _cut_face(
    spec: FirearmSpec, tool: tuple[int, ...], own: tuple[int, ...], strokes_since: float
) -> Firearm:
    entropy = (*tool, *own)
    tool_rng, own_rng = random_stream(tool, "tool"), random_stream(entropy, "own")
    relief = math.sqrt(spec.tool_share) * tool_layer(
        spec.breech_face, spec.direction_deg, tool_rng, strokes_since
    )
    relief += math.sqrt(1.0 - spec.tool_share) * own_layer(
        spec.breech_face, spec.direction_deg, own_rng
    )
    return Firearm(spec, (spec.relief_um * relief).astype(np.float32), FACE_PITCH_UM, entropy)
