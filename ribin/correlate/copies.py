"""Turned copies of the reference, each made when it is first asked for and kept for other pairs."""

from __future__ import annotations

import math
from functools import lru_cache
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from ribin.correlate.side import Level, Side
from ribin.correlate.turned import turn_surface
from ribin.model import FloatArray
from ribin.params.defaults import BLOCK_PX, CorrelateParams, DescribeParams

KEPT = 8  # of a few references: one against many uses one, threads perhaps some more
_MORE_TURNS = 3  # steps that refinement may go beyond the range


class TurnedCopies:
    """A surface turned by the multiples of a step.

    Attributes
    ----------
    surfaces : (A, N, N) float32 array
        Each of A turns; of no meaning until `at` was asked for it.
    """

    def __init__(self, level: Level, step_deg: float, range_deg: float, size_px: int) -> None:
        steps = math.ceil(range_deg / step_deg) + _MORE_TURNS
        self._level, self._step_deg, self._steps = level, step_deg, steps
        self._made = np.zeros(2 * steps + 1, np.bool_)
        self._making = Lock()
        self.surfaces = np.empty((len(self._made), size_px, size_px), np.float32)

    def at(self, angles_deg: NDArray[np.float64]) -> NDArray[np.int64]:
        """Which of the surfaces is turned by the step nearest to each angle, (T,)."""
        turns = np.rint(angles_deg / self._step_deg).astype(np.int64)
        places = turns + self._steps
        if not self._made[places].all():
            self._make(places)
        return np.asarray(places)

    def _make(self, places: NDArray[np.int64]) -> None:
        with self._making:
            new = np.unique(places[~self._made[places]])
            angles_deg = np.asarray((new - self._steps) * self._step_deg)
            level = self._level
            turn_surface(level.padded, level.reach, angles_deg, new, self.surfaces)
            self._made[new] = True


@lru_cache(maxsize=KEPT)
def coarse_copies(
    reference: Side, describe: DescribeParams, correlate: CorrelateParams
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
    reference: Side, describe: DescribeParams, correlate: CorrelateParams
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
    other: Side, angles_deg: NDArray[np.float64], size_px: int, shift_px: NDArray[np.int64]
) -> FloatArray:
    """The fine surface at a few turns, (T, N, N); its middle shows the turned point `shift`."""
    level, which = other.fine, np.arange(len(angles_deg))
    out = np.empty((len(angles_deg), size_px, size_px), np.float32)
    shift = (int(shift_px[0]), int(shift_px[1]))
    turn_surface(level.padded, level.reach, angles_deg, which, out, shift)
    return out
