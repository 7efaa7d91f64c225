"""The primer's circle: where the head's slopes point, and where the surface falls all round."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ribin.extract.head_grid import HeadGrid, fill_low
from ribin.model import FloatArray
from ribin.params.defaults import HeadParams

DIRECTIONS = 360
_CENTERS = 4  # how many are looked at
_APART_UM = 300.0
_RADIUS_STEPS = 2  # a grid pixel


@dataclass(frozen=True)
class PrimerCircle:
    """The circle on which a primer falls into its pocket; um on the grid of the head."""

    row_um: float
    col_um: float
    radius_um: float
    rim_share: float  # of the directions within the frame that fall there
    directions: float  # share of the full turn within the frame


def find_primer(grid: HeadGrid, params: HeadParams) -> PrimerCircle | None:
    """The circle with the clearest rim; None where no circle falls in enough directions."""
    filled = fill_low(grid)
    best: PrimerCircle | None = None
    for row, col in _likely_centers(filled, grid.pitch_um, params):
        circle = _rim(filled, grid.pitch_um, row, col, params)
        if circle and (best is None or _clearness(circle) > _clearness(best)):
            best = circle
    return best


def polar_surface(
    surface: FloatArray,
    center_px: tuple[float, float],
    radii_px: NDArray[np.float64],
    outside: float,
) -> FloatArray:
    """Values along rays from a centre, (directions, radii); `outside` beyond the frame."""
    angles = np.arange(DIRECTIONS) * (2.0 * math.pi / DIRECTIONS)
    rows = center_px[0] + np.outer(np.sin(angles), radii_px)
    cols = center_px[1] + np.outer(np.cos(angles), radii_px)
    values = cv2.remap(
        surface,
        cols.astype(np.float32),
        rows.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=outside,
    )
    return np.asarray(values, np.float32)


def _likely_centers(
    filled: FloatArray, pitch_um: float, params: HeadParams
) -> list[tuple[float, float]]:
    """Points that the slopes of many places, a primer's radius away, point to or away from.

    The Hough transform for circles by the direction of the gradient (Kimme, Ballard and Sklansky
    1975, doi:10.1145/360666.360677), all radii summed.
    """
    smooth = cv2.GaussianBlur(filled, (0, 0), 1.5)
    down, across = np.gradient(smooth / np.float32(pitch_um))
    slope = np.hypot(down, across)
    rows, cols = np.nonzero(slope > params.steep)
    if len(rows) == 0:
        return []
    weight = np.minimum(slope[rows, cols], params.max_steep)
    step = np.stack([down[rows, cols], across[rows, cols]]) / slope[rows, cols]
    margin = int(params.center_reach_um / pitch_um)
    shape = (filled.shape[0] + 2 * margin, filled.shape[1] + 2 * margin)
    votes = np.zeros(shape[0] * shape[1])
    low, high = params.min_primer_um / pitch_um, params.max_primer_um / pitch_um
    for reach in np.arange(low, high, 1.0):
        for sign in (-1.0, 1.0):
            row = np.rint(rows + sign * reach * step[0]).astype(np.intp) + margin
            col = np.rint(cols + sign * reach * step[1]).astype(np.intp) + margin
            held = (row >= 0) & (row < shape[0]) & (col >= 0) & (col < shape[1])
            votes += np.bincount(row[held] * shape[1] + col[held], weight[held], votes.size)
    ballot = votes.reshape(shape).astype(np.float32)
    field = np.asarray(cv2.GaussianBlur(ballot, (0, 0), 60.0 / pitch_um), np.float32)
    return [(r - margin, c - margin) for r, c in _peaks(field, round(_APART_UM / pitch_um))]


def _peaks(field: FloatArray, apart_px: int) -> list[tuple[float, float]]:
    left = field.copy()
    found = []
    for _ in range(_CENTERS):
        row, col = np.unravel_index(int(np.argmax(left)), left.shape)
        found.append((float(row), float(col)))
        cv2.circle(left, (int(col), int(row)), apart_px, 0.0, cv2.FILLED)
    return found


def _rim(
    filled: FloatArray, pitch_um: float, row: float, col: float, params: HeadParams
) -> PrimerCircle | None:
    """The rim round a likely centre; its middle is then taken from where each direction falls."""
    for _ in range(3):
        fall, radii = _falls(filled, pitch_um, row, col, params)
        seen = ~np.isnan(fall)
        directions = seen.sum(axis=0)
        with_fall = np.where(seen, fall, 0.0)
        share = (with_fall > params.rim_fall_um).sum(axis=0) / np.maximum(directions, 1)
        able = (directions >= params.min_directions * DIRECTIONS) & (share >= params.min_rim_share)
        if not able.any():
            return None
        strength = np.minimum(with_fall, 4.0 * params.rim_fall_um).sum(axis=0) / np.maximum(
            directions, 1
        )
        at = int(np.argmax(np.where(able, strength, -np.inf)))
        row, col, radius_px = _refit(fall, radii, at, row, col, params, pitch_um)
    radius_um = radius_px * pitch_um
    shown = float(directions[at]) / DIRECTIONS
    return PrimerCircle(row * pitch_um, col * pitch_um, radius_um, float(share[at]), shown)


def _falls(
    filled: FloatArray, pitch_um: float, row: float, col: float, params: HeadParams
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fall in um over the rim's width centred at each radius, (directions, radii); NaN outside."""
    low, high = params.min_primer_um / pitch_um, params.max_primer_um / pitch_um
    half = params.rim_width_um / 2.0 / pitch_um
    radii = np.arange(low, high, 1.0 / _RADIUS_STEPS)
    inner, outer = (
        polar_surface(filled, (row, col), radii + move, np.nan) for move in (-half, half)
    )
    return (inner - outer).astype(np.float64), radii


def _refit(
    fall: NDArray[np.float64],
    radii: NDArray[np.float64],
    at: int,
    row: float,
    col: float,
    params: HeadParams,
    pitch_um: float,
) -> tuple[float, float, float]:
    """Centre and radius, in px, of the steepest falls near radius number `at`."""
    reach = round(_RADIUS_STEPS * 1.5 * params.rim_width_um / pitch_um)
    near = slice(max(0, at - reach), at + reach + 1)
    close = np.where(np.isnan(fall[:, near]), -np.inf, fall[:, near])
    place, depth = close.argmax(axis=1), close.max(axis=1)
    good = depth > params.rim_fall_um
    angle = np.flatnonzero(good) * (2.0 * math.pi / DIRECTIONS)
    radius = radii[near][place[good]]
    rows, cols = radius * np.sin(angle), radius * np.cos(angle)
    # |p - c| = R as a linear system in c and R^2 - |c|^2 (Kasa), twice, the second time without
    # the directions that stray.
    kept = np.ones(len(rows), bool)
    for _ in range(2):
        design = np.column_stack([2.0 * rows[kept], 2.0 * cols[kept], np.ones(kept.sum())])
        square = rows[kept] ** 2 + cols[kept] ** 2
        (r0, c0, rest), *_ = np.linalg.lstsq(design, square, rcond=None)
        size = math.sqrt(max(rest + r0**2 + c0**2, 1.0))
        away = np.abs(np.hypot(rows - r0, cols - c0) - size)
        kept = away <= 2.5 * max(float(np.median(away)), 0.5)
    return row + float(r0), col + float(c0), size


def _clearness(circle: PrimerCircle) -> float:
    return circle.rim_share * circle.directions
