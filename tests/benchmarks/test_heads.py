"""Synthetic heads: the same seed, the same head; the truth is where it says."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from heads import HeadSpec, Stage, SynthHead, scan_head

from ribin.model import MarkType
from ribin.synth.firearm import make_firearm

FIREARM = make_firearm(2)
SPEC = dataclasses.replace(
    HeadSpec.draw(np.random.default_rng(4)), ejector_um=1000.0, drag_um=0.0, dome_um=0.0
)
STAGE = Stage(20.0, -4600.0, 4600.0, -4600.0, 4600.0, (0.0, 0.0), 0.0, 0.0, 50.0, 0)


@pytest.fixture(scope="module")
def head() -> SynthHead:
    return scan_head(FIREARM, 1, SPEC, STAGE)


def test_the_same_seed_makes_the_same_head(head):
    again, other = (scan_head(FIREARM, seed, SPEC, STAGE) for seed in (1, 2))
    assert np.array_equal(again.scan.values, head.scan.values)
    assert not np.array_equal(other.scan.values, head.scan.values)


def test_the_truth_lies_where_the_surface_says(head):
    values, truth = head.scan.values, head.truth
    assert set(truth) == set(MarkType)
    face = values[truth[MarkType.BREECH_FACE]]
    assert np.percentile(face, 99) - np.percentile(face, 1) < 25.0
    assert values[truth[MarkType.FIRING_PIN]].min() < face.mean() - 0.9 * SPEC.pin_depth_um
    ejector = values[truth[MarkType.EJECTOR]].mean()
    assert ejector < SPEC.head_um - 15.0
    rows, cols = np.nonzero(truth[MarkType.BREECH_FACE])
    reach = np.hypot(
        rows * STAGE.pixel_pitch_um - head.center_um[0],
        cols * STAGE.pixel_pitch_um - head.center_um[1],
    ).max()
    assert SPEC.flat_um <= reach < SPEC.primer_um


@pytest.mark.parametrize("tilt", [(3.0, 0.0), (0.0, -4.0)])
def test_tilt_outliers_and_holes(head, tilt):
    stage = dataclasses.replace(STAGE, tilt_deg=tilt, outliers=0.01, holes=20, steepest=0.8)
    scan = scan_head(FIREARM, 1, SPEC, stage).scan
    both = scan.valid & head.scan.valid
    difference = scan.values - head.scan.values
    slopes = [np.tan(np.radians(angle)) * STAGE.pixel_pitch_um for angle in tilt]
    rows, cols = np.indices(scan.shape)
    plane = slopes[0] * rows + slopes[1] * cols
    left = difference[both] - plane[both]
    left -= np.median(left)
    assert np.median(np.abs(left)) < 1e-2
    assert 0.003 < np.mean(np.abs(left) > 20.0) < 0.012
    assert scan.valid.mean() < 0.99


def test_a_cut_frame_keeps_the_middle_of_the_primer(head):
    cut = scan_head(FIREARM, 1, SPEC, dataclasses.replace(STAGE, top_um=-1500.0))
    assert cut.center_um == pytest.approx((1500.0, 4600.0))
    assert cut.scan.shape[0] < head.scan.shape[0]


def test_drawn_heads_differ_in_shape_and_frame():
    rng = np.random.default_rng(0)
    specs = [HeadSpec.draw(rng) for _ in range(60)]
    stages = [Stage.draw(rng, spec) for spec in specs]
    assert {spec.round_tip for spec in specs} == {True, False}
    assert len({round(spec.pin.corner_um / spec.pin.width_um, 2) for spec in specs}) > 1
    pitches = [stage.pixel_pitch_um for stage in stages]
    assert min(pitches) < 4.0 < 11.0 < max(pitches)
    assert max(abs(angle) for stage in stages for angle in stage.tilt_deg) > 3.0
