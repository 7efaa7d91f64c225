"""Whether the camera recorded anything: blank and saturated images are refused."""

from __future__ import annotations

import numpy as np

from ribin.errors import ScanError
from ribin.model import BoolArray, Scan

FULL_RANGE = 0.995  # 254 of 255: the camera cut off what was brighter


def check_white(scan: Scan, inside: BoolArray, what: str, max_share: float) -> None:
    """Refuse a part of an image of which too much is saturated.

    Parameters
    ----------
    inside : (H, W) bool array
        True on the part; at least one pixel.
    what : str
        Its name, for the message.

    Raises
    ------
    ScanError
    """
    share = float(np.mean(scan.values[inside] >= FULL_RANGE))
    if share > max_share:
        raise ScanError(
            f"{scan.provenance.source}: {share:.0%} of the {what} is saturated, at most "
            f"{max_share:.0%} can be"
        )


def check_contrast(scan: Scan, min_contrast: float) -> None:
    """Refuse an image whose 5th and 95th percentile are nearer than `min_contrast` of the range.

    Raises
    ------
    ScanError
    """
    low, high = np.percentile(scan.values[scan.valid], [5, 95])
    if high - low < min_contrast:
        raise ScanError(
            f"{scan.provenance.source}: the image is nearly blank, grey values of "
            f"{low * 255:.0f} to {high * 255:.0f} of 255 found"
        )
