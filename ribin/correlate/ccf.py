"""The exact masked correlation of two surfaces at one placement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin._jit import sum_kernel
from ribin.model import FloatArray


# Values are 0 where not measured, so products with the other side's mask leave out
# what only one side measured: no branch, and whole rows at once.
@sum_kernel
def _patch_ccf(fixed, moved, corners, places, size, out):
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
            values = fixed[0, i]
            mask = fixed[1, i]
            down = i + places[k, 1]
            other_values = moved[places[k, 0], down]
            other_mask = moved[places[k, 0] + 1, down]
            for c in range(size):
                j = left + np.uint64(c)
                u = there + np.uint64(c)
                n += mask[j] * other_mask[u]
                sum_f += values[j] * other_mask[u]
                sum_m += mask[j] * other_values[u]
                value, other = float(values[j]), float(other_values[u])
                sum_ff += value * value * other_mask[u]
                sum_mm += mask[j] * other * other
                sum_fm += value * other
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
    fixed : (2, H, W) float32 array
        Values and mask of the side that stays.
    moved : (P, N, N) float32 array
        The same planes of turned copies of the other, with a margin.
    corners : (K, 2) int array
        First row and column of each patch in `fixed`.
    places : (K, 3) int array
        First plane, row shift and column shift from the patch to its counterpart in `moved`.
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
