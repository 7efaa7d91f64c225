"""From a mark to its template, step by step."""

from __future__ import annotations

import numpy as np

from ribin.describe.cells import block_counts, block_runs, lay_cells
from ribin.describe.reduce import even_out, reduce_surface
from ribin.errors import ScanError
from ribin.model import BoolArray, FloatArray, Mark, Template
from ribin.params.defaults import BLOCK_PX, DescribeParams
from ribin.surface.regression import remove_form
from ribin.trace import NO_TRACE, Trace


def describe_surface(
    mark: Mark, params: DescribeParams, params_id: str, trace: Trace = NO_TRACE
) -> Template:
    """Everything a comparison needs of one side.

    1 the fine surface: reduced, freed of more form, evened out; 2 its cells; 3 the medium and
    coarse surfaces, from the wider band of the mark.

    `Template.arrays` then holds, all (row, col), square and centred on the mark's centre:

    fine (S, S) float32, fine_valid (S, S) bool
        At `params.pitch_um`, S a multiple of two blocks.
    cells (K, 2) int16, fine_counts (S / 8, S / 8) int32
        First block of each cell in order of spread, and measured pixels a block of 8 x 8.
    medium (M, M) float32, medium_valid (M, M) bool
        At `params.medium_pitch_um`, M a multiple of two blocks.
    coarse (D,) float32
        At `params.coarse_pitch_um` over the whole frame, row by row, unit length, 0 where not
        measured.
    fine_runs, medium_runs, coarse_runs (N, 3) int32
        Row, first column and number of neighbouring blocks that hold surface.

    Raises
    ------
    ScanError
        The mark has no relief, or no cell holds enough surface.
    """
    fine, fine_valid = _fine(mark, params)
    trace.keep("fine", surface=fine, valid=fine_valid)
    counts = block_counts(fine_valid, BLOCK_PX)
    cells = lay_cells(counts, BLOCK_PX, params.min_fill)
    trace.keep("cells", cells=cells)

    medium, medium_valid = _at_pitch(mark, params.medium_pitch_um, params.clip_mads)
    trace.keep("medium", surface=medium, valid=medium_valid)
    coarse, coarse_valid = _at_pitch(mark, params.coarse_pitch_um, params.clip_mads)
    length = float(np.linalg.norm(coarse))
    trace.keep("coarse", surface=coarse, valid=coarse_valid)
    _check(mark, len(cells), length, params.min_fill)

    medium, medium_valid = _cropped(medium, medium_valid)
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
            "coarse": (coarse / np.float32(length)).ravel(),
            "coarse_runs": block_runs(block_counts(coarse_valid, BLOCK_PX)),
        },
    )


def _fine(mark: Mark, params: DescribeParams) -> tuple[FloatArray, BoolArray]:
    factor = round(params.pitch_um / mark.pitch_um)
    surface, valid = reduce_surface(mark.surface, mark.valid, factor)
    square = (params.pitch_um, params.pitch_um)
    surface = remove_form(surface, valid, params.high_cutoff_um, square)
    return _cropped(even_out(surface, valid, params.clip_mads), valid)


def _at_pitch(mark: Mark, pitch_um: float, clip_mads: float) -> tuple[FloatArray, BoolArray]:
    surface, valid = reduce_surface(mark.surface, mark.valid, round(pitch_um / mark.pitch_um))
    return even_out(surface, valid, clip_mads), valid


def _cropped(surface: FloatArray, valid: BoolArray) -> tuple[FloatArray, BoolArray]:
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


def _check(mark: Mark, cells: int, relief: float, min_fill: float) -> None:
    if relief == 0.0:
        raise ScanError(f"{mark.provenance.source}: {mark.mark_type} has no relief")
    if cells == 0:
        raise ScanError(
            f"{mark.provenance.source}: 0 cells of {mark.mark_type} are filled to {min_fill:g}, "
            "1 needed"
        )
