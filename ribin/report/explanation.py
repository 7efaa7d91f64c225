"""Why a pair has its score: the cells one by one, how many failed at what, and the score's sum."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ribin.cases.side import Side
from ribin.comparison import CellFit, Comparison, turn_matrix
from ribin.model import Mark, left_out_words
from ribin.params.defaults import DecideParams
from ribin.report.pictures import LEFT_OUT_NAMES, laid_by, measured_at
from ribin.report.table import facts, table
from ribin.report.text import comparison_end, comparison_head

CONGRUENT = "congruent"
SIDES = {"forward": "reference", "backward": "comparison"}  # which side a cell was cut from


@dataclass(frozen=True)
class CellRow:
    """One cell and how it stands to the motion that the others followed."""

    number: int  # within its side; of a congruent cell of the reference, that of the picture
    cut_from: str  # "reference" or "comparison"
    center_um: tuple[float, float]
    fell_um: tuple[float, float] | None  # on the other mark; None if not measured on both sides
    rotation_deg: float
    ccf: float
    away_um: float  # from where the motion puts the cell to where it fell; NaN if not measured
    turn_deg: float  # against the motion's turn; NaN if not measured
    outcome: str  # "congruent", or the reason why not
    shared: float  # share of its area that both sides measured; NaN without the surfaces


def cell_rows(
    result: Comparison, marks: tuple[Mark, Mark] | None = None, cell_um: float = math.nan
) -> tuple[CellRow, ...]:
    """A row for each cell: the reference's before the comparison's, congruent ones first.

    `marks`: the surfaces of both sides, to say how much of a cell of `cell_um` both measured.
    """
    rows = []
    for direction, side in SIDES.items():
        fits = [fit for fit in result.cell_fits if fit.direction == direction]
        ordered = sorted(fits, key=_order)
        shares = [math.nan] * len(ordered)
        if marks:
            own, other = marks if side == "reference" else marks[::-1]
            shares = [shared_surface(own, other, fit, cell_um, result.mirrored) for fit in ordered]
        numbered = enumerate(zip(ordered, shares, strict=True), start=1)
        rows += [_row(n, side, fit, share, result) for n, (fit, share) in numbered]
    return tuple(rows)


def shared_surface(
    own: Mark, other: Mark, fit: CellFit, cell_um: float, mirrored: bool = False
) -> float:
    """The share of a cell, from 0 to 1, that was measured on its own side and, where it fell, on
    the other; NaN where it fell nowhere."""
    if math.isnan(fit.ccf):
        return math.nan
    steps = np.arange(0.5, max(1.0, round(cell_um / own.pitch_um))) * own.pitch_um
    grid = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    grid -= grid.mean(axis=0)
    cut = grid + np.array(fit.center_um)
    if mirrored:
        grid = grid * (1.0, -1.0)
    fell = grid @ turn_matrix(fit.rotation_deg).T + np.array(fit.center_um) + np.array(fit.shift_um)
    return float((measured_at(own, cut) & measured_at(other, fell)).mean())


def outcome_counts(result: Comparison) -> Counter[tuple[str, str]]:
    """How many cells came to which outcome, by outcome and side."""
    return Counter((row.outcome, row.cut_from) for row in cell_rows(result))


def anything_left_out(sides: Sequence[Side]) -> bool:
    """Whether a part of either mark is known to be left out."""
    return any(left_out_words(side.left_out or {}) for side in sides)


def left_out_of_pair(sides: Sequence[Side]) -> str:
    """What is left out of each of two marks, in words."""
    said = [
        "not told by a template"
        if side.left_out is None
        else left_out_words(side.left_out) or "nothing"
        for side in sides
    ]
    return "; ".join(f"{role}: {words}" for role, words in zip(SIDES.values(), said, strict=True))


def drawn_words(sides: Sequence[Side], result: Comparison) -> str:
    """What the caption of a picture of a pair says beside its cells; empty, or with a blank before
    it."""
    negative = " The comparison is drawn as its negative." if result.inverted else ""
    if not anything_left_out(sides):
        return negative
    return f"{negative} Left out ({LEFT_OUT_NAMES}): {left_out_of_pair(sides)}."


def comparison_text(result: Comparison, params: DecideParams, left_out: str = "") -> str:
    """All of it for a person; what matters most stands last, where a terminal shows it.

    `left_out` says what is left out of both marks.
    """
    head = comparison_head(result) + ([("left out", left_out)] if left_out else [])
    if not result.compared:
        return facts([*head, *comparison_end(result)])
    return "\n\n".join(
        [
            facts(head),
            f"{_CELLS}\n{_cells(cell_rows(result))}",
            _outcomes(result, params),
            _parts(result),
            facts(comparison_end(result)),
        ]
    )


_CELLS = (
    "cells of the reference, then of the comparison; um down and right from the centre of their "
    "mark,\num away and degrees turned from where the congruent cells say that they lie"
)


def outcome_meanings(params: DecideParams) -> dict[str, str]:
    """What each outcome of a cell means, in the order of a table."""
    return {
        CONGRUENT: "within all limits",
        "correlation": f"ccf below {params.min_ccf:g}",
        "place": f"more than {params.max_place_um:g} um from where the others fell",
        "angle": f"turned more than {params.max_angle_deg:g} degrees against the others",
        "surface": "too little measured on both sides; not counted",
    }


def _order(fit: CellFit) -> tuple[bool, float, float]:
    """Congruent cells first, from the top down: the numbers that `draw_overlay` draws."""
    return (not fit.congruent, *fit.center_um)


def _row(number: int, side: str, fit: CellFit, shared: float, result: Comparison) -> CellRow:
    center, fell = np.array(fit.center_um), np.array(fit.center_um) + np.array(fit.shift_um)
    reference, comparison = (center, fell) if side == "reference" else (fell, center)
    way_back = 1.0 if result.mirrored else -1.0  # of a turn after an exchange of left and right
    turn = fit.rotation_deg if side == "reference" else way_back * fit.rotation_deg
    motion = laid_by(result)
    away = comparison - motion.apply(reference[np.newaxis])[0]
    measured = not math.isnan(fit.ccf)
    return CellRow(
        number=number,
        cut_from=side,
        center_um=fit.center_um,
        fell_um=(float(fell[0]), float(fell[1])) if measured else None,
        rotation_deg=fit.rotation_deg,
        ccf=fit.ccf,
        away_um=float(np.hypot(*away)) if measured else math.nan,
        turn_deg=(turn - motion.rotation_deg + 180.0) % 360.0 - 180.0 if measured else math.nan,
        outcome=fit.reason or CONGRUENT,
        shared=shared,
    )


def _cells(rows: tuple[CellRow, ...]) -> str:
    header = ("cell", "cut from", "um down", "um right", "ccf", "um away", "degrees", "outcome")
    lines = [
        (
            *(row.number, row.cut_from, *map(round, row.center_um), row.ccf),
            *(_rounded(row.away_um, 0), _rounded(row.turn_deg, 1), row.outcome),
        )
        for row in rows
    ]
    return table(header, lines)


def _outcomes(result: Comparison, params: DecideParams) -> str:
    """How many cells agree, and how many do not, by the first limit that they missed."""
    count = outcome_counts(result)
    lines = [
        (outcome, *(count[outcome, side] for side in SIDES.values()), text)
        for outcome, text in outcome_meanings(params).items()
    ]
    return table(("cells", *SIDES.values(), "meaning"), lines)


def _parts(result: Comparison) -> str:
    """The parts and their sum."""
    lines = [(part.name, part.value, part.contribution) for part in result.score_parts]
    return table(
        ("part of the score", "value", "points"), [*lines, ("sum", math.nan, result.score)]
    )


def _rounded(value: float, digits: int) -> str:
    """A figure as wide as its column."""
    return "-".rjust(7) if math.isnan(value) else f"{value:z7.{digits}f}"
