"""From a mark to its template, step by step, on coarser and coarser grids."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ribin.describe.cells import block_counts, block_runs, lay_cells
from ribin.describe.lines import without_lines
from ribin.describe.reduce import even_out, reduce_surface
from ribin.errors import ScanError
from ribin.model import NO_TRACE, BoolArray, FloatArray, Mark, Template, Trace
from ribin.params.defaults import BLOCK_PX, DescribeParams
from ribin.surface.regression import remove_form
from ribin.surface.rings import FOUR, cover_series, ring_grid, ring_series

_NO_LINES = np.zeros((0, 3), np.float32)
_BYTE = 127  # the largest number that a series is held in


def describe_surface(
    mark: Mark, params: DescribeParams, params_id: str, trace: Trace = NO_TRACE
) -> Template:
    """Everything a comparison needs of one side.

    1 the fine surface: reduced, freed of more form, evened out; 2 its cells; 3 the medium surface,
    from the wider band of the mark; 4 the medium surface on rings, for registration at every turn;
    5 the same three surfaces once more, without the lines that others of its make may share.

    `Template.arrays` then holds, all (row, col), square and centred on the mark's centre:

    fine (S, S) float32, fine_valid (S, S) bool
        At `params.pitch_um`, S a multiple of two blocks.
    cells (K, 2) int16, fine_counts (S / 8, S / 8) int32
        First block of each cell in order of spread, and measured pixels a block of 8 x 8.
    medium (M, M) float32, medium_valid (M, M) bool
        At `params.medium_pitch_um`, M a multiple of two blocks.
    coarse (2, G, K) int8
        Real and imaginary parts of the series of all rings about G points; see `surface.rings`.
    coarse_cover (2, 2, N, 16) float32
        Of N rings about the middle, real and imaginary parts of the leading orders of the mask and
        of the squared heights, these in the unit of `coarse`.
    fine_runs, medium_runs (N, 3) int32
        Row, first column and number of neighbouring blocks that hold surface.

    And where lines explain enough of the mark:

    lines (L, 3) float32
        Of each kind of lines its direction across in degrees, its curvature per um, and its share.
    rest_fine, rest_medium, rest_coarse, rest_cover
        As fine, medium, coarse and coarse_cover, of the mark without these lines.

    Raises ScanError: the mark has no relief, or no cell holds enough surface.
    """
    fine, fine_valid = _fine(mark, params)
    trace.keep("fine", surface=fine, valid=fine_valid)
    counts = block_counts(fine_valid, BLOCK_PX)
    cells = lay_cells(counts, BLOCK_PX, params.min_fill)
    trace.keep("cells", cells=cells)

    medium, medium_valid = _at_pitch(mark, params.medium_pitch_um, params.clip_mads)
    trace.keep("medium", surface=medium, valid=medium_valid)
    _check(mark, len(cells), bool(medium.any()), params.min_fill)
    medium, medium_valid = _crop(medium, medium_valid)
    coarse, cover = _on_rings(medium, medium_valid, mark, params)
    trace.keep("coarse", series=coarse, cover=cover)
    rest = _without_lines(mark, params, fine_valid, medium_valid)
    trace.keep("rest", surface=rest.get("rest_fine", fine), lines=rest.get("lines", _NO_LINES))
    return Template(
        mark_type=mark.mark_type,
        kind=mark.kind,
        pitch_um=params.pitch_um,
        params_id=params_id,
        provenance=mark.provenance,
        arrays={
            "fine": fine,
            "fine_valid": fine_valid,
            "fine_counts": counts,
            "fine_runs": block_runs(counts),
            "cells": cells,
            "medium": medium,
            "medium_valid": medium_valid,
            "medium_runs": block_runs(block_counts(medium_valid, BLOCK_PX)),
            "coarse": coarse,
            "coarse_cover": cover,
            **rest,
        },
    )


def _fine(mark: Mark, params: DescribeParams) -> tuple[FloatArray, BoolArray]:
    factor = round(params.pitch_um / mark.pitch_um)
    surface, valid = reduce_surface(mark.surface, mark.valid, factor)
    square = (params.pitch_um, params.pitch_um)
    surface = remove_form(surface, valid, params.high_cutoff_um, square)
    return _crop(even_out(surface, valid, params.clip_mads), valid)


def _without_lines(
    mark: Mark, params: DescribeParams, fine_valid: BoolArray, medium_valid: BoolArray
) -> dict[str, NDArray[Any]]:
    """The arrays of the mark without its lines; none where it has none to speak of."""
    pitch_um = params.pitch_um
    surface, valid = reduce_surface(mark.surface, mark.valid, round(pitch_um / mark.pitch_um))
    rest, lines = without_lines(surface, valid, pitch_um, params.clip_mads, params.lines)
    if not lines:
        return {}
    fine = even_out(
        remove_form(rest, valid, params.high_cutoff_um, (pitch_um, pitch_um)),
        valid,
        params.clip_mads,
    )
    coarser, _ = reduce_surface(rest, valid, round(params.medium_pitch_um / pitch_um))
    medium = even_out(_middle(coarser, medium_valid.shape[0]), medium_valid, params.clip_mads)
    coarse, cover = _on_rings(medium, medium_valid, mark, params)
    figures = [(one.across_deg, one.curvature_per_um, one.share) for one in lines]
    return {
        "lines": np.array(figures, np.float32),
        "rest_fine": _middle(fine, fine_valid.shape[0]),
        "rest_medium": medium,
        "rest_coarse": coarse,
        "rest_cover": cover,
    }


def _middle(surface: FloatArray, size_px: int) -> FloatArray:
    """A smaller frame around the same centre."""
    off = (surface.shape[0] - size_px) // 2
    return np.ascontiguousarray(surface[off : off + size_px, off : off + size_px])


def _at_pitch(mark: Mark, pitch_um: float, clip_mads: float) -> tuple[FloatArray, BoolArray]:
    surface, valid = reduce_surface(mark.surface, mark.valid, round(pitch_um / mark.pitch_um))
    return even_out(surface, valid, clip_mads), valid


def _on_rings(
    medium: FloatArray, valid: BoolArray, mark: Mark, params: DescribeParams
) -> tuple[NDArray[np.int8], FloatArray]:
    """`coarse` and `coarse_cover` of a template."""
    frame_um = mark.surface.shape[0] * mark.pitch_um
    rings = FOUR * math.ceil(frame_um / 2.0 / params.coarse_step_um / FOUR)
    grid = ring_grid(rings, params.coarse_step_um, params.coarse_reach_um)
    series = ring_series(medium, params.medium_pitch_um, grid)
    unit = max(float(np.abs(series).max()) / _BYTE, float(np.finfo(np.float32).tiny))
    cover = cover_series(medium / np.float32(unit), valid, params.medium_pitch_um, grid)
    return np.ascontiguousarray(np.rint(series / np.float32(unit)), np.int8), cover


def _crop(surface: FloatArray, valid: BoolArray) -> tuple[FloatArray, BoolArray]:
    """The smallest frame around the same centre that holds all that was measured."""
    middle = surface.shape[0] // 2
    rows, cols = np.nonzero(valid)
    reach = 1 + max(
        (
            int(max(middle - 1 - edge.min(), edge.max() - middle))
            for edge in (rows, cols)
            if len(edge)
        ),
        default=0,
    )
    half = min(middle, -(-reach // BLOCK_PX) * BLOCK_PX)
    inner = slice(middle - half, middle + half)
    return np.ascontiguousarray(surface[inner, inner]), np.ascontiguousarray(valid[inner, inner])


def _check(mark: Mark, cells: int, relief: bool, min_fill: float) -> None:
    if not relief:
        raise ScanError(f"{mark.provenance.source}: {mark.mark_type} has no relief")
    if cells == 0:
        raise ScanError(
            f"{mark.provenance.source}: 0 cells of {mark.mark_type} are filled to {min_fill:g}, "
            "1 needed"
        )


# The surface that a template holds, as a mark for people to look at.


def template_mark(template: Template) -> Mark:
    """The fine surface of a template, evened out and at its pitch, as a `Mark`.

    It has what a comparison sees and no more; its centre is that of the mark.
    """
    half_um = template.arrays["fine"].shape[0] * template.pitch_um / 2
    return Mark(
        mark_type=template.mark_type,
        kind=template.kind,
        surface=template.arrays["fine"],
        valid=template.arrays["fine_valid"],
        pitch_um=template.pitch_um,
        origin_um=(-half_um, -half_um),
        provenance=template.provenance,
    )
