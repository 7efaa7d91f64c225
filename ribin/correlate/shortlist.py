"""One query against many sketches: a matrix product scores every move on every exhibit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin.model import FloatArray

_PORTION = 1024  # exhibits multiplied at a time: their products stay in the cache
_MOVES = 4096


def best_products(moves: FloatArray, sketches: NDArray[np.int8]) -> FloatArray:
    """For each exhibit, the largest correlation that any move of the query reaches.

    Parameters
    ----------
    moves : (M, K) float32 array
        See `moved_sketches`.
    sketches : (N, K) int8 array
        The exhibits; their lengths do not matter.

    Returns
    -------
    (N,) float32 array
        In [-1, 1]; NaN where a sketch is all 0.
    """
    best = np.empty(len(sketches), np.float32)
    for first in range(0, len(sketches), _PORTION):
        portion = sketches[first : first + _PORTION].astype(np.float32)
        length = np.sqrt(np.einsum("nk,nk->n", portion, portion))
        highest = np.full(len(portion), -np.inf, np.float32)
        for some in range(0, len(moves), _MOVES):
            products = moves[some : some + _MOVES] @ portion.T
            np.maximum(highest, products.max(axis=0), out=highest)
        blank = length == 0.0
        best[first : first + _PORTION] = highest / np.where(blank, np.float32(np.nan), length)
    return best
