"""From where cells fell to the figures of a comparison."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from mark_makers import provenance, turn

from ribin.comparison import PlacedCells, Registration, RigidMotion, ScorePart
from ribin.decide.cmc import Consensus, compared_cells, congruent_cells, find_consensus, judge_cells
from ribin.decide.steps import BEYOND, beyond_part, decide_comparison, score_parts
from ribin.model import MarkType, ScanKind, Template, Trace
from ribin.params.defaults import DEFAULT_PARAMS

PARAMS = DEFAULT_PARAMS.breech_face.decide
NOWHERE = np.nan


def placed(
    rotation_deg: float, shift_um: tuple[float, float], number: int = 30, seed: int = 0
) -> PlacedCells:
    """Cells that fell exactly where this motion puts them, all well correlated."""
    center = np.random.default_rng(seed).uniform(-1500.0, 1500.0, (number, 2))
    fell = center @ turn(rotation_deg).T + shift_um
    return PlacedCells(
        center, fell, np.full(number, rotation_deg), np.full(number, 0.8), np.full(number, 0.9)
    )


def registered(
    rotation_deg: float = 12.0, shift_um: tuple[float, float] = (70.0, -130.0), number: int = 30
) -> Registration:
    """Both directions of one motion, and a registration that is a little off it."""
    back = turn(-rotation_deg) @ -np.array(shift_um)
    off = RigidMotion(rotation_deg + 1.0, (shift_um[0] + 20.0, shift_um[1] - 15.0))
    return Registration(
        ahead=off,
        back=off.inverse(),
        agreement=6.0,
        whole=0.3,
        ccf=0.5,
        beyond=False,
        forward=placed(rotation_deg, shift_um, number),
        backward=placed(-rotation_deg, (back[0], back[1]), number, seed=1),
    )


def changed(registration: Registration, side: str, which: slice, **fields: object) -> Registration:
    """Other values for some cells of one direction."""
    cells = getattr(registration, side)
    arrays = {name: getattr(cells, name).copy() for name in fields}
    for name, value in fields.items():
        arrays[name][which] = value
    return dataclasses.replace(registration, **{side: cells._replace(**arrays)})


def judge(registration: Registration, params=PARAMS):
    return judge_cells(registration, find_consensus(registration, params), params)


@pytest.mark.parametrize(
    ("rotation_deg", "shift_um"),
    [(0.0, (0.0, 0.0)), (12.0, (70.0, -130.0)), (-29.0, (300.0, 5.0)), (179.5, (0.0, 40.0))],
)
def test_the_motion_is_found_from_both_directions(rotation_deg, shift_um):
    consensus = find_consensus(registered(rotation_deg, shift_um), PARAMS)
    assert consensus.motion.rotation_deg == pytest.approx(rotation_deg, abs=1e-9)
    assert consensus.motion.shift_um == pytest.approx(shift_um, abs=1e-7)
    for side in range(2):
        assert np.abs(consensus.place_um[side]).max() < 1e-6
        assert np.abs(consensus.angle_deg[side]).max() < 1e-6
        assert len(consensus.place_um[side]) == len(consensus.angle_deg[side]) == 30


def test_the_motion_back_is_found_from_the_sides_the_other_way_round():
    rng = np.random.default_rng(3)
    one = registered()
    fell = one.forward.fell_um + rng.normal(0.0, 20.0, one.forward.fell_um.shape)
    one = changed(one, "forward", slice(None), fell_um=fell)
    two = dataclasses.replace(
        one, ahead=one.back, back=one.ahead, forward=one.backward, backward=one.forward
    )
    found, back = find_consensus(one, PARAMS), find_consensus(two, PARAMS)
    assert back.motion.rotation_deg == -found.motion.rotation_deg
    assert back.motion.shift_um == pytest.approx(found.motion.inverse().shift_um)
    for side in range(2):
        assert np.array_equal(found.place_um[side], back.place_um[1 - side])
        assert np.array_equal(found.angle_deg[side], back.angle_deg[1 - side])


@pytest.mark.parametrize("side", ["forward", "backward"])
def test_one_direction_is_enough(side):
    other = "backward" if side == "forward" else "forward"
    alone = changed(registered(), other, slice(None), ccf=NOWHERE)
    consensus = find_consensus(alone, PARAMS)
    assert consensus.motion.rotation_deg == pytest.approx(12.0)
    assert consensus.motion.shift_um == pytest.approx((70.0, -130.0))


def test_cells_that_fell_elsewhere_do_not_pull():
    rng = np.random.default_rng(4)
    lost = changed(registered(), "forward", slice(0, 12), fell_um=rng.uniform(-1500, 1500, (12, 2)))
    lost = changed(lost, "backward", slice(0, 12), ccf=0.2)
    lost = changed(lost, "backward", slice(0, 12), fell_um=rng.uniform(-1500, 1500, (12, 2)))
    consensus = find_consensus(lost, PARAMS)
    assert consensus.motion.rotation_deg == pytest.approx(12.0)
    assert consensus.motion.shift_um == pytest.approx((70.0, -130.0))


def test_cells_just_beyond_the_limit_are_left_out_in_the_end():
    near = registered()
    fell = near.forward.fell_um[:5] + np.array([0.0, 1.25 * PARAMS.max_place_um])
    near = changed(near, "forward", slice(0, 5), fell_um=fell)
    assert find_consensus(near, PARAMS).motion.shift_um == pytest.approx((70.0, -130.0))


def test_poorly_correlated_cells_have_no_say_even_where_they_fit():
    shifted = registered()
    fell = shifted.forward.fell_um[:15] + 40.0  # near enough to be taken for followers
    shifted = changed(shifted, "forward", slice(0, 15), fell_um=fell, ccf=PARAMS.min_ccf - 0.01)
    assert find_consensus(shifted, PARAMS).motion.shift_um == pytest.approx((70.0, -130.0))


def test_three_cells_leave_the_registration_as_it_was():
    few = changed(registered(), "forward", slice(3, None), ccf=NOWHERE)
    few = changed(few, "backward", slice(None), ccf=NOWHERE)
    consensus = find_consensus(few, PARAMS)
    assert consensus.motion == few.ahead
    four = changed(registered(), "forward", slice(4, None), ccf=NOWHERE)
    four = changed(four, "backward", slice(None), ccf=NOWHERE)
    assert find_consensus(four, PARAMS).motion.rotation_deg == pytest.approx(12.0)


def test_each_cell_has_the_first_reason_against_it():
    far = 2.0 * PARAMS.max_place_um  # beyond the slack of the first round
    turned = 12.0 + 1.01 * PARAMS.max_angle_deg
    cells = registered()
    fell = cells.forward.fell_um
    cells = changed(cells, "forward", slice(0, 1), ccf=NOWHERE)
    cells = changed(cells, "forward", slice(1, 2), ccf=PARAMS.min_ccf - 0.01)
    cells = changed(cells, "forward", slice(2, 3), fell_um=fell[2] + (0.0, far))
    cells = changed(cells, "forward", slice(3, 4), rotation_deg=turned)
    cells = changed(cells, "forward", slice(4, 5), ccf=0.1, fell_um=fell[4] + far)
    cells = changed(cells, "forward", slice(5, 6), rotation_deg=turned, fell_um=fell[5] + far)
    cells = changed(cells, "forward", slice(6, 7), rotation_deg=24.0 - turned)
    cells = changed(cells, "backward", slice(0, 1), rotation_deg=-turned)
    fits = judge(cells)
    wanted = ["surface", "correlation", "place", "angle", "correlation", "place", "angle", ""]
    assert [fit.reason for fit in fits[:8]] == wanted
    assert fits[30].reason == "angle"
    assert [fit.congruent for fit in fits] == [fit.reason == "" for fit in fits]
    assert compared_cells(fits) == 59
    assert congruent_cells(fits) == 52
    assert math.isnan(fits[0].ccf)


def test_the_limits_themselves_are_within():
    cells = registered()
    fell = cells.forward.fell_um[0] + (0.0, PARAMS.max_place_um)
    place_um, angle_deg = (tuple(np.zeros((2, 30))) for _ in range(2))
    place_um[0][0], angle_deg[0][1] = PARAMS.max_place_um, -PARAMS.max_angle_deg
    consensus = Consensus(RigidMotion(12.0, (70.0, -130.0)), place_um, angle_deg)
    cells = changed(cells, "forward", slice(0, 1), fell_um=fell)
    cells = changed(cells, "forward", slice(2, 3), ccf=PARAMS.min_ccf)
    assert all(fit.congruent for fit in judge_cells(cells, consensus, PARAMS))


def test_angles_are_compared_round_the_circle():
    cells = registered(179.0, (0.0, 0.0))
    cells = changed(cells, "forward", slice(0, 1), rotation_deg=-179.5)  # 1.5 degrees further
    assert judge(cells)[0].congruent


def test_a_cell_fit_says_where_the_cell_lay_and_fell():
    cells = registered()
    fits = judge(cells)
    assert [fit.direction for fit in fits] == ["forward"] * 30 + ["backward"] * 30
    for k, fit in ((4, fits[4]), (4, fits[34])):
        side = getattr(cells, fit.direction)
        assert fit.center_um == pytest.approx(side.center_um[k])
        assert np.add(fit.center_um, fit.shift_um) == pytest.approx(side.fell_um[k])
        assert (fit.rotation_deg, fit.ccf, fit.fill) == (side.rotation_deg[k], 0.8, 0.9)


def test_the_first_cells_that_could_be_compared_are_judged():
    """Forty of each mark; one without surface does not use up a place."""
    cells = changed(registered(number=60), "forward", slice(0, 20, 2), ccf=NOWHERE)
    fits = judge(cells)
    forward = [fit for fit in fits if fit.direction == "forward"]
    assert len(forward) == PARAMS.cells_a_side + 10
    assert len(fits) - len(forward) == PARAMS.cells_a_side
    assert compared_cells(tuple(fits)) == 2 * PARAMS.cells_a_side
    assert forward[-1].center_um == pytest.approx(cells.forward.center_um[49])


def test_no_agreement_scores_nothing_and_all_of_it_a_hundred():
    for nothing in ((0.0, 0.0, 0.0, 0.0), (-2.0, -0.3, -1.0, 0.0)):
        parts = score_parts(*nothing, PARAMS)
        assert [part.contribution for part in parts] == [0.0, 0.0, 0.0, 0.0]
        assert tuple(part.value for part in parts) == nothing
    everything = score_parts(50.0, 1.0, 50.0, 1.0, PARAMS)
    assert sum(part.contribution for part in everything) == pytest.approx(100.0, abs=0.1)


@pytest.mark.parametrize("which", [0, 1, 2, 3])
def test_more_of_any_part_never_scores_less(which):
    top = (12.0, 1.0, 30.0, 1.0)[which]
    figures = [4.0, 0.2, 6.0, 0.5]
    scores = []
    for value in np.linspace(0.0, top, 25):
        figures[which] = float(value)
        scores.append(sum(part.contribution for part in score_parts(*figures, PARAMS)))
    assert scores == sorted(scores)
    assert scores[-1] > scores[0] + 10.0


def test_parts_at_their_scale_above_chance_are_worth_63_percent_of_their_points():
    p = PARAMS
    figures = [
        chance + scale
        for chance, scale in (
            (p.agreement_from, p.agreement_scale),
            (p.whole_from, p.whole_scale),
            (p.bands_from, p.bands_scale),
        )
    ]
    parts = score_parts(*figures, 0.4, p)
    share = 1.0 - math.exp(-1.0)
    points = p.agreement_points, p.whole_points, p.bands_points
    wanted = [*(share * most for most in points), 0.4 * p.cmc_points]
    assert [part.contribution for part in parts] == pytest.approx(wanted)


def test_what_strangers_reach_by_chance_is_worth_nothing():
    parts = score_parts(PARAMS.agreement_from, PARAMS.whole_from, PARAMS.bands_from, 0.0, PARAMS)
    assert [part.contribution for part in parts] == [0.0] * 4


def test_bands_that_are_not_compared_are_no_part():
    params = DEFAULT_PARAMS.firing_pin.decide
    names = [part.name for part in score_parts(6.0, 0.3, 0.0, 0.5, params)]
    assert names == ["agreement of all cells", "whole marks in the wide band", "congruent cells"]


def blank(source: str) -> Template:
    return Template(
        MarkType.BREECH_FACE, ScanKind.TOPOGRAPHY, 25.0, "t" * 12, provenance(source), {}
    )


def test_a_comparison_holds_the_figures_and_where_they_are_from():
    cells = changed(registered(), "forward", slice(0, 15), ccf=0.1)
    trace = Trace()
    result = decide_comparison(blank("r.x3p"), blank("c.x3p"), cells, 8.0, PARAMS, "p" * 12, trace)
    assert (result.reference, result.comparison) == ("r.x3p", "c.x3p")
    assert (result.cells, result.cmc, result.cmc_fraction) == (60, 45.0, 0.75)
    assert (result.ccf, result.params_id, result.reason) == (0.5, "p" * 12, "")
    assert result.rotation_deg == pytest.approx(12.0)
    assert result.shift_um == pytest.approx((70.0, -130.0))
    assert result.score == sum(part.contribution for part in result.score_parts)
    assert result.score_parts == score_parts(6.0, 0.3, 8.0, 0.75, PARAMS)
    assert result.compared
    assert len(result.cell_fits) == 60
    assert [stage for stage, _ in trace] == ["consensus"]


def test_too_few_cells_give_a_reason_and_no_figures():
    params = dataclasses.replace(PARAMS, min_cells=8)
    few = changed(registered(), "forward", slice(7, None), ccf=NOWHERE)
    few = changed(few, "backward", slice(None), ccf=NOWHERE)
    result = decide_comparison(blank("r.x3p"), blank("c.x3p"), few, 8.0, params, "p" * 12)
    assert result.reason == "7 cells measured on both sides, 8 needed"
    figures = (result.cmc, result.cmc_fraction, result.ccf, result.score, result.rotation_deg)
    assert all(math.isnan(figure) for figure in (*figures, *result.shift_um))
    assert not result.compared
    assert result.cells == 7
    enough = changed(few, "backward", slice(0, 1), ccf=0.8)
    result = decide_comparison(blank("r.x3p"), blank("c.x3p"), enough, 8.0, params, "p" * 12)
    assert result.compared
    assert result.cells == 8


def test_a_turn_beyond_the_mounting_takes_points_off_and_never_more_than_there_are():
    beyond = dataclasses.replace(registered(95.0), beyond=True)
    result = decide_comparison(blank("r.x3p"), blank("c.x3p"), beyond, 8.0, PARAMS, "p" * 12)
    *parts, last = result.score_parts
    assert (last.name, last.contribution) == (BEYOND, -PARAMS.beyond_points)
    assert last.value == pytest.approx(95.0)
    assert result.score == pytest.approx(sum(p.contribution for p in parts) - PARAMS.beyond_points)
    little = (ScorePart("agreement of all cells", 0.1, 2.0),)
    assert beyond_part(95.0, little, PARAMS).contribution == -2.0
