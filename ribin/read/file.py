"""What a reader hands to the dispatcher, and the checks that hold for every kind of file."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ribin.errors import ScanError
from ribin.model import BoolArray, FloatArray, ScanKind
from ribin.params_limits import ReadParams

_LONGEST_ERROR = 200


@dataclass(frozen=True, eq=False)
class Reading:
    """The decoded content of one file; fields mean what they mean in `Scan` and `Provenance`."""

    values: FloatArray
    valid: BoolArray
    row_pitch_um: float
    col_pitch_um: float
    kind: ScanKind
    reader: str
    instrument: str = ""
    creator: str = ""
    measured_on: str = ""
    repairs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    mark_valid: BoolArray | None = None
    lighting: str = ""


def quoted_error(error: BaseException) -> str:
    """What a decoder said of a file, on one line; it may quote the file's own bytes."""
    words = " ".join(str(error).split())[:_LONGEST_ERROR]
    return "".join(letter if letter.isprintable() else "?" for letter in words)


def check_size(height: int, width: int, name: str, params: ReadParams) -> None:
    """Refuse a size before anything of that size is allocated.

    Raises
    ------
    ScanError
        Fewer than two rows or columns, or more pixels than `params.max_pixels`.
    """
    if min(height, width) < 2:
        raise ScanError(f"{name}: at least 2 x 2 pixels needed, found {height} x {width}")
    if height * width > params.max_pixels:
        raise ScanError(
            f"{name}: at most {params.max_pixels} pixels needed, found {height} x {width}"
        )


def check_pitch(row_um: float, col_um: float, name: str, params: ReadParams) -> None:
    """Refuse a pitch that no instrument has, or that differs too much between the axes.

    Raises
    ------
    ScanError
        A pitch outside the limits, or a ratio above `params.max_pitch_ratio`.
    """
    for axis, pitch_um in (("row", row_um), ("column", col_um)):
        if not (math.isfinite(pitch_um) and params.min_pitch_um <= pitch_um <= params.max_pitch_um):
            raise ScanError(
                f"{name}: {axis} pitch of {params.min_pitch_um:g} to {params.max_pitch_um:g} um "
                f"needed, found {pitch_um:.6g} um"
            )
    ratio = max(row_um, col_um) / min(row_um, col_um)
    if ratio > params.max_pitch_ratio:
        raise ScanError(
            f"{name}: row and column pitch within a ratio of {params.max_pitch_ratio:g} needed, "
            f"found {row_um:.6g} and {col_um:.6g} um"
        )


def check_relief(reading: Reading, name: str) -> None:
    """Refuse a scan on which nothing can be compared.

    Raises
    ------
    ScanError
        No pixel was measured, or all measured pixels have one value.
    """
    measured = reading.values[reading.valid]
    if measured.size == 0:
        raise ScanError(f"{name}: measured points needed, found none in {reading.values.shape}")
    low, high = float(np.min(measured)), float(np.max(measured))
    if low == high:
        what = "height" if reading.kind is ScanKind.TOPOGRAPHY else "grey value"
        raise ScanError(f"{name}: no relief, every measured point has the {what} {low:g}")
