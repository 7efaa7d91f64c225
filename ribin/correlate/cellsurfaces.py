"""Correlation surfaces: how well each cell fits at every placement around the mark's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ribin._jit import sum_kernel
from ribin.correlate.blocks import block_sums
from ribin.correlate.placement import disc_offsets, nearest_offset
from ribin.model import FloatArray
from ribin.params import BLOCK_PX

NOT_MEASURED = np.float32(-2.0)  # below every correlation


@sum_kernel
def _cell_ccf(product, norms, near, cells, min_pixels, out):
    for k in range(cells.shape[0]):
        r = cells[k, 0]
        c = cells[k, 1]
        for t in range(product.shape[0]):
            for s in range(product.shape[1]):
                g = near[s]
                moved = np.float32(0.0)
                fixed = np.float32(0.0)
                overlap = np.float32(0.0)
                top = np.float32(0.0)
                for i in range(2):
                    for j in range(2):
                        top += product[t, s, r + i, c + j]
                        moved += norms[0, t, g, r + i, c + j]
                        fixed += norms[1, t, g, r + i, c + j]
                        overlap += norms[2, t, g, r + i, c + j]
                energy = moved * fixed
                if overlap >= min_pixels and energy > 0.0:
                    ccf = top / np.sqrt(energy)
                    out[k, t, s] = min(np.float32(1.0), max(np.float32(-1.0), ccf))
                else:
                    out[k, t, s] = -2.0


@dataclass(frozen=True)
class CellSurfaces:
    """The correlation of K cells at T turns and S shifts.

    Attributes
    ----------
    ccf : (K, T, S) float32 array
        Masked correlation; `NOT_MEASURED` where too little of the cell was measured on both
        sides.
    turns_deg : (T,) float64 array
        Turn of the other surface.
    offsets : (S, 2) int64 array
        Where, in pixels from the cell's place, the turned surface is compared with it.
    """

    ccf: FloatArray
    turns_deg: NDArray[np.float64]
    offsets: NDArray[np.int64]


def cell_surfaces(
    fixed: FloatArray,
    runs: NDArray[np.int32],
    cells: NDArray[np.int16],
    moved: FloatArray,
    turns_deg: NDArray[np.float64],
    start: tuple[int, int],
    norm_step_px: int,
    min_overlap: float,
) -> CellSurfaces:
    """Correlate each cell of one surface with turned copies of another around one shift.

    Parameters
    ----------
    fixed : (3, H, W) float32 array
        Values, squares and mask of the side that is cut into cells.
    runs, cells
        As in a `Template`.
    moved : (T, 3, N, N) float32 array
        Copies of the other side, each showing at its middle the point `start`; their margin is
        the search radius.
    start : (int, int)
        Shift in pixels around which is searched.
    norm_step_px : int
        Distance of the shifts at which overlap and energy are computed.
    min_overlap : float
        Share of a cell that both sides must have measured.
    """
    radius = (moved.shape[2] - fixed.shape[1]) // 2
    offsets = disc_offsets(radius)
    few = disc_offsets(1.5 * radius, norm_step_px)
    few = few[np.abs(few).max(axis=1) <= radius]
    product = block_sums(fixed[0], np.ascontiguousarray(moved[:, 0]), runs, offsets)
    norms = np.stack(
        [
            block_sums(fixed[2], np.ascontiguousarray(moved[:, 1]), runs, few),
            block_sums(fixed[1], np.ascontiguousarray(moved[:, 2]), runs, few),
            block_sums(fixed[2], np.ascontiguousarray(moved[:, 2]), runs, few),
        ]
    )
    ccf = np.empty((len(cells), len(turns_deg), len(offsets)), np.float32)
    min_pixels = min_overlap * (2 * BLOCK_PX) ** 2
    _cell_ccf(product, norms, nearest_offset(offsets, few), cells, np.float32(min_pixels), ccf)
    return CellSurfaces(ccf, turns_deg, offsets + np.array(start))
