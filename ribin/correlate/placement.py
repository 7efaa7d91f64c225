"""Placements: how one mark is turned and shifted to lie on another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Placement(NamedTuple):
    """Turn the first mark about its centre, then shift it, and it lies on the second.

    A point x (row, col in um, from the first mark's centre) falls on R(rotation) x + shift, from
    the second mark's centre.
    """

    rotation_deg: float
    shift_um: tuple[float, float]
    strength: float  # what the stage that found it measured; larger is better


def turn_matrix(angle_deg: float) -> NDArray[np.float64]:
    """(2, 2) matrix that turns (row, col) points counter-clockwise as displayed."""
    cosine, sine = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    return np.array([[cosine, -sine], [sine, cosine]])


@dataclass(frozen=True, eq=False)
class Offsets:
    """Shifts to try, and the fewer ones at which slowly changing terms are computed.

    Attributes
    ----------
    every : (S, 2) int64 array
        Whole-pixel shifts (row, col) within a radius.
    few : (G, 2) int64 array
        Shifts some pixels apart.
    near : (S,) int64 array
        Index of the one of `few` that is nearest to each of `every`.
    grid : (2 reach + 1, 2 reach + 1) int64 array
        Index of each of `every` by row and column, -1 outside the radius.
    """

    every: NDArray[np.int64]
    few: NDArray[np.int64]
    near: NDArray[np.int64]
    grid: NDArray[np.int64]

    @property
    def reach_px(self) -> int:
        return self.grid.shape[0] // 2


@lru_cache(maxsize=32)
def disc_offsets(radius_px: float, step_px: int) -> Offsets:
    """All shifts within a radius, and those of a grid of `step_px` that serve them."""
    every = _disc(radius_px, 1)
    few = _disc(radius_px + step_px, step_px)
    few = few[np.abs(few).max(axis=1) <= every.max()]
    apart = ((every[:, None, :] - few[None, :, :]) ** 2).sum(axis=-1)
    used, near = np.unique(apart.argmin(axis=1), return_inverse=True)
    reach = int(every.max())
    grid = np.full((2 * reach + 1, 2 * reach + 1), -1, np.int64)
    grid[every[:, 0] + reach, every[:, 1] + reach] = np.arange(len(every))
    return Offsets(every, few[used], near.astype(np.int64), grid)


def _disc(radius_px: float, step_px: int) -> NDArray[np.int64]:
    reach = int(radius_px // step_px) * step_px
    line = np.arange(-reach, reach + 1, step_px)
    square = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    return square[np.hypot(square[:, 0], square[:, 1]) <= radius_px + 1e-9].astype(np.int64)
