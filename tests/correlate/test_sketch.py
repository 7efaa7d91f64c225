"""Sketches: harmonics that turn without resampling, and products that find a moved copy."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from mark_makers import make_scan, template_of
from scipy.ndimage import map_coordinates

from ribin.correlate.sketch import (
    QueryMoves,
    _turns,
    best_products,
    largest_by_floats,
    largest_products,
    moved_sketches,
    sketch_mark,
)
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.params.load import with_rotation
from ribin.surface.harmonics import Band, disc_harmonics
from ribin.surface.simd.turns import (
    LESS,
    MARKS,
    SHIFTS,
    TURNS,
    WAVES,
    has_byte_products,
    order_products,
    raise_to_turned,
    turn_products,
)

BAND = Band(150.0, 400.0, 700.0, 1950.0, 300.0)
PITCH_UM = 25.0
SIZE = 192


@pytest.fixture(scope="module")
def harmonics():
    return disc_harmonics(BAND, 128, SIZE, PITCH_UM)


needs_byte_products = pytest.mark.skipif(
    not has_byte_products(), reason="needs a processor with AVX-512 VNNI"
)


def some_bytes(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-127, 128, shape).astype(np.int8)


def orders_and_sines(cosines) -> tuple[np.ndarray, np.ndarray]:
    """Of each harmonic its order, and whether it is a sine."""
    listed = [
        (order, sine)
        for order, number in enumerate(cosines)
        for sine in range(2 if order else 1)
        for _ in range(number)
    ]
    orders, sines = np.array(listed).T
    return orders, sines.astype(bool)


def turned_by(rows: np.ndarray, cosines, angle_deg: float) -> np.ndarray:
    """Coefficients of surfaces turned counter-clockwise, order by order as they stand."""
    orders, sines = orders_and_sines(cosines)
    turned = rows.astype(float)
    for order in range(1, len(cosines)):
        phase = np.deg2rad(angle_deg * order)
        cosine, sine = (np.flatnonzero((orders == order) & (sines == s)) for s in (False, True))
        turned[:, cosine] = rows[:, cosine] * np.cos(phase) - rows[:, sine] * np.sin(phase)
        turned[:, sine] = rows[:, cosine] * np.sin(phase) + rows[:, sine] * np.cos(phase)
    return turned


def naive_best(moves: QueryMoves, sketches: np.ndarray) -> list[float]:
    """The same by the definition of a correlation, one turned query and one sketch at a time."""
    longest = max(np.sqrt((move.astype(float) ** 2).sum()) for move in moves.shifted)
    lengths = np.sqrt((sketches.astype(float) ** 2).sum(axis=1)) * longest
    step = moves.turns_deg[1] if len(moves.turns_deg) > 1 else 1.0

    def products(turn: float) -> np.ndarray:
        turned = turned_by(moves.shifted.astype(float), moves.cosines, turn)
        return sketches.astype(float) @ turned.T / lengths[:, None]

    found = np.full(len(sketches), -np.inf)
    for angle in moves.tried_deg:
        signed = {angle, -angle}
        if moves.folded:
            signed |= {180.0 - angle, angle - 180.0}
        for turn in signed:
            less = moves.handicap if abs(turn) > moves.mounting_deg + 1e-9 else 0.0
            if np.abs(moves.turns_deg - angle).min() < 1e-9:
                here = products(turn)
            else:
                four = [products(turn + step * many) for many in (-1.5, -0.5, 0.5, 1.5)]
                here = (19 * (four[1] + four[2]) - 4 * (four[0] + four[3])) / 32
            found = np.maximum(found, here.max(axis=1) - less)
    return found.tolist()


def some_moves(seed: int, many: int, cosines, last_deg: float, turns: int, **more) -> QueryMoves:
    number = int(cosines[0]) + 2 * int(sum(cosines[1:]))
    rows = np.random.default_rng(seed).normal(0.0, 30.0, (many, number)).clip(-127, 127)
    turns_deg = np.linspace(0.0, last_deg, turns)
    return QueryMoves(np.rint(rows).astype(np.int8), np.array(cosines), turns_deg, **more)


def test_harmonics_are_orthonormal(harmonics):
    products = harmonics.planes @ harmonics.planes.T
    assert np.abs(products - np.eye(len(products))).max() < 0.05  # sampling


def test_each_order_has_a_sine_for_each_cosine(harmonics):
    """A turn by a quarter of its period makes the one of the other."""
    orders, sines = orders_and_sines(harmonics.cosines)
    assert len(orders) == len(harmonics.planes) == 128
    planes = harmonics.planes.reshape(-1, SIZE, SIZE)
    for order in (1, 2, 5):
        cosine, sine = (np.flatnonzero((orders == order) & (sines == s)) for s in (False, True))
        assert len(cosine) == harmonics.cosines[order] > 0
        for one, other in zip(planes[cosine], planes[sine], strict=True):
            turned = turn(one, 90.0 / order)
            assert np.abs(turned - other).max() < 0.05 * np.abs(other).max()


def turn(surface: np.ndarray, angle_deg: float) -> np.ndarray:
    rows, cols = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2.0
    c, s = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    came_from = np.array([c * rows + s * cols, -s * rows + c * cols]) + (SIZE - 1) / 2.0
    return map_coordinates(surface, came_from, order=3)


@pytest.mark.parametrize("angle_deg", [0.0, 7.0, -30.0, 90.0, 180.0, 233.0])
def test_turning_coefficients_turns_the_surface(harmonics, angle_deg):
    """Against the surface of the same coefficients, resampled."""
    given = np.random.default_rng(1).normal(size=len(harmonics.planes)).astype(np.float32)
    surface = (given @ harmonics.planes).reshape(SIZE, SIZE)
    wanted = harmonics.planes @ turn(surface, angle_deg).ravel()
    turned = turned_by(given[None], harmonics.cosines, angle_deg)[0]
    assert np.abs(turned - wanted).max() < 0.05 * np.abs(given).max()


@pytest.mark.slow
def test_one_basis_whatever_the_frame(harmonics):
    """The strongest modes are the band's, not the grid's."""
    other = disc_harmonics(BAND, 128, 3 * SIZE // 2, PITCH_UM / 1.5)
    assert (other.cosines == harmonics.cosines).all()


# Of moves: one; odd numbers; the whole circle, folded; beyond the mounting; one order; no sines.
MOVED = [
    some_moves(2, 1, [1], 0.0, 1),
    some_moves(3, 1, [24], 0.0, 1),
    some_moves(4, 3, [3, 2, 5, 1, 1], 30.0, 16),
    some_moves(5, 5, [10] * 20, 90.0, 46, folded=True),
    some_moves(6, 4, [7, 6, 3, 3, 2], 90.0, 13, folded=True, mounting_deg=30.0, handicap=0.05),
    some_moves(7, 2, [10] * 9, 150.0, 31, mounting_deg=45.0, handicap=0.3),
    some_moves(8, 9, [11, 13, 9, 9, 4, 3, 1, 1, 1, 1, 1], 2.0, 2),
]


@pytest.mark.parametrize("moves", MOVED)
@pytest.mark.parametrize("number", [1, MARKS, MARKS + 1])
def test_best_products_equal_the_definition(moves, number):
    sketches = some_bytes(3, number, moves.shifted.shape[1])
    longest = np.square(moves.shifted.astype(float)).sum(axis=1).argmax()
    sketches[0] = moves.shifted[longest]  # a mate
    found = best_products(moves, sketches)
    assert found == pytest.approx(naive_best(moves, sketches), abs=2e-3)
    assert found[0] > 0.9
    assert best_products(moves, sketches[:0]).shape == (0,)


@needs_byte_products
@pytest.mark.parametrize("moves", MOVED)
@pytest.mark.parametrize("number", [1, 15, 16, 17, 70])
def test_bytes_and_floats_give_the_same_whole_numbers(moves, number):
    sketches, series = some_bytes(5, number, moves.shifted.shape[1]), moves.series
    found = largest_products(series, sketches)
    assert (found == largest_by_floats(series, sketches)).all()
    assert (found[:, 0] == found[:, 1]).all() == series.alike


@needs_byte_products
@pytest.mark.parametrize("extreme", [-127, 127])
@pytest.mark.parametrize("cosines", [[1024], [64] * 8 + [1], [8] * 64])
def test_the_largest_bytes_do_not_overflow(extreme, cosines):
    number = cosines[0] + 2 * sum(cosines[1:])
    rows = np.full((2, number), extreme, np.int8)
    moves = QueryMoves(rows, np.array(cosines), np.linspace(0.0, 90.0, 5), folded=True)
    series, sketches = moves.series, np.full((2, number), 127, np.int8)
    found = largest_products(series, sketches)
    assert (found == largest_by_floats(series, sketches)).all()
    exact = extreme * 127.0 * number * series.scale / 2 ** (series.bits + LESS)
    assert np.abs(found).max() >= 0.98 * abs(exact) or extreme < 0


@needs_byte_products
def test_the_instructions_do_what_their_loops_say():
    """The kernels against their own Python, on the arrays that the compiled ones get."""
    moves = some_moves(9, SHIFTS, [3, 2, 5, 1, 1], 70.0, TURNS - 1)
    series, sketches = moves.series, some_bytes(7, MARKS, 21)
    firsts, fours_at = [0], []
    for order in series.orders:
        fours_at += range(int(series.places[order]), int(series.places[order + 1]), 4)
        firsts.append(len(fours_at))
    padded = np.zeros((MARKS, 24), np.uint8)
    padded[:, :21] = sketches.view(np.uint8)
    marks = np.concatenate(
        [(padded[:, at : at + 4] ^ 128).copy().view(np.uint32)[:, 0] for at in fours_at]
    )
    turned = series.turned_by_a_quarter()
    rows = [row for shift in range(SHIFTS) for row in (moves.shifted[shift], turned[shift])]
    starts = np.full((len(series.orders), len(rows)), series.half)
    filled = np.zeros((len(fours_at), len(rows), 4), np.int8)
    for slot, order in enumerate(series.orders):
        for number, row in enumerate(rows):
            part = row[series.places[order] : series.places[order + 1]]
            starts[slot, number] -= 128 * int(part.astype(int).sum())
            for place, value in enumerate(part):
                filled[firsts[slot] + place // 4, number, place % 4] = value
    products = [0] * (SHIFTS * len(series.orders) * MARKS)
    plain = marks.tolist(), filled.view(np.uint32).ravel().tolist(), firsts
    order_products(*plain, starts.ravel().tolist(), series.bits, products)
    phases = series.phases(np.arange(TURNS)).reshape(2, TURNS, -1, 2, 2)
    packed = np.ascontiguousarray(phases.transpose(3, 0, 2, 1, 4)).view(np.uint32).ravel().tolist()
    before = series.phases(np.full(TURNS, -1)).reshape(2, TURNS, -1, 2, 2)
    reverse = np.ascontiguousarray(before.transpose(3, 0, 2, 1, 4)).view(np.uint32).ravel().tolist()
    fours, tried, row = len(series.orders) // 4, len(moves.tried_deg), WAVES * MARKS
    halves = products[: len(products) // 2], products[len(products) // 2 :]
    for folded, near in ((False, tried), (True, 12)):
        mounting_deg = float(moves.tried_deg[near - 1])
        some = dataclasses.replace(moves, folded=folded, mounting_deg=mounting_deg)
        within, beyond = [-(2**31)] * MARKS, [-(2**31)] * MARKS
        for half in halves:
            sums, earlier = [0] * TURNS * row, [0] * TURNS * row
            turn_products(half, packed, fours, folded, sums)
            turn_products(half, reverse, fours, folded, earlier)
            sums = earlier[:row] + sums
            raise_to_turned(sums, 0, near, 0, within)
            raise_to_turned(sums, near, tried, 0, beyond)
            if folded:
                raise_to_turned(sums, 0, tried, 1, beyond)
        assert [within, beyond] == largest_products(some.series, sketches).T.tolist()


def test_products_of_nothing_are_refused():
    one = some_moves(1, 2, [4], 0.0, 1)
    nothing = dataclasses.replace(one, shifted=one.shifted[:0])
    for moves, length in ((nothing, 4), (one, 8), (one, 3)):
        with pytest.raises(ValueError, match="moves of sketches needed"):
            best_products(moves, some_bytes(2, 3, length))


def test_without_the_instruction_the_list_is_the_same(monkeypatch):
    moves = some_moves(10, 7, [9, 8, 7, 6, 5, 4, 3, 2, 1], 90.0, 10, folded=True)
    sketches = some_bytes(9, 300, moves.shifted.shape[1])
    found = best_products(moves, sketches)
    monkeypatch.setattr("ribin.correlate.sketch.has_byte_products", lambda: False)
    assert best_products(moves, sketches).tobytes() == found.tobytes()


def test_a_blank_sketch_has_no_score():
    moves = QueryMoves(np.full((3, 4), 127, np.int8), np.array([4]), np.zeros(1))
    found = best_products(moves, np.array([[0, 0, 0, 0], [1, 1, 1, 1]], np.int8))
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(1.0, abs=1e-3)


def scores_of(query, others, params=DEFAULT_PARAMS):
    sketches = np.stack([sketch_mark(other, params) for other in others])
    one, two = (best_products(moves, sketches) for moves in moved_sketches(query, params))
    return np.maximum(one, two)


def test_a_moved_copy_stands_out():
    others = [template_of(make_scan(1, rotation_deg=9.0, shift_um=(60.0, -80.0)))]
    others += [template_of(make_scan(seed)) for seed in (2, 3, 4)]
    scores = scores_of(template_of(make_scan(1)), others)
    assert scores[0] > 0.8
    assert scores[0] > 2.5 * scores[1:].max()


def test_any_rotation_finds_what_is_out_of_range():
    query, other = template_of(make_scan(1)), template_of(make_scan(1, rotation_deg=140.0))
    mounted = with_rotation(DEFAULT_PARAMS, 30.0)
    assert scores_of(query, [other], mounted)[0] < 0.4
    assert scores_of(query, [other])[0] > 0.8


def test_beyond_the_mounting_a_mate_counts_less():
    query, other = template_of(make_scan(1)), template_of(make_scan(1, rotation_deg=140.0))
    anywhere = with_rotation(DEFAULT_PARAMS, 180.0)
    correlate = dataclasses.replace(anywhere.breech_face.correlate, mounting_deg=30.0)
    method = dataclasses.replace(anywhere.breech_face, correlate=correlate)
    mounted = dataclasses.replace(anywhere, breech_face=method)
    less = scores_of(query, [other], anywhere)[0] - scores_of(query, [other], mounted)[0]
    assert less == pytest.approx(DEFAULT_PARAMS.search.breech_face.beyond_handicap, abs=1e-5)
    same = scores_of(query, [query], anywhere)[0] - scores_of(query, [query], mounted)[0]
    assert same == 0.0


@pytest.mark.parametrize(
    ("reach_deg", "step_deg", "number"),
    [(30.0, 3.0, 11), (30.0, 2.0, 16), (25.0, 3.0, 10), (1.0, 3.0, 2), (0.0, 3.0, 1)],
)
def test_turns_reach_the_end_of_the_range(reach_deg, step_deg, number):
    correlate = with_rotation(DEFAULT_PARAMS, reach_deg).breech_face.correlate
    turns, folded = _turns(correlate, step_deg)
    assert (turns[0], turns[-1], len(turns), folded) == (0.0, reach_deg, number, False)
    assert len(turns) == 1 or np.diff(turns).max() <= step_deg + 1e-9


def test_a_full_circle_is_folded_unless_the_mounting_ends_in_between():
    correlate = with_rotation(DEFAULT_PARAMS, 180.0).breech_face.correlate
    turns, folded = _turns(correlate, 7.0)
    assert (turns[0], turns[-1], len(turns), folded) == (0.0, 90.0, 14, True)
    between = dataclasses.replace(correlate, mounting_deg=120.0)
    turns, folded = _turns(between, 7.0)
    assert (turns[0], turns[-1], len(turns), folded) == (0.0, 180.0, 27, False)


def test_a_second_pass_moves_by_the_shifts_between():
    first, second = moved_sketches(template_of(make_scan(1)), DEFAULT_PARAMS)
    assert (first.turns_deg == second.turns_deg).all()
    assert np.diff(first.tried_deg) == pytest.approx(90.0 / 96.0)
    assert (len(first.shifted), len(second.shifted)) == (101, 96)  # within 8 pixels of 50 um
    assert (first.number, second.number) == (101 * 384, 96 * 384)
    both = np.concatenate([first.shifted, second.shifted])
    assert len(np.unique(both, axis=0)) == 197
    correlate = dataclasses.replace(DEFAULT_PARAMS.breech_face.correlate, shift_range_um=0.0)
    method = dataclasses.replace(DEFAULT_PARAMS.breech_face, correlate=correlate)
    unmoved = dataclasses.replace(DEFAULT_PARAMS, breech_face=method)
    for moves in moved_sketches(template_of(make_scan(1)), unmoved):
        assert len(moves.shifted) == 1


def test_between_two_turns_stands_what_a_turn_there_gives():
    """But for two hundredths."""
    query = template_of(make_scan(1))
    moves = moved_sketches(query, with_rotation(DEFAULT_PARAMS, 30.0))[0]
    middle = dataclasses.replace(moves, shifted=moves.shifted[len(moves.shifted) // 2 :][:1])
    step = float(middle.turns_deg[1])
    for many in (0.5, 6.5, -13.5):  # half steps, the first and the last one too
        moved = turned_by(middle.shifted.astype(float), middle.cosines, many * step)
        sketch = np.rint(moved * 127.0 / np.abs(moved).max()).astype(np.int8)
        assert best_products(middle, sketch)[0] == pytest.approx(1.0, abs=0.02)


def test_a_mark_without_relief_in_the_band_is_blank():
    template = template_of(make_scan(1))
    flat = {**template.arrays, "medium": np.zeros_like(template.arrays["medium"])}
    assert not sketch_mark(dataclasses.replace(template, arrays=flat), DEFAULT_PARAMS).any()
