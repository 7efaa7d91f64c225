"""The whole method on surfaces with known truth: what comes back, and what changes nothing."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from mark_makers import (
    ANY_RELIEF,
    Where,
    make_scan,
    middle_um,
    ring,
    scaled,
    template_of,
    turn,
    with_garbage,
)

from ribin.comparison import Comparison
from ribin.errors import ParameterError
from ribin.model import MarkType, Scan, ScanKind, Template, Trace
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.params.load import load_params, with_rotation
from ribin.pipeline import compare_many, compare_marks, describe_mark, extract_marks
from ribin.report.explanation import comparison_text
from ribin.report.json import plain_value
from ribin.view.comparison import pack_result

PITCH_UM = DEFAULT_PARAMS.breech_face.describe.pitch_um
STEP_DEG = DEFAULT_PARAMS.breech_face.correlate.fine_rotation_step_deg
# Reached, where half a pixel (12.5 um) and half a step (0.75 degrees) would do.
SHIFT_UM, ANGLE_DEG = 4.0, 0.15
SWAP_POINTS = 3.0  # of the 100 of a score: six cells of eighty


@pytest.fixture(scope="module")
def reference() -> Template:
    return template_of(make_scan(1))


def bits(result: Comparison) -> str:
    """All of a comparison but its time; equal for equal bits, NaN included."""
    return repr(dataclasses.replace(result, elapsed_s=0.0))


def sector(first_deg: float, extent_deg: float) -> Where:
    """The part of the ring from a direction on, counter-clockwise."""

    def inside(rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        angle = np.rad2deg(np.arctan2(-rows, cols))
        return ring(rows, cols) & ((angle - first_deg) % 360.0 < extent_deg)

    return inside


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_mark_lies_on_itself(seed):
    template = template_of(make_scan(seed, noise_um=0.05))
    result = compare_marks(template, template)
    assert result.ccf == pytest.approx(1.0, abs=1e-6)
    assert result.rotation_deg == pytest.approx(0.0, abs=1e-6)
    assert result.shift_um == pytest.approx((0.0, 0.0), abs=1e-6)
    assert result.cmc == result.cells == 80
    assert result.score > 99.0
    # Energies are computed some pixels apart: a few cells seem to fit as well one step off.
    at_home = [fit for fit in result.cell_fits if fit.shift_um == (0.0, 0.0)]
    assert len(at_home) >= 0.9 * result.cells
    assert all(fit.rotation_deg == 0.0 for fit in at_home)
    assert min(fit.ccf for fit in at_home) == pytest.approx(1.0, abs=1e-6)


def test_a_cell_is_named_by_the_middle_of_its_pixels(reference):
    fits = compare_marks(reference, template_of(moved_scan())).cell_fits
    side = reference.arrays["fine"].shape[0]
    row, col = reference.arrays["cells"][0] * 8
    pixels = np.indices((side, side))[:, row : row + 16, col : col + 16] - (side - 1) / 2.0
    first = fits[0]
    assert first.direction == "forward"
    assert first.center_um == pytest.approx(pixels.mean(axis=(1, 2)) * PITCH_UM)
    measured = reference.arrays["fine_valid"][row : row + 16, col : col + 16]
    assert first.fill == pytest.approx(measured.mean())


MOTIONS = [
    (0.0, (300.0, 0.0)),
    (0.7, (0.0, 0.0)),
    (7.0, (110.0, -60.0)),
    (-13.3, (-200.0, 100.0)),
    (18.2, (-3.0, 290.0)),
    (25.0, (0.0, 0.0)),
    (-25.0, (212.0, 212.0)),
]


@pytest.mark.parametrize(("rotation_deg", "shift_um"), MOTIONS)
def test_an_imposed_motion_comes_back(reference, rotation_deg, shift_um):
    moved = template_of(make_scan(1, rotation_deg=rotation_deg, shift_um=shift_um))
    there, back = compare_marks(reference, moved), compare_marks(moved, reference)
    assert there.rotation_deg == pytest.approx(rotation_deg, abs=ANGLE_DEG)
    assert there.shift_um == pytest.approx(shift_um, abs=SHIFT_UM)
    assert there.cmc_fraction > 0.85

    reverse_um = turn(-rotation_deg) @ -np.array(shift_um)
    assert back.rotation_deg == pytest.approx(-rotation_deg, abs=ANGLE_DEG)
    assert back.shift_um == pytest.approx(reverse_um, abs=SHIFT_UM)
    assert abs(there.score - back.score) <= SWAP_POINTS
    assert there.cells == back.cells


@pytest.mark.parametrize(("rotation_deg", "shift_um"), MOTIONS)
def test_each_congruent_cell_lies_where_the_motion_put_it(reference, rotation_deg, shift_um):
    moved = template_of(make_scan(1, rotation_deg=rotation_deg, shift_um=shift_um))
    fits = compare_marks(reference, moved).cell_fits
    forward_um, back_um = np.array(shift_um), turn(-rotation_deg) @ -np.array(shift_um)
    away: dict[str, list[float]] = {"forward": [], "backward": []}
    for fit in fits:
        if not fit.congruent:
            continue
        sign, shift = (1.0, forward_um) if fit.direction == "forward" else (-1.0, back_um)
        center = np.array(fit.center_um)
        truth = turn(sign * rotation_deg) @ center + shift
        away[fit.direction].append(float(np.hypot(*(center + fit.shift_um - truth))))
        assert fit.rotation_deg == pytest.approx(sign * rotation_deg, abs=2.0 * STEP_DEG)
    for distances in away.values():
        assert len(distances) > 30
        assert np.median(distances) < PITCH_UM / 2.0
        assert max(distances) < 2.0 * PITCH_UM


@pytest.mark.parametrize(
    ("rotation_deg", "shift_um", "ahead", "behind", "outline_um"),
    [
        (9.0, (80.0, 150.0), ring, ring, (80.0, 150.0)),  # the case was moved on the stage
        (-17.0, (60.0, -90.0), ring, sector(40.0, 180.0), (60.0, -90.0)),
        (14.0, (0.0, 50.0), sector(0.0, 180.0), sector(50.0, 180.0), (-40.0, 30.0)),
    ],
)
def test_the_motion_holds_in_the_frames_of_the_scans(
    rotation_deg, shift_um, ahead, behind, outline_um
):
    """Marks have centres of their own; with them, the scans' motion comes out."""
    one = make_scan(1, inside=ahead)
    two = make_scan(
        1, rotation_deg=rotation_deg, shift_um=shift_um, inside=behind, outline_um=outline_um
    )
    (mark,), (other,) = extract_marks(one), extract_marks(two)
    result = compare_marks(describe_mark(mark), describe_mark(other))
    middle = (np.array(one.shape) - 1) / 2.0 * one.pixel_pitch_um
    first, second = middle_um(mark) - middle, middle_um(other) - middle
    truth = turn(rotation_deg) @ first + shift_um - second
    assert result.rotation_deg == pytest.approx(rotation_deg, abs=0.4)
    assert result.shift_um == pytest.approx(truth, abs=PITCH_UM / 2.0)
    assert result.cmc_fraction > 0.7


