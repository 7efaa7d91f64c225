"""Registration of whole marks: the turn and shift in range at which one lies best on another.

The mark that is turned counter-clockwise is the one that is sampled anew, and the other stays:
which of the two it is depends on the placement, so the order of the marks changes nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ribin.comparison import RigidMotion
from ribin.correlate.blocks import Offsets, block_sums, parabola_top
from ribin.correlate.ranges import Ranges
from ribin.correlate.rings import RingMoves, RingSide, pick_placements, ring_strengths
from ribin.correlate.side import PreparedSide
from ribin.correlate.turned import Level, turn_surface
from ribin.model import FloatArray
from ribin.surface._jit import inner_kernel, kernel, sum_kernel
from ribin.surface.rings import POINTS


class Placement(NamedTuple):
    """Turn one mark about its centre, then shift it, and it lies on the other.

    A point x (row, col in um, from the first mark's centre) falls on R(rotation) x + shift, from
    the second mark's centre. The first is the reference, or the comparison where `of_comparison`.
    """

    rotation_deg: float
    shift_um: tuple[float, float]
    strength: float  # what the stage that found it measured; larger is better
    of_comparison: bool = False

    @property
    def motions(self) -> tuple[RigidMotion, RigidMotion]:
        """Of the reference on the comparison, and back."""
        motion = RigidMotion(self.rotation_deg, self.shift_um)
        back = motion.inverse()
        return (back, motion) if self.of_comparison else (motion, back)


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


@kernel
def overlap_correlation(
    moved: Level,
    fixed: Level,
    surfaces: FloatArray,
    places: NDArray[np.int64],
    offsets: Offsets,
    min_overlap: float,
) -> FloatArray:
    """Masked correlation of every placement, times the root of the area that it rests on.

    A coefficient over few pixels is high by chance; its product with the root of their number
    is not (the standard error of a correlation falls with that root).

    `surfaces` and `places` are turned copies of one side, and which of them are compared at
    what shifts: see `block_sums`. Returns (T, S) float32, ccf * sqrt(overlap / measured pixels of
    the smaller surface); 0 where less than `min_overlap` of the smaller surface overlaps.
    """
    smaller = min(moved.measured, fixed.measured)
    sums = block_sums(fixed.surface, surfaces, places, fixed.runs, offsets, True)
    strength = np.empty((len(places), len(offsets.every)), np.float32)
    _strengths(sums.products, sums.energies, offsets.near, smaller, min_overlap, strength)
    return strength


@kernel
def _placement(rotation_deg, row_um, col_um, strength, of_comparison):
    """A placement whose numbers have the types that every kernel gives them."""
    shift_um = float(row_um), float(col_um)
    return Placement(float(rotation_deg), shift_um, np.float64(strength), of_comparison)


@kernel
def inverse_motion(rotation_deg: float, shift_um: tuple[float, float]) -> RigidMotion:
    """The motion that undoes one."""
    cosine, sine = np.cos(np.deg2rad(-rotation_deg)), np.sin(np.deg2rad(-rotation_deg))
    row, col = shift_um
    return RigidMotion(-rotation_deg, (-cosine * row + sine * col, -sine * row - cosine * col))


@inner_kernel
def coarse_placements(
    reference: PreparedSide, comparison: PreparedSide, moves: RingMoves, ranges: Ranges
) -> list[Placement]:
    """The best placements of either mark on the other, none close to a better one.

    First those within the stated mounting, then those beyond it.
    """
    strength = ring_strengths(reference.coarse, comparison.coarse, moves, ranges.min_overlap)
    picked = pick_placements(strength, moves, ranges.seeds, ranges.seed_limits)
    last = len(moves.turns_deg) - 1
    found = []
    for turn, pair in picked:
        if turn < 0:
            continue
        t, p, turned = turn, pair, moves.turns_deg[turn] < 0.0
        if turned:
            t, p = last - turn, pair % POINTS * POINTS + pair // POINTS
        row, col = moves.shifts_um[t, p]
        found.append(_placement(moves.turns_deg[t], row, col, strength[turn, pair], turned))
    return found


@kernel
def coarse_strengths(
    one: RingSide, two: RingSide, moves: RingMoves, min_overlap: float
) -> tuple[float, float]:
    """How well the sides agree where they agree best, as they are and with one of them inverted."""
    strength = ring_strengths(one, two, moves, min_overlap)
    return np.float64(strength.max()), -np.float64(strength.min())


@inner_kernel
def refine_placements(
    reference: PreparedSide, comparison: PreparedSide, seeds: list[Placement], ranges: Ranges
) -> list[Placement]:
    """The best placement near each of the seeds, at the medium pitch.

    Tried are the turns that a coarse step stands for; overlap and energy are computed every fourth
    pixel only.
    """
    found = seeds.copy()
    for turned in (False, True):
        own = [seed for seed in seeds if seed.of_comparison == turned]
        if len(own) == 0:
            continue
        moved, fixed = (comparison, reference) if turned else (reference, comparison)
        near = _try_near(moved, fixed, own, ranges, ranges.near_steps_deg, ranges.near)
        k = 0
        for place in range(len(seeds)):
            if seeds[place].of_comparison == turned:
                found[place] = _strongest(near, k, ranges.medium_pitch_um, turned)
                k += 1
    return found


@kernel
def choose_placement(near: list[Placement], ranges: Ranges) -> Placement:
    """The strongest placement; one beyond the mounting only where it is clearly stronger."""
    best, highest = near[0], -np.inf
    for one in near:
        beyond = abs(one.rotation_deg) > ranges.mounting_deg
        weight = one.strength / (ranges.beyond_lead if beyond else 1.0)
        if weight > highest:
            best, highest = one, weight
    return best


@inner_kernel
def settle_placement(
    reference: PreparedSide, comparison: PreparedSide, seed: Placement, ranges: Ranges
) -> Placement:
    """The best placement near one, of either mark on the other: exact, and between the steps.

    How a mark is sampled where it is turned makes a difference of up to a fifth in the strength of
    known matches. Cells are searched at a few turns from there, so a step's error of the turn would
    cost a known match some of its agreement.
    """
    back = inverse_motion(seed.rotation_deg, seed.shift_um)
    row, col = back.shift_um
    other = _placement(back.rotation_deg, row, col, seed.strength, not seed.of_comparison)
    best = _settle(reference, comparison, seed, ranges)
    tried = _settle(reference, comparison, other, ranges)
    return tried if _order(tried) > _order(best) else best


@inner_kernel
def _settle(reference, comparison, seed, ranges):
    turned = seed.of_comparison
    moved, fixed = (comparison, reference) if turned else (reference, comparison)
    near = _try_near(moved, fixed, [seed], ranges, ranges.settle_steps_deg, ranges.settle)
    return _between(near, ranges.medium_pitch_um, turned)


@kernel
def _order(one):
    return one.strength, one.rotation_deg, one.shift_um[0], one.shift_um[1]


class _Tried(NamedTuple):
    """The strengths of some turns of each seed and all shifts around it."""

    strength: FloatArray  # (seeds, turns, shifts)
    angles_deg: NDArray[np.float64]  # (seeds, turns)
    starts_px: NDArray[np.int64]  # (seeds, 2) shifts of the copies: what lies there was moved back
    offsets: Offsets


@kernel
def _strongest(tried, seed, pitch_um, of_comparison):
    """The strongest placement near a seed."""
    field = tried.strength[seed]
    turn, shift = divmod(field.argmax(), field.shape[1])
    row, col = tried.offsets.every[shift] + tried.starts_px[seed]
    angle = tried.angles_deg[seed, turn]
    return _placement(angle, -row * pitch_um, -col * pitch_um, field[turn, shift], of_comparison)


@kernel
def _between(tried, pitch_um, of_comparison):
    """The top of parabolas through the strongest and its neighbours, near the only seed.

    The turn in quarters of a step, so that a mark lies on itself without one.
    """
    only = len(tried.strength) - 1  # a 0 that stands here would have `_strongest` compiled twice
    best, field = _strongest(tried, only, pitch_um, of_comparison), tried.strength[only]
    turn, shift = divmod(field.argmax(), field.shape[1])
    top = parabola_top(field, turn, shift, tried.offsets)
    step_deg = tried.angles_deg[only, 1] - tried.angles_deg[only, 0]
    return _placement(
        best.rotation_deg + np.rint(4.0 * top.turn) / 4.0 * step_deg,
        best.shift_um[0] - top.row * pitch_um,
        best.shift_um[1] - top.col * pitch_um,
        best.strength,
        of_comparison,
    )


@kernel
def _try_near(moved, fixed, seeds, ranges, steps_deg, offsets):
    number, turns = len(seeds), len(steps_deg)
    angles, starts = np.empty((number, turns)), np.empty((number, 2), np.int64)
    shifts, places = (
        np.empty((number * turns, 2), np.int64),
        np.zeros((number * turns, 3), np.int64),
    )
    for k in range(number):
        for axis in range(2):
            starts[k, axis] = int(np.rint(-seeds[k].shift_um[axis] / ranges.medium_pitch_um))
            shifts[k * turns : (k + 1) * turns, axis] = starts[k, axis]
        for t in range(turns):
            angles[k, t] = seeds[k].rotation_deg + steps_deg[t]
            places[k * turns + t, 0] = k * turns + t
    level = moved.medium
    size_px = fixed.medium.surface.shape[0] + offsets.grid.shape[0] - 1
    copies = turn_surface(level.padded, level.reach, angles.ravel(), shifts, size_px)
    strength = overlap_correlation(level, fixed.medium, copies, places, offsets, ranges.min_overlap)
    return _Tried(strength.reshape((number, turns, -1)), angles, starts, offsets)
