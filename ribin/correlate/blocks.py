"""One surface laid on copies of another: sums over blocks at many shifts, and exact correlation.

A block has 8 x 8 pixels; a surface is 0 where it was not measured and nowhere else.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ribin.model import FloatArray
from ribin.surface._jit import kernel, sum_kernel
from ribin.surface.simd.blocks import add_products, block_energies
from ribin.surface.simd.registers import LANES


class Offsets(NamedTuple):
    """Shifts to try, and the fewer ones at which slowly changing terms are computed."""

    every: NDArray[np.int64]  # (S, 2) whole-pixel shifts (row, col) within a radius
    few: NDArray[np.int64]  # (G, 2) shifts some pixels apart
    near: NDArray[np.int64]  # (S,) index of the one of `few` that is nearest to each of `every`
    # (2 reach + 1, 2 reach + 1) index of each of `every` by row and column, -1 outside the radius
    grid: NDArray[np.int64]

    @property
    def reach_px(self) -> int:
        return self.grid.shape[0] // 2


@lru_cache(maxsize=32)
def disc_offsets(radius_px: float, step_px: int) -> Offsets:
    """All shifts within a radius, and those of a grid of `step_px` that serve them."""
    every = _disc(radius_px, 1)
    few = _disc(radius_px + step_px, step_px)
    few = few[np.abs(few).max(axis=1) <= every.max()]
    apart = ((every[:, None, :] - few[None, :, :]) ** 2).sum(axis=-1)
    used, near = np.unique(apart.argmin(axis=1), return_inverse=True)
    reach = int(every.max())
    grid = np.full((2 * reach + 1, 2 * reach + 1), -1, np.int64)
    grid[every[:, 0] + reach, every[:, 1] + reach] = np.arange(len(every))
    return Offsets(every, few[used], near.astype(np.int64), grid)


def _disc(radius_px: float, step_px: int) -> NDArray[np.int64]:
    reach = int(radius_px // step_px) * step_px
    line = np.arange(-reach, reach + 1, step_px)
    square = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    return square[np.hypot(square[:, 0], square[:, 1]) <= radius_px + 1e-9].astype(np.int64)


class FieldTop(NamedTuple):
    """The top of the parabolas through the highest place of a field and its neighbours."""

    turn: float  # steps from the highest place, within half a step
    row: float
    col: float
    rise: float  # of the top above that place


@kernel
def _height(field, turn, row, col, grid):
    """Of a place of the field; 0 where it has none."""
    size = grid.shape[0]
    known = 0 <= turn < field.shape[0] and 0 <= row < size and 0 <= col < size
    return np.float64(field[turn, grid[row, col]]) if known and grid[row, col] >= 0 else 0.0


@kernel
def parabola_top(field: FloatArray, turn: int, shift: int, offsets: Offsets) -> FieldTop:
    """Where between its places, and how much, a field (T, S) is higher than at its highest one."""
    grid = offsets.grid
    reach = grid.shape[0] // 2
    row, col = offsets.every[shift, 0] + reach, offsets.every[shift, 1] + reach
    middle = np.float64(field[turn, shift])
    axes = (
        (_height(field, turn - 1, row, col, grid), _height(field, turn + 1, row, col, grid)),
        (_height(field, turn, row - 1, col, grid), _height(field, turn, row + 1, col, grid)),
        (_height(field, turn, row, col - 1, grid), _height(field, turn, row, col + 1, grid)),
    )
    places = np.zeros(3)
    rise = 0.0
    for axis in range(3):
        before, after = axes[axis]
        bend = before + after - 2.0 * middle
        if min(before, after) > 0.0 and bend < 0.0:  # a missing neighbour says nothing
            places[axis] = 0.5 * (before - after) / bend
            rise -= (before - after) ** 2 / (8.0 * bend)
    return FieldTop(places[0], places[1], places[2], rise)


# Sums over blocks.


@sum_kernel
def _block_sums(fixed, moved, places, runs, every, few, products, energies):
    height, width = fixed.shape
    rows, cols = moved.shape[1:]
    one, two = fixed.reshape(fixed.size), moved.reshape(moved.size)
    margin = (rows - height) // 2 * cols + (cols - width) // 2
    shifts = np.empty(products.shape[2:], np.int64)
    for s in range(shifts.size):  # the last one again where eight are not full
        down, right = every[min(s, every.shape[0] - 1)]
        shifts[s // LANES, s % LANES] = down * cols + right
    step = 0 if products.shape[1] == 1 else 1  # all blocks add up in the first
    for t in range(places.shape[0]):
        products[t] = np.float32(0.0)
        energies[t] = np.float32(0.0)
        start = (places[t, 0] * rows + places[t, 1]) * cols + places[t, 2] + margin
        b = 0
        for k in range(runs.shape[0]):
            for block in range(runs[k, 1], runs[k, 1] + runs[k, 2]):
                at = LANES * (runs[k, 0] * width + block)
                there = start + LANES * (runs[k, 0] * cols + block)
                for g in range(shifts.shape[0]):
                    add_products(one, at, width, two, there, cols, shifts[g], products[t, b, g])
                for s in range(few.shape[0]):
                    place = there + few[s, 0] * cols + few[s, 1]
                    terms = block_energies(one, at, width, two, place, cols)
                    for e in range(3):
                        energies[t, e, b, s] += terms[e]
                b += step


class BlockSums(NamedTuple):
    """Sums over each of B blocks, at T copies and S shifts."""

    # (T, B + 1, Z) of the products of the values, and a last 0; Z is S and up to seven more
    products: FloatArray
    # (T, 3, B + 1, G) at the fewer shifts, where both sides were measured: of the squares of the
    # moved side, of those of the fixed side, and the number of pixels
    energies: FloatArray


@kernel
def block_sums(
    fixed: FloatArray,
    moved: FloatArray,
    places: NDArray[np.int64],
    runs: NDArray[np.int32],
    offsets: Offsets,
    whole: bool,
) -> BlockSums:
    """Lay a surface on turned copies of another and sum over every block of the runs.

    A pixel p of `fixed` is laid on p + margin + shift + offset of `moved`.

    Parameters
    ----------
    fixed : (H, W) float32 array, contiguous
        The surface that stays, 0 where not measured and nowhere else; H and W are multiples of 8.
    moved : (P, N, M) float32 array, contiguous
        Copies of the other surface, with an equal margin on all sides.
    places : (T, 3) int array
        Which copies are compared, and the shift (row, col) of each in pixels.
    runs : (K, 3) int32 array
        Row of blocks, first column of blocks and number of blocks to be summed.
    offsets : Offsets
        Further shifts in pixels; with that of a copy, none larger than the margin.
    whole : bool
        Sum over all blocks together: one sum in place of B + 1.
    """
    every, few, copies = offsets.every, offsets.few, len(places)
    number = 1 if whole else runs[:, 2].sum() + 1
    products = np.empty((copies, number, -(-len(every) // LANES), LANES), np.float32)
    energies = np.empty((copies, 3, number, len(few)), np.float32)
    _block_sums(fixed, moved, places, runs, every, few, products, energies)
    return BlockSums(products.reshape((copies, number, -1)), energies)


# The exact correlation.


# What only one side measured is left out by a choice between numbers, not between ways: whole rows
# at once.
@sum_kernel
def _patch_ccf(fixed, moved, corners, places, size, out):
    none = np.float32(0.0)
    for k in range(out.shape[0]):
        n = 0.0
        sum_f = 0.0
        sum_m = 0.0
        sum_ff = 0.0
        sum_mm = 0.0
        sum_fm = 0.0
        left = np.uint64(corners[k, 1])
        there = np.uint64(corners[k, 1] + places[k, 2])
        for i in range(corners[k, 0], corners[k, 0] + size):
            values = fixed[i]
            others = moved[places[k, 0], i + places[k, 1]]
            for c in range(size):
                value = values[left + np.uint64(c)]
                other = others[there + np.uint64(c)]
                both = (value != none) & (other != none)
                f = float(value) if both else 0.0
                m = float(other) if both else 0.0
                n += 1.0 if both else 0.0
                sum_f += f
                sum_m += m
                sum_ff += f * f
                sum_mm += m * m
                sum_fm += f * m
        out[k] = np.nan
        if n > 1.0:
            var_f = sum_ff - sum_f * sum_f / n
            var_m = sum_mm - sum_m * sum_m / n
            if var_f > 0.0 and var_m > 0.0:
                out[k] = (sum_fm - sum_f * sum_m / n) / np.sqrt(var_f * var_m)


@kernel
def patch_ccf(
    fixed: FloatArray,
    moved: FloatArray,
    corners: NDArray[np.int64],
    places: NDArray[np.int64],
    size_px: int,
) -> NDArray[np.float64]:
    """Pearson's correlation of square patches over the pixels measured on both sides.

    Parameters
    ----------
    fixed : (H, W) float32 array
        The side that stays, 0 where not measured and nowhere else.
    moved : (T, N, N) float32 array
        Turned copies of the other, with a margin.
    corners : (K, 2) int array
        First row and column of each patch in `fixed`.
    places : (K, 3) int array
        Copy, row shift and column shift from the patch to its counterpart in `moved`.
    size_px : int
        Side of a patch.

    Returns
    -------
    (K,) float64 array
        In [-1, 1]; NaN where fewer than two pixels, or no relief, are shared.
    """
    out = np.empty(len(corners))
    _patch_ccf(fixed, moved, corners, places, size_px, out)
    return out
