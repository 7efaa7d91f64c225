"""exhibits.csv: one row for each scan to enrol."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ribin.cases.exhibits import ClassFields, Event, Exhibit, ExhibitKind, Scope
from ribin.errors import FormatError, ParameterError

COLUMNS = (
    "file",
    "member",
    "event",
    "case_number",
    "date",
    "place",
    "exhibit",
    "kind",
    "calibre",
    "firing_pin_shape",
    "breech_face_type",
    "ammunition",
    "firearm",
    "sharing",
    "lighting",
)
_NEEDED = ("file", "event", "exhibit")
_LEFT_OUT = "\0"  # begins the name of a column that is not wanted
_Word = TypeVar("_Word", ExhibitKind, Scope)


@dataclass(frozen=True)
class Row:
    """One scan to enrol: its file, its owner (empty where not named) and its fields as written.

    `line` is that of a manifest; 0 where there is none.
    """

    path: Path
    member: str
    fields: Mapping[str, str]
    line: int = 0

    @property
    def name(self) -> str:
        """What a report calls it: the file, or the line of a manifest that names none."""
        return self.path.name if self.fields.get("file", "given") else f"line {self.line}"


def read_manifest(
    path: Path,
    usual: Mapping[str, str] | None = None,
    columns_as: Mapping[str, str] | None = None,
) -> list[Row]:
    """Read the rows of a manifest; files are found from its folder.

    Parameters
    ----------
    usual : mapping, optional
        What an empty or absent cell of a column means.
    columns_as : mapping, optional
        A column as the file calls it -> what RIBIN calls it; the empty name leaves it out.

    Raises
    ------
    FormatError
        The file cannot be read, lacks one of the columns file, event and exhibit, or has a column
        that means nothing (a misspelt one would be lost).
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            text = stream.read()
        if "\0" in text:
            raise FormatError(f"{path}: a CSV file of exhibits needed, found a null character")
        reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", restval="")
        reader.fieldnames = _named(list(reader.fieldnames or ()), columns_as or {}, path)
        columns = [name for name in reader.fieldnames if not name.startswith(_LEFT_OUT)]
        rows = [(reader.line_num, _cells(row, usual or {})) for row in reader]
    except OSError as error:
        raise FormatError(f"{path}: a CSV file of exhibits needed, {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path}: a CSV file of exhibits needed, {error}") from error
    missing = [name for name in _NEEDED if name not in columns]
    unknown = [name for name in columns if name not in COLUMNS]
    if missing or unknown:
        wrong = f"no column {missing[0]}" if missing else f"column {unknown[0]!r} means nothing"
        raise FormatError(f"{path}: {wrong}; known: {', '.join(COLUMNS)}")
    return [Row(path.parent / row["file"], row.get("member", ""), row, n) for n, row in rows]


def exhibit_of(fields: Mapping[str, str], stored: Exhibit | None = None) -> Exhibit:
    """An exhibit from texts by column name; an absent or empty one is not known.

    Kind and sharing always have a value: where they are not given, that of the exhibit as it is
    `stored`, or evidence that only its own country sees.

    Raises
    ------
    ParameterError
        `kind` or `sharing` is not one of its words, or the row has cells beyond its columns.
    """
    if fields.get(""):
        raise ParameterError(f"one cell for each column needed, found {fields['']} beyond them")

    def known(name: str) -> str:
        return fields.get(name) or ""

    usual = stored or Exhibit(known("exhibit"), Event(known("event")))
    return Exhibit(
        exhibit=known("exhibit"),
        event=Event(known("event"), known("case_number"), known("date"), known("place")),
        kind=_word(ExhibitKind, "kind", known("kind") or usual.kind),
        class_fields=ClassFields(
            calibre=known("calibre"),
            firing_pin_shape=known("firing_pin_shape"),
            breech_face_type=known("breech_face_type"),
            ammunition=known("ammunition"),
        ),
        sharing=_word(Scope, "sharing", known("sharing") or usual.sharing),
        firearm=known("firearm"),
    )


def _named(found: list[str], columns_as: Mapping[str, str], path: Path) -> list[str]:
    """The columns as RIBIN calls them; FormatError where a mapping or a name does not fit."""
    for theirs, ours in columns_as.items():
        if theirs not in found:
            raise FormatError(f"{path}: column {theirs!r} to map needed, found {', '.join(found)}")
        if ours and ours not in COLUMNS:
            raise FormatError(f"{path}: no column {ours!r} to map to; known: {', '.join(COLUMNS)}")
    named = [columns_as.get(name, name) or f"{_LEFT_OUT}{name}" for name in found]
    twice = sorted({name for name in named if named.count(name) > 1})
    if columns_as and twice:
        raise FormatError(f"{path}: each column once needed, found {twice[0]!r} twice")
    return named


def _cells(row: Mapping[str, object], usual: Mapping[str, str]) -> dict[str, str]:
    """The cells of a row by column; those left empty as usual."""
    kept = {name: cell for name, cell in row.items() if not name.startswith(_LEFT_OUT)}
    written = {name: text for name, cell in kept.items() if (text := str(cell).strip())}
    return {**dict.fromkeys(kept, ""), **usual, **written}


def _word(words: type[_Word], name: str, found: str) -> _Word:
    try:
        return words(found)
    except ValueError as error:
        raise ParameterError(f"{name} needs one of {', '.join(words)}, found {found!r}") from error
