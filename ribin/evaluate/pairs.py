"""One row a pair: its figures, and what is known of it."""

from __future__ import annotations

import csv
import math
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ribin.comparison import Comparison
from ribin.errors import FormatError, ParameterError, RibinError, ScanError
from ribin.extract.outlines import lit
from ribin.model import MarkType, ScanKind, Template, known_lighting, light_hindrance
from ribin.params.defaults import Params
from ribin.pipeline import compare_many, describe_mark, find_mark
from ribin.read import read_scan

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


# Every unordered pair of labelled scans, once; the reference is the earlier file.


def compare_scans(
    labels: Sequence[Label],
    described: Sequence[DescribedScan],
    params: Params,
    threads: int,
    tick: Tick,
) -> list[Pair]:
    """Compare each scan with every later one that is labelled with the same mark.

    Parameters
    ----------
    labels, described : sequences of the same length
        The scans in the order of their file names.
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
        uncompared_pair(labels[i], labels[j], reasons[j])
        if reasons[j]
        else compared_pair(labels[i], labels[j], next(results))
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

WORTH_A_PROCESS = 16  # scans; starting one and loading its kernels takes as long as some of them

Tick = Callable[[str, int, int], None]  # what is done, how many so far, of how many


@dataclass(frozen=True)
class DescribedScan:
    """One scan's template, or why there is none."""

    template: Template | None
    reason: str
    cpu_s: float


def describe_scans(
    folder: Path, labels: tuple[Label, ...], params: Params, jobs: int, tick: Tick
) -> list[DescribedScan]:
    """Read, extract and describe each labelled scan; the answers are in the order of `labels`.

    A scan that cannot be used has no template and a reason; it does not stop the others.

    Raises
    ------
    ScanError
        A worker process ended by force, as when memory runs out.
    """
    results = []
    for described in _each(folder, labels, params, min(jobs, len(labels) // WORTH_A_PROCESS)):
        results.append(described)
        tick("describing", len(results), len(labels))
    return results


def _each(
    folder: Path, labels: tuple[Label, ...], params: Params, jobs: int
) -> Iterator[DescribedScan]:
    describe = partial(_describe, folder, params=params)
    warm_up = partial(describe, labels[0])
    if jobs <= 1:
        warm_up()
        yield from map(describe, labels)
        return
    # spawn: forking a process that runs threads (BLAS, OpenMP) can hang it.
    spawn = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(jobs, spawn, _begin, (warm_up,)) as pool:
            with _deaf_to_interrupts():  # a process that is started now keeps to that
                results = pool.map(describe, labels)
            yield from results
    except BrokenProcessPool as error:
        raise ScanError(f"{folder}: a worker process ended; fewer --jobs needed") from error


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Ctrl-C goes to every process of a terminal; this one alone answers it and ends the others."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what a signal does
        return
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


def _begin(warm_up: Callable[[], DescribedScan]) -> None:
    """One level of parallelism: a worker process uses one thread."""
    from ribin.surface._jit import set_num_threads

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_num_threads(1)
    warm_up()


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
        scan = lit(scan, label.lighting)
    return describe_mark(find_mark(scan, params, label.mark)[0], params)


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


def read_labels(folder: Path) -> tuple[Label, ...]:
    """Read `folder`/labels.csv: columns file, firearm and optionally ammunition, mark, lighting.

    Other columns are for people and are not looked at; nor is a lighting of another word than
    ring or side.

    Raises
    ------
    FormatError
        There is no such file, a needed column or value is missing, a file is named twice for one
        mark, or a mark type is unknown.
    """
    path = folder / LABELS_FILE
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            columns = reader.fieldnames or ()
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise FormatError(f"{path}: a CSV file with columns file,firearm needed, {why}") from error
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise FormatError(f"{path}: no column {', '.join(missing)}, found {', '.join(columns)}")
    labels = tuple(_label(row, f"{path}:{n}") for n, row in enumerate(rows, start=2))
    seen: set[tuple[str, MarkType]] = set()
    for label in labels:
        if (label.file, label.mark) in seen:
            raise FormatError(f"{path}: {label.file} ({label.mark}) needed once, found twice")
        seen.add((label.file, label.mark))
    return labels


def _label(row: dict[str, str | None], where: str) -> Label:
    cells = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
    for name in _NEEDED:
        if not cells[name]:
            raise FormatError(f"{where}: a {name} needed, found an empty cell")
    mark = cells.get("mark") or MarkType.BREECH_FACE
    if mark not in tuple(MarkType):
        raise FormatError(f"{where}: mark needs one of {', '.join(MarkType)}, found {mark!r}")
    return Label(
        file=cells["file"],
        firearm=cells["firearm"],
        ammunition=cells.get("ammunition", ""),
        mark=MarkType(mark),
        lighting=str(known_lighting(cells.get("lighting", "")) or ""),
    )
