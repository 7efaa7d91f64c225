"""`ribin search`: a query to a ranked list."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ribin.commands.options import A_PATH, SCAN, Call, common_options, ranking_options
from ribin.commands.terminal import Progress, exit_after, say
from ribin.errors import RibinError
from ribin.report.json import as_json
from ribin.report.score_plot import check_score_plot, draw_score_plot
from ribin.report.text import lists_text, lists_value
from ribin.services.files import PAGE, PICTURE, check_output, whole_file
from ribin.services.marks import named_source
from ribin.services.search import FinishedSearch, search_for, search_problems, write_gallery
from ribin.services.session import Session


@click.command(short_help="Rank the exhibits most like a scan.")
@click.argument("query", metavar="FILE|EXHIBIT", required=False)
@click.option("--member", "members", multiple=True, help="Ask these members instead of a scope.")
@ranking_options
@click.option("--plot", is_flag=True, help="Show the scores as bars, with the largest drop.")
@click.option("--plot-file", type=A_PATH, help="PNG of the scores by rank; needs ribin[plots].")
@click.option("--again", metavar="NUMBER", help="Ask those again who had not answered a search.")
@click.option("--gallery", type=A_PATH, help="Page of the list, .html, with a page for each row.")
@click.option("--picture", type=A_PATH, help="PNG of the query beside the first candidate.")
@common_options("mark", *SCAN, "rotation", "jobs", "scheduler", "json")
def search(
    query: str | None,
    again: str | None,
    gallery: Path | None,
    picture: Path | None,
    plot: bool,
    plot_file: Path | None,
    call: Call,
    **rows: Any,
) -> None:
    """Rank the exhibits most like a scan, or an exhibit, in a scope.

    The query is a file, an exhibit of your vault, or MEMBER:EXHIBIT where the owner shows it in the
    scope; with the last, its owner and your vault alone are asked, unless its original is released
    to you. `./NAME` is always a file, `exhibit:NAME` always an exhibit.

    The scopes are your country, the cluster of linked states, and the network. A search beyond the
    country needs --reason and is written to the audit logs of both sides. The list says what was
    compared and who could not answer; --again asks those once more, by the number of the search.

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
      ribin search --again JAM-Q17 --vault vaults/JAM --network network.toml
    """
    for path, kind in ((picture, PICTURE), (plot_file, PICTURE), (gallery, PAGE)):
        check_output(path, kind)
    check_score_plot(plot_file)
    if bool(again) == bool(query):
        raise click.UsageError("a file or an exhibit needed to search with, or --again NUMBER")
    if again:
        _search_again(call, again)
        return
    assert query is not None
    with _searching(call) as session:
        made = search_for(session, named_source(query, session), call.search(**rows))
        say(as_json(lists_value(made.lists)) if call.json_output else lists_text(made.lists, plot))
        problems = _draw_lists(session, made, picture, plot_file, gallery)
    say("\n".join(problems), err=True, nl=bool(problems))
    exit_after(done=1, failed=len(made.lists.unavailable) + len(problems))


def _search_again(call: Call, number: str) -> None:
    """The lists of a search, with what came late."""
    from ribin.services.late_answers import search_again

    with call.session() as session:
        lists = search_again(session, number, call.who)
    say(as_json(lists_value(lists)) if call.json_output else lists_text(lists))
    exit_after(done=1, failed=len(lists.unavailable))


@contextmanager
def _searching(call: Call) -> Iterator[Session]:
    """The session of a call; its coarse searches run on the workers of --scheduler."""
    with ExitStack() as stack:
        session = replace(stack.enter_context(call.session()), tick=Progress(every_s=30.0))
        if call.scheduler:
            from ribin.services.cluster import ClusterScorer, connected

            scorer = ClusterScorer(stack.enter_context(connected(call.scheduler)))
            session = replace(session, scorer=scorer)
        yield session


# What `ribin search` draws of its lists.


def _draw_lists(
    session: Session,
    made: FinishedSearch,
    picture: Path | None,
    plot: Path | None,
    gallery: Path | None,
) -> list[str]:
    """Write picture, plot and gallery; what went wrong with them, or with the search."""
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
