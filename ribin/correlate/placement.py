"""Placements: how one mark is turned and shifted to lie on another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Placement:
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


def disc_offsets(radius_px: float, step_px: int = 1) -> NDArray[np.int64]:
    """(S, 2) whole-pixel shifts within a radius, by row and column."""
    reach = int(radius_px // step_px) * step_px
    line = np.arange(-reach, reach + 1, step_px)
    offsets = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    return offsets[np.hypot(offsets[:, 0], offsets[:, 1]) <= radius_px + 1e-9].astype(np.int64)


def nearest_offset(offsets: NDArray[np.int64], among: NDArray[np.int64]) -> NDArray[np.int64]:
    """(S,) index into `among` of the shift nearest to each of `offsets`."""
    apart = ((offsets[:, None, :] - among[None, :, :]) ** 2).sum(axis=-1)
    return np.asarray(apart.argmin(axis=1))
