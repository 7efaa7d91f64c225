"""Firing pin and ejector marks end to end: known matches and non-matches against two thresholds."""

from __future__ import annotations

from itertools import combinations

import impressions
import numpy as np
import pytest

from ribin.model import MarkType
from ribin.pipeline import compare_marks, describe_mark, find_marks
from ribin.read import read_scan

pytestmark = pytest.mark.slow  # whole heads at a fine pitch

COARSE = next(case for case in impressions.CASES if case.name == "coarse")
FBI, NBIDE = "fbi_b240793", ("nbide_118", "nbide_129")
PITCH_UM = 2.53  # of the three images


@pytest.fixture(scope="module")
def found() -> dict:
    """{(firearm, shot): {mark type: template}} of two firearms of one class, two shots each."""
    return {
        (firearm, shot): {
            each.mark.mark_type: describe_mark(each.mark)
            for each in find_marks(
                impressions.made_head(impressions.Job(COARSE, firearm, shot)).scan
            )
        }
        for firearm in (0, 2)
        for shot in (0, 1)
    }


@pytest.mark.parametrize("mark", COARSE.marks)
def test_impressions_of_one_firearm_stand_above_those_of_its_class(found, mark):
    for (one, first), (two, second) in combinations(found.items(), 2):
        score = compare_marks(first[mark], second[mark]).score
        assert score > 60.0 if one[0] == two[0] else score < 50.0, (one, two, score)


def test_a_made_head_is_the_same_again_and_another_shot_is_not():
    jobs = [impressions.Job(COARSE, 0, shot) for shot in (0, 0, 1)]
    one, again, other = (impressions.made_head(job) for job in jobs)
    assert np.array_equal(one.scan.values, again.scan.values)
    assert one.spec != other.spec
    assert one.spec.pin == other.spec.pin, "one class has one shape of pin"


@pytest.mark.realdata
def test_real_firing_pins_and_their_order(real_data):
    def pin(name: str):
        scan = read_scan(real_data / "heads2d" / f"{name}_ring.png", pixel_pitch_um=PITCH_UM)
        marks = {each.mark.mark_type: each.mark for each in find_marks(scan)}
        return describe_mark(marks[MarkType.FIRING_PIN])

    other, one, two = (pin(name) for name in (FBI, *NBIDE))
    assert compare_marks(one, two).score > 30.0
    assert max(compare_marks(other, each).score for each in (one, two)) < 20.0
