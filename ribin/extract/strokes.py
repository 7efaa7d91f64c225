"""An outline as a person draws it over a scan: circles, and a brush that adds or takes away.

Places and radii are in pixels of the scan as displayed, (row, col).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import cv2
import numpy as np
from msgspec import Meta

from ribin.errors import FormatError, ScanError
from ribin.extract.outlines import check_radius
from ribin.foreign import Statement, as_facts, read_object
from ribin.model import BoolArray, MarkType, Scan, mark_with_article
from ribin.text import counted

_FAR_PX = 20_000.0  # no scan is larger (`ReadParams.max_pixels`)
_Along = Annotated[float, Meta(ge=-_FAR_PX, le=_FAR_PX)]
_Place = Annotated[list[_Along], Meta(min_length=2, max_length=2)]
_Radius = Annotated[float, Meta(ge=0, le=_FAR_PX)]
_SPECK_SHARE = 0.001  # of the area of a mark
_SHIFT = 4  # bits of a pixel in which places are drawn


class Stroke(Statement, frozen=True):
    """One step of drawing; of a circle the first of its points is the centre."""

    tool: Literal["circle", "add", "erase"]
    points: Annotated[list[_Place], Meta(min_length=1, max_length=5000)]
    radius: _Radius
    inner: _Radius = 0.0  # of a circle: what lies nearer to its centre is taken away


class DrawnOutline(Statement, frozen=True):
    """The outline of one mark: the strokes, and whether they begin with what is there."""

    mark: Literal["breech_face", "firing_pin", "ejector"]
    strokes: Annotated[list[Stroke], Meta(min_length=1, max_length=500)]
    from_found: bool = False

    @property
    def mark_type(self) -> MarkType:
        return MarkType(self.mark)

    @property
    def words(self) -> str:
        """How the provenance says it."""
        circles = sum(one.tool == "circle" for one in self.strokes)
        brush = len(self.strokes) - circles
        said = [
            counted(number, what)
            for number, what in ((circles, "circle"), (brush, "stroke"))
            if number
        ]
        begun = ", beginning with what was found" if self.from_found else ""
        return f"{self.mark_type.words} outlined by hand ({' and '.join(said)}{begun})"


class _DrawnOutlines(Statement, frozen=True):
    outlines: Annotated[list[DrawnOutline], Meta(max_length=3)]


def decode_outlines(content: bytes, where: str) -> tuple[DrawnOutline, ...]:
    """The outlines in the JSON of a page, one a mark; `where` names it in messages.

    Raises FormatError: it is something else, or a mark is outlined twice.
    """
    found = as_facts(read_object(content, where), _DrawnOutlines, where).outlines
    if len({one.mark for one in found}) < len(found):
        raise FormatError(f"{where}: one outline of each mark needed, found two of one")
    return tuple(found)


def draw_strokes(
    shape: tuple[int, int], strokes: Sequence[Stroke], start: BoolArray | None = None
) -> BoolArray:
    """(H, W), True inside what the strokes leave, one after the other; they begin with `start`."""
    drawn = np.zeros(shape, np.uint8) if start is None else start.astype(np.uint8)
    for one in strokes:
        if one.tool == "circle":
            row, col = one.points[0]
            _disc(drawn, row, col, one.radius, 1)
            if one.inner > 0:
                _disc(drawn, row, col, one.inner, 0)
        else:
            _brush(drawn, one, int(one.tool == "add"))
    return drawn.astype(bool)


def _disc(drawn: np.ndarray, row: float, col: float, radius: float, value: int) -> None:
    rows, cols = np.ogrid[: drawn.shape[0], : drawn.shape[1]]
    drawn[np.hypot(rows - row, cols - col) <= radius] = value


def _brush(drawn: np.ndarray, stroke: Stroke, value: int) -> None:
    places = np.array([point[1::-1] for point in stroke.points])  # x, y
    steps = np.rint(places * (1 << _SHIFT)).astype(np.int32)
    width = max(1, round(2 * stroke.radius))
    if len(steps) > 1:
        cv2.polylines(drawn, [steps.reshape(-1, 1, 2)], False, value, width, cv2.LINE_8, _SHIFT)
    for x, y in (places[0], places[-1]):
        _disc(drawn, y, x, stroke.radius, value)


def outline_by_strokes(scan: Scan, outline: DrawnOutline, found: BoolArray | None) -> BoolArray:
    """The outline of a mark in a scan; `found` is what is there without it.

    Raises ScanError: it begins with what was found, and nothing was; it holds no pixel; or as
    `check_radius`.
    """
    for one in outline.strokes:
        check_radius(scan, outline.mark_type, one.radius)
    source, mark = scan.provenance.source, outline.mark_type.words
    if outline.from_found and found is None:
        raise ScanError(
            f"{source}: {mark_with_article(outline.mark)} that was found needed, found none"
        )
    drawn = draw_strokes(scan.shape, outline.strokes, found if outline.from_found else None)
    if not drawn.any():
        raise ScanError(f"{source}: an outline of the {mark} that holds a pixel needed, found none")
    return drawn


def outline_polygons(inside: BoolArray) -> list[list[list[int]]]:
    """The edges of a region as polygons of (row, col), outer ones and those of holes; specks that
    nobody could see in the whole scan are left out."""
    edges, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    tolerance = max(inside.shape) / 1500.0
    least = _SPECK_SHARE * float(inside.sum())
    edges = [edge for edge in edges if cv2.contourArea(edge) > least]
    found = [cv2.approxPolyDP(edge, tolerance, True)[:, 0, ::-1].tolist() for edge in edges]
    return [polygon for polygon in found if len(polygon) > 2]
