"""Registration of whole marks: the turn and shift in range at which one lies best on another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin.correlate.blocks import block_sums
from ribin.correlate.placement import Placement, disc_offsets, nearest_offset
from ribin.correlate.turned import planes, turn_surface
from ribin.model import FloatArray, Template
from ribin.params import CorrelateParams, DescribeParams, Params

_NORM_STEP_PX = 2  # overlap and energy change slowly over shifts


def coarse_candidates(
    reference: Template, comparison: Template, describe: DescribeParams, correlate: CorrelateParams
) -> list[Placement]:
    """The best placements of the reference on the comparison, none close to a better one."""
    pitch_um = describe.coarse_pitch_um
    reach_px = correlate.shift_range_um / pitch_um
    offsets = disc_offsets(reach_px)
    angles = coarse_angles(correlate)
    surface, valid = coarse_surface(reference)
    fixed, fixed_valid = coarse_surface(comparison)
    moved = turn_surface(surface, valid, angles, fixed.shape[0] + 2 * int(reach_px))
    strength = overlap_correlation(
        planes(fixed, fixed_valid),
        moved,
        comparison.arrays["coarse_runs"],
        offsets,
        correlate.min_overlap * min(valid.sum(), fixed_valid.sum()),
    )
    # The copy shows at p + offset what lies on p of the comparison: the shift is -offset.
    return _peaks(strength, angles, -offsets * pitch_um, correlate)


def refined(
    reference: Template,
    comparison: Template,
    seed: Placement,
    describe: DescribeParams,
    correlate: CorrelateParams,
) -> Placement:
    """The best placement near a coarse one, at the medium pitch."""
    pitch_um = describe.medium_pitch_um
    offsets = disc_offsets(correlate.medium_shift_um / pitch_um)
    steps = np.arange(-correlate.medium_steps, correlate.medium_steps + 1)
    angles = seed.rotation_deg + steps * correlate.medium_rotation_step_deg
    fixed, fixed_valid = comparison.arrays["medium"], comparison.arrays["medium_valid"]
    valid = reference.arrays["medium_valid"]
    start = (-round(seed.shift_um[0] / pitch_um), -round(seed.shift_um[1] / pitch_um))
    size_px = fixed.shape[0] + 2 * int(offsets.max())
    strength = overlap_correlation(
        planes(fixed, fixed_valid),
        turn_surface(reference.arrays["medium"], valid, angles, size_px, start),
        comparison.arrays["medium_runs"],
        offsets,
        correlate.min_overlap * min(valid.sum(), fixed_valid.sum()),
    )
    t, s = np.unravel_index(int(strength.argmax()), strength.shape)
    row, col = -(offsets[s] + np.array(start)) * pitch_um
    return Placement(float(angles[t]), (float(row), float(col)), float(strength[t, s]))


def overlap_correlation(
    fixed: FloatArray,
    moved: FloatArray,
    runs: NDArray[np.int32],
    offsets: NDArray[np.int64],
    min_pixels: float,
) -> FloatArray:
    """Masked correlation of every placement, times the root of the area that it rests on.

    A coefficient over few pixels is high by chance; its product with the root of their number
    is not (the standard error of a correlation falls with that root).

    Parameters
    ----------
    fixed : (3, H, W) float32 array
        Values, squares and mask of the surface that stays.
    moved : (T, 3, N, N) float32 array
        The same of the turned copies, with a margin.
    runs, offsets
        See `block_sums`.
    min_pixels : float
        Placements that overlap less get 0.

    Returns
    -------
    (T, S) float32 array
        ccf * sqrt(overlap / measured pixels of `fixed`).
    """
    few = disc_offsets(float(np.hypot(*offsets[0])) + _NORM_STEP_PX, _NORM_STEP_PX)
    few = few[np.abs(few).max(axis=1) <= np.abs(offsets).max()]
    near = nearest_offset(offsets, few)
    product = _sums(fixed[0], moved[:, 0], runs, offsets)
    energy_moved = _sums(fixed[2], moved[:, 1], runs, few)[:, near]
    energy_fixed = _sums(fixed[1], moved[:, 2], runs, few)[:, near]
    overlap = _sums(fixed[2], moved[:, 2], runs, few)[:, near]
    energy = np.sqrt(energy_moved * energy_fixed)
    enough = (overlap >= min_pixels) & (energy > 0.0)
    root = np.sqrt(overlap / max(float(fixed[2].sum()), 1.0))
    return np.where(enough, product / np.where(enough, energy, 1.0) * root, np.float32(0))


def coarse_angles(correlate: CorrelateParams) -> NDArray[np.float64]:
    """(T,) turns of the coarse search, symmetric about 0."""
    steps = int(correlate.rotation_range_deg / correlate.coarse_rotation_step_deg)
    return np.asarray(np.arange(-steps, steps + 1) * correlate.coarse_rotation_step_deg)


def coarse_surface(template: Template) -> tuple[FloatArray, np.ndarray]:
    """The coarse vector as a square surface, and where it was measured."""
    vector = template.arrays["coarse"]
    side = round(float(np.sqrt(vector.size)))
    surface = vector.reshape(side, side)
    return surface, surface != 0.0


def coarse_scores(query: Template, gallery: FloatArray, params: Params) -> FloatArray:
    """Best coarse correlation of the query with each exhibit, over all turns and shifts.

    Every placement of the query is one vector; one matrix product scores them all on all
    exhibits (DESIGN decision 4).

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
    method = params.breech_face
    pitch_um = method.describe.coarse_pitch_um
    reach = int(method.correlate.shift_range_um / pitch_um)
    offsets = disc_offsets(method.correlate.shift_range_um / pitch_um)
    surface, valid = coarse_surface(query)
    side = surface.shape[0]
    copies = turn_surface(surface, valid, coarse_angles(method.correlate), side + 2 * reach)
    mask = (gallery != 0.0).astype(np.float32).T
    squares = np.square(gallery).T
    smaller = np.minimum(valid.sum(), mask.sum(axis=0))
    best = np.zeros(len(gallery), np.float32)
    for copy in copies:
        moved = np.stack(
            [
                copy[:, reach + r : reach + r + side, reach + c : reach + c + side].reshape(3, -1)
                for r, c in offsets
            ],
            axis=1,
        )
        overlap = moved[2] @ mask
        energy = np.sqrt((moved[1] @ mask) * (moved[2] @ squares))
        enough = (overlap >= method.correlate.min_overlap * smaller) & (energy > 0.0)
        ccf = moved[0] @ gallery.T / np.where(enough, energy, 1.0)
        found = np.where(enough, ccf * np.sqrt(overlap / smaller), 0.0)
        best = np.maximum(best, found.max(axis=0))
    return best.astype(np.float32)


def _sums(fixed: FloatArray, moved: FloatArray, runs: NDArray, offsets: NDArray) -> FloatArray:
    return block_sums(fixed, np.ascontiguousarray(moved), runs, offsets).sum(axis=(2, 3))


def _peaks(
    strength: FloatArray, angles: NDArray, shifts_um: NDArray, correlate: CorrelateParams
) -> list[Placement]:
    left = strength.copy()
    found = []
    for _ in range(correlate.seeds):
        t, s = np.unravel_index(int(left.argmax()), left.shape)
        if left[t, s] <= 0.0:
            break
        row, col = shifts_um[s]
        found.append(Placement(float(angles[t]), (float(row), float(col)), float(left[t, s])))
        near_angle = np.abs(angles - angles[t]) <= correlate.seed_distance_deg
        near_shift = np.hypot(*(shifts_um - shifts_um[s]).T) <= correlate.seed_distance_um
        left[np.ix_(near_angle, near_shift)] = -1.0
    return found
