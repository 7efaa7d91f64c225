"""The surface of a mark as a page shows it: cropped, of bounded size, in 16 bit, compressed."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ribin.errors import ScanError
from ribin.extract.level import level_surface
from ribin.model import BoolArray, FloatArray, Mark, Scan, ScanKind
from ribin.params.defaults import DEFAULT_PARAMS, Params

MAX_PIXELS = 700_000  # a layer; two sides with two layers each then stay below 6 MB of page
MAX_WHOLE_PIXELS = 120_000  # of the layer around the marks: it says where, not how
_WORTH_A_LAYER = 0.3  # of the area of the mark
_FITTED_PIXELS = 20_000
_STEPS = 65_534  # of the 16 bits; 0 says that nothing was measured


@dataclass(frozen=True, eq=False)
class Surface:
    """Values on a grid, and where the grid lies on its mark."""

    name: str  # "measured", "compared" or "whole": which look at the mark this is
    values: FloatArray  # (H, W) um, or grey values of an image; ignored where not `valid`
    valid: BoolArray  # (H, W) True where measured
    pitch_um: tuple[float, float]  # of rows and of columns
    origin_um: tuple[float, float]  # row and column of pixel (0, 0), from the centre of the mark


def measured_surface(scan: Scan, mark: Mark, params: Params = DEFAULT_PARAMS) -> Surface:
    """The pixels of a scan on which a mark lies, levelled; of an image, its grey values.

    Raises ScanError: the mark lies on no measured pixel, so it was not cut from this scan.
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


