"""JOB.csv: what a batch is asked for, and the name by which a journal knows it again."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ribin import __version__
from ribin.cases.exhibits import COLUMNS
from ribin.errors import FormatError
from ribin.services.items import Item

# Columns of each kind of job: those that are needed, and those that may be there.
_COLUMNS = {
    "compare": (("reference", "comparison"), ("mark",)),
    "search": (("query",), ("mark", "scope", "calibre", "from", "to", "reason")),
    "enrol": (("file", "event", "exhibit"), COLUMNS),
}


@dataclass(frozen=True)
class Job:
    """A kind of work and its items; files are found from `folder`.

    `identity` is what the journal holds: equal jobs, options and versions have it alike.
    """

    kind: str
    folder: Path
    items: tuple[Item, ...]
    identity: Mapping[str, Any]


def read_job(path: Path, kind: str, usual: Mapping[str, str], options: Mapping[str, Any]) -> Job:
    """Read a job.

    Parameters
    ----------
    kind : str
        `compare`, `search` or `enrol`.
    usual : mapping
        What an empty or absent cell of a column means.
    options : mapping
        Whatever else changes the results, in words and numbers.

    Raises
    ------
    FormatError
        The file cannot be read or has no row, a column that is needed is missing, a column means
        nothing, a row has cells beyond its columns, or a needed cell is empty.
    """
    needed, others = _COLUMNS[kind]
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, restkey="", restval="")
            columns = list(reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise FormatError(f"{path}: a CSV file of a job needed, {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path}: a CSV file of a job needed, {error}") from error
    _check_columns(path, columns, needed, others)
    if not rows:
        raise FormatError(f"{path}: at least one row needed, found none")
    items = tuple(
        Item(number, line, _cells(path, line, row, usual))
        for number, (line, row) in enumerate(rows, start=1)
    )
    fields = [dict(item.fields) for item in items]
    asked = json.dumps([fields, dict(options), __version__], sort_keys=True)
    digest = hashlib.sha256(asked.encode()).hexdigest()
    return Job(
        kind, path.resolve().parent, items, {"job": kind, "items": len(items), "sha256": digest}
    )


def _check_columns(
    path: Path, columns: Sequence[str], needed: Sequence[str], others: Sequence[str]
) -> None:
    known = dict.fromkeys([*needed, *others])
    missing = [name for name in needed if name not in columns]
    unknown = [name for name in columns if name not in known]
    if missing or unknown:
        wrong = f"no column {missing[0]}" if missing else f"column {unknown[0]!r} means nothing"
        raise FormatError(f"{path}: {wrong}; known: {', '.join(known)}")


def _cells(path: Path, line: int, row: Mapping[str, Any], usual: Mapping[str, str]) -> dict:
    if row.get(""):
        raise FormatError(
            f"{path}: line {line}: one cell for each column needed, found {row['']} beyond them"
        )
    written = {name: text for name, cell in row.items() if (text := str(cell).strip())}
    return {**dict.fromkeys((n for n in row if n), ""), **usual, **written}
