"""Pictures of marks: shaded relief, where a cell fell, and two marks laid beside each other.

A surface is shown grey, lit from the upper left, the way an examiner sees it; a photograph as it
was lit. Points are (row,
col); a motion turns counter-clockwise as displayed about the mark's centre, then shifts; the one
of a `Comparison` takes the reference onto the comparison. Colours are of Okabe and Ito's
palette, which all kinds of colour vision tell apart; solid and dotted lines say the same
without colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ribin.comparison import CellFit, Comparison, score_text, turn_matrix
from ribin.errors import ParameterError
from ribin.model import BoolArray, FloatArray, LeftOut, Mark, ScanKind
from ribin.report.text import turn_words

Picture = NDArray[np.uint8]
Points = NDArray[np.float64]
Colour = tuple[int, int, int]

CONGRUENT = (0, 114, 178)
NOT_CONGRUENT = (230, 159, 0)
AGREEMENT, DISAGREEMENT = (0, 158, 115), (213, 94, 0)  # of an examiner's annotations
# Reddish purple, bluish green and orange; what each is called in a caption.
LEFT_OUT_COLOURS = {
    LeftOut.DUST: (204, 121, 167),
    LeftOut.DRAG: (0, 158, 115),
    LeftOut.FLOWBACK: (230, 159, 0),
}
LEFT_OUT_NAMES = "purple: dust, green: drag of the firing pin, orange: flowback"
_LEFT_OUT_TINT = 0.6
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_GAP_PX = 16  # between the panels
_LINE_PX = 24  # of caption
_DOT_PX = 5  # length of a dash, and of the space after it
_BAR_STEPS_UM = (50, 100, 200, 500, 1000, 2000, 5000)
_SUBPIXEL_BITS = 4
_PANEL_PX = 640  # side of either half of an overlay

# Light from the upper left at 45 degrees, the convention of shaded relief: (up, left, towards).
_LIGHT = np.array([0.5, 0.5, np.sqrt(0.5)])
_TYPICAL_SLOPE = 0.6  # the picture's steepness of a typical slope; a display choice
_BACKGROUND = 255
_CONTRAST = 6.0  # deviations of grey from black to white, of a photograph


@dataclass(frozen=True)
class AnnotatedPlace:
    """An ellipse around what an examiner annotated, in um from the centre of the reference."""

    label: str
    agrees: bool
    center_um: tuple[float, float]
    size_um: tuple[float, float]


# Two marks beside each other.


def draw_overlay(
    reference: Mark,
    comparison: Mark,
    result: Comparison,
    cell_um: float,
    for_print: bool = False,
    annotated: Sequence[AnnotatedPlace] = (),
) -> Picture:
    """Draw the reference on the left and the comparison, moved onto it, on the right.

    A congruent cell is a solid square with a number, the same on both sides; a cell that is not
    congruent is dotted, on the left where it was cut and on the right where it fell.

    A cell is `cell_um` wide; neighbours may share half their area. A pair that was not compared
    shows the marks alone. `for_print` is for a page of text, which is smaller and has a caption of
    its own: larger letters, and no names and figures under the picture. `annotated` places are
    drawn on both. What is left out of a mark is coloured; of an inverted pair the right one is
    drawn as its negative. Returns (H, W, 3) uint8 red, green, blue.
    """
    frame = _frame(reference, comparison, cell_um)
    grid = frame.grid_um().reshape(-1, 2)
    motion = motion_of(result)
    moved = motion.apply(grid) if motion else grid
    if result.inverted:
        comparison = replace(comparison, surface=-comparison.surface)
    left, right = _panel(reference, grid, frame), _panel(comparison, moved, frame)
    draw_cells((left, right), frame, result, cell_um, for_print)
    for panel in (left, right):
        for place in annotated:
            _draw_annotation(panel, frame, place, for_print)
    draw_scale_bar(left, frame.pitch_um, for_print)
    both = hstack_panels(left, right)
    if for_print:
        return both
    kinds = [
        kind for kind in LeftOut if any(mark.leaves_out(kind) for mark in (reference, comparison))
    ]
    keys = [(LEFT_OUT_COLOURS[kind], f"left out as {kind.words}") for kind in kinds]
    return draw_caption(both, _caption(result, cell_um), keys)


def _frame(reference: Mark, comparison: Mark, cell_um: float) -> Frame:
    """A square around the centre that holds what was measured of the larger mark, and cells that
    reach over its edge."""
    reach_um = max(_reach_um(reference), _reach_um(comparison)) + cell_um / 2
    return Frame(2 * reach_um / _PANEL_PX, (_PANEL_PX, _PANEL_PX))


def _reach_um(mark: Mark) -> float:
    """How far, along rows or columns, the measured surface reaches from the centre."""
    places = np.argwhere(mark.valid)
    away_px = np.abs(places - mark_center_px(mark)).max() if places.size else _PANEL_PX / 2
    return float(away_px) * mark.pitch_um


def _panel(mark: Mark, points_um: Points, frame: Frame) -> Picture:
    """A mark at the points of a frame in three channels, coloured where it is left out."""
    # Only where all four neighbours were measured is a resampled value real.
    grey, _ = sampled_picture(mark, points_um, frame, 0.999)
    picture = np.repeat(grey[:, :, np.newaxis], 3, axis=2)
    if mark.left_out is not None:
        places = (points_um / mark.pitch_um + mark_center_px(mark)).astype(np.float32)
        rows, cols = places.reshape(*frame.size, 2).transpose(2, 0, 1)
        tint_left_out(picture, cv2.remap(mark.left_out, cols, rows, cv2.INTER_NEAREST))
    return picture


def tint_left_out(picture: Picture, left_out: NDArray) -> None:
    """Colour the pixels of a picture that are left out of a mark, each kind in its own colour."""
    for kind, colour in LEFT_OUT_COLOURS.items():
        where = left_out == kind
        tinted = (1.0 - _LEFT_OUT_TINT) * picture[where] + _LEFT_OUT_TINT * np.array(colour)
        picture[where] = tinted.astype(np.uint8)


def _caption(result: Comparison, cell_um: float) -> tuple[str, str]:
    if not result.compared:
        figures = f"not compared: {result.reason}"
    else:
        forward = [fit for fit in result.cell_fits if fit.direction == "forward"]
        figures = (
            f"score {score_text(result.score)}   cmc {result.cmc:g} of {result.cells} cells   "
            f"drawn of the reference: {sum(f.congruent for f in forward)} solid, "
            f"{sum(not f.congruent for f in forward)} dotted, {cell_um:g} um wide   "
            f"reference {turn_words(result)}"
        )
    laid = "moved back onto the reference" + (", drawn as its negative" if result.inverted else "")
    return (f"{result.reference}   |   {result.comparison} ({laid})", figures)


def light_shown(reference: Mark, comparison: Mark) -> str:
    """In which light a picture shows two marks."""
    kinds = reference.kind, comparison.kind
    if ScanKind.IMAGE not in kinds:
        return "shaded by a light from the upper left"
    if ScanKind.TOPOGRAPHY not in kinds:
        return "photographs as they were lit"
    side = "left" if kinds[0] is ScanKind.IMAGE else "right"
    return f"the {side} one a photograph as it was lit, the other shaded from the upper left"


def write_overlay(picture: Picture, path: Path) -> None:
    """Write a picture as PNG.

    Raises ParameterError: the name does not end in .png, or the file cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise ParameterError(f"{path}: a name that ends in .png needed")
    try:
        path.write_bytes(png_bytes(picture))
    except OSError as error:
        raise ParameterError(f"{path}: the picture cannot be written, {error.strerror}") from error


