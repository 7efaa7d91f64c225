"""`ribin store`: look after a vault."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from ribin.commands.options import A_PATH, Call, common_options
from ribin.commands.terminal import Progress, asking, exit_after, list_failed, say
from ribin.search.index import check_index
from ribin.services.redescribe import DescribeReport
from ribin.text import counted
from ribin.vault.backup import BackupResult
from ribin.vault.check import CheckReport, Problem
from ribin.vault.vault import Vault

_yes = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group(short_help="Check, back up, restore a vault.")
def store() -> None:
    """Check a vault, copy it and bring a copy back, make its index and its descriptions again."""


@store.command()
@common_options("vault", "json")
def check(call: Call) -> None:
    """Verify every byte of the vault against its hash, and every record against the audit log.

    \b
    Example:
      ribin store check --vault vaults/JAM
    """
    with call.own_vault() as opened:
        report = opened.check(Progress().stage("checking"))
        index = tuple(Problem("", text) for text in check_index(opened))
    report = dataclasses.replace(report, problems=report.problems + index)
    call.show(report, check_text)
    exit_after(done=1, failed=len(report.problems))


@store.command("rebuild-index")
@common_options("vault", "params")
def rebuild_index(call: Call) -> None:
    """Make the index of the coarse stage again from the scan files.

    \b
    Example:
      ribin store rebuild-index --vault vaults/JAM
    """
    from ribin.search.index import rebuild_index as rebuild

    with call.own_vault() as opened:
        vectors = rebuild(opened, call.params)
    say(f"{call.vault}: index of {vectors} marks made")


@store.command()
@click.argument("target", type=A_PATH)
@_yes
@common_options("vault", "who", "reason")
def backup(target: Path, yes: bool, call: Call) -> None:
    """Copy a vault into a new folder while others work in it, and verify every byte of the copy.

    Into the folder of its last backup it is a new generation: files that did not change are those
    of the last one, which stays until the new one is verified. Private keys are in a backup: keep
    it as closely as the vault. A copy holds every first verdict: where you, or somebody who has
    worked from your login, may still give the second one, it says so and asks.

    \b
    Example:
      ribin store backup /mnt/backup/JAM-2026-11-24 --vault vaults/JAM
    """
    from ribin.vault.backup import back_up

    with call.own_vault() as opened:
        _ask_for_copy(opened, call.who, yes)
        copied = back_up(
            opened,
            target,
            who=call.who,
            reason=call.reason,
            on_progress=Progress().stage("copying"),
        )
    say(copied_text(target, copied))
    say(
        f"{target}: private keys of {copied.head.member} are in it: keep it as you keep the vault",
        err=True,
    )


@store.command()
@click.argument("backup", metavar="BACKUP", type=A_PATH)
@click.argument("target", type=A_PATH)
@common_options("who", "reason")
def restore(backup: Path, target: Path, call: Call) -> None:
    """Make a vault of a backup in a new folder; a vault in use is never written over.

    \b
    Example:
      ribin store restore /mnt/backup/JAM-2026-11-24 vaults/JAM-restored --reason "disk failed"
    """
    from ribin.vault.backup import restore as bring_back

    copied = bring_back(
        backup, target, who=call.who, reason=call.reason, on_progress=Progress().stage("copying")
    )
    say(copied_text(target, copied))


@store.command()
@common_options("vault", "params", "who", "reason", "json")
def describe(call: Call) -> None:
    """Describe anew the scans whose marks were made with other parameters than these.

    They are read again from their originals, with the outlines a person drew, into files of their
    own; scan files stay as they are. From then on the vault is searched with the new marks. Members
    that ask with templates of the parameters before are answered with the marks before, until you
    drop those (`ribin store parameters`).

    \b
    Example:
      ribin store describe --vault vaults/JAM --params params.toml --reason "new parameters"
    """
    from ribin.services.redescribe import describe_vault

    progress = Progress().stage("describing")
    with call.own_vault() as opened:
        report = describe_vault(
            opened, call.params, who=call.who, reason=call.reason, progress=progress
        )
    call.show(report, described_text)
    list_failed(report.failed)
    exit_after(done=1, failed=len(report.failed))


@store.command(short_help="List the sets of parameters of a vault, or drop one.")
@click.option("--drop", metavar="PARAMETERS", help="Answer no more with this earlier set.")
@common_options("vault", "who", "reason", "json")
def parameters(drop: str | None, call: Call) -> None:
    """The sets of parameters that marks of your vault were made with, and whether they are kept.

    `ribin store describe` keeps the marks of earlier sets: members that have not described theirs
    anew ask with those, and are answered with them, until an administrator drops the set. Dropped
    marks stay as evidence of what earlier lists and leads rest on.

    \b
    Examples:
      ribin store parameters --vault vaults/JAM
      ribin store parameters --drop 5d0c3f2a91be --reason "all have the new ones" --vault vaults/JAM
    """
    from ribin.report.json import as_json
    from ribin.report.table import table
    from ribin.vault.parameter_sets import drop_parameters, parameter_sets

    with call.shown_vault() as opened:
        if drop:
            drop_parameters(opened, drop, who=call.who, reason=call.reason)
        found = parameter_sets(opened)
    if call.json_output:
        say(as_json({"parameters": found}))
        return
    rows = [
        (one.params_id, str(one.in_use), str(one.earlier), "yes" if one.kept else "no")
        for one in found
    ]
    say(table(("described with", "marks in use", "earlier marks", "answered"), rows))


_group = click.option(
    "--group", default="", help="Group of the operating system whose logins may use the vault."
)

# `ribin export` and `ribin import`: a vault in open formats, and back.


@click.command(short_help="Write everything as X3P, PNG, CSV and JSON.")
@click.argument("folder", type=A_PATH)
@_yes
@common_options("vault", "who", "reason", "json")
def export(folder: Path, yes: bool, call: Call) -> None:
    """Write a whole vault into a new FOLDER, in formats that need no RIBIN.

    Its README.txt says what is what. Private keys and what other members sent stay behind. As
    `ribin store backup`, it asks where somebody would not be blind after it.

    \b
    Example:
      ribin export everything --reason "yearly copy" --vault vaults/JAM
    """
    from ribin.export.write import export_vault
    from ribin.report.json import as_json

    with call.own_vault() as opened:
        _ask_for_copy(opened, call.who, yes)
        done = export_vault(
            opened, folder, who=call.who, reason=call.reason, tick=Progress().stage("exporting")
        )
    held = ", ".join(
        counted(getattr(done, f"{what}s"), what) for what in ("exhibit", "scan", "file")
    )
    said = f"{done.folder}: vault of {done.member}, {held}, {done.size_bytes / 1e6:.1f} MB"
    say(as_json(done) if call.json_output else said)


@click.command("import", short_help="Make a vault of what `ribin export` wrote.")
@click.argument("folder", type=A_PATH)
@click.argument("target", metavar="VAULT", type=A_PATH)
@click.option(
    "--accept-repacked",
    is_flag=True,
    help="Take scan files that other libraries of HDF5 pack otherwise than they were.",
)
@_group
@common_options("who", "reason", "json")
def import_export(
    folder: Path, target: Path, accept_repacked: bool, group: str, call: Call
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

    done = import_vault(
        folder,
        target,
        who=call.who,
        reason=call.reason,
        accept_repacked=accept_repacked,
        group=group,
        tick=Progress().stage("importing"),
    )
    held = f"{counted(done.exhibits, 'exhibit')}, {counted(done.scans, 'scan')}"
    said = f"{done.folder}: vault of {done.member} made, {held}"
    say(as_json(done) if call.json_output else said)


# `ribin init`: an empty vault.


@click.command(short_help="Make an empty vault.")
@click.argument("target", metavar="VAULT", type=A_PATH)
@click.option("--member", required=True, help="Owner: ISO 3166 alpha-3 code, such as JAM.")
@_group
@click.option("--member-code-anyway", is_flag=True, help="Take a code that ISO 3166 lacks.")
@common_options("who")
def init(target: Path, member: str, group: str, member_code_anyway: bool, call: Call) -> None:
    """Make the empty vault of one member country in a new or empty folder.

    The folder is closed to other logins of this machine; with --group those of a group of the
    operating system may read and write it.

    \b
    Example:
      ribin init vaults/JAM --member JAM --group laboratory
    """
    Vault.create(target, member, call.who, group, member_code_anyway).close()
    say(f"{target}: vault of {member} made")


def _ask_for_copy(vault: Vault, who: str, yes: bool) -> None:
    """Ask before a copy takes away the blindness of somebody; not where it takes nobody's."""
    from ribin.services.blind_pairs import copy_warnings

    if warnings := copy_warnings(vault, who):
        asking("Make the copy?", yes)(warnings)


def copied_text(target: Path, copied: BackupResult) -> str:
    """What a verified copy holds, and the end of its audit log."""
    held = f"{counted(copied.scans, 'scan')}, {copied.size_bytes / 1e6:.1f} MB"
    head = f"{copied.head.seq}:{copied.head.sha256}"
    same = f", {counted(copied.linked, 'file')} as in the last backup" if copied.linked else ""
    return f"{target}: {held}, every byte verified{same}\naudit head {head}"


def described_text(report: DescribeReport) -> str:
    """How many scans were described, and how many needed not to be."""
    again = f"{report.used_again} used again as described before"
    described = f"{counted(report.described, 'scan')} described"
    return f"{described}, {again}, {report.up_to_date} were up to date"


def check_text(report: CheckReport) -> str:
    """The problems, one a line, and what was checked."""
    lines = [f"exhibit {p.exhibit}: {p.text}" if p.exhibit else p.text for p in report.problems]
    held = f"{counted(report.scans, 'scan')}, {report.size_bytes / 1e6:.1f} MB"
    found = counted(len(lines), "problem") if lines else "every byte is as it was written"
    return "\n".join([*lines, f"{held}: {found}"])
