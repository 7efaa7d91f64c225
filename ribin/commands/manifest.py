"""exhibits.csv: one row for each scan to enrol."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from ribin.casework import ClassFields, Event, Exhibit, ExhibitKind, Scope
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
_Word = TypeVar("_Word", ExhibitKind, Scope)


@dataclass(frozen=True)
class Row:
    """One scan to enrol: its file, its owner (empty where not named) and its fields as written."""

    path: Path
    member: str
    fields: Mapping[str, str]


def read_manifest(path: Path) -> list[Row]:
    """Read the rows of a manifest; files are found from its folder.

    Raises
    ------
    FormatError
        The file cannot be read, lacks one of the columns file, event and exhibit, or has a column
        that means nothing (a misspelt one would be lost).
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, restkey="", restval="")
            columns = list(reader.fieldnames or ())
            rows = [{name: str(value).strip() for name, value in row.items()} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path}: a CSV file of exhibits needed, {error}") from error
    missing = [name for name in _NEEDED if name not in columns]
    unknown = [name for name in columns if name not in COLUMNS]
    if missing or unknown:
        wrong = f"no column {missing[0]}" if missing else f"column {unknown[0]!r} means nothing"
        raise FormatError(f"{path}: {wrong}; known: {', '.join(COLUMNS)}")
    return [Row(path.parent / row["file"], row.get("member", ""), row) for row in rows]


def chosen_rows(
    files: Sequence[Path],
    manifest: Path | None,
    fields: Mapping[str, str | None],
    single: bool = False,
) -> list[Row]:
    """The rows of a manifest, or one for each file with the fields given as options.

    Raises
    ------
    click.UsageError
        Both or neither are given, files without their event and exhibit, or more than one file
        where `single` says that an outline belongs to one.
    """
    if bool(files) == bool(manifest):
        raise click.UsageError("either FILE... or --manifest needed")
    if single and len(files) != 1:
        raise click.UsageError("--mask and --circle outline one FILE")
    if manifest:
        return read_manifest(manifest)
    if not (fields["event"] and fields["exhibit"]):
        raise click.UsageError("--event and --exhibit needed with FILE...")
    given = {name: value for name, value in fields.items() if value}
    return [Row(path, "", given) for path in files]


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


def _word(words: type[_Word], name: str, found: str) -> _Word:
    try:
        return words(found)
    except ValueError as error:
        raise ParameterError(f"{name} needs one of {', '.join(words)}, found {found!r}") from error
