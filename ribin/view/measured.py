"""A mark as it was measured: the pixels of its scan, with nothing but its slope taken out."""

from __future__ import annotations

import numpy as np

from ribin.model import BoolArray, Mark, Scan, ScanKind
from ribin.params import DEFAULT_PARAMS, Params
from ribin.preprocess.level import level_surface
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
    """Where pixels of the scan were measured and their nearest pixel of the mark was, too."""
    pitches = (scan.row_pitch_um, scan.col_pitch_um)
    nearest, within = [], []
    for axis, pitch_um in enumerate(pitches):
        along_um = np.arange(scan.shape[axis]) * pitch_um - mark.origin_um[axis]
        place = np.rint(along_um / mark.pitch_um).astype(np.int64)
        last = mark.valid.shape[axis] - 1
        nearest.append(np.clip(place, 0, last))
        within.append((place >= 0) & (place <= last))
    on_mark = mark.valid[np.ix_(nearest[0], nearest[1])]
    return np.asarray(on_mark & within[0][:, np.newaxis] & within[1][np.newaxis, :] & scan.valid)
