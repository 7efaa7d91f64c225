"""What RIBIN needs of memory and disk: a template, an enrolled exhibit, an evaluation.

python benchmarks/footprint.py [FOLDER] [--quick] [--baseline FILE]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from results import ROOT, finish, options
from specimens import SAMPLE, default_folder

from ribin.cases.exhibits import Event, Exhibit
from ribin.evaluate.pairs import read_labels
from ribin.model import Mark, Scan, Template
from ribin.pipeline import describe_mark, extract_marks
from ribin.read import read_scan
from ribin.report.table import table
from ribin.vault.packed import pack_template
from ribin.vault.vault import Vault

Row = dict[str, Any]
Enrolled = tuple[Path, Scan, Sequence[Mark], Sequence[Template]]


def main() -> None:
    parser = options("Memory and disk.", "footprint")
    parser.add_argument("folder", type=Path, nargs="?", default=default_folder())
    chosen = parser.parse_args()
    folder = SAMPLE if chosen.quick else chosen.folder
    cases = [_case(folder / label.file) for label in read_labels(folder)]
    rows = [
        *template_rows([template for *_, templates in cases for template in templates]),
        *disk_rows(cases),
        *evaluate_rows(folder),
    ]
    print(table(("name", "value", "unit"), [list(row.values()) for row in rows]))
    finish("footprint", rows, 1, chosen, source=folder.name, scans=len(cases))


def template_rows(templates: Sequence[Template]) -> list[Row]:
    """Median bytes in memory of each array of a template, and of all of them."""
    rows = [
        _row(f"template: {name}", median(t.arrays[name].nbytes for t in templates), "bytes")
        for name in templates[0].arrays
    ]
    whole = median(sum(array.nbytes for array in t.arrays.values()) for t in templates)
    packed = median(len(pack_template(template)) for template in templates)
    return [*rows, _row("template", whole, "bytes"), _row("template, packed", packed, "bytes")]


def disk_rows(cases: Sequence[Enrolled]) -> list[Row]:
    """Bytes an exhibit that a vault of these scans takes, by what they are for."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vault"
        with Vault.create(path, "JAM") as vault:
            for number, (file, scan, marks, templates) in enumerate(cases):
                exhibit = Exhibit(f"X-{number}", Event("E-1"))
                vault.enrol(file, scan, marks, templates, exhibit, who="benchmark")
        sizes: Counter[str] = Counter()
        for file in path.rglob("*"):
            if file.is_file():
                sizes[file.relative_to(path).parts[0]] += file.stat().st_size
    rows = [
        _row(f"exhibit on disk: {name}", size / len(cases), "bytes")
        for name, size in sorted(sizes.items())
    ]
    original = sum(file.stat().st_size for file, *_ in cases) / len(cases)
    whole = sum(sizes.values()) / len(cases)
    return [
        *rows,
        _row("exhibit on disk", whole, "bytes"),
        _row("its file as received", original, "bytes"),
    ]


def evaluate_rows(folder: Path) -> list[Row]:
    """What `ribin evaluate` says of itself, in a process of its own."""
    command = [sys.executable, str(ROOT / "cli.py"), "evaluate", str(folder), "--json", "--jobs=1"]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return [
        _row("evaluate: peak memory", found["peak_rss_mb"], "MiB"),
        _row("evaluate: scans", found["scans"], ""),
        _row("evaluate: CPU a pair", 1e3 * found["cpu_seconds_per_pair"], "ms"),
        _row("evaluate: CPU a scan", 1e3 * found["cpu_seconds_per_scan"], "ms"),
    ]


def _case(file: Path) -> Enrolled:
    scan = read_scan(file)
    marks = extract_marks(scan)
    return file, scan, marks, [describe_mark(mark) for mark in marks]


def _row(name: str, value: float, unit: str) -> Row:
    return {"name": name, "value": float(value), "unit": unit}


if __name__ == "__main__":
    main()
