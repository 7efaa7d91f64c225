"""What happens in the field is what each row says, and nothing by chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from challenge import degraded
from field import (
    FIELD,
    SETS,
    aperture,
    dragged,
    dusty,
    field_challenges,
    flowed_back,
    lined,
    mirrored,
    misread_pitch,
    not_reproduced,
    part_blurred,
    scan_lines,
    strained,
    turned_apart,
)
from motion import STILL
from specimens import Specimen, find_truth, measured_points

from ribin.model import Scan
from ribin.read import read_scan
from ribin.surface.regression import remove_form


@pytest.fixture(scope="module")
def mates(sample_dir) -> list[Specimen]:
    """Two scans of one firearm."""
    names = ("BRB-2025-0020-1.x3p", "BRB-2025-0020-2.x3p")
    return find_truth([(n, "a", read_scan(sample_dir / n)) for n in names])[0]


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def relief(scan: Scan) -> np.ndarray:
    return remove_form(scan.values, scan.valid, 500.0, (scan.row_pitch_um, scan.col_pitch_um))


def change(before: Specimen, after: Specimen) -> np.ndarray:
    return (after.scan.values - before.scan.values)[before.scan.valid]


@pytest.mark.parametrize("challenge", field_challenges(), ids=lambda c: c.name)
def test_a_seed_makes_the_same_scans_again(challenge, mates):
    one, other, another = (degraded(challenge, mates[:1], seed)[0][0] for seed in (3, 3, 4))
    bits = [s.scan.values.tobytes() + s.scan.valid.tobytes() for s in (one, other, another)]
    assert bits[0] == bits[1]
    fixed = "clean", "lines", "rings", "mirrored", "wrong-pitch5", "wrong-pitch10"
    assert (bits[0] == bits[2]) is (challenge.name in fixed)
    assert np.isfinite(one.scan.values).all()
    assert not one.scan.values[~one.scan.valid].any()


def test_every_kind_has_a_row_of_every_set():
    names = [challenge.name for challenge in field_challenges()]
    assert names == [kind.name + end for kind in FIELD for end in SETS]


@pytest.mark.parametrize("share", [0.02, 0.2])
def test_dust_lies_on_its_share_of_the_mark_and_is_as_high_as_it_says(mates, share):
    added = change(mates[0], dusty(share)(mates[0], rng()))
    assert added.min() >= -1e-4
    assert 20.0 < added.max() <= 25.0 + 1e-3
    assert share <= np.mean(added > 2.0) + 0.01
    assert np.mean(added > 2.0) < 1.6 * share + 0.02


def test_drag_and_flowback_lie_at_the_aperture(mates):
    middle, radius = aperture(mates[0].scan)
    away = np.linalg.norm(measured_points(mates[0].scan, 1) - middle, axis=1) - radius
    heap = change(mates[0], dragged(50.0)(mates[0], rng()))
    assert 15.0 < heap.max() < 100.0
    assert 0.005 < np.mean(np.abs(heap) > 1.0) < 0.25
    wall = change(mates[0], flowed_back(80.0)(mates[0], rng()))
    assert wall[away < 30.0].mean() > 40.0
    assert abs(wall[away > 700.0]).max() < 2.0


def test_shared_lines_are_the_same_on_every_case_and_as_strong_as_the_mark(mates):
    for s in mates:
        added = change(s, lined(1.0)(s, rng()))
        assert added.std() == pytest.approx(relief(s.scan)[s.scan.valid].std(), rel=0.35)
    once = lined(1.0)(mates[0], rng()), lined(1.0)(mates[0], np.random.default_rng(9))
    np.testing.assert_array_equal(once[0].scan.values, once[1].scan.values)


@pytest.mark.parametrize("share", [0.5, 0.7])
def test_what_is_not_reproduced_is_a_share_of_the_variance(mates, share):
    after_all = not_reproduced(share)(mates[0], rng())
    before, after = (relief(s.scan)[s.scan.valid] for s in (mates[0], after_all))
    assert np.corrcoef(before, after)[0, 1] == pytest.approx(np.sqrt(1.0 - share), abs=0.08)
    assert after.std() == pytest.approx(before.std(), rel=0.1)


@pytest.mark.parametrize("made", [misread_pitch(5.0), mirrored()])
def test_the_truth_follows_a_wrong_pitch_and_a_mirror(mates, made):
    before, after = mates[0], made(mates[0], rng())
    pitch = np.array([after.scan.row_pitch_um, after.scan.col_pitch_um])
    points = measured_points(before.scan)
    own = after.motion.after(before.motion.inverse())
    places = np.rint(own.of(points) / pitch).astype(int)
    old = np.rint(points / before.scan.row_pitch_um).astype(int)
    np.testing.assert_array_equal(
        after.scan.values[tuple(places.T)], before.scan.values[tuple(old.T)]
    )


def test_scan_lines_run_along_rows(mates):
    after = scan_lines(1.0)(mates[0], rng())
    flat = np.where(mates[0].scan.valid, after.scan.values - mates[0].scan.values, np.nan)
    row = flat[flat.shape[0] // 2]
    assert np.nanstd(row) < 1e-4
    assert np.nanstd(flat) > 0.5


def test_a_strain_moves_nothing_further_than_it_says(mates):
    slope = replace(mates[0].scan, valid=np.ones(mates[0].scan.shape, bool))
    rows = np.arange(slope.shape[0], dtype=np.float32)[:, None] * slope.row_pitch_um
    ramp = replace(slope, values=np.broadcast_to(rows, slope.shape).astype(np.float32))
    after = strained(60.0)(replace(mates[0], scan=ramp), rng())
    moved = np.abs(after.scan.values - ramp.values)[20:-20, 20:-20]
    assert 10.0 < moved.max() <= 60.01


def test_one_side_of_the_middle_stays_sharp(mates):
    rough = rng().standard_normal(mates[0].scan.shape).astype(np.float32)
    scan = replace(mates[0].scan, values=np.where(mates[0].scan.valid, rough, np.float32(0)))
    after = part_blurred(100.0)(replace(mates[0], scan=scan), rng()).scan.values
    sharp = np.abs(after[scan.valid] - scan.values[scan.valid]) < 1e-6
    assert 0.25 < sharp.mean() < 0.75


def test_mates_are_turned_apart_by_what_the_row_says(mates):
    straight = replace(mates[0], motion=STILL)
    for seed in range(5):
        after = turned_apart(33.0, 45.0)(straight, np.random.default_rng(seed))
        assert 33.0 <= abs(after.motion.rotation_deg) <= 45.0
