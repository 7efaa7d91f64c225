"""Sketches: harmonics that turn without resampling, and products that find a moved copy."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from mark_makers import make_scan, template_of
from scipy.ndimage import map_coordinates

from ribin.correlate.shortlist import best_products
from ribin.correlate.sketch import moved_sketches, sketch_mark
from ribin.harmonics import Band, disc_harmonics, turn_coefficients
from ribin.params import DEFAULT_PARAMS
from ribin.params_rotation import with_rotation

BAND = Band(150.0, 400.0, 700.0, 1950.0, 300.0)
PITCH_UM = 25.0
SIZE = 192


@pytest.fixture(scope="module")
def harmonics():
    return disc_harmonics(BAND, 128, SIZE, PITCH_UM)


def naive_best(moves: np.ndarray, sketches: np.ndarray) -> list[float]:
    """The same by the definition of a correlation, one pair of vectors at a time."""
    found = []
    for sketch in sketches.astype(float):
        length = np.sqrt((sketch**2).sum())
        found.append(max(float(move.astype(float) @ sketch) / length for move in moves))
    return found


def test_harmonics_are_orthonormal(harmonics):
    products = harmonics.planes @ harmonics.planes.T
    assert np.abs(products - np.eye(len(products))).max() < 0.05  # sampling


def test_a_cosine_stands_before_its_sine(harmonics):
    places = np.flatnonzero(harmonics.sines)
    assert (harmonics.orders[places] == harmonics.orders[places - 1]).all()
    assert not harmonics.sines[places - 1].any()
    assert (harmonics.orders[places] > 0).all()


@pytest.mark.parametrize("angle_deg", [0.0, 7.0, -30.0, 90.0, 180.0, 233.0])
def test_turning_coefficients_turns_the_surface(harmonics, angle_deg):
    """Against the surface of the same coefficients, resampled."""
    given = np.random.default_rng(1).normal(size=len(harmonics.orders)).astype(np.float32)
    surface = (given @ harmonics.planes).reshape(SIZE, SIZE)
    rows, cols = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2.0
    c, s = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    came_from = np.array([c * rows + s * cols, -s * rows + c * cols]) + (SIZE - 1) / 2.0
    wanted = harmonics.planes @ map_coordinates(surface, came_from, order=3).ravel()
    turned = turn_coefficients(given, harmonics, np.array([angle_deg]))[0]
    assert np.abs(turned - wanted).max() < 0.05 * np.abs(given).max()


def test_one_basis_whatever_the_frame(harmonics):
    """The strongest modes are the band's, not the grid's."""
    finer = disc_harmonics(BAND, 128, 2 * SIZE, PITCH_UM / 2.0)
    assert (finer.orders == harmonics.orders).all()


def test_best_products_equal_the_definition():
    rng = np.random.default_rng(2)
    moves = rng.normal(size=(37, 48)).astype(np.float32)
    sketches = rng.integers(-127, 128, (1500, 48)).astype(np.int8)
    found = best_products(moves, sketches)
    assert found[:40] == pytest.approx(naive_best(moves, sketches[:40]), abs=1e-5)
    assert best_products(moves, sketches[:0]).shape == (0,)


def test_a_blank_sketch_has_no_score():
    moves = np.ones((3, 4), np.float32)
    found = best_products(moves, np.array([[0, 0, 0, 0], [1, 0, 0, 0]], np.int8))
    assert np.isnan(found[0])
    assert found[1] == 1.0


def look(query, others, params=DEFAULT_PARAMS):
    how = params.search.breech_face
    moves = moved_sketches(query, params, how.shift_um, how.rotation_deg, how.harmonics)
    return best_products(moves, np.stack([sketch_mark(other, params) for other in others]))


def test_a_moved_copy_stands_out():
    others = [template_of(make_scan(1, rotation_deg=9.0, shift_um=(60.0, -80.0)))]
    others += [template_of(make_scan(seed)) for seed in (2, 3, 4)]
    scores = look(template_of(make_scan(1)), others)
    assert scores[0] > 0.8
    assert scores[0] > 2.5 * scores[1:].max()


def test_any_rotation_finds_what_is_out_of_range():
    query, other = template_of(make_scan(1)), template_of(make_scan(1, rotation_deg=140.0))
    anywhere = with_rotation(DEFAULT_PARAMS, 180.0)
    assert look(query, [other])[0] < 0.4
    assert look(query, [other], anywhere)[0] > 0.8


def test_fewer_harmonics_are_the_first_of_more():
    query = template_of(make_scan(1))
    many = moved_sketches(query, DEFAULT_PARAMS, 400.0, 30.0, 200)
    for number in (63, 64, 65):
        few = moved_sketches(query, DEFAULT_PARAMS, 400.0, 30.0, number)
        part = many[:, :number] / np.linalg.norm(many[:, :number], axis=1, keepdims=True)
        assert few == pytest.approx(part, abs=1e-5)


def test_a_mark_without_relief_in_the_band_is_blank():
    template = template_of(make_scan(1))
    flat = {**template.arrays, "medium": np.zeros_like(template.arrays["medium"])}
    assert not sketch_mark(dataclasses.replace(template, arrays=flat), DEFAULT_PARAMS).any()
