"""Conversions between the units that files, filters and people use."""

import math

UM_PER_M = 1e6
UM_PER_MM = 1e3
UM_PER_INCH = 25_400.0

# ISO 16610-21: s(x) = exp(-pi (x / (alpha c))^2) / (alpha c) transmits one half at the cut-off c.
_ALPHA = math.sqrt(math.log(2.0) / math.pi)


def gaussian_sigma(cutoff: float) -> float:
    """Standard deviation of the ISO 16610-21/-61 Gaussian with this cut-off wavelength.

    The result has the unit of `cutoff`: sigma = 0.1874 cut-off (ISO 16610-21:2011, 4.1).
    """
    return _ALPHA * cutoff / math.sqrt(2.0 * math.pi)


def wrapped_deg(angle_deg: float) -> float:
    """The same direction within (-180, 180]."""
    return -((180.0 - angle_deg) % 360.0 - 180.0)
