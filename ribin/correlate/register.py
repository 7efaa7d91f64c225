"""Registration of whole marks: the turn and shift in range at which one lies best on another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin.correlate.blocks import block_sums
from ribin.correlate.placement import Offsets, Placement, disc_offsets
from ribin.correlate.side import Level, Side
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
    size_px = comparison.coarse.size_px + 2 * offsets.reach_px
    moved = reference.coarse_copies(angles, size_px)
    strength = overlap_correlation(
        reference.coarse, comparison.coarse, moved, offsets, correlate.min_overlap
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
    pitch_um = describe.medium_pitch_um
    offsets = disc_offsets(correlate.medium_shift_um / pitch_um, norm_step)
    turned = np.arange(-turns, turns + 1) * correlate.medium_rotation_step_deg
    angles = np.concatenate([seed.rotation_deg + turned for seed in seeds])
    starts = np.array([np.rint(-np.array(seed.shift_um) / pitch_um) for seed in seeds], np.int64)
    moved = reference.medium.turned(
        angles,
        comparison.medium.size_px + 2 * offsets.reach_px,
        np.repeat(starts, len(turned), axis=0),
    )
    strength = overlap_correlation(
        reference.medium, comparison.medium, moved, offsets, correlate.min_overlap
    ).reshape(len(seeds), -1)
    found = []
    for k, best in enumerate(strength.argmax(axis=1)):
        t, s = divmod(int(best), len(offsets.every))
        row, col = -(offsets.every[s] + starts[k]) * pitch_um
        angle = float(angles[k * len(turned) + t])
        found.append(Placement(angle, (float(row), float(col)), float(strength[k, best])))
    return found


def overlap_correlation(
    reference: Level, comparison: Level, moved: FloatArray, offsets: Offsets, min_overlap: float
) -> FloatArray:
    """Masked correlation of every placement, times the root of the area that it rests on.

    A coefficient over few pixels is high by chance; its product with the root of their number
    is not (the standard error of a correlation falls with that root).

    Parameters
    ----------
    reference, comparison : Level
        The two surfaces.
    moved : (3, T, N, N) float32 array
        Turned copies of the reference, with a margin.
    offsets : Offsets
        Shifts.
    min_overlap : float
        Placements at which less than this share of the smaller surface overlaps get 0.

    Returns
    -------
    (T, S) float32 array
        ccf * sqrt(overlap / measured pixels of the smaller surface).
    """
    fixed, runs = comparison.planes, comparison.runs
    smaller = min(reference.measured, comparison.measured)
    product = block_sums(fixed[0], moved[0], runs, offsets.every).sum(axis=-1)
    energy = block_sums(fixed[2], moved[1], runs, offsets.few).sum(axis=-1)
    energy *= block_sums(fixed[1], moved[2], runs, offsets.few).sum(axis=-1)
    overlap = block_sums(fixed[2], moved[2], runs, offsets.few).sum(axis=-1)
    enough = (overlap >= min_overlap * smaller) & (energy > 0.0)
    weight = np.sqrt(overlap / (smaller * np.where(enough, energy, 1.0))) * enough
    return product * weight[:, offsets.near].astype(np.float32)


def coarse_angles(correlate: CorrelateParams) -> NDArray[np.float64]:
    """(T,) turns of the coarse search: symmetric about 0, or the whole circle once."""
    step_deg, range_deg = correlate.coarse_rotation_step_deg, correlate.rotation_range_deg
    steps = int(range_deg / step_deg)
    angles = np.asarray(np.arange(-steps, steps + 1) * step_deg)
    return angles[: int(360.0 / step_deg)]


def _peaks(
    strength: FloatArray,
    angles: NDArray[np.float64],
    shifts_um: NDArray[np.float64],
    correlate: CorrelateParams,
) -> list[Placement]:
    left = strength.copy()
    found: list[Placement] = []
    while len(found) < correlate.seeds:
        t, s = divmod(int(left.argmax()), left.shape[1])
        if left[t, s] <= 0.0:
            break
        row, col = shifts_um[s]
        found.append(Placement(float(angles[t]), (float(row), float(col)), float(left[t, s])))
        turn = np.abs((angles - angles[t] + 180.0) % 360.0 - 180.0)
        away = shifts_um - shifts_um[s]
        near = away[:, 0] ** 2 + away[:, 1] ** 2 <= correlate.seed_distance_um**2
        left[np.ix_(turn <= correlate.seed_distance_deg, near)] = -1.0
    return found
