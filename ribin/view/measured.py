"""A mark as it was measured: the pixels of its scan, with nothing but its slope taken out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin.extract.level import level_surface
from ribin.model import BoolArray, FloatArray, Mark, Scan, ScanKind
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.view.surface import Surface


def measured_surface(scan: Scan, mark: Mark, params: Params = DEFAULT_PARAMS) -> Surface:
    """The pixels of a scan on which a mark lies, levelled; of an image, its grey values.

    Parameters
    ----------
    scan : Scan
        The one that `mark` was cut from.

    Raises
    ------
    ScanError
        The mark lies on no measured pixel: it is not one of this scan.
    """
    inside = _inside(scan, mark)
    values = scan.values
    if scan.kind is ScanKind.TOPOGRAPHY and inside.any():
        degree = params.of(mark.mark_type, mark.kind).preprocess.form_degree
        values = level_surface(values, inside, degree)
    half_um = [(n - 1) / 2 * mark.pitch_um for n in mark.surface.shape]
    center_um = [start + half for start, half in zip(mark.origin_um, half_um, strict=True)]
    pitch = (scan.row_pitch_um, scan.col_pitch_um)
    return Surface("measured", values, inside, pitch, (-center_um[0], -center_um[1]))


def _inside(scan: Scan, mark: Mark) -> BoolArray:
    """Where pixels of the scan were measured, and at least half of the mark around them was."""
    share = mark.valid.astype(np.float32)
    for axis, pitch_um in enumerate((scan.row_pitch_um, scan.col_pitch_um)):
        along_um = np.arange(scan.shape[axis]) * pitch_um - mark.origin_um[axis]
        share = _between(share, along_um / mark.pitch_um, axis)
    return np.asarray((share >= 0.5) & scan.valid)


def _between(values: FloatArray, places: NDArray[np.floating], axis: int) -> FloatArray:
    """Values at places along an axis, between two neighbours; 0 beyond the ends."""
    last = values.shape[axis] - 1
    low = np.clip(np.floor(places).astype(np.int64), 0, max(last - 1, 0))
    ends = [np.take(values, np.minimum(low + step, last), axis) for step in (0, 1)]
    shape = [-1 if a == axis else 1 for a in range(2)]
    away = (places - low).astype(np.float32).reshape(shape)
    inside = ((places >= 0) & (places <= last)).reshape(shape)
    return np.asarray(np.where(inside, (1 - away) * ends[0] + away * ends[1], 0), np.float32)
