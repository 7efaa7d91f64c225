"""One mark against many by their coarse vectors alone: which are worth a full comparison?"""

from __future__ import annotations

import numpy as np

from ribin.correlate.copies import coarse_copies
from ribin.correlate.placement import disc_offsets
from ribin.correlate.register import coarse_angles
from ribin.correlate.side import coarse_surface, prepare_side
from ribin.model import FloatArray, Template
from ribin.params import Params


def coarse_scores(query: Template, gallery: FloatArray, params: Params) -> FloatArray:
    """Best coarse correlation of the query with each exhibit, over all turns and shifts.

    Every placement of the query is a row of a matrix; one product scores all of them on all
    exhibits (DESIGN decision 4). The measure is that of `overlap_correlation`.

    Parameters
    ----------
    query : Template
        Its coarse surface is moved.
    gallery : (N, D) float32 array
        Coarse vectors.

    Returns
    -------
    (N,) float32 array
    """
    correlate = params.breech_face.correlate
    pitch_um = params.breech_face.describe.coarse_pitch_um
    offsets = disc_offsets(correlate.shift_range_um / pitch_um, 1)
    reach = offsets.reach_px
    surface, valid = coarse_surface(query.arrays["coarse"])
    side = surface.shape[0]
    copies = coarse_copies(prepare_side(query), params.breech_face.describe, correlate)
    mask = np.ascontiguousarray((gallery != 0.0).T, np.float32)
    values = np.ascontiguousarray(gallery.T)
    squares = np.square(values)
    smaller = np.minimum(np.float32(valid.sum()), mask.sum(axis=0))
    best = np.zeros(len(gallery), np.float32)
    for first in copies.at(coarse_angles(correlate)):
        copy = copies.planes[first : first + 3]
        moved = np.empty((3, len(offsets.every), side * side), np.float32)
        for s, (r, c) in enumerate(offsets.every + reach):
            moved[:, s] = copy[:, r : r + side, c : c + side].reshape(3, -1)
        overlap = moved[2] @ mask
        energy = (moved[1] @ mask) * (moved[2] @ squares)
        enough = (overlap >= correlate.min_overlap * smaller) & (energy > 0.0)
        weight = np.sqrt(overlap / (smaller * np.where(enough, energy, 1.0))) * enough
        best = np.maximum(best, (moved[0] @ values * weight).max(axis=0))
    return best.astype(np.float32)
