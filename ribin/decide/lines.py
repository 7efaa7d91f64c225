"""A score of two parts: agreement along lines that a production run may share, and beyond them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ribin.comparison import Comparison, ScorePart
from ribin.params.defaults import DecideParams

ALONG = "along {}"
BEYOND_LINES = "{}, beyond the lines"


def join_parts(whole: Comparison, rest: Comparison, shape: str, params: DecideParams) -> Comparison:
    """One comparison of two: of the marks as they are, and without their lines.

    Without lines the marks are compared freely, wherever they then agree best. The score is the
    higher of what they reach there, and of what they reach as they are, as far as that may be for
    what is beyond the lines. Motion and cells are those of the comparison that it rests on.

    Parameters
    ----------
    whole, rest : Comparison
        Of the same pair; of `rest` the score may be NaN, and counts as 0.
    shape : str
        What the lines are, in words.
    """
    beyond = rest.score if rest.compared else 0.0
    most = float(np.interp(beyond, params.rest_scores, params.most_with_lines))
    reached = min(whole.score, most)
    without = rest.compared and beyond >= reached
    base = rest if without else whole
    score = max(beyond, reached)
    parts = [replace(part, name=BEYOND_LINES.format(part.name)) for part in rest.score_parts]
    parts.append(ScorePart(ALONG.format(shape), whole.score, score - beyond))
    return replace(
        base,
        score=sum(part.contribution for part in parts),
        score_parts=tuple(parts),
        along=shape if whole.score > most else "",
        laid="without their lines" if without else "with their lines",
    )


def lines_note(result: Comparison) -> str:
    """What an examiner should know of a score that rests on lines; empty where it does not."""
    if not result.along:
        return ""
    name = ALONG.format(result.along)
    along = sum(part.contribution for part in result.score_parts if part.name == name)
    return (
        f"{along:.1f} points {name}, {result.score - along:.1f} beyond them: "
        "other firearms of this make may share the lines"
    )
