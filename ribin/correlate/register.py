"""Registration of whole marks: the turn and shift in range at which one lies best on another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin._jit import kernel
from ribin.correlate.blocks import whole_sums
from ribin.correlate.copies import coarse_copies, medium_copies
from ribin.correlate.placement import Offsets, Placement, disc_offsets
from ribin.correlate.side import Level, Side
from ribin.correlate.turned import MASK, SQUARES, VALUES
from ribin.model import FloatArray
from ribin.params import CorrelateParams, DescribeParams


def coarse_placements(
    reference: Side, comparison: Side, describe: DescribeParams, correlate: CorrelateParams
) -> list[Placement]:
    """The best placements of the reference on the comparison, none close to a better one."""
    pitch_um = describe.coarse_pitch_um
    norm_step = round(correlate.coarse_norm_step_um / pitch_um)
    offsets = disc_offsets(correlate.shift_range_um / pitch_um, norm_step)
    angles = coarse_angles(correlate)
    copies = coarse_copies(reference, describe, correlate)
    places = np.zeros((len(angles), 3), np.int64)
    places[:, 0] = copies.at(angles)
    strength = overlap_correlation(
        reference.coarse,
        comparison.coarse,
        copies.planes,
        places,
        offsets,
        correlate.min_overlap,
    )
    # The copy shows at p + offset what lies on p of the comparison: the shift is -offset.
    return _peaks(strength, angles, np.asarray(-offsets.every * pitch_um), correlate)


def refined_placements(
    reference: Side,
    comparison: Side,
    seeds: list[Placement],
    describe: DescribeParams,
    correlate: CorrelateParams,
    *,
    turns: int,
    norm_step: int,
) -> list[Placement]:
    """The best placement near each of the seeds, at the medium pitch.

    Tried are `turns` steps to each side; overlap and energy are computed every `norm_step`
    pixels, so 1 is exact.
    """
    pitch_um, step_deg = describe.medium_pitch_um, correlate.medium_rotation_step_deg
    offsets = disc_offsets(correlate.medium_shift_um / pitch_um, norm_step)
    steps = np.arange(-turns, turns + 1)
    nearest = np.rint([seed.rotation_deg / step_deg for seed in seeds])
    angles = np.asarray((nearest[:, None] + steps).ravel() * step_deg)
    starts = np.array([np.rint(-np.array(seed.shift_um) / pitch_um) for seed in seeds], np.int64)
    copies = medium_copies(reference, describe, correlate)
    places = np.column_stack([copies.at(angles), np.repeat(starts, len(steps), axis=0)])
    strength = overlap_correlation(
        reference.medium,
        comparison.medium,
        copies.planes,
        places,
        offsets,
        correlate.min_overlap,
    ).reshape(len(seeds), -1)
    found = []
    for k, best in enumerate(strength.argmax(axis=1)):
        t, s = divmod(int(best), len(offsets.every))
        row, col = -(offsets.every[s] + starts[k]) * pitch_um
        angle = float(angles[k * len(steps) + t])
        found.append(Placement(angle, (float(row), float(col)), float(strength[k, best])))
    return found


def overlap_correlation(
    reference: Level,
    comparison: Level,
    planes: FloatArray,
    places: NDArray[np.int64],
    offsets: Offsets,
    min_overlap: float,
) -> FloatArray:
    """Masked correlation of every placement, times the root of the area that it rests on.

    A coefficient over few pixels is high by chance; its product with the root of their number
    is not (the standard error of a correlation falls with that root).

    Parameters
    ----------
    reference, comparison : Level
        The two surfaces.
    planes : (P, N, N) float32 array
        Values, squares and mask of turned copies of the reference, with a margin.
    places : (T, 3) int array
        First plane and shift of the copies to compare; see `whole_sums`.
    offsets : Offsets
        Shifts.
    min_overlap : float
        Placements at which less than this share of the smaller surface overlaps get 0.

    Returns
    -------
    (T, S) float32 array
        ccf * sqrt(overlap / measured pixels of the smaller surface).
    """
    smaller = min(reference.measured, comparison.measured)
    fixed, runs = comparison.planes, comparison.runs

    def sums(here: int, there: int, shifts: NDArray[np.int64]) -> FloatArray:
        at = places + np.array([there, 0, 0])
        return whole_sums(fixed[here], planes, at, runs, shifts)

    product = sums(VALUES, VALUES, offsets.every)
    energy = sums(MASK, SQUARES, offsets.few) * sums(SQUARES, MASK, offsets.few)
    overlap = sums(MASK, MASK, offsets.few)
    enough = (overlap >= min_overlap * smaller) & (energy > 0.0)
    weight = np.sqrt(overlap / (smaller * np.where(enough, energy, 1.0))) * enough
    return product * weight[:, offsets.near].astype(np.float32)


def coarse_angles(correlate: CorrelateParams) -> NDArray[np.float64]:
    """(T,) turns of the coarse search: symmetric about 0, or the whole circle once."""
    step_deg, range_deg = correlate.coarse_rotation_step_deg, correlate.rotation_range_deg
    steps = int(range_deg / step_deg)
    angles = np.asarray(np.arange(-steps, steps + 1) * step_deg)
    return angles[: int(360.0 / step_deg)]


@kernel
def _pick_peaks(left, angles, shifts, least_deg, least_um, picked):
    for k in range(picked.shape[0]):
        best = left[0, 0]
        picked[k, 0] = 0
        picked[k, 1] = 0
        for t in range(left.shape[0]):
            for s in range(left.shape[1]):
                if left[t, s] > best:
                    best = left[t, s]
                    picked[k, 0] = t
                    picked[k, 1] = s
        angle = angles[picked[k, 0]]
        row = shifts[picked[k, 1], 0]
        col = shifts[picked[k, 1], 1]
        for t in range(left.shape[0]):
            turn = abs((angles[t] - angle + 180.0) % 360.0 - 180.0)
            if turn <= least_deg:
                for s in range(left.shape[1]):
                    down = shifts[s, 0] - row
                    right = shifts[s, 1] - col
                    if down * down + right * right <= least_um * least_um:
                        left[t, s] = -1.0


def _peaks(
    strength: FloatArray,
    angles: NDArray[np.float64],
    shifts_um: NDArray[np.float64],
    correlate: CorrelateParams,
) -> list[Placement]:
    picked = np.empty((correlate.seeds, 2), np.int64)
    least = correlate.seed_distance_deg, correlate.seed_distance_um
    _pick_peaks(strength.copy(), angles, shifts_um, *least, picked)
    found: list[Placement] = []
    for t, s in dict.fromkeys(map(tuple, picked.tolist())):  # the first again where none is left
        if strength[t, s] > 0.0:
            row, col = shifts_um[s].tolist()
            found.append(Placement(float(angles[t]), (row, col), float(strength[t, s])))
    return found
