"""`ribin standing`: searches that are made again and again for open cases."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial

import click

from ribin.cases.searches import SearchFinding
from ribin.commands.options import SCOPES, Call, FiniteRange, common_options
from ribin.commands.terminal import Progress, exit_after, list_failed, say
from ribin.report.json import as_json
from ribin.report.text import findings_table, saved_searches_table
from ribin.vault.saved_searches import mark_reported, read_findings, read_saved_searches
from ribin.vault.vault import Vault


@click.group(short_help="Search for open cases again and again.")
def standing() -> None:
    """A saved search reports exhibits that have come to rank high against an open case.

    Each exhibit is reported once. What was found stays in the vault; a run that is cut short loses
    nothing, and the next one reports what it had not reported yet.
    """


@standing.command()
@click.argument("exhibits", metavar="EXHIBIT...", nargs=-1, required=True)
@click.option("--scope", type=click.Choice(SCOPES), default="country", show_default=True)
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True)
@click.option(
    "--min-score",
    type=FiniteRange(),
    default=0.0,
    show_default=True,
    help="Report only rows from this score up; a mate may score lower.",
)
@common_options("vault", "who", "reason", "json")
def add(exhibits: tuple[str, ...], call: Call, top: int, min_score: float) -> None:
    """Begin a search for each exhibit of your vault.

    It reports what is among the first --top rows of the list of a type of mark.

    \b
    Example:
      ribin standing add 2026-17-3 --vault JAM --scope cluster --reason "shooting of 3 May"
    """
    from ribin.cases.exhibits import Scope
    from ribin.services.saved_searches import SavedSearchOptions, begin_saved_searches

    options = SavedSearchOptions(
        call.who, call.reason, Scope(call.scope or Scope.COUNTRY), top, min_score
    )
    begun = begin_saved_searches(call.vault, exhibits, options)
    lines = "\n".join(f"{one.standing}: {one.exhibit}, scope {one.scope}" for one in begun)
    say(as_json({"standing": begun}) if call.json_output else lines)


@standing.command("list")
@click.option("--all", "ended", is_flag=True, help="Those that ended as well.")
@click.option("--found", is_flag=True, help="All that was ever found, instead of the searches.")
@common_options("vault", "who", "json")
def list_standing(ended: bool, found: bool, call: Call) -> None:
    """List the searches, or with --found what they have brought up.

    \b
    Example:
      ribin standing list --vault JAM --found
    """
    with call.shown_vault() as vault:
        findings = read_findings(vault)
        if found:
            shown, notes = _shown(vault, call.who, findings)
            call.show(shown, partial(_findings_text, vault), "found")
            say("\n".join(notes), err=True, nl=bool(notes))
        else:
            searches = read_saved_searches(vault, ended)
            brought_up = Counter(one.standing for one in findings)
            call.show(searches, lambda rows: saved_searches_table(rows, brought_up), "standing")


@standing.command()
@common_options("vault", "network", "params", "rotation", "jobs", "who", "json")
def run(call: Call) -> None:
    """Make every search and report what is new; every night, say.

    \b
    Example:
      ribin standing run --vault JAM --network network.toml
    """
    from ribin.services.saved_searches import run_saved_searches

    with call.session() as session:
        done = run_saved_searches(session, call.who, Progress())
        # What this person is to examine blind stays unreported: somebody else is told of it.
        findings, notes = _shown(session.vault, call.who, read_findings(session.vault, untold=True))
        value = {"searches": done.made, "found": findings, "failed": done.failed}
        say(as_json(value) if call.json_output else _findings_text(session.vault, findings))
        sys.stdout.flush()
        mark_reported(session.vault, findings, call.who)
    say("\n".join(notes), err=True, nl=bool(notes))
    list_failed(done.failed)
    exit_after(done=1, failed=len(done.failed))


@standing.command()
@click.argument("names", metavar="SEARCH...", nargs=-1, required=True)
@common_options("vault", "who", "reason")
def remove(names: tuple[str, ...], call: Call) -> None:
    """End searches; what they found stays in the vault.

    \b
    Example:
      ribin standing remove JAM-S1 --vault JAM --reason "case closed"
    """
    from ribin.vault.saved_searches import end_saved_search

    with call.own_vault() as opened:
        end_saved_search(opened, names, call.who, call.reason)
    say("\n".join(f"{name}: ended" for name in names))


def _shown(
    vault: Vault, who: str, findings: Sequence[SearchFinding]
) -> tuple[list[SearchFinding], tuple[str, ...]]:
    from ribin.services.blind_pairs import shown_findings

    return shown_findings(vault, who, findings, read_saved_searches(vault, ended=True))


def _findings_text(vault: Vault, findings: Sequence[SearchFinding]) -> str:
    exhibits = {one.standing: one.exhibit for one in read_saved_searches(vault, ended=True)}
    return findings_table(findings, exhibits)
