"""Marks of one firearm agree, marks of strangers do not, consecutive slides lie between.

The correlation here is the test's own: a plane, a Gaussian band-pass, and normalised correlation
over rotations and shifts by FFT, with masks. Nothing of the product's method is used.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import fft, ndimage

from ribin.errors import ParameterError
from ribin.model import Scan
from ribin.synth import (
    Aperture,
    BreechFace,
    FirearmSpec,
    Primer,
    Shot,
    consecutive_slides,
    fire,
    make_firearm,
)
from ribin.synth.breech import centred_grid, random_stream, rough_field
from ribin.synth.cartridge import press_primer

PITCH_UM = 30.0  # of the check's rasters
TURNS_DEG = np.arange(-30.0, 30.1, 3.0)  # two cases, each within +-15 degrees
SIZE = 320


def level(values, valid):
    rows, cols = np.nonzero(valid)
    terms = np.stack([np.ones(len(rows)), rows, cols], axis=1)
    heights, kept = values[valid].astype(float), np.ones(len(rows), dtype=bool)
    for _ in range(4):
        plane = terms @ np.linalg.lstsq(terms[kept], heights[kept], rcond=None)[0]
        kept = np.abs(heights - plane) < 3.0 * np.std((heights - plane)[kept])
    flat = np.zeros(values.shape)
    flat[valid] = heights - plane
    return flat


def smooth(values, valid, sigma_px):
    weight = ndimage.gaussian_filter(valid.astype(float), sigma_px)
    total = ndimage.gaussian_filter(np.where(valid, values, 0.0), sigma_px)
    return np.where(valid, total / np.maximum(weight, 1e-9), 0.0)


def band(values, valid, pitch_um, shortest_um, longest_um):
    """Half transmission at both ends: sigma of the ISO Gaussian is 0.187 of the cut-off."""
    fine = smooth(values, valid, 0.1874 * shortest_um / pitch_um)
    return np.where(valid, fine - smooth(values, valid, 0.1874 * longest_um / pitch_um), 0.0)


def prepare(values, valid, pitch_um):
    filtered = band(level(values, valid), valid, pitch_um, 40.0, 250.0)
    return _resampled(filtered, valid, pitch_um / PITCH_UM, 0.0)


def _resampled(values, valid, scale, turn_deg):
    size = int(scale * max(values.shape) * (1.0 if turn_deg == 0.0 else 1.3))
    cos, sin = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    matrix = np.array([[cos, sin], [-sin, cos]]) / scale
    offset = (np.array(values.shape) - 1) / 2 - matrix @ np.full(2, (size - 1) / 2)
    weight, total = (
        ndimage.affine_transform(a, matrix, offset, (size, size), order=1)
        for a in (valid.astype(float), np.where(valid, values, 0.0))
    )
    inside = weight > 0.7
    return np.where(inside, total / np.maximum(weight, 1e-9), 0.0), inside


def _spectra(values, valid):
    return [fft.rfft2(a, (SIZE, SIZE)) for a in (valid.astype(float), values, values**2)]


def ccf_at(reference_spectra, reference_count, comparison, turn_deg):
    """Highest correlation over shifts that leave half of the smaller mark in common."""
    own = reference_spectra
    moved = _resampled(*comparison, 1.0, turn_deg)
    other = _spectra(*moved)

    def lagged(i, j):
        return fft.irfft2(own[i] * other[j], (SIZE, SIZE))

    n = np.maximum(lagged(0, 0), 1.0)
    sum_r, sum_c = lagged(1, 0), lagged(0, 1)
    spread = (lagged(2, 0) - sum_r**2 / n) * (lagged(0, 2) - sum_c**2 / n)
    ccf = (lagged(1, 1) - sum_r * sum_c / n) / np.sqrt(np.maximum(spread, 1e-3))
    return float(ccf[n > 0.5 * min(reference_count, moved[1].sum())].max())


def best_ccf(reference, comparison):
    """Highest correlation over turns, in steps of 3 and then of 0.75 degrees, and shifts."""
    own, count = [np.conj(s) for s in _spectra(*reference)], reference[1].sum()
    coarse = [ccf_at(own, count, comparison, turn) for turn in TURNS_DEG]
    near = TURNS_DEG[int(np.argmax(coarse))] + np.array([-2.25, -1.5, -0.75, 0.75, 1.5, 2.25])
    return max(*coarse, *(ccf_at(own, count, comparison, turn) for turn in near))


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


def test_mates_then_consecutive_slides_then_strangers(marks):
    mates = [best_ccf(marks[name, 0], marks[name, 1]) for name in ("first", "second", "stranger")]
    neighbours = [best_ccf(marks["first", k], marks["second", k]) for k in (0, 1)]
    strangers = [best_ccf(marks[name, 0], marks["stranger", 1]) for name in ("first", "second")]
    assert min(mates) > 0.45
    assert min(mates) > max(neighbours) + 0.05
    assert min(neighbours) > max(strangers) + 0.1
    assert max(strangers) < 0.27


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
