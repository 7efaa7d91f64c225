"""From two templates to where every cell fell, step by step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin.comparison import PlacedCells, Registration, turn_matrix
from ribin.correlate.blocks import patch_ccf
from ribin.correlate.cells import CellSearch, joint_surface, search_cells
from ribin.correlate.register import coarse_placements, refine_placements
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

    Returns Registration or None: None where no placement in range lets the marks overlap enough.
    """
    seeds = coarse_placements(reference, comparison, describe, correlate)
    trace.keep("seeds", placements=seeds)
    if not seeds:
        return None
    near = refine_placements(
        reference, comparison, seeds, describe, correlate, turns=1, norm_step=4
    )
    best = max(near, key=lambda placement: placement.strength)
    (seed,) = refine_placements(
        reference, comparison, [best], describe, correlate, turns=2, norm_step=1
    )
    trace.keep("refined", placements=[*near, seed])
    # Cells of the comparison on the turned reference, and of the reference on the other.
    turn, shift = seed.rotation_deg, -np.array(seed.shift_um) / describe.pitch_um
    back = -turn_matrix(-turn) @ shift
    backward = search_cells(comparison, reference, turn, shift, describe, correlate)
    forward = search_cells(reference, comparison, -turn, back, describe, correlate)
    joint = joint_surface(backward, forward)
    trace.keep("joint", surface=joint, turns_deg=backward.turns_deg, shifts_px=backward.shifts_px)
    t, s = divmod(int(joint.argmax()), joint.shape[1])
    if joint[t, s] <= 0.0:
        return None
    row, col = -backward.shifts_px[s] * describe.pitch_um
    return Registration(
        rotation_deg=float(backward.turns_deg[t]),
        shift_um=(float(row), float(col)),
        agreement=float(joint[t, s]),
        whole=seed.strength,
        ccf=whole_ccf(comparison, backward, t, s),
        forward=place_cells(reference, forward, describe.pitch_um),
        backward=place_cells(comparison, backward, describe.pitch_um),
    )


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
