"""Whether a file shows one scan, or two side by side as a comparison microscope does.

Two cut-out marks are joined by a neck at most; two whole frames meet in a seam, along which
neighbouring pixels differ as they do nowhere else.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin.errors import ScanError
from ribin.model import BoolArray, Scan, ScanKind
from ribin.params.defaults import ReadParams

_FEWEST = 64  # columns, of which one can stand out
_ROWS = 256  # of a column, that show how rough it is
_GROUND = 0.05  # of the range of grey, at either end


def check_single(scan: Scan, name: str, params: ReadParams) -> None:
    """Refuse two scans side by side, or one above the other.

    Raises ScanError: what was measured is much longer than wide, and falls into two halves.
    """
    grounds = [scan.valid]
    if scan.kind is ScanKind.IMAGE:  # a mark that was cut out lies on black, or on white
        low, high = float(scan.values.min()), float(scan.values.max())
        margin = _GROUND * (high - low)
        grounds += [
            scan.valid & (scan.values > low + margin),
            scan.valid & (scan.values < high - margin),
        ]
    if any(_is_pair(scan, shown, params) for shown in grounds):
        raise ScanError(
            f"{name}: one scan needed, found two side by side",
            hint="cut them apart into two files, or ask for the two scans that were joined",
        )


def _is_pair(scan: Scan, shown: BoolArray, params: ReadParams) -> bool:
    """Whether what is `shown` is much longer than wide, and falls into two halves."""
    rows, cols = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return False
    box = np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    shown, values = shown[box], scan.values[box]
    height, width = shown.shape[0] * scan.row_pitch_um, shown.shape[1] * scan.col_pitch_um
    if max(height, width) < params.min_pair_aspect * min(height, width):
        return False
    if height > width:
        shown, values = shown.T, values.T
    return _has_neck(shown, params) or _has_seam(values, shown, params)


def _middle(width: int, params: ReadParams) -> slice:
    """The columns in which two scans of about one size meet."""
    return slice(int(params.min_pair_share * width), int((1.0 - params.min_pair_share) * width) + 1)


def _has_neck(shown: BoolArray, params: ReadParams) -> bool:
    held = shown.sum(axis=0)
    middle = _middle(len(held), params)
    thinnest = middle.start + int(held[middle].argmin())
    left = held[:thinnest].sum() / held.sum()
    halves = params.min_pair_share <= left <= 1.0 - params.min_pair_share
    return bool(halves and held[thinnest] < params.max_neck_share * held.max())


def _has_seam(values: NDArray[np.float32], shown: BoolArray, params: ReadParams) -> bool:
    some = np.s_[:: max(1, len(shown) // _ROWS)]
    values, shown = values[some], shown[some]
    rough = np.array([_roughness(values, shown, col) for col in range(values.shape[1] - 1)])
    middle = _middle(len(rough), params)
    if len(rough) < _FEWEST or not np.isfinite(rough[middle]).any():
        return False
    seam = middle.start + int(np.nanargmax(rough[middle]))
    near = np.abs(np.arange(len(rough)) - seam) <= 2
    elsewhere = rough[~near & np.isfinite(rough)]
    return bool(elsewhere.size and rough[seam] > params.min_seam * np.percentile(elsewhere, 99.0))


def _roughness(values: NDArray[np.float32], shown: BoolArray, col: int) -> float:
    """How much a column differs from the next, but for a step; NaN where few rows show both."""
    both = shown[:, col] & shown[:, col + 1]
    if both.sum() < 0.3 * len(both):
        return float("nan")
    change = values[both, col + 1] - values[both, col]
    return float(np.median(np.abs(change - np.median(change))))
