"""The marks of a whole head in a topography that nobody outlined."""

from __future__ import annotations

import math

import cv2
import numpy as np

from ribin.errors import ScanError
from ribin.extract.primer import (
    HeadGrid,
    PrimerCircle,
    Ring,
    disc,
    distance_um,
    find_primer,
    find_ring,
    lay_grid,
    ransac_plane,
)
from ribin.model import BoolArray, MarkType, Origin, Region, Scan
from ribin.params.defaults import HeadParams, Params

_MIN_GRID = 40  # pixels: 1 mm, less than the radius of any primer
_HEAD_POINTS = 200  # of the grid that must show the case head
_HEAD_BAND_UM = 10.0
_DENT_SHARE = 0.85  # of an ejector mark lies deep


def find_head_regions(scan: Scan, params: Params) -> tuple[Region, ...]:
    """Breech face, and where present firing pin and ejector mark.

    1 a coarse grid without tilt, 2 the circle on which the primer falls into its pocket, 3 the
    ring that lies on one surface within it, 4 the bowl in the ring's middle, 5 the dent in the
    case head.

    Raises ScanError: the scan shows no primer, or too little of its ring.
    """
    name = scan.provenance.source
    grid = lay_grid(scan, params.head.grid_um)
    if min(grid.shape) < _MIN_GRID:
        raise ScanError(f"{name}: a frame of at least 1 mm needed to find a primer: outline it")
    circle = find_primer(grid, params.head)
    if circle is None:
        raise ScanError(
            f"{name}: no primer found, no circle of {params.head.min_primer_um:g} to "
            f"{params.head.max_primer_um:g} um radius falls all round: outline it with a mask"
        )
    ring = find_ring(grid, circle, params.head)
    inside = None if ring is None else _on_scan(ring.inside, scan)
    if ring is None or inside is None:
        raise ScanError(
            f"{name}: a circle of {circle.radius_um:.0f} um radius found, and no breech face "
            "that lies on one surface in it: outline it with a mask"
        )
    area_mm2, needed = _area_mm2(inside, scan), _needed_mm2(MarkType.BREECH_FACE, params)
    if area_mm2 < needed:
        raise ScanError(f"{name}: {area_mm2:.2f} mm2 of breech face found, {needed:g} needed")
    center_um = _on_scan_um(circle, grid, scan)
    regions = [Region(MarkType.BREECH_FACE, inside, center_um, ring.radius_um, Origin.FOUND)]
    others = {
        MarkType.FIRING_PIN: find_pin(grid, ring, params.head),
        MarkType.EJECTOR: find_ejector(grid, circle, params.head),
    }
    for mark_type, found in others.items():
        mask = None if found is None else _on_scan(found, scan)
        if mask is not None and _area_mm2(mask, scan) >= _needed_mm2(mark_type, params):
            regions.append(_dent(mark_type, mask, scan))
    return tuple(regions)


def _dent(mark_type: MarkType, mask: BoolArray, scan: Scan) -> Region:
    """A dent by its centroid and the circle of equal area: its shape may be any."""
    rows, cols = np.nonzero(mask)
    center_um = (float(rows.mean()) * scan.row_pitch_um, float(cols.mean()) * scan.col_pitch_um)
    radius_um = 1000.0 * math.sqrt(_area_mm2(mask, scan) / math.pi)
    return Region(mark_type, mask, center_um, radius_um, Origin.FOUND)


def _needed_mm2(mark_type: MarkType, params: Params) -> float:
    return params.of(mark_type).preprocess.min_area_mm2


def _area_mm2(mask: BoolArray, scan: Scan) -> float:
    return float(mask.sum()) * scan.row_pitch_um * scan.col_pitch_um / 1e6


def _on_scan(mask: BoolArray, scan: Scan) -> BoolArray:
    """A mask of the grid on the measured pixels of the scan."""
    size = (scan.shape[1], scan.shape[0])
    share = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray((share > 0.5) & scan.valid, np.bool_)


def _on_scan_um(circle: PrimerCircle, grid: HeadGrid, scan: Scan) -> tuple[float, float]:
    """The circle's centre in um from the scan's pixel (0, 0): grid pixels are centred wider."""
    row = (circle.row_um / grid.pitch_um + 0.5) * scan.shape[0] / grid.shape[0] - 0.5
    col = (circle.col_um / grid.pitch_um + 0.5) * scan.shape[1] / grid.shape[1] - 0.5
    return row * scan.row_pitch_um, col * scan.col_pitch_um


# The firing pin's impression in the primer, and the ejector's mark on the case head.


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
    if found is None or np.mean(dent[found]) < _DENT_SHARE:
        return None
    return None if found[[0, -1]].any() or found[:, [0, -1]].any() else found


def _compact(
    mask: BoolArray, pitch_um: float, limits_um: tuple[float, float], share: float, min_share: float
) -> BoolArray | None:
    """The body with the largest inscribed disc, opened with a disc of a `share` of its size.

    None where that disc's radius is outside the limits, or the opened body holds less than the
    share `min_share` of the whole one.
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
    return part if part.sum() >= min_share * body.sum() else None
