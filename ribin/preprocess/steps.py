"""From a scan to its marks, step by step."""

from __future__ import annotations

import numpy as np

from ribin.errors import ScanError
from ribin.gaussian import remove_form, smooth_surface
from ribin.model import BoolArray, FloatArray, Mark, MarkType, Scan, ScanKind
from ribin.params import PreprocessParams
from ribin.preprocess.level import level_surface
from ribin.preprocess.region import breech_face_region, outline_circle
from ribin.preprocess.resample import resample_to_frame
from ribin.trace import NO_TRACE, Trace


def extract_breech_face(scan: Scan, params: PreprocessParams, trace: Trace = NO_TRACE) -> Mark:
    """The breech-face mark: 1 outlined, 2 levelled, 3 smoothed, 4 resampled, 5 freed of form.

    Raises
    ------
    ScanError
        Too little was measured, or the relief is that of a whole head that nobody outlined.
    """
    pitch_um = (scan.row_pitch_um, scan.col_pitch_um)
    inside = breech_face_region(scan, params.min_area_mm2)
    levelled = level_surface(scan.values, inside)
    _check_relief(scan, levelled, inside, params.max_relief_um)
    trace.keep("levelled", surface=levelled, valid=inside, pitch_um=pitch_um)

    row_um, col_um, radius_um = outline_circle(inside, pitch_um)
    smooth = smooth_surface(levelled, inside, params.low_cutoff_um, pitch_um)
    size_px = round(params.frame_um / params.working_pitch_um)
    center_px = (row_um / pitch_um[0], col_um / pitch_um[1])
    surface, valid = resample_to_frame(
        smooth, inside, pitch_um, center_px, params.working_pitch_um, size_px
    )
    trace.keep("resampled", surface=surface, valid=valid, radius_um=radius_um)

    square = (params.working_pitch_um, params.working_pitch_um)
    surface = remove_form(surface, valid, params.high_cutoff_um, square)
    trace.keep("band_passed", surface=surface, valid=valid)
    half_um = (size_px - 1) / 2.0 * params.working_pitch_um
    return Mark(
        mark_type=MarkType.BREECH_FACE,
        kind=scan.kind,
        surface=surface,
        valid=valid,
        pitch_um=params.working_pitch_um,
        origin_um=(row_um - half_um, col_um - half_um),
        provenance=scan.provenance,
    )


def _check_relief(scan: Scan, levelled: FloatArray, inside: BoolArray, limit_um: float) -> None:
    if scan.kind is not ScanKind.TOPOGRAPHY:
        return
    low, high = np.percentile(levelled[inside], [5, 95])
    if high - low > limit_um:
        raise ScanError(
            f"{scan.provenance.source}: a relief of {high - low:.0f} um remains after levelling, "
            f"a breech face has at most {limit_um:g}: outline it with a mask"
        )
