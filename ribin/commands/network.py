"""`ribin network`: who is in the network."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.bundle import export_bundle, import_bundle
from ribin.commands.colour import say
from ribin.commands.keys import key
from ribin.commands.options import json_option, network_option, vault_option


@click.group(short_help="Who is in the network; bundles for those without a line.")
def network() -> None:
    """Look at the network that network.toml describes, and carry bundles where there is no line."""


@network.command()
@vault_option
@network_option
@json_option
def show(vault: Path | None, network_file: Path | None, json_output: bool) -> None:
    """List the members, their clusters, and how many exhibits of each you may know of.

    With --vault, that is all of your own and what others share with your country; without, what is
    shared with the whole network.

    \b
    Example:
      ribin network show --vault vaults/JAM --network network.toml
    """
    from ribin.commands.members import member_states, members_table
    from ribin.report.json import as_json
    from ribin.search.network import read_network
    from ribin.vault.catalogue import read_identity

    if network_file is None:
        raise click.UsageError("--network or RIBIN_NETWORK needed")
    asker = read_identity(vault).member if vault else ""
    states = member_states(read_network(network_file), asker)
    say(as_json({"members": states}) if json_output else members_table(states))


for command in (key, export_bundle, import_bundle):
    network.add_command(command)
