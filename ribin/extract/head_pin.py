"""The firing pin's impression in the primer, and the ejector's mark on the case head."""

from __future__ import annotations

import cv2
import numpy as np

from ribin.extract.head_3d_circles import PrimerCircle
from ribin.extract.head_grid import HeadGrid, ransac_plane
from ribin.extract.head_ring import Ring, disc, distance_um
from ribin.model import BoolArray
from ribin.params.defaults import HeadParams

_HEAD_POINTS = 200  # of the grid that must show the case head
_HEAD_BAND_UM = 10.0
_DENT_SHARE = 0.85  # of an ejector mark lies deep


def find_pin(grid: HeadGrid, ring: Ring, params: HeadParams) -> BoolArray | None:
    """The bowl of the firing pin without the groove of its drag, (H, W); None where there is none.

    The bowl is what lies deep within the aperture. A drag is narrower than the bowl: opening it
    with a disc of a share of the bowl's own size takes the drag off.
    """
    hollow = ring.hollow & grid.valid
    if not hollow.any():
        return None
    depth = -float(np.percentile(ring.residuals[hollow], 2))
    level = max(params.pin_depth_um, params.pin_depth_share * depth)
    # What was not measured within the aperture is a wall of the bowl.
    deep = ring.hollow & ((ring.residuals < -level) | ~grid.valid)
    limits = (params.min_pin_um, np.inf)
    return _compact(deep, grid.pitch_um, limits, params.drag_share, 0.3)


def find_ejector(grid: HeadGrid, circle: PrimerCircle, params: HeadParams) -> BoolArray | None:
    """The widest dent in the case head that is no letter, (H, W); None where there is none."""
    head = grid.valid & (distance_um(grid, circle) > circle.radius_um + 400.0)
    rows, cols = np.nonzero(head)
    if len(rows) < _HEAD_POINTS:
        return None
    plane = ransac_plane(rows, cols, grid.heights[head], _HEAD_BAND_UM)
    row, col = np.indices(grid.shape)
    above = grid.heights - (plane[0] + plane[1] * row + plane[2] * col)
    if np.mean(np.abs(above[head]) < _HEAD_BAND_UM) < 0.4:  # no flat head to be dented
        return None
    dent = head & (above < -params.ejector_depth_um)
    limits = (params.min_ejector_um, params.max_ejector_um)
    # Letters that cross hold a disc as well, but most of them lies outside it.
    found = _compact(dent, grid.pitch_um, limits, 0.8, 0.6)
    # Strokes side by side have head between them; of a dent at the border nobody knows the shape.
    if found is None or np.mean(dent[found]) < _DENT_SHARE or _at_border(found):
        return None
    return found


def _at_border(mask: BoolArray) -> bool:
    return bool(mask[[0, -1]].any() or mask[:, [0, -1]].any())


def _compact(
    mask: BoolArray, pitch_um: float, limits_um: tuple[float, float], share: float, kept: float
) -> BoolArray | None:
    """The body with the largest inscribed disc, opened with a disc of a `share` of its size.

    None where that disc's radius is outside the limits, or the opened body holds less than the
    share `kept` of the whole one.
    """
    filled = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, disc(2))
    inscribed = cv2.distanceTransform(cv2.copyMakeBorder(filled, 1, 1, 1, 1, 0), cv2.DIST_L2, 5)
    radius_px = float(inscribed.max())
    if not limits_um[0] <= radius_px * pitch_um <= limits_um[1]:
        return None
    row, col = (int(i) - 1 for i in np.unravel_index(int(inscribed.argmax()), inscribed.shape))
    _, bodies = cv2.connectedComponents(filled)
    body = (bodies == bodies[row, col]).astype(np.uint8)
    opened = cv2.morphologyEx(body, cv2.MORPH_OPEN, disc(max(1, round(share * radius_px))))
    _, parts = cv2.connectedComponents(opened)
    part = np.asarray(parts == parts[row, col], np.bool_)
    return part if part.sum() >= kept * body.sum() else None
