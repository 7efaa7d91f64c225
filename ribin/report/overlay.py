"""Both marks side by side, turned alike, with the cells that support the score drawn on them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ribin.comparison import CellFit, Comparison
from ribin.errors import ParameterError
from ribin.model import Mark
from ribin.report.pictures import (
    draw_caption,
    draw_cell,
    draw_scale_bar,
    hstack_panels,
)
from ribin.report.placement import (
    Frame,
    Motion,
    cell_corners,
    fallen_corners,
    mark_center_px,
)
from ribin.report.relief import Picture, shade_surface

PANEL_PX = 640  # side of either half of the picture
_MARGIN = 1.06  # white around the marks
_STILL = Motion(0.0, (0.0, 0.0))


def draw_overlay(
    reference: Mark,
    comparison: Mark,
    result: Comparison,
    tile_um: float,
    for_print: bool = False,
) -> Picture:
    """Draw the reference on the left and the comparison, moved onto it, on the right.

    A congruent cell is a solid square with a number, the same on both sides; a cell that is not
    congruent is dotted, on the left where it was cut and on the right where it fell.

    Parameters
    ----------
    reference, comparison : Mark
        The two sides that `result` is about.
    result : Comparison
        Its forward cells are drawn. A pair that was not compared shows the marks alone.
    tile_um : float
        Side of a cell.
    for_print : bool
        For a page of text, which is smaller and has a caption of its own: larger letters, and no
        names and figures under the picture.

    Returns
    -------
    (H, W, 3) uint8 array
        Red, green, blue.
    """
    motion = Motion(result.rotation_deg, result.shift_um) if result.compared else _STILL
    frame = _frame(reference, comparison)
    left = _panel(reference, frame, _STILL)
    right = _panel(comparison, frame, motion)
    forward = [fit for fit in result.cell_fits if fit.direction == "forward"]
    # Congruent cells last, so that they lie on top.
    for number, fit in enumerate(sorted(forward, key=_drawing_order)):
        label = _label(fit, number - sum(not f.congruent for f in forward))
        fallen = motion.undo(fallen_corners(fit, tile_um))
        cut = cell_corners(fit.center_um, tile_um)
        draw_cell(left, frame.to_px(cut), fit.congruent, label, for_print)
        draw_cell(right, frame.to_px(fallen), fit.congruent, label, for_print)
    draw_scale_bar(left, frame.pitch_um, for_print)
    both = hstack_panels(left, right)
    return both if for_print else draw_caption(both, _caption(result))


def write_overlay(picture: Picture, path: Path) -> None:
    """Write a picture as PNG.

    Raises
    ------
    ParameterError
        The name does not end in .png, or the file cannot be written.
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


def _frame(reference: Mark, comparison: Mark) -> Frame:
    """A square around the centre that holds what was measured of the larger mark."""
    reach_um = max(_reach_um(reference), _reach_um(comparison))
    return Frame(2 * reach_um * _MARGIN / PANEL_PX, (PANEL_PX, PANEL_PX))


def _reach_um(mark: Mark) -> float:
    """How far, along rows or columns, the measured surface reaches from the centre."""
    places = np.argwhere(mark.valid)
    away_px = np.abs(places - mark_center_px(mark)).max() if places.size else PANEL_PX / 2
    return float(away_px) * mark.pitch_um


def _panel(mark: Mark, frame: Frame, motion: Motion) -> Picture:
    """A mark resampled into the frame after undoing `motion`, shaded, in three channels."""
    grid = motion.apply(frame.grid_um().reshape(-1, 2)) / mark.pitch_um + mark_center_px(mark)
    rows, cols = grid.astype(np.float32).reshape(*frame.size, 2).transpose(2, 0, 1)
    surface = cv2.remap(mark.surface, cols, rows, cv2.INTER_LINEAR).astype(np.float32)
    # Only where all four neighbours were measured is a resampled height real.
    share = cv2.remap(mark.valid.astype(np.float32), cols, rows, cv2.INTER_LINEAR)
    grey = shade_surface(surface, share > 0.999)
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)


def _drawing_order(fit: CellFit) -> tuple[bool, float, float]:
    return (fit.congruent, *fit.center_um)


def _label(fit: CellFit, number: int) -> str:
    return str(number + 1) if fit.congruent else ""


def _caption(result: Comparison) -> tuple[str, str]:
    if not result.compared:
        figures = f"not compared: {result.reason}"
    else:
        forward = [fit for fit in result.cell_fits if fit.direction == "forward"]
        figures = (
            f"score {result.score:.3f}   cmc {result.cmc:g} of {result.cells} cells   "
            f"drawn of the reference: {sum(f.congruent for f in forward)} solid, "
            f"{sum(not f.congruent for f in forward)} dotted   "
            f"turned {result.rotation_deg:.1f} degrees"
        )
    return (f"{result.reference}   |   {result.comparison} (moved onto the reference)", figures)
