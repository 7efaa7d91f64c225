"""Numbers that stand for a point that was not measured: -9999, -1000, 1e10, the smallest integer.

A floating point file has NaN for it and an integer file a list of valid points, but programs write
their own number all the same. Read as a height it decides the unit of all others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SAMPLED = 100_000  # heights that show the range of the rest
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
