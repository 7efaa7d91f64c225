"""Sums of products over blocks of 8 x 8 pixels, for many placements of one surface on another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin._jit import sum_kernel
from ribin.model import FloatArray

BLOCK_PX = 8


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
    """Sum `fixed[p] * moved[t, p + margin + offset]` over every block of `fixed`.

    Parameters
    ----------
    fixed : (H, W) float32 array
        The surface that stays; H and W are multiples of 8.
    moved : (T, N, M) float32 array
        Copies of the other surface with an equal margin on all sides.
    runs : (K, 3) int32 array
        Row of blocks, first column of blocks and number of blocks to be summed.
    offsets : (S, 2) int array
        Shifts (row, col) in pixels, none larger than the margin.

    Returns
    -------
    (T, S, H / 8, W / 8) float32 array
        The sums; 0 outside the runs.
    """
    height, width = fixed.shape
    copies, rows, cols = moved.shape
    margin_row, margin_col = (rows - height) // 2, (cols - width) // 2
    flat_runs = np.empty((len(runs), 4), np.int64)
    row, col = runs[:, 0].astype(np.int64) * BLOCK_PX, runs[:, 1].astype(np.int64) * BLOCK_PX
    flat_runs[:, 0] = row * width + col
    flat_runs[:, 1] = (row + margin_row) * cols + col + margin_col
    flat_runs[:, 2] = runs[:, 2].astype(np.int64) * BLOCK_PX
    flat_runs[:, 3] = runs[:, 0].astype(np.int64) * (width // BLOCK_PX) + runs[:, 1]
    flat_offsets = offsets[:, 0].astype(np.int64) * cols + offsets[:, 1]
    out = np.zeros((copies, len(offsets), (height // 8) * (width // 8)), np.float32)
    _block_sums(
        np.ascontiguousarray(fixed).reshape(-1),
        moved.reshape(copies, -1),
        flat_runs,
        flat_offsets,
        np.array([width, cols], np.int64),
        np.empty(width, np.float32),
        out,
    )
    return out.reshape(copies, len(offsets), height // BLOCK_PX, width // BLOCK_PX)
