"""Marks of one firearm agree, marks of strangers do not, consecutive slides lie between.

The correlation here is the test's own: a plane, a Gaussian band-pass, and normalised correlation
over rotations and shifts by FFT, with masks. Nothing of the product's method is used.
"""

from __future__ import annotations

import numpy as np
import pytest
from plain_ccf import best_ccf, prepare

from ribin.errors import ParameterError
from ribin.model import Scan
from ribin.synth.breech import BreechFace
from ribin.synth.cartridge import Primer, Shot, fire, press_primer
from ribin.synth.firearm import Aperture, FirearmSpec, consecutive_slides, make_firearm
from ribin.synth.relief import centred_grid, random_stream, rough_field


def prepared(scan: Scan):
    return prepare(scan.values, scan.valid, scan.pixel_pitch_um)


@pytest.fixture(scope="module")
def slides():
    return consecutive_slides(2, 5, shared=0.45, spec=FirearmSpec(BreechFace.PARALLEL))


@pytest.fixture(scope="module")
def marks(slides):
    stranger = make_firearm(6, FirearmSpec(BreechFace.PARALLEL, tool_share=0.45))
    return {
        (name, shot): prepared(fire(firearm, shot))
        for name, firearm in (("first", slides[0]), ("second", slides[1]), ("stranger", stranger))
        for shot in (0, 1)
    }


@pytest.mark.slow
def test_mates_then_consecutive_slides_then_strangers(marks):
    mates = [best_ccf(marks[name, 0], marks[name, 1]) for name in ("first", "second", "stranger")]
    neighbours = [best_ccf(marks["first", k], marks["second", k]) for k in (0, 1)]
    strangers = [best_ccf(marks[name, 0], marks["stranger", 1]) for name in ("first", "second")]
    assert min(mates) > 0.45
    assert min(mates) > max(neighbours) + 0.05
    assert min(neighbours) > max(strangers) + 0.1
    assert max(strangers) < 0.27


@pytest.mark.slow
def test_a_weak_mark_agrees_less_with_its_mate(slides, marks):
    weak = [prepared(fire(slides[0], k, mark_strength=0.25)) for k in (0, 1)]
    assert best_ccf(*weak) < 0.6 * best_ccf(marks["first", 0], marks["first", 1])


@pytest.mark.parametrize(
    ("shared", "wear", "expected", "by_chance"),
    [(0.6, 0.0, 0.6, 0.1), (1.0, 1.2, np.cos(1.2), 0.2)],
)
def test_slides_share_the_stated_part_of_their_relief(shared, wear, expected, by_chance):
    spec = FirearmSpec(BreechFace.PARALLEL)  # strokes run through: few are independent
    one, next_one = consecutive_slides(2, 9, shared, spec, wear_per_slide=wear)
    found = np.corrcoef(one.relief.ravel(), next_one.relief.ravel())[0, 1]
    assert found == pytest.approx(expected, abs=by_chance)


def test_the_same_chance_fires_the_same_scan_and_another_does_not(slides):
    first, again, other = fire(slides[0], 3), fire(slides[0], 3), fire(slides[0], 4)
    assert np.array_equal(first.values, again.values)
    assert np.array_equal(first.valid, again.valid)
    assert first.provenance.sha256 == again.provenance.sha256 != other.provenance.sha256


def test_two_firearms_fired_with_one_seed_share_no_chance(slides):
    """Without relief only chance is left; shared noise would make strangers agree."""
    first, second = (fire(slide, 3, mark_strength=1e-9) for slide in slides)
    same_shape = first.shape == second.shape
    assert not (same_shape and np.allclose(first.values, second.values, atol=0.1))
    assert best_ccf(prepared(first), prepared(second)) < 0.25


def test_more_pressure_prints_more_of_the_primer(slides):
    rows, cols = centred_grid((160, 160), 20.0)
    printed = []
    for pressure in (0.2, 0.5, 1.0):
        shot = Shot(pressure=pressure)
        surface = press_primer(slides[0], Primer(), shot, np.zeros_like(rows), rows, cols)
        printed.append(float((surface < -0.5).mean()))
    assert printed[0] < 0.5 < printed[2]
    assert printed == sorted(printed)


def test_a_hard_primer_takes_less_relief(slides):
    rows, cols = centred_grid((160, 160), 20.0)
    soft, hard = (
        press_primer(slides[0], Primer(hardness=h), Shot(), np.zeros_like(rows), rows, cols).std()
        for h in (0.8, 1.5)
    )
    assert hard < 0.8 * soft


def test_orientation_turns_the_mark_counter_clockwise(slides):
    rows, cols = centred_grid((120, 120), 25.0)
    flat = np.zeros_like(rows)
    upright, turned = (
        press_primer(slides[0], Primer(), Shot(orientation_deg=d), flat, rows, cols)
        for d in (0.0, 90.0)
    )
    assert np.allclose(turned, np.rot90(upright), atol=1e-6)


def test_scan_values_are_zero_where_not_measured_and_form_is_left_in(slides):
    scan = fire(slides[0], 0)
    assert scan.values.dtype == np.float32
    assert not scan.values[~scan.valid].any()
    assert 0.3 < scan.valid.mean() < 0.7
    assert scan.valid[0].any()  # cropped to the outline
    assert scan.valid[:, -1].any()


def test_aperture_distance_is_exact_outside_a_rectangle_and_a_circle():
    oblong = Aperture(height_um=200.0, width_um=100.0, corner_um=1.0)
    places = np.array([[130.0, 0.0, 0.0], [0.0, 80.0, 0.0]])
    assert oblong.distance_um(*places) == pytest.approx([30.0, 30.0, -50.0])
    assert Aperture.circle(100.0).distance_um(*places) == pytest.approx([80.0, 30.0, -50.0])


def test_streams_of_other_purposes_and_lengths_differ():
    draws = {
        random_stream(entropy, purpose).integers(2**60)
        for entropy in ((1,), (1, 0), (0, 1))
        for purpose in ("own", "tool")
    }
    assert len(draws) == 6


def test_a_stretched_field_is_longer_downwards():
    field = rough_field(
        (256, 256),
        5.0,
        np.random.default_rng(0),
        shortest_um=20.0,
        longest_um=300.0,
        slope=2.0,
        stretch=6.0,
    )
    assert np.diff(field, axis=0).std() < 0.4 * np.diff(field, axis=1).std()
    assert field.std() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: consecutive_slides(0, 1), "n: at least 1 slide needed, found 0"),
        (lambda: FirearmSpec(tool_share=1.5), "tool_share: 0 to 1 needed, found 1.5"),
        (lambda: FirearmSpec(relief_um=0.0), "relief_um: more than 0 needed, found 0"),
        (lambda: Aperture(100.0, 50.0, 30.0), "corner_um: more than 0 and at most 25 needed"),
        (lambda: make_firearm(-1), "seed: 0 or more needed, found -1"),
    ],
)
def test_impossible_arguments_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
