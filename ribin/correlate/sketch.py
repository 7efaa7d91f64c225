"""Sketches: the coarse search's copy of a mark, a byte a harmonic, and how one query meets many.

The query is laid at every shift and turn; the whole-number products with each exhibit are what the
coarse search ranks by. All turns of a shift follow from two products an order of harmonics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ribin.correlate.blocks import disc_offsets
from ribin.model import BoolArray, FloatArray, MarkType, ScanKind, Template
from ribin.params.defaults import CorrelateParams, Params, SketchParams
from ribin.surface._jit import kernel
from ribin.surface.harmonics import Band, Harmonics, disc_harmonics
from ribin.surface.simd.turns import (
    AFTER,
    FOUR,
    LESS,
    MARKS,
    NEXT,
    SHIFTS,
    TURNS,
    WAVES,
    four_bytes,
    has_byte_products,
    order_products,
    raise_to_turned,
    turn_products,
)

_LARGEST = 127  # of a byte
_LEAST = -(2.0**31)
_HALF_TURN = 180.0
_PORTION = 32  # exhibits at a time where numbers are floats: 15 MB


def sketch_mark(template: Template, params: Params) -> NDArray[np.int8]:
    """The harmonics of a mark's medium surface, scaled so that the largest is +-127.

    Returns (K,) int8 array: order by order, see `Harmonics`; all 0 where the surface holds nothing
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


@dataclass(frozen=True, eq=False)
class QueryMoves:
    """A query's sketch at every shift, and the turns that each is tried at.

    `turns_deg` are equal steps from 0 up; tried is one between each two of them as well. Each
    stands for itself and its reverse and, where `folded`, for 180 degrees less and more. Turns
    beyond `mounting_deg` count less by `handicap`, a correlation.
    """

    shifted: NDArray[np.int8]  # (S, K) of one length but for rounding; order by order
    cosines: NDArray[np.int64]  # (L,) how many of each order; see `Harmonics`
    turns_deg: NDArray[np.float64]  # (T,)
    folded: bool = False
    mounting_deg: float = 180.0
    handicap: float = 0.0

    @cached_property
    def series(self) -> TurnSeries:
        """The same as whole numbers that a mark is multiplied with."""
        return TurnSeries.of(self)

    @property
    def tried_deg(self) -> NDArray[np.float64]:
        """The turns and those between them, (2 T - 1,)."""
        return np.linspace(0.0, self.turns_deg[-1], 2 * len(self.turns_deg) - 1)

    @property
    def near(self) -> int:
        """How many of those lie within the mounting."""
        return int((self.tried_deg <= self.mounting_deg + 1e-9).sum())

    @property
    def number(self) -> int:
        """How many moves there are."""
        turns = 2 * len(self.turns_deg) - 2
        return len(self.shifted) * (4 * turns if self.folded else 2 * turns + 1)


NO_MOVES = QueryMoves(np.zeros((0, 0), np.int8), np.zeros(0, np.int64), np.zeros(0))


