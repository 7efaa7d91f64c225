"""`ribin searches`: those that the vault recorded, and the lists of one as they were."""

from __future__ import annotations

import click

from ribin.commands.options import Call, common_options
from ribin.commands.terminal import say


@click.command(short_help="Searches that were made, by number.")
@click.argument("number", metavar="[SEARCH]", required=False)
@common_options("vault", "who", "json")
def searches(number: str | None, call: Call) -> None:
    """List the searches that your vault recorded, or show the lists of one as they were.

    Every search is recorded under a number; `report` and `lead open --list` take it. Its lists are
    kept for 365 days, and longer where a lead or a report names the number; the purge of the
    exhibit that was searched with ends them at once. Their hash and counts stay.

    \b
    Examples:
      ribin searches --vault vaults/JAM
      ribin searches JAM-Q17 --json --vault vaults/JAM > list.json
    """
    from ribin.report.json import as_json
    from ribin.report.text import lists_text, lists_value, searches_table
    from ribin.services.recorded_searches import AS_OF_NOW, recorded_search, recorded_searches
    from ribin.services.redone_marks import lists_now

    with call.own_vault() as vault:
        if number is None:
            call.show(recorded_searches(vault, call.who), searches_table, "searches")
            return
        lists = lists_now(vault, recorded_search(vault, number, call.who))
    facts = lists_value(lists) | ({AS_OF_NOW: lists.since} if lists.since else {})
    say(as_json(facts) if call.json_output else lists_text(lists))
