"""A query inside galleries of up to a million: latency by stage, share of peak, memory, recall.

python benchmarks/search.py [FOLDER] [--sizes N ...] [--keep DIR] [--queries N] [--weak ROW]

FOLDER holds scans and labels.csv. They are enrolled; the rest of a gallery are surrogates with
their spectra and outlines (`loadtest`). `--keep` keeps the galleries and uses them again.
Each size runs in a process of its own, so that its peak memory is its own. What weak mates lose
follows, as `recall.py` prints it.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from exhaustive import pixel_recall, pixel_seconds, products_seconds
from loadtest import GallerySpec, add_surrogates
from numpy.typing import NDArray
from peak import machine_gflop_s
from recall import QUICK, ROWS, STRANGERS, circle, show_weak_rows
from results import finish, options
from specimens import SAMPLE, default_folder

from ribin.cases.exhibits import Event, Exhibit, Request, Scope
from ribin.correlate.sketch import QueryMoves, moved_sketches
from ribin.evaluate.pairs import read_labels
from ribin.model import Template
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.params.load import with_rotation
from ribin.pipeline import describe_mark, extract_marks
from ribin.read import read_scan
from ribin.report.table import table
from ribin.search.compare import compare_shortlist
from ribin.search.context import SearchContext
from ribin.search.index import ShardScores, ShardTask, Threads
from ribin.search.network import Network
from ribin.search.rules import eligible_marks
from ribin.search.shortlist import second_pass_marks, shortlist_marks
from ribin.vault.vault import Vault

SIZES = (10_000, 100_000, 1_000_000)
STAGES = ("first pass", "second pass")
WITHIN = with_rotation(DEFAULT_PARAMS, 30.0)
_ASKED = Request("JAM", Scope.COUNTRY, who="benchmark", reason="benchmark")
_ALONE = Network({}, {})  # nobody else is asked
Row = dict[str, Any]


class TimedPasses:
    """The passes of a search, how long each took, and what of all processors."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.cpu_seconds: list[float] = []

    def score(self, moves: QueryMoves, tasks: Sequence[ShardTask]) -> Iterator[ShardScores]:
        started, cpu = time.perf_counter(), time.process_time()
        seen = list(Threads().score(moves, tasks))
        self.seconds.append(time.perf_counter() - started)
        self.cpu_seconds.append(time.process_time() - cpu)
        yield from seen


def main() -> None:
    parser = options("A query inside large galleries.", "search")
    parser.add_argument("folder", type=Path, nargs="?", default=default_folder())
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--queries", type=int, help="how many of the scans are queries; all")
    rows_help = "this row of recall.py (repeatable); all"
    parser.add_argument("--weak", action="append", choices=ROWS, help=rows_help)
    parser.add_argument("--keep", type=Path, help="where galleries are kept")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.folder, chosen.sizes, chosen.queries = SAMPLE, [2_500], 2
    if chosen.one:
        print(json.dumps(run(chosen.one, chosen.folder, chosen.queries)))
        return
    rows = []
    with tempfile.TemporaryDirectory(prefix="ribin-search-") as scratch:
        for size in chosen.sizes:
            place = (chosen.keep or Path(scratch)) / f"{size}"
            if not (place / "made").exists():
                make(place, chosen.folder, size)
            rows += in_own_process(place, chosen)
    for row in rows:
        print(table(("figure", "value"), [[k, v] for k, v in row.items()]), end="\n\n")
    few = chosen.quick
    rows += show_weak_rows(
        chosen.folder, 500 if few else STRANGERS, QUICK if few else chosen.weak, DEFAULT_PARAMS
    )
    finish("search", rows, 2, chosen, source=chosen.folder.name)


def make(place: Path, folder: Path, size: int) -> None:
    """A vault with the scans of a folder, and surrogates of them up to the size."""
    started = time.perf_counter()
    described: list[Template] = []
    with Vault.create(place / "JAM", "JAM", "benchmark") as vault:
        for label in read_labels(folder):
            scan = read_scan(folder / label.file)
            marks = extract_marks(scan)[:1]
            templates = [describe_mark(mark) for mark in marks]
            exhibit = Exhibit(Path(label.file).stem, Event(Path(label.file).stem))
            vault.enrol(folder / label.file, scan, marks, templates, exhibit, who="benchmark")
            described += templates
        add_surrogates(vault, described, GallerySpec(size, len(described)))
    (place / "made").write_text(f"{time.perf_counter() - started:.0f} s\n")


def in_own_process(place: Path, chosen: Any) -> list[Row]:
    command = [sys.executable, __file__, str(chosen.folder), "--one", str(place)]
    command += ["--queries", str(chosen.queries)] if chosen.queries else []
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return list(json.loads(done.stdout.splitlines()[-1]))


def run(place: Path, folder: Path, queries: int | None) -> list[Row]:
    """Figures of one gallery: of turns within 30 degrees, and of any."""
    gun_of = {Path(label.file).stem: label.firearm for label in read_labels(folder)}
    with Vault.open(place / "JAM") as vault:
        rows = [measure(vault, gun_of, WITHIN, queries, "within 30 degrees")]
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append(measure(vault, gun_of, circle(DEFAULT_PARAMS), queries, "any turn"))
        rows[0] |= {"peak memory, MB": round(peak_mb)}
        rows[0] |= against_others(vault, rows[0])
    return rows