def moved_sketches(query: Template, params: Params) -> tuple[QueryMoves, QueryMoves]:
    """The query as a first pass moves it, and as a second one does.

    The shifts of the range are fields of a chessboard: the first pass tries those of one colour,
    the second those of the other, where there are any. The query was described with `params`. Steps
    of shifts are rounded to whole pixels of the medium pitch; a shift that leaves nothing within
    the disc gives 0.
    """
    how, method = sketch_params(query.mark_type, params), params.of(query.mark_type, query.kind)
    basis = _harmonics(query.mark_type, query.kind, params)
    pitch_um = method.describe.medium_pitch_um
    step = max(1, round(how.shift_um / pitch_um))
    offsets = disc_offsets(method.correlate.shift_range_um / (pitch_um * step), 1).every * step
    reach = int(np.abs(offsets).max(initial=0))
    surface = framed_surface(query, params, reach)
    size = surface.shape[0] - 2 * reach
    shifted = np.empty((len(offsets), size * size), np.float32)
    for place, (row, col) in enumerate(offsets + reach):
        shifted[place] = surface[row : row + size, col : col + size].ravel()
    moves = shifted @ basis.planes.T
    length = np.sqrt(np.einsum("mk,mk->m", moves, moves))[:, None]
    moves *= np.divide(1.0, length, out=np.zeros_like(length), where=length > 0.0)
    turns_deg, folded = _turns(method.correlate, how.rotation_deg)
    every = QueryMoves(
        _as_bytes(moves.reshape(1, -1)).reshape(moves.shape),
        basis.cosines,
        turns_deg,
        folded,
        method.correlate.mounting_deg,
        how.beyond_handicap,
    )
    one_colour = (offsets // step).sum(axis=1) % 2 == 0
    first = replace(every, shifted=every.shifted[one_colour])
    if one_colour.all():
        return first, first
    return first, replace(every, shifted=every.shifted[~one_colour])


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


def _turns(correlate: CorrelateParams, step_deg: float) -> tuple[NDArray[np.float64], bool]:
    """Turns from 0 to the end of the range, at most a step apart; whether they are folded.

    The whole circle is gone round once: folded at 90 degrees where the mounting ends before.
    """
    reach_deg = correlate.rotation_range_deg
    folded = reach_deg >= _HALF_TURN and not 90.0 < correlate.mounting_deg < _HALF_TURN
    last_deg = reach_deg / 2.0 if folded else reach_deg
    return np.linspace(0.0, last_deg, math.ceil(round(last_deg / step_deg, 6)) + 1), folded


# One query against many sketches.


def best_products(moves: QueryMoves, sketches: NDArray[np.int8]) -> FloatArray:
    """For each exhibit, the largest correlation that any move of the query reaches.

    Parameters
    ----------
    moves : QueryMoves
        K harmonics at S shifts and T turns.
    sketches : (N, K) int8 array
        The exhibits. Their lengths do not matter.

    Returns
    -------
    (N,) float32 array
        In [-1, 1], but for rounding; NaN where a sketch is all 0. The same bits on every machine:
        the products are whole numbers.

    Raises
    ------
    ValueError
        There is no move, or sketches are of another length.
    """
    if not len(sketches):
        return np.empty(0, np.float32)
    if 0 in moves.shifted.shape or moves.shifted.shape[1] != sketches.shape[1]:
        shapes = f"{moves.shifted.shape} and {sketches.shape}"
        raise ValueError(f"moves of sketches needed, found {shapes}")
    series = moves.series
    largest = (largest_products if has_byte_products() else largest_by_floats)(series, sketches)
    lengths = np.sqrt(_energies(sketches) * float(_energies(moves.shifted).max()))
    scale = np.where(lengths == 0.0, np.nan, lengths) * series.scale / 2.0 ** (series.bits + LESS)
    near, beyond = (largest / scale[:, None]).T
    return np.fmax(near, beyond - moves.handicap).astype(np.float32)


@dataclass(frozen=True, eq=False)
class TurnSeries:
    """A query as the whole numbers of a Fourier series over the turn; see `simd/turns.py`.

    With `bits` fewer, the products of an order have 16 bits; phases are multiples of 1 / `scale`.
    """

    moves: QueryMoves
    orders: NDArray[np.int64]  # (L,) in fours: 0, 2, 1, 3, 4, 6, ...; some beyond the last
    places: NDArray[np.int64]  # (L + 1,) where the harmonics of each order begin, of all L
    bits: int
    scale: int

    @classmethod
    def of(cls, moves: QueryMoves) -> TurnSeries:
        number = -(-len(moves.cosines) // FOUR)
        orders = (FOUR * np.arange(number)[:, None] + np.array([0, 2, 1, 3])).ravel()
        widths = moves.cosines * np.where(np.arange(len(moves.cosines)), 2, 1)
        ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(widths)])
        ends = np.concatenate([ends, np.full(FOUR * number + 1 - len(ends), ends[-1])])
        sums = [
            int(np.abs(moves.shifted[:, a:b]).astype(np.int64).sum(axis=1).max(initial=0))
            for a, b in pairwise(ends)
        ]
        largest = _LARGEST * max(sums)
        bits = max(0, math.ceil(math.log2(max(1, largest) / (2**15 - 1))))
        # No sum over the orders can be larger: by Cauchy and Schwarz, and half a unit of rounding.
        length = math.sqrt(int(_energies(moves.shifted).max(initial=0)))
        bound = length * _LARGEST * math.sqrt(ends[-1]) / 2**bits + len(orders)
        scale = 1 << min(14, int(math.log2((2**31 - 1) / (1.5 * bound))))
        return cls(moves, orders, ends, bits, scale)

    def turned_by_a_quarter(self) -> NDArray[np.int8]:
        """Of each order the sines with the other sign, then the cosines; of order 0 nothing."""
        turned = np.zeros_like(self.moves.shifted)
        for first, number in zip(self.places[1:], self.moves.cosines[1:], strict=False):
            middle, last = first + number, first + 2 * number
            turned[:, first:middle] = -self.moves.shifted[:, middle:last]
            turned[:, middle:last] = self.moves.shifted[:, first:middle]
        return turned

    def phases(self, turns: NDArray[np.int64]) -> NDArray[np.int16]:
        """Cosines and sines, (2, T, L), of each turn times each of the orders as they stand.

        `turns` are numbers of steps, also behind the last turn.
        """
        step_deg = self.moves.turns_deg[1] if len(self.moves.turns_deg) > 1 else 0.0
        angles = np.deg2rad(turns * step_deg)[:, None] * self.orders
        waves = self.scale * np.array([np.cos(angles), np.sin(angles)])
        return np.rint(waves).astype(np.int16)

    @cached_property
    def fours(self) -> _QueryFours:
        """As the byte instruction takes it."""
        return _QueryFours.of(self)

    @property
    def half(self) -> int:
        """What is added before the bits are cut off, which rounds."""
        return (1 << self.bits) >> 1

    @property
    def alike(self) -> bool:
        """Whether no turn lies beyond the mounting."""
        return self.moves.mounting_deg >= _HALF_TURN


