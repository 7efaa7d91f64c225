"""The reference data of a laboratory, in a file: scans and pairs whose firearms are known.

They are of one mark type, or of several of the same cartridge cases, whose figures are then fused.

The file is readable JSON with its own hash. It holds a plan, which is written before anything is
compared, then scans, pairs and what the plan came to. Nothing fitted is kept: a fit takes less than
a second, and what anybody can repeat needs no trust.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ribin._version import __version__
from ribin.cases.csv_files import OWN_FORM, CsvTable, TableForm, read_csv
from ribin.errors import FormatError, ParameterError
from ribin.evaluate.calibration import CalibrationMethod, ReferencePairs, Values, on_logit_scale
from ribin.evaluate.pairs import (
    LABELS_FILE,
    Label,
    Pair,
    compare_scans,
    describe_scans,
    label_table,
    look_alike_notes,
    read_labels,
)
from ribin.foreign import Finite, Hex32, Statement, as_facts, read_facts
from ribin.input_file import read_input
from ribin.model import MarkType, ScanKind, known_lighting
from ribin.params.defaults import Params
from ribin.text import clean_text
from ribin.workers import OnProgress

FORMAT, VERSION = "ribin population", 1
RANGES = {"score": (0.0, 100.0), "ccf": (-1.0, 1.0)}
FIGURES = (*RANGES, "cmc")
CRITERION = "lowest Cllr in cross-validation by firearm"
# Figures of a validation for which a laboratory may lay down the most that it accepts.
REQUIRABLE = (
    *("cllr", "cllr_min", "calibration_loss", "dev_pav", "misleading_known_match"),
    *("misleading_known_non_match", "eer"),
)
_COUNT = Annotated[int, msgspec.Meta(ge=2, le=100_000)]


class Plan(Statement, frozen=True):
    """What is done with the pairs, laid down before there are any."""

    figure: str
    methods: tuple[CalibrationMethod, ...]
    criterion: str = CRITERION
    folds: _COUNT = 5
    least_firearms: _COUNT = 20  # with known matches; below, there is no weight
    resamples: _COUNT = 400  # of the firearms, for intervals
    seed: int = 1
    required: dict[str, Finite] = msgspec.field(default_factory=dict)  # the most of each figure

    def __post_init__(self) -> None:
        if self.figure not in FIGURES or not self.methods:
            raise ValueError(f"a figure of {', '.join(FIGURES)} and a method needed")
        if self.criterion != CRITERION:
            raise ValueError(f"the criterion {CRITERION!r} needed")
        if CalibrationMethod.COUNTS in self.methods and self.figure != "cmc":
            raise ValueError("counts: the figure cmc needed")
        if unknown := set(self.required) - set(REQUIRABLE):
            raise ValueError(f"one of {', '.join(REQUIRABLE)} needed, found {unknown.pop()!r}")


class PopulationScan(Statement, frozen=True):
    """A reference scan; empty where nobody said."""

    firearm: str
    sha256: Hex32 | None = None
    make: str = ""
    model: str = ""
    ammunition: str = ""
    calibre: str = ""
    instrument: str = ""
    lamp: str = ""  # of an image: ring or side


SCAN_FACTS = ("make", "model", "ammunition", "calibre", "instrument")


class PopulationPair(Statement, frozen=True, array_like=True):
    """Two firearms, equal for a known match, and the figure of the plan; cells for cmc alone.

    `fused`: the same figure of each further mark type of the population.
    """

    first: str
    second: str
    value: Finite
    cells: Finite = 0.0
    fused: tuple[Finite, ...] = ()


class MethodResult(Statement, frozen=True):
    """What a candidate method came to in cross-validation, or why it could not be fitted."""

    method: CalibrationMethod
    cllr: float | None
    reason: str = ""


class PlanResult(Statement, frozen=True):
    """What the plan came to; the method is None where none could be fitted."""

    methods: tuple[MethodResult, ...]
    chosen: CalibrationMethod | None


class Population(Statement, frozen=True, dict=True):
    """Reference data of one mark type or several, one kind of scan and set of parameters."""

    laboratory: str
    made: str  # ISO 8601, UTC
    program: str
    params_id: str
    marks: Annotated[tuple[MarkType, ...], msgspec.Meta(min_length=1)]
    kind: ScanKind
    plan: Plan
    scans: tuple[PopulationScan, ...] = ()
    pairs: tuple[PopulationPair, ...] = ()
    not_compared: dict[str, int] = msgspec.field(default_factory=dict)  # pairs, by the reason
    result: PlanResult | None = None

    def __post_init__(self) -> None:
        if len(self.marks) > 1 and (
            self.plan.figure == "cmc" or self.plan.methods != (CalibrationMethod.LOGISTIC,)
        ):
            raise ValueError("mark types are fused by the method logistic, of score or ccf")

    @cached_property
    def sha256(self) -> str:
        """Of the content as JSON without blanks, its keys sorted."""
        text = json.dumps(
            msgspec.to_builtins(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def table(self) -> PairTable:
        """The pairs as arrays."""
        return table_of(self.plan.figure, self.pairs)

    def coverage(self, name: str) -> list[str]:
        """The values of one fact that the scans have, in order."""
        return sorted({value for scan in self.scans if (value := getattr(scan, name))})


@dataclass(frozen=True, eq=False)
class PairTable:
    """The (P,) figures of pairs, and the number of the firearm on either side."""

    figure: str
    values: Values
    cells: Values
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    firearms: tuple[str, ...]
    fused: Values | None = None  # (P, M - 1), the figures of the further mark types

    @property
    def mates(self) -> NDArray[np.bool_]:
        return self.first == self.second

    @property
    def sources(self) -> int:
        """Firearms with known matches and known non-matches, whichever are fewer.

        Pairs of one firearm stand or fall together: a claim rests on so many firearms.
        """
        mates = self.mates
        others = np.union1d(self.first[~mates], self.second[~mates])
        return min(len(np.unique(self.first[mates])), len(others))

    def chosen(self, rows: NDArray[np.bool_]) -> PairTable:
        """Some of the pairs; firearms keep their numbers."""
        sides = (self.first[rows], self.second[rows])
        fused = None if self.fused is None else self.fused[rows]
        own = (self.figure, self.values[rows], self.cells[rows])
        return PairTable(*own, *sides, self.firearms, fused)

    def reference(self, method: CalibrationMethod) -> ReferencePairs:
        """As this method takes them; raises ParameterError where a class is empty."""
        return ReferencePairs.of(self.scaled(method), self.mates)

    def scaled(self, method: CalibrationMethod) -> Values:
        """The figures as a method takes them: counts beside cells, all else without ends."""
        if method is CalibrationMethod.COUNTS:
            return np.column_stack([self.values, self.cells])
        if self.figure == "cmc":
            return on_logit_scale(self.values / self.cells, 0.0, 1.0)
        parts = (self.values,) if self.fused is None else (self.values, *self.fused.T)
        scaled = [on_logit_scale(part, *RANGES[self.figure]) for part in parts]
        return scaled[0] if self.fused is None else np.column_stack(scaled)

    def weights(self, drawn: NDArray[np.int64]) -> Values:
        """How much each pair counts where firearm i was drawn `drawn[i]` times.

        A known non-match counts by both its firearms: two copies of one never make one.
        """
        both = np.where(self.mates, 1, drawn[self.second])
        return (drawn[self.first] * both).astype(np.float64)


def table_of(figure: str, pairs: Sequence[PopulationPair]) -> PairTable:
    """Pairs as arrays."""
    names = tuple(sorted({name for pair in pairs for name in (pair.first, pair.second)}))
    number = {name: i for i, name in enumerate(names)}
    values, cells = (np.array([getattr(p, n) for p in pairs], float) for n in ("value", "cells"))
    sides = ([number[getattr(p, n)] for p in pairs] for n in ("first", "second"))
    first, second = (np.array(side, dtype=np.intp) for side in sides)
    fused = np.array([p.fused for p in pairs], float) if pairs and pairs[0].fused else None
    return PairTable(figure, values, cells, first, second, names, fused)


# The file.


def write_population(population: Population, path: Path) -> None:
    """Write a population as JSON for people, a line each scan and pair."""
    table: dict[str, Any] = {"format": FORMAT, "version": VERSION, "sha256": population.sha256}
    table |= msgspec.to_builtins(population)
    fields = []
    for name, value in table.items():
        text = json.dumps(value, ensure_ascii=False, indent=2).replace("\n", "\n  ")
        if name in ("scans", "pairs") and value:
            rows = ",\n    ".join(json.dumps(row, ensure_ascii=False) for row in value)
            text = f"[\n    {rows}\n  ]"
        fields.append(f"  {json.dumps(name)}: {text}")
    path.write_text("{\n" + ",\n".join(fields) + "\n}\n", encoding="utf-8", newline="\n")


def read_population(path: Path) -> Population:
    """Read a population.

    Raises FormatError: it cannot be read, is no population of this version, or is not what its
    hash vouches for.
    """
    try:
        table = read_facts(read_input(path, 512), dict[str, Any], str(path), FORMAT, VERSION)
    except OSError as error:
        raise FormatError(f"{path}: a population needed, {error.strerror}") from error
    stated = table.pop("sha256", "")
    population = as_facts(table, Population, str(path))
    for number, pair in enumerate(population.pairs, start=1):
        where = f"{path}: pair {number}"
        if 1 + len(pair.fused) != (marks := len(population.marks)):
            raise FormatError(f"{where}: {marks} figures needed, found {1 + len(pair.fused)}")
        for value in (pair.value, *pair.fused):
            _check_figure(where, population.plan.figure, value, pair.cells)
    if population.sha256 != stated:
        raise FormatError(
            f"{path}: content of SHA-256 {stated} needed, found {population.sha256}",
            hint="the file was changed: make it again with ribin population make",
        )
    return population


def _check_figure(where: str, figure: str, value: float, cells: float) -> None:
    low, high = RANGES.get(figure, (0.0, cells))
    if figure == "cmc" and not cells >= 1:
        raise FormatError(f"{where}: cmc needs cells, at least 1, found {cells:g}")
    if not low <= value <= high:
        raise FormatError(f"{where}: {figure} from {low:g} to {high:g} needed, found {value:g}")


# How a population is made.


def begin_population(
    laboratory: str,
    plan: Plan,
    marks: tuple[MarkType, ...] = (),
    kind: ScanKind = ScanKind.TOPOGRAPHY,
    params_id: str = "",
    study: Path | None = None,
    form: TableForm = OWN_FORM,
) -> Population:
    """A population that holds its plan alone, to be written before anything is compared.

    `marks`: else the first that the labels of a folder name, and of a table the breech face.
    `kind`, `params_id`: of a table, what its figures were made of and with.

    Raises ParameterError: mark types cannot be fused by the methods of the plan.
    """
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    named = {la.mark for la in read_labels(study, form)} if study and study.is_dir() else set()
    marks = marks or (next((one for one in MarkType if one in named), MarkType.BREECH_FACE),)
    if len(set(marks)) < len(marks):
        raise ParameterError(f"marks: each once needed, found {', '.join(marks)}")
    try:
        return Population(laboratory, made, f"ribin {__version__}", params_id, marks, kind, plan)
    except ValueError as error:
        raise ParameterError(str(error)) from error


def with_scans_of(
    begun: Population,
    stated: PopulationScan,
    folder: Path,
    params: Params,
    jobs: int,
    tick: OnProgress,
    form: TableForm,
) -> Population:
    """Compare the labelled scans of a folder with each other, each mark type for itself.

    labels.csv may have the columns make, model, ammunition, calibre and instrument besides; what
    a row does not say is taken from `stated`, and an instrument then from the scan. Mark types that
    are to be fused are of one cartridge case where they are of one file, or where the column item
    says the same; pairs that lack one of them are counted as not compared.

    Raises FormatError: labels.csv is damaged, names no scans of a mark type, or scans are of two
    kinds.
    """
    path = folder / LABELS_FILE
    own = (la for la in read_labels(folder, form) if la.mark in begun.marks)
    labels = tuple(sorted(own, key=lambda la: la.file))
    if missing := [m.words for m in begun.marks if m not in {la.mark for la in labels}]:
        raise FormatError(f"{path}: scans of each mark type needed, found no {missing[0]}")
    rows = {
        (row["file"], row.get("mark") or MarkType.BREECH_FACE): row
        for _, row in label_table(folder, form).rows
    }
    described = describe_scans(folder, labels, params, jobs, tick) if labels else []
    kinds = {one.template.kind for one in described if one.template}
    if len(kinds) != 1:
        found = ", ".join(sorted(kinds)) or "none"
        raise FormatError(f"{path}: scans of one kind needed, found {found}")
    scans = []
    for label, one in zip(labels, described, strict=True):
        if one.template:
            row, origin = rows[label.file, label.mark], one.template.provenance
            said = {name: row.get(name) or getattr(stated, name) for name in SCAN_FACTS}
            said["instrument"] = said["instrument"] or origin.instrument
            light = known_lighting(origin.lighting)
            said["lamp"] = light.lamp if light else ""
            scan = PopulationScan(label.firearm, origin.sha256, **said)
            if scan not in scans:  # a whole head is one scan with several marks
                scans.append(scan)
    pairs = compare_scans(labels, described, params, jobs, tick)
    items = {key: row.get("item") or key[0] for key, row in rows.items()}
    if len(begun.marks) > 1:
        _check_items(path, labels, items)
    taken, lacking = _joined(with_figure(pairs, begun.plan.figure), begun.marks, items)
    reasons = Counter(p.reason for p in pairs if not p.compared)
    if lacking:
        reasons["compared in some of the mark types alone"] += lacking
    return msgspec.structs.replace(
        begun,
        kind=kinds.pop(),
        params_id=params.params_id,
        scans=tuple(scans),
        pairs=tuple(taken),
        not_compared=dict(reasons),
    )


def _check_items(path: Path, labels: Sequence[Label], items: Mapping[tuple[str, str], str]) -> None:
    """Refuse two marks of one type on a cartridge case: which of them counts is not known."""
    seen: dict[tuple[str, MarkType], str] = {}
    for label in labels:
        key = (items[label.file, label.mark], label.mark)
        if key in seen:
            said = f"{path}: one {label.mark.words} of item {key[0]} needed"
            raise FormatError(f"{said}, found {seen[key]} and {label.file}")
        seen[key] = label.file


def _joined(
    pairs: Sequence[tuple[Pair, PopulationPair]],
    marks: tuple[MarkType, ...],
    items: Mapping[tuple[str, str], str],
) -> tuple[list[PopulationPair], int]:
    """A pair of cartridge cases with its figure of each mark type, and how many lack one."""
    if len(marks) == 1:
        return [pair for _, pair in pairs], 0
    figures: dict[frozenset[str], dict[MarkType, PopulationPair]] = {}
    for pair, figure in pairs:
        cases = frozenset(items[file, pair.mark] for file in (pair.reference, pair.comparison))
        if len(cases) == 2:  # two marks of one type on one cartridge case are no pair
            figures.setdefault(cases, {})[pair.mark] = figure
    whole = [own for own in figures.values() if len(own) == len(marks)]
    return [
        msgspec.structs.replace(own[marks[0]], fused=tuple(own[m].value for m in marks[1:]))
        for own in whole
    ], len(figures) - len(whole)


def with_figure(pairs: Sequence[Pair], figure: str) -> list[tuple[Pair, PopulationPair]]:
    """The pairs that have a figure, each as a population holds it."""
    return [
        (p, PopulationPair(*p.firearms, float(value), float(p.cells if figure == "cmc" else 0)))
        for p in pairs
        if p.compared and not math.isnan(value := getattr(p, figure))
    ]


def with_pairs_of(
    begun: Population, stated: PopulationScan, path: Path, form: TableForm
) -> Population:
    """Take the pairs of a table: firearm1, firearm2, the figure (cmc with cells), known_match.

    Where mark types are fused, a column each: the figure and the mark type, as ccf_firing_pin.

    Raises FormatError: a column or value is missing or out of its range, or known_match contradicts
    the firearms.
    """
    figure = begun.plan.figure
    counted = ("cells",) if figure == "cmc" else ()
    marks = begun.marks
    named = [f"{figure}_{mark}" for mark in marks] if len(marks) > 1 else [figure]
    needed = ("firearm1", "firearm2", *named, *counted)
    pairs = []
    table = read_csv(path, "a CSV file of pairs", needed, form=form)
    for line, row in table.rows:
        where = f"{path}:{line}"
        values = tuple(table.number(line, name, row[name]) for name in named)
        cells = table.number(line, "cells", row["cells"]) if counted else 0.0
        for value in values:
            _check_figure(where, figure, value, cells)
        one, two = clean_text(row["firearm1"]), clean_text(row["firearm2"])
        known = str(int(one == two))
        if not (one and two):
            raise FormatError(f"{where}: firearm1 and firearm2 needed, found an empty cell")
        if (found := row.get("known_match")) and found != known:
            raise FormatError(
                f"{where}: known_match {known} needed for {one} and {two}, found {found}"
            )
        pairs.append(PopulationPair(one, two, values[0], cells, values[1:]))
    scans = [
        msgspec.structs.replace(stated, firearm=name) for name in table_of(figure, pairs).firearms
    ]
    return msgspec.structs.replace(begun, pairs=tuple(pairs), scans=tuple(scans))


_PAIR_COLUMNS = ("reference", "comparison")  # which name the two scans, where a table has them


def pair_notes(path: Path, form: TableForm) -> list[str]:
    """What a person should know of a table of pairs: how it was read, firearms whose names look
    alike, rows that say the same as one before.

    Counts of cells alone are often equal, so rows of nothing else are not held against each other.
    """
    table = read_csv(path, "a CSV file of pairs", (), form=form)
    notes = [table.note] if table.note else []
    named = [row.get(n, "") for _, row in table.rows for n in ("firearm1", "firearm2")]
    notes += look_alike_notes(dict.fromkeys(map(clean_text, filter(None, named))))
    return notes + _repeated_notes(path, table)


def _repeated_notes(path: Path, table: CsvTable) -> list[str]:
    seen: dict[object, int] = {}
    repeated = []
    for line, row in table.rows:
        scans = [row[name] for name in _PAIR_COLUMNS if row.get(name)]
        firearms = frozenset({row.get("firearm1"), row.get("firearm2")})
        rest = {n: text for n, text in row.items() if text and n not in ("firearm1", "firearm2")}
        if len(scans) < 2 and not rest.keys() - {"cmc", "cells", "known_match"}:
            continue
        pair = (frozenset(scans), row.get("mark")) if len(scans) == 2 else tuple(rest.items())
        before = seen.setdefault((firearms, pair), line)
        if before != line:
            repeated.append((line, before))
    if not repeated:
        return []
    first, before = repeated[0]
    rows = f"{len(repeated)} rows repeat" if len(repeated) > 1 else "1 row repeats"
    return [f"{path}: {rows} an earlier one, as line {first} that of line {before}; each counts"]


def plan_for(
    figure: str, methods: tuple[str, ...] = (), fused: bool = False, **numbers: Any
) -> Plan:
    """A plan; without methods, all that suit the figure, or that fuse mark types.

    Raises ParameterError: the figure or a method is unknown, or they do not go together.
    """
    suited = [m for m in CalibrationMethod if figure == "cmc" or m is not CalibrationMethod.COUNTS]
    if fused:
        suited = [CalibrationMethod.LOGISTIC]
    table = {"figure": figure, "methods": list(methods or suited), **numbers}
    return as_facts(table, Plan, "plan", ParameterError)
