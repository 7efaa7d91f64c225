"""`ribin report`: a comparison or a search for the case file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ribin.commands.options import (
    A_PATH,
    SCOPES,
    lighting_option,
    mark_option,
    network_option,
    params_option,
    pitch_option,
    reason_option,
    rotation_option,
    vault_option,
    who_option,
)
from ribin.commands.terminal import exit_after


@click.command(short_help="A comparison or a search as HTML and PDF.")
@click.argument("reference", metavar="REFERENCE|QUERY|LIST.json")
@click.argument("comparison", required=False)
@click.option(
    "-o",
    "--output",
    "outputs",
    metavar="FILE",
    type=A_PATH,
    multiple=True,
    required=True,
    help="Report to write, .html or .pdf; may be given twice.",
)
@click.option("--question", default="", help="What the report is to answer, in your words.")
@click.option("--case-number", default="", help="Case number for the head of the report.")
@click.option("--scope", type=click.Choice(SCOPES), show_default="country")
@click.option(
    "--pictures",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="Of a search: how many candidates are shown beside the query.",
)
@click.option("--query", type=A_PATH, help="Of a search: the file that was searched with.")
@mark_option
@vault_option
@network_option
@pitch_option
@lighting_option
@params_option
@rotation_option
@who_option
@reason_option
def report(reference: str, comparison: str | None, outputs: tuple[Path, ...], **asked: Any) -> None:
    """Write a comparison of two items, or the result of a search, as a report for a case file.

    REFERENCE and COMPARISON are files, exhibits of your vault, or MEMBER:EXHIBIT where the owner
    shows it in the scope. One item alone is searched with. LIST.json is what `ribin search --json`
    printed: the list as you saw it. With a vault the report is entered in its audit log and states
    the last row of it.

    The report holds question, items with hashes, method, what was compared and what not, figures,
    pictures, limits, and lines for the examiner's own conclusion.

    \b
    Examples:
      ribin report A.x3p B.x3p -o ab.html -o ab.pdf
      ribin report 2026-17-3 BLZ:2025-42-1 --vault vaults/JAM --network network.toml \\
          --scope cluster --reason "shooting of 3 May" -o report.pdf
      ribin report list.json --vault vaults/JAM --network network.toml -o search.pdf
      ribin report 2026-17-3 --vault vaults/JAM -o search.html

    PDF needs the extra `ribin[pdf]`.
    """
    from ribin.commands.reporting import make_report
    from ribin.services.pair import check_reports, write_reports

    check_reports(outputs)
    document, problems = make_report(reference, comparison, asked)
    write_reports(document, outputs)
    for path in outputs:
        click.echo(f"{path}: {document.title.lower()} written")
    click.echo("\n".join(problems), err=True, nl=bool(problems))
    exit_after(done=1, failed=len(problems))
