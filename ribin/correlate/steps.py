"""From two templates to where every cell fell, step by step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin.correlate.ccf import patch_ccf
from ribin.correlate.cellsurfaces import NOT_MEASURED, CellSurfaces, cell_surfaces
from ribin.correlate.joint import joint_surface
from ribin.correlate.placement import Placement, turn_matrix
from ribin.correlate.register import coarse_candidates, refined
from ribin.correlate.turned import planes, turn_surface
from ribin.model import CellFit, FloatArray, Registration, Template
from ribin.params import BLOCK_PX, CorrelateParams, DescribeParams
from ribin.trace import NO_TRACE, Trace


def correlate_templates(
    reference: Template,
    comparison: Template,
    describe: DescribeParams,
    correlate: CorrelateParams,
    trace: Trace = NO_TRACE,
) -> Registration | None:
    """Register two marks and fit the cells of each on the other.

    1 coarse candidates over the whole range, 2 refined, the best one kept, 3 correlation surfaces
    of the cells of both marks around it, 4 the placement on which the cells agree, 5 each cell's
    own best place.

    Returns
    -------
    Registration or None
        None where no placement in range lets the marks overlap enough.
    """
    seeds = coarse_candidates(reference, comparison, describe, correlate)
    trace.keep("seeds", placements=seeds)
    if not seeds:
        return None
    near = [refined(reference, comparison, seed, describe, correlate) for seed in seeds]
    seed = max(near, key=lambda placement: placement.strength)
    trace.keep("refined", placements=near)
    return _fit_cells(reference, comparison, seed, describe, correlate, trace)


def _fit_cells(
    reference: Template,
    comparison: Template,
    seed: Placement,
    describe: DescribeParams,
    correlate: CorrelateParams,
    trace: Trace,
) -> Registration | None:
    shift = -np.array(seed.shift_um) / describe.pitch_um
    backward, reference_copies = _surfaces(
        comparison, reference, seed.rotation_deg, shift, describe, correlate
    )
    shift = -turn_matrix(-seed.rotation_deg) @ shift
    forward, comparison_copies = _surfaces(
        reference, comparison, -seed.rotation_deg, shift, describe, correlate
    )
    forward = CellSurfaces(forward.ccf[:, ::-1], -forward.turns_deg[::-1], forward.offsets)
    comparison_copies = comparison_copies[::-1]

    joint, number = joint_surface(backward, forward)
    trace.keep("joint", surface=joint, turns_deg=backward.turns_deg, offsets=backward.offsets)
    if number.max() == 0:
        return None
    t, s = divmod(int(joint.argmax()), joint.shape[1])
    rotation_deg = float(backward.turns_deg[t])
    row, col = -backward.offsets[s] * describe.pitch_um
    whole = _whole_ccf(comparison, reference_copies, t, s, backward)
    fits = [
        *_fits("forward", reference, comparison_copies, forward, describe, correlate),
        *_fits("backward", comparison, reference_copies, backward, describe, correlate),
    ]
    return Registration(
        rotation_deg=rotation_deg,
        shift_um=(float(row), float(col)),
        agreement=float(joint[t, s]),
        ccf=whole,
        cell_fits=tuple(fits),
    )


def _surfaces(
    cut: Template,
    other: Template,
    turn_deg: float,
    shift_px: NDArray,
    describe: DescribeParams,
    correlate: CorrelateParams,
) -> tuple[CellSurfaces, FloatArray]:
    """Correlation surfaces of the cells of `cut` on `other` turned by about `turn_deg`."""
    radius = int(correlate.search_radius_um / describe.pitch_um)
    steps = np.arange(-correlate.fine_rotation_steps, correlate.fine_rotation_steps + 1)
    turns_deg = np.asarray(turn_deg + steps * correlate.fine_rotation_step_deg)
    start = (round(float(shift_px[0])), round(float(shift_px[1])))
    fixed = planes(cut.arrays["fine"], cut.arrays["fine_valid"])
    copies = turn_surface(
        other.arrays["fine"],
        other.arrays["fine_valid"],
        turns_deg,
        fixed.shape[1] + 2 * radius,
        start,
    )
    surfaces = cell_surfaces(
        fixed,
        cut.arrays["fine_runs"],
        cut.arrays["cells"],
        copies,
        turns_deg,
        start,
        max(1, round(correlate.norm_step_um / describe.pitch_um)),
        correlate.min_cell_overlap,
    )
    return surfaces, copies


def _whole_ccf(
    comparison: Template, copies: FloatArray, t: int, s: int, backward: CellSurfaces
) -> float:
    fixed = planes(comparison.arrays["fine"], comparison.arrays["fine_valid"])
    middle = backward.offsets.min(axis=0) + backward.offsets.max(axis=0)
    row, col = backward.offsets[s] - middle // 2
    margin = (copies.shape[2] - fixed.shape[1]) // 2
    place = np.array([[t, row + margin, col + margin]])
    return float(patch_ccf(fixed, copies, np.zeros((1, 2), np.int64), place, fixed.shape[1])[0])


def _fits(
    direction: str,
    cut: Template,
    copies: FloatArray,
    surfaces: CellSurfaces,
    describe: DescribeParams,
    correlate: CorrelateParams,
) -> list[CellFit]:
    """Each cell at its best place, with the exact correlation there."""
    fixed = planes(cut.arrays["fine"], cut.arrays["fine_valid"])
    cells = cut.arrays["cells"].astype(np.int64)
    margin = (copies.shape[2] - fixed.shape[1]) // 2
    flat = surfaces.ccf.reshape(len(cells), -1)
    best = flat.argmax(axis=1)
    found = flat[np.arange(len(cells)), best] > NOT_MEASURED
    t, s = np.unravel_index(best, surfaces.ccf.shape[1:])
    middle = (surfaces.offsets.min(axis=0) + surfaces.offsets.max(axis=0)) // 2
    places = np.column_stack([t, surfaces.offsets[s] - middle + margin])
    exact = patch_ccf(fixed, copies, cells * BLOCK_PX, places, 2 * BLOCK_PX)
    half = (fixed.shape[1] - 1) / 2.0
    centers = (cells * BLOCK_PX + BLOCK_PX - 0.5 - half) * describe.pitch_um
    counts = cut.arrays["fine_counts"]
    fits = []
    sign = 1.0 if direction == "backward" else -1.0
    for k in range(len(cells)):
        r, c = cells[k]
        fill = float(counts[r : r + 2, c : c + 2].sum()) / (2 * BLOCK_PX) ** 2
        # The other side was turned by `turn`; in its own frame the cell lies turned back.
        turn = sign * float(surfaces.turns_deg[t[k]])
        fell = turn_matrix(-turn) @ (centers[k] + surfaces.offsets[s[k]] * describe.pitch_um)
        measured = bool(found[k]) and np.isfinite(exact[k])
        fits.append(
            CellFit(
                direction=direction,
                center_um=(float(centers[k, 0]), float(centers[k, 1])),
                shift_um=(float(fell[0] - centers[k, 0]), float(fell[1] - centers[k, 1])),
                rotation_deg=-turn,
                ccf=float(exact[k]) if measured else float("nan"),
                fill=fill,
                congruent=False,
                reason="" if measured else "surface",
            )
        )
    return fits
