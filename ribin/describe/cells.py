"""The cells of a mark: overlapping squares of two by two blocks, with what was measured in each."""

from __future__ import annotations

from functools import lru_cache

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


@kernel
def _spread(places, fills, apart, order):
    """Each next place is the one farthest from all before it, a fuller one counting as farther."""
    distance = np.full(places.shape[0], np.inf)
    order[0] = np.argmax(fills)
    for n in range(1, order.shape[0]):
        row, col = places[order[n - 1]]
        farthest = -np.inf
        for k in range(places.shape[0]):
            step = apart[abs(places[k, 0] - row), abs(places[k, 1] - col)]
            distance[k] = min(distance[k], step)
            if distance[k] * fills[k] > farthest:
                farthest = distance[k] * fills[k]
                order[n] = k


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
    order = np.empty(len(places), np.int64)
    _spread(places, fills, _distances(*fill.shape), order)
    return places[order].astype(np.int16)


@lru_cache(maxsize=32)
def _distances(rows: int, cols: int) -> NDArray[np.float64]:
    return np.asarray(np.hypot(np.arange(rows)[:, None], np.arange(cols)))


@kernel
def _block_runs(counts, out):
    number = 0
    for row in range(counts.shape[0]):
        before = False
        for col in range(counts.shape[1]):
            held = counts[row, col] > 0
            if held and not before:
                out[number] = row, col, 0
                number += 1
            if held:
                out[number - 1, 2] += 1
            before = held
    return number


def block_runs(counts: NDArray[np.int32]) -> NDArray[np.int32]:
    """Stretches of neighbouring blocks that hold surface.

    Returns (N, 3) int32 array: row of blocks, first column, number of blocks.
    """
    out = np.empty((counts.shape[0] * (counts.shape[1] // 2 + 1), 3), np.int32)
    return out[: _block_runs(counts, out)].copy()