def whole_surface(scan: Scan, mark: Mark) -> Surface | None:
    """All of a scan around a mark, lying as the mark does: heights over the plane of the mark, or
    grey values. None where there is little but the mark, so that there is nothing to see.

    Raises ScanError: the mark lies on no measured pixel.
    """
    seen = measured_surface(scan, mark)
    inside = seen.valid
    if (scan.valid & ~inside).sum() < _WORTH_A_LAYER * inside.sum():
        return None
    values = scan.values
    if scan.kind is ScanKind.TOPOGRAPHY:
        rows, cols = np.nonzero(inside)
        every = slice(None, None, max(1, len(rows) // _FITTED_PIXELS))
        places = np.column_stack([np.ones(len(rows[every])), rows[every], cols[every]])
        heights = values[rows[every], cols[every]].astype(np.float64)
        (level, down, right), *_ = np.linalg.lstsq(places, heights, rcond=None)
        plane = level + down * np.arange(len(values))[:, None] + right * np.arange(values.shape[1])
        values = np.where(scan.valid, values - plane, 0).astype(np.float32)
    return replace(seen, name="whole", values=values, valid=scan.valid)


def _inside(scan: Scan, mark: Mark) -> BoolArray:
    """Where pixels of the scan were measured, and at least half of the mark around them was, be it
    left out or not."""
    seen = mark.valid if mark.left_out is None else mark.valid | (mark.left_out > 0)
    share = seen.astype(np.float32)
    for axis, pitch_um in enumerate((scan.row_pitch_um, scan.col_pitch_um)):
        along_um = np.arange(scan.shape[axis]) * pitch_um - mark.origin_um[axis]
        share = _between(share, along_um / mark.pitch_um, axis)
    return np.asarray((share >= 0.5) & scan.valid)


def _between(values: FloatArray, places: NDArray[np.floating], axis: int) -> FloatArray:
    """Values at places along an axis, between two neighbours; 0 beyond the ends."""
    last = values.shape[axis] - 1
    low = np.clip(np.floor(places).astype(np.int64), 0, max(last - 1, 0))
    ends = [np.take(values, np.minimum(low + step, last), axis) for step in (0, 1)]
    shape = [-1 if a == axis else 1 for a in range(2)]
    away = (places - low).astype(np.float32).reshape(shape)
    inside = ((places >= 0) & (places <= last)).reshape(shape)
    return np.asarray(np.where(inside, (1 - away) * ends[0] + away * ends[1], 0), np.float32)


def compared_surface(mark: Mark) -> Surface:
    """The band of the mark that the comparison looks at."""
    rows, cols = [(n - 1) / 2 * mark.pitch_um for n in mark.surface.shape]
    pitch = (mark.pitch_um, mark.pitch_um)
    return Surface("compared", mark.surface, mark.valid, pitch, (-rows, -cols))


def pack_surface(surface: Surface) -> dict[str, Any]:
    """The surface as JSON: `data` is base64 of zlib of little-endian uint16, row after row.

    A value v > 0 stands for low + (v - 1) * step; 0 was not measured. The error is at most half a
    step: 0.1 nm of a relief of 12 um.

    Raises ScanError: nothing was measured.
    """
    limit = MAX_WHOLE_PIXELS if surface.name == "whole" else MAX_PIXELS
    small = coarsen(crop(surface), limit)
    measured = small.values[small.valid].astype(np.float64)
    low, high = float(measured.min()), float(measured.max())
    step = (high - low) / _STEPS or 1.0
    steps = np.zeros(small.values.shape, "<u2")
    steps[small.valid] = 1 + np.rint((measured - low) / step)
    return {
        "name": small.name,
        "rows": len(steps),
        "cols": steps.size // len(steps),
        "pitch_um": list(small.pitch_um),
        "origin_um": list(small.origin_um),
        "low": low,
        "step": step,
        "data": base64.b64encode(zlib.compress(steps.tobytes(), 6)).decode("ascii"),
    }


def crop(surface: Surface) -> Surface:
    """The smallest part of the grid that holds all measured pixels.

    Raises ScanError: there is none.
    """
    places = np.argwhere(surface.valid)
    if not places.size:
        raise ScanError("a mark to look at: measured pixels needed, found none")
    (top, left), (bottom, right) = places.min(axis=0), places.max(axis=0) + 1
    origin, pitch = surface.origin_um, surface.pitch_um
    part = np.s_[top:bottom, left:right]
    corner = (origin[0] + float(top) * pitch[0], origin[1] + float(left) * pitch[1])
    return replace(
        surface, values=surface.values[part], valid=surface.valid[part], origin_um=corner
    )


def coarsen(surface: Surface, max_pixels: int) -> Surface:
    """Means over blocks of pixels, as small as the limit allows; as it is where it is within.

    A block was measured where at least half of its pixels were.
    """
    factor = int(np.ceil(np.sqrt(surface.values.size / max_pixels)))
    if factor <= 1:
        return surface
    padding = [(0, -n % factor) for n in surface.values.shape]
    values = np.where(surface.valid, surface.values, 0).astype(np.float64)
    sums = _block_sums(np.pad(values, padding), factor)
    counts = _block_sums(np.pad(surface.valid.astype(np.float64), padding), factor)
    valid = counts >= factor * factor / 2
    middle = (factor - 1) / 2
    row_um, col_um = surface.pitch_um
    return Surface(
        surface.name,
        np.where(valid, sums / np.maximum(counts, 1), 0).astype(np.float32),
        valid,
        (row_um * factor, col_um * factor),
        (surface.origin_um[0] + middle * row_um, surface.origin_um[1] + middle * col_um),
    )


def _block_sums(values: np.ndarray, factor: int) -> np.ndarray:
    height, width = values.shape
    blocks = values.reshape(height // factor, factor, width // factor, factor)
    return np.asarray(blocks.sum(axis=(1, 3)))


def pixel_edges(where: BoolArray) -> list[list[list[float]]]:
    """The edges of the pixels that are True, as polygons of (row, col); holes have edges too."""
    doubled = np.repeat(np.repeat(where.astype(np.uint8), 2, axis=0), 2, axis=1)
    edges, _ = cv2.findContours(doubled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return [(edge[:, 0, ::-1] / 2.0 - 0.25).tolist() for edge in edges]
