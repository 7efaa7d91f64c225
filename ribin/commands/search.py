"""`ribin search`: a query to a ranked list."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ribin.cases.exhibits import Request
from ribin.cases.results import SearchLists
from ribin.commands.options import (
    A_PATH,
    GROUPINGS,
    SCOPES,
    circle_option,
    jobs_option,
    json_option,
    lighting_option,
    mark_option,
    mask_option,
    network_option,
    params_option,
    pitch_option,
    reason_option,
    replica_option,
    rotation_option,
    scheduler_option,
    vault_option,
    who_option,
)
from ribin.commands.terminal import exit_after, say
from ribin.errors import RibinError
from ribin.params.defaults import Params
from ribin.report.json import as_json
from ribin.report.score_plot import check_score_plot, draw_score_plot
from ribin.report.text import lists_text, lists_value
from ribin.services.files import check_picture, whole_file
from ribin.services.pair import check_page
from ribin.services.reading import Side
from ribin.services.search import search_problems
from ribin.services.search_output import write_gallery
from ribin.services.session import Session


@click.command(short_help="Rank the exhibits most like a scan.")
@click.argument("query", metavar="FILE|EXHIBIT")
@click.option("--scope", type=click.Choice(SCOPES), show_default="country")
@click.option("--member", "members", multiple=True, help="Ask these members instead of a scope.")
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--full", is_flag=True, help="Compare everything, without a coarse cut.")
@click.option("--calibre", default="", help="Only this calibre, and where it is not known.")
@click.option("--from", "date_from", default="", help="First day of the event, YYYY-MM-DD.")
@click.option("--to", "date_to", default="", help="Last day of the event, YYYY-MM-DD.")
@click.option("--group", type=click.Choice(GROUPINGS), help="One row for each gun or each event.")
@click.option("--leave-out-reviewed", is_flag=True, help="Leave out pairs with both verdicts.")
@click.option("--plot", is_flag=True, help="Show the scores as bars, with the largest drop.")
@click.option("--plot-file", type=A_PATH, help="PNG of the scores by rank; needs ribin[plots].")
@click.option("--gallery", type=A_PATH, help="Page of the list, .html, with a page for each row.")
@click.option("--picture", type=A_PATH, help="PNG of the query beside the first candidate.")
@mark_option
@mask_option
@circle_option
@replica_option
@vault_option
@network_option
@pitch_option
@lighting_option
@params_option
@rotation_option
@jobs_option
@scheduler_option
@who_option
@reason_option
@json_option
def search(
    query: str,
    vault: Path | None,
    network_file: Path | None,
    gallery: Path | None,
    picture: Path | None,
    plot: bool,
    plot_file: Path | None,
    mark: str | None,
    params: Params,
    jobs: int,
    scheduler: str | None,
    json_output: bool,
    **asked: Any,
) -> None:
    """Rank the exhibits most like a scan, or an exhibit of your vault, in a scope.

    The scopes are your country, the cluster of linked states, and the network. A search beyond the
    country needs --reason and is written to the audit logs of both sides. The list says what was
    compared and who could not answer.

    Every mark of the scan is searched with, unless --mark names one: a list for each type, and one
    that orders exhibits by their ranks in all of them. --gallery writes the lists as pictures, and
    into a folder beside it a page for each candidate, as `ribin view` makes it.

    \b
    Examples:
      ribin search case.x3p --vault vaults/JAM
      ribin search 2026-17-3 --vault vaults/JAM --network network.toml \\
          --scope cluster --reason "shooting of 3 May" --picture first.png
      ribin search case.x3p --vault vaults/JAM --network network.toml \\
          --member BLZ --member BRB --reason "trace"
      ribin search case.x3p --vault vaults/JAM --group firearm --plot --gallery list.html
    """
    from ribin.commands.options import query_reading, session_with
    from ribin.services.search import request_of, search_for

    lookout(picture, plot_file, gallery)
    with session_with(scheduler, vault, network_file, params, jobs) as session:
        request = request_of(session.member, asked)
        chosen = mark, asked["members"], asked["leave_out_reviewed"]
        sides, result = search_for(session, query, query_reading(asked), request, *chosen)
        say(lists_output(result, json_output, plot))
        problems = draw_lists(session, sides, request, result, picture, plot_file, gallery)
    click.echo("\n".join(problems), err=True, nl=bool(problems))
    exit_after(done=1, failed=len(result.unavailable) + len(problems))


# What `ribin search` prints and draws of its lists.


def lookout(picture: Path | None, plot: Path | None, gallery: Path | None) -> None:
    """Refuse before the search what could not be drawn after it.

    Raises
    ------
    ParameterError
        As `check_picture`, `check_score_plot` and `check_page`.
    """
    for path in (picture, plot):
        check_picture(path)
    check_score_plot(plot)
    if gallery:
        check_page(gallery)


def lists_output(result: SearchLists, json_output: bool, plot: bool) -> str:
    """The lists as JSON, or as tables, with bars of the scores where they are wanted."""
    return as_json(lists_value(result)) if json_output else lists_text(result, plot)


def draw_lists(
    session: Session,
    sides: Sequence[Side],
    request: Request,
    result: SearchLists,
    picture: Path | None,
    plot: Path | None,
    gallery: Path | None,
) -> list[str]:
    """Write the picture, the plot of the scores and the gallery with its pages.

    Returns
    -------
    list of str
        What went wrong with them, or with the search.
    """
    problems = search_problems(session, sides, request, result, picture)
    if plot:
        try:
            with whole_file(plot) as aside:
                draw_score_plot(result, aside)
        except RibinError as error:
            problems.append(str(error))
    if gallery:
        problems += write_gallery(session, sides, request, result, gallery)
    return problems
