"""One side of a comparison, laid out for the kernels, and its turned copies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ribin.correlate.turned import Level, TurnedCopies, lay_level, turn_surface
from ribin.model import FloatArray, Template
from ribin.params.defaults import BLOCK_PX, CorrelateParams, DescribeParams

KEPT = 8  # of a few references: one against many uses one, threads perhaps some more


@dataclass(frozen=True, eq=False)
class PreparedSide:
    """A template as the correlator uses it; prepared once, however many it is compared with."""

    coarse: Level
    medium: Level
    fine: Level
    cells: NDArray[np.int64]  # (K, 2) row and column of each cell's first block
    corners: NDArray[np.int64]  # (K, 2) and of its first pixel
    center_um: NDArray[np.float64]  # (K, 2) its centre, from the mark's
    # (K, 4) where the sums of a cell's blocks stand among those of the runs; the place after the
    # last where a block holds nothing
    cell_blocks: NDArray[np.int64]
    cell_fill: NDArray[np.float64]  # (K,) share of each cell that was measured


_prepared: WeakKeyDictionary[Template, PreparedSide] = WeakKeyDictionary()


def prepare_side(template: Template) -> PreparedSide:
    """Lay a template out for the kernels; as long as it lives, that is done once."""
    side = _prepared.get(template)
    if side is None:
        side = _prepared[template] = _lay_out(template)
    return side


def _lay_out(template: Template) -> PreparedSide:
    arrays = template.arrays
    cells = arrays["cells"].astype(np.int64)
    counts = arrays["fine_counts"]
    place = np.full(counts.shape, int(arrays["fine_runs"][:, 2].sum()), np.int64)
    start = 0
    for row, first, number in arrays["fine_runs"].tolist():
        place[row, first : first + number] = np.arange(start, start + number)
        start += number
    corners = ((0, 0), (0, 1), (1, 0), (1, 1))
    quarter = [(cells[:, 0] + r, cells[:, 1] + c) for r, c in corners]
    filled = np.sum([counts[rows, cols] for rows, cols in quarter], axis=0)
    frame = math.isqrt(arrays["coarse"].size)
    coarse = arrays["coarse"].reshape(frame, frame)
    half_px = (arrays["fine"].shape[0] - 1) / 2.0
    return PreparedSide(
        coarse=lay_level(coarse, coarse != 0.0, arrays["coarse_runs"]),
        medium=lay_level(arrays["medium"], arrays["medium_valid"], arrays["medium_runs"]),
        fine=lay_level(arrays["fine"], arrays["fine_valid"], arrays["fine_runs"]),
        cells=cells,
        corners=cells * BLOCK_PX,
        center_um=(cells * BLOCK_PX + (BLOCK_PX - 0.5 - half_px)) * template.pitch_um,
        cell_blocks=np.stack([place[rows, cols] for rows, cols in quarter], axis=1),
        cell_fill=filled / (2.0 * BLOCK_PX) ** 2,
    )


# Turned copies of a side, kept for other pairs.


@lru_cache(maxsize=KEPT)
def coarse_copies(
    reference: PreparedSide, describe: DescribeParams, correlate: CorrelateParams
) -> TurnedCopies:
    """The coarse surface at every turn of the range, with room for every shift."""
    margin = int(correlate.shift_range_um / describe.coarse_pitch_um)
    return TurnedCopies(
        reference.coarse,
        correlate.coarse_rotation_step_deg,
        correlate.rotation_range_deg,
        reference.coarse.size_px + 2 * margin,
    )


@lru_cache(maxsize=KEPT)
def medium_copies(
    reference: PreparedSide, describe: DescribeParams, correlate: CorrelateParams
) -> TurnedCopies:
    """The medium surface, with room for every shift and for two refinements of it."""
    reach_um = correlate.shift_range_um + 2.0 * correlate.medium_shift_um
    margin = math.ceil(reach_um / describe.medium_pitch_um) + 1
    frame_um = reference.coarse.size_px * describe.coarse_pitch_um
    blocks = math.ceil(frame_um / describe.medium_pitch_um / (2 * BLOCK_PX))
    return TurnedCopies(
        reference.medium,
        correlate.medium_rotation_step_deg,
        correlate.rotation_range_deg,
        2 * BLOCK_PX * blocks + 2 * margin,
    )


def fine_copies(
    other: PreparedSide, angles_deg: NDArray[np.float64], size_px: int, shift_px: NDArray[np.int64]
) -> FloatArray:
    """The fine surface at a few turns, (T, N, N); its middle shows the turned point `shift`."""
    level, which = other.fine, np.arange(len(angles_deg))
    out = np.empty((len(angles_deg), size_px, size_px), np.float32)
    shift = (int(shift_px[0]), int(shift_px[1]))
    turn_surface(level.padded, level.reach, angles_deg, which, out, shift)
    return out
