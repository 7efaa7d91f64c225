"""Sums of products over blocks of 8 x 8 pixels, for many placements of one surface on another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin._jit import sum_kernel
from ribin._vector import block_product
from ribin.model import FloatArray


# Shifts innermost: a block of the fixed surface stays in registers while all of them are tried.
# `step` rows of `out` from one block to the next; with 0 all blocks add up in the first.
@sum_kernel
def _block_sums(fixed, moved, places, runs, offsets, step, out):
    height, width = fixed.shape
    copies, rows, cols = moved.shape
    one = fixed.reshape(height * width)
    two = moved.reshape(copies * rows * cols)
    margin = (rows - height) // 2 * cols + (cols - width) // 2
    for t in range(places.shape[0]):
        start = (places[t, 0] * rows + places[t, 1]) * cols + places[t, 2] + margin
        b = 0
        for k in range(runs.shape[0]):
            for block in range(runs[k, 1], runs[k, 1] + runs[k, 2]):
                at = 8 * (runs[k, 0] * width + block)
                there = start + 8 * (runs[k, 0] * cols + block)
                sums = out[t, b]
                for s in range(offsets.shape[0]):
                    shift = offsets[s, 0] * cols + offsets[s, 1]
                    sums[s] += block_product(one, at, width, two, there + shift, cols)
                b += step


def block_sums(
    fixed: FloatArray,
    moved: FloatArray,
    places: NDArray[np.int64],
    runs: NDArray[np.int32],
    offsets: NDArray[np.int64],
) -> FloatArray:
    """Sum `fixed[p] * moved[plane][p + margin + shift + offset]` over every block of the runs.

    Parameters
    ----------
    fixed : (H, W) float32 array, contiguous
        The surface that stays; H and W are multiples of 8.
    moved : (P, N, M) float32 array, contiguous
        Planes of the other surface with an equal margin on all sides.
    places : (T, 3) int array
        Plane, and shift (row, col) in pixels, of each of T copies.
    runs : (K, 3) int32 array
        Row of blocks, first column of blocks and number of blocks to be summed.
    offsets : (S, 2) int array
        Further shifts (row, col) in pixels; with that of a copy, none larger than the margin.

    Returns
    -------
    (T, B + 1, S) float32 array
        The sums of the B blocks, in the order of the runs, and a last 0.
    """
    out = np.zeros((len(places), int(runs[:, 2].sum()) + 1, len(offsets)), np.float32)
    _block_sums(fixed, moved, places, runs, offsets, 1, out)
    return out


def whole_sums(
    fixed: FloatArray,
    moved: FloatArray,
    places: NDArray[np.int64],
    runs: NDArray[np.int32],
    offsets: NDArray[np.int64],
) -> FloatArray:
    """The sum over all blocks of what `block_sums` gives, (T, S); the arguments are the same."""
    out = np.zeros((len(places), 1, len(offsets)), np.float32)
    _block_sums(fixed, moved, places, runs, offsets, 0, out)
    return out[:, 0]
