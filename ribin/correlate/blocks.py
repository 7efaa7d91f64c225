"""Sums of products over blocks of 8 x 8 pixels, for many placements of one surface on another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ribin.correlate.placement import Offsets
from ribin.model import FloatArray
from ribin.surface._jit import sum_kernel
from ribin.surface.simd.blocks import add_products, block_energies
from ribin.surface.simd.registers import LANES


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
    """Sums over each of B blocks, at T copies and S shifts.

    Attributes
    ----------
    products : (T, B + 1, Z) float32 array
        Of the products of the values, and a last 0. Z is S and up to seven more.
    energies : (T, 3, B + 1, G) float32 array
        At the fewer shifts, where both sides were measured: of the squares of the moved side, of
        those of the fixed side, and the number of pixels.
    """

    products: FloatArray
    energies: FloatArray


def block_sums(
    fixed: FloatArray,
    moved: FloatArray,
    places: NDArray[np.int64],
    runs: NDArray[np.int32],
    offsets: Offsets,
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
    """
    return _sums(fixed, moved, places, runs, offsets, int(runs[:, 2].sum()) + 1)


def whole_sums(
    fixed: FloatArray,
    moved: FloatArray,
    places: NDArray[np.int64],
    runs: NDArray[np.int32],
    offsets: Offsets,
) -> BlockSums:
    """The sums over all blocks together, in place of B + 1; the arguments are the same."""
    return _sums(fixed, moved, places, runs, offsets, 1)


def _sums(
    fixed: FloatArray,
    moved: FloatArray,
    places: NDArray[np.int64],
    runs: NDArray[np.int32],
    offsets: Offsets,
    number: int,
) -> BlockSums:
    every, few, copies = offsets.every, offsets.few, len(places)
    products = np.empty((copies, number, -(-len(every) // LANES), LANES), np.float32)
    energies = np.empty((copies, 3, number, len(few)), np.float32)
    _block_sums(fixed, moved, places, runs, every, few, products, energies)
    return BlockSums(products.reshape(copies, number, -1), energies)