# By the byte instruction of this machine.


@kernel
def _aligned(size):
    """Room for so many uint32 that begins with a line of the cache: no register is of two."""
    room = np.empty(size + 16, np.uint32)
    first = (-room.ctypes.data >> 2) & 15
    return room[first : first + size]


@kernel
def _largest_products(ours, starts, firsts, phases, settings, sketches, bytes_at, out):
    bits, near_turns, turns, folded, alike = settings
    groups, fours = bytes_at.size, (firsts.size - 1) // FOUR
    flat = sketches.reshape(sketches.size)
    packed, products = _aligned(groups * MARKS), _aligned(SHIFTS * (firsts.size - 1) * MARKS)
    near, beyond = np.empty(MARKS, np.int32), np.empty(MARKS, np.int32)
    far = near if alike else beyond
    of_turn, of_block = WAVES * MARKS, TURNS * WAVES * MARKS
    sums = _aligned(of_turn + phases.shape[0] * of_block).view(np.int32)
    for first in range(0, sketches.shape[0], MARKS):
        for mark in range(MARKS):  # the last one again where they are not full
            row = min(first + mark, sketches.shape[0] - 1) * sketches.shape[1]
            for k in range(groups):  # what is of the next order, or the next mark, meets a 0
                place = row + bytes_at[k]
                four = np.uint32(0)
                if place <= flat.size - 4:
                    four = four_bytes(flat, place)
                else:
                    for byte in range(flat.size - place):
                        four |= np.uint32(flat[place + byte]) << np.uint32(8 * byte)
                packed[k * MARKS + mark] = four ^ np.uint32(0x80808080)
        near[:] = -(2**31)
        beyond[:] = -(2**31)
        for shifts in range(ours.shape[0]):
            order_products(packed, ours[shifts], firsts, starts[shifts], bits, products)
            for part in range(0, products.size, products.size // SHIFTS):
                for block in range(phases.shape[0]):
                    there = sums[of_turn + block * of_block :]
                    turn_products(products[part:], phases[block], fours, folded, there)
                for cosine in range(0, of_turn, 2 * MARKS):  # the reverse of the turn after 0
                    for mark in range(cosine, cosine + MARKS):
                        sums[mark] = sums[2 * of_turn + mark]
                        sums[MARKS + mark] = -sums[2 * of_turn + MARKS + mark]
                raise_to_turned(sums, 0, near_turns, 0, near)
                raise_to_turned(sums, near_turns, turns, 0, far)
                if folded:
                    raise_to_turned(sums, 0, turns, 1, far)
        for mark in range(min(MARKS, sketches.shape[0] - first)):
            out[first + mark, 0] = near[mark]
            out[first + mark, 1] = far[mark]


def largest_products(series: TurnSeries, sketches: NDArray[np.int8]) -> NDArray[np.int32]:
    """The largest product of each sketch within the mounting and beyond it, (N, 2)."""
    query, out = series.fours, np.empty((len(sketches), 2), np.int32)
    theirs = np.ascontiguousarray(sketches).view(np.uint8)
    _largest_products(
        query.ours,
        query.starts,
        query.firsts,
        query.phases,
        query.settings,
        theirs,
        query.bytes_at,
        out,
    )
    return out


@dataclass(frozen=True, eq=False)
class _QueryFours:
    """A query as the kernel takes it: S pairs of shifts, G fours of bytes, L orders."""

    ours: NDArray[np.uint32]  # (S, G * 4)
    starts: NDArray[np.int32]  # (S, L * 4)
    firsts: NDArray[np.int64]  # (L + 1,)
    phases: NDArray[np.uint32]  # (B, L * 9), a row a block of turns, some behind the last
    settings: tuple[int, int, int, bool, bool]  # bits, near turns, all tried, folded, all alike
    bytes_at: NDArray[np.int64]  # (G,) where each four begins in a sketch

    @classmethod
    def of(cls, series: TurnSeries) -> _QueryFours:
        moves = series.moves
        begins, widths = series.places[series.orders], np.diff(series.places)[series.orders]
        # Never more fours than the order before has: lengths that change would be guessed wrong.
        fours = np.maximum.accumulate(-(-widths[::-1] // 4))[::-1]
        firsts = np.concatenate([np.zeros(1, np.int64), np.cumsum(fours)])
        steps = zip(begins, fours, strict=True)
        bytes_at = np.concatenate([begin + 4 * np.arange(number) for begin, number in steps])
        every = np.stack([moves.shifted, series.turned_by_a_quarter()], axis=1)
        every = np.concatenate([every, every[: len(every) % SHIFTS]])  # the first again to be full
        rows = every.reshape(-1, 2 * SHIFTS, every.shape[-1])
        ours = np.zeros((*rows.shape[:2], len(bytes_at), 4), np.int8)
        starts = np.full((*rows.shape[:2], len(series.orders)), series.half, np.int32)
        for slot, (begin, width) in enumerate(zip(begins, widths, strict=True)):
            part = rows[..., begin : begin + width]
            filled = np.zeros((*rows.shape[:2], int(fours[slot]) * 4), np.int8)
            filled[..., :width] = part
            ours[..., firsts[slot] : firsts[slot + 1], :] = filled.reshape(*rows.shape[:2], -1, 4)
            starts[..., slot] -= 128 * part.sum(axis=-1, dtype=np.int32)
        ours = np.ascontiguousarray(ours.transpose(0, 2, 1, 3))
        starts = np.ascontiguousarray(starts.transpose(0, 2, 1))
        return cls(
            ours.reshape(len(ours), -1).view(np.uint32),
            starts.reshape(len(ours), -1),
            firsts,
            _phase_blocks(series),
            (series.bits, moves.near, len(moves.tried_deg), moves.folded, series.alike),
            bytes_at,
        )


def _phase_blocks(series: TurnSeries) -> NDArray[np.uint32]:
    """Phases as `turn_products` takes them, (B, fours * 36): of all turns, one behind them."""
    turns = len(series.moves.turns_deg)
    blocks = -(-(turns + (turns > 1)) // TURNS)
    # (wave, B, TURNS, fours, parity, 2) -> (B, parity, wave, fours, TURNS, 2)
    phases = series.phases(np.arange(blocks * TURNS)).reshape(2, blocks, TURNS, -1, 2, 2)
    ordered = np.ascontiguousarray(phases.transpose(1, 4, 0, 3, 2, 5))
    return ordered.reshape(blocks, -1).view(np.uint32)


# By matrix products of numbers that hold them exactly.


def largest_by_floats(series: TurnSeries, sketches: NDArray[np.int8]) -> NDArray[np.int32]:
    """The same as `largest_products` on any machine."""
    moves = series.moves
    ours = (moves.shifted, series.turned_by_a_quarter())
    turns = np.arange(len(moves.turns_deg) + 1)
    cosines, sines = series.phases(turns).astype(np.float64)
    odd = series.orders % 2 == 1
    out = np.empty((len(sketches), 2), np.int32)
    for first in range(0, len(sketches), _PORTION):
        some = sketches[first : first + _PORTION].astype(np.float32)
        products = np.empty((2, len(some), len(moves.shifted), len(series.orders)))
        for slot, order in enumerate(series.orders):
            part = slice(int(series.places[order]), int(series.places[order + 1]))
            for turned, rows in enumerate(ours):
                products[turned, :, :, slot] = some[:, part] @ rows[:, part].astype(np.float32).T
        rounded = np.floor((products + series.half) / 2.0**series.bits)
        even, odds = (_sums(rounded, cosines, sines, which) for which in (~odd, odd))
        direct = _tried(even + odds).max(axis=1)
        within = direct[:, : moves.near].max(axis=1)
        beyond = direct[:, moves.near :].max(axis=1, initial=_LEAST)
        if moves.folded:
            beyond = np.maximum(beyond, _tried(even - odds).max(axis=(1, 2)))
        if series.alike:
            within = beyond = np.maximum(within, beyond)
        out[first : first + len(some)] = np.stack([within, beyond], axis=1).astype(np.int32)
    return out


def _sums(
    products: NDArray[np.float64],
    cosines: NDArray[np.float64],
    sines: NDArray[np.float64],
    which: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """The two series over some of the orders, (2, N, S, T)."""
    parts = zip(products, (cosines, sines), strict=True)
    return np.stack([part[..., which] @ waves[:, which].T for part, waves in parts])


def _tried(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """The larger product of each turn and its reverse, and of those between, (N, S, 2 T - 1).

    `sums` are of cosines and of sines, (2, N, S, T + 1): of one turn behind the last.
    """
    sums = np.floor(sums / 2.0**LESS)
    mirrored = sums[..., 1:2] * np.array([1.0, -1.0])[:, None, None, None]
    four = np.concatenate([mirrored, sums], axis=-1)
    inner, outer = four[..., 1:-2] + four[..., 2:-1], four[..., :-3] + four[..., 3:]
    tried = np.empty((*sums.shape[:-1], 2 * sums.shape[-1] - 3))
    tried[..., ::2] = sums[..., :-1]
    tried[..., 1::2] = np.floor((NEXT * inner - AFTER * outer) / 2.0**LESS)
    return np.asarray(tried[0] + np.abs(tried[1]))


@kernel
def _sum_squares(rows, out):
    for row in range(rows.shape[0]):
        total = np.int32(0)
        for k in range(rows.shape[1]):
            total += np.int32(rows[row, k]) * np.int32(rows[row, k])
        out[row] = total


def _energies(rows: NDArray[np.int8]) -> NDArray[np.int64]:
    """Sums of the squares of the numbers of each row, (N,)."""
    sums = np.empty(len(rows), np.int64)
    _sum_squares(np.ascontiguousarray(rows), sums)
    return sums
