"""Tables that people and spreadsheets write: one reader, whose errors are clear; one writer."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import IO

from ribin.cases.plausible import DayOrder
from ribin.errors import FormatError
from ribin.input_file import read_input
from ribin.text import clean_text

MOST_MIB = 64  # of a table; a million rows of a manifest
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_MARKS = {  # a byte order mark, the encoding, and what a person calls it
    b"\xef\xbb\xbf": ("utf-8-sig", "UTF-8"),
    b"\xff\xfe": ("utf-16", "UTF-16"),
    b"\xfe\xff": ("utf-16", "UTF-16"),
}
_WORKBOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods; .xls
_STATED = re.compile(r'"?sep=([,;\t])"?[,;\t]*')  # a first line for spreadsheets
_FORMULA = re.compile(r"'*[=+\-@\t\r\uff0b\uff0d\uff1d\uff20]")
_SIGN = "'*[=+\\-@\uff0b\uff0d\uff1d\uff20]"
_INSIDE = re.compile(rf"([;\t\r\n]\s*)({_SIGN})")
_ESCAPED_INSIDE = re.compile(rf"([;\t\r\n]\s*)'({_SIGN})")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class TableForm:
    """How a table is written that is not RIBIN's own.

    `columns_as`: a column as the file calls it, and what RIBIN calls it; the empty name leaves it
    out. `days`: how its days are written.
    """

    columns_as: Mapping[str, str] = field(default_factory=dict)
    days: DayOrder = DayOrder.ISO


OWN_FORM = TableForm()


@dataclass(frozen=True)
class CsvTable:
    """The rows of a table: the line on which each begins, and its cells by column.

    `note` says how the file was read, where it is not UTF-8 with commas.
    """

    path: Path
    rows: tuple[tuple[int, dict[str, str]], ...]
    note: str = ""
    decimal_comma: bool = False

    def number(self, line: int, column: str, cell: str) -> float:
        """The number that a cell holds: 2,53 as well, where semicolons part the columns.

        Raises FormatError: it holds none.
        """
        text = cell.replace(",", ".") if self.decimal_comma else cell
        number = float(text) if _NUMBER.fullmatch(text) else math.nan
        if not math.isfinite(number):
            needed = f"a number for {column} needed"
            raise FormatError(f"{self.path}: line {line}: {needed}, found {cell!r}")
        return number


def read_csv(
    path: Path,
    what: str,
    needed: Sequence[str],
    known: Sequence[str] | None = None,
    usual: Mapping[str, str] | None = None,
    form: TableForm = OWN_FORM,
) -> CsvTable:
    """Read a table in UTF-8, UTF-16 or Windows-1252, by commas, semicolons or tabs as its head is.

    Rows that are empty are skipped.

    `what` the file is, as "a CSV file of exhibits". Of `known` columns another one is refused, as a
    misspelt one would be lost; without them the others are for people. `usual`: what an empty or
    absent cell of a column means. `form`: how a person says that the file is written.

    Raises FormatError: the file cannot be read or is a workbook; a column is missing, means nothing
    or is there twice; a mapping does not fit; a quote does not close; or a row has more cells than
    there are columns.
    """
    text, encoding, example = _decoded(path, what)
    columns_as = form.columns_as
    names = {name.casefold() for name in (*needed, *(known or ()), *columns_as)}
    delimiter, stated = _delimiter(text, names)
    lines = _rows(path, text, delimiter)
    if stated:
        next(lines)
    _, cells = next(lines, (1, []))
    while cells and not cells[-1].strip():
        cells.pop()
    found = [clean_text(name) for name in cells]
    columns = _renamed(path, found, columns_as, needed, known)
    _check_columns(path, found, columns, needed, known)
    head = _Head(found, columns, known or needed, delimiter)
    empty = {name: "" for name in columns if name} | dict(usual or {})
    rows = []
    for line, cells in lines:
        _check_row(f"{path}: line {line}", head, cells)
        given = {n: t for n, c in zip(columns, cells, strict=False) if n and (t := _unescaped(c))}
        rows.append((line, empty | given))
    usual_form = encoding == "UTF-8" and delimiter == ","
    note = f"{path.name}: read as {encoding}, columns by {_DELIMITERS[delimiter]}"
    note += f", such as {example[:60]!r}" if example else ""
    return CsvTable(path, tuple(rows), "" if usual_form else note, delimiter == ";")


@dataclass(frozen=True)
class _Head:
    """The first row: its columns as found, and as RIBIN calls them; empty for one left out."""

    found: Sequence[str]
    columns: Sequence[str]
    meant: Sequence[str]  # columns that RIBIN reads
    delimiter: str


def _decoded(path: Path, what: str) -> tuple[str, str, str]:
    """The text, the name of its encoding, and of one that is guessed a word that shows it."""
    try:
        content = read_input(path, MOST_MIB)
    except OSError as error:
        raise FormatError(f"{path}: {what} needed, {error.strerror}") from error
    if content.startswith(_WORKBOOK):
        raise FormatError(
            f"{path}: {what} needed, found a workbook of a spreadsheet",
            hint="save it as CSV, and name that file",
        )
    codec, encoding = next(
        (known for mark, known in _MARKS.items() if content.startswith(mark)), ("utf-8", "UTF-8")
    )
    if codec == "utf-8" and content[:512].count(0) * 3 > len(content[:512]):  # no mark, but zeros
        codec, encoding = ("utf-16-le" if content[1:2] == b"\0" else "utf-16-be"), "UTF-16"
    example = ""
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        if codec != "utf-8":
            raise FormatError(f"{path}: {what} needed, {error}") from error
        try:
            text, encoding = content.decode("cp1252"), "Windows-1252"
        except UnicodeDecodeError:
            raise FormatError(f"{path}: {what} needed, {error}") from error
        example = next(word for word in re.split(r"[,;\t\r\n\"]", text) if not word.isascii())
    if "\0" in text:
        raise FormatError(f"{path}: {what} needed, found a null character")
    return text, encoding, example


def _delimiter(text: str, names: set[str]) -> tuple[str, bool]:
    """What parts the columns of the head, and whether a first line states it."""
    lines = (line for line in text.splitlines() if line.strip(" ,;\t"))
    head = next(lines, "")
    if stated := _STATED.fullmatch(head.strip(" \r\n")):
        return stated[1], True

    def fit(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([head], delimiter=delimiter, skipinitialspace=True), [])
        return sum(clean_text(cell).casefold() in names for cell in cells), len(cells)

    return max(_DELIMITERS, key=fit), False


def _rows(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, and the line on which each begins."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise FormatError(
                f"{path}: line {line}: a cell with a quote at both ends needed, {error}",
                hint="a quote opens in this line and does not close before the end of its cell",
            ) from error
        if row is None:
            return
        if any(map(str.strip, row)):
            yield line, row


def _renamed(
    path: Path,
    found: Sequence[str],
    columns_as: Mapping[str, str],
    needed: Sequence[str],
    known: Sequence[str] | None,
) -> list[str]:
    """The columns as RIBIN calls them, whatever their case; empty for one that is left out."""
    for theirs, ours in columns_as.items():
        if theirs not in found:
            raise FormatError(f"{path}: column {theirs!r} to map needed, found {', '.join(found)}")
        if ours and known and ours not in known:
            raise FormatError(f"{path}: no column {ours!r} to map to; known: {', '.join(known)}")
    own = {name.casefold(): name for name in (*needed, *(known or ()))}
    return [columns_as.get(name, own.get(name.casefold(), name)) for name in found]


def _check_columns(
    path: Path,
    found: Sequence[str],
    columns: Sequence[str],
    needed: Sequence[str],
    known: Sequence[str] | None,
) -> None:
    for names in (found, columns):
        folded = [name.casefold() for name in names if name]
        if twice := [name for name in names if folded.count(name.casefold()) > 1]:
            raise FormatError(f"{path}: each column once needed, found {twice[0]!r} twice")
    missing = [name for name in needed if name not in columns]
    unknown = [name for name in columns if name and known is not None and name not in known]
    if not missing and not unknown:
        return
    wrong = f"no column {', '.join(missing)}" if missing else f"column {unknown[0]!r} means nothing"
    theirs = unknown[0] if unknown else next((n for n in found if n not in needed), "THEIRS")
    ours = missing[0] if missing else ""
    listed = f"; known: {', '.join(known)}" if known is not None else ""
    raise FormatError(
        f"{path}: {wrong}, found {', '.join(found) or 'none'}{listed}",
        hint=f'--map "{theirs}={ours}" says what a column is called here; THEIRS= leaves it out',
    )


def _check_row(where: str, head: _Head, cells: Sequence[str]) -> None:
    """Refuse cells that no column names, and lines that a quote may have swallowed."""
    least = len(head.columns) - 1  # delimiters of a line that is a row
    for name, cell in zip_longest(head.columns, cells, fillvalue=""):
        lines = cell.strip().splitlines()
        swallowed = any(line.count(head.delimiter) >= least for line in lines[1:])
        if len(lines) > 1 and (swallowed or name in head.meant):
            raise FormatError(
                f"{where}: one line in a cell needed, found {len(lines)}: does a quote not close?"
            )
    named = zip_longest(head.found, cells, fillvalue="")
    if beyond := [text for name, cell in named if not name and (text := cell.strip())]:
        raise FormatError(
            f"{where}: one cell for each column needed, found {', '.join(beyond)} beyond them"
        )


# Text in a spreadsheet: what begins like a formula has an apostrophe before it, which spreadsheets
# do not show; a number stays one. Where semicolons part the columns of a person's spreadsheet, what
# follows one within a cell is a cell of its own, and what follows a line break too.


def _unescaped(cell: str) -> str:
    text = _ESCAPED_INSIDE.sub(r"\1\2", cell.strip())
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _escaped(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = _INSIDE.sub(r"\1'\2", value)
    return f"'{text}" if _FORMULA.match(value) else text


def write_csv(
    stream: IO[str],
    columns: Sequence[str],
    rows: Iterable[Mapping[str, object] | Sequence[object]],
    line_end: str = "\r\n",
) -> None:
    """Write a head and rows; of a mapping the cells of these columns, None as an empty cell.

    A text that a spreadsheet would take for a formula is escaped; `read_csv` takes that back.
    """
    writer = csv.writer(stream, lineterminator=line_end)
    writer.writerow(map(_escaped, columns))
    for row in rows:
        cells = [row.get(name) for name in columns] if isinstance(row, Mapping) else row
        writer.writerow(map(_escaped, cells))
