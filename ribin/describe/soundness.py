"""Whether arrays that somebody else sent are those of a template, before a kernel runs on them.

Kernels check nothing: a cell beyond the edge would make them read memory that is not theirs.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ribin.describe.cells import block_counts, block_runs
from ribin.errors import FormatError
from ribin.params.defaults import BLOCK_PX
from ribin.surface.rings import COVER_ORDERS, FOUR, POINTS, series_lengths

_LARGEST_PX = 4096
_REST = {  # of a mark with lines; see `describe_surface`
    "lines": (2, np.float32),
    "rest_fine": (2, np.float32),
    "rest_medium": (2, np.float32),
    "rest_coarse": (3, np.int8),
    "rest_cover": (4, np.float32),
}
_MOST_RINGS = 256
_MOST_LINES = 16
_LARGEST = 1e9
_FORMS = {  # number of axes and type
    "fine": (2, np.float32),
    "fine_valid": (2, np.bool_),
    "fine_counts": (2, np.int32),
    "fine_runs": (2, np.int32),
    "cells": (2, np.int16),
    "medium": (2, np.float32),
    "medium_valid": (2, np.bool_),
    "medium_runs": (2, np.int32),
    "coarse": (3, np.int8),
    "coarse_cover": (4, np.float32),
}


def check_described(arrays: Mapping[str, NDArray], where: str) -> None:
    """Refuse arrays that `describe_surface` cannot have made, whatever its parameters.

    Raises FormatError: an array is missing, too many, of another form, or does not go with another.
    """
    lined = bool(set(arrays) & set(_REST))
    forms = {**_FORMS, **_REST} if lined else _FORMS
    if set(arrays) != set(forms):
        raise FormatError(f"{where}: arrays {', '.join(forms)} needed, found {', '.join(arrays)}")
    for name, (axes, kind) in forms.items():
        if arrays[name].ndim != axes or arrays[name].dtype != kind:
            found = f"{arrays[name].dtype} with {arrays[name].ndim}"
            raise FormatError(f"{where}: {name} of {np.dtype(kind)} with {axes} axes, {found}")
    _check_level(arrays["fine"], arrays["fine_valid"], arrays["fine_runs"], f"{where}: fine")
    _check_level(
        arrays["medium"], arrays["medium_valid"], arrays["medium_runs"], f"{where}: medium"
    )
    _check_rings(arrays["coarse"], arrays["coarse_cover"], where)
    if lined:
        _check_rest(arrays, where)
    counts = block_counts(arrays["fine_valid"], BLOCK_PX)
    if not np.array_equal(arrays["fine_counts"], counts):
        raise FormatError(f"{where}: fine_counts differ from what fine_valid counts")
    cells, blocks = arrays["cells"], len(counts)
    if cells.shape[1:] != (2,) or not len(cells) or cells.min() < 0 or cells.max() > blocks - 2:
        raise FormatError(f"{where}: cells within {blocks} x {blocks} blocks needed")


def _check_rest(arrays: Mapping[str, NDArray], where: str) -> None:
    for name in ("fine", "medium"):
        valid, runs = arrays[f"{name}_valid"], arrays[f"{name}_runs"]
        _check_level(arrays[f"rest_{name}"], valid, runs, f"{where}: rest_{name}")
    _check_rings(arrays["rest_coarse"], arrays["rest_cover"], f"{where}: rest")
    lines = arrays["lines"]
    if not 0 < len(lines) <= _MOST_LINES or lines.shape[1] != len(("across", "bend", "share")):
        raise FormatError(f"{where}: 1 to {_MOST_LINES} lines of 3 figures needed")
    if not np.abs(lines).max() <= _LARGEST:
        raise FormatError(f"{where}: lines within {_LARGEST:g} needed")


def _check_rings(series: NDArray, cover: NDArray, where: str) -> None:
    rings = cover.shape[2]
    if cover.shape != (2, 2, rings, COVER_ORDERS) or rings % FOUR or not 0 < rings <= _MOST_RINGS:
        raise FormatError(
            f"{where}: coarse_cover of {FOUR} to {_MOST_RINGS} rings in fours needed, "
            f"found {cover.shape}"
        )
    needed = (2, POINTS, FOUR * sum(series_lengths(rings)))
    if series.shape != needed:
        raise FormatError(f"{where}: coarse of {needed} needed, found {series.shape}")
    if not np.abs(cover).max() <= _LARGEST:  # nor where one is no number
        raise FormatError(f"{where}: coarse_cover within {_LARGEST:g} needed")


def _check_level(surface: NDArray, valid: NDArray, runs: NDArray, where: str) -> None:
    side = surface.shape[0]
    if surface.shape != (side, side) or valid.shape != (side, side):
        raise FormatError(f"{where}: a square with its mask needed, found {surface.shape}")
    if surface[~valid].any() or np.abs(surface).max() > 1e6:
        raise FormatError(f"{where}: 0 outside the mask and heights within 1e6 needed")
    _check_runs(surface, valid, runs, where)


def _check_runs(surface: NDArray, valid: NDArray, runs: NDArray, where: str) -> None:
    side = surface.shape[0]
    if not 2 * BLOCK_PX <= side <= _LARGEST_PX or side % (2 * BLOCK_PX):
        raise FormatError(
            f"{where}: {2 * BLOCK_PX} to {_LARGEST_PX} pixels in twos of blocks, found {side}"
        )
    if not np.array_equal(runs, block_runs(block_counts(valid, BLOCK_PX))):
        raise FormatError(f"{where}: runs differ from what the mask holds")
