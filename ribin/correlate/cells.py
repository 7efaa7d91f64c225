"""The cells of one mark searched on the other, around where the whole mark fell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ribin.comparison import RigidMotion
from ribin.correlate.blocks import Offsets, block_sums, parabola_top
from ribin.correlate.ranges import Ranges
from ribin.correlate.side import PreparedSide
from ribin.correlate.turned import turn_surface
from ribin.model import FloatArray
from ribin.surface._jit import kernel, sum_kernel


@sum_kernel
def _cell_norms(energies, blocks, min_pixels, norms):
    """1 / sqrt(energies) of a cell, or 0 where too little of it was measured on both sides."""
    one, two, three, four = blocks
    moved, fixed, overlap = energies
    for g in range(norms.shape[0]):
        m = moved[one, g] + moved[two, g] + moved[three, g] + moved[four, g]
        f = fixed[one, g] + fixed[two, g] + fixed[three, g] + fixed[four, g]
        n = overlap[one, g] + overlap[two, g] + overlap[three, g] + overlap[four, g]
        energy = m * f
        enough = n >= min_pixels and energy > np.float32(0.0)
        norms[g] = np.float32(1.0) / np.sqrt(energy) if enough else np.float32(0.0)


@sum_kernel
def _cell_ccfs(products, blocks, norms, ccf):
    """Correlation of a cell at every shift; `norms` is 0 where it cannot be compared."""
    one, two, three, four = (
        products[blocks[0]],
        products[blocks[1]],
        products[blocks[2]],
        products[blocks[3]],
    )
    for s in range(ccf.shape[0]):
        r = (one[s] + two[s] + three[s] + four[s]) * norms[s]
        ccf[s] = min(np.float32(1.0), max(np.float32(-1.0), r))


@sum_kernel
def _add_fisher(ccf, norms, total, number):
    """Fisher's z to its fifth power: within 3 % up to r = 0.8, and bounded."""
    third, fifth = np.float32(1.0 / 3.0), np.float32(0.2)
    for s in range(ccf.shape[0]):
        q = ccf[s] * ccf[s]
        total[s] += ccf[s] * (np.float32(1.0) + q * (third + q * fifth))
        number[s] += np.float32(1.0) if norms[s] > np.float32(0.0) else np.float32(0.0)


@sum_kernel
def _search(products, energies, near, cell_blocks, min_pixels, joint, best, place):
    """Each cell's best placement, and the Fisher values of all cells summed at each placement."""
    few = np.empty(energies.shape[3], np.float32)
    norms = np.empty(near.shape[0], np.float32)
    ccf = np.empty(near.shape[0], np.float32)
    for t in range(products.shape[0]):
        for k in range(cell_blocks.shape[0]):
            _cell_norms(energies[t], cell_blocks[k], min_pixels, few)
            for s in range(near.shape[0]):
                norms[s] = few[near[s]]
            _cell_ccfs(products[t], cell_blocks[k], norms, ccf)
            _add_fisher(ccf, norms, joint[0, t], joint[1, t])
            for s in range(near.shape[0]):
                if ccf[s] > best[k] and norms[s] > np.float32(0.0):
                    best[k] = ccf[s]
                    place[k, 0] = t
                    place[k, 1] = s


@sum_kernel
def _join(forward, shifts, start, turns_rad, grid, back_start, out):
    """Add what the cells of the other direction say of the same placements."""
    reach = grid.shape[0] // 2
    last = turns_rad.shape[0] - 1
    for t in range(turns_rad.shape[0]):
        cosine, sine = np.cos(turns_rad[t]), np.sin(turns_rad[t])
        for s in range(shifts.shape[0]):
            row = shifts[s, 0] + start[0]
            col = shifts[s, 1] + start[1]
            r = int(np.rint(sine * col - cosine * row)) - back_start[0] + reach
            c = int(np.rint(-sine * row - cosine * col)) - back_start[1] + reach
            if 0 <= r < grid.shape[0] and 0 <= c < grid.shape[1] and grid[r, c] >= 0:
                out[0, t, grid[r, c]] += forward[0, last - t, s]
                out[1, t, grid[r, c]] += forward[1, last - t, s]


