"""What a person says replaces what would be found, and is written down."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ribin.errors import ParameterError, ScanError
from ribin.extract.outlines import (
    CircleOutline,
    outline_by_circles,
    parse_circle,
    set_outlines,
    unfold_replica,
)
from ribin.model import MarkType, Provenance, Scan, ScanKind
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.pipeline import compare_marks, describe_mark, extract_marks, look_again
from ribin.report.pictures import laid_by
from ribin.synth.cartridge import fire
from ribin.synth.firearm import make_firearm

BREECH_FACE, FIRING_PIN = MarkType.BREECH_FACE, MarkType.FIRING_PIN


@pytest.fixture(scope="module")
def shots() -> tuple[Scan, Scan]:
    """Two scans of one firearm."""
    firearm = make_firearm(5)
    return fire(firearm, 1), fire(firearm, 2)


def small_scan() -> Scan:
    values = np.arange(60 * 80, dtype=np.float32).reshape(60, 80)
    provenance = Provenance("made.x3p", "0" * 64, 1, "test")
    return Scan(values, np.ones((60, 80), bool), 5.0, 5.0, ScanKind.TOPOGRAPHY, provenance)


def test_a_circle_as_written():
    assert parse_circle("breech_face:30,40.5,20,8") == CircleOutline(BREECH_FACE, 30, 40.5, 20, 8)
    assert parse_circle("firing_pin:1,2,3").inner == 0.0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("primer:1,2,3", "MARK one of breech_face, firing_pin, ejector, found 'primer:1,2,3'"),
        ("breech_face:1,2", "found 'breech_face:1,2'"),
        ("breech_face:1,2,x", "found 'breech_face:1,2,x'"),
        ("breech_face:1,2,nan", "found 'breech_face:1,2,nan'"),
        ("breech_face:1,2,3,4", "INNER from 0 to below RADIUS needed"),
    ],
)
def test_a_circle_that_cannot_be(text, complaint):
    with pytest.raises(ParameterError, match=complaint):
        parse_circle(text)


def test_circles_replace_outlines_and_say_who_and_why():
    scan = dataclasses.replace(small_scan(), mark_valid=np.ones((60, 80), bool))
    circles = [parse_circle("breech_face:30,40,20,8"), parse_circle("firing_pin:30,40,6")]
    corrected = outline_by_circles(scan, circles, "J. Brown", "flowback")
    rows, cols = np.indices((60, 80))
    away = np.hypot(rows - 30, cols - 40)
    assert np.array_equal(corrected.mark_valid, (away <= 20) & (away >= 8))
    assert np.array_equal(corrected.outlines[FIRING_PIN], away <= 6)
    assert corrected.provenance.notes == (
        "Breech face outlined by circle 30,40,20,8 px by J. Brown: flowback.",
        "Firing pin outlined by circle 30,40,6,0 px by J. Brown: flowback.",
    )


def test_a_circle_off_the_scan_and_an_outline_of_another_shape_are_refused():
    with pytest.raises(ScanError, match="ejector lies outside the scan of 60 x 80 pixels"):
        outline_by_circles(small_scan(), [parse_circle("ejector:500,500,20")])
    with pytest.raises(ScanError, match="of 60 x 80 pixels needed, found 80 x 60"):
        set_outlines(small_scan(), {FIRING_PIN: np.ones((80, 60), bool)})


def test_unfolding_a_cast_twice_gives_the_scan_back(shots):
    scan = dataclasses.replace(shots[0], mark_valid=shots[0].valid.copy())
    twice = unfold_replica(unfold_replica(scan, "A", "B"))
    assert np.array_equal(twice.values, scan.values)
    assert np.array_equal(twice.valid, scan.valid)
    assert np.array_equal(twice.mark_valid, scan.mark_valid)
    assert twice.provenance.notes[0] == "Declared a cast, mirrored and inverted by A: B."


def test_a_declared_cast_scores_as_the_case_itself(shots):
    reference, case = (extract_marks(scan)[0] for scan in shots)
    cast = unfold_replica(shots[1])  # what an instrument would see of a cast
    (declared,) = extract_marks(unfold_replica(cast))
    scores = [
        compare_marks(describe_mark(reference), describe_mark(mark)).score
        for mark in (case, declared)
    ]
    assert scores[0] > 60.0
    assert scores[1] == pytest.approx(scores[0], abs=1.0)


@pytest.mark.parametrize("rows_too", [False, True])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_undeclared_mirror_image_is_said(shots, rows_too, sign):
    flip = np.s_[::-1, :] if rows_too else np.s_[:, ::-1]
    wrong = dataclasses.replace(
        shots[1],
        values=np.ascontiguousarray(sign * shots[1].values[flip], np.float32),
        valid=np.ascontiguousarray(shots[1].valid[flip]),
    )
    reference = describe_mark(extract_marks(shots[0])[0])
    other = describe_mark(*extract_marks(wrong))
    low = compare_marks(reference, other)
    found = look_again(reference, other, low.score)
    assert found is not None
    cast = " and inverted, as a cast" if sign < 0 else ""
    assert f"agrees mirrored{cast}: check how the scans were made" in found.note
    assert found.mirrored
    assert found.scale == 1.0
    assert found.score > 80.0 > 40.0 > low.score
    assert found.score_parts[-1].contribution == -DEFAULT_PARAMS.looks.points
    assert found.score == pytest.approx(sum(part.contribution for part in found.score_parts))
    # The motion lays the mirrored reference on the comparison, and the cells on each other.
    laid = laid_by(found)
    for fit in found.cell_fits:
        if fit.congruent and fit.direction == "forward":
            center = np.array([fit.center_um])
            fell = center[0] + fit.shift_um
            assert np.hypot(*(laid.apply(center)[0] - fell)) < 61.0
    back = look_again(other, reference, low.score)
    assert back is not None
    assert (back.score, back.mirrored) == (found.score, True)


@pytest.mark.parametrize("scale", [0.93, 0.95, 1.05, 1.075, 1.10])
def test_a_wrong_pitch_is_said(shots, scale):
    wrong = dataclasses.replace(
        shots[1],
        row_pitch_um=scale * shots[1].row_pitch_um,
        col_pitch_um=scale * shots[1].col_pitch_um,
    )
    reference = describe_mark(extract_marks(shots[0])[0])
    other = describe_mark(*extract_marks(wrong))
    low = compare_marks(reference, other)
    found = look_again(reference, other, low.score)
    if low.score >= DEFAULT_PARAMS.looks.low_score:
        assert found is None
    else:
        assert found is not None
        assert found.score > max(60.0, low.score)
        assert found.scale == pytest.approx(scale, rel=0.02)
        assert ("smaller" if scale < 1.0 else "larger") in found.note
        assert "check the pitch of both scans" in found.note
        back = look_again(other, reference, low.score)
        assert back is not None
        assert back.score == found.score
        assert back.scale == pytest.approx(1.0 / found.scale)


def test_a_mate_and_a_non_mate_get_no_note(shots):
    other = extract_marks(fire(make_firearm(6), 1))[0]
    mate = extract_marks(shots[1])[0]
    reference = describe_mark(extract_marks(shots[0])[0])
    result = compare_marks(reference, describe_mark(mate))
    assert look_again(reference, describe_mark(mate), result.score) is None
    stranger = describe_mark(other)
    result = compare_marks(reference, stranger)
    found = look_again(reference, stranger, result.score)
    assert found is None or found.score < 40.0


def doubled(plane):
    return np.repeat(np.repeat(plane, 2, axis=0), 2, axis=1)


MOVES = {
    "turned": (np.rot90, np.rot90, 1.0),
    "transposed": (np.transpose, np.transpose, 1.0),
    "mirrored": (np.flipud, np.flipud, 1.0),
    "cropped beside the mark": (lambda a: a[3:, :-2], lambda a: a, 1.0),
    "resampled": (doubled, lambda a: a, 0.5),
}


@pytest.mark.parametrize("how", MOVES)
def test_an_outline_moves_with_its_scan(shots, how):
    """Of a scan that is measured beyond its mark, the same surface is taken wherever it lies."""
    moved, expected, pitch_factor = MOVES[how]
    scan = shots[0]
    beyond = np.where(scan.valid, scan.values, np.float32(40.0))
    whole = dataclasses.replace(
        scan, values=beyond, valid=np.ones(scan.shape, bool), mark_valid=scan.valid
    )
    copy = dataclasses.replace(
        whole,
        values=np.ascontiguousarray(moved(whole.values)),
        valid=np.ascontiguousarray(moved(whole.valid)),
        mark_valid=np.ascontiguousarray(moved(scan.valid)),
        row_pitch_um=scan.row_pitch_um * pitch_factor,
        col_pitch_um=scan.col_pitch_um * pitch_factor,
    )
    original, again = (extract_marks(s)[0] for s in (whole, copy))
    valid, surface = expected(original.valid), expected(original.surface)
    both = valid & again.valid
    assert both.sum() > 0.98 * (valid | again.valid).sum()
    assert np.corrcoef(surface[both], again.surface[both])[0, 1] > 0.95
    cut_out = dataclasses.replace(copy, valid=copy.mark_valid, mark_valid=None)
    assert np.array_equal(extract_marks(cut_out)[0].valid, again.valid)
