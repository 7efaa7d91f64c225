"""The scores of a list by rank, so that the drop after the last like mark is seen.

As bars of text, and as a picture with matplotlib, which is in the extra `ribin[plots]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

from ribin.cases.exhibits import SearchResult
from ribin.cases.results import SearchLists
from ribin.comparison import shown_score
from ribin.errors import ParameterError

_WIDTH = 50
HIGHEST_SCORE = 100.0  # the most that a score can be
_BAR, _AFTER = "#0072B2", "#E69F00"  # of Okabe and Ito's palette, as in the evaluation's pictures


def largest_drop(scores: Sequence[float]) -> tuple[int, float] | None:
    """After how many of the scores, best first, the next one is lowest against it, and by how much.

    None where there are fewer than two scores or all are equal; the first of equal drops.
    """
    drops = [one - two for one, two in pairwise(scores)]
    if not drops or max(drops) <= 0.0:
        return None
    after = drops.index(max(drops))
    return after + 1, drops[after]


def score_share(score: float) -> float:
    """A score as a share of the highest, from 0 to 1: the length of its bar."""
    return min(max(score / HIGHEST_SCORE, 0.0), 1.0)


def score_bars(result: SearchResult) -> str:
    """One bar a rank from 0 to 100, and a line where the largest drop lies."""
    rows = result.candidates
    drop = largest_drop([row.score for row in rows])
    widest = max(len(str(row.rank)) for row in rows)
    lines = []
    for number, row in enumerate(rows, start=1):
        bar = "#" * round(_WIDTH * score_share(row.score))
        lines.append(f"{row.rank:>{widest}} |{bar:<{_WIDTH}}| {shown_score(row.score):7.3f}")
        if drop and drop[0] == number:
            lines.append(f"{'':>{widest}} |{' largest drop: ' + f'{drop[1]:.3f} ':-^{_WIDTH}}|")
    return "\n".join(lines)


def check_score_plot(path: Path | None) -> None:
    """Refuse before the work a plot that could not be drawn after it.

    Raises ParameterError: matplotlib is not installed.
    """
    if path and find_spec("matplotlib") is None:
        raise ParameterError(
            f"{path}: matplotlib needed, found none", hint="pip install 'ribin[plots]'"
        )


def draw_score_plot(result: SearchLists, path: Path) -> None:
    """Write a PNG with the scores of each list by rank and its largest drop.

    Raises ParameterError: as `check_score_plot`, or the file cannot be written.
    """
    check_score_plot(path)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 2.8 * len(result.lists)), layout="constrained")
    figure.suptitle(f"{result.first.query}, scope {result.first.scope}")
    axes = figure.subplots(len(result.lists), squeeze=False)[:, 0]
    for axis, one in zip(axes, result.lists, strict=True):
        scores = [row.score for row in one.candidates]
        drop = largest_drop(scores)
        last = drop[0] if drop else len(scores)
        colours = [_BAR if rank <= last else _AFTER for rank in range(1, len(scores) + 1)]
        axis.bar(range(1, len(scores) + 1), scores, color=colours)
        if drop:
            axis.axvline(last + 0.5, color="black", linestyle="--", linewidth=1)
            axis.annotate(f"largest drop {drop[1]:.3f}", (last + 0.6, 0.92 * HIGHEST_SCORE))
        axis.set(ylim=(0.0, HIGHEST_SCORE), xlabel="rank", ylabel="score", title=one.mark)
    try:
        figure.savefig(path, format="png", dpi=120)
    except OSError as error:
        raise ParameterError(f"{path}: a file to write needed, {error.strerror}") from error
