"""The scores of a list as bars, with the largest drop marked: SVG that a page carries."""

from __future__ import annotations

from ribin.report.score_plot import largest_drop
from ribin.view.gallery_rows import ListShown

_WIDTH, _HEIGHT = 560, 132
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 8, 14, 20
_HIGHEST = 100.0  # the most that a score can be


def score_plot(shown: ListShown) -> str:
    """An SVG element: a bar a rank from 0 to 100, and a line where the scores fall most."""
    scores = [row.score for row in shown.rows if row.score is not None]
    step = (_WIDTH - _LEFT - _RIGHT) / max(len(scores), 8)
    drop = largest_drop(scores)
    parts = [_grid(value) for value in (0, 50, 100)]
    for number, (row, score) in enumerate(zip(shown.rows, scores, strict=True)):
        left, top = _LEFT + number * step, _height(score)
        below = drop is not None and number >= drop[0]
        parts.append(
            f'<a href="#{shown.key}-{row.rank}" aria-label="rank {row.rank}, score {score:.1f}">'
            f'<rect class="{"below" if below else "above"}" x="{left + 0.12 * step:.1f}" '
            f'y="{top:.1f}" width="{0.76 * step:.1f}" height="{_height(0) - top:.1f}"/></a>'
        )
    parts += [_rank(number, step) for number in _labelled(len(scores))]
    if drop:
        parts.append(_drop(_LEFT + drop[0] * step, *drop))
    label = f"Scores by rank, {shown.name}"
    return (
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="group" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )


def _height(score: float) -> float:
    share = min(max(score, 0.0), _HIGHEST) / _HIGHEST
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _grid(value: int) -> str:
    y = _height(value)
    return (
        f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value}</text>'
    )


def _labelled(count: int) -> range:
    return range(0, count, max(1, -(-count // 12)))


def _rank(number: int, step: float) -> str:
    x = _LEFT + (number + 0.5) * step
    return f'<text x="{x:.1f}" y="{_HEIGHT - 6}" text-anchor="middle">{number + 1}</text>'


def _drop(x: float, after: int, size: float) -> str:
    anchor, aside = ("start", 6) if x < _WIDTH * 0.6 else ("end", -6)
    return (
        f'<path class="drop" d="M{x:.1f} {_TOP - 8}V{_height(0):.1f}"/>'
        f'<text class="drop" x="{x + aside:.1f}" y="{_TOP}" text-anchor="{anchor}">'
        f"drop of {size:.1f} after rank {after}</text>"
    )
