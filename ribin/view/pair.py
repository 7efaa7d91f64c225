"""Two marks and what the comparison says of them, as the data of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ribin.comparison import Comparison
from ribin.model import Mark, ScanKind
from ribin.params.defaults import DecideParams
from ribin.report.explanation import SIDES, cell_rows, outcome_meanings
from ribin.view.surface import Surface, compared_surface, pack_surface


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
