"""Lengths of an X3P file in um, also where the file gives um in place of metres.

ISO 25178-72 wants metres. Which unit a file means is decided by what is physically possible, for
each axis on its own: a length that is impossible in metres and possible in um is in um.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ribin.errors import FormatError, ScanError
from ribin.model import UM_PER_M, BoolArray, FloatArray
from ribin.params.defaults import ReadParams

_SAMPLED = 100_000  # heights that are enough to tell metres from um: six orders lie between


def pitch_in_um(increment: float, axis: str, params: ReadParams) -> tuple[float, tuple[str, ...]]:
    """The pitch that an increment of the header means, and the repair where it was in um.

    The sign is dropped; `x3p_axes` honours it. An increment that is possible in neither unit is
    returned as metres, for `check_pitch` to refuse.
    """
    stated = abs(increment)
    if not _possible_pitch(stated * UM_PER_M, params) and _possible_pitch(stated, params):
        sentence = f"Increment {increment:.9g} of {axis} read as um: metres are not possible."
        return stated, (sentence,)
    return stated * UM_PER_M, ()


@dataclass(frozen=True, eq=False)
class Heights:
    """Heights in um as (H, W) float32 with their mask, and what was done to read them."""

    values: FloatArray
    valid: BoolArray
    repairs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def heights_in_um(
    stored_m: NDArray[np.float64], name: str, params: ReadParams, no_height: float | None = None
) -> Heights:
    """Heights as float32 in um, 0 where not measured.

    Heights further than `params.max_relief_um` from zero are moved by a constant: float32 would
    round them coarser than a mark is deep. Points that far from the others are numbers that stand
    for a missing point; they are taken as not measured, before the unit is chosen where they are
    many (`x3p_missing`).

    Parameters
    ----------
    stored_m : (H, W) float64 array
        Heights as the file gives them, in metres unless the file is wrong; NaN where not measured.
    no_height : float, optional
        A number of this file that is never a height.

    Raises
    ------
    ScanError
        The relief is impossible in metres and in um.
    """
    valid = np.isfinite(stored_m)
    notes: tuple[str, ...] = ()
    known = () if no_height is None else (no_height,)
    for number in sorted({*known, *stand_ins(stored_m[valid])}):
        held = stored_m == number
        if count := int(np.count_nonzero(held)):
            notes += (
                f"{count} points hold {number:.9g}, a number and no height: taken as not measured.",
            )
            valid &= ~held
    sample = stored_m[valid]
    sample = sample[:: max(1, sample.size // _SAMPLED)]
    if sample.size == 0:
        return Heights(np.zeros(stored_m.shape, np.float32), valid, (), notes)
    with np.errstate(over="ignore"):  # a damaged point may hold any number; it lies too far below
        low, middle, high = (float(q) for q in np.percentile(sample, (1.0, 50.0, 99.0)))
    scale, repairs = _height_scale(high - low, name, params)
    base_um = scale * middle
    if abs(base_um) > params.max_relief_um:
        notes += (f"Heights lie around {base_um:.6g} um, which was subtracted.",)
    else:
        base_um = 0.0
    with np.errstate(over="ignore"):
        heights = stored_m * scale - base_um
    near = valid & (np.abs(heights) <= 2.0 * params.max_relief_um)
    if far := int(np.count_nonzero(valid & ~near)):
        notes += (
            f"{far} points lie beyond {2.0 * params.max_relief_um:g} um: taken as not measured.",
        )
    heights[~near] = 0.0
    return Heights(heights.astype(np.float32), near, repairs, notes)


def _height_scale(relief: float, name: str, params: ReadParams) -> tuple[float, tuple[str, ...]]:
    if relief * UM_PER_M <= params.max_relief_um:
        return UM_PER_M, ()
    if relief <= params.max_relief_um:
        return 1.0, (f"Heights read as um: a relief of {relief:.6g} m is not possible.",)
    raise ScanError(
        f"{name}: a relief of at most {params.max_relief_um:g} um needed, "
        f"found {relief:.6g} m (in um too much as well)"
    )


def _possible_pitch(pitch_um: float, params: ReadParams) -> bool:
    return params.min_pitch_um <= pitch_um <= params.max_pitch_um


# Which way the axes of a file point, brought to one view: row 0 at the top, column 0 at the left.
#
# An X3P file says it in three places: the sign of the increments, an `Origin` that some programs
# add, and the rotation of the header. The standard does not say where row 0 is shown. Here it is at
# the top unless `Origin` names another corner: files in circulation are written that way
# (`Origin NW` in the NIST files, and the outline in `bindata/mask.png` of others fits only so),
# x3ptools calls it the older of two customs, and all that counts for a comparison is that every
# file is treated alike. A file written the other way round with nothing in its header to tell is
# a mirror image that no reader can recognise.

_Scalar = TypeVar("_Scalar", bound=np.generic)

# Signs of x and y: an axis that starts at the far corner is turned round.
_ORIGINS = {"": (1, 1), "NW": (1, 1), "NE": (-1, 1), "SW": (1, -1), "SE": (-1, -1)}
_NOT_A_ROTATION = 1e-3  # deviation from orthonormal; far above the digits that headers carry
_NO_TURN_DEG = 0.01  # over 1000 pixels less than a fifth of a pixel


@dataclass(frozen=True)
class View:
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
) -> View:
    """The view that a header asks for.

    Parameters
    ----------
    increments : (float, float, float)
        Of x, y and z with their signs. The decoder has applied the sign of z already.
    origin : str
        Corner of the first point: NW (also where not stated), NE, SW or SE.
    rotation : (3, 3) float64 array
        From the axes of the file to the global ones. Quarter turns in the plane and half turns
        about x or y are carried out; what remains in the plane is left to the comparison, and a
        tilt of up to `params.max_tilt_deg` to levelling. Both are noted.

    Raises
    ------
    FormatError
        The origin is unknown.
    ScanError
        The rotation mirrors or distorts the surface, or tilts it further.
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
    return View(
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


# Numbers that stand for a point that was not measured: -9999, -1000, 1e10, the smallest integer.
#
# A floating point file has NaN for it and an integer file a list of valid points, but programs
# write their own number all the same. Read as a height it decides the unit of all others.

_SAMPLED2 = 100_000  # heights that show the range of the rest
_MIN_SHARE = 0.001  # of the measured points that hold one and the same extreme value
_MIN_POINTS = 10  # fewer are spikes
_SPIKES_PERCENT = 0.01  # of the rest at either end; they may lie anywhere
# A range away from a surface of that range: a floor, or a clipped height, has slopes leading to it.
_MIN_GAP = 1.0


def stand_ins(measured: NDArray[np.float64]) -> tuple[float, ...]:
    """The smallest or largest of these heights where it is a number and not a height.

    It is held by many points exactly, and is further from all others than those are from each
    other. Both ends are looked at together: -9999 does not hide behind 9999.

    Parameters
    ----------
    measured : (N,) float64 array
        Finite heights in any unit.
    """
    if measured.size == 0:
        return ()
    ends = sorted({float(measured.min()), float(measured.max())})
    least = max(_MIN_POINTS, _MIN_SHARE * measured.size)
    repeated = [end for end in ends if np.count_nonzero(measured == end) >= least]
    if not repeated:
        return ()
    rest = measured[~np.isin(measured, repeated)]
    rest = rest[:: max(1, rest.size // _SAMPLED2)]
    if rest.size == 0:
        return ()
    low, high = np.percentile(rest, (_SPIKES_PERCENT, 100.0 - _SPIKES_PERCENT))
    if low == high:  # two or three levels: nothing to tell a number from a height
        return ()
    far = _MIN_GAP * (high - low)
    return tuple(end for end in repeated if low - end > far or end - high > far)


def smallest_integer(data_type: str, increment: float) -> float | None:
    """The height that the smallest number of an integer axis stands for; None of other types."""
    bits = {"I": 16, "L": 32}.get(data_type)
    return None if bits is None else -float(2 ** (bits - 1)) * increment
