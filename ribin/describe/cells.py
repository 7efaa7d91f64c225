"""The cells of a mark: overlapping squares of two by two blocks, with what was measured in each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin.model import BoolArray
from ribin.surface._jit import kernel


@kernel
def _block_counts(valid, block_px, out):
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            count = 0
            for i in range(r * block_px, (r + 1) * block_px):
                for j in range(c * block_px, (c + 1) * block_px):
                    if valid[i, j]:
                        count += 1
            out[r, c] = count


def block_counts(valid: BoolArray, block_px: int) -> NDArray[np.int32]:
    """Measured pixels in each block; (H, W) -> (H / block_px, W / block_px)."""
    shape = (valid.shape[0] // block_px, valid.shape[1] // block_px)
    out = np.zeros(shape, np.int32)
    _block_counts(valid, block_px, out)
    return out


def lay_cells(counts: NDArray[np.int32], block_px: int, min_fill: float) -> NDArray[np.int16]:
    """Cells that hold enough surface, in an order whose every beginning is well spread.

    A cell covers the blocks (r, c) to (r + 1, c + 1), so neighbours share half their area. Each
    next cell is the one farthest from all before it, a fuller cell counting as farther: the
    first forty cover the mark as well as forty can.

    `counts`, (R, C) int32: measured pixels a block. Returns (K, 2) int16 array: row and column of
    each cell's first block.
    """
    cells = counts[:-1, :-1] + counts[1:, :-1] + counts[:-1, 1:] + counts[1:, 1:]
    fill = cells / (2.0 * block_px) ** 2
    places = np.argwhere(fill >= min_fill)
    if len(places) == 0:
        return np.zeros((0, 2), np.int16)
    fills = fill[places[:, 0], places[:, 1]]
    order = [int(np.argmax(fills))]
    distance = np.full(len(places), np.inf)
    for _ in range(len(places) - 1):
        step = np.hypot(*(places - places[order[-1]]).T)
        distance = np.minimum(distance, step)
        order.append(int(np.argmax(distance * fills)))
    return places[order].astype(np.int16)


def block_runs(counts: NDArray[np.int32]) -> NDArray[np.int32]:
    """Stretches of neighbouring blocks that hold surface.

    Returns (N, 3) int32 array: row of blocks, first column, number of blocks.
    """
    runs = []
    for row, held in enumerate(counts > 0):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], held.astype(np.int8), [0]])))
        runs += [(row, first, end - first) for first, end in edges.reshape(-1, 2)]
    return np.array(runs, np.int32).reshape(-1, 3)
