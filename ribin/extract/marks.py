"""From a region of a scan to a mark, step by step."""

from __future__ import annotations

import numpy as np

from ribin.errors import ScanError
from ribin.extract.find import away_from_edge
from ribin.extract.illumination import even_image
from ribin.extract.level import level_surface, remove_rings, resample_to_frame, sample_to_frame
from ribin.model import NO_TRACE, FloatArray, Mark, Region, Scan, ScanKind, Trace
from ribin.params.defaults import PreprocessParams
from ribin.surface.gaussian import bridge_holes, smooth_surface
from ribin.surface.regression import remove_form

_MOSTLY_KEPT = 0.95  # of a mark: where less is, its relief is checked with what was left out


def extract_mark(
    scan: Scan, region: Region, params: PreprocessParams, trace: Trace = NO_TRACE
) -> Mark:
    """One mark: 1 cut at its outline, 2 levelled, 3 freed of form, 4 smoothed, 5 resampled.

    What is left out of the region counts as not measured, but for what is so narrow that its
    surroundings tell its heights; it stays named in `Mark.left_out`.

    Of an image, the light is evened and smoothed instead of the surface levelled.

    Raises ScanError: the relief is not that of one mark, so something else lies within the outline;
    or the image is saturated there.
    """
    pitch_um = (scan.row_pitch_um, scan.col_pitch_um)
    if scan.kind is ScanKind.IMAGE:
        evened, inside = even_image(scan, region, params)
        trace.keep("evened", surface=evened, valid=inside, pitch_um=pitch_um)
        banded = remove_form(evened, inside, params.high_cutoff_um, pitch_um)
    else:
        inside = region.kept
        levelled = level_surface(scan.values, inside, params.form_degree)
        whole = levelled
        if np.count_nonzero(inside) < _MOSTLY_KEPT * np.count_nonzero(region.inside):
            whole = level_surface(scan.values, region.inside, params.form_degree)
        _check_relief(scan, region, whole, params.max_relief_um)
        trace.keep("levelled", surface=levelled, valid=inside, pitch_um=pitch_um)
        # Form first: a weighted mean is pulled down by a steep edge, and flat ground has none.
        flat = remove_form(levelled, inside, params.high_cutoff_um, pitch_um)
        if params.ring_um > 0.0:
            rings = params.ring_um, params.min_tilt_share
            flat = remove_rings(flat, inside, pitch_um, region.center_um, *rings)
        flat, bridged = bridge_holes(flat, inside, params.bridge_um, params.bridge_weight, pitch_um)
        inside = bridged & region.inside
        banded = smooth_surface(flat, inside, params.low_cutoff_um, pitch_um)
    trace.keep("band_passed", surface=banded, valid=inside, pitch_um=pitch_um)

    row_um, col_um = region.center_um
    size_px = round(params.frame_um / params.working_pitch_um)
    center_px = (row_um / pitch_um[0], col_um / pitch_um[1])
    surface, valid = resample_to_frame(
        banded, inside, pitch_um, center_px, params.working_pitch_um, size_px
    )
    trace.keep("resampled", surface=surface, valid=valid, radius_um=region.radius_um)
    if params.edge_um > 0.0:
        valid = away_from_edge(valid, params.edge_um / params.working_pitch_um)
        surface = np.where(valid, surface, np.float32(0))
    left_out = None
    if region.left_out is not None:
        left_out = sample_to_frame(
            region.left_out, pitch_um, center_px, params.working_pitch_um, size_px
        )
    half_um = (size_px - 1) / 2.0 * params.working_pitch_um
    return Mark(
        mark_type=region.mark_type,
        kind=scan.kind,
        surface=surface,
        valid=valid,
        pitch_um=params.working_pitch_um,
        origin_um=(row_um - half_um, col_um - half_um),
        provenance=scan.provenance,
        left_out=left_out if left_out is not None and left_out.any() else None,
    )


def _check_relief(scan: Scan, region: Region, levelled: FloatArray, limit_um: float) -> None:
    low, high = np.percentile(levelled[region.inside], [5, 95])
    if high - low > limit_um:
        raise ScanError(
            f"{scan.provenance.source}: a relief of {high - low:.0f} um remains after levelling, "
            f"a {region.mark_type.words} has at most {limit_um:g}: outline it with a mask"
        )
