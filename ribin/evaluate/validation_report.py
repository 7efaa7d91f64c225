"""The report of a validation of likelihood ratios, in the order of the published guideline.

Meuwly, Ramos and Haraksim, Forensic Science International 276 (2017), 142-153,
doi:10.1016/j.forsciint.2016.03.048: performance characteristics, metrics and graphs, criteria,
data, experiment, results, and the matrix with the decision on each criterion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from importlib.util import find_spec

import numpy as np

from ribin.evaluate.population import Plan
from ribin.evaluate.report import FIGURE_NAMES, weight_figures_drawn
from ribin.evaluate.validation import TestedPairs, WeightPart, WeightValidation, WithInterval
from ribin.report.document import (
    SORTS,
    Block,
    Document,
    Facts,
    Figure,
    Grid,
    Paragraph,
    Points,
    ReportHead,
    Section,
)

# Of each figure: the characteristic that it measures, what it is, and the picture that shows it.
_CHARACTERISTICS = {
    "cllr": ("accuracy", "cost of log likelihood ratios; 0 is perfect, 1 says nothing", "ece"),
    "cllr_min": ("discriminating power", "Cllr after the best monotone recalibration", "ece"),
    "eer": ("discriminating power", "rate at which both kinds of error are equal", "tippett"),
    "calibration_loss": ("calibration", "Cllr less Cllr min", "ece"),
    "dev_pav": ("calibration", "mean distance from the best recalibration, log10", "pav"),
    "misleading_known_match": ("rates of misleading evidence", "known matches below 1", "tippett"),
    "misleading_known_non_match": (
        *("rates of misleading evidence", "known non-matches above 1", "tippett"),
    ),
}
_CAPTIONS = {
    "ece": "Empirical cross-entropy by prior odds: as reported, recalibrated, and with LR = 1.",
    "pav": "Likelihood ratios against their best monotone recalibration; the line needs none.",
    "tippett": "Share of the pairs of each class with at least that likelihood ratio.",
}
_NOT_TESTED = (
    "Other instruments, makes, calibres and ammunition than those of the data were not tested: a "
    "population is not carried over to them.",
    "Coherence with the quality of marks was not tested: a mark of poor quality gets no "
    "likelihood ratio.",
)


@dataclass(frozen=True)
class ValidationScope:
    """What was validated, and on which data: names and values, one a line."""

    subject: str
    propositions: tuple[str, str]
    method: tuple[tuple[str, str], ...]
    data: tuple[tuple[str, str], ...]
    laid_down: bool = True  # whether the criteria were in a file before the run


def validation_document(
    head: ReportHead,
    scope: ValidationScope,
    plan: Plan,
    validation: WeightValidation,
    tested: TestedPairs | None,
) -> Document:
    """The report; the pictures are in it where matplotlib is installed."""
    sections = (
        Section(
            "Scope",
            (
                Paragraph(
                    "What is validated is a method that turns a figure of a comparison into a "
                    "likelihood ratio for two propositions at the level of the source."
                ),
                Points(scope.propositions),
                Facts(scope.method),
            ),
        ),
        Section("Performance characteristics, metrics and graphs", (_characteristics(),)),
        Section("Validation criteria", (_criteria(plan, scope.laid_down),)),
        Section("Data", (Facts(scope.data),)),
        Section("Experiment", tuple(_experiment(plan, validation))),
        Section("Results", tuple(_results(validation, tested))),
        Section("Validation matrix and decision", tuple(_decisions(plan, validation))),
        Section("Limits", (Points(_NOT_TESTED), Paragraph(SORTS))),
        *_annex(validation),
    )
    footer = f"Validation of likelihood ratios: {scope.subject}"
    return Document(
        "Validation of likelihood ratios", scope.subject, head.facts(), footer, sections
    )


def _characteristics() -> Block:
    rows = [
        (characteristic, f"{FIGURE_NAMES[name]}: {what}", picture)
        for name, (characteristic, what, picture) in _CHARACTERISTICS.items()
    ]
    rows += [
        ("robustness", "Cllr of pairs of the same and of different ammunition", "table"),
        ("generalisation", "every pair is tested on firearms that nothing was fitted to", "table"),
    ]
    return Grid(("characteristic", "metric", "graph"), tuple(rows))


def _criteria(plan: Plan, laid_down: bool) -> Block:
    if not plan.required:
        return Paragraph(
            "The laboratory laid down no criterion before the run, so there is no decision: the "
            "figures stand by themselves."
        )
    rows = ((FIGURE_NAMES[name], f"at most {most:g}") for name, most in plan.required.items())
    said = "laid down before the run" if laid_down else "given with this run"
    return Grid(("figure", f"criterion, {said}"), tuple(rows))


def _experiment(plan: Plan, validation: WeightValidation) -> list[Block]:
    rows = tuple(
        (str(one.method), "-" if one.cllr is None else f"{one.cllr:.4f}", one.reason)
        for one in validation.methods
    )
    return [
        Paragraph(
            f"Cross-validation by firearm in {plan.folds} folds: a pair is tested where both its "
            "firearms were left out of the fit. The likelihood ratios are held within the "
            "narrowest of three bounds (ELUB, IV, number of firearms) of the fit. Intervals are of "
            "firearms drawn anew. Of the candidate methods that with the criterion "
            f'"{plan.criterion}" was chosen: {validation.method or "none"}.'
        ),
        Grid(("candidate method", "Cllr", ""), rows, frozenset({1})),
    ]


def _results(validation: WeightValidation, tested: TestedPairs | None) -> list[Block]:
    figures = validation.figures
    if figures is None or tested is None:
        return [Paragraph("No method could be fitted: there is no likelihood ratio.")]
    rows = tuple(
        (FIGURE_NAMES[name], *map(_cell, astuple(getattr(figures, name))))
        for name in _CHARACTERISTICS
    )
    blocks: list[Block] = [
        Paragraph(
            f"Tested on {figures.known_match} known matches and {figures.known_non_match} known "
            f"non-matches of {figures.firearms} firearms."
        ),
        Grid(("figure", "value", "95 % from", "to"), rows, frozenset({1, 2, 3})),
    ]
    if validation.ammunition:
        blocks.append(_parts("ammunition", validation.ammunition))
    if find_spec("matplotlib") is None:
        return [*blocks, Paragraph("The graphs need matplotlib: pip install 'ribin[plots]'.")]
    for name, figure in weight_figures_drawn(tested).items():
        figure.canvas.draw()
        pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]  # type: ignore[attr-defined]
        blocks.append(Figure(np.ascontiguousarray(pixels), _CAPTIONS[name]))
    return blocks


def _annex(validation: WeightValidation) -> tuple[Section, ...]:
    """Each firearm by itself: one may make most of the misses."""
    if not validation.firearms:
        return ()
    return (Section("Firearms", (_parts("firearm", validation.firearms),), annex=True),)


def _parts(name: str, parts: Sequence[WeightPart]) -> Block:
    rows = tuple(tuple(map(_cell, astuple(part))) for part in parts)
    header = ("known matches", "known non-matches", "Cllr", "km misled", "knm misled")
    return Grid((name, *header), rows, frozenset(range(1, 6)), small=len(rows) > 20)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "-" if np.isnan(value) else f"{value:.4f}"
    return str(value)


def _decisions(plan: Plan, validation: WeightValidation) -> list[Block]:
    """A row each criterion; without one, each figure stands with no decision."""
    figures, rows = validation.figures, []
    for name, (characteristic, _, picture) in _CHARACTERISTICS.items():
        most = plan.required.get(name)
        value = getattr(figures, name) if figures else None
        found = "-"
        if value is not None and not np.isnan(value.value):
            found = "{} ({} to {})".format(*map(_cell, astuple(value)))
        needed = "none laid down" if most is None else f"at most {most:g}"
        rows.append(
            (characteristic, FIGURE_NAMES[name], picture, needed, found, _decision(most, value))
        )
    header = ("characteristic", "metric", "graph", "criterion", "result", "decision")
    met = [row[-1] for row in rows if row[-1] != "none"]
    if not met:
        said = "No criterion was laid down: this report decides nothing."
    elif all(one.startswith("met") for one in met):
        said = f"All {len(met)} criteria are met on these data."
    else:
        failed = sum(not one.startswith("met") for one in met)
        said = f"{failed} of {len(met)} criteria are not met on these data."
    if figures and figures.firearms < plan.least_firearms:
        said += (
            f" They are of {figures.firearms} firearms, and {plan.least_firearms} are needed: "
            "comparisons get no likelihood ratio from them."
        )
    return [Grid(header, tuple(rows)), Paragraph(said)]


def _decision(most: float | None, found: WithInterval | None) -> str:
    if most is None:
        return "none"
    if found is None or not found.value <= most:
        return "not met"
    return "met" if found.high <= most else "met; the interval reaches beyond"
