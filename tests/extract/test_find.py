"""The outline of a breech face: its area, and the circle on which its outer edge lies."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from mark_makers import INNER_UM, OUTER_UM, make_scan

from ribin.errors import ScanError
from ribin.extract.find import find_regions, measured_region, outline_circle
from ribin.model import MarkType, Origin, Verdict
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.pipeline import judge_marks, usable_marks

CENTER_UM = np.array([1853.0, 1918.0])
WHOLE, HALF, THIRD = 360.0, 180.0, 120.0


def part_of_ring(
    first_deg: float,
    extent_deg: float,
    pitch_um: tuple[float, float] = (10.0, 10.0),
    ragged: float = 0.0,
    seed: int = 0,
) -> np.ndarray:
    """A ring from one direction on, its outer edge waving by `ragged` of the radius (RMS)."""
    size = [int(3750.0 / pitch) for pitch in pitch_um]
    rows, cols = np.indices(size)
    y, x = rows * pitch_um[0] - CENTER_UM[0], cols * pitch_um[1] - CENTER_UM[1]
    angle = np.arctan2(-y, x)
    edge = np.zeros(angle.shape)
    if ragged:
        waves = np.arange(1, 40)
        phases = np.random.default_rng(seed).uniform(0.0, 2.0 * np.pi, len(waves))
        for wave, phase in zip(waves, phases, strict=True):
            edge += np.sin(wave * angle + phase) / np.sqrt(len(waves) / 2.0)
    distance = np.hypot(y, x)
    inside = (distance <= OUTER_UM * (1.0 + ragged * edge)) & (distance >= INNER_UM)
    return inside & ((np.rad2deg(angle) - first_deg) % 360.0 < extent_deg)


def miss(inside: np.ndarray, pitch_um: tuple[float, float] = (10.0, 10.0)) -> float:
    """How far centre or radius are off, as a share of the radius."""
    row, col, radius = outline_circle(inside, pitch_um)
    apart = float(np.hypot(row - CENTER_UM[0], col - CENTER_UM[1]))
    return max(apart, abs(radius - OUTER_UM)) / OUTER_UM


@pytest.mark.parametrize("first_deg", [0.0, 77.0, 200.0, 315.0])
@pytest.mark.parametrize(("extent_deg", "limit"), [(WHOLE, 0.001), (HALF, 0.005), (THIRD, 0.015)])
def test_a_part_is_enough(extent_deg, limit, first_deg):
    assert miss(part_of_ring(first_deg, extent_deg)) < limit


@pytest.mark.parametrize(("extent_deg", "limit"), [(WHOLE, 0.01), (HALF, 0.025), (THIRD, 0.06)])
def test_a_ragged_edge_is_followed_within(extent_deg, limit):
    for seed in range(3):
        assert miss(part_of_ring(77.0, extent_deg, ragged=0.01, seed=seed)) < limit


@pytest.mark.parametrize("pitch_um", [(7.0, 14.0), (10.0, 5.0), (20.0, 20.0)])
def test_any_pitch_gives_the_same_circle(pitch_um):
    assert miss(part_of_ring(0.0, HALF, pitch_um), pitch_um) < 0.01


def test_the_same_circle_every_time():
    inside = part_of_ring(77.0, HALF, ragged=0.01)
    assert outline_circle(inside, (10.0, 10.0)) == outline_circle(inside, (10.0, 10.0))


def test_what_lies_on_no_circle_has_the_middle_of_its_frame():
    inside = np.zeros((200, 300), bool)
    inside[20:180, 30:290] = True
    row, col, radius = outline_circle(inside, (2.0, 3.0))
    # A box has four corners: the circle through them, or half its longer side.
    assert (row, col) == pytest.approx((2.0 * 99.5, 3.0 * 159.5), abs=1.0)
    assert 0.5 * 3.0 * 259 - 1.0 <= radius <= 0.5 * np.hypot(2.0 * 159, 3.0 * 259) + 1.0


def test_a_person_s_outline_cuts():
    scan = make_scan()
    upper = np.zeros(scan.shape, bool)
    upper[: scan.shape[0] // 2] = True
    (drawn,) = find_regions(dataclasses.replace(scan, mark_valid=upper), DEFAULT_PARAMS)
    assert np.array_equal(drawn.inside, scan.valid & upper)
    (cut_out,) = find_regions(scan, DEFAULT_PARAMS)
    assert np.array_equal(cut_out.inside, scan.valid)


def test_too_little_is_refused_with_its_area():
    scan = make_scan(source="small.x3p")
    area_mm2 = scan.valid.sum() * 1e-4
    whole = (scan, MarkType.BREECH_FACE, scan.valid, Origin.CUT_OUT)
    measured_region(*whole, area_mm2 - 0.01)
    message = rf"small\.x3p: {area_mm2:.2f} mm2 of breech face measured, 50 needed"
    with pytest.raises(ScanError, match=message):
        measured_region(*whole, 50.0)


def outlined(scan, share: float):
    """The scan with an outline of a sector that has this share of its rows, from the middle."""
    inside = np.zeros(scan.shape, bool)
    middle, half = scan.shape[0] // 2, round(0.5 * share * scan.shape[0])
    inside[middle - half : middle + half] = True
    return dataclasses.replace(scan, mark_valid=inside)


def test_an_outline_that_leaves_little_of_a_mark_is_said():
    scan = make_scan()
    for share, said in ((0.1, True), (0.5, False), (1.0, False)):
        part = outlined(scan, share)
        (face,) = find_regions(part, DEFAULT_PARAMS)
        assert (face.kept_share < 0.15) is said
        (judged,) = judge_marks(part)
        reasons = [reason for reason in judged.quality.reasons if "the outline keeps" in reason]
        assert bool(reasons) is said
        if said:
            assert judged.quality.verdict is not Verdict.USABLE
            assert reasons == [
                f"the outline keeps {face.kept_share:.2f} of the breech face that is seen, at "
                "least 0.15 needed"
            ]
            assert reasons[0] in " ".join(usable_marks([judged], keep_unusable=True).notes)
