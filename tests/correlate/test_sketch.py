"""Sketches: harmonics that turn without resampling, and products that find a moved copy."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from mark_makers import make_scan, template_of
from scipy.ndimage import map_coordinates

from ribin.correlate.sketch import (
    _angles,
    best_products,
    largest_by_floats,
    largest_products,
    moved_sketches,
    sketch_mark,
)
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.params.load import with_rotation
from ribin.surface.harmonics import Band, disc_harmonics, turn_coefficients
from ribin.surface.simd.products import MARKS, MOVES, has_byte_products, raise_to_largest

BAND = Band(150.0, 400.0, 700.0, 1950.0, 300.0)
PITCH_UM = 25.0
SIZE = 192


@pytest.fixture(scope="module")
def harmonics():
    return disc_harmonics(BAND, 128, SIZE, PITCH_UM)


needs_byte_products = pytest.mark.skipif(
    not has_byte_products(), reason="needs a processor with AVX-512 VNNI"
)


def naive_best(moves: np.ndarray, sketches: np.ndarray) -> list[float]:
    """The same by the definition of a correlation, one pair of vectors at a time."""
    longest = max(np.sqrt((move.astype(float) ** 2).sum()) for move in moves)
    found = []
    for sketch in sketches[:, : moves.shape[1]].astype(float):
        length = np.sqrt((sketch**2).sum()) * longest
        found.append(max(float(move.astype(float) @ sketch) / length for move in moves))
    return found


def some_bytes(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-127, 128, shape).astype(np.int8)


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


@pytest.mark.slow
def test_one_basis_whatever_the_frame(harmonics):
    """The strongest modes are the band's, not the grid's."""
    other = disc_harmonics(BAND, 128, 3 * SIZE // 2, PITCH_UM / 1.5)
    assert (other.orders == harmonics.orders).all()


# Of moves and sketches: one, fewer than are done at once, all, one more; and odd lengths.
SHAPES = [(1, 1, 1, 4), (5, 63, 7, 9), (6, 64, 48, 48), (7, 65, 256, 1024), (37, 130, 1024, 1024)]


@pytest.mark.parametrize(("many", "marks", "number", "length"), SHAPES)
def test_best_products_equal_the_definition(many, marks, number, length):
    moves, sketches = some_bytes(2, many, number), some_bytes(3, marks, length)
    found = best_products(moves, sketches)
    assert found == pytest.approx(naive_best(moves, sketches), abs=1e-6)
    assert best_products(moves, sketches[:0]).shape == (0,)


@needs_byte_products
@pytest.mark.parametrize(("many", "marks", "number", "length"), SHAPES)
def test_bytes_and_floats_give_the_same_whole_numbers(many, marks, number, length):
    moves, sketches = some_bytes(4, many, number), some_bytes(5, marks, length)
    whole = moves.astype(np.int64) @ sketches[:, :number].T.astype(np.int64)
    assert (largest_products(moves, sketches) == whole.max(axis=0)).all()
    assert (largest_by_floats(moves, sketches) == whole.max(axis=0)).all()


@needs_byte_products
@pytest.mark.parametrize("extreme", [-127, 127])
def test_the_largest_bytes_do_not_overflow(extreme):
    moves, sketches = np.full((6, 1024), extreme, np.int8), np.full((2, 1024), 127, np.int8)
    assert largest_products(moves, sketches).tolist() == [1024 * 127 * extreme] * 2
    assert largest_by_floats(moves, sketches).tolist() == [1024 * 127 * extreme] * 2


@needs_byte_products
def test_the_instruction_does_what_its_loops_say():
    moves, marks = some_bytes(6, MOVES, 8), some_bytes(7, MARKS, 8)
    packed = (marks ^ np.int8(-128)).view(np.uint32).T.copy().ravel()
    starts = -128 * moves.sum(axis=1, dtype=np.int32)
    best = np.full(MARKS, -(2**31), np.int64)
    plain = [ints.tolist() for ints in (packed, moves.view(np.uint32).ravel(), starts)]
    raise_to_largest(*plain, 2, best)
    assert best.tolist() == largest_products(moves, marks).tolist()


def test_products_of_nothing_are_refused():
    for moves, sketches in (
        (some_bytes(1, 0, 4), some_bytes(2, 3, 4)),
        (some_bytes(1, 2, 12), some_bytes(2, 3, 8)),
    ):
        with pytest.raises(ValueError, match="moves of sketches needed"):
            best_products(moves, sketches)


def test_without_the_instruction_the_list_is_the_same(monkeypatch):
    moves, sketches = some_bytes(8, 100, 256), some_bytes(9, 3000, 1024)
    found = best_products(moves, sketches)
    monkeypatch.setattr("ribin.correlate.sketch.has_byte_products", lambda: False)
    assert best_products(moves, sketches).tobytes() == found.tobytes()


def test_a_blank_sketch_has_no_score():
    moves = np.full((3, 4), 127, np.int8)
    found = best_products(moves, np.array([[0, 0, 0, 0], [1, 1, 1, 1]], np.int8))
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
    mounted = with_rotation(DEFAULT_PARAMS, 30.0)
    assert look(query, [other], mounted)[0] < 0.4
    assert look(query, [other])[0] > 0.8


@pytest.mark.parametrize(
    ("reach_deg", "step_deg", "number"),
    [(30.0, 3.0, 21), (30.0, 2.0, 31), (25.0, 3.0, 19), (1.0, 3.0, 3), (0.0, 3.0, 1)],
)
def test_turns_reach_both_ends_of_the_range(reach_deg, step_deg, number):
    correlate = with_rotation(DEFAULT_PARAMS, reach_deg).breech_face.correlate
    angles = _angles(correlate, step_deg)
    assert (angles[0], angles[-1], len(angles)) == (-reach_deg, reach_deg, number)
    assert len(angles) == 1 or np.diff(angles).max() <= step_deg + 1e-9


def test_a_full_circle_is_gone_round_once():
    angles = _angles(with_rotation(DEFAULT_PARAMS, 180.0).breech_face.correlate, 7.0)
    assert (angles[0], len(angles)) == (-180.0, 52)
    assert 360.0 + angles[0] - angles[-1] == pytest.approx(360.0 / 52)


def unit_rows(moves: np.ndarray) -> np.ndarray:
    return moves / np.linalg.norm(moves.astype(float), axis=1, keepdims=True)


def test_fewer_harmonics_are_the_first_of_more():
    query = template_of(make_scan(1))
    many = moved_sketches(query, DEFAULT_PARAMS, 400.0, 30.0, 200)
    for number in (63, 64, 65):
        few = moved_sketches(query, DEFAULT_PARAMS, 400.0, 30.0, number)
        assert unit_rows(few) == pytest.approx(unit_rows(many[:, :number]), abs=0.01)


def test_a_mark_without_relief_in_the_band_is_blank():
    template = template_of(make_scan(1))
    flat = {**template.arrays, "medium": np.zeros_like(template.arrays["medium"])}
    assert not sketch_mark(dataclasses.replace(template, arrays=flat), DEFAULT_PARAMS).any()
