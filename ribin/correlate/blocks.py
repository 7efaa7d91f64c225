"""Sums of products over blocks of 8 x 8 pixels, for many placements of one surface on another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin._jit import sum_kernel
from ribin.model import FloatArray
from ribin.params import BLOCK_PX


# Indices are unsigned so that numba does not test each for a negative one, which would keep the
# inner loop from being vectorised. Eight rows are summed before their columns are: one store for
# eight products.
@sum_kernel
def _block_sums(fixed, moved, runs, offsets, widths, column_sums, out):
    w = np.uint64(widths[0])
    v = np.uint64(widths[1])
    for t in range(moved.shape[0]):
        copy = moved[t]
        for s in range(offsets.shape[0]):
            sums = out[t, s]
            for k in range(runs.shape[0]):
                i0 = np.uint64(runs[k, 0])
                i1 = i0 + w
                i2 = i1 + w
                i3 = i2 + w
                i4 = i3 + w
                i5 = i4 + w
                i6 = i5 + w
                i7 = i6 + w
                k0 = np.uint64(runs[k, 1] + offsets[s])
                k1 = k0 + v
                k2 = k1 + v
                k3 = k2 + v
                k4 = k3 + v
                k5 = k4 + v
                k6 = k5 + v
                k7 = k6 + v
                for column in range(runs[k, 2]):
                    j = np.uint64(column)
                    column_sums[j] = (
                        fixed[i0 + j] * copy[k0 + j]
                        + fixed[i1 + j] * copy[k1 + j]
                        + fixed[i2 + j] * copy[k2 + j]
                        + fixed[i3 + j] * copy[k3 + j]
                        + fixed[i4 + j] * copy[k4 + j]
                        + fixed[i5 + j] * copy[k5 + j]
                        + fixed[i6 + j] * copy[k6 + j]
                        + fixed[i7 + j] * copy[k7 + j]
                    )
                first = runs[k, 3]
                for b in range(runs[k, 2] // 8):
                    u = np.uint64(8 * b)
                    sums[first + b] = (
                        (column_sums[u] + column_sums[u + np.uint64(1)])
                        + (column_sums[u + np.uint64(2)] + column_sums[u + np.uint64(3)])
                    ) + (
                        (column_sums[u + np.uint64(4)] + column_sums[u + np.uint64(5)])
                        + (column_sums[u + np.uint64(6)] + column_sums[u + np.uint64(7)])
                    )


def block_sums(
    fixed: FloatArray, moved: FloatArray, runs: NDArray[np.int32], offsets: NDArray[np.int64]
) -> FloatArray:
    """Sum `fixed[p] * moved[t, p + margin + offset]` over every block of the runs.

    Parameters
    ----------
    fixed : (H, W) float32 array, contiguous
        The surface that stays; H and W are multiples of 8.
    moved : (T, N, M) float32 array, contiguous
        Copies of the other surface with an equal margin on all sides.
    runs : (K, 3) int32 array
        Row of blocks, first column of blocks and number of blocks to be summed.
    offsets : (S, 2) int array
        Shifts (row, col) in pixels, none larger than the margin.

    Returns
    -------
    (T, S, B + 1) float32 array
        The sums of the B blocks, in the order of the runs, and a last 0.
    """
    height, width = fixed.shape
    copies, rows, cols = moved.shape
    flat = np.empty((len(runs), 4), np.int64)
    row, col = runs[:, 0] * BLOCK_PX, runs[:, 1] * BLOCK_PX
    flat[:, 0] = row * width + col
    flat[:, 1] = (row + (rows - height) // 2) * cols + col + (cols - width) // 2
    flat[:, 2] = runs[:, 2] * BLOCK_PX
    ends = np.cumsum(runs[:, 2])
    flat[:, 3] = ends - runs[:, 2]
    blocks = int(ends[-1]) if len(runs) else 0
    out = np.empty((copies, len(offsets), blocks + 1), np.float32)
    out[:, :, blocks] = 0.0
    _block_sums(
        fixed.reshape(-1),
        moved.reshape(copies, -1),
        flat,
        offsets[:, 0] * cols + offsets[:, 1],
        np.array([width, cols], np.int64),
        np.empty(width, np.float32),
        out,
    )
    return out
