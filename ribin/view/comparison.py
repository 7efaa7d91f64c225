"""The comparison page: two marks laid on each other, as under a comparison microscope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ribin import __version__
from ribin.comparison import Comparison
from ribin.model import Mark
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.view.pair import pack_result, pack_side
from ribin.view.single_file import render_page
from ribin.view.surface import Surface

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
