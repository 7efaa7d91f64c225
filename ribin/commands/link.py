"""`ribin link`: confirmed links and their end."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import json_option, network_option, vault_option, who_option


@click.group(short_help="Confirmed links between exhibits.")
def link() -> None:
    """A link joins two exhibits, and their events, that two persons found to be marked by one
    firearm. It has the number of its lead.
    """


@link.command("list")
@vault_option
@who_option
@json_option
def list_links(vault: Path | None, who: str, json_output: bool) -> None:
    """List the links that stand.

    \b
    Example:
      ribin link list --vault vaults/JAM
    """
    from ribin.commands.leads import Leads
    from ribin.leads.text import lead_facts, leads_table
    from ribin.report.json import as_json
    from ribin.services.leads import look_at_leads

    with Leads.open(vault, None) as desk:
        views = look_at_leads(desk.vault, who, linked=True, verdicts=json_output)
    facts = {"links": [lead_facts(view) for view in views]}
    click.echo(as_json(facts) if json_output else leads_table(views).replace("no lead", "no link"))


@link.command()
@click.argument("lead", metavar="LEAD")
@click.option("--reason", required=True, help="Why, for the audit log.")
@vault_option
@network_option
@who_option
@json_option
def withdraw(
    lead: str,
    reason: str,
    vault: Path | None,
    network_file: Path | None,
    who: str,
    json_output: bool,
) -> None:
    """Withdraw a link, at both members. Lead, verdicts and link stay on record.

    \b
    Example:
      ribin link withdraw JAM-L1 --reason "items mixed up in the laboratory" --vault vaults/JAM
    """
    from ribin.commands.leads import Leads, say_step
    from ribin.leads.steps import withdraw_link

    with Leads.open(vault, network_file) as desk:
        step = withdraw_link(desk.vault, desk.network, lead, who=who, reason=reason)
        say_step(desk, step, who, json_output)
