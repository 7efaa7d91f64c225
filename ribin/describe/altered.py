"""A template as if its scan had another pitch, or were mirrored: to compare a pair again."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ribin.comparison import UNALTERED, Alteration
from ribin.describe.cells import block_counts, block_runs, lay_cells
from ribin.model import Template
from ribin.params.defaults import BLOCK_PX, DescribeParams
from ribin.surface.resize import resize_surface
from ribin.surface.rings import cover_series, ring_grid, ring_series

_LEVELS = (("fine", "fine_valid"), ("medium", "medium_valid"))


def altered_rings(
    template: Template, how: Alteration, params: DescribeParams
) -> dict[str, NDArray]:
    """The arrays for the coarse registration alone: cheap enough to try many alterations."""
    medium, valid = (template.arrays[name] for name in ("medium", "medium_valid"))
    return _rings(*_flipped(medium, valid, how), how.scale, template, params)


def altered_template(template: Template, how: Alteration, params: DescribeParams) -> Template:
    """The template of the altered mark; where it has lines, also without them."""
    if how == UNALTERED:
        return template
    arrays = dict(template.arrays)
    for name, mask in _LEVELS:
        valid = arrays[mask]
        size_px = _size_px(valid.shape[0], how.scale)
        for level in (name, f"rest_{name}"):
            if level in arrays:
                surface, inside = resize_surface(arrays[level], valid, how.scale, size_px)
                arrays[level], arrays[mask] = _flipped(surface, inside, how)
    counts = block_counts(arrays["fine_valid"], BLOCK_PX)
    arrays["fine_counts"], arrays["fine_runs"] = counts, block_runs(counts)
    arrays["medium_runs"] = block_runs(block_counts(arrays["medium_valid"], BLOCK_PX))
    arrays["cells"] = lay_cells(counts, BLOCK_PX, params.min_fill)
    for name, rings in (("medium", ""), ("rest_medium", "rest_")):
        if name in arrays:
            made = _rings(arrays[name], arrays["medium_valid"], 1.0, template, params)
            arrays[f"{rings}coarse"] = made["coarse"]
            arrays["rest_cover" if rings else "coarse_cover"] = made["coarse_cover"]
    return replace(template, arrays=arrays)


def _size_px(size_px: int, scale: float) -> int:
    """Whole twos of blocks that hold the enlarged surface."""
    unit = 2 * BLOCK_PX
    return unit * math.ceil(size_px * max(1.0, scale) / unit)


def _flipped(surface: NDArray, valid: NDArray, how: Alteration) -> tuple[NDArray, NDArray]:
    if how.mirrored:
        surface, valid = surface[:, ::-1], valid[:, ::-1]
    if how.inverted:
        surface = -surface
    return np.ascontiguousarray(surface), np.ascontiguousarray(valid)


def _rings(
    medium: NDArray, valid: NDArray, scale: float, template: Template, params: DescribeParams
) -> dict[str, NDArray]:
    rings = template.arrays["coarse_cover"].shape[2]
    grid = ring_grid(rings, params.coarse_step_um, params.coarse_reach_um)
    pitch_um = params.medium_pitch_um * scale  # a larger mark is one whose pixels are larger
    return {
        "coarse": ring_series(medium, pitch_um, grid),
        "coarse_cover": cover_series(medium, valid, pitch_um, grid),
    }
