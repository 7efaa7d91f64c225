"""A template as if its scan had another pitch, or were mirrored."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from mark_makers import make_scan, template_of

from ribin.describe.altered import Alteration, altered_rings, altered_template
from ribin.describe.soundness import check_described
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.pipeline import compare_marks

PARAMS = DEFAULT_PARAMS.breech_face.describe


@pytest.fixture(scope="module")
def template():
    return template_of(make_scan(1))


def test_nothing_altered_is_the_same_mark(template):
    same = altered_template(template, Alteration(), PARAMS)
    for name in ("fine", "medium", "fine_valid", "medium_valid", "cells"):
        assert np.array_equal(same.arrays[name], template.arrays[name]), name


def test_twice_mirrored_is_the_same_mark(template):
    once = altered_template(template, Alteration(mirrored=True, inverted=True), PARAMS)
    assert np.array_equal(once.arrays["fine"], -template.arrays["fine"][:, ::-1])
    twice = altered_template(once, Alteration(mirrored=True, inverted=True), PARAMS)
    assert np.array_equal(twice.arrays["fine"], template.arrays["fine"])
    assert compare_marks(template, once).score < 40.0


@pytest.mark.parametrize("scale", [0.93, 1.08])
def test_a_wrong_pitch_is_undone(template, scale):
    scan = make_scan(1)
    wrong = dataclasses.replace(
        scan, row_pitch_um=scale * scan.row_pitch_um, col_pitch_um=scale * scan.col_pitch_um
    )
    larger = template_of(wrong)
    undone = altered_template(larger, Alteration(1.0 / scale), PARAMS)
    assert compare_marks(template, undone).score > 95.0 > compare_marks(template, larger).score


def test_an_altered_template_is_sound_but_for_its_series(template):
    for how in (Alteration(1.1), Alteration(0.9, mirrored=True)):
        arrays = dict(altered_template(template, how, PARAMS).arrays)
        arrays["coarse"] = template.arrays["coarse"]  # bytes where it is stored
        check_described(arrays, "t")
        rings = altered_rings(template, how, PARAMS)
        assert rings["coarse"].shape == template.arrays["coarse"].shape
