"""What an image file states of its pixel pitch, each form by its own rules, and what is believed.

Densities were made for printers: a program that has to write one writes 72 or 300 dots an inch.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from ribin.errors import PitchError
from ribin.model import UM_PER_INCH, UM_PER_MM
from ribin.params.defaults import ReadParams

_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 282, 283, 296  # tags of TIFF and EXIF
_INCH = 2
_UM_PER_UNIT = {_INCH: UM_PER_INCH, 3: 10_000.0}  # 1 is none: only the ratio of the axes
_UM_PER_NAME = {
    **dict.fromkeys(("um", "\u00b5m", "\u03bcm", "\u00b5", "\u03bc", "micron", "microns"), 1.0),
    **{
        f"{part}{metre}": um
        for part, um in (
            *(("nano", 1e-3), ("micro", 1.0), ("milli", UM_PER_MM), ("centi", 1e4), ("", 1e6)),
        )
        for metre in ("meter", "meters", "metre", "metres")
    },
    **{"pm": 1e-6, "nm": 1e-3, "mm": UM_PER_MM, "cm": 1e4, "dm": 1e5, "m": 1e6},
    **dict.fromkeys(("\u00c5", "\u00e5", "\u212b", "angstrom"), 1e-4),
    **dict.fromkeys(("thou", "mil"), 25.4),
    **dict.fromkeys(("in", "inch", "inches"), UM_PER_INCH),
}
_IMAGEJ_UNIT = re.compile(r"^unit=(.{1,40}?)\s*$", re.MULTILINE)
_MOST_OME = 1 << 20  # letters
_GIVE = "give --pixel-pitch-um"


@dataclass(frozen=True)
class StatedPitch:
    """One statement of a file on the distance of its rows and of its columns."""

    source: str  # where it stands, as a person calls it
    row_um: float
    col_um: float

    def transposed(self) -> StatedPitch:
        return StatedPitch(self.source, self.col_um, self.row_um)

    def __str__(self) -> str:
        return f"{self.source} {self.row_um:.6g} x {self.col_um:.6g} um"


def believed_pitch(
    stated: tuple[StatedPitch, ...], shape: tuple[int, ...], name: str, params: ReadParams
) -> StatedPitch:
    """The pitch of an image, where its statements agree and can be true.

    Raises PitchError: there is none, two disagree, or it is one that a program wrote because it had
    to write something.
    """
    if not stated:
        raise PitchError(f"{name}: the image states no pixel pitch, {_GIVE}")
    pitch, *others = stated
    for other in others:
        apart = max(
            abs(math.log(pitch.row_um / other.row_um)), abs(math.log(pitch.col_um / other.col_um))
        )
        if apart > params.max_pitch_disagreement:
            raise PitchError(f"{name}: one pixel pitch needed, found {pitch} and {other}, {_GIVE}")
    field_mm = max(shape[0] * pitch.row_um, shape[1] * pitch.col_um) / UM_PER_MM
    too_large = (
        max(pitch.row_um, pitch.col_um) > params.max_pitch_um or field_mm > params.max_field_mm
    )
    usual = [um for um in (pitch.col_um, pitch.row_um) if _is_usual_density(um, params)]
    if too_large or usual:
        um = usual[0] if usual else pitch.col_um
        why = f", at most {params.max_field_mm:g} mm believed" if too_large else ""
        raise PitchError(
            f"{name}: {UM_PER_INCH / um:.4g} dpi is a placeholder, no measured pitch "
            f"({um:.4g} um a pixel, {field_mm:.4g} mm across{why}), {_GIVE}"
        )
    return pitch


def _is_usual_density(pitch_um: float, params: ReadParams) -> bool:
    """Whether this is a density of printers and screens, also where it was rounded to whole
    pixels a centimetre or a metre."""
    dpi = UM_PER_INCH / pitch_um
    in_cm = 10_000.0 / pitch_um
    for usual in params.placeholder_dpi:
        if abs(dpi / usual - 1.0) < params.placeholder_tolerance:
            return True
        if abs(in_cm - round(in_cm)) < 1e-3 and round(in_cm) == round(usual / 2.54):
            return True
    return False


# The statements of each form.


def statement(source: str, x_um: float, y_um: float) -> tuple[StatedPitch, ...]:
    """A statement where both distances are such; none where one is zero, infinite or missing."""
    if all(math.isfinite(um) and um > 0 for um in (x_um, y_um)):
        return (StatedPitch(source, y_um, x_um),)
    return ()


def density(source: str, x: Any, y: Any, um_per_unit: float) -> tuple[StatedPitch, ...]:
    """The statement of so many pixels a unit of length."""
    x, y = _number(x), _number(y)
    if x <= 0 or y <= 0:
        return ()
    return statement(source, um_per_unit / x, um_per_unit / y)


def tagged_pitch(tags: Mapping[int, Any], source: str) -> tuple[StatedPitch, ...]:
    """The resolution that tags of TIFF or EXIF state, {code: value}; an absent unit is an inch."""
    unit = _UM_PER_UNIT.get(tags.get(_RESOLUTION_UNIT, _INCH))
    if unit is None:
        return ()
    return density(source, tags.get(_X_RESOLUTION), tags.get(_Y_RESOLUTION), unit)


def described_pitch(tags: Mapping[int, Any], description: str) -> tuple[StatedPitch, ...]:
    """What ImageJ and OME write into the description of a TIFF.

    ImageJ names the unit of the resolution there, because TIFF has no micrometre.
    """
    if description.startswith("ImageJ="):
        found = _IMAGEJ_UNIT.search(description)
        name = found[1].replace("\\u00B5", "\u00b5").lower() if found else ""
        unit = _UM_PER_NAME.get(name)
        if unit is None:
            return ()
        return density("ImageJ", tags.get(_X_RESOLUTION), tags.get(_Y_RESOLUTION), unit)
    return _ome_pitch(description)


def _ome_pitch(description: str) -> tuple[StatedPitch, ...]:
    if "<OME" not in description[:4000] and ":OME" not in description[:4000]:
        return ()
    if len(description) > _MOST_OME or "<!DOCTYPE" in description or "<!ENTITY" in description:
        return ()
    try:
        root = ElementTree.fromstring(description.strip().rstrip("\0").encode())
    except (ElementTree.ParseError, UnicodeError):
        return ()
    stated: tuple[StatedPitch, ...] = ()
    for pixels in root.iterfind(".//{*}Pixels"):
        x_um, y_um = (_ome_length(pixels, f"PhysicalSize{axis}") for axis in "XY")
        stated += statement("OME", x_um or y_um, y_um or x_um)
    return stated


def _ome_length(pixels: ElementTree.Element, name: str) -> float:
    unit = pixels.get(f"{name}Unit", "\u00b5m")
    return _number(pixels.get(name)) * _UM_PER_NAME.get(unit, 0.0)


def _number(value: Any) -> float:
    """A number of a header, also a fraction (numerator, denominator); 0 where it is none."""
    try:
        number = value[0] / value[1] if isinstance(value, tuple) else float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError, IndexError):
        return 0.0
    return number if math.isfinite(number) else 0.0
