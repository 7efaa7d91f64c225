"""What a comparison costs, and how near that is to what the machine can do. One thread, CPU time.

    python benchmarks/speed.py [FOLDER] [--pairs N] [--quick] [--baseline FILE]

The search that a user would write with OpenCV runs on the same cells in the same run. A comparison
is timed as a laboratory meets it: as one of a query with many, which shares the turned copies of
the query, and as a pair of which nothing is known yet.
"""

from __future__ import annotations

import os
import time

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from kernels import kernel_rows, stage_rows
from opencv_search import cell_centers, search_both
from peak import measure_peak
from results import finish, options
from specimens import default_folder, load_scans

from ribin.comparison import Comparison
from ribin.model import Mark, Scan, Template
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.pipeline import compare_many, compare_marks, describe_mark, extract_marks
from ribin.report.table import table

PAIRS = 100
QUERIES = 5
OPENCV_PAIRS = 20  # a third of a second each
ROUNDS = 7
_CELL_UM = DEFAULT_PARAMS.breech_face.describe.cell_um

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Side:
    """One mark and its template."""

    mark: Mark
    template: Template


Sides = tuple[Side, Side]


def main() -> None:
    parser = options("Speed on one thread, against OpenCV and against the machine.", "speed")
    parser.add_argument("folder", type=Path, nargs="?", default=default_folder())
    parser.add_argument("--pairs", type=int, default=PAIRS)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    scans = [scan for _, _, scan in load_scans(chosen.folder)][: 8 if chosen.quick else None]
    sides, described = describe(scans)
    pairs = spread(list(combinations(sides, 2)), 10 if chosen.quick else chosen.pairs)

    compared, ratios = against(pairs, sides)
    timed_rows = [*described, *compared]
    show("CPU milliseconds", timed_rows)
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.1f} times")
    works = [
        partial(_compare, (query, other))
        for query in spread(sides, QUERIES)
        for other in spread(sides, len(pairs) // QUERIES)
    ]
    stages = stage_rows(works)
    show("CPU milliseconds of a comparison, by function; an inner one counts in its outer", stages)
    peak = measure_peak()
    kernels = kernel_rows(works, peak)
    show(f"kernels; peak {peak.sgemm_gflop_s:.0f} GFLOP/s, {peak.copy_gb_s:.1f} GB/s", kernels)
    many = many_rows([side.template for side in sides])
    show("compare_many; wall time, so a busy machine shows less", many)
    facts: Row = {"opencv_ratio": ratios, "peak": asdict(peak), "pairs": len(pairs)}
    finish("speed", [*timed_rows, *stages, *kernels, *many], 1, chosen, **facts)


def describe(scans: Sequence[Scan]) -> tuple[list[Side], list[Row]]:
    """Marks and templates of all scans, and the time of either step."""
    describe_mark(extract_marks(scans[0])[0])
    marks, extracting = timed([partial(extract_marks, scan) for scan in scans])
    templates, describing = timed([partial(describe_mark, mark[0]) for mark in marks])
    both = [a + b for a, b in zip(extracting, describing, strict=True)]
    names = {"extract_marks": extracting, "describe_mark": describing, "scan to template": both}
    sides = [Side(mark[0], template) for mark, template in zip(marks, templates, strict=True)]
    return sides, [time_row(name, ms) for name, ms in names.items()]


def against(pairs: Sequence[Sides], sides: Sequence[Side]) -> tuple[list[Row], dict[str, float]]:
    """Rows of a comparison and of OpenCV's searches, and how many times as long the latter take.

    OpenCV searches the surfaces that RIBIN searches, and those that a user has: the marks at
    their own pitch. A ratio is between medians over the pairs. New marks are laid out for the
    kernels, and turned, within the clock.
    """
    _compare(pairs[0])
    results, alone = timed([partial(_compare, _new(pair)) for pair in pairs])
    together = []
    for query in spread(sides, QUERIES):
        others = [side.template for side in sides if side is not query]
        work = partial(compare_many, replace(query.template), others, DEFAULT_PARAMS, 1)
        together.append(timed([work])[1][0] / len(others))
    ours = {"compare_marks, two new marks": alone}
    ours[f"compare_many, a new mark with {len(sides) - 1}: a pair"] = together
    rows, ratios = [time_row(name, ms) for name, ms in ours.items()], {}
    few = [i for i in spread(range(len(pairs)), OPENCV_PAIRS) if results[i].compared]
    for prepare in (_fine_surfaces, _mark_surfaces):
        searches = [partial(search_both, *prepare(pairs[i], results[i])) for i in few]
        searches[0]()
        found, theirs = timed(searches)
        cells = np.median([len(best) for best in found]) / 2.0
        pitch_um = prepare(pairs[0], results[0])[-1]
        name = f"cv2.matchTemplate, {cells:g} cells a side, {pitch_um:g} um"
        rows.append(time_row(name, theirs))
        for ways, ms in ours.items():
            ratios[f"{name} / {ways}"] = float(np.median(theirs) / np.median(ms))
    return rows, ratios


def many_rows(templates: Sequence[Template]) -> list[Row]:
    """Pairs a second of one query against all others, on one and on all processors."""
    rows = []
    for threads in (1, os.cpu_count() or 1):
        wall, cpu = [], []
        for _ in range(ROUNDS):
            start, cpu_start = time.perf_counter(), time.process_time()
            compare_many(templates[0], templates[1:], DEFAULT_PARAMS, threads)
            wall.append(time.perf_counter() - start)
            cpu.append(time.process_time() - cpu_start)
        number = len(templates) - 1
        row = {"name": f"threads {threads}", "pairs/s": number / min(wall)}
        rows.append(row | {"CPU ms a pair": 1e3 * min(cpu) / number})
    return rows


def timed(works: Sequence[Callable[[], Any]]) -> tuple[list[Any], list[float]]:
    """What each call gives, and its CPU milliseconds on this thread."""
    results, ms = [], []
    for work in works:
        start = time.thread_time()
        results.append(work())
        ms.append(1e3 * (time.thread_time() - start))
    return results, ms


def time_row(name: str, ms: Sequence[float]) -> Row:
    low, median, high = np.percentile(ms, [10, 50, 90])
    return {"name": name, "median": median, "10th": low, "90th": high, "calls": len(ms)}


def spread(items: Sequence[Any], number: int) -> list[Any]:
    """So many of the items, evenly spread over all."""
    places = np.linspace(0, len(items) - 1, min(number, len(items)))
    return [items[int(place)] for place in places]


def show(title: str, rows: Sequence[Row]) -> None:
    print(f"\n{title}")
    print(table(tuple(rows[0]), [list(row.values()) for row in rows]))


def _compare(pair: Sides) -> Comparison:
    return compare_marks(pair[0].template, pair[1].template)


def _new(pair: Sides) -> Sides:
    """The same marks, as if nothing had been made of their templates yet."""
    one, two = (replace(side, template=replace(side.template)) for side in pair)
    return one, two


def _fine_surfaces(pair: Sides, result: Comparison) -> tuple[Any, ...]:
    one, two = (side.template.arrays["fine"] for side in pair)
    return one, two, cell_centers(result), _CELL_UM, pair[0].template.pitch_um


def _mark_surfaces(pair: Sides, result: Comparison) -> tuple[Any, ...]:
    one, two = (side.mark.surface for side in pair)
    return one, two, cell_centers(result), _CELL_UM, pair[0].mark.pitch_um


if __name__ == "__main__":
    main()
