"""The order of two marks does not matter: the same figures and cells come out, to the bit."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from mark_makers import make_scan, template_of

from ribin.comparison import Comparison
from ribin.model import Template
from ribin.pipeline import compare_marks, describe_mark, extract_marks
from ribin.read import read_scan


def check_reversed(found: Comparison, back: Comparison) -> None:
    """The second comparison is the first one the other way round."""
    for name in ("cells", "cmc", "cmc_fraction", "ccf", "score", "score_parts", "note"):
        assert getattr(back, name) == getattr(found, name), name
    assert back.rotation_deg == -found.rotation_deg
    angle = np.deg2rad(-found.rotation_deg)
    cosine, sine = np.cos(angle), np.sin(angle)
    row, col = found.shift_um
    undone = -(cosine * row - sine * col), -(sine * row + cosine * col)
    assert back.shift_um == pytest.approx(undone, abs=1e-6)
    for direction, other in (("forward", "backward"), ("backward", "forward")):
        ours = [fit for fit in found.cell_fits if fit.direction == direction]
        theirs = [fit for fit in back.cell_fits if fit.direction == other]
        assert len(ours) == len(theirs) > 0
        for one, two in zip(ours, theirs, strict=True):
            assert repr(one._replace(direction="")) == repr(two._replace(direction=""))


@pytest.fixture(scope="module")
def templates() -> list[Template]:
    half = {"inside": lambda rows, cols: (np.hypot(rows, cols) < 1700.0) & (cols > -300.0)}
    made = [
        make_scan(1),
        make_scan(1, rotation_deg=8.0, shift_um=(120.0, -60.0), noise_um=0.5),
        make_scan(1, rotation_deg=-140.0, shift_um=(-90.0, 30.0)),
        make_scan(1, rotation_deg=0.3, shift_um=(5.0, 5.0)),
        make_scan(2, rotation_deg=3.0),
        make_scan(3, noise_um=1.0, **half),
    ]
    return [template_of(scan) for scan in made]


def test_every_pair_of_made_marks_either_way_round(templates):
    for one, two in itertools.combinations(templates, 2):
        found = compare_marks(one, two)
        assert found.compared
        check_reversed(found, compare_marks(two, one))


def test_a_mark_laid_on_itself_does_not_move(templates):
    for template in templates:
        found = compare_marks(template, dataclasses.replace(template))
        assert found.rotation_deg == pytest.approx(0.0, abs=1e-3)
        assert found.shift_um == pytest.approx((0.0, 0.0), abs=0.1)
        assert found.score > 99.0


@pytest.mark.realdata
def test_real_pairs_either_way_round(fadul_dir):
    """Known matches and non-matches, among them cropped and weak ones."""
    files = sorted(fadul_dir.glob("*.x3p"))[::4]
    templates = [describe_mark(extract_marks(read_scan(file))[0]) for file in files]
    compared = list(itertools.combinations(templates, 2))
    assert len(compared) == 45
    for one, two in compared:
        check_reversed(compare_marks(one, two), compare_marks(two, one))
