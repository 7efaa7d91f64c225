"""What a job gave: a line of JSON for each item, and a CSV; whole or not at all, in its order."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ribin.services.files import whole_file
from ribin.services.job import Job
from ribin.services.journal import Journal

_FIGURES = ("score", "cmc", "cmc_fraction", "ccf", "cells", "rotation_deg")
_PLACE = ("member", "exhibit", "event")
_COLUMNS = {
    "compare": ("reference", "comparison", "mark", *_FIGURES, "reason"),
    "search": ("query", "mark", "rank", *_PLACE, *_FIGURES, "group", "others", "reciprocal_ranks"),
    "enrol": ("file", "member", "exhibit", "outcome", "sha256", "marks"),
}


def write_results(job: Job, journal: Journal, path: Path) -> tuple[Path, Path]:
    """Write FILE.jsonl and FILE.csv of a finished job.

    A line of JSON has `item`, `line`, the cells of the row as `asked`, `failed` (null where all
    went well) and `result`. The CSV has a row for each item; of a search, one for each candidate
    of each list, those of the fused list with `all` as their mark.

    Raises
    ------
    ParameterError
        A file cannot be written.
    """
    table = path.with_suffix(".csv")
    with whole_file(path) as aside, aside.open("w", encoding="utf-8", newline="\n") as stream:
        for entry in _entries(job, journal):
            stream.write(json.dumps(entry, ensure_ascii=False) + "\n")
    columns = ("item", "line", *_COLUMNS[job.kind], "failed")
    with whole_file(table) as aside, aside.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for entry in _entries(job, journal):
            writer.writerows(_rows(job.kind, entry))
    return path, table


def failures(job: Job, journal: Journal) -> list[tuple[str, str]]:
    """Each item that failed, by its line, and why."""
    return [
        (f"line {item.line}", journal.entry(item.number)["failed"])
        for item in job.items
        if item.number in journal.failed
    ]


def _entries(job: Job, journal: Journal) -> Iterator[dict[str, Any]]:
    for item in job.items:
        found = journal.entry(item.number)
        yield {
            "item": item.number,
            "line": item.line,
            "asked": dict(item.fields),
            "failed": found.get("failed"),
            "result": found.get("done"),
        }


def _rows(kind: str, entry: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    start = {"item": entry["item"], "line": entry["line"], "failed": entry["failed"]}
    result = entry["result"]
    if result is None:
        return [{**entry["asked"], **start}]
    if kind != "search":
        return [{**result, **start}]
    start["query"] = result["query"]
    rows = [{**row, **start} for one in result["lists"] for row in one["candidates"]]
    fused = result["fused"]["candidates"] if result["fused"] else []
    rows += [{**row, **start, "mark": "all"} for row in fused]
    return rows or [start]
