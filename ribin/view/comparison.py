"""The comparison page: two marks laid on each other, as under a comparison microscope."""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ribin._version import __version__
from ribin.comparison import Comparison
from ribin.errors import FormatError, ParameterError, ScanError
from ribin.extract.level import level_surface
from ribin.model import BoolArray, FloatArray, Mark, Scan, ScanKind
from ribin.params.defaults import DEFAULT_PARAMS, DecideParams, Params
from ribin.report.explanation import SIDES, cell_rows, outcome_meanings
from ribin.view.single_file import render_page

STYLES = ("colours.css", "frame.css", "panel.css", "stage.css", "narrow.css", "paper.css")
SCRIPTS = (
    "page.js",
    "surface.js",
    "camera.js",
    "colours.js",
    "lamp.js",
    "shading.js",
    "relief_webgl.js",
    "relief_canvas.js",
    "stage.js",
    "overlay.js",
    "cells.js",
    "profile.js",
    "notes.js",
    "pointer.js",
    "keyboard.js",
    "paper.js",
    "comparison.js",
)


def comparison_page(
    reference: Mark,
    comparison: Mark,
    result: Comparison,
    params: Params = DEFAULT_PARAMS,
    *,
    measured: tuple[Surface | None, Surface | None] = (None, None),
    labels: tuple[str, str] | None = None,
    unit: str = "µm",
    annotations: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The HTML of a page that opens offline in any current browser.

    Parameters
    ----------
    reference, comparison : Mark
        The two sides that `result` is about.
    result : Comparison
        A pair that was not compared is shown side by side, unmoved, and the page says why.
    measured : pair of Surface or None
        Of each side the surface as measured (`measured_surface`), where it is at hand; the page
        then shows it first and the compared band on request.
    labels : pair of str
        What to call the sides; the names in `result` by default.
    unit : str
        Of the heights; of a template they are "of its RMS". Grey values have none.
    annotations : sequence of mappings
        Annotations that the page opens with, as it saves them.

    Returns
    -------
    str
        HTML, below 6 MB for marks of any size.

    Raises
    ------
    ScanError
        A side has no measured pixel.
    """
    method = params.of(reference.mark_type, reference.kind)
    names = labels or (result.reference, result.comparison)
    sides = [
        pack_side(name, mark, surface, unit)
        for name, mark, surface in zip(names, (reference, comparison), measured, strict=True)
    ]
    data = {
        "sides": sides,
        "result": pack_result(result, method.decide),
        "tile_um": method.describe.cell_um / 2,  # neighbours share half their area
        "annotations": list(annotations),
    }
    return render_page(
        "comparison.html",
        STYLES,
        SCRIPTS,
        data,
        reference=names[0],
        comparison=names[1],
        result=result,
        mark=str(result.mark).replace("_", " "),
        sides=sides,
        version=__version__,
    )


# What an examiner marked on a comparison page, as the page saves it and opens it again.

FORMAT = "ribin annotations 1"
KINDS = ("agreement", "disagreement")


def read_annotations(path: Path, reference: Mark, comparison: Mark) -> list[dict[str, Any]]:
    """The annotations in a file that a comparison page of this pair saved.

    Returns
    -------
    list of dict
        Each with `kind`, `center_um` and `size_um` (row, col, from the centre of the reference),
        `text`, `examiner` and `made_on`.

    Raises
    ------
    ParameterError
        The file cannot be read, or its annotations are of another pair.
    FormatError
        It holds something else.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterError(f"{path}: a file of annotations needed, {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: the JSON of a comparison page needed, {error}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        what = found.get("format") if isinstance(found, dict) else type(found).__name__
        raise FormatError(f'{path}: "{FORMAT}" needed, found {what}')
    items = found.get("annotations")
    if not isinstance(items, list):
        raise FormatError(f"{path}: a list of annotations needed, found {type(items).__name__}")
    for number, item in enumerate(items, start=1):
        if not _is_annotation(item):
            raise FormatError(
                f"{path}: annotation {number} of {len(items)}: kind, place, size and text needed, "
                f"found {_what(item)}"
            )
    for side, mark in (("reference", reference), ("comparison", comparison)):
        said = found.get(side)
        sha256 = said.get("sha256") if isinstance(said, dict) else None
        if sha256 != mark.provenance.sha256:
            raise ParameterError(
                f"{path}: annotations of the {side} {mark.provenance.sha256[:12]}... needed, "
                f"found those of {str(sha256)[:12]}...",
                hint="name the two items in the order of the page that saved the file",
            )
    return items


def _is_annotation(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and item.get("kind") in KINDS
        and all(_is_pair(item.get(name)) for name in ("center_um", "size_um"))
        and all(isinstance(item.get(name), str) for name in ("text", "examiner", "made_on"))
    )


def _what(item: Any) -> str:
    """What stands in place of an annotation, short enough for a line."""
    text = json.dumps(item, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(v, (int, float)) and math.isfinite(v) for v in value)
    )


# A mark as it was measured: the pixels of its scan, with nothing but its slope taken out.


def measured_surface(scan: Scan, mark: Mark, params: Params = DEFAULT_PARAMS) -> Surface:
    """The pixels of a scan on which a mark lies, levelled; of an image, its grey values.

    Parameters
    ----------
    scan : Scan
        The one that `mark` was cut from.

    Raises
    ------
    ScanError
        The mark lies on no measured pixel: it is not one of this scan.
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


def _inside(scan: Scan, mark: Mark) -> BoolArray:
    """Where pixels of the scan were measured, and at least half of the mark around them was."""
    share = mark.valid.astype(np.float32)
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


# Two marks and what the comparison says of them, as the data of a page.


def pack_side(label: str, mark: Mark, measured: Surface | None, unit: str) -> dict[str, Any]:
    """One side: who it is, where it came from, and its surfaces, the finest first.

    `unit` is that of heights; the grey values of an image have none.
    """
    layers = [measured] if measured is not None else []
    return {
        "label": label,
        "kind": mark.kind,
        "unit": unit if mark.kind is ScanKind.TOPOGRAPHY else "",
        "provenance": mark.provenance,
        "layers": [pack_surface(layer) for layer in [*layers, compared_surface(mark)]],
    }


def pack_result(result: Comparison, params: DecideParams) -> dict[str, Any]:
    """The figures, the motion that lays the reference on the comparison, and every cell.

    A pair that was not compared has no motion.
    """
    motion = {"rotation_deg": result.rotation_deg, "shift_um": result.shift_um}
    return {
        "mark": result.mark,
        "compared": result.compared,
        "reason": result.reason,
        "note": result.note,
        "score": result.score,
        "parts": result.score_parts,
        "cmc": result.cmc,
        "cells": result.cells,
        "ccf": result.ccf,
        "motion": motion if result.compared else None,
        "meanings": outcome_meanings(params),
        "cell_rows": pack_cells(result) if result.compared else [],
        "params_id": result.params_id,
        "version": result.version,
    }


def pack_cells(result: Comparison) -> Sequence[dict[str, Any]]:
    """Each cell, where it fell and how it lies there, in the order and by the numbers of tables.

    A cell that was measured too little on both sides fell nowhere: `fell_um` is None.
    """
    fits = {(SIDES[fit.direction], fit.center_um): fit for fit in result.cell_fits}
    packed = []
    for row in cell_rows(result):
        fit = fits[row.cut_from, row.center_um]
        fell = tuple(c + s for c, s in zip(fit.center_um, fit.shift_um, strict=True))
        packed.append(
            {
                "number": row.number,
                "cut_from": row.cut_from,
                "center_um": row.center_um,
                "fell_um": fell if row.ccf == row.ccf else None,  # NaN is unlike itself
                "rotation_deg": fit.rotation_deg,
                "ccf": row.ccf,
                "away_um": row.away_um,
                "turn_deg": row.turn_deg,
                "outcome": row.outcome,
            }
        )
    return packed


# A surface as a page carries it: cropped, of bounded size, in 16 bit, compressed.

MAX_PIXELS = 700_000  # a layer; two sides with two layers each then stay below 6 MB of page
_STEPS = 65_534  # of the 16 bits; 0 says that nothing was measured


@dataclass(frozen=True, eq=False)
class Surface:
    """Values on a grid, and where the grid lies on its mark.

    Attributes
    ----------
    name : str
        "measured" or "compared": which look at the mark this is.
    values : (H, W) float32 array
        Heights in um, or grey values of an image; ignored where not `valid`.
    valid : (H, W) bool array
        True where measured.
    pitch_um : (float, float)
        Distance of rows and of columns.
    origin_um : (float, float)
        Row and column of pixel (0, 0), from the centre of the mark.
    """

    name: str
    values: FloatArray
    valid: BoolArray
    pitch_um: tuple[float, float]
    origin_um: tuple[float, float]


def compared_surface(mark: Mark) -> Surface:
    """The band of the mark that the comparison looks at."""
    rows, cols = [(n - 1) / 2 * mark.pitch_um for n in mark.surface.shape]
    pitch = (mark.pitch_um, mark.pitch_um)
    return Surface("compared", mark.surface, mark.valid, pitch, (-rows, -cols))


def pack_surface(surface: Surface) -> dict[str, Any]:
    """The surface as JSON: `data` is base64 of zlib of little-endian uint16, row after row.

    A value v > 0 stands for low + (v - 1) * step; 0 was not measured. The error is at most half a
    step: 0.1 nm of a relief of 12 um.

    Raises
    ------
    ScanError
        Nothing was measured.
    """
    small = coarsen(crop(surface), MAX_PIXELS)
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

    Raises
    ------
    ScanError
        There is none.
    """
    places = np.argwhere(surface.valid)
    if not places.size:
        raise ScanError("a mark to look at: measured pixels needed, found none")
    (top, left), (bottom, right) = places.min(axis=0), places.max(axis=0) + 1
    origin, pitch = surface.origin_um, surface.pitch_um
    part = np.s_[top:bottom, left:right]
    return Surface(
        surface.name,
        surface.values[part],
        surface.valid[part],
        pitch,
        (origin[0] + float(top) * pitch[0], origin[1] + float(left) * pitch[1]),
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