def measure(
    vault: Vault, gun_of: dict[str, str], params: Params, queries: int | None, name: str
) -> Row:
    """Each scan as a query: what it costs by stage, and where its mates are."""
    ledger = vault.mark_table(next(iter(template_types(vault, gun_of))))
    named = {e: m for e in gun_of for m in vault.marks_of(e)[:1]}
    seconds: dict[str, list[float]] = {}
    cpu: list[float] = []  # of the pass over everything
    mates = shortlisted = first = asked_for = 0
    for exhibit in list(gun_of)[:queries]:
        query = vault.template(named[exhibit])
        passes, clock = TimedPasses(), Clock(seconds)
        ledger = vault.mark_table(query.mark_type)
        sifted = eligible_marks(query, ledger, _ASKED, Scope.COUNTRY)
        clock.lap("catalogue and filters")
        chosen, _ = shortlist_marks(query, vault, ledger, sifted, params, passes)
        clock.lap("coarse")
        for stage, spent in zip(STAGES[-len(passes.seconds) :], passes.seconds, strict=True):
            seconds.setdefault(stage, []).append(spent)
        cpu += passes.cpu_seconds[:1]
        found = compare_shortlist(query, vault, chosen, SearchContext(_ALONE, params))
        clock.lap("load and fine")
        clock.total()
        of_gun = {e for e, gun in gun_of.items() if gun == gun_of[exhibit] and e != exhibit}
        if of_gun:
            asked_for += 1
            mates += len(of_gun)
            shortlisted += sum(named[e].mark_id in set(chosen.tolist()) for e in of_gun)
            first += found.rows[0].exhibit in of_gun
    wanted = int(sifted.wanted.sum())
    row: Row = {"name": f"{len(ledger.ids)} exhibits, {name}", "queries": asked_for}
    row |= {f"{stage}, s": round(median(spent), 3) for stage, spent in seconds.items()}
    real = np.array([mark.mark_id for mark in named.values()])
    fine = fine_seconds(vault, query, real, params)
    row |= {f"load and fine of {params.search.shortlist_marks} with files, s": round(fine, 2)}
    spent = median(seconds["total"]) - median(seconds["load and fine"]) + fine
    row |= {"total with files for all of them, s": round(spent, 2)}
    row |= {"first pass with its files, CPU us an exhibit": round(1e6 * median(cpu) / wanted, 2)}
    row |= {"exhibits a second, coarse": round(wanted / median(seconds["coarse"]))}
    row |= {"mates in the shortlist": f"{shortlisted} of {mates}"}
    row |= {"a mate at rank 1": f"{first} of {asked_for}"}
    return row | arithmetic(query, wanted, params, seconds)


def fine_seconds(vault: Vault, query: Template, real: NDArray[np.int64], params: Params) -> float:
    """Seconds to load and compare a whole shortlist: the scans with files, as often as it takes."""
    rounds = params.search.shortlist_marks / len(real)
    # Of the whole list so many are compared again, not of each round.
    again = math.ceil(params.looks.shortlist_rows / rounds)
    params = replace(params, looks=replace(params.looks, shortlist_rows=again))
    started = time.perf_counter()
    for _ in range(math.ceil(rounds)):
        compare_shortlist(query, vault, real, SearchContext(_ALONE, params))
    return (time.perf_counter() - started) * rounds / math.ceil(rounds)


class Clock:
    """Seconds by stage, appended to a list a stage."""

    def __init__(self, seconds: dict[str, list[float]]) -> None:
        self._seconds, self._started = seconds, time.perf_counter()
        self._last = self._started

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self._seconds.setdefault(stage, []).append(now - self._last)
        self._last = now

    def total(self) -> None:
        self._seconds.setdefault("total", []).append(self._last - self._started)


def template_types(vault: Vault, gun_of: dict[str, str]) -> Iterator[Any]:
    for exhibit in gun_of:
        yield from (mark.mark_type for mark in vault.marks_of(exhibit))


def arithmetic(
    query: Template, wanted: int, params: Params, seconds: dict[str, list[float]]
) -> Row:
    """What each pass answers for, and how many times faster than a matrix product of all moves."""
    how = params.search.breech_face
    first, second = moved_sketches(query, params)
    passed = min(wanted, second_pass_marks(wanted, params))
    peak = machine_gflop_s()
    row: Row = {"peak of the matrix product, GFLOP/s": round(peak)}
    for stage, moves, marks in (("first pass", first, wanted), ("second pass", second, passed)):
        if stage in seconds:
            work = 2e-9 * moves.number * how.harmonics * marks
            row[f"{stage}: moves x harmonics"] = f"{moves.number} x {how.harmonics}"
            times = work / median(seconds[stage]) / peak
            row[f"{stage}: times what the products of all moves would take"] = round(times, 1)
    return row


def against_others(vault: Vault, row: Row) -> Row:
    """The plain product at 50 um and faiss over the same vectors, on as many exhibits."""
    index = sorted((vault.path / "index").rglob("*.h5"))
    size = sum(path.stat().st_size for path in index)
    marks = vault.mark_table(next(iter(template_types(vault, _some(vault))))).ids
    query = vault.template(vault.stored_marks(marks[:1].tolist())[0])
    plain = pixel_seconds(query, WITHIN) * len(marks)
    found: Row = {"index, bytes an exhibit": round(size / len(marks))}
    found["plain product at 50 um, s"] = round(plain, 1)
    found["times faster than it"] = round(plain / row["coarse, s"], 1)
    ours, theirs = products_seconds(query, index, WITHIN)
    found["products of the first pass in memory, s"] = round(ours, 2)
    found["the same by faiss IndexFlatIP, s"] = round(theirs, 2)
    if len(marks) <= SIZES[0]:
        found |= pixel_recall(vault, WITHIN, min(row["queries"], 12))
    return found


def _some(vault: Vault) -> dict[str, str]:
    return {m.scan.exhibit.exhibit: "" for m in vault.stored_marks([1])}


if __name__ == "__main__":
    main()
