"""Every labelled scan to its template, once, on one or several processes."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ribin.errors import RibinError, ScanError
from ribin.evaluate.labels import Label
from ribin.extract.outlines import lit
from ribin.model import ScanKind, Template
from ribin.params.defaults import Params
from ribin.pipeline import describe_mark, extract_marks
from ribin.read import read_scan

WORTH_A_PROCESS = 16  # scans; starting one and loading its kernels takes as long as some of them

Tick = Callable[[str, int, int], None]  # what is done, how many so far, of how many


@dataclass(frozen=True)
class Described:
    """One scan's template, or why there is none."""

    template: Template | None
    reason: str
    cpu_s: float


def describe_scans(
    folder: Path, labels: tuple[Label, ...], params: Params, jobs: int, tick: Tick
) -> list[Described]:
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
) -> Iterator[Described]:
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


def _begin(warm_up: Callable[[], Described]) -> None:
    """One level of parallelism: a worker process uses one thread."""
    from ribin.surface._jit import set_num_threads

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_num_threads(1)
    warm_up()


def _describe(folder: Path, label: Label, params: Params) -> Described:
    start = time.process_time()
    try:
        template = _template(folder / label.file, label, params)
    except RibinError as error:
        return Described(None, str(error), time.process_time() - start)
    return Described(template, "", time.process_time() - start)


def _template(path: Path, label: Label, params: Params) -> Template:
    scan = read_scan(path, params=params.read)
    if label.lighting and scan.kind is ScanKind.IMAGE:
        scan = lit(scan, label.lighting)
    marks = extract_marks(scan, params)
    for mark in marks:
        if mark.mark_type is label.mark:
            return describe_mark(mark, params)
    found = ", ".join(m.mark_type for m in marks) or "none"
    raise ScanError(f"{path.name}: a {label.mark} mark needed, found {found}")
