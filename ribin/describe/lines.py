"""Lines of a mark, parallel or about one centre, and the surface without them.

A slide is cut by tools that leave parallel lines or rings, and a whole production run may share
them. What of a mark runs along one direction, or about one centre, is found here and taken out; the
rest is compared by itself, and a score says what rests on which.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ribin.describe.reduce import clip_relief, reduce_surface
from ribin.model import BoolArray, FloatArray, Template
from ribin.params.defaults import LinesParams
from ribin.surface._jit import sum_kernel
from ribin.surface.along import mean_along

_NEAR = 1.0 / 700.0  # curvature per um above which a centre is searched for, not a direction
PARALLEL, RINGS = "parallel lines", "lines about one centre"
_LEAST_UM = 1.0  # distance of a centre from the mark's: less is as good as none


@dataclass(frozen=True)
class Lines:
    """Lines that run along a direction, or about a centre.

    The centre lies 1 / `curvature_per_um` from the mark's, in the direction across the lines there.
    """

    across_deg: float  # from the middle of the mark across the lines, counter-clockwise from below
    curvature_per_um: float  # 0: straight
    share: float  # of the mark's energy, that is the same along each of them

    @property
    def concentric(self) -> bool:
        """Whether the centre lies in or near the mark."""
        return self.curvature_per_um > _NEAR

    def near(
        self, step_deg: float, bend_per_um: float, away_um: float
    ) -> list[tuple[float, float]]:
        """Directions and curvatures a step away; of a near centre, those of its neighbours."""
        if self.concentric:
            row, col = self._center_um
            ways = ((away_um, 0.0), (-away_um, 0.0), (0.0, away_um), (0.0, -away_um))
            return [about(row + down, col + right) for down, right in ways]
        turns = [(self.across_deg + turn, self.curvature_per_um) for turn in (step_deg, -step_deg)]
        bent = (max(0.0, self.curvature_per_um + bend) for bend in (bend_per_um, -bend_per_um))
        return turns + [(self.across_deg, bend) for bend in bent]

    @property
    def _center_um(self) -> tuple[float, float]:
        angle = math.radians(self.across_deg)
        return math.cos(angle) / self.curvature_per_um, math.sin(angle) / self.curvature_per_um


def about(row_um: float, col_um: float) -> tuple[float, float]:
    """Direction and curvature of lines about a point from the mark's middle."""
    away_um = max(math.hypot(row_um, col_um), _LEAST_UM)
    return math.degrees(math.atan2(col_um, row_um)), 1.0 / away_um


# The direction and the curvature.


@sum_kernel
def _angle(y, x):
    """Arc tangent within 0.005: enough to say in which cell a point lies."""
    ratio = min(abs(x), abs(y)) / max(abs(x), abs(y), 1e-12)
    angle = ratio * (0.9724 - 0.1919 * ratio * ratio)
    if abs(y) > abs(x):
        angle = 0.5 * np.pi - angle
    if x < 0.0:
        angle = np.pi - angle
    return angle if y >= 0.0 else -angle


@sum_kernel
def _explained(points, heights, across, cell, chance, level, sums):
    """The energy that is the same along cells of the lines: the sum of n mean^2.

    `points`: rows and columns; `across`: cosine and sine of the direction across, and the
    curvature; `cell`: its width across and its length along; `sums`: two planes, a number a cell.
    Of neighbouring heights a mean says something without any lines: the energy `level` of as many
    pixels as are alike by `chance` is taken off each cell.
    """
    cosine, sine, curvature = across
    sums[:] = 0.0
    wide, long = sums.shape[1:]
    for k in range(points.shape[1]):
        u = cosine * points[0, k] + sine * points[1, k]
        v = cosine * points[1, k] - sine * points[0, k]
        if curvature > 0.0:
            # Distance from the centre, which lies ahead, and the angle there as a way.
            down, side = 1.0 - curvature * u, curvature * v
            u = (1.0 - np.sqrt(down * down + side * side)) / curvature
            v = _angle(side, down) / curvature
        i = int(np.floor(u / cell[0])) + wide // 2
        j = int(np.floor(v / cell[1])) + long // 2
        if 0 <= i < wide and 0 <= j < long:
            sums[0, i, j] += heights[k]
            sums[1, i, j] += 1.0
    total = 0.0
    for i in range(wide):
        for j in range(long):
            if sums[1, i, j] > 0.0:
                total += sums[0, i, j] * sums[0, i, j] / sums[1, i, j]
                total -= min(sums[1, i, j], chance) * level
    return total


