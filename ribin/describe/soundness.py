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

_LARGEST_PX = 4096
_FORMS = {  # number of axes and type
    "fine": (2, np.float32),
    "fine_valid": (2, np.bool_),
    "fine_counts": (2, np.int32),
    "fine_runs": (2, np.int32),
    "cells": (2, np.int16),
    "medium": (2, np.float32),
    "medium_valid": (2, np.bool_),
    "medium_runs": (2, np.int32),
    "coarse": (1, np.float32),
    "coarse_runs": (2, np.int32),
}


def check_described(arrays: Mapping[str, NDArray], where: str) -> None:
    """Refuse arrays that `describe_surface` cannot have made, whatever its parameters.

    Raises FormatError: an array is missing, too many, of another form, or does not go with another.
    """
    if set(arrays) != set(_FORMS):
        raise FormatError(f"{where}: arrays {', '.join(_FORMS)} needed, found {', '.join(arrays)}")
    for name, (axes, kind) in _FORMS.items():
        if arrays[name].ndim != axes or arrays[name].dtype != kind:
            found = f"{arrays[name].dtype} with {arrays[name].ndim}"
            raise FormatError(f"{where}: {name} of {np.dtype(kind)} with {axes} axes, {found}")
    _check_level(arrays["fine"], arrays["fine_valid"], arrays["fine_runs"], f"{where}: fine")
    _check_level(
        arrays["medium"], arrays["medium_valid"], arrays["medium_runs"], f"{where}: medium"
    )
    side = round(float(np.sqrt(arrays["coarse"].size)))
    if side * side != arrays["coarse"].size:
        raise FormatError(f"{where}: coarse of a square needed, found {arrays['coarse'].size}")
    coarse = arrays["coarse"].reshape(side, side)
    _check_runs(coarse, coarse != 0.0, arrays["coarse_runs"], f"{where}: coarse")
    if abs(float(np.linalg.norm(coarse)) - 1.0) > 1e-3:
        raise FormatError(f"{where}: coarse of unit length needed")
    counts = block_counts(arrays["fine_valid"], BLOCK_PX)
    if not np.array_equal(arrays["fine_counts"], counts):
        raise FormatError(f"{where}: fine_counts differ from what fine_valid counts")
    cells, blocks = arrays["cells"], len(counts)
    if cells.shape[1:] != (2,) or not len(cells) or cells.min() < 0 or cells.max() > blocks - 2:
        raise FormatError(f"{where}: cells within {blocks} x {blocks} blocks needed")


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