class CellSearch(NamedTuple):
    """What the search of K cells at T turns and S shifts of the other surface found."""

    # (2, T, S) over the cells that could be compared: sum of Fisher's z, and their number
    joint: FloatArray
    ccf: FloatArray  # (K,) highest correlation of each cell; -2 where it could be compared nowhere
    place: NDArray[np.int64]  # (K, 2) turn and shift at which it was reached
    turns_deg: NDArray[np.float64]  # (T,) of the other surface
    offsets: Offsets  # shifts, from `start`
    copies: FloatArray  # (T, N, N) the turned surface; an offset of 0 is reached at its margin
    start: NDArray[np.int64]  # (2,) shift that the middle of the copies shows
    shifts_px: NDArray[np.int64]  # (S, 2) from a point of the cell to its counterpart, once turned


@kernel
def search_cells(
    cut: PreparedSide, other: PreparedSide, motion: RigidMotion, ranges: Ranges
) -> CellSearch:
    """Search the cells of one side on the other around a motion of the other on it."""
    turns_deg = motion.rotation_deg + ranges.cell_steps_deg
    offsets, number = ranges.cells, len(turns_deg)
    start, shifts = np.empty(2, np.int64), np.empty((number, 2), np.int64)
    for axis in range(2):
        start[axis] = int(np.rint(-motion.shift_um[axis] / ranges.pitch_um))
        shifts[:, axis] = start[axis]
    fine = cut.fine
    size_px = fine.surface.shape[0] + offsets.grid.shape[0] - 1
    places = np.zeros((number, 3), np.int64)
    for t in range(number):
        places[t, 0] = t
    copies = turn_surface(other.fine.padded, other.fine.reach, turns_deg, shifts, size_px)
    sums = block_sums(fine.surface, copies, places, fine.runs, offsets, False)
    joint = np.zeros((2, number, len(offsets.every)), np.float32)
    ccf = np.full(len(cut.cells), np.float32(-2.0))
    place = np.zeros((len(cut.cells), 2), np.int64)
    enough = np.float32(ranges.min_cell_px)
    _search(sums.products, sums.energies, offsets.near, cut.cell_blocks, enough, joint, ccf, place)
    return CellSearch(joint, ccf, place, turns_deg, offsets, copies, start, offsets.every + start)


@kernel
def joint_surface(own: CellSearch, other: CellSearch) -> FloatArray:
    """At which one placement do all cells of both marks agree best?

    Each cell alone finds many places that fit by chance; only at the true placement do they fit
    together. So the correlations are summed over all cells at the same turn and shift and divided
    by the root of their number: under chance the sum keeps its spread however many there are.

    `own` has the cells of one mark on the other, turned, and `other` those of that one on the
    first, turned the other way by the same angles. Returns (T, S) float32 over the placements of
    `own`; 0 where no cell could be compared.
    """
    # Own, x of its mark lies on x + d of the other turned by a; y of the other lies on y + e of the
    # first turned by -a: the same if d = -R(a) e.
    joint = own.joint.copy()
    turns_rad = np.deg2rad(own.turns_deg)
    shifts, grid = other.offsets.every, own.offsets.grid
    _join(other.joint, shifts, other.start, turns_rad, grid, own.start, joint)
    return joint[0] / np.sqrt(np.maximum(joint[1], np.float32(1.0)))


class JointPlacement(NamedTuple):
    """The turn and shift of a search at which all cells agree best."""

    agreement: float
    motion: RigidMotion  # of the turned mark on the one that was cut into cells
    turn: int
    shift: int


@kernel
def best_joint(search: CellSearch, joint: FloatArray, pitch_um: float) -> JointPlacement:
    """The highest place of the joint surface of a search, and how high it is between the places."""
    turn, shift = divmod(joint.argmax(), joint.shape[1])
    row, col = search.shifts_px[shift]
    motion = RigidMotion(search.turns_deg[turn], (-row * pitch_um, -col * pitch_um))
    rise = parabola_top(joint, turn, shift, search.offsets).rise
    return JointPlacement(np.float64(joint[turn, shift]) + rise, motion, turn, shift)
