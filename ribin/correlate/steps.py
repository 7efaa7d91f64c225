"""From two templates to where every cell fell, step by step."""

from __future__ import annotations

import numpy as np

from ribin.comparison import Registration
from ribin.correlate.cells import CellSearch, joint_surface, search_cells
from ribin.correlate.placed import placed_cells, whole_ccf
from ribin.correlate.placement import Placement, turn_matrix
from ribin.correlate.register import coarse_placements, refined_placements
from ribin.correlate.side import Side, prepare_side
from ribin.params.defaults import CorrelateParams, DescribeParams
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
        ccf=whole_ccf(comparison, backward, t, s),
        forward=placed_cells(reference, forward, describe.pitch_um),
        backward=placed_cells(comparison, backward, describe.pitch_um),
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
