"""`ribin lead`, `review`, `link` and `trace`: from a candidate to the history of a gun."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ribin.cases.leads import Conclusion, ReviewBasis
from ribin.commands.account import proving
from ribin.commands.options import A_PATH, Call, common_options
from ribin.commands.terminal import exit_after, say
from ribin.leads.both_sides import deliveries, exhibit_ref
from ribin.leads.steps import Step
from ribin.leads.text import lead_facts, lead_page, leads_table
from ribin.leads.trace_files import as_graphml, write_picture
from ribin.report.json import as_json
from ribin.report.table import remark
from ribin.services.corrections import corrections_told
from ribin.services.files import whole_file
from ribin.services.leads import (
    announce,
    look_at_lead,
    look_at_leads,
    shown_leads,
    warning_of_verdict,
)
from ribin.services.redone_marks import redone_since_lead
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
    "listed",
    metavar="SEARCH|LIST.json",
    help="The list as you saw it: the number of the search, such as JAM-Q17, or what `ribin search "
    "--json` printed.",
)
@common_options("vault", "network", "who", "json")
def open_lead(reference: str, comparison: str, note: str, listed: str | None, call: Call) -> None:
    """Take up a lead on an exhibit of your vault and another, of yours or of another member.

    A lead across a border is recorded at both members: the note, your name and the row of the list
    cross the border; what the whole search counted stays in your vault. A list in a file is held
    against the search as your vault recorded it.

    \b
    Example:
      ribin lead open JAM-2026-0007-1 BLZ:x-0123456789abcdef --note "score 99, same calibre" \\
          --list JAM-Q17 --vault vaults/JAM --network network.toml
    """
    from ribin.leads.steps import take_up_lead
    from ribin.services.recorded_searches import figures_of, search_of_list

    network = call.network()
    with call.own_vault() as vault:
        one, other = (exhibit_ref(text, vault.member) for text in (reference, comparison))
        figures = {}
        if listed:
            found = search_of_list(vault, listed, call.who)
            figures = figures_of(vault, found, one, other)
        step = take_up_lead(vault, network, one, other, who=call.who, note=note, figures=figures)
        say_step(call, vault, step)


@lead.command("list")
@click.option("--mine", is_flag=True, help="Only leads that await a verdict you may give.")
@common_options("vault", "who", "json")
def list_leads(mine: bool, call: Call) -> None:
    """List the leads of a vault and how far they have come.

    \b
    Example:
      ribin lead list --mine --vault vaults/JAM
    """
    with call.own_vault() as vault:
        views = look_at_leads(vault, call.who, mine=mine, verdicts=call.json_output)
    facts = {"leads": [lead_facts(view) for view in views]}
    say(as_json(facts) if call.json_output else leads_table(views))


@lead.command()
@click.argument("lead_number", metavar="LEAD")
@common_options("vault", "who", "password", "json")
def show(lead_number: str, call: Call) -> None:
    """Show a lead: who took it up and why, and the verdicts as far as you may see them.

    Whoever may give the second verdict is shown no figures, no note and no verdict before. Your
    own verdict is shown after a question on a terminal, because the second reviewer must not see
    it.

    \b
    Example:
      ribin lead show JAM-L1 --vault vaults/JAM
    """
    with call.own_vault() as vault, proving(vault, call, needed=False):
        warning, early = warning_of_verdict(vault, lead_number, call.who), True
        if warning:
            say(f"{lead_number}: {warning}", err=True)
            early = not sys.stdin.isatty() or click.confirm("Show it?", err=True)
        view = look_at_lead(vault, lead_number, call.who, early)
        told, corrected = deliveries(vault, lead_number), corrections_told(vault, view.history)
        redone = redone_since_lead(vault, view)
    facts = {**lead_facts(view), "deliveries": dict(told), "corrected": dict(corrected)}
    facts["redone"] = redone
    lines = [
        lead_page(view),
        *map(remark, redone),
        *(f"{member}: {delivery}" for member, delivery in told),
    ]
    lines += [f"{at[:16]}: {words}" for at, words in corrected]
    say(as_json(facts) if call.json_output else "\n".join(lines))


@lead.command()
@click.argument("lead_number", metavar="LEAD")
@click.option("-o", "--output", type=A_PATH, required=True, help="Page to write, .html.")
@common_options("vault", "network", "params", "who")
def marks(lead_number: str, output: Path, call: Call) -> None:
    """Write a page of the two marks of a lead, as `ribin view` does.

    Whoever may give the second verdict is shown the marks alone, without figures.

    \b
    Example:
      ribin lead marks JAM-L1 -o marks.html --vault vaults/JAM
    """
    from ribin.services.files import PAGE, check_output
    from ribin.services.pair import lead_marks_page, write_page

    check_output(output, PAGE)
    with call.session() as session:
        html = lead_marks_page(session, lead_number, call.who)
    write_page(html, output)
    say(f"{output}: page of the marks of {lead_number} written")


@lead.command()
@click.argument("lead_number", metavar="LEAD")
@click.option("--reason", required=True, help="Why, for the audit log.")
@common_options("vault", "network", "who", "json")
def close(lead_number: str, call: Call) -> None:
    """Close a lead that was opened by mistake, at both members; it stays on record.

    Who opened it closes it before the first verdict, and an administrator after. Its exhibits may
    be taken up anew.

    \b
    Example:
      ribin lead close JAM-L1 --reason "the wrong exhibit" --vault vaults/JAM
    """
    from ribin.leads.steps import close_lead

    network = call.network()
    with call.own_vault() as vault:
        step = close_lead(vault, network, lead_number, who=call.who, reason=call.reason)
        say_step(call, vault, step)


@lead.command()
@click.argument("lead_number", metavar="LEAD")
@click.option("--note", required=True, help="What the confirmation rests on; both members read it.")
@common_options("vault", "network", "who", "password", "json")
def confirm(lead_number: str, note: str, call: Call) -> None:
    """Confirm two verdicts of the other member that agree, on a lead across a border.

    A link across a border needs a verdict of each member. Where both are of one member, an examiner
    of the other sees them and confirms; that makes the link. The vaults of both are needed.

    \b
    Example:
      ribin lead confirm JAM-BLZ-L1 --note "the casts compared here" --vault vaults/BLZ \\
          --network network.toml
    """
    from ribin.leads.steps import confirm_lead

    network = call.network()
    with call.own_vault() as vault, proving(vault, call):
        step = confirm_lead(vault, network, lead_number, who=call.who, note=note)
        say_step(call, vault, step)


@lead.command()
@common_options("vault", "network", "who")
def sync(call: Call) -> None:
    """Bring leads that concern other members up to date at both sides, and write the notices of
    links and withdrawals that come to be known there by it.

    \b
    Example:
      ribin lead sync --vault vaults/JAM --network network.toml
    """
    from ribin.leads.merge import sync_leads
    from ribin.services.leads import announce_received
    from ribin.services.outbox import deliver_waiting

    network = call.needed_network()
    with call.own_vault() as vault:
        carried, notes = sync_leads(vault, network, who=call.who)
        told = announce_received(vault, network, call.who)
        sent = deliver_waiting(vault, network, who=call.who)
        late = dict.fromkeys(f"{one.receiver}: not told yet: {why}" for one, why in sent if why)
        notes = (*notes, *late)
    say(f"{carried} entries carried over")
    said = [*notes, *(one.text for one in told)]
    say("\n".join(said), err=True, nl=bool(said))
    exit_after(done=1, failed=len(notes) + sum(not one.written for one in told))


def say_step(call: Call, vault: Vault, step: Step) -> None:
    """Print the lead after a step, what a withdrawn link leaves, and who has not got it yet."""
    notes = [*step.notes, *announce(vault, step)]
    [shown] = shown_leads(vault, [step.history], call.who)
    view = shown.after_a_step()
    facts = {**lead_facts(view), "parts": [sorted(p) for p in step.parts], "notes": notes}
    lines = [lead_page(view)]
    if step.parts:
        sizes = " and ".join(str(len(part)) for part in step.parts)
        lines.append(
            f"the series is split into series of {sizes} exhibits"
            if len(step.parts) > 1
            else f"other links still join the {sizes} exhibits of the series"
        )
    say(as_json(facts) if call.json_output else "\n".join(lines))
    say("\n".join(notes), err=True, nl=bool(notes))


# `ribin link`: confirmed links and their end.


@click.group(short_help="Confirmed links between exhibits.")
def link() -> None:
    """A link joins two exhibits, and their events, that two persons found to be marked by one
    firearm. It has the number of its lead.
    """


@link.command("list")
@common_options("vault", "who", "json")
def list_links(call: Call) -> None:
    """List the links that stand.

    \b
    Example:
      ribin link list --vault vaults/JAM
    """
    with call.own_vault() as vault:
        views = look_at_leads(vault, call.who, linked=True, verdicts=call.json_output)
    facts = {"links": [lead_facts(view) for view in views]}
    say(as_json(facts) if call.json_output else leads_table(views).replace("no lead", "no link"))


@link.command()
@click.argument("lead", metavar="LEAD")
@click.option("--reason", required=True, help="Why, for the audit log.")
@common_options("vault", "network", "who", "password", "json")
def withdraw(lead: str, call: Call) -> None:
    """Withdraw a link, at both members. Lead, verdicts and link stay on record.

    \b
    Example:
      ribin link withdraw JAM-L1 --reason "items mixed up in the laboratory" --vault vaults/JAM
    """
    from ribin.leads.steps import withdraw_link

    network = call.network()
    with call.own_vault() as vault, proving(vault, call):
        step = withdraw_link(vault, network, lead, who=call.who, reason=call.reason)
        say_step(call, vault, step)


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
@common_options("vault", "network", "who", "password", "json")
def review(
    lead: str, conclusion: str, examined: str, note: str, supersede: bool, call: Call
) -> None:
    """Write down what you conclude from the items of a lead.

    The first verdict is an examiner's. The second is a reviewer's, who is another person and does
    not see the first. Two identifications confirm a link (across a border, where both are of one
    member, with `ribin lead confirm` of the other); two equal inconclusive ones stay so; all else
    is not confirmed. After both are in, a superseding verdict may end a link, never make one.

    \b
    Example:
      ribin review JAM-L1 --conclusion identification --examined items \\
          --note "individual marks agree in the aperture shear" --vault vaults/JAM
    """
    from ribin.leads.steps import give_review

    network = call.network()
    with call.own_vault() as vault, proving(vault, call):
        step = give_review(
            vault,
            network,
            lead,
            Conclusion(conclusion),
            ReviewBasis(examined),
            who=call.who,
            note=note,
            supersede=supersede,
        )
        say_step(call, vault, step)


# `ribin trace`: the history of a gun.


@click.command(short_help="Follow the links of an exhibit: the history of a gun.")
@click.argument("exhibit")
@click.option("--graphml", type=A_PATH, help="File for programs that draw networks.")
@click.option("--picture", type=A_PATH, help="PNG: time to the right, a row a country.")
@common_options("vault", "network", "who", "reason", "json")
def trace(exhibit: str, graphml: Path | None, picture: Path | None, call: Call) -> None:
    """Print all exhibits joined to one by confirmed links, in the order of time, across countries.

    With --network each member concerned is asked, and tells by its own rules: class fields under
    a pseudonym, and the event once it has released it to you. Both sides' audit logs keep it.

    \b
    Example:
      ribin trace JAM-2026-0007-1 --vault vaults/JAM --network network.toml \\
          --reason "murder of 3 May" --picture history.png
    """
    from ribin.leads.text import history_table
    from ribin.leads.trace import trace_exhibit
    from ribin.services.files import PICTURE, check_output

    check_output(picture, PICTURE)
    network = call.network()
    with call.own_vault() as vault:
        history = trace_exhibit(vault, network, exhibit, who=call.who, reason=call.reason)
    call.show(history, history_table)
    if graphml:
        with whole_file(graphml) as aside:
            aside.write_text(as_graphml(history), encoding="utf-8")
    if picture:
        with whole_file(picture) as aside:
            write_picture(history, aside)
    exit_after(done=1, failed=len(history.unavailable) if network else 0)
