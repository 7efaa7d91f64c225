"""The cells of one mark searched on the other, around where the whole mark fell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ribin._jit import kernel, sum_kernel
from ribin.correlate.blocks import block_sums
from ribin.correlate.copies import fine_copies
from ribin.correlate.placement import disc_offsets, turn_matrix
from ribin.correlate.side import Side
from ribin.correlate.turned import MASK, SQUARES, VALUES
from ribin.model import FloatArray
from ribin.params import BLOCK_PX, CorrelateParams, DescribeParams


@sum_kernel
def _norms(moved, fixed, overlap, cell_blocks, min_pixels, out):
    """1 / sqrt(energies) of each cell, or 0 where too little of it was measured on both sides."""
    for t in range(moved.shape[0]):
        for k in range(cell_blocks.shape[0]):
            for g in range(moved.shape[2]):
                m = np.float32(0.0)
                f = np.float32(0.0)
                n = np.float32(0.0)
                for q in range(4):
                    b = cell_blocks[k, q]
                    m += moved[t, b, g]
                    f += fixed[t, b, g]
                    n += overlap[t, b, g]
                energy = m * f
                enough = n >= min_pixels and energy > 0.0
                out[t, k, g] = np.float32(1.0) / np.sqrt(energy) if enough else np.float32(0.0)


@sum_kernel
def _search(product, norms, near, cell_blocks, ccf, joint, best, place):
    """Each cell's best placement, and the Fisher values of all cells summed at each placement."""
    for t in range(product.shape[0]):
        total = joint[0, t]
        number = joint[1, t]
        for k in range(cell_blocks.shape[0]):
            one = product[t, cell_blocks[k, 0]]
            two = product[t, cell_blocks[k, 1]]
            three = product[t, cell_blocks[k, 2]]
            four = product[t, cell_blocks[k, 3]]
            norm = norms[t, k]
            for s in range(ccf.shape[0]):
                scale = norm[np.uint64(near[s])]
                r = (one[s] + two[s] + three[s] + four[s]) * scale
                r = min(np.float32(1.0), max(np.float32(-1.0), r))
                # Fisher's z to its fifth power: within 3 % up to r = 0.8, and bounded.
                q = r * r
                total[s] += r * (
                    np.float32(1.0) + q * (np.float32(1.0 / 3.0) + q * np.float32(0.2))
                )
                compared = scale > np.float32(0.0)
                number[s] += np.float32(1.0) if compared else np.float32(0.0)
                ccf[s] = r if compared else np.float32(-2.0)
            for s in range(ccf.shape[0]):
                if ccf[s] > best[k]:
                    best[k] = ccf[s]
                    place[k, 0] = t
                    place[k, 1] = s


@kernel
def _join(joint, number, where, out_joint, out_number):
    for t in range(where.shape[0]):
        for s in range(where.shape[1]):
            if where[t, s] >= 0:
                out_joint[t, where[t, s]] += joint[t, s]
                out_number[t, where[t, s]] += number[t, s]


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
    copies : (T, 3, N, N) float32 array
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
    copies = fine_copies(other, turns_deg, fine.size_px + 2 * offsets.reach_px, start)
    places = np.zeros((len(turns_deg), 3), np.int64)
    places[:, 0] = 3 * np.arange(len(turns_deg))

    def sums(here: int, there: int, shifts: NDArray[np.int64]) -> FloatArray:
        planes, at = copies.reshape(-1, *copies.shape[2:]), places + np.array([there, 0, 0])
        return block_sums(fine.planes[here], planes, at, fine.runs, shifts)

    norms = np.empty((len(turns_deg), len(cut.cells), len(offsets.few)), np.float32)
    _norms(
        sums(MASK, SQUARES, offsets.few),
        sums(SQUARES, MASK, offsets.few),
        sums(MASK, MASK, offsets.few),
        cut.cell_blocks,
        np.float32(correlate.min_cell_overlap * (2 * BLOCK_PX) ** 2),
        norms,
    )
    product = sums(VALUES, VALUES, offsets.every)
    joint = np.zeros((2, len(turns_deg), len(offsets.every)), np.float32)
    ccf = np.full(len(cut.cells), -2.0, np.float32)
    place = np.zeros((len(cut.cells), 2), np.int64)
    row = np.empty(len(offsets.every), np.float32)
    _search(product, norms, offsets.near, cut.cell_blocks, row, joint, ccf, place)
    shifts = offsets.every + start
    return CellSearch(joint[0], joint[1], ccf, place, turns_deg, shifts, copies, start)


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
    # Backward, x of the comparison lies on x + d of the reference turned by a; forward, y of the
    # reference lies on y + e of the comparison turned by -a: the same if d = -R(a) e.
    back = np.stack([-forward.shifts_px @ turn_matrix(t).T for t in backward.turns_deg])
    to = np.rint(back).astype(np.int64) - first
    # A shift beyond the others' range is put beside the square, where nothing is.
    beside = ((to < 0) | (to >= side)).any(axis=2)
    where = np.where(beside, -1, place[tuple(np.clip(to, 0, side - 1).transpose(2, 0, 1))])
    _join(forward.joint[::-1], forward.number[::-1], where, total, number)
    return np.asarray(total / np.sqrt(np.maximum(number, 1.0)), np.float32)
