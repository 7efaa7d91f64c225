"""`ribin share` and `ribin release`: what others may see of an exhibit."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import (
    SCOPES,
    json_option,
    network_option,
    reason_option,
    vault_option,
    who_option,
)


@click.command(short_help="How widely exhibits are shared.")
@click.argument("exhibits", metavar="[EXHIBIT]...", nargs=-1)
@click.option("--sharing", type=click.Choice(SCOPES), help="New level of these exhibits.")
@click.option("--default", "usual", type=click.Choice(SCOPES), help="Level of exhibits to come.")
@vault_option
@who_option
@reason_option
@json_option
def share(
    exhibits: tuple[str, ...],
    sharing: str | None,
    usual: str | None,
    vault: Path | None,
    who: str,
    reason: str,
    json_output: bool,
) -> None:
    """Show how widely each exhibit is shared, or change it; every change is in the audit log.

    Another member sees class fields and what a comparison needs, under an opaque name; exhibit,
    event and originals only after `ribin release`.

    \b
    Examples:
      ribin share --vault vaults/JAM
      ribin share 2026-17-3 --sharing cluster --reason "request of Belize" --vault vaults/JAM
      ribin share --default cluster --reason "agreement of 2026" --vault vaults/JAM
    """
    from ribin.report.json import as_json
    from ribin.services.session import open_own
    from ribin.services.sharing import change_sharing, sharing_facts, sharing_table

    with open_own(vault) as opened:
        change_sharing(opened, exhibits, sharing, usual, who, reason)
        facts = sharing_facts(opened)
    click.echo(as_json(facts) if json_output else sharing_table(facts))


@click.command(short_help="Let another member know an exhibit and its event.")
@click.argument("exhibit")
@click.option("--to", "receiver", default="", help="Member that it is released to.")
@click.option("--original", is_flag=True, help="The original scans as well.")
@click.option("--end", "ended", is_flag=True, help="Take the release back.")
@vault_option
@network_option
@who_option
@reason_option
@json_option
def release(
    exhibit: str,
    receiver: str,
    original: bool,
    ended: bool,
    vault: Path | None,
    network_file: Path | None,
    who: str,
    reason: str,
    json_output: bool,
) -> None:
    """Release an exhibit of your vault to one member; `ribin share` lists what is released.

    The audit logs of both sides have it; of a member without a line, when it imports the next
    bundle.

    \b
    Examples:
      ribin release 2026-17-3 --to BLZ --reason "link with a case of Belize" --network network.toml
      ribin release 2026-17-3 --to BLZ --end --reason "case closed" --network network.toml
    """
    from ribin.report.json import as_json
    from ribin.services.session import needed_receiver, open_with_network
    from ribin.services.sharing import LetOutRequest, let_out_line
    from ribin.services.sharing import release as let_out

    to = needed_receiver(receiver)
    with open_with_network(vault, network_file) as (opened, network):
        said = LetOutRequest(original, ended, who, reason)
        done = let_out(opened, network, exhibit, to, said)
    click.echo(as_json(done) if json_output else let_out_line(done))
