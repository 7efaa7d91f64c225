"""From two templates to where every cell fell, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ribin.comparison import PlacedCells, Registration
from ribin.correlate.blocks import patch_ccf
from ribin.correlate.cells import CellSearch, best_joint, joint_surface, search_cells
from ribin.correlate.register import (
    Placement,
    coarse_placements,
    refine_placements,
    settle_placement,
)
from ribin.correlate.side import PreparedSide
from ribin.model import NO_TRACE, Trace
from ribin.params.defaults import BLOCK_PX, CorrelateParams, DescribeParams
from ribin.surface._jit import kernel


def correlate_sides(
    reference: PreparedSide,
    comparison: PreparedSide,
    describe: DescribeParams,
    correlate: CorrelateParams,
    trace: Trace = NO_TRACE,
) -> Registration | None:
    """Register two marks and fit the cells of each on the other.

    1 coarse placements over the whole range, 2 refined, the best one exactly, 3 the cells of both
    marks searched around it, 4 the placement on which all cells agree, 5 each cell's own place.

    Each stage treats the two sides alike: of the marks in the other order the same figures come
    out, to the bit.

    Returns Registration or None: None where no placement in range lets the marks overlap enough.
    """
    seeds = coarse_placements(reference, comparison, describe, correlate)
    trace.keep("seeds", placements=as_laid(seeds, trace))
    if not seeds:
        return None
    near = refine_placements(reference, comparison, seeds, describe, correlate)
    best = choose_placement(near, correlate)
    seed = settle_placement(reference, comparison, best, describe, correlate)
    trace.keep("refined", placements=as_laid([*near, seed], trace))
    # Cells of the comparison on the turned reference, and of the reference on the other.
    ahead, back = seed.motions
    backward = search_cells(comparison, reference, ahead, describe, correlate)
    forward = search_cells(reference, comparison, back, describe, correlate)
    # All placements of either search are candidates.
    joints = joint_surface(backward, forward), joint_surface(forward, backward)
    trace.keep(
        "joint", surface=joints[0], turns_deg=backward.turns_deg, shifts_px=backward.shifts_px
    )
    pitch_um = describe.pitch_um
    places = best_joint(backward, joints[0], pitch_um), best_joint(forward, joints[1], pitch_um)
    place = max(places)  # of two that agree alike, the one turned further: alike either way round
    if place.agreement <= 0.0:
        return None
    if place is places[0]:
        cut, search, ahead, back = comparison, backward, place.motion, place.motion.inverse()
    else:
        cut, search, ahead, back = reference, forward, place.motion.inverse(), place.motion
    return Registration(
        ahead=ahead,
        back=back,
        agreement=place.agreement,
        whole=seed.strength,
        ccf=whole_ccf(cut, search, place.turn, place.shift),
        beyond=abs(best.rotation_deg) > correlate.mounting_deg + _half_step(correlate),
        forward=place_cells(reference, forward, pitch_um),
        backward=place_cells(comparison, backward, pitch_um),
    )


def choose_placement(near: Sequence[Placement], correlate: CorrelateParams) -> Placement:
    """The strongest placement; one beyond the mounting only where it is clearly stronger."""
    limit_deg = correlate.mounting_deg + _half_step(correlate)

    def weight(placement: Placement) -> float:
        beyond = abs(placement.rotation_deg) > limit_deg
        return placement.strength / (correlate.beyond_lead if beyond else 1.0)

    return max(near, key=weight)


def as_laid(placements: Sequence[Placement], trace: Trace) -> list[Placement]:
    """For a trace: the placements as those of the reference on the comparison."""
    if trace is NO_TRACE:
        return []
    return [Placement(*place.motions[0], place.strength) for place in placements]


def _half_step(correlate: CorrelateParams) -> float:
    """A coarse step stands for the turns within half of it."""
    return correlate.coarse_rotation_step_deg / 2.0


# Each cell at the best place that its search found, with the exact correlation there.


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


def place_cells(cut: PreparedSide, search: CellSearch, pitch_um: float) -> PlacedCells:
    """Where each cell fell, from the other mark's centre."""
    fell_um, rotation_deg = np.empty(cut.center_um.shape), np.empty(len(cut.cells))
    shifts_um = search.shifts_px * pitch_um
    _turn_back(search.place, shifts_um, search.turns_deg, cut.center_um, fell_um, rotation_deg)
    places = np.empty((len(cut.cells), 3), np.int64)
    places[:, 0] = search.place[:, 0]
    places[:, 1:] = _to_copy(cut, search, search.place[:, 1])
    exact = patch_ccf(cut.fine.surface, search.copies, cut.corners, places, 2 * BLOCK_PX)
    exact[search.ccf < -1.0] = np.nan
    return PlacedCells(cut.center_um, fell_um, rotation_deg, exact, cut.cell_fill)


def whole_ccf(cut: PreparedSide, search: CellSearch, turn: int, shift: int) -> float:
    """Exact correlation of the whole marks at one turn and shift of the search."""
    place = np.array([[turn, *_to_copy(cut, search, shift)]])
    corner = np.zeros((1, 2), np.int64)
    return float(patch_ccf(cut.fine.surface, search.copies, corner, place, cut.fine.size_px)[0])


def _to_copy(
    cut: PreparedSide, search: CellSearch, shift: NDArray[np.int64] | int
) -> NDArray[np.int64]:
    """(N, 2) shifts from a pixel of the cut side to its counterpart in the copies."""
    margin = (search.copies.shape[2] - cut.fine.size_px) // 2
    return np.asarray(search.offsets.every[shift] + margin)
