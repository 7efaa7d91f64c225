"""The search that a user would write with OpenCV: the alternative that RIBIN is measured against.

Every cell of one side is searched on the other with `cv2.matchTemplate` (TM_CCOEFF_NORMED) over a
region three times its side, every 3 degrees of +-30; then the other way round.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ribin.comparison import Comparison
from ribin.model import FloatArray

RANGE_DEG = 30
STEP_DEG = 3
REGION = 3  # times the side of a cell

Points = NDArray[np.float64]


def cell_centers(result: Comparison) -> tuple[Points, Points]:
    """Centres, (K, 2) in um, of the cells that were compared: the reference's, the other's.

    Raises
    ------
    ValueError
        The pair was not compared.
    """
    if not result.compared:
        raise ValueError(f"{result.reference}, {result.comparison}: {result.reason}")
    forward, backward = (
        np.array(
            [
                fit.center_um
                for fit in result.cell_fits
                if fit.direction == direction and fit.reason != "surface"
            ]
        )
        for direction in ("forward", "backward")
    )
    return forward, backward


def search_both(
    reference: FloatArray,
    comparison: FloatArray,
    centers_um: tuple[Points, Points],
    cell_um: float,
    pitch_um: float,
) -> FloatArray:
    """The highest coefficient of every cell, the reference's cells first.

    Parameters
    ----------
    reference, comparison : (S, S) and (Z, Z) float32 arrays
        Surfaces around the centres of the marks, S and Z even, 0 where not measured.
    """
    side = max(len(reference), len(comparison)) + 4 * round(cell_um / pitch_um)
    one, two = _framed(reference, side), _framed(comparison, side)
    px = round(cell_um / pitch_um)
    corners = [
        np.rint((center - cell_um / 2.0) / pitch_um).astype(int) + side // 2
        for center in centers_um
    ]
    forward = _search(one, two, corners[0], px)
    return np.concatenate([forward, _search(two, one, corners[1], px)])


def _search(cut: FloatArray, other: FloatArray, corners: NDArray, px: int) -> FloatArray:
    best = np.full(len(corners), -1.0, np.float32)
    middle, margin = (len(cut) - 1) / 2.0, px * (REGION - 1) // 2
    for angle in range(-RANGE_DEG, RANGE_DEG + 1, STEP_DEG):
        turn = cv2.getRotationMatrix2D((middle, middle), angle, 1.0)
        turned = cv2.warpAffine(other, turn, other.shape, flags=cv2.INTER_LINEAR)
        for k, (row, col) in enumerate(corners):
            cell = cut[row : row + px, col : col + px]
            rows, cols = (slice(at - margin, at + px + margin) for at in (row, col))
            surface = cv2.matchTemplate(turned[rows, cols], cell, cv2.TM_CCOEFF_NORMED)
            best[k] = max(best[k], cv2.minMaxLoc(surface)[1])
    return best


def _framed(surface: FloatArray, side: int) -> FloatArray:
    """In the middle of a larger square, 0 around it."""
    return np.pad(surface, (side - len(surface)) // 2)
