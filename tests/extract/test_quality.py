"""Figures that follow what was done to a scan, and verdicts with their reason."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import ndimage

from ribin.model import Quality, Scan, Verdict
from ribin.pipeline import find_marks, judge_mark
from ribin.read import read_scan
from ribin.synth.cartridge import fire
from ribin.synth.firearm import make_firearm
from ribin.synth.render import render_scan


@pytest.fixture(scope="module")
def scan() -> Scan:
    return fire(make_firearm(5), 1)


def judged(scan: Scan) -> Quality:
    return judge_mark(scan, find_marks(scan)[0])


def changed(scan: Scan, values: np.ndarray | None = None, valid: np.ndarray | None = None) -> Scan:
    return dataclasses.replace(
        scan,
        values=scan.values if values is None else values.astype(np.float32),
        valid=scan.valid if valid is None else valid,
    )


def test_a_good_scan_is_usable_without_reasons(scan):
    quality = judged(scan)
    assert (quality.verdict, quality.reasons) == (Verdict.USABLE, ())
    assert quality.coverage == 1.0
    assert quality.valid_share > 0.95


def test_noise_is_measured_and_counts(scan):
    clean = judged(scan)
    for sd_um, verdict in ((0.5, Verdict.POOR), (3.0, Verdict.UNUSABLE)):
        noise = np.random.default_rng(1).normal(0.0, sd_um, scan.shape)
        noisy = judged(changed(scan, scan.values + noise))
        assert noisy.noise_um == pytest.approx(np.hypot(sd_um, clean.noise_um), rel=0.1)
        assert noisy.verdict is verdict
        assert noisy.reasons[0].startswith("noisy: the relief is ")
        assert "times the noise, at least" in noisy.reasons[0]


def test_blur_is_measured_and_counts(scan):
    held = ndimage.gaussian_filter(scan.valid.astype(float), 12.0)
    smooth = ndimage.gaussian_filter(np.where(scan.valid, scan.values, 0.0), 12.0)
    smooth = np.where(scan.valid, smooth / np.maximum(held, 0.1), 0.0).astype(np.float32)
    blurred = judged(changed(scan, smooth))
    assert blurred.blur_um > 1.5 * judged(scan).blur_um
    assert blurred.verdict is not Verdict.USABLE
    assert any("finest detail" in reason for reason in blurred.reasons)


def test_holes_and_missing_directions_count(scan):
    rng = np.random.default_rng(2)
    holes = ndimage.binary_dilation(rng.random(scan.shape) < 0.004, iterations=5)
    holed = judged(changed(scan, valid=scan.valid & ~holes))
    assert holed.valid_share < judged(scan).valid_share - 0.15
    assert any("of the mark measured" in reason for reason in holed.reasons)

    rows, cols = np.indices(scan.shape) - np.array(scan.shape)[:, None, None] / 2.0
    third = judged(changed(scan, valid=scan.valid & (np.abs(np.arctan2(rows, cols)) < 1.0)))
    assert third.coverage < 0.5
    assert any("directions" in reason for reason in third.reasons)


def test_clipped_heights_count(scan):
    low, high = np.percentile(scan.values[scan.valid], [12, 88])
    clipped = judged(changed(scan, np.clip(scan.values, low, high)))
    assert clipped.saturation == pytest.approx(0.24, abs=0.02)
    assert clipped.verdict is Verdict.UNUSABLE
    assert any(reason.startswith("clipped: 0.2") for reason in clipped.reasons)


@pytest.mark.parametrize(
    ("exposure", "words"), [((0.0, 0.6), "overexposed: 0."), ((0.4, 1.0), "underexposed: 0.")]
)
def test_an_image_says_at_which_end_it_was_exposed_wrongly(scan, exposure, words):
    image = render_scan(scan)
    found = find_marks(image)[0]
    low, high = np.quantile(image.values[image.valid], exposure)
    quality = judge_mark(changed(image, np.clip(image.values, low, high)), found)
    assert quality.verdict is Verdict.UNUSABLE
    assert any(reason.startswith(words) for reason in quality.reasons)


def test_figures_scale_with_the_heights_and_shares_do_not(scan):
    one, ten = judged(scan), judged(changed(scan, 3.0 * scan.values))
    assert ten.relief_um == pytest.approx(3.0 * one.relief_um, rel=1e-3)
    assert ten.signal_to_noise == pytest.approx(one.signal_to_noise, rel=1e-3)
    assert ten.blur_um == pytest.approx(one.blur_um, rel=1e-3)


def test_the_sample_scans_are_usable(sample_dir):
    for path in sorted(sample_dir.glob("*.x3p"))[::6]:
        assert judged(read_scan(path)).verdict is Verdict.USABLE, path.name


@pytest.mark.realdata
def test_the_real_scans_are_usable(real_data):
    for path in sorted((real_data / "fadul").glob("*.x3p"))[::8]:
        assert judged(read_scan(path)).verdict is Verdict.USABLE, path.name
    assert judged(read_scan(real_data / "head3d" / "K013sA1.x3p")).verdict is Verdict.USABLE