def moved_scan(**fields: object) -> Scan:
    return make_scan(1, rotation_deg=-6.0, shift_um=(40.0, 90.0), noise_um=0.1, **fields)


@pytest.mark.parametrize(
    ("factor", "plane"), [(0.1, (0, 0, 0)), (1.0, (-20.0, 0.1, -0.05)), (1000.0, (5e3, -2.0, 3.0))]
)
def test_scale_offset_and_tilt_change_nothing(factor, plane):
    one = template_of(make_scan(1), ANY_RELIEF)
    two, other = (
        template_of(s, ANY_RELIEF) for s in (moved_scan(), scaled(moved_scan(), factor, plane))
    )
    plain, result = (compare_marks(one, side, ANY_RELIEF) for side in (two, other))
    assert result.ccf == pytest.approx(plain.ccf, abs=1e-4)
    assert result.score == pytest.approx(plain.score, abs=0.51)  # one cell at a threshold
    assert result.rotation_deg == pytest.approx(plain.rotation_deg, abs=0.01)
    assert result.shift_um == pytest.approx(plain.shift_um, abs=0.5)


def test_what_was_not_measured_takes_no_part(reference):
    scan = moved_scan()
    dirty = dataclasses.replace(scan, values=with_garbage(scan.values, scan.valid))
    results = [compare_marks(reference, template_of(s)) for s in (scan, dirty)]
    assert bits(results[0]) == bits(results[1])


