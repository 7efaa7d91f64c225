"""`ribin stats`: how much a laboratory did, how long it took, and what waits."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import A_PATH, Call, common_options
from ribin.commands.terminal import say

ALL = "all"


@click.command(short_help="Entries, searches, leads and links by month; what waits.")
@click.option("--from", "first", default="", metavar="YYYY-MM-DD", help="First day that counts.")
@click.option("--to", "last", default="", metavar="YYYY-MM-DD", help="Last day that counts.")
@click.option("--member", default=ALL, show_default=True, help="Only what concerns this member.")
@click.option("--mark", "mark_type", default=ALL, show_default=True, help="Only this type of mark.")
@click.option("--csv", "file", type=A_PATH, help="File for all counts.")
@common_options("vault", "who", "json")
def stats(
    first: str, last: str, member: str, mark_type: str, file: Path | None, call: Call
) -> None:
    """Count entries, searches, questions of other members, leads, verdicts and links by month; say
    how many days passed from entry to search and to verdicts, and what waits.

    A scan with three marks is one entry, and is counted under each of its types of mark; so is a
    search of several members under each of them.

    \b
    Examples:
      ribin stats --vault vaults/JAM
      ribin stats --from 2026-01-01 --member BLZ --csv figures.csv --vault vaults/JAM
    """
    from ribin.services.files import whole_file
    from ribin.services.statistics import statistics_csv, statistics_text, vault_statistics

    with call.own_vault() as opened:
        found = vault_statistics(opened, call.who, first, last)
    if file:
        with whole_file(file) as aside:
            aside.write_text(statistics_csv(found), encoding="utf-8", newline="")
    call.show(found, lambda shown: statistics_text(shown, member, mark_type))
    if file:
        say(f"{file}: {len(found.months)} counts", err=True)
