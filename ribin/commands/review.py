"""`ribin review`: a person's verdict on a lead."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.cases.leads import Conclusion, Examined
from ribin.commands.options import json_option, network_option, vault_option, who_option


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
    type=click.Choice([str(examined) for examined in Examined]),
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
    from ribin.commands.leads import Leads, say_step
    from ribin.leads.steps import give_review

    said = (Conclusion(conclusion), Examined(examined))
    with Leads.open(vault, network_file) as desk:
        step = give_review(
            desk.vault, desk.network, lead, *said, who=who, note=note, supersede=supersede
        )
        say_step(desk, step, who, json_output)
