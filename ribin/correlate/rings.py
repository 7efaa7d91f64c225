"""Two marks on rings laid on each other at every turn and many shifts: the coarse registration.

What is turned is a series of numbers, and both sides have their own points on which it is made, so
that neither is the one that is turned: of the marks in the other order the same numbers come out,
to the bit, with turns and shifts reversed. So sums that would change with the order are kept apart
and subtracted last.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ribin.model import BoolArray, FloatArray
from ribin.params.defaults import CorrelateParams, DescribeParams
from ribin.surface._jit import kernel, sum_kernel
from ribin.surface.rings import COVER_ORDERS, FOUR, POINTS, ring_grid
from ribin.surface.simd.registers import LANES
from ribin.surface.simd.series import add_series_products


class RingSide(NamedTuple):
    """The series of one side; see `ribin.surface.rings`."""

    series: FloatArray  # (2, G, K) real and imaginary
    cover: FloatArray  # (2, 2, N, 16) real and imaginary, of the mask and of the squared heights
    measured: float  # area in the unit of the mask's series
    first: int  # of fours of rings, the one that holds anything
    last: int  # and the one after the last such


def lay_rings(series: NDArray[np.int8] | FloatArray, cover: FloatArray) -> RingSide:
    """The series of a template as the kernels use them."""
    rings = cover.shape[2]
    held = np.flatnonzero(cover[0, 0, :, 0] > 0.0)
    first, last = (held[0] // FOUR, held[-1] // FOUR + 1) if len(held) else (0, 0)
    weights = np.sqrt(np.arange(rings) + 0.5)
    measured = float(cover[0, 0, :, 0].astype(np.float64) @ weights)
    return RingSide(
        np.require(series, np.float32, ("C", "W")),
        np.require(cover, requirements=("C", "W")),
        measured,
        int(first),
        int(last),
    )


class RingMoves(NamedTuple):
    """T turns and P pairs of points, a point of either side: all placements of the search.

    Turns are odd multiples of half a step, so that each is clearly to one side. Turn t reversed is
    turn T - 1 - t, and pair (i, j) reversed is (j, i).
    """

    step_um: float
    lengths: NDArray[np.int64]  # of the series, see `RingGrid`
    turns_deg: NDArray[np.float64]  # (T,) ascending
    shifts_um: NDArray[np.float64]  # (T, P, 2) of the reference on the comparison, once turned
    allowed: BoolArray  # (T, P) within the ranges
    # (orders, T / 4 and some) of the first quarter of the turns; twice, but for order 0
    cosines: FloatArray
    sines: FloatArray


@lru_cache(maxsize=32)
def ring_moves(describe: DescribeParams, correlate: CorrelateParams, rings: int) -> RingMoves:
    """The placements within the ranges of the search."""
    grid = ring_grid(rings, describe.coarse_step_um, describe.coarse_reach_um)
    quarter = math.ceil(90.0 / correlate.coarse_rotation_step_deg)
    turns = 4 * quarter
    step_deg = 360.0 / turns
    turns_deg = np.asarray((np.arange(turns) - turns // 2 + 0.5) * step_deg)
    radians = np.deg2rad(turns_deg)
    points = grid.points_um
    row, col = points[:, 0], points[:, 1]
    shifts_um = np.empty((turns, POINTS, POINTS, 2))
    for t in range(turns):
        cosine, sine = np.cos(radians[t]), np.sin(radians[t])
        turned = np.stack([cosine * row - sine * col, sine * row + cosine * col], axis=1)
        shifts_um[t] = points[None, :, :] - turned[:, None, :]
    near = np.hypot(shifts_um[..., 0], shifts_um[..., 1]) <= correlate.shift_range_um
    near &= (np.abs(turns_deg) <= correlate.rotation_range_deg + step_deg / 2.0)[:, None, None]
    near[: turns // 2] = near[: turns // 2 - 1 : -1].transpose(0, 2, 1)  # alike either way round
    width = -(-quarter // 8) * 8  # so that vector registers are full
    orders, first = np.arange(grid.orders), (np.arange(width) + 0.5) * np.deg2rad(step_deg)
    twice = np.where(orders == 0, 1.0, 2.0)[:, None]
    phases = orders[:, None] * first
    return RingMoves(
        step_um=describe.coarse_step_um,
        lengths=grid.lengths,
        turns_deg=turns_deg,
        shifts_um=shifts_um.reshape(turns, -1, 2),
        allowed=near.reshape(turns, -1),
        cosines=(twice * np.cos(phases)).astype(np.float32),
        sines=(twice * np.sin(phases)).astype(np.float32),
    )


# Products of the series, and what they say at every turn.


@sum_kernel
def _ring_products(one, two, lengths, fours, sums, real, imaginary):
    """conj(one) two, summed over rings, for each pair of points and each order."""
    points, numbers = one.shape[1:]
    plane = points * numbers
    flat, other = one.reshape(one.size), two.reshape(two.size)
    orders = real.shape[1]
    start = 0
    for k in range(fours[0]):
        start += FOUR * lengths[k]
    for i in range(points):
        for j in range(points):
            sums[:] = np.float32(0.0)
            at, there = i * numbers + start, j * numbers + start
            for k in range(fours[0], fours[1]):
                for m in range(0, lengths[k], LANES):
                    add_series_products(
                        flat, at + m, other, there + m, lengths[k], plane, sums, m, orders
                    )
                at += FOUR * lengths[k]
                there += FOUR * lengths[k]
            p = i * points + j
            for m in range(orders):
                real[p, m] = sums[m]
                imaginary[p, m] = sums[orders + m] - sums[2 * orders + m]


@sum_kernel
def _turn_sums(real, imaginary, cosines, sines, out):
    """The product of two surfaces at every turn, (T, P), from the orders of their products.

    Turns of the second quarter are the first mirrored: there odd cosines and even sines change
    sign. A turn to the other side changes the sign of all sines. Orders come in eights.
    """
    width = cosines.shape[1]
    even, odd = np.empty(width, np.float32), np.empty(width, np.float32)
    even_sine, odd_sine = np.empty(width, np.float32), np.empty(width, np.float32)
    half = out.shape[0] // 2
    for p in range(real.shape[0]):
        even[:] = np.float32(0.0)
        odd[:] = np.float32(0.0)
        even_sine[:] = np.float32(0.0)
        odd_sine[:] = np.float32(0.0)
        for m in range(0, real.shape[1], 8):
            r0, r1, r2, r3, r4, r5, r6, r7 = real[p, m : m + 8]
            i0, i1, i2, i3, i4, i5, i6, i7 = imaginary[p, m : m + 8]
            c, s = cosines[m : m + 8], sines[m : m + 8]
            for t in range(width):
                even[t] += r0 * c[0, t] + r2 * c[2, t] + r4 * c[4, t] + r6 * c[6, t]
                odd[t] += r1 * c[1, t] + r3 * c[3, t] + r5 * c[5, t] + r7 * c[7, t]
            for t in range(width):
                even_sine[t] += i0 * s[0, t] + i2 * s[2, t] + i4 * s[4, t] + i6 * s[6, t]
                odd_sine[t] += i1 * s[1, t] + i3 * s[3, t] + i5 * s[5, t] + i7 * s[7, t]
        for t in range(half // 2):
            last = half - 1 - t
            cosine, sine = even[t] + odd[t], even_sine[t] + odd_sine[t]
            out[half + t, p] = cosine - sine
            out[half - 1 - t, p] = cosine + sine
            cosine, sine = even[t] - odd[t], odd_sine[t] - even_sine[t]
            out[half + last, p] = cosine - sine
            out[half - 1 - last, p] = cosine + sine


@sum_kernel
def _weigh(cover_sums, smaller, min_overlap, allowed, out):
    """Correlation from products, times the root of the share that overlaps; 0 where too little."""
    for t in range(out.shape[0]):
        overlap = cover_sums[t, 0]
        energy = cover_sums[t, 1] * cover_sums[t, 2]
        enough = overlap >= min_overlap * smaller and cover_sums[t, 1] > 0.0 and energy > 0.0
        weight = np.float32(np.sqrt(overlap / (smaller * energy))) if enough else np.float32(0.0)
        for p in range(out.shape[1]):
            out[t, p] = out[t, p] * weight if allowed[t, p] else np.float32(0.0)


@sum_kernel
def _cover_products(one, two, fours, out):
    for plane in range(3):
        mine, other = int(plane == 1), int(plane == 2)
        for m in range(out.shape[2]):
            real, left, right = np.float32(0.0), np.float32(0.0), np.float32(0.0)
            for k in range(4 * fours[0], 4 * fours[1]):
                a, b = one[0, mine, k, m], one[1, mine, k, m]
                c, d = two[0, other, k, m], two[1, other, k, m]
                real += a * c + b * d
                left += a * d
                right += b * c
            out[0, plane, m] = real
            out[1, plane, m] = left - right


@kernel
def ring_strengths(
    one: RingSide, two: RingSide, moves: RingMoves, min_overlap: float
) -> FloatArray:
    """ccf * sqrt(overlap / area of the smaller side) of every placement, (T, P) float32.

    The area that both sides measured, and their energies in it, are those of the two marks' middles
    laid on each other, at each turn; refinement has them exactly.
    """
    fours = max(one.first, two.first), min(one.last, two.last, len(moves.lengths))
    turns, pairs = moves.allowed.shape
    orders = moves.lengths[fours[1] - 1] if fours[0] < fours[1] else 0
    real, imaginary = np.empty((pairs, orders), np.float32), np.empty((pairs, orders), np.float32)
    sums = np.empty(3 * orders, np.float32)
    _ring_products(one.series, two.series, moves.lengths, fours, sums, real, imaginary)
    out = np.empty((turns, pairs), np.float32)
    _turn_sums(real, imaginary, moves.cosines, moves.sines, out)
    # Mask on mask; the squares of each on the mask of the other.
    products = np.empty((2, 3, COVER_ORDERS), np.float32)
    _cover_products(one.cover, two.cover, fours, products)
    cover = np.empty((turns, 3), np.float32)
    leading = moves.cosines[:COVER_ORDERS], moves.sines[:COVER_ORDERS]
    _turn_sums(products[0], products[1], leading[0], leading[1], cover)
    _weigh(cover, min(one.measured, two.measured), min_overlap, moves.allowed, out)
    return out


# The best placements, none close to a better one.


@kernel
def _best_pair(strength, t, best, pair):
    best[t] = np.float32(0.0)
    pair[t] = -1
    for p in range(strength.shape[1]):
        if strength[t, p] > best[t]:
            best[t] = strength[t, p]
            pair[t] = p


@kernel
def _pick(left, turns, shifts, points, least, numbers, picked):
    """So many within the first limit of a turn, then beyond it; picked turns are -1 where none is.

    Two placements are as far apart as the mean of the two ways round, each with its squares.
    """
    number = left.shape[0]
    best = np.empty(number, np.float32)
    pair = np.empty(number, np.int64)
    for t in range(number):
        _best_pair(left, t, best, pair)
    for n in range(picked.shape[0]):
        within = n < numbers
        picked[n, 0] = -1
        top = np.float32(0.0)
        for t in range(number):
            if (abs(turns[t]) <= least[2]) == within and best[t] > top:
                top = best[t]
                picked[n, 0] = t
                picked[n, 1] = pair[t]
        if picked[n, 0] < 0:
            continue
        t, p = picked[n]
        back = (p % points) * points + p // points
        for u in range(number):
            if abs((turns[u] - turns[t] + 180.0) % 360.0 - 180.0) > least[0]:
                continue
            for q in range(left.shape[1]):
                reverse = (q % points) * points + q // points
                down, right = shifts[u, q, 0] - shifts[t, p, 0], shifts[u, q, 1] - shifts[t, p, 1]
                there = down * down + right * right
                one, two = shifts[number - 1 - u, reverse], shifts[number - 1 - t, back]
                down, right = one[0] - two[0], one[1] - two[1]
                if there + (down * down + right * right) <= 2.0 * least[1] * least[1]:
                    left[u, q] = np.float32(-1.0)
            _best_pair(left, u, best, pair)


@kernel
def pick_placements(
    strength: FloatArray,
    moves: RingMoves,
    numbers: tuple[int, int],
    limits: tuple[float, float, float],
) -> NDArray[np.int64]:
    """Turn and pair of the best placements within the mounting, then of those beyond.

    `numbers` are how many of either; `limits` the turn and the shift within which two placements
    are one, and the turn that is still within the mounting. Returns (Q, 2), -1 where none is left.
    """
    picked = np.empty((numbers[0] + numbers[1], 2), np.int64)
    _pick(strength.copy(), moves.turns_deg, moves.shifts_um, POINTS, limits, numbers[0], picked)
    return picked
