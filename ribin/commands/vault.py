"""`ribin store`: look after a vault."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.colour import say
from ribin.commands.options import (
    A_PATH,
    json_option,
    params_option,
    reason_option,
    vault_option,
    who_option,
)
from ribin.commands.progress import Progress
from ribin.commands.terminal import exit_after, list_failed
from ribin.params.defaults import Params


@click.group(short_help="Check, back up, restore, upgrade a vault.")
def store() -> None:
    """Check a vault, copy it and bring a copy back, make its index again, or bring one of an older
    ribin up to date.
    """


@store.command()
@vault_option
@json_option
def check(vault: Path | None, json_output: bool) -> None:
    """Verify every byte of the vault against its hash, and every record against the audit log.

    \b
    Example:
      ribin store check --vault vaults/JAM
    """
    from ribin.commands.upkeep import check_all, check_text
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
@vault_option
@who_option
def upgrade(vault: Path | None, who: str) -> None:
    """Bring the catalogue of a vault that an older ribin made up to date; its audit log says so.

    Make a copy of the vault before. The scan files stay as they are.

    \b
    Example:
      ribin store upgrade --vault vaults/JAM
    """
    from ribin.services.session import needed_vault
    from ribin.vault.vault import upgrade_vault

    added = upgrade_vault(needed_vault(vault), who)
    click.echo(f"{vault}: up to date, added: {', '.join(added) or 'nothing'}")


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
    from ribin.commands.upkeep import copied_text
    from ribin.services.session import open_own
    from ribin.vault.backup import back_up

    progress = Progress()
    with open_own(vault) as opened:
        copied = back_up(
            opened,
            target,
            who=who,
            reason=reason,
            on_progress=progress.stage("copying"),
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
    from ribin.commands.upkeep import copied_text
    from ribin.vault.backup import restore as bring_back

    progress = Progress()
    copied = bring_back(
        backup,
        target,
        who=who,
        reason=reason,
        on_progress=progress.stage("copying"),
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
    from ribin.commands.upkeep import described_text
    from ribin.report.json import as_json
    from ribin.services.enrol import describe_vault
    from ribin.services.session import open_own

    progress = Progress().stage("describing")
    with open_own(vault) as opened:
        report = describe_vault(opened, params, who=who, reason=reason, tick=progress)
    click.echo(as_json(report) if json_output else described_text(report))
    list_failed(report.failed)
    exit_after(done=1, failed=len(report.failed))
