"""`ribin lead`: candidates that an examiner takes up."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import A_PATH, json_option, network_option, vault_option, who_option
from ribin.commands.terminal import exit_after


@click.group(short_help="Take up candidates for examination.")
def lead() -> None:
    """A lead is a candidate that an examiner takes up. Two persons examine the items (`ribin
    review`), the second without knowing the first one's verdict; together they confirm a link, or
    not. A lead on another member's exhibit is recorded at both.
    """


@lead.command("open")
@click.argument("reference", metavar="EXHIBIT")
@click.argument("comparison", metavar="[MEMBER:]EXHIBIT")
@click.option(
    "--note",
    required=True,
    help="Why the two should be examined. The other member concerned reads it.",
)
@click.option(
    "--list",
    "list_file",
    type=A_PATH,
    help="The list as you saw it: what `ribin search --json` printed.",
)
@vault_option
@network_option
@who_option
@json_option
def open_lead(
    reference: str,
    comparison: str,
    note: str,
    list_file: Path | None,
    vault: Path | None,
    network_file: Path | None,
    who: str,
    json_output: bool,
) -> None:
    """Take up a lead on an exhibit of your vault and another, of yours or of another member.

    A lead across a border is recorded at both members: the note, your name and the row of the list
    cross the border; what the whole search counted stays in your vault.

    \b
    Example:
      ribin lead open JAM-2026-0007-1 BLZ:x-0123456789abcdef --note "score 99, same calibre" \\
          --vault vaults/JAM --network network.toml
    """
    from ribin.commands.leads import Leads, say_step, seen_figures
    from ribin.leads.steps import take_up_lead

    with Leads.open(vault, network_file) as desk:
        one, other = desk.held(reference), desk.held(comparison)
        figures = seen_figures(list_file, other)
        step = take_up_lead(
            desk.vault, desk.network, one, other, who=who, note=note, figures=figures
        )
        say_step(desk, step, who, json_output)


@lead.command("list")
@click.option("--mine", is_flag=True, help="Only leads that await a verdict you may give.")
@vault_option
@who_option
@json_option
def list_leads(mine: bool, vault: Path | None, who: str, json_output: bool) -> None:
    """List the leads of a vault and how far they have come.

    \b
    Example:
      ribin lead list --mine --vault vaults/JAM
    """
    from ribin.commands.leads import Leads
    from ribin.leads.text import lead_facts, leads_table
    from ribin.report.json import as_json
    from ribin.services.leads import look_at_leads

    with Leads.open(vault, None) as desk:
        views = look_at_leads(desk.vault, who, mine=mine, verdicts=json_output)
    facts = {"leads": [lead_facts(view) for view in views]}
    click.echo(as_json(facts) if json_output else leads_table(views))


@lead.command()
@click.argument("lead_number", metavar="LEAD")
@vault_option
@who_option
@json_option
def show(lead_number: str, vault: Path | None, who: str, json_output: bool) -> None:
    """Show a lead: who took it up and why, and the verdicts as far as you may see them.

    \b
    Example:
      ribin lead show JAM-L1 --vault vaults/JAM
    """
    from ribin.commands.leads import Leads, say_lead

    with Leads.open(vault, None) as desk:
        say_lead(desk.vault, lead_number, who, json_output)


@lead.command()
@vault_option
@network_option
@who_option
def sync(vault: Path | None, network_file: Path | None, who: str) -> None:
    """Bring leads that concern other members up to date at both sides, and write the notices of
    links and withdrawals that come to be known there by it.

    \b
    Example:
      ribin lead sync --vault vaults/JAM --network network.toml
    """
    from ribin.commands.leads import Leads
    from ribin.leads.merge import sync_leads
    from ribin.services.leads import announce_received

    with Leads.open(vault, network_file) as desk:
        carried, notes = sync_leads(desk.vault, desk.needed_network(), who=who)
        told = announce_received(desk.vault, desk.needed_network())
    click.echo(f"{carried} entries carried over")
    said = [*notes, *(one.text for one in told)]
    click.echo("\n".join(said), err=True, nl=bool(said))
    exit_after(done=1, failed=len(notes) + sum(not one.written for one in told))
