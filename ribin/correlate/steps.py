"""From two templates to where every cell fell, step by step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin.comparison import PlacedCells, Registration
from ribin.correlate.ccf import patch_ccf
from ribin.correlate.cells import CellSearch, joint_surface, search_cells
from ribin.correlate.placement import Placement, turn_matrix
from ribin.correlate.register import coarse_placements, refined_placements
from ribin.correlate.side import Side, prepare_side
from ribin.params import BLOCK_PX, CorrelateParams, DescribeParams
from ribin.trace import NO_TRACE, Trace

__all__ = ["correlate_sides", "prepare_side"]


def correlate_sides(
    reference: Side,
    comparison: Side,
    describe: DescribeParams,
    correlate: CorrelateParams,
    trace: Trace = NO_TRACE,
) -> Registration | None:
    """Register two marks and fit the cells of each on the other.

    1 coarse placements over the whole range, 2 refined, the best one exactly, 3 the cells of both
    marks searched around it, 4 the placement on which all cells agree, 5 each cell's own place.

    Returns
    -------
    Registration or None
        None where no placement in range lets the marks overlap enough.
    """
    seeds = coarse_placements(reference, comparison, describe, correlate)
    trace.keep("seeds", placements=seeds)
    if not seeds:
        return None
    near = refined_placements(
        reference, comparison, seeds, describe, correlate, turns=1, norm_step=4
    )
    best = max(near, key=lambda placement: placement.strength)
    (seed,) = refined_placements(
        reference, comparison, [best], describe, correlate, turns=2, norm_step=1
    )
    trace.keep("refined", placements=[*near, seed])
    backward, forward = _search_both(reference, comparison, seed, describe, correlate)
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
        ccf=_whole_ccf(comparison, backward, t, s),
        forward=_placed(reference, forward, describe),
        backward=_placed(comparison, backward, describe),
    )


def _search_both(
    reference: Side,
    comparison: Side,
    seed: Placement,
    describe: DescribeParams,
    correlate: CorrelateParams,
) -> tuple[CellSearch, CellSearch]:
    """Cells of the comparison on the turned reference, and of the reference on the other."""
    turn = seed.rotation_deg
    shift = -np.array(seed.shift_um) / describe.pitch_um
    back = -turn_matrix(-turn) @ shift
    return (
        search_cells(comparison, reference, turn, shift, describe, correlate),
        search_cells(reference, comparison, -turn, back, describe, correlate),
    )


def _whole_ccf(comparison: Side, backward: CellSearch, t: int, s: int) -> float:
    size_px = comparison.fine.size_px
    places = np.array([[3 * t, *_to_copy(comparison, backward, np.array([s]))[0]]])
    corner = np.zeros((1, 2), np.int64)
    return float(patch_ccf(comparison.fine.planes, backward.copies, corner, places, size_px)[0])


def _placed(cut: Side, search: CellSearch, describe: DescribeParams) -> PlacedCells:
    """Each cell at its best place, with the exact correlation there."""
    half = (cut.fine.size_px - 1) / 2.0
    center = (cut.cells * BLOCK_PX + (BLOCK_PX - 0.5 - half)) * describe.pitch_um
    t, s = search.place[:, 0], search.place[:, 1]
    places = np.column_stack([3 * t, _to_copy(cut, search, s)])
    corners = cut.cells * BLOCK_PX
    exact = patch_ccf(cut.fine.planes, search.copies, corners, places, 2 * BLOCK_PX)
    exact[search.ccf < -1.0] = np.nan
    # The other side was turned; in its own frame the cell lies turned back.
    turn = search.turns_deg[t]
    x = center + search.shifts_px[s] * describe.pitch_um
    cosine, sine = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    fell = np.column_stack([cosine * x[:, 0] + sine * x[:, 1], cosine * x[:, 1] - sine * x[:, 0]])
    return PlacedCells(np.asarray(center), fell, -turn, exact, cut.cell_fill)


def _to_copy(cut: Side, search: CellSearch, s: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N, 2) shifts from a pixel of the cut side to its counterpart in the copies."""
    margin = (search.copies.shape[2] - cut.fine.size_px) // 2
    return search.offsets.every[s] + margin
