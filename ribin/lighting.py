"""Which lamp an image was taken under, as files, tables and commands write it.

`ring`, `side`, or `side 90`: a lamp at the side, and where it stood, in degrees counter-clockwise
from the right as displayed. Empty where nobody said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from ribin.errors import ParameterError

_NEAR_DEG = 15.0  # two side lights nearer than this show the same flanks


class Lamp(StrEnum):
    """The two lights that laboratories photograph cartridge cases under."""

    RING = "ring"  # from all sides at one height
    SIDE = "side"  # from one side


@dataclass(frozen=True)
class Lighting:
    """A lamp; of one at the side, where it stood, or None where that is not known."""

    lamp: Lamp
    azimuth_deg: float | None = None

    def __str__(self) -> str:
        return str(self.lamp) if self.azimuth_deg is None else f"side {self.azimuth_deg:g}"


def parse_lighting(text: str) -> Lighting:
    """`ring`, `side`, or `side` and degrees after a blank or a colon.

    Raises
    ------
    ParameterError
    """
    name, _, degrees = text.strip().lower().replace(":", " ").partition(" ")
    try:
        lamp = Lamp(name)
        azimuth_deg = float(degrees) % 360.0 if degrees.strip() else None
    except ValueError as error:
        raise ParameterError(f"lighting: ring, side or side:DEG needed, found {text!r}") from error
    if azimuth_deg is not None and (lamp is Lamp.RING or not math.isfinite(azimuth_deg)):
        raise ParameterError(f"lighting: ring, side or side:DEG needed, found {text!r}")
    return Lighting(lamp, azimuth_deg)


def known_lighting(text: str) -> Lighting | None:
    """As `parse_lighting`; None for an empty text and for one that says something else."""
    try:
        return parse_lighting(text)
    except ParameterError:
        return None


def light_hindrance(reference: str, comparison: str) -> str:
    """Why two images cannot be compared for their light; empty where they can, or might."""
    one, two = known_lighting(reference), known_lighting(comparison)
    if one is None or two is None or one.lamp is two.lamp:
        return ""
    return f"{one.lamp} light against {two.lamp} light"


def light_note(reference: str, comparison: str) -> str:
    """What an examiner should know of two side lights that stood in different places."""
    places = [
        light.azimuth_deg
        for light in (known_lighting(reference), known_lighting(comparison))
        if light is not None and light.azimuth_deg is not None
    ]
    if len(places) < 2:
        return ""
    apart = abs((places[0] - places[1] + 180.0) % 360.0 - 180.0)
    if apart <= _NEAR_DEG:
        return ""
    return (
        f"lit from {places[0]:g} and from {places[1]:g} degrees: "
        "other flanks of the mark shine, true pairs score lower"
    )
