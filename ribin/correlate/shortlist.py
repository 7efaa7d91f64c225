"""One query against many sketches: whole-number products of every move with every exhibit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin.model import FloatArray
from ribin.surface._jit import kernel
from ribin.surface.simd.products import MARKS, MOVES, has_byte_products, raise_to_largest

_FOUR = 4  # bytes that are multiplied at once
_PORTION, _MOVES = 1024, 4096  # sizes of a matrix product that stays in the cache
_EXACT = 2**24 // 127**2  # harmonics whose products a float32 adds up without rounding


def best_products(moves: NDArray[np.int8], sketches: NDArray[np.int8]) -> FloatArray:
    """For each exhibit, the largest correlation that any move of the query reaches.

    Parameters
    ----------
    moves : (M, K) int8 array
        See `moved_sketches`: of one length, but for rounding.
    sketches : (N, L) int8 array
        The exhibits, L at least K: the first K count. Their lengths do not matter.

    Returns
    -------
    (N,) float32 array
        In [-1, 1]; NaN where the first K of a sketch are all 0. The same bits on every machine:
        the products are whole numbers.

    Raises
    ------
    ValueError
        There is no move, or sketches are shorter than the moves.
    """
    if not len(sketches):
        return np.empty(0, np.float32)
    largest = largest_products if has_byte_products() else largest_by_floats
    if 0 in moves.shape or moves.shape[1] > sketches.shape[1]:
        raise ValueError(f"moves of sketches needed, found {moves.shape} and {sketches.shape}")
    number = moves.shape[1]
    lengths = np.sqrt(_energies(sketches, number) * _energies(moves, number).max())
    blank = lengths == 0.0
    return (largest(moves, sketches) / np.where(blank, np.nan, lengths)).astype(np.float32)


def largest_products(moves: NDArray[np.int8], sketches: NDArray[np.int8]) -> NDArray[np.int32]:
    """The largest product of each sketch, (N,), by the byte instruction of this machine."""
    depth = -(-moves.shape[1] // _FOUR)
    ours = _whole_fours(moves, depth * _FOUR)
    ours = ours[np.minimum(np.arange(-(-len(ours) // MOVES) * MOVES), len(ours) - 1)]
    starts = -128 * ours.sum(axis=1, dtype=np.int32)
    theirs = sketches
    if sketches.shape[1] % _FOUR or not sketches.flags.c_contiguous:
        theirs = _whole_fours(sketches, -(-sketches.shape[1] // _FOUR) * _FOUR)
    largest = np.empty(len(sketches), np.int32)
    packed, best = np.empty(depth * MARKS, np.uint32), np.empty(MARKS, np.int32)
    _largest_products(ours.view(np.uint32), starts, theirs.view(np.uint32), packed, best, largest)
    return largest


def largest_by_floats(moves: NDArray[np.int8], sketches: NDArray[np.int8]) -> NDArray[np.int32]:
    """The same by matrix products of numbers that hold them exactly."""
    number = moves.shape[1]
    exact = np.dtype(np.float32 if number <= _EXACT else np.float64)
    ours: FloatArray = moves.astype(exact)
    largest = np.empty(len(sketches), np.int32)
    for first in range(0, len(sketches), _PORTION):
        portion: FloatArray = sketches[first : first + _PORTION, :number].astype(exact).T
        parts = [ours[some : some + _MOVES] @ portion for some in range(0, len(ours), _MOVES)]
        largest[first : first + _PORTION] = np.max([p.max(axis=0) for p in parts], axis=0)
    return largest


def _energies(rows: NDArray[np.int8], number: int) -> NDArray[np.int64]:
    """Sums of the squares of the first numbers of each row, (N,)."""
    sums = np.empty(len(rows), np.int64)
    _sum_squares(np.ascontiguousarray(rows), number, sums)
    return sums


def _whole_fours(numbers: NDArray[np.int8], length: int) -> NDArray[np.int8]:
    """Rows with zeros up to a length that is a multiple of four."""
    padded = np.zeros((len(numbers), length), np.int8)
    padded[:, : numbers.shape[1]] = numbers
    return padded


@kernel
def _sum_squares(rows, number, out):
    for row in range(rows.shape[0]):
        total = np.int32(0)
        for k in range(number):
            total += np.int32(rows[row, k]) * np.int32(rows[row, k])
        out[row] = total


@kernel
def _largest_products(moves, starts, sketches, packed, best, out):
    number, depth = moves.shape
    flat = moves.reshape(moves.size)
    for first in range(0, sketches.shape[0], MARKS):
        for mark in range(MARKS):  # the last one again where they are not full
            row = min(first + mark, sketches.shape[0] - 1)
            for k in range(depth):
                packed[k * MARKS + mark] = sketches[row, k] ^ np.uint32(0x80808080)
        best[:] = -(2**31)
        for move in range(0, number, MOVES):
            raise_to_largest(packed, flat[move * depth :], starts[move:], depth, best)
        for mark in range(min(MARKS, sketches.shape[0] - first)):
            out[first + mark] = best[mark]
