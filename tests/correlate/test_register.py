"""Where whole marks are laid on each other: the shifts tried, the seeds, and what is cached."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import naive
import numpy as np
import pytest
from mark_makers import make_scan, template_of

from ribin.correlate.blocks import disc_offsets
from ribin.correlate.register import Placement
from ribin.correlate.rings import ring_moves
from ribin.correlate.side import prepare_side
from ribin.model import Template, Trace
from ribin.params.defaults import BLOCK_PX, DEFAULT_PARAMS
from ribin.pipeline import compare_marks

METHOD = DEFAULT_PARAMS.breech_face
SEEDS = METHOD.correlate.seeds + METHOD.correlate.beyond_seeds
TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def reference() -> Template:
    return template_of(make_scan(1))


@pytest.mark.parametrize(("radius_px", "step_px"), [(0.0, 1), (1.0, 1), (5.0, 3), (6.25, 2)])
def test_all_shifts_of_a_disc_are_tried_and_each_has_the_nearest_of_few(radius_px, step_px):
    offsets = disc_offsets(radius_px, step_px)
    disc = [
        (r, c) for r in range(-9, 10) for c in range(-9, 10) if r * r + c * c <= radius_px**2 + 1e-9
    ]
    assert sorted(map(tuple, offsets.every.tolist())) == sorted(disc)
    assert offsets.reach_px == int(radius_px)
    assert np.abs(offsets.few).max() <= offsets.reach_px  # the margin of the copies
    assert (offsets.few % step_px == 0).all()
    assert set(offsets.near.tolist()) == set(range(len(offsets.few)))  # none for nothing
    apart = np.hypot(*(offsets.every[:, None] - offsets.few[None]).transpose(2, 0, 1))
    assert np.array_equal(apart[np.arange(len(disc)), offsets.near], apart.min(axis=1))
    assert apart.min(axis=1).max() <= step_px
    reach = offsets.reach_px
    for r, c in np.ndindex(offsets.grid.shape):
        found = offsets.grid[r, c]
        inside = (r - reach, c - reach) in disc
        assert (found >= 0) == inside
        assert not inside or offsets.every[found].tolist() == [r - reach, c - reach]


def test_turns_lie_to_either_side_and_the_whole_circle_is_searched():
    moves = ring_moves(METHOD.describe, METHOD.correlate, 32)
    assert moves.turns_deg.tolist() == [-178.5 + 3.0 * k for k in range(120)]
    assert moves.allowed.any(axis=1).all()
    narrow = dataclasses.replace(METHOD.correlate, rotation_range_deg=30.0)
    few = ring_moves(METHOD.describe, narrow, 32)
    searched = few.turns_deg[few.allowed.any(axis=1)]
    assert searched.tolist() == [-31.5 + 3.0 * k for k in range(22)]


def test_every_shift_of_the_range_is_near_one_that_is_tried():
    moves = ring_moves(METHOD.describe, METHOD.correlate, 32)
    line = np.arange(-400.0, 401.0, 50.0)
    wanted = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    wanted = wanted[np.hypot(*wanted.T) <= METHOD.correlate.shift_range_um]
    for t in range(0, 120, 7):
        apart = np.hypot(*(wanted[:, None] - moves.shifts_um[t][None]).transpose(2, 0, 1))
        assert np.quantile(apart.min(axis=1), 0.95) < METHOD.describe.coarse_step_um


def placements(one: Template, two: Template) -> dict[str, list[Placement]]:
    """What each stage of the registration found, best first."""
    trace = Trace()
    compare_marks(one, two, trace=trace)
    found = {stage: kept["placements"] for stage, kept in trace if "placements" in kept}
    return {k: sorted(v, key=lambda place: -place.strength) for k, v in found.items()}


@pytest.mark.parametrize(
    ("rotation_deg", "shift_um"),
    [(13.0, (-150.0, 220.0)), (-28.0, (0, 90)), (171.0, (80.0, 60.0)), (-95.0, (0.0, -200.0))],
)
def test_the_best_seed_lies_at_the_imposed_motion(reference, rotation_deg, shift_um):
    moved = template_of(make_scan(1, rotation_deg=rotation_deg, shift_um=shift_um))
    found = placements(reference, moved)
    assert len(found["seeds"]) == SEEDS
    coarse, finer = found["seeds"][0], found["refined"][0]
    assert coarse.rotation_deg == pytest.approx(rotation_deg, abs=3.0)
    assert coarse.shift_um == pytest.approx(shift_um, abs=1.5 * METHOD.describe.coarse_step_um)
    assert finer.rotation_deg == pytest.approx(rotation_deg, abs=0.75)
    assert finer.shift_um == pytest.approx(shift_um, abs=METHOD.describe.medium_pitch_um)


def test_seeds_keep_apart(reference):
    seeds = placements(reference, template_of(make_scan(2)))["seeds"]
    assert len(seeds) == SEEDS
    limit = METHOD.correlate
    within = [abs(seed.rotation_deg) <= limit.mounting_deg + 1.5 for seed in seeds]
    assert sum(within) == limit.seeds
    for k, one in enumerate(seeds):
        for two in seeds[:k]:
            turn = abs((one.rotation_deg - two.rotation_deg + 180.0) % 360.0 - 180.0)
            away = np.hypot(*np.subtract(one.shift_um, two.shift_um))
            back, other = (seed.motions[1].shift_um for seed in (one, two))
            away_back = np.hypot(*np.subtract(back, other))
            far = np.hypot(away, away_back) > np.sqrt(2.0) * limit.seed_distance_um - 1e-6
            assert turn > limit.seed_distance_deg + 1e-6 or far


def test_a_side_knows_the_blocks_of_its_cells(reference):
    side = prepare_side(reference)
    valid = reference.arrays["fine_valid"]
    counts = naive.block_counts(valid, BLOCK_PX)
    runs = reference.arrays["fine_runs"].tolist()
    sums = [counts[row, first + k] for row, first, number in runs for k in range(number)]
    sums.append(0)
    for (row, col), blocks, fill in zip(side.cells, side.cell_blocks, side.cell_fill, strict=True):
        inside = valid[row * 8 : row * 8 + 16, col * 8 : col * 8 + 16].sum()
        assert sum(sums[b] for b in blocks) == inside
        assert fill == pytest.approx(inside / 256.0)


def test_a_template_is_laid_out_once_and_another_anew(reference):
    assert prepare_side(reference) is prepare_side(reference)
    again = dataclasses.replace(reference)
    assert prepare_side(again) is not prepare_side(reference)


@pytest.mark.slow
def test_kernel_bodies_equal_their_twins_without_the_compiler():
    """The same tests again as plain Python: what the compiler might hide, shows."""
    files = ["correlate/test_kernels.py", "describe/test_steps.py", "extract/test_resample.py"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-n",
        "0",
        "-k",
        "twin",
        "-m",
        "not slow",
    ]
    run = subprocess.run(
        [*command, *(str(TESTS / file) for file in files)],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-2000:]
