"""From two templates to where every cell fell, step by step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ribin.comparison import PlacedCells, Registration, RigidMotion
from ribin.correlate.blocks import patch_ccf
from ribin.correlate.cells import (
    CellSearch,
    JointPlacement,
    best_joint,
    joint_surface,
    search_cells,
)
from ribin.correlate.ranges import Ranges, search_ranges
from ribin.correlate.register import (
    Placement,
    choose_placement,
    coarse_placements,
    inverse_motion,
    refine_placements,
    settle_placement,
)
from ribin.correlate.rings import RingMoves, ring_moves
from ribin.correlate.side import PreparedSide
from ribin.model import NO_TRACE, FloatArray, Trace
from ribin.params.defaults import BLOCK_PX, CorrelateParams, DescribeParams
from ribin.surface._jit import inner_kernel, kernel


class Laid(NamedTuple):
    """What the stages found; all before `place` is for a trace."""

    seeds: list[Placement]
    near: list[Placement]
    seed: Placement  # of two marks that overlap nowhere, all from here on says nothing
    joint: FloatArray  # (T, S), see `joint_surface`, of the cells of the comparison
    turns_deg: NDArray[np.float64]
    shifts_px: NDArray[np.int64]
    place: JointPlacement
    of_comparison: bool  # whether the cells are the comparison's that lie on the turned reference
    beyond: bool
    ccf: float
    forward: PlacedCells
    backward: PlacedCells


def correlate_sides(
    reference: PreparedSide,
    comparison: PreparedSide,
    describe: DescribeParams,
    correlate: CorrelateParams,
    trace: Trace = NO_TRACE,
) -> Registration | None:
    """Register two marks and fit the cells of each on the other.

    Returns Registration or None: None where no placement in range lets the marks overlap enough.
    """
    rings = min(reference.coarse.cover.shape[2], comparison.coarse.cover.shape[2])
    moves, ranges = ring_moves(describe, correlate, rings), search_ranges(describe, correlate)
    laid = lay_sides(reference, comparison, moves, ranges)
    if laid is None:
        trace.keep("seeds", placements=[])
        return None
    trace.keep("seeds", placements=as_laid(laid.seeds, trace))
    trace.keep("refined", placements=as_laid([*laid.near, laid.seed], trace))
    trace.keep("joint", surface=laid.joint, turns_deg=laid.turns_deg, shifts_px=laid.shifts_px)
    motion = laid.place.motion
    if laid.place.agreement <= 0.0:
        return None
    return Registration(
        ahead=motion if laid.of_comparison else motion.inverse(),
        back=motion.inverse() if laid.of_comparison else motion,
        agreement=laid.place.agreement,
        whole=laid.seed.strength,
        ccf=laid.ccf,
        beyond=laid.beyond,
        forward=laid.forward,
        backward=laid.backward,
    )


@kernel
def lay_sides(
    reference: PreparedSide, comparison: PreparedSide, moves: RingMoves, ranges: Ranges
) -> Laid | None:
    """All of it in one compiled call, so that comparisons on several threads do not wait.

    1 coarse placements over the whole range, 2 refined, the best one exactly, 3 the cells of both
    marks searched around it, 4 the placement on which all cells agree, 5 each cell's own place.

    Each stage treats the two sides alike: of the marks in the other order the same figures come
    out, to the bit.
    """
    seeds = coarse_placements(reference, comparison, moves, ranges)
    if len(seeds) == 0:
        return None
    near = refine_placements(reference, comparison, seeds, ranges)
    best = choose_placement(near, ranges)
    seed = settle_placement(reference, comparison, best, ranges)
    # Cells of the comparison on the turned reference, and of the reference on the other.
    motion = RigidMotion(seed.rotation_deg, seed.shift_um)
    undone = inverse_motion(motion.rotation_deg, motion.shift_um)
    ahead, back = (undone, motion) if seed.of_comparison else (motion, undone)
    backward = search_cells(comparison, reference, ahead, ranges)
    forward = search_cells(reference, comparison, back, ranges)
    # All placements of either search are candidates.
    joint = joint_surface(backward, forward)
    place = best_joint(backward, joint, ranges.pitch_um)
    other = best_joint(forward, joint_surface(forward, backward), ranges.pitch_um)
    # Of two that agree alike, the one turned further: alike either way round.
    if _order(other) > _order(place):
        place, of_comparison = other, False
        ccf = whole_ccf(reference, forward, place)
    else:
        of_comparison = True
        ccf = whole_ccf(comparison, backward, place)
    return Laid(
        seeds,
        near,
        seed,
        joint,
        backward.turns_deg,
        backward.shifts_px,
        place,
        of_comparison,
        abs(best.rotation_deg) > ranges.mounting_deg,
        ccf,
        place_cells(reference, forward, ranges.pitch_um),
        place_cells(comparison, backward, ranges.pitch_um),
    )


@kernel
def _turn_back(place, shifts_um, turns_deg, center_um, fell_um, rotation_deg):
    """The other side was turned; in its own frame a cell lies turned back."""
    for k in range(place.shape[0]):
        turn_deg = turns_deg[place[k, 0]]
        cosine, sine = np.cos(np.deg2rad(turn_deg)), np.sin(np.deg2rad(turn_deg))
        row = center_um[k, 0] + shifts_um[place[k, 1], 0]
        col = center_um[k, 1] + shifts_um[place[k, 1], 1]
        fell_um[k, 0] = cosine * row + sine * col
        fell_um[k, 1] = cosine * col - sine * row
        rotation_deg[k] = -turn_deg


@inner_kernel
def place_cells(cut: PreparedSide, search: CellSearch, pitch_um: float) -> PlacedCells:
    """Where each cell fell, from the other mark's centre."""
    number = len(cut.cells)
    fell_um, rotation_deg = np.empty(cut.center_um.shape), np.empty(number)
    shifts_um = search.shifts_px * pitch_um
    _turn_back(search.place, shifts_um, search.turns_deg, cut.center_um, fell_um, rotation_deg)
    places = np.empty((number, 3), np.int64)
    for k in range(number):
        places[k] = _to_copy(cut, search, search.place[k, 0], search.place[k, 1])
    exact = patch_ccf(cut.fine.surface, search.copies, cut.corners, places, 2 * BLOCK_PX)
    for k in range(number):
        if search.ccf[k] < -1.0:
            exact[k] = np.nan
    return PlacedCells(cut.center_um, fell_um, rotation_deg, exact, cut.cell_fill)


@inner_kernel
def whole_ccf(cut: PreparedSide, search: CellSearch, place: JointPlacement) -> float:
    """Exact correlation of the whole marks at one placement of the search."""
    places, corner = np.empty((1, 3), np.int64), np.zeros((1, 2), np.int64)
    places[0] = _to_copy(cut, search, place.turn, place.shift)
    size_px = cut.fine.surface.shape[0]
    return patch_ccf(cut.fine.surface, search.copies, corner, places, size_px)[0]


@kernel
def _to_copy(cut, search, turn, shift):
    """Copy, and shift (row, col) from a pixel of the cut side to its counterpart in it."""
    margin = (search.copies.shape[2] - cut.fine.surface.shape[0]) // 2
    row, col = search.offsets.every[shift]
    return turn, row + margin, col + margin


@kernel
def _order(place):
    row, col = place.motion.shift_um
    ordered = place.agreement, place.motion.rotation_deg, row, col
    return (*ordered, float(place.turn), float(place.shift))


def as_laid(placements: list[Placement], trace: Trace) -> list[Placement]:
    """For a trace: the placements as those of the reference on the comparison."""
    if trace is NO_TRACE:
        return []
    return [Placement(*place.motions[0], place.strength) for place in placements]
