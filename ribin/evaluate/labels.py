"""labels.csv: which firearm marked each scan."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from ribin.errors import FormatError
from ribin.lighting import known_lighting
from ribin.model import MarkType

LABELS_FILE = "labels.csv"
_NEEDED = ("file", "firearm")


@dataclass(frozen=True)
class Label:
    """The known origin of one scan; optional columns are empty where absent."""

    file: str
    firearm: str
    ammunition: str = ""
    mark: MarkType = MarkType.BREECH_FACE
    lighting: str = ""  # of an image: ring, side, or side and degrees


def read_labels(folder: Path) -> tuple[Label, ...]:
    """Read `folder`/labels.csv: columns file, firearm and optionally ammunition, mark, lighting.

    Other columns are for people and are not looked at; nor is a lighting of another word than
    ring or side.

    Raises
    ------
    FormatError
        There is no such file, a needed column or value is missing, a file is named twice for one
        mark, or a mark type is unknown.
    """
    path = folder / LABELS_FILE
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            columns = reader.fieldnames or ()
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise FormatError(f"{path}: a CSV file with columns file,firearm needed, {why}") from error
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise FormatError(f"{path}: no column {', '.join(missing)}, found {', '.join(columns)}")
    labels = tuple(_label(row, f"{path}:{n}") for n, row in enumerate(rows, start=2))
    seen: set[tuple[str, MarkType]] = set()
    for label in labels:
        if (label.file, label.mark) in seen:
            raise FormatError(f"{path}: {label.file} ({label.mark}) needed once, found twice")
        seen.add((label.file, label.mark))
    return labels


def _label(row: dict[str, str | None], where: str) -> Label:
    cells = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
    for name in _NEEDED:
        if not cells[name]:
            raise FormatError(f"{where}: a {name} needed, found an empty cell")
    mark = cells.get("mark") or MarkType.BREECH_FACE
    if mark not in tuple(MarkType):
        raise FormatError(f"{where}: mark needs one of {', '.join(MarkType)}, found {mark!r}")
    return Label(
        file=cells["file"],
        firearm=cells["firearm"],
        ammunition=cells.get("ammunition", ""),
        mark=MarkType(mark),
        lighting=str(known_lighting(cells.get("lighting", "")) or ""),
    )
