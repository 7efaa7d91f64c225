"""Which pixels of a scan are which mark: as a person outlined, as cut out, or as found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np

from ribin.errors import ScanError
from ribin.extract.head_2d import find_image_regions
from ribin.extract.head_3d import find_head_regions
from ribin.extract.level import level_surface
from ribin.model import BoolArray, MarkType, Origin, Region, Scan, ScanKind
from ribin.params.defaults import Params

_EVERY = 8  # pixels apart: enough to tell a ring from a head
_TOLERANCE = 0.03  # of the radius: how far a hand-drawn outline strays from a circle
_TRIALS = 200
_SMALL_SHARE = 0.15  # of the largest breech face: only below is an image searched all the same
_LARGEST_PRIMER_UM = 2700.0
_BORDER_MEASURED = 0.5  # of the frame's border; a ring that was cut out touches it at some points


def find_regions(scan: Scan, params: Params) -> tuple[Region, ...]:
    """The marks of a scan, breech face first.

    What a person outlined is taken as it is. A scan in which all but the breech face is
    unmeasured is taken whole. In any other topography the marks of the head are found.

    Raises ScanError: no mark was outlined and none can be found, or too little of it was measured.
    """
    drawn = dict(scan.outlines)
    if scan.mark_valid is not None:
        drawn[MarkType.BREECH_FACE] = scan.mark_valid
    regions = {
        kind: measured_region(
            scan, kind, drawn[kind], Origin.OUTLINED, params.of(kind).preprocess.min_area_mm2
        )
        for kind in MarkType
        if kind in drawn
    }
    cut_out = _is_cut_out(scan, params.breech_face.preprocess.max_relief_um)
    if not drawn and cut_out:
        least_mm2 = params.of(MarkType.BREECH_FACE, scan.kind).preprocess.min_area_mm2
        return (measured_region(scan, MarkType.BREECH_FACE, scan.valid, Origin.CUT_OUT, least_mm2),)
    if scan.kind is ScanKind.IMAGE and not regions:
        return find_image_regions(scan, params)
    found = _found_beside(scan, regions, params)
    whole = scan.valid if cut_out else _inside_of(MarkType.BREECH_FACE, found)
    face = regions.get(MarkType.BREECH_FACE)
    if face is not None and whole is not None:
        kept = float((face.inside & whole).sum() / max(1, whole.sum()))
        regions[MarkType.BREECH_FACE] = replace(face, kept_share=kept)
    if scan.kind is ScanKind.TOPOGRAPHY:
        for region in found:
            regions.setdefault(region.mark_type, region)
    return tuple(regions[kind] for kind in MarkType if kind in regions)


def _found_beside(
    scan: Scan, outlined: Mapping[MarkType, Region], params: Params
) -> tuple[Region, ...]:
    """The marks of a head that are seen without the outlines; none where no head is.

    Raises ScanError: nobody outlined a mark, and none is found.
    """
    try:
        if scan.kind is ScanKind.TOPOGRAPHY:
            return find_head_regions(scan, params) if _holds_a_head(scan) else ()
        return find_image_regions(scan, params) if _is_small(outlined, scan) else ()
    except ScanError:
        if not outlined:
            raise
        return ()


def _is_small(outlined: Mapping[MarkType, Region], scan: Scan) -> bool:
    """Whether an outline of a breech face is so small that it may leave most of it out."""
    face = outlined.get(MarkType.BREECH_FACE)
    if face is None:
        return False
    area_um2 = float(face.inside.sum()) * scan.row_pitch_um * scan.col_pitch_um
    return area_um2 < _SMALL_SHARE * np.pi * _LARGEST_PRIMER_UM**2


def _inside_of(mark_type: MarkType, regions: tuple[Region, ...]) -> BoolArray | None:
    return next((one.inside for one in regions if one.mark_type is mark_type), None)


def _is_cut_out(scan: Scan, max_relief_um: float) -> bool:
    """Whether somebody left only the breech face: no frame was measured, and heights are flat."""
    edges = (scan.valid[0], scan.valid[-1], scan.valid[:, 0], scan.valid[:, -1])
    if np.mean(np.concatenate(edges)) > _BORDER_MEASURED:
        return False
    valid = np.ascontiguousarray(scan.valid[::_EVERY, ::_EVERY])
    if scan.kind is ScanKind.IMAGE or valid.sum() < 3:
        return True
    levelled = level_surface(np.ascontiguousarray(scan.values[::_EVERY, ::_EVERY]), valid)
    low, high = np.percentile(levelled[valid], [5, 95])
    return bool(high - low <= max_relief_um)


def _holds_a_head(scan: Scan) -> bool:
    """Whether there can be more in a topography than what was outlined."""
    outside = scan.valid
    for inside in (scan.mark_valid, *scan.outlines.values()):
        outside = outside if inside is None else outside & ~inside
    return bool(outside.sum() > 0.25 * scan.valid.sum())


def measured_region(
    scan: Scan, mark_type: MarkType, inside: BoolArray, origin: Origin, min_area_mm2: float
) -> Region:
    """The measured pixels of an outline, (H, W), as a region.

    Raises ScanError: fewer than `min_area_mm2` of the mark were measured.
    """
    measured = scan.valid & inside
    area_mm2 = float(measured.sum()) * scan.row_pitch_um * scan.col_pitch_um / 1e6
    if area_mm2 < min_area_mm2:
        raise ScanError(
            f"{scan.provenance.source}: {area_mm2:.2f} mm2 of {mark_type.words} measured, "
            f"{min_area_mm2:g} needed"
        )
    row, col, radius = outline_circle(measured, (scan.row_pitch_um, scan.col_pitch_um))
    return Region(mark_type, measured, (row, col), radius, origin)


def outline_circle(inside: BoolArray, pitch_um: tuple[float, float]) -> tuple[float, float, float]:
    """The circle on which the outer edge of a region lies, even if only a part of it is left.

    `inside`, (H, W) bool: True inside the region; at least three pixels that are not on one line.
    `pitch_um`: distance of rows and of columns. Returns (float, float, float): row and column of
    the centre and the radius, in um from pixel (0, 0).
    """
    # scipy and scikit-image take longer to import than a small search takes: here, and in the
    # neighbours, a scan waits for them and the comparison of templates does not.
    from skimage.measure import CircleModel, ransac

    points = _hull_points(inside) * np.asarray(pitch_um)
    middle = points.mean(axis=0)
    extent = float(np.linalg.norm(points - middle, axis=1).max())
    model, inliers = ransac(
        points,
        CircleModel,
        min_samples=3,
        residual_threshold=_TOLERANCE * extent,
        max_trials=_TRIALS,
        is_model_valid=lambda m, *_: 0.5 * extent < m.radius < 2.0 * extent,
        rng=0,
    )
    if model is None or inliers is None or inliers.sum() < 0.5 * len(points):
        low, high = points.min(axis=0), points.max(axis=0)
        row, col = (low + high) / 2.0
        return float(row), float(col), float((high - low).max() / 2.0)
    row, col = model.center
    return float(row), float(col), float(model.radius)


def _hull_points(inside: BoolArray) -> np.ndarray:
    """Corners of the convex hull, (K, 2) row and column in pixels."""
    from scipy.spatial import ConvexHull

    rows = np.flatnonzero(inside.any(axis=1))
    first = inside[rows].argmax(axis=1)
    last = inside.shape[1] - 1 - inside[rows, ::-1].argmax(axis=1)
    ends = np.concatenate([np.column_stack([rows, first]), np.column_stack([rows, last])])
    return ends[ConvexHull(ends).vertices].astype(np.float64)


def away_from_edge(inside: BoolArray, distance_px: float) -> BoolArray:
    """Pixels of a region farther than this from its outer edge; small holes are no edge, (H, W)."""
    closed = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    return np.asarray(inside & (cv2.distanceTransform(closed, cv2.DIST_L2, 5) > distance_px), bool)
