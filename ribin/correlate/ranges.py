"""What a comparison tries around each placement, laid out for the kernels."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ribin.correlate.blocks import Offsets, disc_offsets
from ribin.params.defaults import BLOCK_PX, CorrelateParams, DescribeParams


class Ranges(NamedTuple):
    """Steps, shifts and limits of the stages; angles in degrees."""

    pitch_um: float
    medium_pitch_um: float
    min_overlap: float  # of the smaller mark
    seeds: tuple[int, int]  # placements within the mounting, and beyond it
    seed_limits: tuple[float, float, float]  # see `pick_placements`
    near_steps_deg: NDArray[np.float64]  # (T,) the turns that a coarse step stands for
    near: Offsets
    mounting_deg: float  # a coarse step stands for the turns within half of it
    beyond_lead: float
    settle_steps_deg: NDArray[np.float64]
    settle: Offsets
    cell_steps_deg: NDArray[np.float64]
    cells: Offsets
    min_cell_px: float  # pixels of a cell


@lru_cache(maxsize=32)
def search_ranges(describe: DescribeParams, correlate: CorrelateParams) -> Ranges:
    """The ranges of a method."""
    coarse_deg, medium_deg = correlate.coarse_rotation_step_deg, correlate.medium_rotation_step_deg
    turns = round(coarse_deg / medium_deg)
    fine = np.arange(-correlate.fine_rotation_steps, correlate.fine_rotation_steps + 1)
    medium_px = correlate.medium_shift_um / describe.medium_pitch_um
    norm_px = max(1, round(correlate.norm_step_um / describe.pitch_um))
    half_turn_deg = 180.0 / (4 * math.ceil(90.0 / coarse_deg))
    return Ranges(
        pitch_um=float(describe.pitch_um),
        medium_pitch_um=float(describe.medium_pitch_um),
        min_overlap=float(correlate.min_overlap),
        seeds=(correlate.seeds, correlate.beyond_seeds),
        seed_limits=(
            correlate.seed_distance_deg * (1.0 + 1e-9),
            float(correlate.seed_distance_um),
            correlate.mounting_deg + half_turn_deg,
        ),
        near_steps_deg=np.asarray((np.arange(turns) - (turns - 1) / 2.0) * medium_deg),
        near=disc_offsets(medium_px, 4),
        mounting_deg=correlate.mounting_deg + coarse_deg / 2.0,
        beyond_lead=float(correlate.beyond_lead),
        settle_steps_deg=np.asarray(np.arange(-1, 2) * (medium_deg / 2.0)),
        settle=disc_offsets(medium_px, 1),
        cell_steps_deg=np.asarray(fine * correlate.fine_rotation_step_deg),
        cells=disc_offsets(correlate.search_radius_um / describe.pitch_um, norm_px),
        min_cell_px=correlate.min_cell_overlap * (2 * BLOCK_PX) ** 2,
    )
