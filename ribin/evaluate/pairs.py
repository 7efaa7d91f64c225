"""Labelled scans described and compared: a row a pair, with its figures and what is known of it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ribin.cases.csv_files import OWN_FORM, CsvTable, TableForm, read_csv, write_csv
from ribin.cases.plausible import NameBook
from ribin.comparison import Comparison
from ribin.errors import FormatError, ParameterError, RibinError, ScanError
from ribin.extract.outlines import state_lighting
from ribin.model import MarkType, ScanKind, Template, known_lighting, light_hindrance
from ribin.params.defaults import Params
from ribin.pipeline import compare_many, describe_mark, find_mark
from ribin.read import read_scan
from ribin.text import clean_text
from ribin.workers import WORTH_A_PROCESS, OnProgress, WorkItem, in_order, local_executor

COLUMNS = ("reference", "comparison", "known_match", "score", "cmc", "cmc_fraction", "ccf", "cells")


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


def pair_of(
    reference: Label, comparison: Label, result: Comparison | None, reason: str = ""
) -> Pair:
    """The pair with the figures of its comparison; or without figures, and why."""
    return Pair(
        reference=reference.file,
        comparison=comparison.file,
        firearms=(reference.firearm, comparison.firearm),
        ammunition=(reference.ammunition, comparison.ammunition),
        mark=reference.mark,
        score=result.score if result else math.nan,
        cmc=result.cmc if result else math.nan,
        cmc_fraction=result.cmc_fraction if result else math.nan,
        ccf=result.ccf if result else math.nan,
        cells=result.cells if result else 0,
        reason=result.reason if result else reason,
    )


def write_pairs(pairs: Iterable[Pair], path: Path) -> None:
    """Write a CSV row a pair; the figures of a pair that was not compared are empty.

    Raises ParameterError: the file cannot be written.
    """
    try:
        with path.open("w", newline="", encoding="utf-8") as stream:
            write_csv(stream, COLUMNS, map(_row, pairs))
    except OSError as error:
        raise ParameterError(f"{path}: a CSV file to write needed, {error.strerror}") from error


def _row(pair: Pair) -> list[object]:
    figures = (pair.score, pair.cmc, pair.cmc_fraction, pair.ccf, pair.cells)
    known = [pair.reference, pair.comparison, int(pair.known_match)]
    return [*known, *(figures if pair.compared else [""] * len(figures))]


# Every unordered pair of labelled scans, once; the reference is the earlier file.


def compare_scans(
    labels: Sequence[Label],
    described: Sequence[DescribedScan],
    params: Params,
    threads: int,
    tick: OnProgress,
) -> list[Pair]:
    """Compare each scan with every later one that is labelled with the same mark.

    `labels`, `described`: the scans in the order of their file names.
    """
    total = sum(a.mark is b.mark for i, a in enumerate(labels) for b in labels[i + 1 :])
    pairs: list[Pair] = []
    for i, label in enumerate(labels):
        later = [j for j in range(i + 1, len(labels)) if labels[j].mark is label.mark]
        pairs += _pair_row(i, later, labels, described, params, threads)
        tick("comparing", len(pairs), total)
    return pairs


def warm_up(described: Sequence[DescribedScan], params: Params) -> None:
    """Compile or load the kernels of a comparison, so that no pair is charged for it."""
    templates = [d.template for d in described if d.template]
    for i, first in enumerate(templates):
        second = next((t for t in templates[i + 1 :] if not _hindrance(first, t)), None)
        if second:
            compare_many(first, [second], params, threads=1)
            return


def _pair_row(
    i: int,
    later: Sequence[int],
    labels: Sequence[Label],
    described: Sequence[DescribedScan],
    params: Params,
    threads: int,
) -> list[Pair]:
    """The pairs of scan i with the `later` ones."""
    reference = described[i].template
    reasons = {j: _reason(described[i], described[j]) for j in later}
    able = [t for j in later if not reasons[j] and (t := described[j].template)]
    found = compare_many(reference, able, params, threads) if reference and able else ()
    results = iter(found)
    return [
        pair_of(labels[i], labels[j], None if reasons[j] else next(results), reasons[j])
        for j in later
    ]


def _reason(reference: DescribedScan, comparison: DescribedScan) -> str:
    """Why two scans cannot be compared; empty where they can."""
    for side in (reference, comparison):
        if side.template is None:
            return side.reason
    assert reference.template
    assert comparison.template
    return _hindrance(reference.template, comparison.template)


def _hindrance(reference: Template, comparison: Template) -> str:
    if reference.kind is not comparison.kind:
        return f"{reference.kind} against {comparison.kind}"
    if reference.mark_type is not comparison.mark_type:
        return f"{reference.mark_type} against {comparison.mark_type}"
    return light_hindrance(reference.provenance.lighting, comparison.provenance.lighting)


# Every labelled scan to its template, once, on one or several processes.


@dataclass(frozen=True)
class DescribedScan:
    """One scan's template, or why there is none."""

    template: Template | None
    reason: str
    cpu_s: float


