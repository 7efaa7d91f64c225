"""Slow, obvious twins of the kernels: one definition after the other, in float64."""

from __future__ import annotations

import math

import numpy as np


def resample(
    surface: np.ndarray, valid: np.ndarray, rows: np.ndarray, cols: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Bilinear samples at each of `rows` x `cols` (fractions of pixels), over measured pixels."""
    out, out_valid = np.zeros((len(rows), len(cols))), np.zeros((len(rows), len(cols)), bool)
    for r, y in enumerate(rows):
        for c, x in enumerate(cols):
            out[r, c], out_valid[r, c] = bilinear(surface, valid, y, x)
    return out, out_valid


def bilinear(surface: np.ndarray, valid: np.ndarray, y: float, x: float) -> tuple[float, bool]:
    """The mean of the four pixels around a point by their nearness; not measured below half."""
    total = measured = 0.0
    for i in (int(np.floor(y)), int(np.floor(y)) + 1):
        for j in (int(np.floor(x)), int(np.floor(x)) + 1):
            on_grid = 0 <= i < surface.shape[0] and 0 <= j < surface.shape[1]
            if on_grid and valid[i, j]:
                nearness = (1.0 - abs(y - i)) * (1.0 - abs(x - j))
                total += nearness * float(surface[i, j])
                measured += nearness
    return (total / measured, True) if measured >= 0.5 else (0.0, False)


def reduce(surface: np.ndarray, valid: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Means of the measured pixels of each square, where half of it was measured."""
    shape = surface.shape[0] // factor, surface.shape[1] // factor
    out, out_valid = np.zeros(shape), np.zeros(shape, bool)
    for r, c in np.ndindex(shape):
        square = slice(r * factor, (r + 1) * factor), slice(c * factor, (c + 1) * factor)
        if valid[square].mean() >= 0.5:
            out[r, c] = surface[square][valid[square]].astype(np.float64).mean()
            out_valid[r, c] = True
    return out, out_valid


def block_counts(valid: np.ndarray, block_px: int) -> np.ndarray:
    """Measured pixels of each block."""
    shape = valid.shape[0] // block_px, valid.shape[1] // block_px
    return valid.reshape(shape[0], block_px, shape[1], block_px).sum(axis=(1, 3))


def spread_cells(counts: np.ndarray, least: float) -> list[tuple[int, int]]:
    """Cells of two by two blocks that hold so many pixels, each farthest from those before it."""
    cells = counts[:-1, :-1] + counts[1:, :-1] + counts[:-1, 1:] + counts[1:, 1:]
    left = [place for place in np.ndindex(cells.shape) if cells[place] >= least]
    found = [max(left, key=lambda place: cells[place])]
    while len(found) < len(left):
        found.append(
            max(
                (place for place in left if place not in found),
                key=lambda place: cells[place] * min(math.dist(place, one) for one in found),
            )
        )
    return found


def block_runs(counts: np.ndarray) -> list[tuple[int, int, int]]:
    """Row, first column and length of each stretch of blocks that hold anything."""
    runs = []
    for row, held in enumerate(counts > 0):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], held.astype(np.int8), [0]])))
        runs += [(row, int(first), int(end - first)) for first, end in edges.reshape(-1, 2)]
    return runs


def smooth(surface: np.ndarray, valid: np.ndarray, sigma_px: tuple[float, float]) -> np.ndarray:
    """The mean of all measured pixels of a surface, each weighted by its Gaussian nearness."""
    out = np.zeros(surface.shape)
    rows, cols = np.nonzero(valid)
    measured = surface[rows, cols].astype(np.float64)
    for r, c in zip(rows, cols, strict=True):
        apart = ((rows - r) / sigma_px[0]) ** 2 + ((cols - c) / sigma_px[1]) ** 2
        weight = np.exp(-0.5 * apart)
        out[r, c] = (weight * measured).sum() / weight.sum()
    return out


def local_form(
    surface: np.ndarray, valid: np.ndarray, sigma_px: tuple[float, float], ridge: float
) -> np.ndarray:
    """Around each pixel, the second-degree surface of least weighted squares; its height there."""
    out = np.zeros(surface.shape)
    rows, cols = np.nonzero(valid)
    for r, c in zip(rows, cols, strict=True):
        y, x = (rows - r) / sigma_px[0], (cols - c) / sigma_px[1]
        weight = np.exp(-0.5 * (y**2 + x**2))
        terms = np.column_stack([np.ones(len(y)), y, x, y**2, y * x, x**2])
        normal = terms.T @ (weight[:, None] * terms)
        normal[range(1, 6), range(1, 6)] += ridge * weight.sum()
        out[r, c] = np.linalg.solve(normal, terms.T @ (weight * surface[rows, cols]))[0]
    return out