def png_bytes(picture: Picture) -> bytes:
    """A picture, (H, W, 3) red, green, blue, as the bytes of a PNG file."""
    small = [cv2.IMWRITE_PNG_COMPRESSION, 6]  # half the bytes of OpenCV's own choice
    _, encoded = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), small)
    return encoded.tobytes()


# The surface of a mark.


def shade_surface(surface: FloatArray, valid: BoolArray) -> Picture:
    """Shaded relief of (H, W) heights as (H, W) uint8, white where not `valid`.

    The slopes are scaled by their own median, so that deep and shallow marks show alike.
    """
    return _lit(*_slopes(surface, valid), valid)


def mark_grey(mark: Mark) -> Picture:
    """A mark on its own pixels as (H, W) uint8: a topography shaded, a photograph as it was lit."""
    if mark.kind is ScanKind.TOPOGRAPHY:
        return shade_surface(mark.surface, mark.valid)
    return _as_photographed(mark.surface, mark.valid)


def sampled_picture(
    mark: Mark, points_um: Points, frame: Frame, least_share: float
) -> tuple[Picture, FloatArray]:
    """The same at the (N, 2) points of a frame, relative to the mark's centre, white where less
    than `least_share` was measured; and which share was, (height, width) float32.

    The light stands at the upper left of the frame, however the mark is turned. What is resampled
    are slopes of the mark's own pixels: slopes of resampled heights show its grid as a lattice.
    """
    places = (points_um / mark.pitch_um + mark_center_px(mark)).reshape(*frame.size, 2)
    rows, cols = places.astype(np.float32).transpose(2, 0, 1)

    def sampled(values: FloatArray) -> FloatArray:
        return np.asarray(cv2.remap(values, cols, rows, cv2.INTER_LINEAR), np.float32)

    share = sampled(mark.valid.astype(np.float32))
    valid = share >= least_share
    if mark.kind is not ScanKind.TOPOGRAPHY:
        return _as_photographed(sampled(mark.surface), valid), share
    # A step down or right in the frame is this step, (row, col), in the mark.
    step_down = (places[-1, 0] - places[0, 0]) / (frame.size[0] - 1)
    step_right = (places[0, -1] - places[0, 0]) / (frame.size[1] - 1)
    slopes = [sampled(slope) for slope in _slopes(mark.surface, mark.valid)]
    down, right = (step[0] * slopes[0] + step[1] * slopes[1] for step in (step_down, step_right))
    return _lit(down, right, valid), share


