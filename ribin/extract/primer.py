"""The primer in a topography of a head: a coarse grid, the primer's circle, and the ring in it.

The circle is where the head's slopes point and the surface falls all round; the breech-face ring is
what lies on one surface between the primer's edge and the aperture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ribin.model import BoolArray, FloatArray, Scan
from ribin.params.defaults import HeadParams

DIRECTIONS = 360
_CENTERS = 4  # how many are looked at
_APART_UM = 300.0
_RADIUS_STEPS = 2  # a grid pixel
_TRIALS = 400  # planes that are tried
_SAMPLE = 4000  # points that judge a plane
_WILD_PX = 5  # window of the median that takes out single wild readings
_SMOOTH_DIRECTIONS = 15  # window of the median along the edge


# The grid, without tilt.


@dataclass(frozen=True, eq=False)
class HeadGrid:
    """(H, W) heights without tilt on square pixels; its outer edges are those of the scan."""

    heights: FloatArray  # um above a plane on which much of the head lies; 0 where not `valid`
    valid: BoolArray  # True where at least half of a pixel was measured
    pitch_um: float

    @property
    def shape(self) -> tuple[int, int]:
        return self.heights.shape


def lay_grid(scan: Scan, pitch_um: float) -> HeadGrid:
    """Mean of the measured pixels under each grid pixel, freed of wild readings and of tilt."""
    height_um = scan.shape[0] * scan.row_pitch_um
    width_um = scan.shape[1] * scan.col_pitch_um
    size = (max(3, round(width_um / pitch_um)), max(3, round(height_um / pitch_um)))
    # Heights are taken about their median: a mean over a share of a pixel must not cancel.
    middle = np.float32(np.median(scan.values[scan.valid]))
    weighted = np.where(scan.valid, scan.values - middle, np.float32(0))
    total = cv2.resize(weighted, size, interpolation=cv2.INTER_AREA)
    weight = cv2.resize(scan.valid.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    valid = weight >= 0.5
    heights = np.where(valid, total / np.maximum(weight, 0.5), np.float32(0))
    heights = _tame_readings(heights, valid)
    rows, cols = np.nonzero(valid)
    if len(rows) < 3:
        return HeadGrid(heights, valid, pitch_um)
    plane = ransac_plane(rows, cols, heights[valid], band_um=10.0)
    row, col = np.indices(valid.shape, dtype=np.float32)
    levelled = heights - (plane[0] + plane[1] * row + plane[2] * col).astype(np.float32)
    return HeadGrid(np.where(valid, levelled, np.float32(0)), valid, pitch_um)


def ransac_plane(
    rows: NDArray, cols: NDArray, heights: NDArray, band_um: float
) -> NDArray[np.float64]:
    """The plane within `band_um` of which most points lie: (3,) height at 0, 0 and two slopes.

    Fischler and Bolles 1981, doi:10.1145/358669.358692, with a fixed seed; least squares over the
    points of the band makes it exact.
    """
    rng = np.random.default_rng(0)
    design = np.column_stack([np.ones(len(rows)), rows, cols])
    chosen = rng.permutation(len(rows))[:_SAMPLE]
    some, its = design[chosen], heights[chosen].astype(np.float64)
    triples = rng.integers(0, len(some), (_TRIALS, 3))
    corners = some[triples]
    sound = np.abs(np.linalg.det(corners)) > 1.0
    planes = np.linalg.solve(corners[sound], its[triples[sound]][..., None])[..., 0]
    if len(planes) == 0:
        return np.array([float(np.median(its)), 0.0, 0.0])
    counts = (np.abs(its - planes @ some.T) < band_um).sum(axis=1)
    plane = planes[int(np.argmax(counts))]
    for _ in range(2):
        near = np.abs(heights - design @ plane) < band_um
        plane = np.linalg.lstsq(design[near], heights[near].astype(np.float64), rcond=None)[0]
    return plane


def fill_low(grid: HeadGrid) -> FloatArray:
    """Heights with the holes filled: small ones from around, large ones low, (H, W).

    Instruments lose the walls of grooves and bowls; what is not measured there is deep.
    """
    weight = cv2.GaussianBlur(grid.valid.astype(np.float32), (0, 0), 1.5)
    around = cv2.GaussianBlur(grid.heights, (0, 0), 1.5) / np.maximum(weight, 1e-3)
    low = float(np.percentile(grid.heights[grid.valid], 5)) - 20.0
    filled = np.where(weight > 0.25, around, np.float32(low))
    return np.where(grid.valid, grid.heights, filled).astype(np.float32)


def _tame_readings(heights: FloatArray, valid: BoolArray) -> FloatArray:
    """Readings far from the median of their neighbourhood get that median."""
    blurred = cv2.GaussianBlur(valid.astype(np.float32), (0, 0), 2.0)
    around = cv2.GaussianBlur(heights, (0, 0), 2.0) / np.maximum(blurred, 1e-3)
    filled = np.where(valid, heights, around).astype(np.float32)
    median = cv2.medianBlur(filled, _WILD_PX)
    away = np.abs(filled - median)
    limit = 6.0 * 1.4826 * float(np.median(away[valid])) if valid.any() else 0.0
    return np.where(valid, np.where(away > limit, median, filled), np.float32(0))


def disc(radius_px: int) -> NDArray[np.uint8]:
    side = 2 * radius_px + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)).astype(np.uint8)


# The circle.


@dataclass(frozen=True)
class PrimerCircle:
    """The circle on which a primer falls into its pocket; um on the grid of the head."""

    row_um: float
    col_um: float
    radius_um: float
    rim_share: float  # of the directions within the frame that fall there
    directions: float  # share of the full turn within the frame

    @property
    def clearness(self) -> float:
        """Share of the full turn that is seen to fall."""
        return self.rim_share * self.directions


def find_primer(grid: HeadGrid, params: HeadParams) -> PrimerCircle | None:
    """The circle with the clearest rim; None where no circle falls in enough directions."""
    filled = fill_low(grid)
    best: PrimerCircle | None = None
    for row, col in _likely_centers(filled, grid.pitch_um, params):
        circle = _rim(filled, grid.pitch_um, row, col, params)
        if circle and (best is None or circle.clearness > best.clearness):
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
        fall, radii = _measure_falls(filled, pitch_um, row, col, params)
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


def _measure_falls(
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
    inliers = np.ones(len(rows), bool)
    for _ in range(2):
        design = np.column_stack([2.0 * rows[inliers], 2.0 * cols[inliers], np.ones(inliers.sum())])
        square = rows[inliers] ** 2 + cols[inliers] ** 2
        (r0, c0, rest), *_ = np.linalg.lstsq(design, square, rcond=None)
        size = math.sqrt(max(rest + r0**2 + c0**2, 1.0))
        away = np.abs(np.hypot(rows - r0, cols - c0) - size)
        inliers = away <= 2.5 * max(float(np.median(away)), 0.5)
    return row + float(r0), col + float(c0), size


def distance_um(grid: HeadGrid, circle: PrimerCircle) -> NDArray[np.float64]:
    rows, cols = np.ogrid[: grid.shape[0], : grid.shape[1]]
    return np.hypot(rows * grid.pitch_um - circle.row_um, cols * grid.pitch_um - circle.col_um)


# The ring.


@dataclass(frozen=True, eq=False)
class Ring:
    """The ring on the (H, W) grid of the head."""

    inside: BoolArray  # True on the ring; small holes in the data are filled
    hollow: BoolArray  # True within the aperture: collar, firing pin, drag
    residuals: FloatArray  # height in um above the surface on which the ring lies
    radius_um: float  # median distance of the outer edge from the primer's middle
    share: float  # of the annulus that lies on the surface


def find_ring(grid: HeadGrid, circle: PrimerCircle, params: HeadParams) -> Ring | None:
    """1 the surface, 2 what leaves it, 3 the aperture, 4 the outer edge, 5 the ring between.

    None where nothing within the circle lies on one surface.
    """
    away = distance_um(grid, circle)
    pool = grid.valid & (away < 0.80 * circle.radius_um) & (away > 0.30 * circle.radius_um)
    if pool.sum() < 50:
        return None
    residuals, sigma = _residuals(grid, circle, pool, params.band_um)
    tolerance = float(
        np.clip(params.tolerance_sigmas * sigma, params.min_tolerance_um, params.max_tolerance_um)
    )
    off = np.abs(cv2.GaussianBlur(residuals, (0, 0), 1.0)) > tolerance
    off |= ~grid.valid
    outer = _outer_edge(residuals, grid, circle, max(params.edge_fall_um, 2.0 * sigma))
    within = away < outer
    hollow = _hollow(off & within, within, away, grid.pitch_um, 0.8 * float(np.median(outer)))
    ring = within & ~hollow
    # Within the ring only what stands far off is left out: dents and dirt, not relief.
    bad = np.abs(residuals) > 2.0 * tolerance
    bad = cv2.morphologyEx(bad.astype(np.uint8), cv2.MORPH_OPEN, disc(1)) > 0
    share = float((ring & ~off & grid.valid).sum() / max(1, ring.sum()))
    if share < params.min_ring_share:
        return None
    radius_um = float(np.median(outer[ring])) if ring.any() else 0.0
    return Ring(ring & ~bad, hollow, residuals, radius_um, share)


def _residuals(
    grid: HeadGrid, circle: PrimerCircle, pool: BoolArray, band_um: float
) -> tuple[FloatArray, float]:
    """Heights above a plane with the dome of a primer, and their robust spread on the ring."""
    rows, cols = np.nonzero(pool)
    plane = ransac_plane(rows, cols, grid.heights[pool], band_um)
    row, col = np.indices(grid.shape, dtype=np.float64)
    square = (distance_um(grid, circle) / circle.radius_um) ** 2
    design = np.stack([np.ones(grid.shape), row, col, square])
    surface = np.tensordot(np.append(plane, 0.0), design, 1)
    for band in (2.0 * band_um, band_um, band_um):
        near = pool & (np.abs(grid.heights - surface) < band)
        found = np.linalg.lstsq(
            design[:, near].T, grid.heights[near].astype(np.float64), rcond=None
        )
        surface = np.tensordot(found[0], design, 1)
    residuals = np.where(grid.valid, grid.heights - surface, 0.0).astype(np.float32)
    near = pool & (np.abs(residuals) < 2.0 * band_um)
    return residuals, 1.4826 * float(np.median(np.abs(residuals[near])))


def _outer_edge(
    residuals: FloatArray, grid: HeadGrid, circle: PrimerCircle, fall_um: float
) -> NDArray[np.float64]:
    """Distance in um at which the surface falls for good, for each pixel's direction, (H, W).

    Walking inwards from the primer's edge, the first stretch that lies on the surface ends the
    fall. Directions in which nothing was measured take the edge of their neighbours.
    """
    radii = np.arange(0.35 * circle.radius_um, 1.06 * circle.radius_um, grid.pitch_um / 2.0)
    center = (circle.row_um / grid.pitch_um, circle.col_um / grid.pitch_um)
    rays = [
        polar_surface(values, center, radii / grid.pitch_um, 0.0)
        for values in (residuals, grid.valid.astype(np.float32))
    ]
    seen = rays[1] > 0.5
    # Neighbouring directions together: relief of the mark averages out, the edge does not.
    total, weight = (_blurred_round(ray) for ray in (np.where(seen, rays[0], 0.0), seen))
    heights = total / np.maximum(weight, 0.01)
    on = (np.abs(heights) <= fall_um) & (weight > 0.3)
    run = 6  # half grid pixels that must lie on it together
    windows = np.lib.stride_tricks.sliding_window_view(on, run, axis=1)
    together = np.asarray(windows.all(axis=2))
    last = together.shape[1] - 1 - together[:, ::-1].argmax(axis=1)
    edge = np.where(together.any(axis=1), radii[last + run - 1], np.nan)
    # The frame's border is no edge: beyond it nothing falls.
    beyond = np.minimum(last + run + 3, on.shape[1] - 1)
    edge[rays[1][np.arange(DIRECTIONS), beyond] < 0.01] = np.nan
    edge = _smooth_edge(edge, 0.85 * circle.radius_um)
    row, col = np.indices(grid.shape, dtype=np.float64)
    angle = np.arctan2(row - center[0], col - center[1])
    return edge[np.round(angle * DIRECTIONS / (2.0 * np.pi)).astype(int) % DIRECTIONS]


def _blurred_round(ray: NDArray) -> NDArray[np.float32]:
    """Averaged over neighbouring directions, which go round in a circle."""
    around = np.pad(ray.astype(np.float32), ((_SMOOTH_DIRECTIONS,) * 2, (0, 0)), mode="wrap")
    blurred = np.asarray(cv2.blur(around, (1, _SMOOTH_DIRECTIONS)), np.float32)
    return blurred[_SMOOTH_DIRECTIONS:-_SMOOTH_DIRECTIONS]


def _smooth_edge(edge: NDArray[np.float64], usual: float) -> NDArray[np.float64]:
    """A median along a closed line; gaps get the median of the whole."""
    known = edge[~np.isnan(edge)]
    whole = float(np.median(known)) if known.size else usual
    filled = np.where(np.isnan(edge), whole, edge)
    filled = np.clip(filled, 0.8 * whole, 1.12 * whole)
    around = np.pad(filled, _SMOOTH_DIRECTIONS, mode="wrap")
    windows = np.lib.stride_tricks.sliding_window_view(around, 2 * _SMOOTH_DIRECTIONS + 1)
    return np.median(windows, axis=1)


def _hollow(
    off: BoolArray, within: BoolArray, away: NDArray[np.float64], pitch_um: float, reach_um: float
) -> BoolArray:
    """The hull of the aperture: the largest body that leaves the surface, and what touches it."""
    core = (off & (away < reach_um)).astype(np.uint8)
    opened = cv2.morphologyEx(core, cv2.MORPH_OPEN, disc(1))
    joined = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, disc(round(75.0 / pitch_um)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    if count < 2:
        return np.zeros_like(off)
    # Bodies near the middle count as larger: dirt and lettering lie anywhere.
    size = [
        stats[i, cv2.CC_STAT_AREA] / (1.0 + (away[labels == i].mean() / reach_um) ** 2)
        for i in range(1, count)
    ]
    body = labels == 1 + int(np.argmax(size))
    if body.sum() * pitch_um**2 < 2.0e4:
        return np.zeros_like(off)
    from skimage.morphology import convex_hull_image

    return np.asarray(convex_hull_image(body) & within, np.bool_)
