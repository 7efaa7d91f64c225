"""One row a pair: its figures, and what is known of it."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ribin.comparison import Comparison
from ribin.errors import ParameterError
from ribin.evaluate.labels import Label
from ribin.model import MarkType

COLUMNS = (
    "reference",
    "comparison",
    "known_match",
    "score",
    "cmc",
    "cmc_fraction",
    "ccf",
    "cells",
)


@dataclass(frozen=True)
class Pair:
    """One unordered pair of labelled scans; NaN figures and a `reason` where not compared."""

    reference: str
    comparison: str
    firearms: tuple[str, str]
    ammunition: tuple[str, str]
    mark: MarkType
    score: float
    cmc: float
    cmc_fraction: float
    ccf: float
    cells: int
    reason: str = ""

    @property
    def known_match(self) -> bool:
        return self.firearms[0] == self.firearms[1]

    @property
    def compared(self) -> bool:
        return not math.isnan(self.score)


def compared_pair(reference: Label, comparison: Label, result: Comparison) -> Pair:
    """The pair with the figures of its comparison."""
    return Pair(
        reference=reference.file,
        comparison=comparison.file,
        firearms=(reference.firearm, comparison.firearm),
        ammunition=(reference.ammunition, comparison.ammunition),
        mark=reference.mark,
        score=result.score,
        cmc=result.cmc,
        cmc_fraction=result.cmc_fraction,
        ccf=result.ccf,
        cells=result.cells,
        reason=result.reason,
    )


def uncompared_pair(reference: Label, comparison: Label, reason: str) -> Pair:
    """The pair without figures, and why."""
    return Pair(
        reference=reference.file,
        comparison=comparison.file,
        firearms=(reference.firearm, comparison.firearm),
        ammunition=(reference.ammunition, comparison.ammunition),
        mark=reference.mark,
        score=math.nan,
        cmc=math.nan,
        cmc_fraction=math.nan,
        ccf=math.nan,
        cells=0,
        reason=reason,
    )


def write_pairs(pairs: Iterable[Pair], path: Path) -> None:
    """Write a CSV row a pair; the figures of a pair that was not compared are empty.

    Raises
    ------
    ParameterError
        The file cannot be written.
    """
    try:
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            writer.writerows(_row(pair) for pair in pairs)
    except OSError as error:
        raise ParameterError(f"{path}: a CSV file to write needed, {error.strerror}") from error


def _row(pair: Pair) -> list[object]:
    figures = (pair.score, pair.cmc, pair.cmc_fraction, pair.ccf, pair.cells)
    known = [pair.reference, pair.comparison, int(pair.known_match)]
    return [*known, *(figures if pair.compared else [""] * len(figures))]
