"""`ribin trace`: the history of a gun."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import (
    A_PATH,
    json_option,
    network_option,
    reason_option,
    vault_option,
    who_option,
)
from ribin.commands.terminal import exit_after


@click.command(short_help="Follow the links of an exhibit: the history of a gun.")
@click.argument("exhibit")
@click.option("--graphml", type=A_PATH, help="File for programs that draw networks.")
@click.option("--picture", type=A_PATH, help="PNG: time to the right, a row a country.")
@vault_option
@network_option
@who_option
@reason_option
@json_option
def trace(
    exhibit: str,
    graphml: Path | None,
    picture: Path | None,
    vault: Path | None,
    network_file: Path | None,
    who: str,
    reason: str,
    json_output: bool,
) -> None:
    """Print all exhibits joined to one by confirmed links, in the order of time, across countries.

    With --network each member concerned is asked, and tells by its own rules: class fields under
    an opaque name, and the event once it has released it to you. Both sides' audit logs keep it.

    \b
    Example:
      ribin trace JAM-2026-0007-1 --vault vaults/JAM --network network.toml \\
          --reason "murder of 3 May" --picture history.png
    """
    from ribin.commands.leads import Leads, write_history
    from ribin.leads.text import history_table
    from ribin.leads.trace import trace_exhibit
    from ribin.report.json import as_json
    from ribin.services.files import check_picture

    check_picture(picture)
    with Leads.open(vault, network_file) as desk:
        history = trace_exhibit(desk.vault, desk.network, exhibit, who=who, reason=reason)
    click.echo(as_json(history) if json_output else history_table(history))
    write_history(history, graphml, picture)
    exit_after(done=1, failed=len(history.unavailable) if desk.network else 0)
