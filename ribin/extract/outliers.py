"""What lies on a breech face and is no part of its mark: dust, firing pin drag, flowback.

It is found before any filter, because a filter smears it over what is around it, and it is left
out, not cut off: what is under it was not measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ribin.model import BoolArray, FloatArray, LeftOut, Region, Scan, ScanKind
from ribin.params.defaults import OutlierParams

_MAD = 1.4826  # median absolute deviation to standard deviation, of a normal distribution
_LEAST_SCALE = 1e-3  # of the RMS: a surface that is flat but for dust has a deviation all the same
_SEEN = 0.1  # share of a grid pixel that is measured; of less its mean says nothing
_TILE_SHARE = 0.1  # of a tile, measured: of less its deviation says nothing
_FIT_ROUNDS = 4  # of the polynomial by least absolute deviations
_POINTS_A_TERM = 4  # of a polynomial: fewer follow what they should not

Plane = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class _Form:
    """The surface without relief and outliers, on the grid.

    `tilted` follows a slope up to the edge of what is measured, `level` does not: a wall at the
    edge stands above the one and is followed by the other.
    """

    tilted: FloatArray
    level: FloatArray


def leave_out_outliers(scan: Scan, region: Region, params: OutlierParams) -> Region:
    """The region of a breech face with what is no part of the mark named, pixel by pixel.

    Nothing is left out of an image, where `params.rounds` is 0, where a person said so, where it
    would be next to nothing, and where next to nothing of the mark would remain.
    """
    if scan.kind is not ScanKind.TOPOGRAPHY or params.rounds == 0 or scan.provenance.keep_all:
        return region
    pitch_um = (scan.row_pitch_um, scan.col_pitch_um)
    return replace(region, left_out=find_outliers(scan.values, region.inside, pitch_um, params))


def find_outliers(
    surface: FloatArray, inside: BoolArray, pitch_um: tuple[float, float], params: OutlierParams
) -> NDArray[np.uint8]:
    """What each pixel of a mark is left out as.

    1 In rounds, the form is fitted to what is kept, and what lies far from it is left out of the
    next fit; 2 what lies farther still, with all of it that stands out of the relief, is dust;
    3 large bodies of that, and of what stands above the form, that reach to the aperture are drag;
    4 where they go round most of it they are flowback, with what of the surface beside them is
    mostly left out.

    Parameters
    ----------
    surface : (H, W) float32 array
        Heights in um as read; ignored where not `inside`.
    inside : (H, W) bool array
        True on the measured pixels of the mark.
    pitch_um : (float, float)
        Distance of rows and of columns.

    Returns
    -------
    (H, W) uint8 array
        A `LeftOut`; 0 where the pixel is kept or not `inside`.
    """
    out = np.zeros(inside.shape, np.uint8)
    rows, cols = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    if rows.size:
        box = slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1)
        middle = np.float32(np.median(surface[box][inside[box]]))
        heights = np.where(inside[box], surface[box] - middle, np.float32(0))
        out[box] = _Mark(heights, inside[box], pitch_um, params).outliers()
    return out


class _Mark:
    """A mark, every so many pixels of it, and a coarse grid over it that carries its form."""

    def __init__(
        self,
        heights: FloatArray,
        inside: BoolArray,
        pitch_um: tuple[float, float],
        params: OutlierParams,
    ) -> None:
        self.params = params
        self.heights, self.inside, self.pitch_um = heights, inside, pitch_um
        every = [max(1, int(params.round_pitch_um / pitch)) for pitch in pitch_um]
        some = slice(None, None, every[0]), slice(None, None, every[1])
        self.few_heights = np.ascontiguousarray(heights[some])
        self.few_inside = np.ascontiguousarray(inside[some])
        self.few_pitch_um = (every[0] * pitch_um[0], every[1] * pitch_um[1])
        height, width = self.few_inside.shape
        self.grid = (
            max(2, round(height * self.few_pitch_um[0] / params.grid_um)),
            max(2, round(width * self.few_pitch_um[1] / params.grid_um)),
        )
        self.weight = self._mean(self.few_inside)
        self.away_um = aperture_distance(self.weight > 0.25, params.grid_um, params.min_hole_um)

    def outliers(self) -> NDArray[np.uint8]:
        """As `find_outliers`."""
        p = self.params
        found = self._settled_form()
        if found is None:
            return np.zeros(self.inside.shape, np.uint8)
        form, scale = found
        size = np.abs(self.heights - _enlarged(form.tilted, self.inside.shape))
        around, peaks, spikes = (
            self.inside & (size > sds * scale) for sds in (p.edge_sds, p.limit_sds, p.spike_sds)
        )
        dust = bodies_with(around, peaks, spikes | self._steep())
        grown = _grown(dust, p.grown_um, self.pitch_um)
        pixels = np.where(grown, np.uint8(LeftOut.DUST), np.uint8(0))
        whole = pixels.copy()
        share, wall = _reduced(dust, self.grid), self._wall(form.level, scale)
        bodies, of_rim = self._bodies_at_rim((share > p.solid_share * self.weight) | wall)
        if of_rim > p.flowback_share:
            bodies, _ = self._bodies_at_rim(self._crowded(share) | wall)
            whole[self._at_pixels(bodies)] = LeftOut.FLOWBACK
        else:
            whole[self._at_pixels(self._wide(bodies))] = LeftOut.DRAG
        for out in (whole, pixels):
            left_out = float(np.mean(out[self.inside] > 0))
            if p.min_left_out <= left_out <= 1.0 - p.min_kept:
                return np.where(self.inside, out, np.uint8(0))
        return np.zeros(self.inside.shape, np.uint8)

    def _steep(self) -> BoolArray:
        """Where the surface is steeper than relief is: dirt has walls, a peak of a mark has not."""
        slopes = [
            cv2.Sobel(self.heights, cv2.CV_32F, *axes, scale=1.0 / (8.0 * pitch))
            for axes, pitch in zip(((0, 1), (1, 0)), self.pitch_um, strict=True)
        ]
        slope = cv2.magnitude(*slopes)
        # At the edge of what was measured a slope is that of the mask.
        inner = cv2.erode(self.inside.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        if not inner.any():
            return inner
        return inner & (slope > self.params.steep * float(np.median(slope[inner])))

    def _at_pixels(self, where: BoolArray) -> BoolArray:
        return _enlarged(where.astype(np.float32), self.inside.shape) > 0.5

    def _settled_form(self) -> tuple[_Form, float] | None:
        """The form of what is kept when rounds leave out no more, and the SD of the relief; None
        where there is too little to tell them."""
        p, inside, heights = self.params, self.few_inside, self.few_heights
        out = np.zeros_like(inside)
        near = _enlarged((self.away_um < p.reach_um).astype(np.float32), inside.shape) > 0.5
        found = None
        for number in range(p.rounds):
            kept = inside & ~out
            degree = p.first_degree if number == 0 else p.form_degree
            form = self._form(kept, degree)
            if form is None:
                return found
            residual = heights - _enlarged(form.tilted, inside.shape)
            # Much dust lifts the form: most of the surface then lies as far below it.
            residual = np.where(inside, residual - np.median(residual[kept]), 0.0)
            above = np.where(near, heights - _enlarged(form.level, inside.shape), 0.0)
            # Much dust makes all tiles rough: first the deviation of the whole counts alone.
            most = 1.0 if number < p.strict_rounds else p.max_scale
            scale = relief_scale(residual, kept, self.few_pitch_um, replace(p, max_scale=most))
            found = form, scale
            far = inside & ((np.abs(residual) > p.first_sds * scale) | (above > p.edge_sds * scale))
            crowded = _enlarged(self._crowded(self._mean(far)).astype(np.float32), inside.shape)
            before = out
            out = inside & (_grown(far, p.grown_um, self.few_pitch_um) | (crowded > 0.5))
            changed = np.count_nonzero(out != before)
            settled = changed < p.settled_share * np.count_nonzero(inside)
            if settled and number >= p.strict_rounds:
                break
        return found

    def _form(self, kept: BoolArray, degree: int) -> _Form | None:
        """A robust polynomial, and round each place what the polynomial leaves of the kept."""
        weight = self._mean(kept)
        seen = weight > _SEEN
        total = self._mean(np.where(kept, self.few_heights, np.float32(0)))
        means = np.where(seen, total / np.maximum(weight, _SEEN), np.float32(0))
        every = max(1, round(self.params.fit_um / self.params.grid_um))
        whole = polynomial_form(means, seen, degree, every)
        if whole is None:
            return None
        rest = np.where(seen, means - whole, 0.0)
        sigma_px = self.params.form_um / self.params.grid_um
        tilted, level = local_heights(
            rest, np.where(seen, weight, 0.0), sigma_px, self.params.ridge
        )
        return _Form((whole + tilted).astype(np.float32), (whole + level).astype(np.float32))

    def _crowded(self, share: FloatArray) -> BoolArray:
        """Where more than a share of the surface around is left out; `share`: of each pixel."""
        sigma_px = self.params.crowded_um / self.params.grid_um
        around = _blurred(self.weight, sigma_px)
        crowd = _blurred(share, sigma_px)
        return np.asarray(crowd > self.params.crowded_share * np.maximum(around, 1e-3), np.bool_)

    def _wall(self, level: FloatArray, scale: float) -> BoolArray:
        """What stands above the form near the aperture."""
        p, seen = self.params, self.weight > _SEEN
        total = self._mean(self.few_heights)
        above = np.where(seen, total / np.maximum(self.weight, _SEEN), 0.0) - level
        return seen & (self.away_um < p.reach_um) & (above > p.wall_sds * scale)

    def _bodies_at_rim(self, where: BoolArray) -> tuple[BoolArray, float]:
        """The large bodies that reach to the aperture, and the share of its rim that they take."""
        p = self.params
        rim = (self.weight > _SEEN) & (self.away_um < p.rim_um)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(where.astype(np.uint8))
        large = stats[:, cv2.CC_STAT_AREA] * p.grid_um**2 > p.min_wall_um2
        touching = np.zeros(len(stats), np.bool_)
        touching[labels[rim]] = True
        touching[0] = False
        bodies = np.asarray((large & touching)[labels], np.bool_)
        return bodies, float(bodies[rim].mean()) if rim.any() else 0.0

    def _wide(self, bodies: BoolArray) -> BoolArray:
        """What of bodies is as wide as drag; fibres that are joined to it, or to each other, are
        not."""
        across = max(1, round(self.params.min_drag_um / self.params.grid_um))
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (across, across))
        opened = cv2.morphologyEx(bodies.astype(np.uint8), cv2.MORPH_OPEN, disc)
        return np.asarray(opened > 0, np.bool_)

    def _mean(self, plane: NDArray) -> FloatArray:
        return _reduced(plane, self.grid)


def aperture_distance(seen: BoolArray, pitch_um: float, min_hole_um: float) -> Plane:
    """Distance in um of each pixel from the hole of a ring, (H, W); infinite where it has none.

    The hole is what the hull of the ring holds beyond the ring and a disc of radius `min_hole_um`
    fits into: it need not be in the middle, and holes of dust are smaller.
    """
    reach = max(1, round(min_hole_um / pitch_um))
    hole = np.pad(_hull(seen) & ~seen, reach).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    opened = cv2.morphologyEx(hole, cv2.MORPH_OPEN, disc)
    if not opened.any():
        return np.full(seen.shape, np.inf)
    away = cv2.distanceTransform(1 - opened, cv2.DIST_L2, 5)[reach:-reach, reach:-reach]
    return np.asarray(away * pitch_um, np.float64)


def _hull(seen: BoolArray) -> BoolArray:
    points = np.argwhere(seen)[:, ::-1].astype(np.int32)
    filled = np.zeros(seen.shape, np.uint8)
    if len(points):
        cv2.fillConvexPoly(filled, cv2.convexHull(points), 1)
    return filled > 0


def polynomial_form(heights: Plane, seen: BoolArray, degree: int, every: int) -> Plane | None:
    """The polynomial of least absolute deviations through what was seen, (H, W); None of too few.

    It is fitted to every so many pixels of both directions, by iteratively reweighted least
    squares, and is of a lower degree where they are few.
    """
    rows, cols = (np.linspace(-1.0, 1.0, n) for n in heights.shape)
    at = np.nonzero(seen[::every, ::every])
    while (degree + 1) * (degree + 2) // 2 * _POINTS_A_TERM > len(at[0]):
        degree -= 1
        if degree < 0:
            return None
    powers = [(d - c, c) for d in range(degree + 1) for c in range(d + 1)]
    y, x = rows[::every][at[0]], cols[::every][at[1]]
    design = np.stack([y**i * x**j for i, j in powers], axis=1)
    held = heights[::every, ::every][at].astype(np.float64)
    weights: Plane = np.ones(len(held))

    terms: Plane = np.zeros(len(powers))
    for _ in range(_FIT_ROUNDS):
        weighted = (design * weights[:, None]).T
        terms = np.linalg.lstsq(weighted @ design, weighted @ held, rcond=None)[0]
        away = np.abs(held - design @ terms)
        weights = 1.0 / np.maximum(away, 0.3 * _MAD * np.median(away) + 1e-9)
    matrix = np.zeros((degree + 1, degree + 1))
    for (i, j), term in zip(powers, terms, strict=True):
        matrix[i, j] = term
    along = [np.stack([line**i for i in range(degree + 1)]) for line in (rows, cols)]
    return np.asarray(along[0].T @ matrix @ along[1], np.float64)


def local_heights(
    heights: Plane, weight: NDArray, sigma_px: float, ridge: float
) -> tuple[Plane, Plane]:
    """Heights of the planes, and of the levels, that fit best round each pixel; both (H, W).

    Weights are Gaussian times `weight`. `ridge`, as a share of what a place amid the surface
    weighs, draws both to 0 where little is known.
    """
    rows, cols = (np.arange(n) / sigma_px for n in weight.shape)
    y, x = rows[:, None] - rows.mean(), cols[None, :] - cols.mean()
    w = weight.astype(np.float64)
    h = w * heights
    planes = (w, w * y, w * x, w * y * y, w * y * x, w * x * x, h, h * y, h * x)
    s, sy, sx, syy, syx, sxx, t, ty, tx = (_blurred(plane, sigma_px) for plane in planes)
    # Moments about each pixel instead of the middle.
    my, mx = sy - y * s, sx - x * s
    myy, mxx = syy - 2.0 * y * sy + y * y * s, sxx - 2.0 * x * sx + x * x * s
    myx = syx - y * sx - x * sy + x * y * s
    ty, tx = ty - y * t, tx - x * t
    # Cramer's rule for the constant of [[s, my, mx], [my, myy, myx], [mx, myx, mxx]] = t, ty, tx.
    s, myy, mxx = s + ridge, myy + ridge, mxx + ridge
    first, second, third = myy * mxx - myx**2, my * mxx - myx * mx, my * myx - myy * mx
    bottom = s * first - my * second + mx * third
    top = t * first - my * (ty * mxx - myx * tx) + mx * (ty * myx - myy * tx)
    return top / bottom, t / s


def relief_scale(
    residual: NDArray, kept: BoolArray, pitch_um: tuple[float, float], params: OutlierParams
) -> float:
    """The standard deviation of the relief of a mark, of which a part may be blurred or rough.

    The deviation of the whole is too small where half of a scan is blurred, and that of a
    place is that of the dirt where it is dirty. So the deviation of tiles counts, at the quantile
    `params.tile_quantile` of the surface: more than half of it may be blurred, and a third of it
    rough; from one to `params.max_scale` times that of the whole.
    """
    size = np.abs(residual)
    held = size[kept]
    if not held.size:
        return 0.0
    whole = float(np.median(held))
    least = _LEAST_SCALE * float(np.sqrt(np.mean(np.square(held, dtype=np.float64))))
    sides = [max(2, round(params.tile_um / pitch)) for pitch in pitch_um]
    found = [
        (float(np.median(some)), some.size)
        for top in range(0, kept.shape[0], sides[0])
        for left in range(0, kept.shape[1], sides[1])
        for tile in [(slice(top, top + sides[0]), slice(left, left + sides[1]))]
        if (some := size[tile][kept[tile]]).size >= _TILE_SHARE * sides[0] * sides[1]
    ]
    chosen = whole
    if found:
        deviations, areas = np.array(sorted(found)).T
        reached = np.cumsum(areas) >= params.tile_quantile * areas.sum()
        chosen = float(deviations[int(reached.argmax())])
    return max(_MAD * min(max(whole, chosen), params.max_scale * whole), least)


def bodies_with(around: BoolArray, *seeds: BoolArray) -> BoolArray:
    """The bodies of `around` that hold a pixel of each of the seeds; all (H, W)."""
    count, labels = cv2.connectedComponents(around.astype(np.uint8))
    held = np.arange(count) > 0
    for some in seeds:
        found = np.zeros(count, np.bool_)
        found[labels[some]] = True
        held &= found
    return np.asarray(held[labels], np.bool_)


def _grown(where: BoolArray, reach_um: float, pitch_um: tuple[float, float]) -> BoolArray:
    rows, cols = (max(1, round(reach_um / pitch)) for pitch in pitch_um)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * cols + 1, 2 * rows + 1))
    return np.asarray(cv2.dilate(where.astype(np.uint8), disc) > 0, np.bool_)


def _reduced(plane: NDArray, size: tuple[int, ...]) -> FloatArray:
    """Means of what lies under each pixel of the grid."""
    small = cv2.resize(plane.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _enlarged(plane: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    return np.asarray(cv2.resize(plane, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _blurred(plane: NDArray, sigma_px: float) -> NDArray:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma_px, borderType=cv2.BORDER_CONSTANT))
