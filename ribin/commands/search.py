"""`ribin search`: a query to a ranked list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ribin.cases.exhibits import Filters, Grouping, Scope
from ribin.commands.options import (
    A_PATH,
    GROUPINGS,
    jobs_option,
    json_option,
    mark_option,
    reading_of,
    rotation_option,
    scan_options,
    scheduler_option,
    session_with,
)
from ribin.commands.terminal import exit_after, say
from ribin.errors import RibinError
from ribin.report.json import as_json
from ribin.report.score_plot import check_score_plot, draw_score_plot
from ribin.report.text import lists_text, lists_value
from ribin.services.files import check_picture, whole_file
from ribin.services.marks import named_source
from ribin.services.pair import check_page
from ribin.services.search import FinishedSearch, SearchOptions, search_for, search_problems
from ribin.services.search_output import write_gallery
from ribin.services.session import Session


@click.command(short_help="Rank the exhibits most like a scan.")
@click.argument("query", metavar="FILE|EXHIBIT")
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
@scan_options
@rotation_option
@jobs_option
@scheduler_option
@json_option
def search(
    query: str,
    gallery: Path | None,
    picture: Path | None,
    plot: bool,
    plot_file: Path | None,
    jobs: int,
    scheduler: str | None,
    json_output: bool,
    **asked: Any,
) -> None:
    """Rank the exhibits most like a scan, or an exhibit, in a scope.

    The query is a file, an exhibit of your vault, or MEMBER:EXHIBIT where the owner shows it in the
    scope; with the last, its owner and your vault alone are asked, unless its original is released
    to you. `./NAME` is always a file, `exhibit:NAME` always an exhibit.

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
    _check_outputs(picture, plot_file, gallery)
    options = search_options(asked)
    place = asked["vault"], asked["network_file"], asked["params"], jobs
    with session_with(scheduler, *place) as session:
        made = search_for(session, named_source(query, session), options)
        say(as_json(lists_value(made.lists)) if json_output else lists_text(made.lists, plot))
        problems = _draw_lists(session, made, picture, plot_file, gallery)
    click.echo("\n".join(problems), err=True, nl=bool(problems))
    exit_after(done=1, failed=len(made.lists.unavailable) + len(problems))


def search_options(asked: Mapping[str, Any]) -> SearchOptions:
    """What the options of a search say."""
    return SearchOptions(
        who=asked["who"],
        reason=asked["reason"],
        scope=Scope(asked["scope"]) if asked["scope"] else None,
        members=asked["members"],
        filters=Filters(asked["calibre"], asked["date_from"], asked["date_to"]),
        full=asked["full"],
        top=asked["top"],
        group=Grouping(asked["group"] or Grouping.NONE),
        mark_type=asked["mark"],
        leave_out_reviewed=asked["leave_out_reviewed"],
        reading=reading_of(asked),
    )


# What `ribin search` draws of its lists.


def _check_outputs(picture: Path | None, plot: Path | None, gallery: Path | None) -> None:
    """Refuse before the search what could not be drawn after it."""
    for path in (picture, plot):
        check_picture(path)
    check_score_plot(plot)
    if gallery:
        check_page(gallery)


def _draw_lists(
    session: Session,
    made: FinishedSearch,
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
    problems = search_problems(session, made, picture)
    if plot:
        try:
            with whole_file(plot) as aside:
                draw_score_plot(made.lists, aside)
        except RibinError as error:
            problems.append(str(error))
    if gallery:
        problems += write_gallery(session, made, gallery)
    return problems
