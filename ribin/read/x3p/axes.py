"""Which way the axes of an X3P file point, brought to one view: row 0 at the top, column 0 left.

A file says it in three places: the sign of the increments, an `Origin` that some programs add, and
the rotation of the header. The standard does not say where row 0 is shown. Here it is at the top
unless `Origin` names another corner: files in circulation are written that way (`Origin NW` in the
NIST files, and the outline in `bindata/mask.png` of others fits only so), x3ptools calls it the
older of two customs, and all that counts for a comparison is that every file is treated alike. A
file written the other way round with nothing in its header to tell is a mirror image that no
reader can recognise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ribin.errors import FormatError, ScanError
from ribin.params.defaults import ReadParams

_Scalar = TypeVar("_Scalar", bound=np.generic)

# Signs of x and y: an axis that starts at the far corner is turned round.
_ORIGINS = {"": (1, 1), "NW": (1, 1), "NE": (-1, 1), "SW": (1, -1), "SE": (-1, -1)}
_NOT_A_ROTATION = 1e-3  # deviation from orthonormal; far above the digits that headers carry
_NO_TURN_DEG = 0.01  # over 1000 pixels less than a fifth of a pixel


@dataclass(frozen=True)
class Orientation:
    """How a stored matrix is moved to stand as displayed: transposed first, then flipped."""

    transpose: bool = False
    flip_rows: bool = False
    flip_cols: bool = False
    negate: bool = False
    notes: tuple[str, ...] = ()

    def placed(self, stored: NDArray[_Scalar]) -> NDArray[_Scalar]:
        """The (H, W, ...) array as displayed; a view of the same memory."""
        moved = stored.swapaxes(0, 1) if self.transpose else stored
        moved = moved[::-1] if self.flip_rows else moved
        return moved[:, ::-1] if self.flip_cols else moved


def view_of_axes(
    increments: tuple[float, float, float],
    origin: str,
    rotation: NDArray[np.float64],
    name: str,
    params: ReadParams,
) -> Orientation:
    """The view that a header asks for.

    `increments` are of x, y and z with their signs; the decoder has applied the sign of z already.
    `origin` is the corner of the first point: NW (also where not stated), NE, SW or SE. Of the
    (3, 3) `rotation` from the axes of the file to the global ones, quarter turns in the plane and
    half turns about x or y are carried out; what remains in the plane is left to the comparison,
    and a tilt of up to `params.max_tilt_deg` to levelling. Both are noted.

    Raises FormatError: the origin is unknown. Raises ScanError: the rotation mirrors or distorts
    the surface, or tilts it further.
    """
    if origin.upper() not in _ORIGINS:
        raise FormatError(f"{name}: Origin NW, NE, SW or SE needed, found {origin!r}")
    corner_x, corner_y = _ORIGINS[origin.upper()]
    turn, turn_notes = _quarter_turn(rotation, name, params)
    steps = np.diag((np.sign(increments[0]) * corner_x, np.sign(increments[1]) * corner_y))
    axes = turn[:2, :2] @ steps  # column: stored axis; row: displayed axis
    notes = [
        f"The increment of {axis} is negative ({value:.9g}): the axis was turned round."
        for axis, value in zip("xyz", increments, strict=True)
        if value < 0
    ]
    if origin and (corner_x, corner_y) != (1, 1):
        notes.append(f"Origin {origin.upper()}: the matrix was flipped to begin at the top left.")
    transpose = bool(axes[0, 0] == 0)
    return Orientation(
        transpose=transpose,
        flip_rows=bool(axes[1, 0] < 0 if transpose else axes[1, 1] < 0),
        flip_cols=bool(axes[0, 1] < 0 if transpose else axes[0, 0] < 0),
        negate=bool(turn[2, 2] < 0),
        notes=(*notes, *turn_notes),
    )


def _quarter_turn(
    rotation: NDArray[np.float64], name: str, params: ReadParams
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """The rotation by quarter turns in the plane and half turns out of it that is nearest."""
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=_NOT_A_ROTATION):
        raise ScanError(f"{name}: the Rotation of the header is not a rotation, {_rows(rotation)}")
    if np.linalg.det(rotation) < 0:
        raise ScanError(
            f"{name}: the Rotation of the header mirrors the surface, {_rows(rotation)}"
        )
    tilt_deg = float(np.degrees(np.arccos(min(1.0, abs(rotation[2, 2])))))
    if tilt_deg > params.max_tilt_deg:
        raise ScanError(
            f"{name}: a Rotation that tilts by at most {params.max_tilt_deg:g} degrees needed, "
            f"found {tilt_deg:.1f} degrees"
        )
    plane = rotation[:2, :2]
    upright = abs(plane[0, 0]) + abs(plane[1, 1]) >= abs(plane[0, 1]) + abs(plane[1, 0])
    turn = np.zeros((3, 3))
    turn[:2, :2] = np.sign(plane) * (np.eye(2) if upright else 1.0 - np.eye(2))
    turn[2, 2] = np.sign(rotation[2, 2])
    notes = []
    if not np.array_equal(turn, np.eye(3)):
        notes.append(f"The Rotation of the header was carried out, {_rows(turn)}.")
    rest_deg = float(np.degrees(np.arccos(np.clip((np.trace(turn.T @ rotation) - 1) / 2, -1, 1))))
    if rest_deg > _NO_TURN_DEG:
        notes.append(f"The header turns the surface by {rest_deg:.2f} degrees more: left as it is.")
    return turn, tuple(notes)


def _rows(matrix: NDArray[np.float64]) -> str:
    return str(np.round(matrix, 6).tolist())
