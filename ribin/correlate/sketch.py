"""Sketches: the coarse search's copy of a mark, a byte a harmonic, and how one query meets many.

The query is moved to every turn and shift; the whole-number products of each move with each exhibit
are what the coarse search ranks by.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ribin.correlate.blocks import disc_offsets
from ribin.model import BoolArray, FloatArray, MarkType, ScanKind, Template
from ribin.params.defaults import CorrelateParams, Params, SketchParams
from ribin.surface._jit import kernel
from ribin.surface.harmonics import Band, Harmonics, disc_harmonics, turn_coefficients
from ribin.surface.simd.products import MARKS, MOVES, has_byte_products, raise_to_largest

_LARGEST = 127  # of a byte
_FOUR = 4  # bytes that are multiplied at once
_PORTION, _MOVES = 1024, 4096  # sizes of a matrix product that stays in the cache
_EXACT = 2**24 // 127**2  # harmonics whose products a float32 adds up without rounding


def sketch_mark(template: Template, params: Params) -> NDArray[np.int8]:
    """The harmonics of a mark's medium surface, scaled so that the largest is +-127.

    Returns (K,) int8 array: strongest mode of the disc first; all 0 where the surface holds nothing
    of the band.
    """
    planes = _harmonics(template.mark_type, template.kind, params).planes
    return _as_bytes((planes @ framed_surface(template, params).ravel())[None])[0]


def sketch_heights(
    heights: FloatArray, valid: BoolArray, mark_type: MarkType, params: Params
) -> NDArray[np.int8]:
    """Sketches of many topographies that share an outline, (N, K).

    `heights`, (N, P) float32: at the P measured pixels of a whole frame of the medium pitch, row by
    row. `valid`, (S, S) bool: True at those pixels; see `framed_surface`.
    """
    planes = _harmonics(mark_type, ScanKind.TOPOGRAPHY, params).planes
    return _as_bytes(heights @ planes[:, valid.ravel()].T)


def framed_surface(template: Template, params: Params, margin_px: int = 0) -> FloatArray:
    """The medium surface in the middle of the whole frame and a margin, 0 where not measured."""
    size = _frame_px(template.mark_type, template.kind, params)
    surface = np.where(template.arrays["medium_valid"], template.arrays["medium"], np.float32(0))
    around = (size - surface.shape[0]) // 2 + margin_px
    if around < 0:
        surface, around = surface[-around:around, -around:around], 0
    return np.pad(surface, around).astype(np.float32, copy=False)


def moved_sketches(
    query: Template, params: Params, shift_um: float, rotation_deg: float, harmonics: int
) -> NDArray[np.int8]:
    """The query at every turn and shift of the range, all of one length but for rounding.

    The query was described with `params`; `shift_um` and `rotation_deg` are steps, of which shifts
    are rounded to whole pixels of the medium pitch. Returns (M, harmonics) int8 of the leading
    harmonics, shift by shift within each turn; the largest of all is +-127, and a shift that leaves
    nothing within the disc gives 0.
    """
    method = params.of(query.mark_type, query.kind)
    basis = _harmonics(query.mark_type, query.kind, params)
    pitch_um = method.describe.medium_pitch_um
    step = max(1, round(shift_um / pitch_um))
    offsets = disc_offsets(method.correlate.shift_range_um / (pitch_um * step), 1).every * step
    reach = int(np.abs(offsets).max(initial=0))
    surface = framed_surface(query, params, reach)
    size = surface.shape[0] - 2 * reach
    shifted = np.empty((len(offsets), size * size), np.float32)
    for place, (row, col) in enumerate(offsets + reach):
        shifted[place] = surface[row : row + size, col : col + size].ravel()
    leading = basis.first(harmonics + 1)  # the last cosine is turned together with its sine
    coefficients = shifted @ leading.planes.T
    turned = turn_coefficients(coefficients, leading, _angles(method.correlate, rotation_deg))
    moves = turned.reshape(-1, turned.shape[-1])[:, :harmonics]
    length = np.sqrt(np.einsum("mk,mk->m", moves, moves))[:, None]
    moves *= np.divide(1.0, length, out=np.zeros_like(length), where=length > 0.0)
    return _as_bytes(moves.reshape(1, -1)).reshape(moves.shape)


def sketch_params(mark_type: MarkType, params: Params) -> SketchParams:
    """How marks of this type are sketched."""
    chosen: SketchParams = getattr(params.search, mark_type.value)
    return chosen


def _harmonics(mark_type: MarkType, kind: ScanKind, params: Params) -> Harmonics:
    how = sketch_params(mark_type, params)
    band = Band(how.finest_um, how.coarsest_um, how.inner_um, how.outer_um, how.edge_um)
    pitch_um = params.of(mark_type, kind).describe.medium_pitch_um
    return disc_harmonics(band, how.harmonics, _frame_px(mark_type, kind, params), pitch_um)


def _frame_px(mark_type: MarkType, kind: ScanKind, params: Params) -> int:
    method = params.of(mark_type, kind)
    return 2 * round(method.preprocess.frame_um / method.describe.medium_pitch_um / 2.0)


def _as_bytes(coefficients: FloatArray) -> NDArray[np.int8]:
    largest = np.abs(coefficients).max(axis=1, keepdims=True)
    scale = np.divide(_LARGEST, largest, out=np.zeros_like(largest), where=largest > 0.0)
    return np.rint(coefficients * scale).astype(np.int8)


def _angles(correlate: CorrelateParams, step_deg: float) -> NDArray[np.float64]:
    """Turns of the range, ends included, at most a step apart; the whole circle once."""
    reach_deg = correlate.rotation_range_deg
    steps = math.ceil(round(reach_deg / step_deg, 6))
    angles = np.linspace(-reach_deg, reach_deg, 2 * steps + 1)
    return angles[:-1] if reach_deg >= 180.0 else angles


# One query against many sketches.


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


@kernel
def _sum_squares(rows, number, out):
    for row in range(rows.shape[0]):
        total = np.int32(0)
        for k in range(number):
            total += np.int32(rows[row, k]) * np.int32(rows[row, k])
        out[row] = total


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