class _Explained:
    """The share of a surface's energy that is the same along lines of any direction."""

    def __init__(
        self, surface: FloatArray, valid: BoolArray, pitch_um: float, params: LinesParams
    ) -> None:
        middle = (surface.shape[0] - 1) / 2.0
        self._points = np.ascontiguousarray((np.argwhere(valid).T - middle) * pitch_um)
        self._heights = surface[valid].astype(np.float64)
        self._energy = max(float(np.square(self._heights).sum()), 1e-30)
        self._cell = np.array([pitch_um, params.cell_um])
        self._alike = params.alike_um / pitch_um
        # Across, no point lies farther from the middle than it does by itself; along a ring it may.
        away_um = float(np.sqrt(np.square(self._points).sum(axis=0).max(initial=0.0)))
        long_um = 4.0 * surface.shape[0] * pitch_um
        shape = 2 * (int(away_um / pitch_um) + 2), 2 * int(long_um / params.cell_um)
        self._sums = np.empty((2, *shape))

    def lines(self, across_deg: float, curvature_per_um: float) -> Lines:
        angle = np.deg2rad(across_deg)
        across = np.array([np.cos(angle), np.sin(angle), curvature_per_um])
        found = _explained(
            self._points,
            self._heights,
            across,
            self._cell,
            self._alike,
            self._energy / max(len(self._heights), 1),
            self._sums,
        )
        return Lines(across_deg, curvature_per_um, float(found / self._energy))


def find_lines(
    surface: FloatArray, valid: BoolArray, pitch_um: float, params: LinesParams
) -> Lines:
    """The direction and curvature of lines that explain most of a surface.

    First at half the resolution over all directions and some curvatures, then around the best.
    """
    rough = _Explained(*reduce_surface(surface, valid, 2), 2.0 * pitch_um, params)
    step_deg = params.step_deg
    tried = [rough.lines(angle, 0.0) for angle in np.arange(0.0, 180.0, step_deg).tolist()]
    for curvature in params.curvatures_per_mm:
        tried += [
            rough.lines(angle, 1e-3 * curvature)
            for angle in np.arange(0.0, 360.0, step_deg).tolist()
        ]
    line = np.arange(-params.center_um, params.center_um + 1.0, params.center_step_um).tolist()
    centers = [rough.lines(*about(row, col)) for row in line for col in line]
    # The best centre is looked at more closely too: a step away from it rings are half lost.
    seeds = [_best(tried), *sorted(centers, key=lambda one: -one.share)[: params.centers]]
    fine = _Explained(surface, valid, pitch_um, params)
    return _best([_climb(fine, seed, params) for seed in seeds])


def _best(lines: list[Lines]) -> Lines:
    return max(lines, key=lambda one: one.share)


def _climb(explained: _Explained, seed: Lines, params: LinesParams) -> Lines:
    """The best lines near some, in smaller and smaller steps."""
    best = explained.lines(seed.across_deg, seed.curvature_per_um)
    step = 0.5
    while step >= params.least_step:
        steps = (
            step * params.step_deg,
            step * 1e-3 * params.bend_per_mm,
            step * params.center_step_um,
        )
        better = _best([explained.lines(*place) for place in best.near(*steps)])
        if better.share > best.share:
            best = better
        else:
            step /= 2.0
    return best


# The surface without them.


def without_lines(
    surface: FloatArray, valid: BoolArray, pitch_um: float, clip_mads: float, params: LinesParams
) -> tuple[FloatArray, tuple[Lines, ...]]:
    """The surface without all lines that explain enough of it, and these lines, as they were found.

    Lines are found, and their mean is taken, where relief beyond `clip_mads` is cut off. Without
    any, the surface is as it was.
    """
    found: list[Lines] = []
    for _ in range(params.rounds):
        clipped = clip_relief(surface, valid, clip_mads)
        lines = find_lines(clipped, valid, pitch_um, params)
        if lines.share < params.min_share:
            break
        surface = surface - mean_along(
            clipped, valid, pitch_um, lines.across_deg, lines.curvature_per_um, params.mean_um
        )
        found.append(lines)
    return surface, tuple(found)


# What the lines of two marks are called.


def lines_of(one: Template, two: Template) -> str:
    """The shape of the strongest lines of a pair; empty where neither mark has any.

    Noise may hide from the search for lines what agrees with those of the other mark.
    """
    figures = [side.arrays["lines"][0] for side in (one, two) if "lines" in side.arrays]
    if not figures:
        return ""
    strongest = max(figures, key=lambda figure: (float(figure[2]), float(figure[1])))
    return RINGS if strongest[1] > _NEAR else PARALLEL
