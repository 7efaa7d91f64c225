"""Why a pair has its score: every cell with its reason, the reasons counted, the parts added up."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from mark_makers import make_scan

from ribin.comparison import CellFit, Comparison, ScorePart
from ribin.model import MarkType
from ribin.params.defaults import DecideParams
from ribin.pipeline import compare_marks, describe_mark, extract_marks, look_again
from ribin.report.explanation import cell_rows, comparison_text
from ribin.report.pictures import Motion, cell_corners, fallen_corners, laid_by

MOTION = Motion(170.0, (60.0, -90.0))
LIMITS = DecideParams(min_ccf=0.4, max_place_um=75.0, max_angle_deg=5.0)
PARTS = (ScorePart("agreement", 14.25, 50.5), ScorePart("congruent cells", 0.5, 7.5))


def fit(direction, center_um, away_um=(0.0, 0.0), turn_deg=0.0, ccf=0.5, reason=""):
    """A cell that fell `away_um` (seen on the comparison) from its place, turned `turn_deg` off.

    `turn_deg` is against the motion, of reference onto comparison, whichever side was cut.
    """
    center, away = np.array(center_um), np.array(away_um)
    if direction == "forward":
        fell, rotation = MOTION.apply(center[None])[0] + away, MOTION.rotation_deg + turn_deg
    else:
        fell, rotation = MOTION.undo((center - away)[None])[0], -MOTION.rotation_deg - turn_deg
    rotation = (rotation + 180.0) % 360.0 - 180.0
    shift = tuple((fell - center).tolist())
    return CellFit(direction, center_um, shift, rotation, ccf, 1.0, not reason, reason)


FITS = (
    fit("forward", (800.0, 300.0), (3.0, 4.0), 1.5, 0.61),
    fit("forward", (0.0, 0.0), (60.0, 80.0), 2.0, 0.55, reason="place"),
    fit("forward", (-800.0, 100.0), ccf=0.72),
    fit("forward", (-900.0, 0.0), ccf=math.nan, reason="surface"),
    fit("backward", (-500.0, 0.0), (500.0, 0.0), -40.0, 0.21, reason="correlation"),
    fit("backward", (500.0, -200.0), (0.0, -8.0), -2.5, 0.81),
    fit("backward", (-600.0, 0.0), (0.0, 9.0), 20.0, 0.47, reason="angle"),
)
RESULT = Comparison(
    reference="JAM 1",
    comparison="BLZ 2",
    mark=MarkType.BREECH_FACE,
    cells=6,
    cmc=3.0,
    cmc_fraction=0.5,
    ccf=0.4,
    score=58.0,
    score_parts=PARTS,
    rotation_deg=MOTION.rotation_deg,
    shift_um=MOTION.shift_um,
    cell_fits=FITS,
    params_id="p" * 12,
    version="9.9",
)


def words(section):
    """The lines of a table, each as its words."""
    return [line.split() for line in section.splitlines()]


def test_each_cell_has_a_row_congruent_ones_first_from_the_top_down():
    assert [(r.cut_from, r.number, r.center_um, r.outcome) for r in cell_rows(RESULT)] == [
        ("reference", 1, (-800.0, 100.0), "congruent"),
        ("reference", 2, (800.0, 300.0), "congruent"),
        ("reference", 3, (-900.0, 0.0), "surface"),
        ("reference", 4, (0.0, 0.0), "place"),
        ("comparison", 1, (500.0, -200.0), "congruent"),
        ("comparison", 2, (-600.0, 0.0), "angle"),
        ("comparison", 3, (-500.0, 0.0), "correlation"),
    ]


def test_distance_and_turn_are_against_the_motion_from_either_side():
    found = {(r.cut_from, r.number): (r.away_um, r.turn_deg) for r in cell_rows(RESULT)}
    unmeasured = found.pop(("reference", 3))
    assert all(math.isnan(figure) for figure in unmeasured)
    expected = {
        ("reference", 1): (0.0, 0.0),
        ("reference", 2): (5.0, 1.5),
        ("reference", 4): (100.0, 2.0),
        ("comparison", 1): (8.0, -2.5),
        ("comparison", 2): (9.0, 20.0),  # 190 degrees: across the cut at 180
        ("comparison", 3): (500.0, -40.0),
    }
    assert found.keys() == expected.keys()
    for cell, figures in expected.items():
        assert found[cell] == pytest.approx(figures, abs=1e-9), cell


def test_sections_stand_in_their_order():
    sections = comparison_text(RESULT, LIMITS).split("\n\n")
    assert [" ".join(section.split("\n")[0].split()) for section in sections] == [
        "reference JAM 1",
        "cells of the reference, then of the comparison; um down and right from the centre of "
        "their mark,",
        "cells reference comparison meaning",
        "part of the score value points",
        "score 58.000 of at most 100",
    ]
    head, end = sections[0], sections[-1]
    assert words(head)[1:] == [["comparison", "BLZ", "2"], ["mark", "breech", "face"]]
    assert [" ".join(line) for line in words(end)] == [
        "score 58.000 of at most 100",
        "congruent cells 3 of 6 (0.500)",
        "ccf 0.400 of the whole marks in the fine band",
        "placement reference turned 170.0 degrees counter-clockwise, "
        "shifted 60 um down, 90 um left",
        "method parameters pppppppppppp, ribin 9.9",
    ]


def test_a_turn_is_read_with_its_hand_and_no_figure_is_less_than_zero_by_rounding():
    turned = dataclasses.replace(RESULT, rotation_deg=-17.2)
    assert "turned 17.2 degrees clockwise" in comparison_text(turned, LIMITS)
    assert "-0.0" not in comparison_text(RESULT, LIMITS)


def test_what_is_left_out_stands_with_the_marks_that_it_is_of():
    head = comparison_text(RESULT, LIMITS, "reference: dust 0.08").split("\n\n")[0]
    assert " ".join(words(head)[-1]) == "left out reference: dust 0.08"


def test_the_table_of_cells_shows_the_figures_of_every_row():
    cells = "\n".join(comparison_text(RESULT, LIMITS).split("\n\n")[1].splitlines()[2:])
    assert words(cells)[1:] == [
        ["1", "reference", "-800", "100", "0.720", "0", "0.0", "congruent"],
        ["2", "reference", "800", "300", "0.610", "5", "1.5", "congruent"],
        ["3", "reference", "-900", "0", "-", "-", "-", "surface"],
        ["4", "reference", "0", "0", "0.550", "100", "2.0", "place"],
        ["1", "comparison", "500", "-200", "0.810", "8", "-2.5", "congruent"],
        ["2", "comparison", "-600", "0", "0.470", "9", "20.0", "angle"],
        ["3", "comparison", "-500", "0", "0.210", "500", "-40.0", "correlation"],
    ]
    assert len({line.rindex(line.split()[-1]) for line in cells.splitlines()}) == 1, "lines up"


def test_outcomes_are_counted_by_side_and_say_the_limit_that_was_missed():
    outcomes = comparison_text(RESULT, LIMITS).split("\n\n")[2]
    assert [" ".join(row) for row in words(outcomes)[1:]] == [
        "congruent 2 1 within all limits",
        "correlation 0 1 ccf below 0.4",
        "place 1 0 more than 75 um from where the others fell",
        "angle 0 1 turned more than 5 degrees against the others",
        "surface 1 0 too little measured on both sides; not counted",
    ]


def test_the_parts_add_up_to_the_score():
    parts = comparison_text(RESULT, LIMITS).split("\n\n")[3]
    assert [" ".join(row) for row in words(parts)[1:]] == [
        "agreement 14.250 50.500",
        "congruent cells 0.500 7.500",
        "sum - 58.000",
    ]


def test_a_note_stands_last():
    noted = dataclasses.replace(RESULT, note="agrees better mirrored")
    last = comparison_text(noted, LIMITS).splitlines()[-1]
    assert " ".join(last.split()) == "NOTE agrees better mirrored"
    assert "NOTE" not in comparison_text(RESULT, LIMITS)


def test_a_pair_that_was_not_compared_shows_its_reason_and_no_figures():
    nan = math.nan
    not_compared = dataclasses.replace(
        RESULT,
        **dict.fromkeys(("cmc", "cmc_fraction", "ccf", "score", "rotation_deg"), nan),
        shift_um=(nan, nan),
        cell_fits=(),
        score_parts=(),
        reason="4 valid cells, 8 needed",
    )
    text = comparison_text(not_compared, LIMITS)
    assert words(text)[-1] == ["not", "compared", "4", "valid", "cells,", "8", "needed"]
    assert [line[0] for line in words(text)] == [
        *("reference", "comparison", "mark"),
        *("method", "not"),
    ]
    assert "nan" not in text


@pytest.mark.parametrize("turned_deg", [0.0, 25.0])
def test_cells_of_a_mirrored_pair_lie_on_the_marks_as_they_were_read(turned_deg):
    """Both ways round and from both sides: placed and turned as the whole, most of each shared."""
    own, other = make_scan(), make_scan(rotation_deg=turned_deg)
    other = dataclasses.replace(
        other,
        values=np.ascontiguousarray(other.values[:, ::-1]),
        valid=np.ascontiguousarray(other.valid[:, ::-1]),
    )
    marks = extract_marks(own)[0], extract_marks(other)[0]
    for pair in (marks, marks[::-1]):
        templates = [describe_mark(mark) for mark in pair]
        found = look_again(*templates, compare_marks(*templates).score)
        assert found is not None
        assert found.mirrored
        for side in ("reference", "comparison"):
            rows = [r for r in cell_rows(found, pair, 400.0) if r.cut_from == side]
            rows = [row for row in rows if row.outcome == "congruent"]
            assert len(rows) > 30
            assert np.mean([row.away_um for row in rows]) < 20.0
            assert np.mean([abs(row.turn_deg) for row in rows]) < 2.0
            assert np.mean([row.shared for row in rows]) > 0.85
        motion = laid_by(found)
        for one in found.cell_fits:
            if one.congruent:
                upright = cell_corners(one.center_um, 400.0)
                laid = motion.apply if one.direction == "forward" else motion.undo
                away = laid(upright)[:, None] - fallen_corners(one, 400.0)[None]
                assert np.hypot(*away.T).min(axis=0).max() < 60.0, "drawn as the whole lies"
