"""What `ribin search` prints and draws of its lists."""

from __future__ import annotations

from pathlib import Path

from ribin.desk.files import check_picture, whole_file
from ribin.errors import RibinError
from ribin.lists import SearchLists
from ribin.report.json_text import as_json
from ribin.report.lists_text import lists_text, lists_value
from ribin.report.score_plot import check_score_plot, draw_score_plot


def lookout(*pictures: Path | None) -> None:
    """Refuse before the search what could not be drawn after it; the last is a plot of scores.

    Raises
    ------
    ParameterError
        As `check_picture` and `check_score_plot`.
    """
    for path in pictures:
        check_picture(path)
    check_score_plot(pictures[-1])


def lists_output(result: SearchLists, json_output: bool, plot: bool) -> str:
    """The lists as JSON, or as tables, with bars of the scores where they are wanted."""
    return as_json(lists_value(result)) if json_output else lists_text(result, plot)


def draw_plot(result: SearchLists, path: Path | None) -> list[str]:
    """Write the plot of the scores; what went wrong with it."""
    if path is None:
        return []
    try:
        with whole_file(path) as aside:
            draw_score_plot(result, aside)
    except RibinError as error:
        return [str(error)]
    return []
