"""What a report of one comparison says: two items, how far they agree, what was left out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np

from ribin.cases.annotation import Annotation, SavedAnnotations
from ribin.cases.exhibits import Request
from ribin.cases.side import Side
from ribin.comparison import Comparison, score_text
from ribin.params.defaults import MethodParams
from ribin.report.document import (
    SORTS,
    Block,
    ChainHead,
    Document,
    Facts,
    Figure,
    Grid,
    Paragraph,
    ReportHead,
    Section,
    examiner_section,
    figure_text,
    known,
    limits_section,
    method_section,
    record_section,
    scan_facts_of,
    words,
)
from ribin.report.explanation import (
    CONGRUENT,
    SIDES,
    CellRow,
    cell_rows,
    drawn_words,
    left_out_of_pair,
    outcome_counts,
    outcome_meanings,
)
from ribin.report.json import as_json
from ribin.report.pictures import AnnotatedPlace, Points, draw_overlay, light_shown, motion_of
from ribin.report.text import placement_words

_TEMPLATE = "its template, which is what was compared: its owner has not released the original"
_PARTS = (
    "Agreement of all cells: the Fisher values of their correlations at one placement, over the "
    "root of their number. Whole marks in the wide band: the correlation of what overlaps, times "
    "the root of its share; the correlation above is of the fine band, without that root. Bands of "
    "wavelengths: how bands agree one by one. Congruent cells: their share."
)
_CELL_HEAD = ("cell", "\u00b5m down", "right", "ccf", "\u00b5m away", "turn", "outcome")


def comparison_document(
    head: ReportHead,
    items: tuple[Side, Side],
    result: Comparison,
    params_id: str,
    method: MethodParams,
    chain: ChainHead | None = None,
    request: Request | None = None,
    weight: Sequence[str] = (),
    annotations: Sequence[SavedAnnotations] = (),
    record: Sequence[tuple[str, str]] = (),
) -> Document:
    """The whole report on `items`, the reference and the comparison of `result`.

    `params_id` is of the parameters that `method` is part of; `chain` the last row of the audit log
    that the report was entered in, None where there is no vault; `request` what another member was
    asked by, where one of the items is another member's; `weight` what reference data say of the
    score, in sentences, where they were asked; `annotations` what persons saved of this pair;
    `record` names what the report is made for, a lead or a list, and the figures that stand there.
    """
    one, two = items
    figures = figures_sha256(result)
    return Document(
        title="Comparison report",
        subject=f"{one.name} and {two.name}: {words(result.mark)}",
        head=head.facts(),
        footer=f"RIBIN {result.version}, comparison report, {head.at}, figures {figures[:16]}",
        sections=(
            _question(head, result, request, record),
            *(
                Section(f"Item: {role}", (Facts(_item_facts(item)),))
                for role, item in zip(SIDES.values(), items, strict=True)
            ),
            method_section(params_id, result.version, method),
            _compared(items, result),
            _result(result, method),
            *_weight(weight),
            pictures_section(items, result, method),
            *_annotations(items, result, method, annotations),
            limits_section(*_cautions(result)),
            record_section(figures, chain),
            examiner_section(),
            *cells_annex(result),
        ),
    )


def figures_sha256(result: Comparison) -> str:
    """SHA-256 of the figures of a comparison as JSON, without the time that it took."""
    return hashlib.sha256(as_json(replace(result, elapsed_s=0.0)).encode()).hexdigest()


def _question(
    head: ReportHead, result: Comparison, request: Request | None, record: Sequence[tuple[str, str]]
) -> Section:
    question = head.question or (
        f"How far do the {words(result.mark)} marks of the two items below agree, in the figures "
        "of the method below?"
    )
    blocks: list[Block] = [Paragraph(question), Paragraph(SORTS)]
    facts = list(record)
    if request:
        facts += [("Scope", str(request.scope)), ("Reason, as told to the owner", request.reason)]
    if facts:
        blocks.append(Facts(known(facts)))
    return Section("Question", tuple(blocks))


def _item_facts(item: Side) -> tuple[tuple[str, str], ...]:
    exhibit: list[tuple[str, str]] = []
    if item.exhibit:
        event, classes = item.exhibit.event, item.exhibit.class_fields
        exhibit = [
            ("Exhibit", item.exhibit.exhibit),
            ("Member", item.member),
            ("Event", event.event),
            ("Case number", event.case_number),
            ("Day and place", ", ".join(part for part in (event.date, event.place) if part)),
            ("Calibre", classes.calibre),
            ("Firing pin", classes.firing_pin_shape),
            ("Breech face", classes.breech_face_type),
            ("Ammunition", classes.ammunition),
            ("Make and model", " ".join(filter(None, (classes.make, classes.model)))),
        ]
    if item.whole:
        return (*known(exhibit), *scan_facts_of(item.mark.provenance))
    without_hash = replace(item.mark.provenance, sha256="")
    sha256 = f"{item.mark.provenance.sha256}, as told by {item.member}: the file was not read here"
    facts = (("SHA-256", sha256), *scan_facts_of(without_hash), ("Drawn from", _TEMPLATE))
    return (*known(exhibit), *facts)


def _compared(items: tuple[Side, Side], result: Comparison) -> Section:
    measured = [f"{item.mark.measured_mm2:.3f}" for item in items]
    left_out = [
        f"{role}: {', '.join(words(other) for other in item.others)}"
        for role, item in zip(SIDES.values(), items, strict=True)
        if item.others
    ]
    quality = "; ".join(
        f"{role}: {item.quality or 'not known here'}"
        for role, item in zip(SIDES.values(), items, strict=True)
    )
    count = Counter((fit.direction, fit.reason == "surface") for fit in result.cell_fits)
    cells = [
        f"{count[direction, False]} of the {side} ({count[direction, True]} not counted)"
        for direction, side in SIDES.items()
    ]
    facts = [
        ("Compared", f"{words(result.mark)} against {words(result.mark)}, {items[0].mark.kind}"),
        ("Measured surface", f"{measured[0]} mm\u00b2 and {measured[1]} mm\u00b2"),
        ("Quality of the marks", quality),
        ("Left out of the marks", left_out_of_pair(items)),
        ("Cells", ", ".join(cells) if result.compared else "none"),
        ("Not compared", "; ".join(left_out) or "nothing: no other marks were found in the scans"),
    ]
    text = (
        "Cells of either side are searched for on the other. A cell with too little measured "
        "surface on both sides is not counted, neither for nor against. What looks like dust, drag "
        "of the firing pin or flowback is left out of a breech face before it is compared; the "
        "shares are of its measured surface, and an examiner can overrule it (`--keep-all`)."
    )
    return Section("What was compared, and what was not", (Paragraph(text), Facts(tuple(facts))))


def _result(result: Comparison, method: MethodParams) -> Section:
    if not result.compared:
        text = f"The two marks were not compared: {result.reason}. There is no score."
        return Section("Result", (Paragraph(text),))
    text = (
        f"{result.cmc:g} of {result.cells} cells that could be compared are congruent. The two "
        f"surfaces, laid on each other, correlate with {result.ccf:.3f}; the score is "
        f"{score_text(result.score)} of at most 100. These are figures of two surfaces and no "
        "conclusion."
    )
    facts: tuple[tuple[str, str], ...] = (
        ("Score", score_text(result.score)),
        ("Congruent cells", f"{result.cmc:g} of {result.cells} ({result.cmc_fraction:.3f})"),
        ("Correlation", f"{result.ccf:.3f} of the whole marks in the fine band"),
        ("Placement", placement_words(result, "µm")),
    )
    if result.laid:
        facts += (("Laid", f"{result.laid}: cells, correlation and placement are of that"),)
    blocks: list[Block] = [
        Paragraph(text),
        Facts(facts),
        parts_grid(result),
        Paragraph(_PARTS),
        outcomes_grid(result, method),
    ]
    if result.note:
        blocks.append(Paragraph(f"Note: {result.note}"))
    if result.caution:
        blocks.append(Paragraph(f"Marks of this type are {result.caution}."))
    return Section("Result", tuple(blocks))


def _cautions(result: Comparison) -> list[str]:
    """What is to be known of this comparison beside the limits of every one."""
    of_type = f"{words(result.mark).capitalize()} marks are {result.caution}."
    return [*([result.note] if result.note else []), *([of_type] if result.caution else [])]


def _weight(texts: Sequence[str]) -> tuple[Section, ...]:
    return (Section("Weight", tuple(map(Paragraph, texts))),) if texts else ()


# The figures, pictures, and every cell.


def parts_grid(result: Comparison) -> Grid:
    """The parts of the score and their sum."""
    rows = [
        (part.name, figure_text(part.value), figure_text(part.contribution))
        for part in result.score_parts
    ]
    rows.append(("sum", "", score_text(result.score)))
    return Grid(("Part of the score", "value", "points"), tuple(rows), frozenset({1, 2}))


def outcomes_grid(result: Comparison, method: MethodParams) -> Grid:
    """How many cells came to which outcome, and what each outcome means."""
    count = outcome_counts(result)
    rows = tuple(
        (
            outcome,
            *(str(count[outcome, side]) for side in SIDES.values()),
            meaning.replace(" um", " \u00b5m"),
        )
        for outcome, meaning in outcome_meanings(method.decide).items()
    )
    return Grid(("Cells", *SIDES.values(), "meaning"), rows, frozenset({1, 2}))


def pictures_section(items: tuple[Side, Side], result: Comparison, method: MethodParams) -> Section:
    """Both marks as they were laid on each other, without and with their cells."""
    one, two = (item.mark for item in items)
    cell_um = method.describe.cell_um
    bare = draw_overlay(one, two, replace(result, cell_fits=()), cell_um, for_print=True)
    blocks: list[Block] = [
        Figure(
            bare,
            f"Left {items[0].name}, right {items[1].name}, {light_shown(one, two)}"
            + (", the right one moved onto the left." if result.compared else ".")
            + drawn_words(items, result),
        )
    ]
    if result.compared:
        cells = draw_overlay(one, two, result, cell_um, for_print=True)
        blocks.append(
            Figure(
                cells,
                f"The same with the cells of the reference, {cell_um:g} \u00b5m wide; neighbours "
                "may overlap by half. Solid, with its number in its upper left quarter: "
                "congruent, with the same number on both sides. Dotted: not congruent, on the "
                "left where it was cut, on the right where it fell.",
            )
        )
    return Section("Pictures", tuple(blocks))


def _annotations(
    items: tuple[Side, Side],
    result: Comparison,
    method: MethodParams,
    saved: Sequence[SavedAnnotations],
) -> tuple[Section, ...]:
    """What persons annotated, on both marks and in their words; a place that several saved alike
    stands once."""
    one, two = (item.mark for item in items)
    found: dict[tuple[object, ...], tuple[SavedAnnotations, Annotation, Points]] = {}
    for set_of in saved:
        turned = set_of.pair.scans != (one.provenance.sha256, two.provenance.sha256)
        for note in set_of.pair.annotations:
            center = np.array([note.center_um])
            motion = motion_of(result) if turned else None
            at = motion.undo(center)[0] if motion else center[0]
            key = (turned, note.kind, *note.center_um, *note.size_um, note.text, note.examiner)
            found.setdefault(key, (set_of, note, at))
    if not found:
        return ()
    places, rows = [], []
    for number, (set_of, note, at) in enumerate(found.values(), start=1):
        agrees = note.kind == "agreement"
        tall, wide = note.size_um
        label = f"{'=' if agrees else 'x'} {number}"
        places.append(AnnotatedPlace(label, agrees, (at[0], at[1]), (tall, wide)))
        by = note.examiner or "nobody named"
        rows.append(
            (
                *(
                    str(number),
                    "agrees" if agrees else "differs",
                    f"{at[0]:.0f}",
                    f"{at[1]:.0f}",
                    note.text or "-",
                ),
                f"{by}, {note.made_on[:10]}",
                f"{set_of.person}, {set_of.at[:10]}: {set_of.number} version {set_of.version}",
            )
        )
    cell_um = method.describe.cell_um
    bare = replace(result, cell_fits=())
    picture = draw_overlay(one, two, bare, cell_um, for_print=True, annotated=places)
    text = (
        "What persons saw on the screen, in their words; no conclusion on the items. Solid, =: "
        "agreement. Dotted, x: disagreement. \u00b5m down and right: from the centre of the "
        "reference."
    )
    head = ("", "kind", "\u00b5m down", "right", "text", "annotated by", "saved by")
    grid = Grid(head, tuple(rows), frozenset({0, 2, 3}))
    caption = "Left the reference, right the comparison, with the places of the annotations."
    blocks: tuple[Block, ...] = (Paragraph(text), Figure(picture, caption), grid)
    return (Section("Annotations", blocks),)


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
