"""`ribin original`: the scans of an exhibit as files, as they were received."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import (
    A_PATH,
    network_option,
    params_option,
    reason_option,
    vault_option,
    who_option,
)
from ribin.params.defaults import Params


@click.command(short_help="Take out the scans of an exhibit.")
@click.argument("exhibit", metavar="[MEMBER:]EXHIBIT")
@click.option("-o", "--output", type=A_PATH, required=True, help="Folder to write to.")
@vault_option
@network_option
@params_option
@who_option
@reason_option
def original(
    exhibit: str,
    output: Path,
    vault: Path | None,
    network_file: Path | None,
    params: Params,
    who: str,
    reason: str,
) -> None:
    """Write the scans of an exhibit as files, byte by byte as they were received.

    Another member's are given after `ribin release --original`: over the line, where its audit log
    says so first, or of its last bundle where its vault is out of reach.

    \b
    Example:
      ribin original BLZ:BLZ-2025-0042-1 -o received --vault vaults/JAM \\
          --network network.toml --reason "shooting of 14 March"
    """
    from ribin.services.session import Desk
    from ribin.services.sharing import take_out

    with Desk.open(vault, network_file, params, 1) as desk:
        paths = take_out(desk, exhibit, output, who, reason)
    for path in paths:
        click.echo(f"{path}: written as it was received")
