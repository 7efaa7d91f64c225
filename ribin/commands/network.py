"""`ribin network`: its members, bundles for those without a line, and the keys that sign them."""

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
from ribin.commands.terminal import say

# `ribin network export` and `import`: bundles for members without a line.


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


# `ribin network key`: the key of your member, and those that you trust.


@click.group(short_help="The key of your member, and those you trust.")
def key() -> None:
    """Bundles are signed with a key of your member, and sealed for the key of another.

    Trust a key only after its fingerprint was read out to you over another way than the file came.
    RIBIN_KEY_PASSPHRASE, where set, locks and unlocks the file of your own key.
    """


@key.command()
@vault_option
@who_option
def make(vault: Path | None, who: str) -> None:
    """Make the key of your vault, once. Its private part stays in the vault's folder.

    \b
    Example:
      ribin network key make --vault vaults/JAM
    """
    import os

    from ribin.services.session import open_own
    from ribin.vault.keys import PASSPHRASE_VARIABLE, make_key

    with open_own(vault) as opened:
        made = make_key(opened, who, os.environ.get(PASSPHRASE_VARIABLE, ""))
    click.echo(f"key of {made.member} made, fingerprint\n{made.fingerprint}")


@key.command()
@click.argument("file", type=A_PATH)
@vault_option
def publish(file: Path, vault: Path | None) -> None:
    """Write the public part of your key into FILE, for others, and show its fingerprint.

    \b
    Example:
      ribin network key publish JAM.key.json --vault vaults/JAM
    """
    from ribin.crypto.keys import write_public
    from ribin.services.files import whole_file
    from ribin.services.session import open_own
    from ribin.vault.keys import own_key

    with open_own(vault) as opened:
        public = own_key(opened).public
    with whole_file(file) as aside:
        aside.write_bytes(write_public(public))
    click.echo(f"{file}: public key of {public.member}, fingerprint\n{public.fingerprint}")


@key.command()
@click.argument("file", type=A_PATH)
@click.option("--fingerprint", default="", help="As it was read out to you; else you are asked.")
@vault_option
@who_option
@reason_option
def trust(file: Path, fingerprint: str, vault: Path | None, who: str, reason: str) -> None:
    """Trust the public key in FILE. It takes the place of a key of the same member.

    \b
    Example:
      ribin network key trust BLZ.key.json --reason "read out by telephone" --vault vaults/JAM
    """
    from ribin.services.session import open_own
    from ribin.services.sharing import read_key_file, same_fingerprint
    from ribin.vault.keys import trust_key

    found = read_key_file(file)
    click.echo(f"{file}: public key of {found.member}, fingerprint\n{found.fingerprint}", err=True)
    if not fingerprint:
        click.confirm("Is this the fingerprint that was read out to you?", abort=True, err=True)
    same_fingerprint(found, fingerprint, str(file))
    with open_own(vault) as opened:
        new = trust_key(opened, found, who, reason)
    click.echo(f"key of {found.member} {'trusted' if new else 'was trusted already'}")


@key.command()
@click.argument("member")
@vault_option
@who_option
@reason_option
def end(member: str, vault: Path | None, who: str, reason: str) -> None:
    """Trust the key of MEMBER no more.

    \b
    Example:
      ribin network key end BLZ --reason "key lost" --vault vaults/JAM
    """
    from ribin.services.session import open_own
    from ribin.vault.keys import end_trust

    with open_own(vault) as opened:
        ended = end_trust(opened, member, who, reason)
    click.echo(f"key of {member} trusted no more, fingerprint\n{ended.fingerprint}")


@key.command("list")
@vault_option
@json_option
def list_keys(vault: Path | None, json_output: bool) -> None:
    """List the keys that are or were trusted.

    \b
    Example:
      ribin network key list --vault vaults/JAM
    """
    from ribin.report.json import as_json
    from ribin.services.session import open_own
    from ribin.services.sharing import key_facts, keys_table
    from ribin.vault.keys import trusted_keys

    with open_own(vault) as opened:
        known = trusted_keys(opened)
    click.echo(as_json(key_facts(known)) if json_output else keys_table(known))


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
    from ribin.report.json import as_json
    from ribin.search.network import read_network
    from ribin.services.network import member_states, members_table
    from ribin.vault.catalogue import read_member

    if network_file is None:
        raise click.UsageError("--network or RIBIN_NETWORK needed")
    asker = read_member(vault) if vault else ""
    states = member_states(read_network(network_file), asker)
    say(as_json({"members": states}) if json_output else members_table(states))


for command in (key, export_bundle, import_bundle):
    network.add_command(command)
