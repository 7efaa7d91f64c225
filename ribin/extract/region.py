"""Which pixels of a scan are the breech face, and where its middle is.

Today the outline is given: drawn by a person, or already cut out by whoever made the file.
Finding it in a raw head takes its place here, as another function with the same result.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy.spatial import ConvexHull
from skimage.measure import CircleModel, ransac

from ribin.errors import ScanError
from ribin.model import BoolArray, Scan

_TOLERANCE = 0.03  # of the radius: how far a hand-drawn outline strays from a circle
_TRIALS = 200


def breech_face_region(scan: Scan, min_area_mm2: float) -> BoolArray:
    """Measured pixels of the breech face, (H, W), True inside.

    Raises
    ------
    ScanError
        Fewer than `min_area_mm2` of the mark were measured.
    """
    inside = scan.valid if scan.mark_valid is None else scan.valid & scan.mark_valid
    area_mm2 = float(inside.sum()) * scan.row_pitch_um * scan.col_pitch_um / 1e6
    if area_mm2 < min_area_mm2:
        raise ScanError(
            f"{scan.provenance.source}: {area_mm2:.2f} mm2 of breech face measured, "
            f"{min_area_mm2:g} needed"
        )
    return inside


def outline_circle(inside: BoolArray, pitch_um: tuple[float, float]) -> tuple[float, float, float]:
    """The circle on which the outer edge of a region lies, even if only a part of it is left.

    Parameters
    ----------
    inside : (H, W) bool array
        True inside the region; at least three pixels that are not on one line.
    pitch_um : (float, float)
        Distance of rows and of columns.

    Returns
    -------
    (float, float, float)
        Row and column of the centre and the radius, in um from pixel (0, 0).
    """
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
    rows = np.flatnonzero(inside.any(axis=1))
    first = inside[rows].argmax(axis=1)
    last = inside.shape[1] - 1 - inside[rows, ::-1].argmax(axis=1)
    ends = np.concatenate([np.column_stack([rows, first]), np.column_stack([rows, last])])
    return ends[ConvexHull(ends).vertices].astype(np.float64)


def away_from_edge(inside: BoolArray, distance_px: float) -> BoolArray:
    """Pixels of a region farther than this from its outer edge; small holes are no edge, (H, W)."""
    closed = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    return np.asarray(inside & (cv2.distanceTransform(closed, cv2.DIST_L2, 5) > distance_px), bool)
