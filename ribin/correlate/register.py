"""Registration of whole marks: the turn and shift in range at which one lies best on another.

The mark that is turned counter-clockwise is the one that is sampled anew, and the other stays:
which of the two it is depends on the placement, so the order of the marks changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ribin.comparison import RigidMotion
from ribin.correlate.blocks import Offsets, block_sums, disc_offsets, parabola_top
from ribin.correlate.rings import RingSide, pick_placements, ring_moves, ring_strengths
from ribin.correlate.side import PreparedSide, medium_copies
from ribin.correlate.turned import Level
from ribin.model import FloatArray
from ribin.params.defaults import CorrelateParams, DescribeParams
from ribin.surface._jit import sum_kernel
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


def coarse_placements(
    reference: PreparedSide,
    comparison: PreparedSide,
    describe: DescribeParams,
    correlate: CorrelateParams,
) -> list[Placement]:
    """The best placements of either mark on the other, none close to a better one.

    First those within the stated mounting, then those beyond it.
    """
    rings = min(reference.coarse.cover.shape[2], comparison.coarse.cover.shape[2])
    moves = ring_moves(describe, correlate, rings)
    strength = ring_strengths(reference.coarse, comparison.coarse, moves, correlate.min_overlap)
    found = []
    for turn, pair in pick_placements(strength, moves, correlate).tolist():
        t, p, turned = turn, pair, bool(moves.turns_deg[turn] < 0.0)
        if turned:
            t, p = len(moves.turns_deg) - 1 - turn, pair % POINTS * POINTS + pair // POINTS
        row, col = moves.shifts_um[t, p].tolist()
        angle = float(moves.turns_deg[t])
        found.append(Placement(angle, (row, col), float(strength[turn, pair]), turned))
    return found


def coarse_strengths(
    one: RingSide, two: RingSide, describe: DescribeParams, correlate: CorrelateParams
) -> tuple[float, float]:
    """How well the sides agree where they agree best, as they are and with one of them inverted."""
    moves = ring_moves(describe, correlate, min(one.cover.shape[2], two.cover.shape[2]))
    strength = ring_strengths(one, two, moves, correlate.min_overlap)
    return float(strength.max()), -float(strength.min())


def refine_placements(
    reference: PreparedSide,
    comparison: PreparedSide,
    seeds: list[Placement],
    describe: DescribeParams,
    correlate: CorrelateParams,
) -> list[Placement]:
    """The best placement near each of the seeds, at the medium pitch.

    Tried are the turns that a coarse step stands for; overlap and energy are computed every fourth
    pixel only.
    """
    turns = round(correlate.coarse_rotation_step_deg / correlate.medium_rotation_step_deg)
    steps_deg = np.asarray(
        (np.arange(turns) - (turns - 1) / 2.0) * correlate.medium_rotation_step_deg
    )
    found: dict[Placement, Placement] = {}
    for turned, sides in ((False, (reference, comparison)), (True, (comparison, reference))):
        own = [seed for seed in seeds if seed.of_comparison is turned]
        if own:
            near = _try_near(*sides, own, describe, correlate, steps_deg, norm_step=4)
            found.update(zip(own, near.best(own), strict=True))
    return [found[seed] for seed in seeds]


def settle_placement(
    reference: PreparedSide,
    comparison: PreparedSide,
    seed: Placement,
    describe: DescribeParams,
    correlate: CorrelateParams,
) -> Placement:
    """The best placement near one, of either mark on the other: exact, and between the steps.

    How a mark is sampled where it is turned makes a difference of up to a fifth in the strength of
    known matches. Cells are searched at a few turns from there, so a step's error of the turn would
    cost a known match some of its agreement.
    """
    steps_deg = np.asarray(np.arange(-1, 2) * (correlate.medium_rotation_step_deg / 2.0))
    back = RigidMotion(seed.rotation_deg, seed.shift_um).inverse()
    tried = []
    for one in (seed, Placement(*back, seed.strength, not seed.of_comparison)):
        sides = (comparison, reference) if one.of_comparison else (reference, comparison)
        near = _try_near(*sides, [one], describe, correlate, steps_deg, norm_step=1)
        tried.append(near.between(near.best([one])[0]))
    return max(tried, key=lambda one: (one.strength, one.rotation_deg, one.shift_um))


@dataclass(frozen=True, eq=False)
class _Tried:
    """The strengths of some turns of each seed and all shifts around it."""

    strength: FloatArray  # (seeds, turns, shifts)
    angles_deg: NDArray[np.float64]  # (seeds, turns)
    starts_px: NDArray[np.int64]  # (seeds, 2) shifts of the copies: what lies there was moved back
    offsets: Offsets
    pitch_um: float

    def best(self, seeds: list[Placement]) -> list[Placement]:
        """The strongest of each seed."""
        number, _, shifts = self.strength.shape
        flat = self.strength.reshape(number, -1)
        place = flat.argmax(axis=1)
        turn, shift = np.divmod(place, shifts)
        own = np.arange(number)
        at_um = (-(self.offsets.every[shift] + self.starts_px) * self.pitch_um).tolist()
        at_deg, value = self.angles_deg[own, turn].tolist(), flat[own, place].tolist()
        return [
            Placement(at_deg[k], (at_um[k][0], at_um[k][1]), value[k], seeds[k].of_comparison)
            for k in range(number)
        ]

    def between(self, best: Placement) -> Placement:
        """The top of parabolas through the strongest and its neighbours, of the only seed.

        The turn in quarters of a step, so that a mark lies on itself without one.
        """
        field = self.strength[0]
        turn, shift = divmod(int(field.argmax()), field.shape[1])
        top = parabola_top(field, turn, shift, self.offsets)
        row, col = best.shift_um
        step_deg = float(self.angles_deg[0, 1] - self.angles_deg[0, 0])
        return best._replace(
            rotation_deg=best.rotation_deg + np.rint(4.0 * top.turn) / 4.0 * step_deg,
            shift_um=(row - top.row * self.pitch_um, col - top.col * self.pitch_um),
        )


def _try_near(
    moved: PreparedSide,
    fixed: PreparedSide,
    seeds: list[Placement],
    describe: DescribeParams,
    correlate: CorrelateParams,
    steps_deg: NDArray[np.float64],
    norm_step: int,
) -> _Tried:
    pitch_um = describe.medium_pitch_um
    offsets = disc_offsets(correlate.medium_shift_um / pitch_um, norm_step)
    angles = np.asarray(np.array([seed.rotation_deg for seed in seeds])[:, None] + steps_deg)
    starts = np.rint(-np.array([seed.shift_um for seed in seeds]) / pitch_um).astype(np.int64)
    size_px = fixed.medium.size_px + 2 * offsets.reach_px
    copies = medium_copies(moved, angles.ravel(), size_px, starts.repeat(len(steps_deg), axis=0))
    places = np.zeros((angles.size, 3), np.int64)
    places[:, 0] = np.arange(angles.size)
    strength = overlap_correlation(
        moved.medium, fixed.medium, copies, places, offsets, correlate.min_overlap
    ).reshape(*angles.shape, -1)
    return _Tried(strength, angles, starts, offsets, pitch_um)


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
    sums = block_sums(fixed.surface, surfaces, places, fixed.runs, offsets, whole=True)
    strength = np.empty((len(places), len(offsets.every)), np.float32)
    _strengths(sums.products, sums.energies, offsets.near, smaller, min_overlap, strength)
    return strength
