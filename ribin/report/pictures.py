"""Lines and letters on a picture: cells, scale bar, caption.

Colours are blue and orange of Okabe and Ito's palette, which all kinds of colour vision tell
apart; solid and dotted lines say the same without colour.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ribin.report.placement import Points
from ribin.report.relief import Picture

CONGRUENT = (0, 114, 178)
NOT_CONGRUENT = (230, 159, 0)
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_GAP_PX = 16  # between the panels
_LINE_PX = 24  # of caption
_DOT_PX = 5  # length of a dash, and of the space after it
_BAR_STEPS_UM = (50, 100, 200, 500, 1000, 2000, 5000)
_SUBPIXEL_BITS = 4


def draw_cell(
    picture: Picture, corners_px: Points, congruent: bool, label: str, for_print: bool = False
) -> None:
    """Draw a square given by (4, 2) corners, (row, col), into a picture.

    On paper a picture is smaller than on a screen: letters and dotted lines are larger there.
    """
    if not congruent:
        for start, end in zip(corners_px, np.roll(corners_px, -1, axis=0), strict=True):
            _draw_dotted(picture, start, end, NOT_CONGRUENT, 2 if for_print else 1)
        return
    outline = _xy(corners_px)
    for colour, width in ((_WHITE, 4), (CONGRUENT, 2)):
        cv2.polylines(picture, [outline], True, colour, width, cv2.LINE_AA, _SUBPIXEL_BITS)
    row, col = corners_px.mean(axis=0)
    size, width = _letters(for_print)
    (width_px, height_px), _ = cv2.getTextSize(label, _FONT, size, width)
    place = (round(col - width_px / 2), round(row + height_px / 2))
    cv2.putText(picture, label, place, _FONT, size, _WHITE, width + 3, cv2.LINE_AA)
    cv2.putText(picture, label, place, _FONT, size, CONGRUENT, width, cv2.LINE_AA)


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


def draw_caption(picture: Picture, lines: Sequence[str]) -> Picture:
    """The picture with lines of text under it, in letters as large as its width allows."""
    width = picture.shape[1]
    strip = np.full((_LINE_PX * len(lines) + 12, width, 3), 255, np.uint8)
    for number, line in enumerate(lines, start=1):
        text = line.encode("ascii", "replace").decode()  # the font has no other letters
        scale = min(0.5, 0.5 * (width - 24) / cv2.getTextSize(text, _FONT, 0.5, 1)[0][0])
        place = (12, number * _LINE_PX)
        cv2.putText(strip, text, place, _FONT, scale, _BLACK, 1, cv2.LINE_AA)
    return np.vstack([picture, strip])


def _letters(for_print: bool) -> tuple[float, int]:
    """Size of letters, and the width of their lines in pixels."""
    return (0.68, 2) if for_print else (0.45, 1)


def _xy(points: Points) -> np.ndarray:
    """(row, col) to OpenCV's (x, y) in fixed point."""
    return np.round(points[:, ::-1] * 2**_SUBPIXEL_BITS).astype(np.int32)


def _draw_dotted(
    picture: Picture, start: Points, end: Points, colour: tuple[int, int, int], width_px: int
) -> None:
    length = float(np.hypot(*(end - start)))
    for begin in np.arange(0.0, length, 2 * _DOT_PX):
        ends = [start + (end - start) * min(b, length) / length for b in (begin, begin + _DOT_PX)]
        line = _xy(np.array(ends))
        cv2.polylines(picture, [line], False, colour, width_px, cv2.LINE_AA, _SUBPIXEL_BITS)
