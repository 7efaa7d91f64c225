"""CSV files with a head of column names: one reader, whose errors say what is wrong; one writer."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import IO

from ribin.errors import FormatError

BEYOND = ""  # the column under which a row holds what it has beyond its columns


def read_csv(
    path: Path,
    what: str,
    needed: Sequence[str],
    known: Sequence[str] | None = None,
    usual: Mapping[str, str] | None = None,
    columns_as: Mapping[str, str] | None = None,
) -> list[tuple[int, dict[str, str]]]:
    """Read the rows of a CSV file in UTF-8, with or without a byte order mark.

    Gives the line where each row ends, and its stripped cells by column. Texts beyond the columns,
    or below a column without a name, are joined under `BEYOND`.

    `what` the file is, as "a CSV file of exhibits". Of `known` columns another one is refused, as a
    misspelt one would be lost; without them the others are for people. `usual`: what an empty or
    absent cell of a column means. `columns_as`: a column as the file calls it -> what RIBIN calls
    it; the empty name leaves it out.

    Raises FormatError: the file cannot be read, a column is missing, means nothing or is there
    twice, or a mapping does not fit.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            text = stream.read()
        if "\0" in text:
            raise FormatError(f"{path}: {what} needed, found a null character")
        reader = csv.reader(io.StringIO(text, newline=""))
        columns = _renamed(path, next(reader, []), columns_as or {}, known)
        rows = [(reader.line_num, row) for row in reader if row]
    except OSError as error:
        raise FormatError(f"{path}: {what} needed, {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path}: {what} needed, {error}") from error
    _check_columns(path, [name for name in columns if name], needed, known)
    empty = {name: "" for name in columns if name} | dict(usual or {})
    return [(line, empty | _written(columns, row)) for line, row in rows]


def _renamed(
    path: Path, found: Sequence[str], columns_as: Mapping[str, str], known: Sequence[str] | None
) -> list[str | None]:
    """The columns as RIBIN calls them; None for one that is left out."""
    for theirs, ours in columns_as.items():
        if theirs not in found:
            raise FormatError(f"{path}: column {theirs!r} to map needed, found {', '.join(found)}")
        if ours and known and ours not in known:
            raise FormatError(f"{path}: no column {ours!r} to map to; known: {', '.join(known)}")
    return [(columns_as[name] or None) if name in columns_as else name for name in found]


def _check_columns(
    path: Path, columns: Sequence[str], needed: Sequence[str], known: Sequence[str] | None
) -> None:
    twice = [name for name in known or needed if columns.count(name) > 1]
    if twice:
        raise FormatError(f"{path}: each column once needed, found {twice[0]!r} twice")
    missing = [name for name in needed if name not in columns]
    if known is None:
        if missing:
            raise FormatError(f"{path}: no column {', '.join(missing)}, found {', '.join(columns)}")
        return
    unknown = [name for name in columns if name not in known]
    if missing or unknown:
        wrong = f"no column {missing[0]}" if missing else f"column {unknown[0]!r} means nothing"
        raise FormatError(f"{path}: {wrong}; known: {', '.join(known)}")


def _written(columns: Sequence[str | None], row: Sequence[str]) -> dict[str, str]:
    """The cells of a row that hold something."""
    pairs = [
        (name, text)
        for name, cell in zip_longest(columns, row[: len(columns)], fillvalue="")
        if name and (text := str(cell).strip())
    ]
    unnamed = [cell for name, cell in zip(columns, row, strict=False) if name == BEYOND]
    beyond = [text for cell in (*unnamed, *row[len(columns) :]) if (text := cell.strip())]
    return dict(pairs) | ({BEYOND: ", ".join(beyond)} if beyond else {})


def write_csv(
    stream: IO[str],
    columns: Sequence[str],
    rows: Iterable[Mapping[str, object] | Sequence[object]],
    line_end: str = "\r\n",
) -> None:
    """Write a head and rows; of a mapping the cells of these columns, None as an empty cell."""
    writer = csv.writer(stream, lineterminator=line_end)
    writer.writerow(columns)
    for row in rows:
        cells = [row.get(name) for name in columns] if isinstance(row, Mapping) else row
        writer.writerow(cells)
