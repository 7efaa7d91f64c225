"""Outlines drawn by hand: circles and a brush give the pixels that a slow, plain drawing gives."""

from __future__ import annotations

import json

import numpy as np
import pytest
from mark_makers import make_scan

from ribin.errors import FormatError, ScanError
from ribin.extract.outlines import CircleOutline, outline_by_circles
from ribin.extract.strokes import (
    DrawnOutline,
    Stroke,
    decode_outlines,
    draw_strokes,
    outline_by_strokes,
    outline_polygons,
)
from ribin.model import MarkType

SHAPE = (90, 120)


def distance_to_line(points):
    """Of each pixel from a line through the points, slowly."""
    rows, cols = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    nearest = np.full(SHAPE, np.inf)
    for (r0, c0), (r1, c1) in zip(points, points[1:] or points, strict=False):
        for share in np.linspace(0, 1, 400):
            row, col = r0 + share * (r1 - r0), c0 + share * (c1 - c0)
            nearest = np.minimum(nearest, np.hypot(rows - row, cols - col))
    return nearest


def test_a_circle_is_a_disc_without_its_inner_part():
    drawn = draw_strokes(SHAPE, [Stroke("circle", [[40.0, 50.0]], 30.0, 12.0)])
    away = np.hypot(*(np.mgrid[: SHAPE[0], : SHAPE[1]] - np.array([40, 50])[:, None, None]))
    np.testing.assert_array_equal(drawn, (away <= 30) & (away > 12))


@pytest.mark.parametrize("points", [[[40.0, 50.0]], [[20.0, 20.0], [60.0, 90.0], [30.0, 100.0]]])
def test_a_brush_covers_what_lies_within_its_radius(points):
    drawn = draw_strokes(SHAPE, [Stroke("add", points, 7.0)])
    away = distance_to_line(points)
    assert drawn[away < 5.5].all()
    assert not drawn[away > 8.5].any()


def test_strokes_act_one_after_the_other_on_what_they_begin_with():
    start = np.zeros(SHAPE, bool)
    start[30:60, 30:60] = True
    erase, add = Stroke("erase", [[45.0, 45.0]], 6.0), Stroke("add", [[45.0, 45.0]], 3.0)
    drawn = draw_strokes(SHAPE, [erase, add], start)
    assert drawn[45, 45]
    assert not drawn[45, 50]
    assert drawn[32, 32]
    assert start[45, 50], "what it began with is left alone"


def test_places_outside_the_scan_are_cut_off():
    drawn = draw_strokes(SHAPE, [Stroke("circle", [[-5.0, 200.0]], 100.0)])
    assert drawn[0, -1]
    assert not drawn[0, 0]


def test_an_outline_of_nothing_or_of_what_was_not_found_is_refused():
    scan = make_scan(1)
    erase = DrawnOutline("ejector", [Stroke("erase", [[1.0, 1.0]], 3.0)])
    with pytest.raises(ScanError, match="outline of the ejector that holds a pixel needed"):
        outline_by_strokes(scan, erase, None)
    with pytest.raises(ScanError, match="an ejector that was found needed, found none"):
        outline_by_strokes(scan, DrawnOutline("ejector", erase.strokes, True), None)
    found = np.ones(scan.shape, bool)
    assert outline_by_strokes(scan, replace_start(erase), found).sum() < found.sum()


def replace_start(outline):
    return DrawnOutline(outline.mark, outline.strokes, True)


def test_the_words_say_how_it_was_drawn():
    strokes = [Stroke("circle", [[1.0, 1.0]], 9.0), *[Stroke("add", [[1.0, 1.0]], 3.0)] * 2]
    said = DrawnOutline("firing_pin", strokes, True).words
    assert said == (
        "firing pin outlined by hand (1 circle and 2 strokes, beginning with what was found)"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[1]", "page"),
        ('{"outlines": [{"mark": "thumb", "strokes": []}]}', "page"),
        ('{"outlines": [{"mark": "ejector", "strokes": []}]}', "page"),
        (json.dumps({"outlines": 2 * [{"mark": "ejector", "strokes": [
            {"tool": "add", "points": [[1, 1]], "radius": 2}]}]}), "two of one"),
        (json.dumps({"outlines": [{"mark": "ejector", "strokes": [
            {"tool": "add", "points": [[1, 1, 1]], "radius": 2}]}]}), "page"),
        (json.dumps({"outlines": [{"mark": "ejector", "strokes": [
            {"tool": "add", "points": [[1, 1e9]], "radius": 2}]}]}), "page"),
        ('{"outlines": [{"mark": "ejector", "strokes": [{"tool": "add", "points": [[NaN, 1]], '
         '"radius": 2}]}]}', "page"),
    ],
)  # fmt: skip
def test_what_is_no_outline_is_refused(text, why):
    with pytest.raises(FormatError, match=why):
        decode_outlines(text.encode(), "page")


def test_polygons_go_around_a_region_and_its_hole_and_leave_specks_out():
    inside = draw_strokes(SHAPE, [Stroke("circle", [[45.0, 60.0]], 40.0, 15.0)])
    inside[45, 25] = False
    polygons = outline_polygons(inside)
    assert len(polygons) == 2
    reach = [max(abs(col - 60) for _, col in polygon) for polygon in polygons]
    assert sorted(round(r) for r in reach) == pytest.approx([15, 40], abs=1)


_WIDE = DrawnOutline("firing_pin", [Stroke("circle", [[40.0, 50.0]], 999.0)])


@pytest.mark.parametrize(
    "outline",
    [
        lambda scan: outline_by_strokes(scan, _WIDE, None),
        lambda scan: outline_by_circles(scan, [CircleOutline(MarkType.FIRING_PIN, 40, 50, 999.0)]),
    ],
)
def test_a_circle_larger_than_the_scan_is_refused(outline):
    """Drawn, or stated on the command line: it would cover all and outline nothing."""
    scan = make_scan(1)
    longest = round(float(np.hypot(*scan.shape)))
    with pytest.raises(ScanError, match=rf"at most {longest} pixels needed.*found 999"):
        outline(scan)
