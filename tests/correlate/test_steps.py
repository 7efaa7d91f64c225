"""One compiled call a pair: it gives what its stages give one after the other, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from mark_makers import make_scan, template_of

from ribin.comparison import RigidMotion
from ribin.correlate.cells import best_joint, joint_surface, search_cells
from ribin.correlate.ranges import search_ranges
from ribin.correlate.register import (
    choose_placement,
    coarse_placements,
    inverse_motion,
    refine_placements,
    settle_placement,
)
from ribin.correlate.rings import ring_moves
from ribin.correlate.side import PreparedSide, prepare_side
from ribin.correlate.steps import lay_sides, place_cells, whole_ccf
from ribin.params.defaults import DEFAULT_PARAMS

METHOD = DEFAULT_PARAMS.breech_face


@pytest.fixture(scope="module")
def sides() -> list[PreparedSide]:
    made = [
        make_scan(1),
        make_scan(1, rotation_deg=8.0, shift_um=(120.0, -60.0), noise_um=0.5),
        make_scan(1, rotation_deg=-140.0, shift_um=(-90.0, 30.0)),
        make_scan(2, rotation_deg=3.0),
    ]
    return [prepare_side(template_of(scan)) for scan in made]


# Between kernels a list of placements needs no Python; here alone one is handed in.
@pytest.mark.filterwarnings("ignore::numba.core.errors.NumbaPendingDeprecationWarning")
@pytest.mark.parametrize("pair", [(0, 1), (1, 0), (2, 0), (0, 3), (3, 1)])
def test_the_stages_one_after_the_other_give_the_same(sides, pair):
    one, two = (sides[k] for k in pair)
    ranges = search_ranges(METHOD.describe, METHOD.correlate)
    moves = ring_moves(METHOD.describe, METHOD.correlate, one.coarse.cover.shape[2])
    laid = lay_sides(one, two, moves, ranges)

    seeds = coarse_placements(one, two, moves, ranges)
    near = refine_placements(one, two, seeds, ranges)
    seed = settle_placement(one, two, choose_placement(near, ranges), ranges)
    assert (laid.seeds, laid.near, laid.seed) == (seeds, near, seed)
    motion = RigidMotion(seed.rotation_deg, seed.shift_um)
    ahead, back = motion, inverse_motion(*motion)
    assert back.shift_um == pytest.approx(motion.inverse().shift_um)
    if seed.of_comparison:
        ahead, back = back, ahead
    backward = search_cells(two, one, ahead, ranges)
    forward = search_cells(one, two, back, ranges)
    joint = joint_surface(backward, forward)
    assert np.array_equal(laid.joint, joint)
    places = (
        best_joint(backward, joint, ranges.pitch_um),
        best_joint(forward, joint_surface(forward, backward), ranges.pitch_um),
    )
    assert laid.place == max(places)
    assert laid.of_comparison == (places[0] >= places[1])
    cut, search = (two, backward) if laid.of_comparison else (one, forward)
    assert laid.ccf == whole_ccf(cut, search, laid.place)
    for found, (side, search) in zip(
        (laid.forward, laid.backward), ((one, forward), (two, backward)), strict=True
    ):
        placed = place_cells(side, search, ranges.pitch_um)
        for name in placed._fields:
            assert np.array_equal(getattr(found, name), getattr(placed, name), equal_nan=True), name


def test_marks_that_overlap_nowhere_are_not_laid(sides):
    one, two = sides[:2]
    far = two._replace(coarse=two.coarse._replace(measured=1e9))
    ranges = search_ranges(METHOD.describe, METHOD.correlate)
    moves = ring_moves(METHOD.describe, METHOD.correlate, one.coarse.cover.shape[2])
    empty = one._replace(coarse=one.coarse._replace(cover=np.zeros_like(one.coarse.cover)))
    assert lay_sides(empty, far, moves, ranges) is None