def _slopes(surface: FloatArray, valid: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Slopes down and to the right, a pixel; from measured neighbours alone, 0 where there are
    none."""
    slopes = []
    for axis in (0, 1):
        steps = np.diff(surface.astype(np.float64), axis=axis)
        known = valid.take(range(1, valid.shape[axis]), axis) & valid.take(
            range(valid.shape[axis] - 1), axis
        )
        ends = [(1, 0) if one == axis else (0, 0) for one in (0, 1)]
        others = [end[::-1] for end in ends]
        steps = np.where(known, steps, 0.0)
        total = np.pad(steps, ends) + np.pad(steps, others)
        number = np.pad(known.astype(int), ends) + np.pad(known.astype(int), others)
        slopes.append(np.asarray(total / np.maximum(number, 1), np.float32))
    return slopes[0], slopes[1]


def _lit(down: FloatArray, right: FloatArray, valid: BoolArray) -> Picture:
    steepness = np.hypot(down, right)[valid]
    typical = float(np.median(steepness)) if steepness.size else 0.0
    scale = _TYPICAL_SLOPE / typical if typical > 0 else 0.0
    down, right = scale * down, scale * right
    # The normal of z(row, col) is (-dz/drow, -dz/dcol, 1); the light stands up and left of it.
    lit = (_LIGHT[0] * down + _LIGHT[1] * right + _LIGHT[2]) / np.sqrt(1 + down**2 + right**2)
    picture = np.clip(40 + 190 * np.clip(lit, 0, 1), 0, 255).astype(np.uint8)
    picture[~valid] = _BACKGROUND
    return picture


def _as_photographed(surface: FloatArray, valid: BoolArray) -> Picture:
    spread = float(surface[valid].std()) if valid.any() else 0.0
    grey = 127.5 + surface * (255 / _CONTRAST / (spread or 1.0))
    picture = np.clip(grey, 0, 255).astype(np.uint8)
    picture[~valid] = _BACKGROUND
    return picture


# Where points lie, and where a motion takes them.


@dataclass(frozen=True)
class Motion:
    """Left and right exchanged where `mirrored`, then a turn by `rotation_deg`, `scale` times as
    large, and a shift by `shift_um` (row, col)."""

    rotation_deg: float
    shift_um: tuple[float, float]
    scale: float = 1.0
    mirrored: bool = False

    def apply(self, points_um: Points) -> Points:
        """Where (N, 2) points in um relative to the first mark's centre fall on the second."""
        return points_um @ self._matrix.T + np.array(self.shift_um)

    def undo(self, points_um: Points) -> Points:
        """The way back of `apply`."""
        return (points_um - np.array(self.shift_um)) @ np.linalg.inv(self._matrix).T

    @property
    def _matrix(self) -> Points:
        exchange = np.diag([1.0, -1.0 if self.mirrored else 1.0])
        return self.scale * turn_matrix(self.rotation_deg) @ exchange


@dataclass(frozen=True)
class Frame:
    """A picture of `size` (height, width) pixels whose middle is the reference's centre."""

    pitch_um: float
    size: tuple[int, int]

    def to_px(self, points_um: Points) -> Points:
        """Positions in pixels, (row, col), of (N, 2) points relative to the centre."""
        middle = (np.array(self.size) - 1) / 2
        return points_um / self.pitch_um + middle

    def grid_um(self) -> Points:
        """(height, width, 2) positions of all pixels relative to the centre."""
        rows, cols = np.indices(self.size, dtype=np.float64)
        middle = (np.array(self.size) - 1) / 2
        return (np.stack([rows, cols], axis=-1) - middle) * self.pitch_um


def measured_at(mark: Mark, points_um: Points) -> BoolArray:
    """(N,) whether the pixel nearest to each of (N, 2) points from a mark's centre was measured."""
    row, col = np.rint(points_um / mark.pitch_um + mark_center_px(mark)).astype(int).T
    height, width = mark.valid.shape
    inside = (row >= 0) & (row < height) & (col >= 0) & (col < width)
    inside[inside] = mark.valid[row[inside], col[inside]]
    return inside


def motion_of(result: Comparison) -> Motion | None:
    """The motion that a comparison found; None where there is none."""
    return laid_by(result) if result.compared else None


def laid_by(result: Comparison) -> Motion:
    """How the reference comes to lie on the comparison."""
    return Motion(result.rotation_deg, result.shift_um, result.scale, result.mirrored)


def mark_center_px(mark: Mark) -> Points:
    """The (row, col) pixel that a mark's points are relative to: the middle of its array."""
    return (np.array(mark.surface.shape) - 1) / 2


def cell_corners(center_um: tuple[float, float], cell_um: float) -> Points:
    """The four corners, (4, 2) in um, of an upright square cell."""
    half = cell_um / 2
    square = np.array([(-half, -half), (-half, half), (half, half), (half, -half)])
    return square + np.array(center_um)


def fallen_corners(fit: CellFit, cell_um: float) -> Points:
    """The corners of a cell where it fell, in um relative to the other mark's centre."""
    square = cell_corners((0.0, 0.0), cell_um) @ turn_matrix(fit.rotation_deg).T
    return square + np.array(fit.center_um) + np.array(fit.shift_um)


# Lines and letters on a picture.


def draw_cell(
    picture: Picture, corners_px: Points, congruent: bool, label: str, for_print: bool = False
) -> None:
    """Draw a square given by (4, 2) corners, (row, col), the upper left one first, into a picture.

    The number stands in the middle of its upper left quarter: cells that overlap lie half a cell
    apart, so that no other line crosses it. On paper a picture is smaller than on a screen: letters
    and dotted lines are larger there.
    """
    if not congruent:
        for start, end in zip(corners_px, np.roll(corners_px, -1, axis=0), strict=True):
            _draw_dotted(picture, start, end, NOT_CONGRUENT, 2 if for_print else 1)
        return
    _draw_square(picture, corners_px, CONGRUENT, 2)
    row, col = (3 * corners_px[0] + corners_px[2]) / 4
    size, width = _letters(for_print)
    (width_px, height_px), _ = cv2.getTextSize(label, _FONT, size, width)
    place = (round(col - width_px / 2), round(row + height_px / 2))
    cv2.putText(picture, label, place, _FONT, size, _WHITE, width + 3, cv2.LINE_AA)
    cv2.putText(picture, label, place, _FONT, size, CONGRUENT, width, cv2.LINE_AA)


def draw_cells(
    panels: tuple[Picture, Picture],
    frame: Frame,
    result: Comparison,
    cell_um: float,
    for_print: bool = False,
) -> None:
    """Draw the reference's cells: into the first panel where they were cut, into the second where
    they fell, moved back. Congruent ones have the same number on both; the dotted lines of the
    others lie on top, so that a shared edge shows both.
    """
    motion = motion_of(result)
    if motion is None:
        return
    forward = [fit for fit in result.cell_fits if fit.direction == "forward"]
    dotted = sum(not fit.congruent for fit in forward)
    ordered = sorted(forward, key=lambda fit: (fit.congruent, *fit.center_um))
    cut = [frame.to_px(cell_corners(fit.center_um, cell_um)) for fit in ordered]
    fell = [frame.to_px(motion.undo(fallen_corners(fit, cell_um))) for fit in ordered]
    for panel, squares in zip(panels, (cut, fell), strict=True):
        drawn = [
            (corners_px, fit.congruent, str(number) if fit.congruent else "")
            for number, (fit, corners_px) in enumerate(
                zip(ordered, squares, strict=True), start=1 - dotted
            )
            if np.isfinite(corners_px).all()
        ]
        for corners_px, congruent, _ in drawn:  # under all lines: cells overlap
            if congruent:
                _draw_square(panel, corners_px, _WHITE, 4)
        for corners_px, congruent, label in sorted(drawn, key=lambda one: not one[1]):
            draw_cell(panel, corners_px, congruent, label, for_print)


def _draw_annotation(
    picture: Picture, frame: Frame, place: AnnotatedPlace, for_print: bool
) -> None:
    """Draw an ellipse, solid for what agrees and dotted for what does not, and its number."""
    colour = AGREEMENT if place.agrees else DISAGREEMENT
    turns = np.linspace(0.0, 2.0 * np.pi, 73)
    outline = np.stack([np.sin(turns), np.cos(turns)], axis=1) * np.array(place.size_um) / 2
    corners_px = frame.to_px(outline + np.array(place.center_um))
    step = len(corners_px) if place.agrees else 4
    parts = [corners_px[at : at + step - 1 + place.agrees] for at in range(0, 72, step)]
    cv2.polylines(picture, [_xy(corners_px)], True, _WHITE, 5, cv2.LINE_AA, _SUBPIXEL_BITS)
    for part in map(_xy, parts):
        cv2.polylines(picture, [part], False, colour, 3, cv2.LINE_AA, _SUBPIXEL_BITS)
    size, width = _letters(for_print)
    row, col = corners_px.min(axis=0)[0], corners_px.mean(axis=0)[1]
    (width_px, _), _ = cv2.getTextSize(place.label, _FONT, size, width)
    at_px = (round(col - width_px / 2), round(row - 6))
    cv2.putText(picture, place.label, at_px, _FONT, size, _WHITE, width + 3, cv2.LINE_AA)
    cv2.putText(picture, place.label, at_px, _FONT, size, colour, width, cv2.LINE_AA)


def draw_scale_bar(picture: Picture, pitch_um: float, for_print: bool = False) -> None:
    """Draw a bar of a round length, about a quarter of the width, into the lower left corner."""
    height, width = picture.shape[:2]
    fitting = [step for step in _BAR_STEPS_UM if step / pitch_um <= width / 3]
    length_um = max(fitting, default=_BAR_STEPS_UM[0])
    left, right, row = 12, 12 + round(length_um / pitch_um), height - 12
    cv2.rectangle(
        picture,
        (left - 6, row - (37 if for_print else 28)),
        (right + 6, row + 8),
        _WHITE,
        cv2.FILLED,
    )
    cv2.rectangle(picture, (left, row - 3), (right, row + 2), _BLACK, cv2.FILLED)
    size, _ = _letters(for_print)
    cv2.putText(picture, f"{length_um} um", (left, row - 10), _FONT, size, _BLACK, 1, cv2.LINE_AA)


def hstack_panels(left: Picture, right: Picture) -> Picture:
    """Two pictures of equal height with a white gap between."""
    gap = np.full((left.shape[0], _GAP_PX, 3), 255, np.uint8)
    return np.hstack([left, gap, right])


def draw_caption(
    picture: Picture, lines: Sequence[str], keys: Sequence[tuple[Colour, str]]
) -> Picture:
    """The picture with lines of text under it, in letters as large as its width allows, and then
    what each colour means."""
    width = picture.shape[1]
    rows = [(None, line) for line in lines] + list(keys)
    strip = np.full((_LINE_PX * len(rows) + 12, width, 3), 255, np.uint8)
    for number, (colour, line) in enumerate(rows, start=1):
        left, base = (12 if colour is None else 36), number * _LINE_PX
        text = line.encode("ascii", "replace").decode()  # the font has no other letters
        wide = cv2.getTextSize(text, _FONT, 0.5, 1)[0][0]
        scale = min(0.5, 0.5 * (width - left - 12) / wide)
        cv2.putText(strip, text, (left, base), _FONT, scale, _BLACK, 1, cv2.LINE_AA)
        if colour is not None:
            cv2.rectangle(strip, (12, base - 12), (28, base + 2), colour, cv2.FILLED)
    return np.vstack([picture, strip])


def _letters(for_print: bool) -> tuple[float, int]:
    """Size of letters, and the width of their lines in pixels."""
    return (0.68, 2) if for_print else (0.45, 1)


def _xy(points: Points) -> np.ndarray:
    """(row, col) to OpenCV's (x, y) in fixed point."""
    return np.round(points[:, ::-1] * 2**_SUBPIXEL_BITS).astype(np.int32)


def _draw_square(picture: Picture, corners_px: Points, colour: Colour, width_px: int) -> None:
    outline = [_xy(corners_px)]
    cv2.polylines(picture, outline, True, colour, width_px, cv2.LINE_AA, _SUBPIXEL_BITS)


def _draw_dotted(
    picture: Picture, start: Points, end: Points, colour: Colour, width_px: int
) -> None:
    length = float(np.hypot(*(end - start)))
    for begin in np.arange(0.0, length, 2 * _DOT_PX):
        ends = [start + (end - start) * min(b, length) / length for b in (begin, begin + _DOT_PX)]
        line = _xy(np.array(ends))
        cv2.polylines(picture, [line], False, colour, width_px, cv2.LINE_AA, _SUBPIXEL_BITS)
