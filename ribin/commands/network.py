"""`ribin network`: its members, bundles for those without a line, and the keys that sign them."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click

from ribin.commands.options import A_PATH, Call, common_options
from ribin.commands.terminal import say

# `ribin network export` and `import`: bundles for members without a line.


@click.command("export", short_help="A bundle for a member without a line.")
@click.argument("file", type=A_PATH)
@click.option("--to", "receiver", default="", help="Member that it is for.")
@click.option("--seal", "sealed", is_flag=True, help="Encrypt it for the receiver's trusted key.")
@common_options("vault", "network", "who", "reason", "json")
def export_bundle(file: Path, receiver: str, sealed: bool, call: Call) -> None:
    """Write all that you share with a member into FILE, signed with your key.

    Class fields and templates go under pseudonyms; exhibit, event and originals of what you
    released to that member. Each bundle is the whole of it and takes the place of the one before.

    \b
    Example:
      ribin network export to-jam.zip --to JAM --seal --reason "weekly bundle" \\
          --vault vaults/BLZ --network network.toml
    """
    from ribin.services.sharing import send_bundle, sent_line

    network = call.needed_network()
    with call.own_vault() as opened:
        done = send_bundle(
            opened, network, receiver, file, sealed=sealed, who=call.who, reason=call.reason
        )
    call.show(done, sent_line)


@click.command("import", short_help="Take in a bundle of another member.")
@click.argument("file", type=A_PATH)
@common_options("vault", "who", "reason", "json")
def import_bundle(file: Path, call: Call) -> None:
    """Take in what another member sent. Searches ask it where that member has no line.

    A bundle is refused that is not signed by a trusted key, was altered, is for another member, or
    is older than one that was taken in. The same one again changes nothing.

    \b
    Example:
      ribin network import to-jam.zip --vault vaults/JAM
    """
    from ribin.services.bundles import take_in_bundle
    from ribin.services.sharing import received_line

    with call.own_vault() as opened:
        done = take_in_bundle(opened, file, who=call.who, reason=call.reason)
    call.show(done, received_line)


# `ribin network key`: the key of your member, and those that you trust.


@click.group(short_help="The key of your member, and those you trust.")
def key() -> None:
    """Bundles are signed with a key of your member, and sealed for the key of another.

    Trust a key only after its fingerprint was read out to you over another way than the file came.
    RIBIN_KEY_PASSPHRASE, where set, locks and unlocks the file of your own key.
    """


@key.command()
@common_options("vault", "who")
def make(call: Call) -> None:
    """Make the key of your vault, once. Its private part stays in the vault's folder.

    \b
    Example:
      ribin network key make --vault vaults/JAM
    """
    import os

    from ribin.vault.keys import PASSPHRASE_VARIABLE, make_key

    with call.own_vault() as opened:
        made = make_key(opened, call.who, os.environ.get(PASSPHRASE_VARIABLE, ""))
    say(f"key of {made.member} made, fingerprint\n{made.fingerprint}")


@key.command()
@click.argument("file", type=A_PATH)
@common_options("vault")
def publish(file: Path, call: Call) -> None:
    """Write the public part of your key into FILE, for others, and show its fingerprint.

    \b
    Example:
      ribin network key publish JAM.key.json --vault vaults/JAM
    """
    from ribin.crypto.keys import write_public
    from ribin.services.files import whole_file
    from ribin.vault.keys import own_key

    with call.own_vault() as opened:
        public = own_key(opened).public
    with whole_file(file) as aside:
        aside.write_bytes(write_public(public))
    say(f"{file}: public key of {public.member}, fingerprint\n{public.fingerprint}")


@key.command()
@click.argument("file", type=A_PATH)
@click.option("--fingerprint", default="", help="As it was read out to you; else you are asked.")
@common_options("vault", "who", "reason")
def trust(file: Path, fingerprint: str, call: Call) -> None:
    """Trust the public key in FILE. It takes the place of a key of the same member.

    A key that `ribin network key change` made was signed by the one before: where you trust that
    one, you are not asked.

    \b
    Example:
      ribin network key trust BLZ.key.json --reason "read out by telephone" --vault vaults/JAM
    """
    from ribin.services.network import read_key_file, same_fingerprint, signed_by_trusted
    from ribin.vault.keys import trust_key

    found = read_key_file(file)
    say(f"{file}: public key of {found.member}, fingerprint\n{found.fingerprint}", err=True)
    with call.own_vault() as opened:
        if signed_by_trusted(opened, file):
            say(f"signed by the key of {found.member} that you trust", err=True)
        elif not fingerprint:
            click.confirm("Is this the fingerprint that was read out to you?", abort=True, err=True)
        same_fingerprint(found, fingerprint, str(file))
        new = trust_key(opened, found, call.who, call.reason)
    say(f"key of {found.member} {'trusted' if new else 'was trusted already'}")


@key.command()
@click.argument("member")
@click.option("--lost-since", metavar="DAY", default="", help="YYYY-MM-DD: others may have it.")
@common_options("vault", "who", "reason")
def end(member: str, lost_since: str, call: Call) -> None:
    """Trust the key of MEMBER no more.

    Of a key that was lost, what it signed from that day on, or you took in from then on, is left
    out. To change a key that is not lost, `ribin network key change` on its owner's side.

    \b
    Example:
      ribin network key end BLZ --lost-since 2026-11-20 --reason "stolen" --vault vaults/JAM
    """
    from ribin.vault.keys import end_trust

    with call.own_vault() as opened:
        ended, left_out = end_trust(opened, member, call.who, call.reason, lost_since)
    say(f"key of {member} trusted no more, fingerprint\n{ended.fingerprint}")
    if lost_since:
        say(f"{left_out} bundles left out, signed or taken in since {lost_since}")


@key.command()
@click.argument("file", type=A_PATH)
@common_options("vault", "who", "reason")
def change(file: Path, call: Call) -> None:
    """Make the next key of your vault, and write its public part into FILE, signed by the one
    before. Others take it with `ribin network key trust`, and nothing is left out.

    \b
    Example:
      ribin network key change JAM.key.json --reason "yearly" --vault vaults/JAM
    """
    import os

    from ribin.services.files import whole_file
    from ribin.vault.keys import PASSPHRASE_VARIABLE, change_key, own_key

    with call.own_vault() as opened, whole_file(file) as aside:
        passphrase = os.environ.get(PASSPHRASE_VARIABLE, "")
        aside.write_bytes(change_key(opened, call.who, call.reason, passphrase))
        public = own_key(opened).public
    say(f"{file}: next key of {public.member}, fingerprint\n{public.fingerprint}")


@key.command("list")
@common_options("vault", "who", "json")
def list_keys(call: Call) -> None:
    """List the keys that are or were trusted.

    \b
    Example:
      ribin network key list --vault vaults/JAM
    """
    from ribin.report.json import as_json
    from ribin.services.network import key_facts, keys_table
    from ribin.vault.keys import trusted_keys

    with call.shown_vault() as opened:
        known = trusted_keys(opened)
    say(as_json(key_facts(known)) if call.json_output else keys_table(known))


@click.group(short_help="Who is in the network; bundles for those without a line.")
def network() -> None:
    """Look at the network that network.toml describes, and carry bundles where there is no line."""


@network.command()
@common_options("vault", "network", "who", "json")
def show(call: Call) -> None:
    """List the members, their clusters, and how many exhibits of each you may know of.

    With --vault, that is all of your own and what others share with your country; without, nobody
    is asked. The audit log of each has who asked. With --vault it also lists what you agreed with
    others (`ribin network agree`); each side states its own.

    \b
    Example:
      ribin network show --vault vaults/JAM --network network.toml
    """
    from ribin.report.json import as_json
    from ribin.services.doctor import ONE_DOMAIN
    from ribin.services.network import (
        agreement_states,
        agreements_table,
        member_states,
        members_table,
    )

    members = call.needed_network()
    with call.shown_vault() if call.vault else nullcontext() as opened:
        states = member_states(members, opened.member if opened else "", call.who)
        agreed = agreement_states(opened) if opened else []
    if call.json_output:
        say(as_json({"members": states, "agreements": agreed}))
        return
    say(members_table(states))
    if members.is_one_domain and len(members.members) > 1:
        say(ONE_DOMAIN, err=True)
    if agreed:
        say(f"\nagreed with other members\n{agreements_table(agreed)}")


@network.command()
@click.argument("member")
@click.option("--scope", type=click.Choice(("cluster", "network")), help="How near it is.")
@click.option("--questions-an-hour", type=click.IntRange(min=1), help="That it may ask; 600.")
@click.option("--at-once", type=click.IntRange(min=1), help="Questions worked on at one time; 2.")
@click.option("--most-rows", type=click.IntRange(min=1), help="Of a list that it is given; 10000.")
@click.option("--hold/--answer", default=None, help="Each question waits for a person here.")
@click.option("--end", is_flag=True, help="It may ask nothing any more.")
@common_options("vault", "who", "reason", "json")
def agree(
    member: str,
    questions_an_hour: int | None,
    at_once: int | None,
    most_rows: int | None,
    hold: bool | None,
    end: bool,
    call: Call,
) -> None:
    """State what is agreed with MEMBER: how near it is to you, and how much it may ask.

    An administrator does. It is signed with your key and kept in your vault, each version of it;
    what is not named stays as it was. The other side states its own. Linked members are of one
    cluster: they see what is shared with the cluster, all others what is shared with the network.

    \b
    Example:
      ribin network agree BLZ --scope cluster --reason "treaty of 2026" --vault vaults/JAM
    """
    from ribin.cases.exhibits import Scope
    from ribin.services.network import AgreementOptions, agreements_table, state_agreement

    options = AgreementOptions(
        member=member,
        scope=Scope(call.scope) if call.scope else None,
        questions_an_hour=questions_an_hour,
        at_once=at_once,
        most_rows=most_rows,
        hold=hold,
        end=end,
    )
    with call.own_vault() as opened:
        state, version = state_agreement(opened, options, call.who, call.reason)
    call.show(state, lambda one: agreements_table([one]))
    if not version:
        say("it was so already; nothing was changed", err=True)
    elif not state.key_trusted and not end:
        say(f"its key is not trusted yet: `ribin network key trust {member}.key.json`", err=True)


for command in (key, export_bundle, import_bundle):
    network.add_command(command)