def turned(
    surface: np.ndarray, valid: np.ndarray, angle_deg: float, size_px: int, shift_px: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What each pixel of a copy shows: the point that the turn brings there."""
    cosine, sine = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    middle = (np.array(surface.shape) - 1) / 2.0
    out, out_valid = np.zeros((size_px, size_px)), np.zeros((size_px, size_px), bool)
    for r, c in np.ndindex(size_px, size_px):
        y, x = np.array([r, c]) - (size_px - 1) / 2.0 + shift_px
        # Turned back clockwise as displayed: rows point down.
        row, col = cosine * y + sine * x + middle[0], cosine * x - sine * y + middle[1]
        out[r, c], out_valid[r, c] = bilinear(surface, valid, row, col)
    return out, out_valid


def block_sums(
    fixed: np.ndarray, moved: np.ndarray, runs: np.ndarray, offsets: np.ndarray, block_px: int
) -> np.ndarray:
    """Sums of products over each block of the runs, for each copy and shift."""
    margin = (np.array(moved.shape[1:]) - fixed.shape) // 2
    blocks = [(row, first + k) for row, first, number in runs for k in range(number)]
    out = np.zeros((len(moved), len(offsets), len(blocks)))
    for t, s, b in np.ndindex(out.shape):
        row, col = np.array(blocks[b]) * block_px
        here = fixed[row : row + block_px, col : col + block_px].astype(np.float64)
        row, col = np.array([row, col]) + margin + offsets[s]
        out[t, s, b] = (here * moved[t, row : row + block_px, col : col + block_px]).sum()
    return out


def patch_ccf(
    one: np.ndarray, one_valid: np.ndarray, two: np.ndarray, two_valid: np.ndarray
) -> float:
    """Pearson's correlation over the pixels that both patches measured; NaN if there is none."""
    both = one_valid & two_valid
    if both.sum() < 2 or np.ptp(one[both]) == 0.0 or np.ptp(two[both]) == 0.0:
        return float("nan")
    return float(np.corrcoef(one[both].astype(np.float64), two[both].astype(np.float64))[0, 1])


def cell_terms(
    one: np.ndarray, one_valid: np.ndarray, two: np.ndarray, two_valid: np.ndarray
) -> tuple[float, float, int]:
    """Product, energy and number of the pixels of a cell that both sides measured."""
    both = one_valid & two_valid
    a, b = one[both].astype(np.float64), two[both].astype(np.float64)
    return float((a * b).sum()), float((a * a).sum() * (b * b).sum()), int(both.sum())


def fisher(r: float) -> float:
    """The beginning of the series of Fisher's z."""
    return r + r**3 / 3.0 + r**5 / 5.0


def overlap_correlation(
    fixed: np.ndarray, fixed_valid: np.ndarray, moved: np.ndarray, moved_valid: np.ndarray
) -> tuple[float, int]:
    """Correlation about 0 of all that both sides measured times the root of its pixels."""
    product, energy, number = cell_terms(fixed, fixed_valid, moved, moved_valid)
    return (product / np.sqrt(energy) * np.sqrt(number) if energy > 0.0 else 0.0), number


def ring_strength(
    one: dict[str, np.ndarray],
    two: dict[str, np.ndarray],
    pair: tuple[int, int],
    turn_deg: float,
    lengths: list[int],
) -> tuple[float, float, float]:
    """Correlation of two sets of rings at one turn about one pair of points, weighted; the overlap
    and the smaller area, in the unit of the series of the masks."""

    def at_turn(first: np.ndarray, second: np.ndarray) -> float:
        orders = np.arange(len(first))
        terms = np.conj(first) * second * np.exp(1j * orders * np.deg2rad(turn_deg))
        return float((np.where(orders == 0, 1.0, 2.0) * terms.real).sum())

    def series(side: dict[str, np.ndarray], point: int) -> np.ndarray:
        real, imaginary = side["coarse"][:, point].astype(float)
        return real + 1j * imaginary

    starts = np.concatenate([[0], np.cumsum(lengths)])
    held = [
        k for k in range(len(lengths)) if min(s["coarse_cover"][0, 0, k, 0] for s in (one, two)) > 0
    ]
    product = overlap = energy = other_energy = 0.0
    for k in held:
        own = slice(starts[k], starts[k + 1])
        product += at_turn(series(one, pair[0])[own], series(two, pair[1])[own])
        covers = [
            s["coarse_cover"][0].astype(float) + 1j * s["coarse_cover"][1] for s in (one, two)
        ]
        overlap += at_turn(covers[0][0, k], covers[1][0, k])
        energy += at_turn(covers[0][1, k], covers[1][0, k])
        other_energy += at_turn(covers[0][0, k], covers[1][1, k])
    areas = [
        sum(s["coarse_cover"][0, 0, k, 0] * np.sqrt(k + 0.5) for k in range(len(lengths)))
        for s in (one, two)
    ]
    ccf = product / np.sqrt(energy * other_energy)
    return float(ccf * np.sqrt(overlap / min(areas))), overlap, min(areas)


def explained_share(
    surface: np.ndarray,
    valid: np.ndarray,
    pitch_um: float,
    across_deg: float,
    curvature_per_um: float,
    cell_um: float,
    alike_um: float,
) -> float:
    """The energy that is the same along cells of lines, less chance's, over all energy."""
    angle = np.deg2rad(across_deg)
    cells: dict[tuple[int, int], list[float]] = {}
    middle = (surface.shape[0] - 1) / 2.0
    for r, c in np.argwhere(valid):
        row, col = (r - middle) * pitch_um, (c - middle) * pitch_um
        u = np.cos(angle) * row + np.sin(angle) * col
        v = np.cos(angle) * col - np.sin(angle) * row
        if curvature_per_um > 0.0:
            down, side = 1.0 - curvature_per_um * u, curvature_per_um * v
            u = (1.0 - np.hypot(down, side)) / curvature_per_um
            v = np.arctan2(side, down) / curvature_per_um
        place = int(np.floor(u / pitch_um)), int(np.floor(v / cell_um))
        cells.setdefault(place, []).append(float(surface[r, c]))
    energy = float(np.square(surface[valid].astype(float)).sum())
    level, alike = energy / valid.sum(), alike_um / pitch_um
    total = sum(sum(h) ** 2 / len(h) - min(len(h), alike) * level for h in cells.values())
    return float(total / energy)


def naive_local_heights(heights, weight, sigma_px, ridge):
    """Per pixel: weighted least squares of a plane, and of a level, with a ridge on every term."""
    tilted, level = np.zeros(heights.shape), np.zeros(heights.shape)
    # The weights of a Gaussian as OpenCV cuts and scales them: their sum over all pixels is 1.
    reach = round(sigma_px * 8 + 1) | 1
    line = np.exp(-0.5 * ((np.arange(reach) - reach // 2) / sigma_px) ** 2)
    line /= line.sum()
    for r, c in np.ndindex(heights.shape):
        normal, right = np.zeros((3, 3)), np.zeros(3)
        for i, j in np.ndindex(heights.shape):
            away = i - r + reach // 2, j - c + reach // 2
            if not (0 <= away[0] < reach and 0 <= away[1] < reach):
                continue
            w = line[away[0]] * line[away[1]] * weight[i, j]
            term = np.array([1.0, (i - r) / sigma_px, (j - c) / sigma_px])
            normal += w * np.outer(term, term)
            right += w * term * heights[i, j]
        tilted[r, c] = np.linalg.solve(normal + ridge * np.eye(3), right)[0]
        level[r, c] = right[0] / (normal[0, 0] + ridge)
    return tilted, level


def naive_aperture_distance(ring, pitch_um, radius_um):
    """Distance to the nearest pixel of a disc that fits between the ring and its hull."""
    from skimage.morphology import convex_hull_image

    hole = np.argwhere(convex_hull_image(ring) & ~ring)
    solid = np.argwhere(~(convex_hull_image(ring) & ~ring))
    room = np.array([np.hypot(*(solid - place).T).min() for place in hole]) * pitch_um
    middles = hole[room >= radius_um]
    out = np.zeros(ring.shape)
    for r, c in np.ndindex(ring.shape):
        out[r, c] = max(0.0, np.hypot(*(middles - (r, c)).T).min() * pitch_um - radius_um)
    return out
