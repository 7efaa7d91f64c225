"""The joint surface: at which one placement do all cells of both marks agree best?

Each cell alone finds many places that fit by chance; only at the true placement do they fit
together. So the correlations are summed over all cells at the same turn and shift, as Fisher
values, and divided by the root of their number: under chance the sum keeps its spread however
many cells there are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin._jit import sum_kernel
from ribin.correlate.cellsurfaces import CellSurfaces
from ribin.correlate.placement import turn_matrix
from ribin.model import FloatArray


@sum_kernel
def _add_cells(ccf, to_shift, total, number):
    for k in range(ccf.shape[0]):
        for t in range(ccf.shape[1]):
            for s in range(ccf.shape[2]):
                here = to_shift[t, s]
                r = ccf[k, t, s]
                if here >= 0 and r > -1.5:
                    # Fisher's z to its fifth power: within 3 % up to r = 0.8, and bounded.
                    q = r * r
                    total[t, here] += r * (1.0 + q * (1.0 / 3.0 + q * (1.0 / 5.0)))
                    number[t, here] += 1.0


def joint_surface(backward: CellSurfaces, forward: CellSurfaces) -> tuple[FloatArray, FloatArray]:
    """Sum the cells of both directions over the placements of `backward`.

    Parameters
    ----------
    backward : CellSurfaces
        Cells of the comparison on the turned reference.
    forward : CellSurfaces
        Cells of the reference on the comparison turned the other way.

    Returns
    -------
    (T, S) float32 array, (T, S) float32 array
        Sum of Fisher values over the root of their number, and that number.
    """
    shape = backward.ccf.shape[1:]
    total, number = np.zeros(shape), np.zeros(shape)
    same = np.broadcast_to(np.arange(shape[1]), shape).astype(np.int64)
    _add_cells(backward.ccf, same, total, number)
    _add_cells(forward.ccf, _matching_shifts(backward, forward), total, number)
    joint = total / np.sqrt(np.maximum(number, 1.0))
    return joint.astype(np.float32), number.astype(np.float32)


def _matching_shifts(backward: CellSurfaces, forward: CellSurfaces) -> NDArray[np.int64]:
    """(T, S) index of the backward placement that each forward one is the reverse of, or -1.

    Backward: the point x of the comparison lies on x + d of the reference turned by a. Forward:
    y of the reference lies on y + e of the comparison turned by -a. Both say the same when
    e = -R(-a) d.
    """
    first = backward.offsets.min(axis=0)
    side = int((backward.offsets.max(axis=0) - first).max()) + 1
    place = np.full((side, side), -1, np.int64)
    rows, cols = (backward.offsets - first).T
    place[rows, cols] = np.arange(len(backward.offsets))
    found = np.full((len(backward.turns_deg), len(forward.offsets)), -1, np.int64)
    for t, turn in enumerate(backward.turns_deg):
        back = np.rint(-forward.offsets @ turn_matrix(turn).T).astype(np.int64) - first
        inside = ((back >= 0) & (back < side)).all(axis=1)
        found[t, inside] = place[back[inside, 0], back[inside, 1]]
    return found
