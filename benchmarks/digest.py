"""A SHA-256 of what each stage makes of the sample data: proof that a change changed nothing.

    python benchmarks/digest.py [FOLDER] [--baseline FILE]

The stages are those that a trace names, in order, and what they hand on. With --baseline the
exit code is 1 where a digest differs: the first row named is the stage that changed. Processors
round sums in different orders, so a baseline holds for one kind of processor and one set of
library versions.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import os
import sys

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from results import change, finish, options, read_result
from specimens import SAMPLE, load_scans

from ribin.comparison import Comparison
from ribin.model import Scan, Template, Trace
from ribin.pipeline import compare_many, compare_marks, describe_mark, extract_marks
from ribin.report.table import table

Found = Iterator[tuple[str, Any]]


def main() -> None:
    parser = options("A hash of each stage's output.", "digest")
    parser.add_argument("folder", type=Path, nargs="?", default=SAMPLE)
    chosen = parser.parse_args()
    scans = [scan for _, _, scan in load_scans(chosen.folder)]
    rows = digests(scans[: 4 if chosen.quick else None])
    print(table(("stage", "results", "sha256"), [list(row.values()) for row in rows]))
    finish("digest", rows, 1, chosen, source=chosen.folder.name)
    sys.exit(_differs(chosen, rows))


def digests(scans: Sequence[Scan]) -> list[dict[str, Any]]:
    """One row a stage: the hash of its results over all scans, and over each with the next."""
    sums: dict[str, Any] = {}
    counts: dict[str, int] = {}
    for name, result in _results(scans):
        _add(sums.setdefault(name, hashlib.sha256()), result)
        counts[name] = counts.get(name, 0) + 1
    return [
        {"name": name, "results": counts[name], "sha256": found.hexdigest()}
        for name, found in sums.items()
    ]


def comparisons_digest(templates: Sequence[Template], threads: int) -> str:
    """The hash of the first template compared with all others."""
    found = hashlib.sha256()
    for result in compare_many(templates[0], templates[1:], threads=threads):
        _add(found, untimed(result))
    return found.hexdigest()


def untimed(result: Comparison) -> Comparison:
    """Without the time it took, which differs from run to run."""
    return dataclasses.replace(result, elapsed_s=0.0)


def _results(scans: Sequence[Scan]) -> Found:
    templates = []
    for scan in scans:
        yield "scan", (scan.values, scan.valid, scan.row_pitch_um, scan.col_pitch_um)
        trace = Trace()
        marks = extract_marks(scan, trace=trace)
        yield from _traced("extract", trace)
        for mark in marks:
            yield "mark", (mark.surface, mark.valid, mark.pitch_um, mark.origin_um)
            trace = Trace()
            templates.append(describe_mark(mark, trace=trace))
            yield from _traced("describe", trace)
            for name, array in templates[-1].arrays.items():
                yield f"template {name}", array
    for reference, comparison in pairwise(templates):
        trace = Trace()
        result = compare_marks(reference, comparison, trace=trace)
        yield from _traced("compare", trace)
        yield "comparison", untimed(result)


def _traced(step: str, trace: Trace) -> Found:
    for stage, results in trace:
        yield f"{step}: {stage}", results


def _add(found: Any, value: Any) -> None:
    """Feed a result into a hash, by its type and its exact bits."""
    if isinstance(value, np.ndarray):
        found.update(f"{value.dtype}{value.shape}".encode())
        found.update(np.ascontiguousarray(value).tobytes())
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        _add(found, {f.name: getattr(value, f.name) for f in dataclasses.fields(value)})
    elif isinstance(value, dict):
        for key, item in value.items():
            found.update(f"{key}=".encode())
            _add(found, item)
    elif isinstance(value, (list, tuple)):
        found.update(f"[{len(value)}]".encode())
        for item in value:
            _add(found, item)
    elif isinstance(value, (float, np.floating)):
        found.update(float(value).hex().encode())
    else:
        found.update(f"{value};".encode())


def _differs(chosen: argparse.Namespace, rows: list[dict[str, Any]]) -> int:
    if not chosen.baseline:
        return 0
    before = read_result(chosen.baseline, "digest")
    return int(change(before, {"rows": rows}) != "none")


if __name__ == "__main__":
    main()
