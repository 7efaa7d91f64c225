"""A score of two parts: along lines that others may share, and beyond them."""

from __future__ import annotations

import dataclasses
import math
import re

import pytest
from mark_makers import provenance

from ribin.comparison import Alteration, Comparison, ScorePart
from ribin.decide.lines import join_parts, lines_note
from ribin.decide.looks import SecondLook, as_read
from ribin.decide.steps import not_compared
from ribin.model import MarkType, ScanKind, Template
from ribin.params.defaults import DEFAULT_PARAMS

PARAMS = DEFAULT_PARAMS.breech_face.decide
SIDE = Template(MarkType.BREECH_FACE, ScanKind.TOPOGRAPHY, 25.0, "t" * 12, provenance(), {})


def scored(score: float, rotation_deg: float = 0.0) -> Comparison:
    parts = (ScorePart("agreement of all cells", 5.0, score),)
    empty = not_compared(SIDE, SIDE, "", "p" * 12)
    return dataclasses.replace(empty, score=score, score_parts=parts, rotation_deg=rotation_deg)


@pytest.mark.parametrize(
    ("whole", "rest", "score", "along"),
    [
        (90.0, 0.0, 30.0, True),  # nothing but lines
        (90.0, 28.0, 36.0, True),
        (90.0, 62.0, 90.0, False),
        (99.0, 95.0, 99.0, False),
        (25.0, 5.0, 25.0, False),  # no more than lines may give
        (20.0, 45.0, 45.0, False),  # the lines hid where the marks agree
    ],
)
def test_what_rests_on_lines_counts_as_far_as_the_rest_allows(whole, rest, score, along):
    joined = join_parts(scored(whole, 3.0), scored(rest, 8.0), "parallel lines", PARAMS)
    assert joined.score == pytest.approx(score)
    assert joined.score == pytest.approx(sum(part.contribution for part in joined.score_parts))
    assert joined.along == ("parallel lines" if along else "")
    *parts, last = joined.score_parts
    assert all(part.name.endswith("beyond the lines") for part in parts)
    assert last.name == "along parallel lines"
    assert 0.0 <= last.contribution <= 40.0
    assert joined.rotation_deg == (8.0 if rest >= score else 3.0)
    assert joined.laid == ("without their lines" if rest >= score else "with their lines")


def test_never_more_than_40_points_rest_on_lines():
    for whole in range(0, 101, 5):
        for rest in range(0, 101):
            joined = join_parts(scored(float(whole)), scored(float(rest)), "x", PARAMS)
            assert joined.score_parts[-1].contribution <= 40.0
            assert joined.score >= rest


def test_a_rest_that_cannot_be_compared_counts_as_nothing():
    rest = not_compared(SIDE, SIDE, "the marks overlap at no placement in range", "p" * 12)
    joined = join_parts(scored(80.0), rest, "lines about one centre", PARAMS)
    assert joined.score == pytest.approx(30.0)
    assert joined.compared
    assert not math.isnan(joined.rotation_deg)
    assert lines_note(joined) == (
        "30.0 points along lines about one centre, 0.0 beyond them: "
        "other firearms of this make may share the lines"
    )
    assert lines_note(scored(80.0)) == ""


@pytest.mark.parametrize("rest", [0.0, 3.0, 20.0])
def test_what_a_note_says_of_the_points_adds_up_to_the_score(rest):
    """Of a low score too, from which a second look takes some."""
    joined = join_parts(scored(90.0), scored(rest), "parallel lines", PARAMS)
    joined = dataclasses.replace(joined, note=lines_note(joined))
    look = SecondLook(comparison=Alteration(1.05))
    found = as_read(joined, look, DEFAULT_PARAMS.looks)
    along, beyond = map(float, re.findall(r"([\d.]+) (?:points along|beyond)", found.note))
    (less,) = map(float, re.findall(r"([\d.]+) points less", found.note))
    assert along + beyond - less == pytest.approx(found.score, abs=0.11)
