"""Registration of whole marks: the turn and shift in range at which one lies best on another."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ribin.correlate.blocks import Offsets, block_sums, disc_offsets
from ribin.correlate.side import KEPT, PreparedSide, coarse_copies, medium_copies
from ribin.correlate.turned import Level
from ribin.model import FloatArray
from ribin.params.defaults import CorrelateParams, DescribeParams
from ribin.surface._jit import kernel, sum_kernel


class Placement(NamedTuple):
    """Turn the first mark about its centre, then shift it, and it lies on the second.

    A point x (row, col in um, from the first mark's centre) falls on R(rotation) x + shift, from
    the second mark's centre.
    """

    rotation_deg: float
    shift_um: tuple[float, float]
    strength: float  # what the stage that found it measured; larger is better


def coarse_placements(
    reference: PreparedSide,
    comparison: PreparedSide,
    describe: DescribeParams,
    correlate: CorrelateParams,
) -> list[Placement]:
    """The best placements of the reference on the comparison, none close to a better one."""
    moves = _coarse_moves(reference, describe, correlate)
    strength = overlap_correlation(
        reference.coarse,
        comparison.coarse,
        moves.surfaces,
        moves.places,
        moves.offsets,
        correlate.min_overlap,
    )
    return _peaks(strength, moves, correlate)


class _Moves(NamedTuple):
    """All turns and shifts of the coarse search."""

    surfaces: FloatArray
    places: NDArray[np.int64]
    offsets: Offsets
    angles_deg: NDArray[np.float64]
    shifts_um: NDArray[np.float64]


@lru_cache(maxsize=KEPT)
def _coarse_moves(
    reference: PreparedSide, describe: DescribeParams, correlate: CorrelateParams
) -> _Moves:
    pitch_um = describe.coarse_pitch_um
    norm_step = round(correlate.coarse_norm_step_um / pitch_um)
    offsets = disc_offsets(correlate.shift_range_um / pitch_um, norm_step)
    angles = coarse_angles(correlate)
    copies = coarse_copies(reference, describe, correlate)
    places = np.zeros((len(angles), 3), np.int64)
    places[:, 0] = copies.at(angles)
    # The copy shows at p + offset what lies on p of the comparison: the shift is -offset.
    shifts_um = np.asarray(-offsets.every * pitch_um)
    return _Moves(copies.surfaces, places, offsets, angles, shifts_um)


def refine_placements(
    reference: PreparedSide,
    comparison: PreparedSide,
    seeds: list[Placement],
    describe: DescribeParams,
    correlate: CorrelateParams,
    *,
    turns: int,
    norm_step: int,
) -> list[Placement]:
    """The best placement near each of the seeds, at the medium pitch.

    Tried are `turns` steps to each side; overlap and energy are computed every `norm_step`
    pixels, so 1 is exact.
    """
    pitch_um, step_deg = describe.medium_pitch_um, correlate.medium_rotation_step_deg
    offsets = disc_offsets(correlate.medium_shift_um / pitch_um, norm_step)
    motions = np.array([(seed.rotation_deg, *seed.shift_um) for seed in seeds])
    steps = np.arange(-turns, turns + 1)
    angles = np.asarray((np.rint(motions[:, :1] / step_deg) + steps).ravel() * step_deg)
    starts = np.rint(-motions[:, 1:] / pitch_um).astype(np.int64)
    copies = medium_copies(reference, describe, correlate)
    places = np.empty((len(angles), 3), np.int64)
    places[:, 0] = copies.at(angles)
    places[:, 1:] = starts.repeat(len(steps), axis=0)
    strength = overlap_correlation(
        reference.medium, comparison.medium, copies.surfaces, places, offsets, correlate.min_overlap
    ).reshape(len(seeds), -1)
    best = strength.argmax(axis=1)
    turn, shift = np.divmod(best, len(offsets.every))
    own = np.arange(len(seeds))
    shifts_um = np.asarray(-(offsets.every[shift] + starts) * pitch_um)
    return _placements(angles[own * len(steps) + turn], shifts_um, strength[own, best])


@sum_kernel
def _strengths(products, energies, near, smaller, min_overlap, out):
    weights = np.empty(energies.shape[3], np.float32)
    for t in range(out.shape[0]):
        moved, fixed, overlap = energies[t]
        for g in range(weights.shape[0]):
            energy = moved[0, g] * fixed[0, g]
            enough = overlap[0, g] >= min_overlap * smaller and energy > 0.0
            weights[g] = np.sqrt(overlap[0, g] / (smaller * energy)) if enough else 0.0
        for s in range(out.shape[1]):
            out[t, s] = products[t, 0, s] * weights[near[s]]


def overlap_correlation(
    reference: Level,
    comparison: Level,
    surfaces: FloatArray,
    places: NDArray[np.int64],
    offsets: Offsets,
    min_overlap: float,
) -> FloatArray:
    """Masked correlation of every placement, times the root of the area that it rests on.

    A coefficient over few pixels is high by chance; its product with the root of their number
    is not (the standard error of a correlation falls with that root).

    `surfaces` and `places` are turned copies of the reference, and which of them are compared at
    what shifts: see `block_sums`. Returns (T, S) float32, ccf * sqrt(overlap / measured pixels of
    the smaller surface); 0 where less than `min_overlap` of the smaller surface overlaps.
    """
    smaller = min(reference.measured, comparison.measured)
    sums = block_sums(comparison.surface, surfaces, places, comparison.runs, offsets, whole=True)
    strength = np.empty((len(places), len(offsets.every)), np.float32)
    _strengths(sums.products, sums.energies, offsets.near, smaller, min_overlap, strength)
    return strength


def coarse_angles(correlate: CorrelateParams) -> NDArray[np.float64]:
    """(T,) turns of the coarse search: symmetric about 0, or the whole circle once."""
    step_deg, range_deg = correlate.coarse_rotation_step_deg, correlate.rotation_range_deg
    steps = int(range_deg / step_deg)
    angles = np.asarray(np.arange(-steps, steps + 1) * step_deg)
    return angles[: int(360.0 / step_deg)]


@kernel
def _pick_peaks(left, angles, shifts, least_deg, least_um, picked):
    for k in range(picked.shape[0]):
        best = left[0, 0]
        picked[k, 0] = 0
        picked[k, 1] = 0
        for t in range(left.shape[0]):
            for s in range(left.shape[1]):
                if left[t, s] > best:
                    best = left[t, s]
                    picked[k, 0] = t
                    picked[k, 1] = s
        angle = angles[picked[k, 0]]
        row = shifts[picked[k, 1], 0]
        col = shifts[picked[k, 1], 1]
        for t in range(left.shape[0]):
            turn = abs((angles[t] - angle + 180.0) % 360.0 - 180.0)
            if turn <= least_deg:
                for s in range(left.shape[1]):
                    down = shifts[s, 0] - row
                    right = shifts[s, 1] - col
                    if down * down + right * right <= least_um * least_um:
                        left[t, s] = -1.0


def _peaks(strength: FloatArray, moves: _Moves, correlate: CorrelateParams) -> list[Placement]:
    picked = np.empty((correlate.seeds, 2), np.int64)
    least = correlate.seed_distance_deg, correlate.seed_distance_um
    _pick_peaks(strength.copy(), moves.angles_deg, moves.shifts_um, *least, picked)
    turn, shift = picked.T
    found = _placements(moves.angles_deg[turn], moves.shifts_um[shift], strength[turn, shift])
    # The first peak again where none is left.
    return [placement for placement in dict.fromkeys(found) if placement.strength > 0.0]


def _placements(
    angles_deg: NDArray[np.float64], shifts_um: NDArray[np.float64], strength: FloatArray
) -> list[Placement]:
    shifts = map(tuple, shifts_um.tolist())
    return list(map(Placement, angles_deg.tolist(), shifts, strength.tolist()))
