"""`ribin network key`: the key of your member, and those that you trust."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import A_PATH, json_option, reason_option, vault_option, who_option


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
