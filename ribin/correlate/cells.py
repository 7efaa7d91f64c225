"""The cells of one mark searched on the other, around where the whole mark fell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ribin._jit import sum_kernel
from ribin.correlate.blocks import block_sums
from ribin.correlate.placement import disc_offsets, turn_matrix
from ribin.correlate.side import Side
from ribin.model import FloatArray
from ribin.params import BLOCK_PX, CorrelateParams, DescribeParams


@sum_kernel
def _norms(moved, fixed, overlap, cell_blocks, min_pixels, out):
    """1 / sqrt(energies) of each cell, or 0 where too little of it was measured on both sides."""
    for t in range(moved.shape[0]):
        for g in range(moved.shape[1]):
            for k in range(cell_blocks.shape[0]):
                m = np.float32(0.0)
                f = np.float32(0.0)
                n = np.float32(0.0)
                for q in range(4):
                    b = np.uint64(cell_blocks[k, q])
                    m += moved[t, g, b]
                    f += fixed[t, g, b]
                    n += overlap[t, g, b]
                energy = m * f
                enough = n >= min_pixels and energy > 0.0
                out[t, g, k] = np.float32(1.0) / np.sqrt(energy) if enough else np.float32(0.0)


@sum_kernel
def _search(product, norms, near, cell_blocks, joint, number, best, place):
    """Each cell's best placement, and the Fisher values of all cells summed at each placement."""
    for t in range(product.shape[0]):
        for s in range(product.shape[1]):
            sums = product[t, s]
            norm = norms[t, near[s]]
            total = np.float32(0.0)
            count = 0
            for k in range(cell_blocks.shape[0]):
                if norm[k] > 0.0:
                    r = (
                        sums[np.uint64(cell_blocks[k, 0])]
                        + sums[np.uint64(cell_blocks[k, 1])]
                        + sums[np.uint64(cell_blocks[k, 2])]
                        + sums[np.uint64(cell_blocks[k, 3])]
                    ) * norm[k]
                    r = min(np.float32(1.0), max(np.float32(-1.0), r))
                    # Fisher's z to its fifth power: within 3 % up to r = 0.8, and bounded.
                    q = r * r
                    total += r * (
                        np.float32(1.0) + q * (np.float32(1.0 / 3.0) + q * np.float32(0.2))
                    )
                    count += 1
                    if r > best[k]:
                        best[k] = r
                        place[k, 0] = t
                        place[k, 1] = s
            joint[t, s] = total
            number[t, s] = count


@dataclass(frozen=True, eq=False)
class CellSearch:
    """What the search of K cells at T turns and S shifts of the other surface found.

    Attributes
    ----------
    joint, number : (T, S) float32 arrays
        Sum over the cells of Fisher's z of their correlation, and how many cells could be
        compared.
    ccf : (K,) float32 array
        Highest correlation of each cell; -2 where it could be compared nowhere.
    place : (K, 2) int64 array
        Turn and shift at which it was reached.
    turns_deg : (T,) float64 array
        Turn of the other surface.
    shifts_px : (S, 2) int64 array
        From a point of the cell to its counterpart on the turned surface.
    copies : (3, T, N, N) float32 array
        The turned surface; a shift s of `shifts_px` is reached at `margin + s - start`.
    start : (2,) int64 array
        Shift that the middle of the copies shows.
    """

    joint: FloatArray
    number: FloatArray
    ccf: FloatArray
    place: NDArray[np.int64]
    turns_deg: NDArray[np.float64]
    shifts_px: NDArray[np.int64]
    copies: FloatArray
    start: NDArray[np.int64]


def search_cells(
    cut: Side,
    other: Side,
    turn_deg: float,
    shift_px: NDArray[np.float64],
    describe: DescribeParams,
    correlate: CorrelateParams,
) -> CellSearch:
    """Search the cells of one side on the other, turned by about `turn_deg`, around a shift."""
    norm_step = max(1, round(correlate.norm_step_um / describe.pitch_um))
    offsets = disc_offsets(correlate.search_radius_um / describe.pitch_um, norm_step)
    steps = np.arange(-correlate.fine_rotation_steps, correlate.fine_rotation_steps + 1)
    turns_deg = np.asarray(turn_deg + steps * correlate.fine_rotation_step_deg)
    start = np.rint(shift_px).astype(np.int64)
    fine = cut.fine
    copies = other.fine.turned(
        turns_deg,
        fine.size_px + 2 * offsets.reach_px,
        np.broadcast_to(start, (len(turns_deg), 2)),
    )
    product = block_sums(fine.planes[0], copies[0], fine.runs, offsets.every)
    norms = np.empty((len(turns_deg), len(offsets.few), len(cut.cells)), np.float32)
    _norms(
        block_sums(fine.planes[2], copies[1], fine.runs, offsets.few),
        block_sums(fine.planes[1], copies[2], fine.runs, offsets.few),
        block_sums(fine.planes[2], copies[2], fine.runs, offsets.few),
        cut.cell_blocks,
        np.float32(correlate.min_cell_overlap * (2 * BLOCK_PX) ** 2),
        norms,
    )
    shape = product.shape[:2]
    joint, number = np.empty(shape, np.float32), np.empty(shape, np.float32)
    ccf = np.full(len(cut.cells), -2.0, np.float32)
    place = np.zeros((len(cut.cells), 2), np.int64)
    _search(product, norms, offsets.near, cut.cell_blocks, joint, number, ccf, place)
    return CellSearch(joint, number, ccf, place, turns_deg, offsets.every + start, copies, start)


def joint_surface(backward: CellSearch, forward: CellSearch) -> FloatArray:
    """At which one placement do all cells of both marks agree best?

    Each cell alone finds many places that fit by chance; only at the true placement do they fit
    together. So the correlations are summed over all cells at the same turn and shift and divided
    by the root of their number: under chance the sum keeps its spread however many there are.

    Parameters
    ----------
    backward : CellSearch
        Cells of the comparison on the turned reference.
    forward : CellSearch
        Cells of the reference on the comparison, turned the other way by the same angles.

    Returns
    -------
    (T, S) float32 array
        Over the placements of `backward`; 0 where no cell could be compared.
    """
    total, number = backward.joint.copy(), backward.number.copy()
    first = backward.shifts_px.min(axis=0)
    side = int((backward.shifts_px.max(axis=0) - first).max()) + 1
    place = np.full((side, side), -1, np.int64)
    place[backward.shifts_px[:, 0] - first[0], backward.shifts_px[:, 1] - first[1]] = np.arange(
        len(backward.shifts_px)
    )
    last = len(backward.turns_deg) - 1
    for t, turn in enumerate(backward.turns_deg):
        # Backward, x of the comparison lies on x + d of the reference turned by a; forward, y of
        # the reference lies on y + e of the comparison turned by -a: the same if d = -R(a) e.
        back = np.rint(-forward.shifts_px @ turn_matrix(turn).T).astype(np.int64) - first
        inside = ((back >= 0) & (back < side)).all(axis=1)
        to = place[back[inside, 0], back[inside, 1]]
        known, rows = to >= 0, np.flatnonzero(inside)
        np.add.at(total[t], to[known], forward.joint[last - t, rows[known]])
        np.add.at(number[t], to[known], forward.number[last - t, rows[known]])
    return np.asarray(total / np.sqrt(np.maximum(number, 1.0)), np.float32)
