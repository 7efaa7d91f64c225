"""Which rows `ribin enrol` was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from ribin.manifest import Row, read_manifest


def chosen_rows(
    files: Sequence[Path],
    manifest: Path | None,
    fields: Mapping[str, str | None],
    single: bool = False,
) -> list[Row]:
    """The rows of a manifest, or one for each file with the fields given as options.

    With a manifest the options are what its empty cells mean.

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
        return read_manifest(manifest, given)
    if not (fields["event"] and fields["exhibit"]):
        raise click.UsageError("--event and --exhibit needed with FILE...")
    return [Row(path, "", given) for path in files]
