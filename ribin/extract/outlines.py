"""What a person says of a scan before its marks are looked for: outlines, and that it is a cast."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ribin.errors import ParameterError, ScanError
from ribin.model import (
    UNKNOWN_LIGHT,
    BoolArray,
    Lighting,
    MarkType,
    Scan,
    ScanKind,
    known_lighting,
    stated_lighting,
)

DECLARED_CAST = "declared a cast"  # how the note on one begins
KEPT_WHOLE = "dust, drag and flowback kept in the mark"
_FORM = "MARK:ROW,COL,RADIUS[,INNER]"


@dataclass(frozen=True)
class CircleOutline:
    """A mark between two circles with one centre, in pixels of the scan; `inner` 0 for a disc."""

    mark_type: MarkType
    row: float
    col: float
    radius: float
    inner: float = 0.0

    def inside(self, shape: tuple[int, int]) -> BoolArray:
        """(H, W), True on the pixels between the circles."""
        rows, cols = np.ogrid[: shape[0], : shape[1]]
        away = np.hypot(rows - self.row, cols - self.col)
        return np.asarray((away <= self.radius) & (away >= self.inner), np.bool_)


def parse_circle(text: str) -> CircleOutline:
    """A circle as it is written on the command line: MARK:ROW,COL,RADIUS[,INNER], in pixels.

    Raises ParameterError: the mark is unknown, a number is missing or is none, or the radii cannot
    be.
    """
    name, _, rest = text.partition(":")
    try:
        mark_type = MarkType(name)
        numbers = [float(number) for number in rest.split(",")]
    except ValueError as error:
        raise ParameterError(
            f"circle: {_FORM} needed, MARK one of {', '.join(MarkType)}, found {text!r}"
        ) from error
    if len(numbers) not in (3, 4) or not all(math.isfinite(number) for number in numbers):
        raise ParameterError(f"circle: {_FORM} needed, found {text!r}")
    circle = CircleOutline(mark_type, *numbers)
    if not 0.0 <= circle.inner < circle.radius:
        raise ParameterError(f"circle: INNER from 0 to below RADIUS needed, found {text!r}")
    return circle


def outline_by_circles(
    scan: Scan, circles: Sequence[CircleOutline], who: str = "", why: str = ""
) -> Scan:
    """The scan with marks outlined by circles; the outlines that it had of them are replaced.

    Raises ScanError: a circle holds no pixel of the scan, or as `check_radius`.
    """
    drawn: dict[MarkType, BoolArray] = {}
    for circle in circles:
        check_radius(scan, circle.mark_type, circle.radius)
        inside = circle.inside(scan.shape)
        if not inside.any():
            raise ScanError(
                f"{scan.provenance.source}: the circle of {circle.mark_type} lies outside the "
                f"scan of {scan.shape[0]} x {scan.shape[1]} pixels"
            )
        drawn[circle.mark_type] = inside
    words = [
        f"{c.mark_type.words} outlined by circle {c.row:g},{c.col:g},{c.radius:g},{c.inner:g} px"
        for c in circles
    ]
    return add_notes(set_outlines(scan, drawn), words, who, why)


def check_radius(scan: Scan, mark_type: MarkType, radius_px: float) -> None:
    """Refuse a circle that no mark of a scan can fill.

    Raises ScanError.
    """
    longest_px = math.hypot(*scan.shape)
    if radius_px > longest_px:
        raise ScanError(
            f"{scan.provenance.source}: a circle of the {mark_type.words} with a radius of at most "
            f"{longest_px:.0f} pixels needed, the diagonal of the scan, found {radius_px:g}"
        )


def set_outlines(scan: Scan, drawn: Mapping[MarkType, BoolArray]) -> Scan:
    """The scan with these outlines in place of those it had, {mark type: (H, W) bool}.

    Raises ScanError: an outline is not of the scan's shape.
    """
    for mark_type, inside in drawn.items():
        if inside.shape != scan.shape:
            raise ScanError(
                f"{scan.provenance.source}: an outline of {mark_type} of {scan.shape[0]} x "
                f"{scan.shape[1]} pixels needed, found {' x '.join(map(str, inside.shape))}"
            )
    others = dict(drawn)
    breech_face = others.pop(MarkType.BREECH_FACE, scan.mark_valid)
    return replace(scan, mark_valid=breech_face, outlines={**scan.outlines, **others})


def state_lighting(scan: Scan, lighting: str, who: str = "", why: str = "") -> Scan:
    """The image with its lighting as a person states it.

    That of the file is replaced, but not by `unknown`: the file knows it. Raises ParameterError: no
    lighting is called so. Raises ScanError: a topography has none.
    """
    stated = stated_lighting(lighting)
    if scan.kind is not ScanKind.IMAGE:
        raise ScanError(f"{scan.provenance.source}: an image needed to have a lighting")
    if stated == UNKNOWN_LIGHT and scan.provenance.lighting:
        return scan
    scan = replace(scan, provenance=replace(scan.provenance, lighting=stated))
    return add_notes(scan, [f"lighting stated as {stated}"], who, why)


def keep_all(scan: Scan, who: str, why: str) -> Scan:
    """The scan of which nothing is left out as dust, drag or flowback."""
    scan = replace(scan, provenance=replace(scan.provenance, keep_all=True))
    return add_notes(scan, [KEPT_WHOLE], who, why)


def add_notes(scan: Scan, words: Sequence[str], who: str, why: str) -> Scan:
    """The scan whose provenance says what was done, by whom and why."""
    notes = tuple(note_of(word, who, why) for word in words)
    provenance = scan.provenance
    return replace(scan, provenance=replace(provenance, notes=(*provenance.notes, *notes)))


def note_of(words: str, who: str, why: str) -> str:
    """A sentence of the provenance: what was done, by whom and why."""
    by = f" by {who}" if who else ""
    because = f": {why}" if why else ""
    return f"{words[0].upper()}{words[1:]}{by}{because}."


def mirrored(lighting: str) -> str:
    """A lighting as it is after left and right were changed."""
    light = known_lighting(lighting)
    if light is None or light.azimuth_deg is None:
        return lighting
    return str(Lighting(light.lamp, (180.0 - light.azimuth_deg) % 360.0))


def unfold_replica(scan: Scan, who: str = "", why: str = "") -> Scan:
    """The scan of the case that a cast was taken from: left and right changed, heights inverted.

    A cast is a mirror image of its case, and its hills are the valleys of the case. In an image
    the light's direction is mirrored with it, also as stated; grey values stay.
    """
    values = scan.values[:, ::-1]
    if scan.kind is ScanKind.TOPOGRAPHY:
        values = -values
    lighting = mirrored(scan.provenance.lighting)
    provenance = replace(scan.provenance, replica=True, lighting=lighting)
    case = replace(
        scan,
        provenance=provenance,
        values=np.ascontiguousarray(values),
        valid=np.ascontiguousarray(scan.valid[:, ::-1]),
        mark_valid=None if scan.mark_valid is None else _flip(scan.mark_valid),
        outlines={kind: _flip(inside) for kind, inside in scan.outlines.items()},
    )
    return add_notes(case, [f"{DECLARED_CAST}, mirrored and inverted"], who, why)


def _flip(inside: BoolArray) -> BoolArray:
    return np.ascontiguousarray(inside[:, ::-1])
