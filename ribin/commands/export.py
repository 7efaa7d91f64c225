"""`ribin export` and `ribin import`: a vault in open formats, and back."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import A_PATH, json_option, reason_option, vault_option, who_option
from ribin.commands.progress import Progress


@click.command(short_help="Write everything as X3P, PNG, CSV and JSON.")
@click.argument("folder", type=A_PATH)
@vault_option
@who_option
@reason_option
@json_option
def export(folder: Path, vault: Path | None, who: str, reason: str, json_output: bool) -> None:
    """Write a whole vault into a new FOLDER, in formats that need no RIBIN.

    Its README.txt says what is what. Private keys and what other members sent stay behind.

    \b
    Example:
      ribin export everything --reason "yearly copy" --vault vaults/JAM
    """
    from ribin.export.write import export_vault
    from ribin.report.json import as_json
    from ribin.services.session import open_own

    progress = Progress()
    with open_own(vault) as opened:
        done = export_vault(
            opened, folder, who=who, reason=reason, tick=lambda *at: progress("exporting", *at)
        )
    held = f"{done.exhibits} exhibits, {done.scans} scans, {done.files} files"
    said = f"{done.folder}: vault of {done.member}, {held}, {done.size_bytes / 1e6:.1f} MB"
    click.echo(as_json(done) if json_output else said)


@click.command("import", short_help="Make a vault of what `ribin export` wrote.")
@click.argument("folder", type=A_PATH)
@click.argument("vault", type=A_PATH)
@click.option(
    "--accept-repacked",
    is_flag=True,
    help="Take scan files that other libraries of HDF5 pack otherwise than they were.",
)
@who_option
@reason_option
@json_option
def import_export(
    folder: Path, vault: Path, accept_repacked: bool, who: str, reason: str, json_output: bool
) -> None:
    """Make a new VAULT with the catalogue, scans and audit log of an export in FOLDER.

    Every file is checked before anything is made. Scans of other programs come in with
    `ribin enrol --manifest`.

    \b
    Example:
      ribin import everything vaults/JAM
    """
    from ribin.export.restore import import_vault
    from ribin.report.json import as_json

    progress = Progress()
    done = import_vault(
        folder,
        vault,
        who=who,
        reason=reason,
        accept_repacked=accept_repacked,
        tick=lambda *at: progress("importing", *at),
    )
    said = f"{done.folder}: vault of {done.member} made, {done.exhibits} exhibits, "
    click.echo(as_json(done) if json_output else f"{said}{done.scans} scans")
