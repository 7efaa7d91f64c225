"""`ribin store`: look after a vault."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.colour import say
from ribin.commands.exits import exit_after
from ribin.commands.options import json_option, params_option, vault_option, who_option
from ribin.commands.progress import Progress
from ribin.params import Params


@click.group(short_help="Check a vault, rebuild its index, upgrade it.")
def store() -> None:
    """Check a vault, make its index again, or bring one of an older ribin up to date."""


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
    from ribin.desk.vaults import open_own
    from ribin.report.json_text import as_json

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
    from ribin.desk.vaults import open_own
    from ribin.search.index import rebuild_index as rebuild

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
    from ribin.desk.vaults import needed_vault
    from ribin.store.vault import Vault

    added = Vault.upgrade(needed_vault(vault), who)
    click.echo(f"{vault}: up to date, added: {', '.join(added) or 'nothing'}")
