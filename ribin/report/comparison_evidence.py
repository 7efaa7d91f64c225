"""The evidence in a report of a comparison: its two items, pictures, and every cell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import zip_longest

from ribin.cases.exhibits import Exhibit
from ribin.comparison import Comparison
from ribin.model import Mark
from ribin.params.defaults import MethodParams
from ribin.report.document import Block, Figure, Grid, Paragraph, Section
from ribin.report.explanation import CONGRUENT, SIDES, CellRow, cell_rows, outcome_meanings
from ribin.report.overlay import draw_overlay
from ribin.report.report_words import figure_text

_CELL_HEAD = ("cell", "\u00b5m down", "right", "ccf", "\u00b5m away", "turn", "outcome")


@dataclass(frozen=True, eq=False)
class Item:
    """One side of a report: a mark, and where its scan came from.

    Attributes
    ----------
    mark : Mark
        What was compared.
    others : tuple of str
        Types of the marks that the scan holds besides, which this report is not about.
    member, exhibit : str, Exhibit or None
        Where the scan came out of a vault. Of another member's exhibit the event's case number
        and place are not known here.
    """

    mark: Mark
    others: tuple[str, ...] = ()
    member: str = ""
    exhibit: Exhibit | None = None
    whole: bool = True  # False: its owner gives the template alone, and that is what is drawn

    @property
    def name(self) -> str:
        """How the report calls it: the exhibit, or the file."""
        return self.exhibit.exhibit if self.exhibit else self.mark.provenance.source


def outcomes_grid(result: Comparison, method: MethodParams) -> Grid:
    """How many cells came to which outcome, and what each outcome means."""
    count = Counter((row.outcome, row.cut_from) for row in cell_rows(result))
    rows = tuple(
        (
            outcome,
            *(str(count[outcome, side]) for side in SIDES.values()),
            meaning.replace(" um", " \u00b5m"),
        )
        for outcome, meaning in outcome_meanings(method.decide).items()
    )
    return Grid(("Cells", *SIDES.values(), "meaning"), rows, frozenset({1, 2}))


def pictures_section(items: tuple[Item, Item], result: Comparison, method: MethodParams) -> Section:
    """Both marks as they were laid on each other, without and with their cells."""
    one, two = (item.mark for item in items)
    tile_um = method.describe.cell_um / 2
    bare = draw_overlay(one, two, replace(result, cell_fits=()), tile_um, for_print=True)
    blocks: list[Block] = [
        Figure(
            bare,
            f"Left {items[0].name}, right {items[1].name}, shaded by a light from the upper left"
            + (", the right one moved onto the left." if result.compared else "."),
        )
    ]
    if result.compared:
        cells = draw_overlay(one, two, result, tile_um, for_print=True)
        blocks.append(
            Figure(
                cells,
                "The same with the cells of the reference. Solid and numbered: congruent, with the "
                "same number on both sides. Dotted: not congruent, on the left where it was cut, "
                "on the right where it fell.",
            )
        )
    return Section("Pictures", tuple(blocks))


def cells_annex(result: Comparison) -> tuple[Section, ...]:
    """Every cell, so that the figures can be followed one by one."""
    if not result.compared:
        return ()
    halves = [[row for row in cell_rows(result) if row.cut_from == side] for side in SIDES.values()]
    empty = ("",) * len(_CELL_HEAD)
    rows = tuple(
        tuple(text for half in pair for text in (_cell_texts(half) if half else empty))
        for pair in zip_longest(*halves)
    )
    numbers = frozenset({0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12})
    grid = Grid((*_CELL_HEAD, *_CELL_HEAD), rows, numbers, small=True)
    text = (
        "Left the cells of the reference, right those of the comparison. \u00b5m down and right: "
        "from the centre of the mark; ccf: correlation where the cell fell; \u00b5m away and turn "
        f"(degrees): from where the {CONGRUENT} cells say it should lie. The numbers of "
        f"{CONGRUENT} cells of the reference are those of the picture."
    )
    return (Section("Cells", (Paragraph(text), grid), annex=True),)


def _cell_texts(row: CellRow) -> tuple[str, ...]:
    return (
        *(str(row.number), *(f"{place:.0f}" for place in row.center_um)),
        *(figure_text(row.ccf), figure_text(row.away_um, 0), figure_text(row.turn_deg, 1)),
        row.outcome,
    )
