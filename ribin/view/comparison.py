"""The comparison page: two marks laid on each other, as under a comparison microscope.

Also the annotations of an examiner, with which the page opens again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import to_builtins

from ribin._version import __version__
from ribin.cases.annotation import decode_annotations
from ribin.comparison import Comparison
from ribin.errors import ParameterError
from ribin.input_file import read_input
from ribin.model import LeftOut, Mark, ScanKind
from ribin.params.defaults import DEFAULT_PARAMS, DecideParams, Params
from ribin.report.explanation import CellRow, cell_rows, outcome_meanings
from ribin.report.pictures import mark_center_px
from ribin.view.single_file import render_page
from ribin.view.surface import Surface, compared_surface, pack_surface, pixel_edges

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
    "left_out.js",
    "cell_pair.js",
    "cells.js",
    "profile.js",
    "notes.js",
    "pointer.js",
    "keyboard.js",
    "paper.js",
    "picture.js",
    "comparison.js",
)


def comparison_page(
    reference: Mark,
    comparison: Mark,
    result: Comparison,
    params: Params = DEFAULT_PARAMS,
    *,
    measured: tuple[Surface | None, Surface | None] = (None, None),
    whole: tuple[Surface | None, Surface | None] = (None, None),
    labels: tuple[str, str] | None = None,
    unit: str = "µm",
    annotations: Sequence[Mapping[str, Any]] = (),
    figures_hidden: bool = False,
) -> str:
    """The HTML of a page that opens offline in any current browser, below 6 MB for any marks.

    A pair that was not compared is shown side by side, unmoved, and the page says why. Where the
    surfaces as measured (`measured_surface`) are at hand, the page shows them first and the
    compared band on request, and so what lies around the marks (`whole_surface`). The sides are
    called as in `result`, unless there are `labels`. `unit` is that of the heights; those of a
    template are "of its RMS", and grey values have none. The page opens with `annotations` as it
    saves them; with `figures_hidden` a person looks first, and asks for the figures.

    Raises ScanError: a side has no measured pixel.
    """
    method = params.of(reference.mark_type, reference.kind)
    names = labels or (result.reference, result.comparison)
    sides = [
        pack_side(name, mark, surface, around, unit)
        for name, mark, surface, around in zip(
            names, (reference, comparison), measured, _both(whole, measured), strict=True
        )
    ]
    cell_um = method.describe.cell_um
    rows = cell_rows(result, (reference, comparison), cell_um) if result.compared else ()
    data = {
        "sides": sides,
        "result": pack_result(result, rows, method.decide),
        "cell_um": cell_um,  # neighbours may share half their area
        "annotations": list(annotations),
        "figures_hidden": figures_hidden,
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


# Two marks and what the comparison says of them, as the data of the page.


def _both(
    whole: tuple[Surface | None, Surface | None], measured: tuple[Surface | None, Surface | None]
) -> tuple[Surface | None, Surface | None]:
    """What lies around each mark; beside a whole head a scan of the mark alone is all there is."""
    if not any(whole):
        return None, None
    one, two = (w or (m and replace(m, name="whole")) for w, m in zip(whole, measured, strict=True))
    return one, two


def pack_side(
    label: str, mark: Mark, measured: Surface | None, whole: Surface | None, unit: str
) -> dict[str, Any]:
    """One side: who it is, where it came from, and its surfaces, the finest first; the whole scan
    last."""
    layers = [measured] if measured is not None else []
    around = [whole] if whole is not None else []
    return {
        "label": label,
        "kind": mark.kind,
        "unit": unit if mark.kind is ScanKind.TOPOGRAPHY else "",
        "provenance": mark.provenance,
        "left_out": pack_left_out(mark),
        "layers": [pack_surface(layer) for layer in [*layers, compared_surface(mark), *around]],
    }


def pack_left_out(mark: Mark) -> list[dict[str, Any]]:
    """What is left out of a mark: for each kind its share, and the edges of where it lies as
    polygons of (row, col) in um from the centre."""
    if mark.left_out is None:
        return []
    kinds = [kind for kind in LeftOut if mark.leaves_out(kind)]
    return [
        {
            "kind": kind.words,
            "share": mark.left_out_shares[kind.words],
            "edges": [
                np.round((np.array(edge) - mark_center_px(mark)) * mark.pitch_um).tolist()
                for edge in pixel_edges(mark.left_out == kind)
            ],
        }
        for kind in kinds
    ]


def pack_result(
    result: Comparison, rows: tuple[CellRow, ...], params: DecideParams
) -> dict[str, Any]:
    """The figures, the motion that lays the reference on the comparison, and every cell.

    A pair that was not compared has no motion.
    """
    names = ("rotation_deg", "shift_um", "scale", "mirrored", "inverted")
    motion = {name: getattr(result, name) for name in names}
    return {
        "mark": result.mark,
        "compared": result.compared,
        "reason": result.reason,
        "note": result.note,
        "caution": result.caution,
        "score": result.score,
        "parts": result.score_parts,
        "cmc": result.cmc,
        "cells": result.cells,
        "ccf": result.ccf,
        "motion": motion if result.compared else None,
        "meanings": outcome_meanings(params),
        "cell_rows": rows,
        "params_id": result.params_id,
        "version": result.version,
    }


# Annotations.


def read_annotations(path: Path, reference: Mark, comparison: Mark) -> list[dict[str, Any]]:
    """The annotations in a file that a comparison page of this pair saved, for a page to open with.

    Raises ParameterError: the file cannot be read, or its annotations are of another pair. Raises
    FormatError: it holds something else.
    """
    try:
        content = read_input(path, 64)
    except OSError as error:
        raise ParameterError(f"{path}: a file of annotations needed, {error.strerror}") from error
    found = decode_annotations(content, str(path))
    if found.mark not in ("", reference.mark_type):
        raise ParameterError(
            f"{path}: annotations of a {reference.mark_type} needed, found those of a {found.mark}"
        )
    for side, said, mark in (
        ("reference", found.reference, reference),
        ("comparison", found.comparison, comparison),
    ):
        if said.sha256 != mark.provenance.sha256:
            raise ParameterError(
                f"{path}: annotations of the {side} {mark.provenance.sha256[:12]}... needed, "
                f"found those of {said.sha256[:12]}...",
                hint="name the two items in the order of the page that saved the file",
            )
    return to_builtins(found.annotations)
