"""`ribin lead`, `review`, `link` and `trace`: from a candidate to the history of a gun."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import click

from ribin.cases.leads import Conclusion, ExhibitRef, ReviewBasis
from ribin.commands.options import (
    A_PATH,
    json_option,
    network_option,
    reason_option,
    vault_option,
    who_option,
)
from ribin.commands.terminal import exit_after
from ribin.leads.steps import Step
from ribin.leads.text import SHOWN_EARLY, lead_facts, lead_page, leads_table, view_lead
from ribin.leads.trace import History
from ribin.leads.trace_files import as_graphml, write_picture
from ribin.leads.two_vaults import exhibit_ref
from ribin.report.json import as_json
from ribin.search.network import Network, read_network
from ribin.services.files import whole_file
from ribin.services.leads import announce, figures_of_list, look_at_lead, look_at_leads
from ribin.services.session import open_own
from ribin.vault.vault import Vault


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
    from ribin.leads.steps import take_up_lead

    with Leads.open(vault, network_file) as session:
        one, other = session.ref(reference), session.ref(comparison)
        figures = figures_of_list(list_file, other) if list_file else {}
        step = take_up_lead(
            session.vault, session.network, one, other, who=who, note=note, figures=figures
        )
        say_step(session, step, who, json_output)


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

    with Leads.open(vault, None) as session:
        views = look_at_leads(session.vault, who, mine=mine, verdicts=json_output)
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

    with Leads.open(vault, None) as session:
        say_lead(session.vault, lead_number, who, json_output)


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
    from ribin.leads.merge import sync_leads
    from ribin.services.leads import announce_received

    with Leads.open(vault, network_file) as session:
        carried, notes = sync_leads(session.vault, session.needed_network(), who=who)
        told = announce_received(session.vault, session.needed_network())
    click.echo(f"{carried} entries carried over")
    said = [*notes, *(one.text for one in told)]
    click.echo("\n".join(said), err=True, nl=bool(said))
    exit_after(done=1, failed=len(notes) + sum(not one.written for one in told))


# What the commands about leads share: the vault and network, and how a step is said.


@dataclass(frozen=True)
class Leads:
    """The own vault, and the network where one is named."""

    vault: Vault
    network: Network | None

    @classmethod
    def open(cls, vault: Path | None, network_file: Path | None) -> Leads:
        network = read_network(network_file) if network_file else None
        return cls(open_own(vault), network)

    def ref(self, text: str) -> ExhibitRef:
        """An exhibit as written on the command line."""
        return exhibit_ref(text, self.vault.member)

    def needed_network(self) -> Network:
        """The network; wrong usage where none is named."""
        if self.network is None:
            raise click.UsageError("--network or RIBIN_NETWORK needed")
        return self.network

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.vault.close()


def say_lead(vault: Vault, lead: str, who: str, json_output: bool) -> None:
    """Print a lead, and keep in the audit log who looked at it."""
    view = look_at_lead(vault, lead, who)
    click.echo(as_json(lead_facts(view)) if json_output else lead_page(view))
    if view.shows_early:
        click.echo(SHOWN_EARLY, err=True)


def say_step(session: Leads, step: Step, who: str, json_output: bool) -> None:
    """Print the lead after a step, what a withdrawn link leaves, and who has not got it yet."""
    notes = [*step.notes, *announce(session.vault, step, session.network)]
    view = view_lead(session.vault, step.history, who).after_a_step()
    facts = {**lead_facts(view), "parts": [sorted(p) for p in step.parts], "notes": notes}
    lines = [lead_page(view)]
    if step.parts:
        sizes = " and ".join(str(len(part)) for part in step.parts)
        lines.append(
            f"the series is split into series of {sizes} exhibits"
            if len(step.parts) > 1
            else f"other links still join the {sizes} exhibits of the series"
        )
    click.echo(as_json(facts) if json_output else "\n".join(lines))
    click.echo("\n".join(notes), err=True, nl=bool(notes))


def write_history(history: History, graphml: Path | None, picture: Path | None) -> None:
    """Write the files asked for, whole or not at all."""
    if graphml:
        with whole_file(graphml) as aside:
            aside.write_text(as_graphml(history), encoding="utf-8")
    if picture:
        with whole_file(picture) as aside:
            write_picture(history, aside)


# `ribin link`: confirmed links and their end.


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

    with Leads.open(vault, None) as session:
        views = look_at_leads(session.vault, who, linked=True, verdicts=json_output)
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
    from ribin.leads.steps import withdraw_link

    with Leads.open(vault, network_file) as session:
        step = withdraw_link(session.vault, session.network, lead, who=who, reason=reason)
        say_step(session, step, who, json_output)


# `ribin review`: a person's verdict on a lead.


@click.command(short_help="Write down your verdict on a lead.")
@click.argument("lead", metavar="LEAD")
@click.option(
    "--conclusion",
    required=True,
    type=click.Choice([str(conclusion) for conclusion in Conclusion]),
    help="In the words of AFTE's range of conclusions.",
)
@click.option(
    "--examined",
    required=True,
    type=click.Choice([str(examined) for examined in ReviewBasis]),
    help="What you examined: the physical items, or a cast of one.",
)
@click.option("--note", required=True, help="What the verdict rests on.")
@click.option("--supersede", is_flag=True, help="In place of your earlier verdict, which is kept.")
@vault_option
@network_option
@who_option
@json_option
def review(
    lead: str,
    conclusion: str,
    examined: str,
    note: str,
    supersede: bool,
    vault: Path | None,
    network_file: Path | None,
    who: str,
    json_output: bool,
) -> None:
    """Write down what you conclude from the items of a lead.

    The first verdict is an examiner's. The second is a reviewer's, who is another person and does
    not see the first. Two identifications confirm a link; two equal inconclusive ones stay so; all
    else is not confirmed. After both are in, a superseding verdict may end a link, never make one.

    \b
    Example:
      ribin review JAM-L1 --conclusion identification --examined items \\
          --note "individual marks agree in the aperture shear" --vault vaults/JAM
    """
    from ribin.leads.steps import give_review

    with Leads.open(vault, network_file) as session:
        step = give_review(
            session.vault,
            session.network,
            lead,
            Conclusion(conclusion),
            ReviewBasis(examined),
            who=who,
            note=note,
            supersede=supersede,
        )
        say_step(session, step, who, json_output)


# `ribin trace`: the history of a gun.


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
    from ribin.leads.text import history_table
    from ribin.leads.trace import trace_exhibit
    from ribin.services.files import check_picture

    check_picture(picture)
    with Leads.open(vault, network_file) as session:
        history = trace_exhibit(session.vault, session.network, exhibit, who=who, reason=reason)
    click.echo(as_json(history) if json_output else history_table(history))
    write_history(history, graphml, picture)
    exit_after(done=1, failed=len(history.unavailable) if session.network else 0)
