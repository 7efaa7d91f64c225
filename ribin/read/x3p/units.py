"""Lengths of an X3P file in um, also where it gives um in place of metres or numbers for gaps.

ISO 25178-72 wants metres. Which unit a file means is decided by what is physically possible, for
each axis on its own: a length that is impossible in metres and possible in um is in um. A floating
point file has NaN for a point that was not measured and an integer file a list of valid points, but
programs write their own number all the same: -9999, -1000, 1e10, the smallest integer. Read as a
height it would decide the unit of all others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ribin.errors import ScanError
from ribin.model import UM_PER_M, BoolArray, FloatArray
from ribin.params.defaults import ReadParams

_SAMPLED = 100_000  # heights that show a range: enough to tell metres from um, six orders apart
_MIN_SHARE = 0.001  # of the measured points that hold one and the same extreme value
_MIN_POINTS = 10  # fewer are spikes
_SPIKES_PERCENT = 0.01  # of the rest at either end; they may lie anywhere
# A range away from a surface of that range: a floor, or a clipped height, has slopes leading to it.
_MIN_GAP = 1.0


def pitch_in_um(increment: float, axis: str, params: ReadParams) -> tuple[float, tuple[str, ...]]:
    """The pitch that an increment of the header means, and the repair where it was in um.

    The sign is dropped; `axes` honours it. An increment that is possible in neither unit is
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
    stored_m: NDArray[np.float64], name: str, params: ReadParams, no_height: float | None
) -> Heights:
    """Heights as float32 in um, 0 where not measured.

    Heights further than `params.max_relief_um` from zero are moved by a constant: float32 would
    round them coarser than a mark is deep. Points that far from the others are numbers that stand
    for a missing point; they are taken as not measured, before the unit is chosen where they are
    many (`stand_ins`), as is `no_height`, a number of this file that is never a height. `stored_m`
    is (H, W) float64 in metres unless the file is wrong; NaN where not measured.

    Raises ScanError: the relief is impossible in metres and in um.
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


def stand_ins(measured: NDArray[np.float64]) -> tuple[float, ...]:
    """The smallest or largest of these heights where it is a number and not a height.

    It is held by many points exactly, and is further from all others than those are from each
    other. Both ends are looked at together: -9999 does not hide behind 9999.

    `measured`, (N,) float64: finite heights in any unit.
    """
    if measured.size == 0:
        return ()
    ends = sorted({float(measured.min()), float(measured.max())})
    least = max(_MIN_POINTS, _MIN_SHARE * measured.size)
    repeated = [end for end in ends if np.count_nonzero(measured == end) >= least]
    if not repeated:
        return ()
    rest = measured[~np.isin(measured, repeated)]
    rest = rest[:: max(1, rest.size // _SAMPLED)]
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
