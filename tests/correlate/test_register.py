"""Where whole marks are laid on each other: the shifts tried, the seeds, and what is cached."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import naive
import numpy as np
import pytest
from mark_makers import make_scan, template_of

from ribin.correlate.blocks import disc_offsets
from ribin.correlate.register import Placement, coarse_angles
from ribin.correlate.side import medium_copies, prepare_side
from ribin.correlate.turned import turn_surface
from ribin.model import Template, Trace
from ribin.params.defaults import BLOCK_PX, DEFAULT_PARAMS
from ribin.pipeline import compare_marks

METHOD = DEFAULT_PARAMS.breech_face
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


def test_turns_are_even_about_zero_or_the_circle_once():
    assert coarse_angles(METHOD.correlate).tolist() == list(range(-30, 31, 3))
    whole = dataclasses.replace(METHOD.correlate, rotation_range_deg=180.0)
    directions = np.sort(coarse_angles(whole) % 360.0)
    assert directions.tolist() == list(range(0, 360, 3))


def placements(one: Template, two: Template) -> dict[str, list[Placement]]:
    """What each stage of the registration found, best first."""
    trace = Trace()
    compare_marks(one, two, trace=trace)
    found = {stage: kept["placements"] for stage, kept in trace if "placements" in kept}
    return {k: sorted(v, key=lambda place: -place.strength) for k, v in found.items()}


@pytest.mark.parametrize(("rotation_deg", "shift_um"), [(13.0, (-150.0, 220.0)), (-28.0, (0, 90))])
def test_the_best_seed_lies_at_the_imposed_motion(reference, rotation_deg, shift_um):
    moved = template_of(make_scan(1, rotation_deg=rotation_deg, shift_um=shift_um))
    found = placements(reference, moved)
    assert len(found["seeds"]) == METHOD.correlate.seeds
    coarse, finer = found["seeds"][0], found["refined"][0]
    assert coarse.rotation_deg == pytest.approx(rotation_deg, abs=3.0)
    assert coarse.shift_um == pytest.approx(shift_um, abs=METHOD.describe.coarse_pitch_um)
    assert finer.rotation_deg == pytest.approx(rotation_deg, abs=1.5)
    assert finer.shift_um == pytest.approx(shift_um, abs=METHOD.describe.medium_pitch_um)


def test_seeds_keep_apart(reference):
    seeds = placements(reference, template_of(make_scan(2)))["seeds"]
    assert len(seeds) == METHOD.correlate.seeds
    limit = METHOD.correlate
    for k, one in enumerate(seeds):
        for two in seeds[:k]:
            turned = abs(one.rotation_deg - two.rotation_deg) > limit.seed_distance_deg
            away = np.hypot(*np.subtract(one.shift_um, two.shift_um)) > limit.seed_distance_um
            assert turned or away


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


def test_a_turned_copy_is_made_once_and_equals_one_made_alone(reference):
    side = prepare_side(reference)
    copies = medium_copies(side, METHOD.describe, METHOD.correlate)
    assert medium_copies(side, METHOD.describe, METHOD.correlate) is copies
    first = copies.at(np.array([4.5, -30.0, 4.5]))
    assert first[0] == first[2] != first[1]
    size = copies.surfaces.shape[1]
    alone = np.empty((2, size, size), np.float32)
    angles, which = np.array([4.5, -30.0]), np.array([0, 1])
    turn_surface(side.medium.padded, side.medium.reach, angles, which, alone)
    for place, copy in zip(first, alone, strict=False):
        assert np.array_equal(copies.surfaces[place], copy)
    kept = copies.surfaces[first[0]].copy()
    copies.surfaces[first[0]] += 1.0
    assert np.array_equal(copies.at(np.array([4.5])), first[:1])
    assert np.array_equal(copies.surfaces[first[0]], kept + 1.0)
    copies.surfaces[first[0]] = kept


def test_threads_that_ask_for_the_same_copies_all_find_them_whole(reference, monkeypatch):
    angles = np.arange(-30.0, 31.0, 1.5)
    alone = medium_copies(prepare_side(reference), METHOD.describe, METHOD.correlate)
    expected = alone.surfaces[alone.at(angles)]
    copies = medium_copies(
        prepare_side(dataclasses.replace(reference)), METHOD.describe, METHOD.correlate
    )
    copies.surfaces[:] = np.nan  # not what such memory held before
    made = []

    def turn_slowly(*arguments: Any) -> None:
        time.sleep(0.05)
        turn_surface(*arguments)
        made.append(arguments)

    monkeypatch.setattr("ribin.correlate.turned.turn_surface", turn_slowly)
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(lambda: copies.surfaces[copies.at(angles)]) for _ in range(4)]
    assert all(np.array_equal(each.result(), expected) for each in found)
    assert sum(len(angles_deg) for _, _, angles_deg, *_ in made) == len(angles)  # each once


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
