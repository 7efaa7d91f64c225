"""`ribin network export` and `import`: bundles for members without a line."""

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


@click.command("export", short_help="A bundle for a member without a line.")
@click.argument("file", type=A_PATH)
@click.option("--to", "receiver", default="", help="Member that it is for.")
@click.option("--seal", "sealed", is_flag=True, help="Encrypt it for the receiver's trusted key.")
@vault_option
@network_option
@who_option
@reason_option
@json_option
def export_bundle(
    file: Path,
    receiver: str,
    sealed: bool,
    vault: Path | None,
    network_file: Path | None,
    who: str,
    reason: str,
    json_output: bool,
) -> None:
    """Write all that you share with a member into FILE, signed with your key.

    Class fields and templates go under opaque names; exhibit, event and originals of what you
    released to that member. Each bundle is the whole of it and takes the place of the one before.

    \b
    Example:
      ribin network export to-jam.zip --to JAM --seal --reason "weekly bundle" \\
          --vault vaults/BLZ --network network.toml
    """
    from ribin.report.json import as_json
    from ribin.services.session import needed_receiver, open_with_network
    from ribin.services.sharing import send_bundle, sent_line

    to = needed_receiver(receiver)
    with open_with_network(vault, network_file) as (opened, network):
        done = send_bundle(opened, network, to, file, sealed=sealed, who=who, reason=reason)
    click.echo(as_json(done) if json_output else sent_line(done))


@click.command("import", short_help="Take in a bundle of another member.")
@click.argument("file", type=A_PATH)
@vault_option
@who_option
@reason_option
@json_option
def import_bundle(file: Path, vault: Path | None, who: str, reason: str, json_output: bool) -> None:
    """Take in what another member sent. Searches ask it where that member has no line.

    A bundle is refused that is not signed by a trusted key, was altered, is for another member, or
    is older than one that was taken in. The same one again changes nothing.

    \b
    Example:
      ribin network import to-jam.zip --vault vaults/JAM
    """
    from ribin.exchange.receive import import_bundle as take_in
    from ribin.report.json import as_json
    from ribin.services.session import open_own
    from ribin.services.sharing import received_line

    with open_own(vault) as opened:
        done = take_in(opened, file, who=who, reason=reason)
    click.echo(as_json(done) if json_output else received_line(done))
