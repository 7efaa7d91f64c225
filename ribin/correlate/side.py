"""One side of a comparison, laid out for the kernels, and its turned copies."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ribin.correlate.rings import RingSide, lay_rings
from ribin.correlate.turned import Level, lay_level
from ribin.model import Template
from ribin.params.defaults import BLOCK_PX
from ribin.surface._jit import kernel


class PreparedSide(NamedTuple):
    """A template as the kernels use it; prepared once, however many it is compared with."""

    coarse: RingSide
    medium: Level
    fine: Level
    cells: NDArray[np.int64]  # (K, 2) row and column of each cell's first block
    corners: NDArray[np.int64]  # (K, 2) and of its first pixel
    center_um: NDArray[np.float64]  # (K, 2) its centre, from the mark's
    # (K, 4) where the sums of a cell's blocks stand among those of the runs; the place after the
    # last where a block holds nothing
    cell_blocks: NDArray[np.int64]
    cell_fill: NDArray[np.float64]  # (K,) share of each cell that was measured


_prepared: WeakKeyDictionary[Template, PreparedSide] = WeakKeyDictionary()
_prepared_rest: WeakKeyDictionary[Template, PreparedSide] = WeakKeyDictionary()


def prepare_side(template: Template) -> PreparedSide:
    """Lay a template out for the kernels; as long as it lives, that is done once."""
    side = _prepared.get(template)
    if side is None:
        side = _prepared[template] = _lay_out(template)
    return side


def prepare_rest(template: Template) -> PreparedSide:
    """As `prepare_side`, without the lines of the mark; the same where it has none."""
    if "rest_fine" not in template.arrays:
        return prepare_side(template)
    side = _prepared_rest.get(template)
    if side is None:
        rest = {
            name: template.arrays[without]
            for name, without in (
                ("fine", "rest_fine"),
                ("medium", "rest_medium"),
                ("coarse", "rest_coarse"),
                ("coarse_cover", "rest_cover"),
            )
        }
        arrays = {**template.arrays, **rest}
        side = _prepared_rest[template] = _lay_out(replace(template, arrays=arrays))
    return side


@kernel
def _lay_blocks(cells, counts, runs, blocks, filled):
    """Where the blocks of each cell stand among those of the runs, and what they hold."""
    place = np.full(counts.shape, runs[:, 2].sum(), np.int64)
    start = 0
    for k in range(runs.shape[0]):
        for col in range(runs[k, 1], runs[k, 1] + runs[k, 2]):
            place[runs[k, 0], col] = start
            start += 1
    for k in range(cells.shape[0]):
        filled[k] = 0.0
        for corner in range(4):
            row, col = cells[k, 0] + corner // 2, cells[k, 1] + corner % 2
            blocks[k, corner] = place[row, col]
            filled[k] += counts[row, col]


def _lay_out(template: Template) -> PreparedSide:
    arrays = template.arrays
    cells = arrays["cells"].astype(np.int64)
    blocks, filled = np.empty((len(cells), 4), np.int64), np.empty(len(cells))
    _lay_blocks(cells, arrays["fine_counts"], arrays["fine_runs"], blocks, filled)
    half_px = (arrays["fine"].shape[0] - 1) / 2.0
    return PreparedSide(
        coarse=lay_rings(arrays["coarse"], arrays["coarse_cover"]),
        medium=lay_level(arrays["medium"], arrays["medium_valid"], arrays["medium_runs"]),
        fine=lay_level(arrays["fine"], arrays["fine_valid"], arrays["fine_runs"]),
        cells=cells,
        corners=cells * BLOCK_PX,
        center_um=(cells * BLOCK_PX + (BLOCK_PX - 0.5 - half_px)) * template.pitch_um,
        cell_blocks=blocks,
        cell_fill=filled / (2.0 * BLOCK_PX) ** 2,
    )