def test_an_empty_margin_changes_nothing(reference):
    scan, pad = moved_scan(), ((31, 8), (0, 57))
    padded = dataclasses.replace(
        scan, values=np.pad(scan.values, pad), valid=np.pad(scan.valid, pad)
    )
    plain, wider = (compare_marks(reference, template_of(s)) for s in (scan, padded))
    assert wider.score == pytest.approx(plain.score, abs=0.51)
    assert wider.shift_um == pytest.approx(plain.shift_um, abs=0.5)


@pytest.mark.parametrize("pitch_um", [(5.0, 10.0), (12.0, 8.0), (20.0, 20.0)])
def test_the_pitch_of_a_scan_does_not_matter(reference, pitch_um):
    result = compare_marks(reference, template_of(moved_scan(pitch_um=pitch_um)))
    assert result.rotation_deg == pytest.approx(-6.0, abs=ANGLE_DEG)
    assert result.shift_um == pytest.approx((40.0, 90.0), abs=SHIFT_UM)
    assert result.cmc_fraction > 0.85


def test_strangers_stay_low(reference):
    for seed in range(20, 25):
        other = template_of(make_scan(seed))
        there, back = compare_marks(reference, other), compare_marks(other, reference)
        assert max(there.score, back.score) < 20.0
        assert there.cmc_fraction < 0.1
        assert abs(there.score - back.score) <= SWAP_POINTS


def test_a_template_of_other_parameters_is_refused(reference):
    method = DEFAULT_PARAMS.breech_face
    finer = dataclasses.replace(method, describe=dataclasses.replace(method.describe, min_fill=0.4))
    other = dataclasses.replace(DEFAULT_PARAMS, breech_face=finer)
    stranger = template_of(make_scan(2, source="other.x3p"), other)
    message = (
        rf"other\.x3p: a template of parameters {DEFAULT_PARAMS.template_id} needed, "
        f"found {other.template_id}"
    )
    for sides in ((reference, stranger), (stranger, reference)):
        with pytest.raises(ParameterError, match=message):
            compare_marks(*sides)
    with pytest.raises(ParameterError, match=message):
        compare_many(reference, [reference, stranger], threads=2)


def refused(one: Template, two: Template, params: Params = DEFAULT_PARAMS) -> str:
    """The reason why two marks were not compared, after checking that no figure is given."""
    result = compare_marks(one, two, params)
    figures = (result.score, result.cmc, result.cmc_fraction, result.ccf, result.rotation_deg)
    assert all(math.isnan(figure) for figure in (*figures, *result.shift_um))
    assert not result.compared
    assert result.score_parts == result.cell_fits == ()
    assert result.params_id == params.params_id
    return result.reason


def test_unlike_kinds_are_not_compared(reference):
    image = dataclasses.replace(reference, kind=ScanKind.IMAGE)
    wanted = "unlike: breech face as topography and breech face as image"
    assert refused(reference, image) == wanted
    assert compare_marks(image, image).compared


def test_marks_that_cannot_overlap_are_not_compared():
    east, west = (template_of(make_scan(1, inside=sector(a, 50.0))) for a in (-25.0, 155.0))
    mounted = with_rotation(DEFAULT_PARAMS, 30.0)
    assert refused(east, west, mounted) == "the marks overlap at no placement in range"
    assert compare_marks(east, west).compared  # at another turn they do


