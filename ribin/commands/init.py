"""`ribin init`: an empty vault."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import A_PATH, who_option


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