def describe_scans(
    folder: Path, labels: tuple[Label, ...], params: Params, jobs: int, tick: OnProgress
) -> list[DescribedScan]:
    """Read, extract and describe each labelled scan; the answers are in the order of `labels`.

    A scan that cannot be used has no template and a reason; it does not stop the others.

    Raises ScanError: a worker process ended by force over a scan, as when memory runs out.
    """
    work = _DescribeLabels(folder, labels, params)
    items = [WorkItem(number, 0, {}) for number in range(1, len(labels) + 1)]
    executor = local_executor(min(jobs, len(labels) // WORTH_A_PROCESS))
    results: list[DescribedScan] = []
    for item, outcome in in_order(executor, work, items):
        if outcome.failed:
            raise ScanError(f"{folder / labels[item.number - 1].file}: {outcome.failed}")
        results.append(outcome.value)
        tick("describing", len(results), len(labels))
    return results


@dataclass(frozen=True)
class _DescribeLabels:
    """The work on a labelled scan, whose number is that of the item."""

    folder: Path
    labels: tuple[Label, ...]
    params: Params

    def do(self, item: WorkItem) -> DescribedScan:
        _load_kernels(self)
        return _describe(self.folder, self.labels[item.number - 1], self.params)


@lru_cache(1)
def _load_kernels(work: _DescribeLabels) -> None:
    """Describe a first scan once in a process, so that no scan is charged for the kernels."""
    _describe(work.folder, work.labels[0], work.params)


def _describe(folder: Path, label: Label, params: Params) -> DescribedScan:
    start = time.process_time()
    try:
        template = _template(folder / label.file, label, params)
    except RibinError as error:
        return DescribedScan(None, str(error), time.process_time() - start)
    return DescribedScan(template, "", time.process_time() - start)


def _template(path: Path, label: Label, params: Params) -> Template:
    scan = read_scan(path, params=params.read)
    if label.lighting and scan.kind is ScanKind.IMAGE:
        scan = state_lighting(scan, label.lighting)
    return describe_mark(find_mark(scan, params, label.mark)[0].mark, params)


# labels.csv: which firearm marked each scan.

LABELS_FILE = "labels.csv"
_NEEDED = ("file", "firearm")


@dataclass(frozen=True)
class Label:
    """The known origin of one scan; optional columns are empty where absent."""

    file: str
    firearm: str
    ammunition: str = ""
    mark: MarkType = MarkType.BREECH_FACE
    lighting: str = ""  # of an image: ring, side, or side and degrees


def label_table(folder: Path, form: TableForm) -> CsvTable:
    """The rows of `folder`/labels.csv with all their columns; errors as `read_csv`."""
    what = "a CSV file with columns file,firearm"
    return read_csv(folder / LABELS_FILE, what, _NEEDED, form=form)


def read_labels(folder: Path, form: TableForm = OWN_FORM) -> tuple[Label, ...]:
    """Read `folder`/labels.csv: columns file, firearm and optionally ammunition, mark, lighting.

    Other columns are for people and are not looked at; nor is a lighting of another word than
    ring or side.

    Raises FormatError: there is no such file, a needed column or value is missing, a file is named
    twice for one mark, or a mark type is unknown.
    """
    path, table = folder / LABELS_FILE, label_table(folder, form)
    labels = tuple(_label(row, f"{path}:{line}") for line, row in table.rows)
    seen: set[tuple[str, MarkType]] = set()
    for label in labels:
        if (label.file, label.mark) in seen:
            raise FormatError(f"{path}: {label.file} ({label.mark}) needed once, found twice")
        seen.add((label.file, label.mark))
    return labels


def label_notes(folder: Path, form: TableForm) -> list[str]:
    """How labels.csv was read, where not as usual, and firearms whose names look alike."""
    firearms = dict.fromkeys(label.firearm for label in read_labels(folder, form))
    notes = [note] if (note := label_table(folder, form).note) else []
    return notes + look_alike_notes(firearms)


def look_alike_notes(firearms: Iterable[str]) -> list[str]:
    """A note for each firearm whose name looks like that of one before."""
    notes, known = [], NameBook()
    for firearm in firearms:
        notes += [f"firearm {firearm!r} looks like {n!r}" for n in known.look_alikes(firearm)]
        known.add(firearm)
    return notes


def _label(cells: dict[str, str], where: str) -> Label:
    for name in _NEEDED:
        if not cells[name]:
            raise FormatError(f"{where}: a {name} needed, found an empty cell")
    mark = cells.get("mark") or MarkType.BREECH_FACE
    if mark not in tuple(MarkType):
        raise FormatError(f"{where}: mark needs one of {', '.join(MarkType)}, found {mark!r}")
    return Label(
        file=cells["file"],
        firearm=clean_text(cells["firearm"]),
        ammunition=clean_text(cells.get("ammunition", "")),
        mark=MarkType(mark),
        lighting=str(known_lighting(cells.get("lighting", "")) or ""),
    )