def test_marks_of_few_cells_are_not_compared():
    small = template_of(make_scan(1, inside=sector(10.0, 24.0)))
    cells = 2 * len(small.arrays["cells"])
    method = DEFAULT_PARAMS.breech_face
    strict = dataclasses.replace(method.decide, min_cells=cells + 1)
    params = dataclasses.replace(
        DEFAULT_PARAMS, breech_face=dataclasses.replace(method, decide=strict)
    )
    wanted = f"{cells} cells measured on both sides, {cells + 1} needed"
    assert refused(small, small, params) == wanted
    assert compare_marks(small, small).cells == cells


def test_the_same_bits_on_any_number_of_threads(reference):
    others = [template_of(make_scan(seed)) for seed in (1, 2, 3, 4)]
    others.append(template_of(make_scan(1, inside=sector(10.0, 24.0))))
    others.append(template_of(moved_scan()))
    one_by_one = [bits(compare_marks(reference, other)) for other in others]
    for threads in (None, 1, 2, 4):
        together = compare_many(reference, others, threads=threads)
        assert [bits(result) for result in together] == one_by_one


def test_the_same_bits_after_storing(reference, tmp_path):
    other = template_of(moved_scan())
    np.savez(tmp_path / "template.npz", **other.arrays)
    with np.load(tmp_path / "template.npz") as stored:
        again = dataclasses.replace(other, arrays=dict(stored))
    assert bits(compare_marks(reference, again)) == bits(compare_marks(reference, other))
    assert bits(compare_marks(again, reference)) == bits(compare_marks(other, reference))


def test_comparing_leaves_templates_as_they_were(reference):
    before = {name: array.copy() for name, array in reference.arrays.items()}
    compare_marks(reference, template_of(moved_scan()))
    for name, array in before.items():
        assert np.array_equal(reference.arrays[name], array)


def test_tracing_shows_every_stage_and_changes_no_bit(reference):
    other = template_of(moved_scan())
    trace = Trace()
    traced = compare_marks(reference, other, trace=trace)
    assert bits(traced) == bits(compare_marks(reference, other))
    assert [stage for stage, _ in trace] == ["seeds", "refined", "joint", "consensus"]
    assert traced.elapsed_s > 0.0


def test_a_type_of_mark_that_no_evaluation_stands_behind_is_cautioned(reference):
    """Breech faces have one; a laboratory that withdraws it is told so with every comparison."""
    assert compare_marks(reference, reference).caution == ""
    withdrawn = dataclasses.replace(DEFAULT_PARAMS.validation, breech_face="")
    params = dataclasses.replace(DEFAULT_PARAMS, validation=withdrawn)
    assert params.template_id == DEFAULT_PARAMS.template_id
    assert params.params_id == DEFAULT_PARAMS.params_id
    found = compare_marks(reference, reference, params)
    assert found.caution == "not validated on real marks"
    assert found.score == compare_marks(reference, reference).score
    assert "CAUTION" in comparison_text(found, params.breech_face.decide)
    assert "breech face: not validated on real marks" in comparison_text(
        found, params.breech_face.decide
    )
    assert plain_value(found)["caution"] == found.caution
    assert pack_result(found, (), params.breech_face.decide)["caution"] == found.caution


def test_pins_and_ejectors_wait_for_the_evaluation_of_a_laboratory(tmp_path):
    assert [bool(DEFAULT_PARAMS.validation.caution(mark)) for mark in MarkType] == [
        False,
        True,
        True,
    ]
    file = tmp_path / "laboratory.toml"
    file.write_text('[validation]\nfiring_pin = "evaluation of 3 May 2027"\n', encoding="utf-8")
    assert load_params(file).validation.caution(MarkType.FIRING_PIN) == ""
    file.write_text("[validation]\nfiring_pin = true\n", encoding="utf-8")
    with pytest.raises(ParameterError, match="validation: firing_pin needs str, found True"):
        load_params(file)
