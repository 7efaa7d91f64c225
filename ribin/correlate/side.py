"""One side of a comparison, laid out for the kernels."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ribin.correlate.turned import mask_surface, pad_surface, surface_reach
from ribin.model import BoolArray, FloatArray, Template
from ribin.params.defaults import BLOCK_PX


@dataclass(frozen=True, eq=False)
class Level:
    """A surface at one pitch.

    Attributes
    ----------
    surface : (S, S) float32 array
        0 where not measured and nowhere else.
    padded : (P, P) float32 array
        See `pad_surface`.
    reach : (2,) float32 array
        See `surface_reach`.
    runs : (N, 3) int32 array
        Row, first column and number of neighbouring blocks that hold surface.
    measured : int
        Number of measured pixels.
    """

    surface: FloatArray
    padded: FloatArray
    reach: NDArray[np.float32]
    runs: NDArray[np.int32]
    measured: int

    @property
    def size_px(self) -> int:
        return self.surface.shape[0]


@dataclass(frozen=True, eq=False)
class Side:
    """A template as the correlator uses it; prepared once, however many it is compared with.

    Attributes
    ----------
    cells : (K, 2) int64 array
        Row and column of each cell's first block.
    corners : (K, 2) int64 array
        And of its first pixel.
    center_um : (K, 2) float64 array
        Its centre, from the mark's.
    cell_blocks : (K, 4) int64 array
        Where the sums of a cell's blocks stand among those of the runs; the place after the last
        where a block holds nothing.
    cell_fill : (K,) float64 array
        Share of each cell that was measured.
    """

    coarse: Level
    medium: Level
    fine: Level
    cells: NDArray[np.int64]
    corners: NDArray[np.int64]
    center_um: NDArray[np.float64]
    cell_blocks: NDArray[np.int64]
    cell_fill: NDArray[np.float64]


_prepared: WeakKeyDictionary[Template, Side] = WeakKeyDictionary()


def prepare_side(template: Template) -> Side:
    """Lay a template out for the kernels; as long as it lives, that is done once."""
    side = _prepared.get(template)
    if side is None:
        side = _prepared[template] = _lay_out(template)
    return side


def _lay_out(template: Template) -> Side:
    arrays = template.arrays
    cells = arrays["cells"].astype(np.int64)
    counts = arrays["fine_counts"]
    place = np.full(counts.shape, int(arrays["fine_runs"][:, 2].sum()), np.int64)
    start = 0
    for row, first, number in arrays["fine_runs"].tolist():
        place[row, first : first + number] = np.arange(start, start + number)
        start += number
    corners = ((0, 0), (0, 1), (1, 0), (1, 1))
    quarter = [(cells[:, 0] + r, cells[:, 1] + c) for r, c in corners]
    filled = np.sum([counts[rows, cols] for rows, cols in quarter], axis=0)
    half_px = (arrays["fine"].shape[0] - 1) / 2.0
    return Side(
        coarse=_level(*coarse_surface(arrays["coarse"]), arrays["coarse_runs"]),
        medium=_level(arrays["medium"], arrays["medium_valid"], arrays["medium_runs"]),
        fine=_level(arrays["fine"], arrays["fine_valid"], arrays["fine_runs"]),
        cells=cells,
        corners=cells * BLOCK_PX,
        center_um=(cells * BLOCK_PX + (BLOCK_PX - 0.5 - half_px)) * template.pitch_um,
        cell_blocks=np.stack([place[rows, cols] for rows, cols in quarter], axis=1),
        cell_fill=filled / (2.0 * BLOCK_PX) ** 2,
    )


def coarse_surface(vector: FloatArray) -> tuple[FloatArray, BoolArray]:
    """A coarse vector as the square surface that it is, and where that was measured."""
    side = round(float(np.sqrt(vector.size)))
    surface = vector.reshape(side, side)
    return surface, surface != 0.0


def _level(surface: FloatArray, valid: BoolArray, runs: NDArray[np.int32]) -> Level:
    surface, reach = mask_surface(surface, valid), surface_reach(valid)
    return Level(surface, pad_surface(surface, reach), reach, runs, int(valid.sum()))
