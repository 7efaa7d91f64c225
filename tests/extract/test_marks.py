"""From a scan to a mark: what of the scan changes the mark, and what does not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from mark_makers import ANY_RELIEF, make_scan, middle_um, scaled, with_garbage

from ribin.errors import ScanError
from ribin.model import Mark, MarkType, Scan, Trace
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.pipeline import extract_marks

PARAMS = DEFAULT_PARAMS.breech_face.preprocess


def extract(scan: Scan) -> Mark:
    (mark,) = extract_marks(scan)
    return mark


@pytest.fixture(scope="module")
def scan() -> Scan:
    return make_scan(7, noise_um=0.05)


@pytest.fixture(scope="module")
def mark(scan: Scan) -> Mark:
    return extract(scan)


def same(one: Mark, other: Mark) -> bool:
    return np.array_equal(one.surface, other.surface) and np.array_equal(one.valid, other.valid)


def difference(one: Mark, other: Mark) -> float:
    """RMS of the difference where both were measured, as a share of the relief."""
    both = one.valid & other.valid
    assert both.sum() > 0.95 * max(one.valid.sum(), other.valid.sum())
    return float((one.surface - other.surface)[both].std() / one.surface[both].std())


def test_a_mark_is_what_its_docstring_says(scan, mark):
    assert mark.mark_type is MarkType.BREECH_FACE
    assert mark.kind is scan.kind
    assert mark.provenance is scan.provenance
    side = round(PARAMS.frame_um / PARAMS.working_pitch_um)
    assert mark.surface.shape == mark.valid.shape == (side, side)
    assert (mark.surface.dtype, mark.valid.dtype) == (np.float32, np.bool_)
    assert mark.pitch_um == PARAMS.working_pitch_um
    assert (mark.surface[~mark.valid] == 0.0).all()
    area_um2 = mark.valid.sum() * mark.pitch_um**2
    assert area_um2 == pytest.approx(scan.valid.sum() * 100.0, rel=0.01)


def test_the_frame_lies_on_the_outline_s_circle():
    for off in ((0.0, 0.0), (-60.0, 85.0)):
        middle = (np.array(make_scan().shape) - 1) / 2.0 * 10.0 + off
        assert middle_um(extract(make_scan(outline_um=off))) == pytest.approx(middle, abs=2.0)


def test_offset_and_tilt_change_nothing(scan, mark):
    tilted = extract(scaled(scan, plane=(-55.0, 0.11, -0.07)))
    assert difference(mark, tilted) < 1e-5  # heights of 80 um in float32


@pytest.mark.parametrize("factor", [0.1, 1000.0])
def test_heights_scale_through(scan, mark, factor):
    (times,) = extract_marks(scaled(scan, factor), ANY_RELIEF)
    assert np.abs(times.surface / factor - mark.surface).max() < 1e-4


@pytest.mark.parametrize("garbage", [1e6, -3.0])
def test_what_was_not_measured_takes_no_part(scan, mark, garbage):
    dirty = with_garbage(scan.values, scan.valid, garbage)
    assert same(mark, extract(dataclasses.replace(scan, values=dirty)))


def test_what_a_person_left_out_takes_no_part(scan):
    outlined = np.hypot(*(np.indices(scan.shape) - 180.0)) > 80.0
    by_hand = dataclasses.replace(scan, mark_valid=outlined)
    cut_out = dataclasses.replace(scan, valid=scan.valid & outlined)
    assert same(extract(by_hand), extract(cut_out))


@pytest.mark.parametrize("pad", [((0, 0), (0, 37)), ((13, 4), (0, 0)), ((50, 50), (50, 50))])
def test_an_empty_margin_changes_nothing(scan, mark, pad):
    wider = dataclasses.replace(
        scan, values=np.pad(scan.values, pad), valid=np.pad(scan.valid, pad)
    )
    padded = extract(wider)
    assert middle_um(padded) - middle_um(mark) == pytest.approx(
        [10.0 * pad[0][0], 10.0 * pad[1][0]]
    )
    assert np.array_equal(padded.valid, mark.valid)
    assert np.abs(padded.surface - mark.surface).max() < 1e-4


@pytest.mark.parametrize("pitch_um", [(10.0, 5.0), (5.0, 10.0), (8.0, 12.0)])
def test_unlike_pitches_give_the_mark_of_square_ones(pitch_um):
    square = extract(make_scan(7))
    other = extract(make_scan(7, pitch_um=pitch_um))
    assert difference(square, other) < 0.04  # centres a few um apart, and bilinear samples


def test_a_pitch_twice_as_coarse_gives_nearly_the_same_mark():
    fine, coarse = (extract(make_scan(7, pitch_um=(p, p))) for p in (6.25, 12.5))
    assert difference(fine, coarse) < 0.12


def test_only_the_band_is_left(mark):
    """The form of the scan is gone, and what the marks are compared by is not."""
    domed = make_scan(7)
    rows, cols = np.indices(domed.shape) - 180.0
    dome = 10.0 * (rows**2 + cols**2) / 170.0**2
    plain = extract(domed)
    bent = extract(
        dataclasses.replace(domed, values=(domed.values + dome * domed.valid).astype(np.float32))
    )
    deep = np.hypot(*(np.indices(plain.valid.shape) - 191.5)) * plain.pitch_um
    inner = plain.valid & (deep > 900.0) & (deep < 1350.0)  # a form wavelength off every edge
    assert (bent.surface - plain.surface)[inner].std() < 0.1
    assert plain.surface[inner].std() > 0.3


def test_noise_from_pixel_to_pixel_is_smoothed():
    quiet, noisy = (extract(make_scan(7, pitch_um=(6.25, 6.25), noise_um=n)) for n in (0.0, 1.0))
    both = quiet.valid & noisy.valid
    # Pixels of 6.25 um over a Gaussian of 7.5 um: 0.23 of white noise is left, 0.67 without it.
    assert (noisy.surface - quiet.surface)[both].std() < 0.3


def test_the_relief_of_a_whole_head_is_refused(scan):
    rows = np.indices(scan.shape)[0]
    step = np.where(rows < 150, 0.0, 120.0)
    values = np.where(scan.valid, scan.values + step, 0.0).astype(np.float32)
    head = dataclasses.replace(scan, values=values, mark_valid=scan.valid)
    with pytest.raises(ScanError, match=r"made\.x3p: a relief of \d+ um remains .* at most 80"):
        extract(head)
    extract_marks(head, ANY_RELIEF)


def test_each_step_is_traced(scan):
    trace = Trace()
    extract_marks(scan, trace=trace)
    assert [stage for stage, _ in trace][-3:] == ["levelled", "band_passed", "resampled"]
