"""What `ribin search` prints and draws of its lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ribin.cases.exhibits import Request
from ribin.cases.results import SearchLists
from ribin.errors import RibinError
from ribin.report.json import as_json
from ribin.report.score_plot import check_score_plot, draw_score_plot
from ribin.report.text import lists_text, lists_value
from ribin.services.files import check_picture, whole_file
from ribin.services.pair import Side, check_page
from ribin.services.search import search_problems
from ribin.services.search_output import write_gallery
from ribin.services.session import Desk


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
    desk: Desk,
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
    problems = search_problems(desk, sides, request, result, picture)
    if plot:
        try:
            with whole_file(plot) as aside:
                draw_score_plot(result, aside)
        except RibinError as error:
            problems.append(str(error))
    if gallery:
        problems += write_gallery(desk, sides, request, result, gallery)
    return problems
