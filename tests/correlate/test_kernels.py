"""The kernels of the correlator against their slow twins, holes and edges included."""

from __future__ import annotations

import dataclasses

import naive
import numpy as np
import pytest
from mark_makers import heights, provenance

from ribin.comparison import RigidMotion, turn_matrix
from ribin.correlate.blocks import block_sums, disc_offsets, patch_ccf
from ribin.correlate.cells import CellSearch, joint_surface, search_cells
from ribin.correlate.ranges import search_ranges
from ribin.correlate.register import overlap_correlation
from ribin.correlate.rings import lay_rings, pick_placements, ring_moves, ring_strengths
from ribin.correlate.side import PreparedSide, prepare_side
from ribin.correlate.turned import mask_surface, pad_surface, surface_reach, turn_surface
from ribin.describe.cells import block_counts, block_runs, lay_cells
from ribin.model import MarkType, ScanKind, Template
from ribin.params.defaults import BLOCK_PX, DEFAULT_PARAMS
from ribin.surface.rings import COVER_ORDERS, FOUR, POINTS, series_lengths

METHOD = DEFAULT_PARAMS.breech_face
RANGES = search_ranges(METHOD.describe, METHOD.correlate)
PICKED = RANGES.seeds, RANGES.seed_limits


def patch(side: int, seed: int, share: float, pitch_um: float = 25.0) -> tuple:
    """A rough square, 0 in its holes: single pixels and one corner."""
    rows, cols = np.indices((side, side)) * pitch_um
    valid = np.random.default_rng(seed).random((side, side)) < share
    if share < 1.0:
        valid[: side // 3, side // 2 :] = False
    return np.where(valid, heights(seed, rows, cols), 0.0).astype(np.float32), valid


def small_side(seed: int, share: float = 0.8) -> PreparedSide:
    """A mark of 0.8 mm, with up to nine cells."""
    arrays: dict[str, np.ndarray] = {}
    for name, side, pitch_um in (("fine", 32, 25.0), ("medium", 16, 50.0)):
        surface, valid = patch(side, seed, share, pitch_um)
        counts = block_counts(valid, BLOCK_PX)
        arrays |= {name: surface, f"{name}_valid": valid, f"{name}_runs": block_runs(counts)}
        if name == "fine":
            arrays |= {"fine_counts": counts, "cells": lay_cells(counts, BLOCK_PX, 0.3)}
    arrays |= small_rings(seed)
    return prepare_side(
        Template(MarkType.BREECH_FACE, ScanKind.TOPOGRAPHY, 25.0, "", provenance(), arrays)
    )


def small_rings(seed: int) -> dict[str, np.ndarray]:
    """Series of eight rings that hold anything, and what covers them."""
    rng = np.random.default_rng(seed)
    numbers = FOUR * sum(series_lengths(8))
    series = rng.integers(-127, 128, (2, POINTS, numbers)).astype(np.int8)
    cover = rng.uniform(0.1, 1.0, (2, 2, 8, COVER_ORDERS)).astype(np.float32)
    cover[0, :, :, 0] += 4.0  # more is measured than changes
    return {"coarse": series, "coarse_cover": cover}


def turned(
    padded: np.ndarray,
    reach: np.ndarray,
    angles_deg: tuple[float, ...],
    size: int,
    shift: tuple[int, int] = (0, 0),
) -> np.ndarray:
    shifts = np.tile(shift, (len(angles_deg), 1))
    return turn_surface(padded, reach, np.array(angles_deg), shifts, size)


@pytest.mark.parametrize("share", [0.7, 1.0])
@pytest.mark.parametrize(
    ("angles_deg", "size", "shift"),
    [
        ((0.0, 3.0, -27.5), 20, (0, 0)),
        ((0.0, 12.0), 21, (0, 0)),  # half a pixel off every grid point
        ((-8.0, 8.0), 34, (5, -7)),  # beyond all four edges
        ((90.0, 180.0), 20, (0, 2)),
        ((40.0,), 8, (60, 0)),  # beside the surface
    ],
)
def test_turning_equals_its_twin(share, angles_deg, size, shift):
    surface, valid = patch(20, 1, share)
    reach = surface_reach(valid)
    padded = pad_surface(mask_surface(surface, valid), reach)
    copies = turned(padded, reach, angles_deg, size, shift)
    for t, angle in enumerate(angles_deg):
        slow, slow_valid = naive.turned(surface, valid, angle, size, np.array(shift))
        assert np.array_equal(copies[t] != 0.0, slow_valid)
        assert np.abs(copies[t] - slow).max() < 5e-5


def test_turning_is_counter_clockwise_as_displayed():
    surface = np.zeros((9, 9), np.float32)
    surface[4, 7] = 1.0  # to the right of the middle
    valid = np.ones((9, 9), bool)
    reach = surface_reach(valid)
    padded = pad_surface(mask_surface(surface, valid), reach)
    (up,) = turned(padded, reach, (90.0,), 9)
    assert np.unravel_index(up.argmax(), up.shape) == (1, 4)
    assert turn_matrix(90.0) @ (0.0, 3.0) == pytest.approx((-3.0, 0.0))


@pytest.mark.parametrize("share", [0.1, 1.0])
def test_no_turn_leaves_the_padded_surface(share):
    surface, valid = patch(20, 1, share)
    reach = surface_reach(valid)
    padded = pad_surface(mask_surface(surface, valid), reach)
    # A turn starts within reach, takes eight pixels, and each with its neighbours.
    assert (padded.shape[0] - 1) / 2.0 >= np.sqrt(reach[1]) + 8.0
    away = np.hypot(*(np.argwhere(valid) - 9.5).T)
    assert np.sqrt(reach[0]) <= max(0.0, away.min() - 0.7)  # half a pixel's diagonal
    assert np.sqrt(reach[1]) >= away.max() + 0.7
    inner = slice((padded.shape[0] - 20) // 2, (padded.shape[0] + 20) // 2)
    assert np.array_equal(padded[inner, inner], surface)
    assert (padded != 0.0).sum() == valid.sum()


def test_a_measured_0_stays_measured():
    surface, valid = np.zeros((12, 12), np.float32), np.ones((12, 12), bool)
    valid[:, :4] = False
    masked = mask_surface(surface, valid)
    assert np.array_equal(masked != 0.0, valid)
    reach = surface_reach(valid)
    for angle in (0.0, 30.0):
        (copy,) = turned(pad_surface(masked, reach), reach, (angle,), 12)
        assert np.array_equal(copy != 0.0, naive.turned(surface, valid, angle, 12, np.zeros(2))[1])
        assert 0.0 < np.abs(copy).max() < 1e-17


def test_nothing_measured_turns_into_nothing():
    surface, valid = np.zeros((8, 8), np.float32), np.zeros((8, 8), bool)
    reach = surface_reach(valid)
    copies = turned(pad_surface(mask_surface(surface, valid), reach), reach, (5.0,), 8)
    assert (copies == 0.0).all()


@pytest.mark.parametrize("margin", [0, 3])
def test_summing_blocks_equals_its_twin(margin):
    fixed, valid = patch(32, 2, 0.5)
    valid[8:16, 8:16] = False  # two runs in one row of blocks
    runs = block_runs(block_counts(valid, BLOCK_PX))
    assert len(runs) > 4
    side = 32 + 2 * margin
    fixed = np.where(valid, fixed, np.float32(0.0))
    moved = np.stack([patch(side, seed, 0.9)[0] for seed in (3, 4)])
    mask, other_mask = (fixed != 0.0).astype(float), (moved != 0.0).astype(float)
    offsets = disc_offsets(float(margin), 2)
    places = np.array([[0, 0, 0], [1, 0, 0]])
    sums = block_sums(fixed, moved, places, runs, offsets, False)
    slow = [
        naive.block_sums(one, two, runs, shifts, BLOCK_PX).swapaxes(1, 2)
        for one, two, shifts in (
            (fixed, moved, offsets.every),
            (mask, np.square(moved), offsets.few),
            (np.square(fixed), other_mask, offsets.few),
            (mask, other_mask, offsets.few),
        )
    ]
    number = len(offsets.every)
    assert sums.products.shape == (2, slow[0].shape[1] + 1, -(-number // 8) * 8)
    assert np.abs(sums.products[:, :-1, :number] - slow[0]).max() < 1e-4
    assert np.array_equal(
        sums.products[..., number:], sums.products[..., [number - 1] * (-number % 8)]
    )
    assert np.abs(sums.energies[:, :, :-1] - np.stack(slow[1:], axis=1)).max() < 1e-4
    assert (sums.products[:, -1] == 0.0).all()
    assert (sums.energies[:, :, -1] == 0.0).all()
    whole = block_sums(fixed, moved, places, runs, offsets, True)
    assert np.abs(whole.products[:, 0, :number] - slow[0].sum(axis=1)).max() < 1e-3
    assert np.abs(whole.energies[:, :, 0] - np.stack(slow[1:], axis=1).sum(axis=2)).max() < 1e-3


def test_a_copy_is_shifted_as_its_offsets_are():
    (fixed, valid), moved = patch(16, 2, 0.9), patch(22, 2, 0.9)[0][None]
    runs = block_runs(block_counts(valid, BLOCK_PX))
    offsets = disc_offsets(1.0, 1)
    where = np.array([[0, 1, -1]])
    moved_on = block_sums(fixed, moved, where, runs, offsets, False)
    far = disc_offsets(3.0, 1)
    there = [far.grid[3 + 1 + r, 3 - 1 + c] for r, c in offsets.every]
    plain = block_sums(fixed, moved, 0 * where, runs, far, False)
    assert np.array_equal(moved_on.products[..., : len(there)], plain.products[..., there])


def test_no_runs_have_no_sums():
    empty = np.zeros((0, 3), np.int32)
    ones, place = np.ones((1, 8, 8), np.float32), np.zeros((1, 3), np.int64)
    sums = block_sums(ones[0], ones, place, empty, disc_offsets(0.0, 1), False)
    assert sums.products.tolist() == [[[0.0] * 8]]
    assert sums.energies.tolist() == [[[[0.0]]] * 3]


@pytest.mark.parametrize("scale", [0.1, 1.0, 1000.0])
def test_exact_correlation_equals_its_twin(scale):
    fixed, moved = np.float32(scale) * small_side(5, 0.6).fine.surface, []
    for seed in (5, 6):
        surface, valid = patch(40, seed, 0.7)
        moved.append(np.float32(scale) * mask_surface(surface, valid))
    copies = np.stack(moved)
    corners = np.array([[0, 0], [16, 16], [3, 9], [16, 0]])
    places = np.array([[0, 4, 4], [1, 0, 8], [1, 7, 2], [0, 8, 8]])
    found = patch_ccf(fixed, copies, corners, places, 16)
    for k, ((r, c), (t, down, right)) in enumerate(zip(corners, places, strict=True)):
        here = slice(r, r + 16), slice(c, c + 16)
        there = slice(r + down, r + down + 16), slice(c + right, c + right + 16)
        one, two = fixed[here], copies[t, *there]
        slow = naive.patch_ccf(one, one != 0.0, two, two != 0.0)
        assert found[k] == pytest.approx(slow, abs=1e-6)


def test_no_correlation_without_relief_or_pixels():
    flat = mask_surface(np.full((4, 4), 2.0, np.float32), np.ones((4, 4), bool))
    rough = mask_surface(*patch(4, 1, 1.0))
    lonely = np.zeros((4, 4), bool)
    lonely[2, 2] = True
    alone = mask_surface(np.ones((4, 4), np.float32), lonely)
    copies = np.stack([flat, rough, alone])
    corners, places = np.zeros((3, 2), np.int64), np.zeros((3, 3), np.int64)
    places[:, 0] = (0, 1, 2)
    assert np.isnan(patch_ccf(flat, copies, corners, places, 4)).all()
    found = patch_ccf(rough, copies, corners, places, 4)
    assert np.isnan(found).tolist() == [True, False, True]
    assert found[1] == pytest.approx(1.0)


@pytest.mark.parametrize("norm_step_px", [1, 2])
@pytest.mark.parametrize(
    ("share", "min_overlap", "shift_px"), [(0.85, 0.5, (0.0, 0.0)), (0.6, 0.25, (3.4, -2.3))]
)
def test_searching_cells_equals_its_twin(norm_step_px, share, min_overlap, shift_px):
    cut, other = small_side(7, share), small_side(8, share)
    correlate = dataclasses.replace(
        METHOD.correlate,
        search_radius_um=75.0,
        norm_step_um=25.0 * norm_step_px,
        fine_rotation_steps=1,
        min_cell_overlap=min_overlap,
    )
    shift_um = tuple(-METHOD.describe.pitch_um * shift for shift in shift_px)
    search = search_cells(
        cut, other, RigidMotion(4.0, shift_um), search_ranges(METHOD.describe, correlate)
    )
    step = correlate.fine_rotation_step_deg
    assert search.turns_deg.tolist() == [4.0 - step, 4.0, 4.0 + step]
    assert search.start.tolist() == np.rint(shift_px).tolist()
    offsets = disc_offsets(3.0, norm_step_px)
    assert np.array_equal(search.shifts_px, offsets.every + search.start)

    ccf = np.full((*search.joint.shape[1:], len(cut.cells)), -2.0)
    for t, s, k in np.ndindex(ccf.shape):
        near = offsets.few[offsets.near[s]]
        product = cell_at(cut, search, k, t, offsets.every[s])[0]
        _, energy, number = cell_at(cut, search, k, t, near)
        if number >= min_overlap * 256 and energy > 0.0:
            ccf[t, s, k] = np.clip(product / np.sqrt(energy), -1.0, 1.0)
    compared = ccf > -2.0
    assert 0.05 < compared.mean() < 0.98  # both branches
    joint = np.where(compared, naive.fisher(ccf), 0.0).sum(axis=-1)
    assert np.abs(search.joint[0] - joint).max() < 1e-4
    assert np.array_equal(search.joint[1], compared.sum(axis=-1))
    best = ccf.max(axis=(0, 1))
    assert np.abs(search.ccf - best).max() < 1e-5
    for k in np.flatnonzero(best > -2.0):
        t, s = search.place[k]
        assert ccf[t, s, k] == pytest.approx(best[k], abs=1e-5)


def cell_at(cut: PreparedSide, search: CellSearch, k: int, t: int, offset: np.ndarray) -> tuple:
    side = 2 * BLOCK_PX
    margin = (search.copies.shape[2] - cut.fine.size_px) // 2
    row, col = cut.cells[k] * BLOCK_PX
    down, right = np.array([row, col]) + margin + offset
    one = cut.fine.surface[row : row + side, col : col + side]
    two = search.copies[t, down : down + side, right : right + side]
    return naive.cell_terms(one, one != 0.0, two, two != 0.0)


def test_a_cell_without_surface_is_nowhere_compared():
    cut, other = small_side(7), small_side(8, 0.0)
    search = search_cells(cut, other, RigidMotion(0.0, (0.0, 0.0)), RANGES)
    assert (search.ccf == -2.0).all()
    assert (search.joint == 0.0).all()
    assert (joint_surface(search, search) == 0.0).all()


def test_joining_directions_equals_its_twin():
    one, two = small_side(9), small_side(10)
    correlate = dataclasses.replace(METHOD.correlate, search_radius_um=75.0)
    motion = RigidMotion(8.0, (-50.0, 25.0))
    ranges = search_ranges(METHOD.describe, correlate)
    backward = search_cells(one, two, motion, ranges)
    forward = search_cells(two, one, motion.inverse(), ranges)
    joint = joint_surface(backward, forward)
    total, number = backward.joint.astype(float)
    places = {tuple(d): s for s, d in enumerate(backward.shifts_px.tolist())}
    met = 0
    for t, turn_deg in enumerate(backward.turns_deg):
        (opposite,) = np.flatnonzero(np.isclose(forward.turns_deg, -turn_deg))
        for s, e in enumerate(forward.shifts_px):
            d = tuple(np.rint(-turn_matrix(turn_deg) @ e).astype(int).tolist())
            if d in places:
                total[t, places[d]] += forward.joint[0, opposite, s]
                number[t, places[d]] += forward.joint[1, opposite, s]
                met += 1
    assert met > 0.7 * total.size
    assert np.abs(joint - total / np.sqrt(np.maximum(number, 1.0))).max() < 1e-4


@pytest.mark.parametrize("min_overlap", [0.1, 0.7])
def test_overlap_correlation_equals_its_twin(min_overlap):
    reference, comparison = small_side(11, 0.9).medium, small_side(12, 0.6).medium
    offsets = disc_offsets(4.0, 1)
    angles = np.array([-10.0, 5.0])
    size = comparison.size_px + 2 * offsets.reach_px
    moved = turned(reference.padded, reference.reach, tuple(angles), size)
    places = np.array([[0, 0, 0], [1, 0, 0]])
    strength = overlap_correlation(reference, comparison, moved, places, offsets, min_overlap)
    smaller = min(reference.measured, comparison.measured)
    side, refused = comparison.size_px, 0
    for t, s in np.ndindex(strength.shape):
        row, col = offsets.every[s] + offsets.reach_px
        one, two = comparison.surface, moved[t, row : row + side, col : col + side]
        slow, number = naive.overlap_correlation(one, one != 0.0, two, two != 0.0)
        enough = number >= min_overlap * smaller
        refused += not enough
        assert strength[t, s] == pytest.approx(slow / np.sqrt(smaller) * enough, abs=1e-5)
    assert (refused > 0) == (min_overlap > 0.5)


@pytest.mark.parametrize("min_overlap", [0.1, 4.0])
def test_strengths_on_rings_equal_their_twin(min_overlap):
    one, two = (small_rings(seed) for seed in (13, 14))
    one["coarse_cover"][:, :, :4] = 0.0  # the first four rings hold nothing
    sides = [lay_rings(side["coarse"], side["coarse_cover"]) for side in (one, two)]
    moves = ring_moves(METHOD.describe, METHOD.correlate, 8)
    found = ring_strengths(*sides, moves, min_overlap)
    assert found.shape == (120, POINTS * POINTS)
    lengths = [n for length in series_lengths(8) for n in [length] * FOUR]
    refused = 0
    for t, p in [(0, 0), (17, 30), (59, 143), (60, 12), (91, 77), (119, 25)]:
        i, j = divmod(p, POINTS)
        slow, overlap, smaller = naive.ring_strength(one, two, (i, j), moves.turns_deg[t], lengths)
        enough = overlap >= min_overlap * smaller
        refused += not enough
        allowed = np.hypot(*moves.shifts_um[t, p]) <= METHOD.correlate.shift_range_um
        assert found[t, p] == pytest.approx(slow * enough * allowed, rel=1e-4, abs=1e-6)
    assert (refused > 0) == (min_overlap > 0.5)


def test_a_placement_on_rings_is_the_same_either_way_round():
    one, two = (lay_rings(*small_rings(seed).values()) for seed in (15, 16))
    moves = ring_moves(METHOD.describe, METHOD.correlate, 8)
    found, back = ring_strengths(one, two, moves, 0.1), ring_strengths(two, one, moves, 0.1)
    reversed_pairs = back[::-1].reshape(-1, POINTS, POINTS).transpose(0, 2, 1)
    assert np.array_equal(found, reversed_pairs.reshape(found.shape))
    picked, again = (pick_placements(each, moves, *PICKED) for each in (found, back))
    assert (picked >= 0).all()
    assert [119 - t for t, _ in again] == [t for t, _ in picked]
    assert [p % POINTS * POINTS + p // POINTS for _, p in again] == [p for _, p in picked]


def test_nothing_on_rings_is_nowhere_laid():
    empty = lay_rings(*(np.zeros_like(array) for array in small_rings(1).values()))
    moves = ring_moves(METHOD.describe, METHOD.correlate, 8)
    strength = ring_strengths(empty, lay_rings(*small_rings(2).values()), moves, 0.1)
    assert (strength == 0.0).all()
    assert (pick_placements(strength, moves, *PICKED)[:, 0] == -1).all()
