"""`ribin store`: look after a vault."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import click

from ribin.commands.options import (
    A_PATH,
    json_option,
    params_option,
    reason_option,
    vault_option,
    who_option,
)
from ribin.commands.terminal import Progress, exit_after, list_failed, say
from ribin.params.defaults import Params
from ribin.search.index import check_index
from ribin.services.redescribe import DescribeReport
from ribin.vault.backup import BackupResult
from ribin.vault.check import CheckReport, Problem
from ribin.vault.vault import Vault


@click.group(short_help="Check, back up, restore a vault.")
def store() -> None:
    """Check a vault, copy it and bring a copy back, make its index and its descriptions again."""


@store.command()
@vault_option
@json_option
def check(vault: Path | None, json_output: bool) -> None:
    """Verify every byte of the vault against its hash, and every record against the audit log.

    \b
    Example:
      ribin store check --vault vaults/JAM
    """
    from ribin.report.json import as_json
    from ribin.services.session import open_own

    progress = Progress()
    with open_own(vault) as opened:
        report = check_all(opened, lambda done, total: progress("checking", done, total))
    say(as_json(report) if json_output else check_text(report))
    exit_after(done=1, failed=len(report.problems))


@store.command("rebuild-index")
@vault_option
@params_option
def rebuild_index(vault: Path | None, params: Params) -> None:
    """Make the index of the coarse stage again from the scan files.

    \b
    Example:
      ribin store rebuild-index --vault vaults/JAM
    """
    from ribin.search.index import rebuild_index as rebuild
    from ribin.services.session import open_own

    with open_own(vault) as opened:
        vectors = rebuild(opened, params)
    click.echo(f"{vault}: index of {vectors} marks made")


@store.command()
@click.argument("target", type=A_PATH)
@vault_option
@who_option
@reason_option
def backup(target: Path, vault: Path | None, who: str, reason: str) -> None:
    """Copy a vault into a new folder while others work in it, and verify every byte of the copy.

    \b
    Example:
      ribin store backup /mnt/backup/JAM-2026-11-24 --vault vaults/JAM
    """
    from ribin.services.session import open_own
    from ribin.vault.backup import back_up

    progress = Progress()
    with open_own(vault) as opened:
        copied = back_up(
            opened, target, who=who, reason=reason, on_progress=progress.stage("copying")
        )
    click.echo(copied_text(target, copied))


@store.command()
@click.argument("backup", metavar="BACKUP", type=A_PATH)
@click.argument("target", type=A_PATH)
@who_option
@reason_option
def restore(backup: Path, target: Path, who: str, reason: str) -> None:
    """Make a vault of a backup in a new folder; a vault in use is never written over.

    \b
    Example:
      ribin store restore /mnt/backup/JAM-2026-11-24 vaults/JAM-restored --reason "disk failed"
    """
    from ribin.vault.backup import restore as bring_back

    progress = Progress()
    copied = bring_back(
        backup, target, who=who, reason=reason, on_progress=progress.stage("copying")
    )
    click.echo(copied_text(target, copied))


@store.command()
@vault_option
@params_option
@who_option
@reason_option
@json_option
def describe(vault: Path | None, params: Params, who: str, reason: str, json_output: bool) -> None:
    """Describe anew the scans whose marks were made with other parameters than these.

    They are read again from their originals, with the outlines a person drew, into files of their
    own; scan files stay as they are. From then on the vault is searched with the new marks.

    \b
    Example:
      ribin store describe --vault vaults/JAM --params params.toml --reason "new parameters"
    """
    from ribin.report.json import as_json
    from ribin.services.redescribe import describe_vault
    from ribin.services.session import open_own

    progress = Progress().stage("describing")
    with open_own(vault) as opened:
        report = describe_vault(opened, params, who=who, reason=reason, progress=progress)
    click.echo(as_json(report) if json_output else described_text(report))
    list_failed(report.failed)
    exit_after(done=1, failed=len(report.failed))


# `ribin export` and `ribin import`: a vault in open formats, and back.


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


# `ribin init`: an empty vault.


@click.command(short_help="Make an empty vault.")
@click.argument("vault", type=A_PATH)
@click.option("--member", required=True, help="Owner: ISO 3166 alpha-3 code, such as JAM.")
@who_option
def init(vault: Path, member: str, who: str) -> None:
    """Make the empty vault of one member country in a new or empty folder.

    \b
    Example:
      ribin init vaults/JAM --member JAM
    """
    from ribin.vault.vault import Vault

    Vault.create(vault, member, who).close()
    click.echo(f"{vault}: vault of {member} made")


# What `ribin store check` looks at: the vault's evidence, and the index made from it.


def check_all(vault: Vault, on_progress: Callable[[int, int], None]) -> CheckReport:
    """The vault's own check, with the problems of its index added."""
    report = vault.check(on_progress)
    index = tuple(Problem("", text) for text in check_index(vault))
    return dataclasses.replace(report, problems=report.problems + index)


def copied_text(target: Path, copied: BackupResult) -> str:
    """What a verified copy holds, and the end of its audit log."""
    held = f"{copied.scans} scans, {copied.size_bytes / 1e6:.1f} MB"
    head = f"{copied.head.seq}:{copied.head.sha256}"
    return f"{target}: {held}, every byte verified\naudit head {head}"


def described_text(report: DescribeReport) -> str:
    """How many scans were described, and how many needed not to be."""
    again = f"{report.used_again} used again as described before"
    return f"{report.described} scans described, {again}, {report.up_to_date} were up to date"


def check_text(report: CheckReport) -> str:
    """The problems, one a line, and what was checked."""
    lines = [f"exhibit {p.exhibit}: {p.text}" if p.exhibit else p.text for p in report.problems]
    counted = f"{report.scans} scans, {report.size_bytes / 1e6:.1f} MB"
    found = f"{len(lines)} problems" if lines else "every byte is as it was written"
    return "\n".join([*lines, f"{counted}: {found}"])
