"""Each cell at the best place that its search found, with the exact correlation there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin.comparison import PlacedCells
from ribin.correlate.ccf import patch_ccf
from ribin.correlate.cells import CellSearch
from ribin.correlate.side import Side
from ribin.params.defaults import BLOCK_PX
from ribin.surface._jit import kernel


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


def placed_cells(cut: Side, search: CellSearch, pitch_um: float) -> PlacedCells:
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


def whole_ccf(cut: Side, search: CellSearch, turn: int, shift: int) -> float:
    """Exact correlation of the whole marks at one turn and shift of the search."""
    place = np.array([[turn, *_to_copy(cut, search, shift)]])
    corner = np.zeros((1, 2), np.int64)
    return float(patch_ccf(cut.fine.surface, search.copies, corner, place, cut.fine.size_px)[0])


def _to_copy(cut: Side, search: CellSearch, shift: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """(N, 2) shifts from a pixel of the cut side to its counterpart in the copies."""
    margin = (search.copies.shape[2] - cut.fine.size_px) // 2
    return np.asarray(search.offsets.every[shift] + margin)
