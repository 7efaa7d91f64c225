"""The challenge set is what it says: how much is lost, where things lie, and nothing by chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from challenge import CHALLENGES, degraded, stretched, turned
from degrade import coarsen, crop_sector, jitter_mask, lose_discs, smooth_noise, weaken_relief
from motion import STILL, about, apart_um, found_motion, turn_matrix
from specimens import Specimen, find_truth, mark_center, measured_points

from ribin.model import Scan
from ribin.pipeline import compare_marks, describe_mark, extract_marks
from ribin.read import read_scan

PITCH_UM = 10.0


@pytest.fixture(scope="module")
def mates(sample_dir) -> list[Specimen]:
    """Three scans, the first two of one firearm."""
    names = ("BRB-2025-0020-1.x3p", "BRB-2025-0020-2.x3p", "JAM-2025-0051-1.x3p")
    scans = [(n, "a" if n.startswith("BRB") else "b", read_scan(sample_dir / n)) for n in names]
    return find_truth(scans)[0]


@pytest.fixture
def disc(mates) -> Scan:
    """A full disc of 60 pixels radius about (80, 80), rough, inside 161 x 161 pixels."""
    rows, cols = np.ogrid[-80:81, -80:81]
    valid = rows**2 + cols**2 <= 60**2
    values = np.random.default_rng(1).normal(size=valid.shape).astype(np.float32)
    return replace(
        mates[0].scan,
        values=np.where(valid, values, np.float32(0)),
        valid=valid,
        row_pitch_um=PITCH_UM,
        col_pitch_um=PITCH_UM,
    )


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def bits(specimens: list[Specimen]) -> list[bytes]:
    return [s.scan.values.tobytes() + s.scan.valid.tobytes() for s in specimens]


@pytest.mark.parametrize("challenge", CHALLENGES, ids=lambda c: c.name)
def test_a_seed_makes_the_same_scans_again(challenge, mates):
    one, other, another = (degraded(challenge, mates[:2], seed) for seed in (3, 3, 4))
    assert bits(one[0]) == bits(other[0])
    assert bits(one[1]) == bits(other[1])
    fixed = challenge.name in ("plain", "crop50-same", "crop30-same", "pitch1.5", "pitch2")
    assert (bits(one[0]) == bits(another[0])) is fixed
    for s in (*one[0], *one[1]):
        assert np.isfinite(s.scan.values).all()
        assert not s.scan.values[~s.scan.valid].any()


def test_only_the_earlier_side_is_cropped_where_it_says_so(mates):
    challenge = next(c for c in CHALLENGES if c.name == "crop50-one")
    earlier, later = degraded(challenge, mates)
    assert bits(later) == bits(mates)
    for before, after in zip(mates, earlier, strict=True):
        assert after.scan.valid.sum() == pytest.approx(0.5 * before.scan.valid.sum(), rel=0.01)


def test_a_sector_runs_counter_clockwise_from_its_angle(disc):
    quarter = crop_sector(disc, np.full(2, 80 * PITCH_UM), 0.0, 0.25)
    rows, cols = np.nonzero(quarter.valid)
    assert quarter.valid.sum() == pytest.approx(0.25 * disc.valid.sum(), rel=0.02)
    assert rows.max() <= 80
    assert cols.min() >= 80


def test_holes_take_the_share_they_should(disc):
    left = lose_discs(disc, 0.4, rng()).valid.sum() / disc.valid.sum()
    assert 0.55 < left <= 0.6


def test_a_redrawn_mask_moves_edges_inwards_and_no_further(disc):
    left = jitter_mask(disc, 120.0, rng()).valid
    rows, cols = np.ogrid[-80:81, -80:81]
    assert not (left & ~disc.valid).any()
    assert left[np.hypot(rows, cols) < 60 - 13].all()
    assert 0.6 < left.sum() / disc.valid.sum() < 0.95


def test_relief_falls_to_a_quarter_under_noise_of_the_stated_strength(disc):
    weak = weaken_relief(disc, 0.25, 0.35, 12.0, rng())
    noise = (weak.values - 0.25 * disc.values)[disc.valid]
    assert noise.std() == pytest.approx(0.35, rel=0.05)


@pytest.mark.parametrize("length_um", [12.0, 25.0])
def test_noise_is_alike_over_its_correlation_length(disc, length_um):
    fine = replace(disc, row_pitch_um=2.0, col_pitch_um=2.0, values=np.zeros((800, 800)))
    noise = smooth_noise(fine, length_um, rng())
    for lag in (int(length_um / 2.0), int(length_um)):
        expected = np.exp(-((2.0 * lag / length_um) ** 2))
        alike = np.mean(noise[lag:] * noise[:-lag])
        assert alike == pytest.approx(expected, abs=0.03)


def test_a_coarser_scan_keeps_its_places_and_long_waves(disc):
    rows = np.arange(161)[:, None] * PITCH_UM
    wave = np.broadcast_to(np.sin(2 * np.pi * rows / 400.0), (161, 161)).astype(np.float32)
    scan = replace(disc, values=wave, valid=np.ones_like(disc.valid))
    coarse = coarsen(scan, 2.0)
    assert coarse.row_pitch_um == 2 * PITCH_UM
    assert coarse.shape == (81, 81)
    inner = (slice(3, -3), slice(3, -3))
    np.testing.assert_allclose(coarse.values[inner], wave[::2, ::2][inner], atol=0.03)


@pytest.mark.parametrize("half_range_deg", [12.5, 25.0])
def test_the_imposed_turn_is_the_turn_that_a_comparison_finds(mates, half_range_deg):
    before, after = mates[0], turned(half_range_deg)(mates[0], rng())
    marks = [extract_marks(s.scan)[0] for s in (before, after)]
    result = compare_marks(*[describe_mark(mark) for mark in marks])
    truth = after.motion.after(before.motion.inverse())
    found = found_motion(result, *[mark_center(mark) for mark in marks])
    assert abs(truth.rotation_deg) > 2.0
    assert result.rotation_deg == pytest.approx(truth.rotation_deg, abs=0.5)
    assert apart_um(found, truth, measured_points(before.scan)) < 15.0


def test_turned_mates_stay_in_the_range_that_is_searched(mates):
    """Even where a scan lay 28 degrees from its firearm's first before."""
    own = about(mates[1].center_um, turn_matrix(28.0), mates[1].center_um)
    lying = [mates[0], replace(mates[1], motion=own)]
    for seed in range(5):
        first, second = (
            turned(12.5)(s, np.random.default_rng([seed, n])).motion for n, s in enumerate(lying)
        )
        assert abs(second.after(first.inverse()).rotation_deg) <= 25.0


def test_a_stretch_changes_lengths_by_its_percentage(mates):
    for axes, area in ((1, 1.02), (2, 1.02**2)):
        matrix = stretched(2.0, axes)(mates[0], rng()).motion.matrix
        found = np.linalg.det(matrix)
        assert max(found, 1.0 / found) == pytest.approx(area)
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)


def test_motions_compose_and_turn_counter_clockwise_as_displayed():
    up = np.array([[-1.0, 0.0]])
    np.testing.assert_allclose(up @ turn_matrix(90.0).T, [[0.0, -1.0]], atol=1e-12)
    motion = about(np.array([3.0, 4.0]), turn_matrix(30.0), np.array([5.0, -2.0]))
    np.testing.assert_allclose(motion.of(np.array([[3.0, 4.0]])), [[5.0, -2.0]])
    assert motion.rotation_deg == pytest.approx(30.0)
    points = np.array([[1.0, 2.0], [-3.0, 7.0]])
    assert apart_um(motion.after(motion.inverse()), STILL, points) < 1e-12
