"""Which rows `ribin enrol` was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from ribin.cases.exhibits import Row, read_manifest


def chosen_rows(
    files: Sequence[Path],
    manifest: Path | None,
    fields: Mapping[str, str | None],
    single: bool = False,
    columns: Sequence[str] = (),
) -> list[Row]:
    """The rows of a manifest, or one for each file with the fields given as options.

    With a manifest the options are what its empty cells mean, and `columns` holds what each of its
    columns is called here, as THEIRS=OURS.

    Raises
    ------
    click.UsageError
        Both or neither of files and manifest are given, files without their event and exhibit,
        or more than one file where `single` says that an outline belongs to one.
    """
    if bool(files) == bool(manifest):
        raise click.UsageError("either FILE... or --manifest needed")
    if single and len(files) != 1:
        raise click.UsageError("--mask and --circle outline one FILE")
    given = {name: value for name, value in fields.items() if value}
    if manifest:
        return read_manifest(manifest, given, _columns_as(columns))
    if columns:
        raise click.UsageError("--map names columns of a --manifest")
    if not (fields["event"] and fields["exhibit"]):
        raise click.UsageError("--event and --exhibit needed with FILE...")
    return [Row(path, "", given) for path in files]


def _columns_as(columns: Sequence[str]) -> dict[str, str]:
    named = {}
    for text in columns:
        theirs, equals, ours = text.rpartition("=")
        if not (equals and theirs):
            raise click.UsageError(f"--map THEIRS=OURS needed, found {text!r}")
        named[theirs] = ours
    return named
