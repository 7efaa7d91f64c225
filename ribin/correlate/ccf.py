"""The exact masked correlation of two surfaces at one placement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin.model import FloatArray
from ribin.surface._jit import sum_kernel


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
