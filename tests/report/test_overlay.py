"""Pictures: cells are drawn on the features they name, on both sides."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from ribin.comparison import CellFit, Comparison
from ribin.errors import ParameterError
from ribin.model import Mark, MarkType, Provenance, ScanKind
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.report.explanation import cell_rows, shared_surface
from ribin.report.pictures import (
    CONGRUENT,
    NOT_CONGRUENT,
    Frame,
    Motion,
    cell_corners,
    draw_cells,
    draw_overlay,
    fallen_corners,
    light_shown,
    mark_grey,
    sampled_picture,
    shade_surface,
    write_overlay,
)
from ribin.services.marks import Asker
from ribin.services.pair import prepare_pair

SIZE, PITCH_UM, CELL_UM = 160, 20.0, 400.0
MOTION = Motion(12.0, (60.0, -90.0))


def ring():
    rows, cols = np.indices((SIZE, SIZE)) - (SIZE - 1) / 2
    radius = np.hypot(rows, cols)
    return (radius < 0.48 * SIZE) & (radius > 0.2 * SIZE)


def mark(surface):
    valid = ring()
    return Mark(
        mark_type=MarkType.BREECH_FACE,
        kind=ScanKind.TOPOGRAPHY,
        surface=np.where(valid, surface, 0).astype(np.float32),
        valid=valid,
        pitch_um=PITCH_UM,
        origin_um=(0.0, 0.0),
        provenance=Provenance("case.x3p", "0" * 64, 1, "test"),
    )


@pytest.fixture(scope="module")
def pair():
    """A surface, and the same one moved by MOTION."""
    field = gaussian_filter(np.random.default_rng(3).normal(size=(2 * SIZE, 2 * SIZE)), 3)
    points = Frame(PITCH_UM, (SIZE, SIZE)).grid_um().reshape(-1, 2)

    def sampled(at_um):
        values = map_coordinates(field, (at_um / PITCH_UM + SIZE).T, order=1)
        return values.reshape(SIZE, SIZE)

    return mark(sampled(points)), mark(sampled(MOTION.undo(points)))


def comparison(fits, **changes):
    values = {
        "reference": "JAM 1",
        "comparison": "BLZ 2",
        "mark": MarkType.BREECH_FACE,
        "cells": len(fits),
        "cmc": float(sum(f.congruent for f in fits)),
        "cmc_fraction": 0.5,
        "ccf": 0.4,
        "score": 0.7,
        "score_parts": (),
        "rotation_deg": MOTION.rotation_deg,
        "shift_um": MOTION.shift_um,
        "cell_fits": tuple(fits),
        "params_id": "p",
        "version": "v",
    }
    return Comparison(**{**values, **changes})


def fit(center_um, congruent=True, direction="forward"):
    fallen = MOTION.apply(np.array([center_um]))[0]
    shift = (fallen[0] - center_um[0], fallen[1] - center_um[1])
    reason = "" if congruent else "place"
    return CellFit(direction, center_um, shift, MOTION.rotation_deg, 0.6, 1.0, congruent, reason)


def test_a_turn_is_counter_clockwise_as_displayed():
    right_of_centre = np.array([[0.0, 1.0]])
    assert Motion(90.0, (0.0, 0.0)).apply(right_of_centre) == pytest.approx(
        np.array([[-1.0, 0.0]]), abs=1e-12
    )


def test_undo_takes_a_motion_back():
    points = np.random.default_rng(0).normal(size=(9, 2))
    assert MOTION.undo(MOTION.apply(points)) == pytest.approx(points, abs=1e-9)


def test_a_congruent_cell_falls_on_its_own_place():
    back = MOTION.undo(fallen_corners(fit((800.0, 300.0)), CELL_UM))
    assert back == pytest.approx(cell_corners((800.0, 300.0), CELL_UM), abs=1e-9)


def test_both_sides_show_the_same_features_in_the_same_place(pair):
    picture = draw_overlay(*pair, comparison([]), CELL_UM)
    left, right = picture[:600, :640, 0], picture[:600, 656:1296, 0]
    both = (left < 255) & (right < 255)
    assert both.sum() > 50_000
    assert np.corrcoef(left[both], right[both])[0, 1] > 0.9


def test_cells_are_drawn_on_both_sides_in_two_styles(pair):
    fits = [fit((900.0, 0.0)), fit((-900.0, 0.0), congruent=False)]
    picture = draw_overlay(*pair, comparison(fits), CELL_UM)
    for side in (picture[:640, :640], picture[:640, 656:]):
        middle = 320
        blue = (side == CONGRUENT).all(axis=2)
        orange = (np.abs(side.astype(int) - NOT_CONGRUENT) < 60).all(axis=2)  # thin, so blended
        assert blue[middle:].sum() > 300
        assert not blue[:middle].any()
        assert orange[:middle].sum() > 30
        assert not orange[middle:].any()
    # a congruent cell lies on the same place of both sides once the motion is undone
    places = [
        np.argwhere((side == CONGRUENT).all(axis=2)).mean(axis=0)
        for side in (picture[:640, :640], picture[:640, 656:])
    ]
    assert np.abs(places[0] - places[1]).max() < 2


def cells_alone(places, um_a_px):
    """The cells of two empty panels of 640 pixels."""
    panels = tuple(np.full((640, 640, 3), 255, np.uint8) for _ in range(2))
    fits = [fit(place) for place in places]
    draw_cells(panels, Frame(um_a_px, (640, 640)), comparison(fits), CELL_UM)
    return [panel[..., 2].astype(int) - panel[..., 0] > 20 for panel in panels]


def test_a_cell_is_drawn_as_wide_as_it_is():
    for blue in cells_alone([(900.0, 0.0)], um_a_px=4.0):
        rows, cols = np.argwhere(blue).T
        assert np.ptp(rows) == np.ptp(cols) == pytest.approx(CELL_UM / 4.0, abs=4)


def test_cells_that_overlap_show_all_their_numbers():
    """Cells half a cell apart: no line of one crosses the number of another."""
    places = [(row, col) for row in (700.0, 900.0) for col in (-200.0, 0.0, 200.0)]
    for blue in cells_alone(places, um_a_px=5.0):
        for row, col in places:
            quarter = ((value - CELL_UM / 4) / 5.0 + 319.5 for value in (row, col))
            rows, cols = (slice(round(at) - 12, round(at) + 13) for at in quarter)
            number = blue[rows, cols]
            assert number.any()
            assert not np.concatenate([number[0], number[-1], number[:, 0], number[:, -1]]).any()


def test_the_share_of_a_cell_that_both_sides_measured(pair):
    whole = mark(np.ones((SIZE, SIZE)))
    whole = replace(whole, valid=np.ones((SIZE, SIZE), bool))
    half = replace(whole, valid=np.indices((SIZE, SIZE))[1] < SIZE / 2)
    here = fit((300.0, 0.0))._replace(shift_um=(0.0, 0.0), rotation_deg=0.0)
    assert shared_surface(whole, whole, here, CELL_UM) == 1.0
    assert shared_surface(half, whole, here, CELL_UM) == pytest.approx(0.5)
    assert shared_surface(whole, half, here, CELL_UM) == pytest.approx(0.5)
    moved = here._replace(shift_um=(0.0, 100.0))
    assert shared_surface(whole, half, moved, CELL_UM) == pytest.approx(0.25)
    assert shared_surface(half, half, moved, CELL_UM) == pytest.approx(0.25)
    beyond = here._replace(shift_um=(9000.0, 0.0))
    assert shared_surface(whole, whole, beyond, CELL_UM) == 0.0
    turned = here._replace(rotation_deg=90.0)
    assert shared_surface(half, half, turned, CELL_UM) == pytest.approx(0.25)
    assert np.isnan(shared_surface(whole, whole, here._replace(ccf=np.nan), CELL_UM))


def test_numbers_of_the_picture_are_those_of_the_table(pair, monkeypatch):
    fits = [
        fit((900.0, 0.0)),
        fit((-900.0, 0.0)),
        fit((0.0, 900.0), congruent=False),
        fit((-900.0, -100.0)),
        fit((-950.0, 0.0), direction="backward"),
    ]
    drawn = {}

    def draw_cell(panel, corners_px, congruent, label, for_print):
        drawn.setdefault(label, []).append(corners_px.mean(axis=0))

    monkeypatch.setattr("ribin.report.pictures.draw_cell", draw_cell)
    draw_overlay(*pair, comparison(fits), CELL_UM)
    rows = [r for r in cell_rows(comparison(fits)) if r.cut_from == "reference"]
    tabled = {str(r.number): r.center_um for r in rows if r.outcome == "congruent"}
    assert set(drawn) == {"", *tabled}
    middle_px = 319.5
    um_a_px = 1800.0 / (drawn["3"][0][0] - drawn["1"][0][0])
    for label, center_um in tabled.items():
        assert len(drawn[label]) == 2  # once on either side
        for place_px in drawn[label]:
            assert (place_px - middle_px) * um_a_px == pytest.approx(np.array(center_um), abs=1.0)


def test_backward_cells_are_not_drawn(pair):
    picture = draw_overlay(*pair, comparison([fit((900.0, 0.0), direction="backward")]), CELL_UM)
    assert not (picture == CONGRUENT).all(axis=2).any()


def test_a_pair_that_was_not_compared_still_has_a_picture(pair):
    nan = float("nan")
    result = comparison([], score=nan, rotation_deg=nan, shift_um=(nan, nan), reason="too small")
    assert draw_overlay(*pair, result, CELL_UM).shape[2] == 3


def test_depth_of_the_relief_does_not_change_the_shading(pair):
    surface, valid = pair[0].surface, pair[0].valid
    expected = shade_surface(surface, valid).astype(int)
    for factor in (0.1, 1000.0):
        shaded = shade_surface((surface * factor).astype(np.float32), valid)
        # the rim, where the surface falls to 0, may differ
        inner = cv2.erode(valid.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
        assert np.abs(shaded.astype(int) - expected)[inner].max() <= 1


def test_light_comes_from_above():
    rises_downward = np.repeat(np.arange(40, dtype=np.float32)[:, None], 40, axis=1)
    valid = np.ones((40, 40), bool)
    faces_up = shade_surface(rises_downward, valid)[20, 20]
    faces_down = shade_surface(-rises_downward, valid)[20, 20]
    assert faces_up > faces_down


def test_written_picture_reads_back(pair, tmp_path):
    picture = draw_overlay(*pair, comparison([fit((900.0, 0.0))]), CELL_UM)
    write_overlay(picture, tmp_path / "out.png")
    read = cv2.cvtColor(cv2.imread(str(tmp_path / "out.png")), cv2.COLOR_BGR2RGB)
    assert (read == picture).all()


def test_refused_names(pair, tmp_path):
    picture = np.zeros((2, 2, 3), np.uint8)
    with pytest.raises(ParameterError, match=r"out\.jpg: a name that ends in \.png needed"):
        write_overlay(picture, tmp_path / "out.jpg")
    with pytest.raises(ParameterError, match="cannot be written, No such file or directory"):
        write_overlay(picture, tmp_path / "no" / "out.png")


@pytest.mark.realdata
def test_real_marks_lie_on_each_other(fadul_dir):
    """The found motion, as drawn, lays the features of a real pair on each other."""
    paths = fadul_dir / "Fadul_1-1.x3p", fadul_dir / "Fadul_1-2.x3p"
    done = prepare_pair(*paths, Asker(DEFAULT_PARAMS))
    bare = replace(done.result, cell_fits=())
    turned_away = replace(bare, rotation_deg=-bare.rotation_deg)

    def agreement(result):
        picture = draw_overlay(done.reference.mark, done.comparison.mark, result, CELL_UM)
        left, right = picture[:600, :640, 0], picture[:600, 656:, 0]
        both = (left < 255) & (right < 255)
        return np.corrcoef(left[both], right[both])[0, 1]

    assert agreement(bare) > 0.3
    assert abs(agreement(turned_away)) < 0.1


def waves(points_um):
    """Heights of a smooth surface at (N, 2) points."""
    row, col = points_um.T / 40.0
    return np.sin(row + 0.4 * col) + np.cos(0.5 * col)


def test_a_turned_mark_is_shaded_without_a_lattice_of_its_own_pixels():
    """As the surface itself would be, also where a pixel of the mark is several of the picture."""
    coarse = Frame(PITCH_UM, (SIZE, SIZE)).grid_um().reshape(-1, 2)
    heights = waves(Motion(17.2, (0.0, 0.0)).undo(coarse))
    surface = heights.reshape(SIZE, SIZE).astype(np.float32)
    turned = replace(mark(surface), surface=surface, valid=np.ones((SIZE, SIZE), bool))
    fine = Frame(PITCH_UM / 3, (240, 240))
    points = fine.grid_um().reshape(-1, 2)
    picture, share = sampled_picture(turned, Motion(17.2, (0.0, 0.0)).apply(points), fine, 0.999)
    assert share.min() > 0.999
    expected = shade_surface(waves(points).reshape(240, 240).astype(np.float32), share > 0)
    away = np.abs(picture.astype(int) - expected)[2:-2, 2:-2]
    assert away.max() <= 3


def test_a_photograph_is_shown_as_it_was_lit(pair):
    photographs = [replace(one, kind=ScanKind.IMAGE) for one in pair]
    assert light_shown(*photographs) == "photographs as they were lit"
    assert light_shown(*pair) == "shaded by a light from the upper left"
    assert light_shown(pair[0], photographs[1]).startswith("the right one a photograph")
    inside = pair[0].valid
    grey = mark_grey(photographs[0])[inside]
    assert np.corrcoef(grey, pair[0].surface[inside])[0, 1] > 0.99
    frame = Frame(PITCH_UM, (SIZE, SIZE))
    points = frame.grid_um().reshape(-1, 2)
    sampled, _ = sampled_picture(photographs[0], points, frame, 0.999)
    assert np.abs(sampled[inside].astype(int) - grey).max() <= 1
