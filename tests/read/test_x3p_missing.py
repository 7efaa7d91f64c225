"""Numbers that programs write where nothing was measured, and surfaces that only look like them."""

from __future__ import annotations

import io

import damaged
import numpy as np
import pytest
import x3pio
from damaged import read_bytes

from ribin.read.x3p.units import stand_ins

HEIGHTS_UM = damaged.relief_um()
ROWS, COLS = np.indices(HEIGHTS_UM.shape)
OUTSIDE = (ROWS - 10) ** 2 + (COLS - 14) ** 2 > 81  # more than half, as around a masked ring


def written(stored: np.ndarray, pitch: float) -> bytes:
    packed = io.BytesIO()
    x3pio.write(packed, stored, x_scale=pitch, y_scale=pitch)
    return packed.getvalue()


@pytest.mark.parametrize("number", [-9999.0, -1000.0, -1.0, 3.4e38, 1e10])
@pytest.mark.parametrize("factor", [0.1, 1.0, 1000.0])
def test_a_number_for_missing_does_not_decide_the_unit(number, factor, tmp_path):
    stored = np.where(OUTSIDE, number, HEIGHTS_UM * factor * 1e-6)
    scan = read_bytes(written(stored, 6.25e-6), tmp_path)
    assert np.array_equal(scan.valid, ~OUTSIDE)
    assert scan.provenance.repairs == ()
    assert scan.provenance.notes == (
        f"{OUTSIDE.sum()} points hold {number:.9g}, a number and no height: taken as not measured.",
    )
    inside = np.where(OUTSIDE, 0.0, HEIGHTS_UM * factor)
    np.testing.assert_allclose(scan.values, inside, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("number", [-9999.0, -1000.0, 1e10])
def test_the_same_in_a_file_in_um(number, tmp_path):
    scan = read_bytes(written(np.where(OUTSIDE, number, HEIGHTS_UM), 6.25), tmp_path)
    assert np.array_equal(scan.valid, ~OUTSIDE)
    assert scan.provenance.repairs[-1].startswith("Heights read as um: a relief of ")
    np.testing.assert_allclose(scan.values, np.where(OUTSIDE, 0.0, HEIGHTS_UM), atol=1e-5)


def test_two_numbers_do_not_hide_each_other():
    stored = np.where(OUTSIDE, np.where(COLS < 14, -9999.0, 9999.0), HEIGHTS_UM)
    assert stand_ins(stored.ravel()) == (-9999.0, 9999.0)


@pytest.mark.parametrize(("letter", "dtype"), [("I", "<i2"), ("L", "<i4")])
@pytest.mark.parametrize("held", [3, 300])
def test_the_smallest_integer_is_no_height_without_a_list_of_valid_points(
    letter, dtype, held, tmp_path
):
    # Not far from the rest: the other heights fill the range of the type.
    lowest = np.iinfo(dtype).min
    full = np.rint(HEIGHTS_UM / np.abs(HEIGHTS_UM).max() * abs(float(lowest)) * 0.99).astype(dtype)
    full.ravel()[:held] = lowest
    axis = "<CZ>\n        <AxisType>A</AxisType>\n        <DataType>{}</DataType>\n        "
    step = float(30e-6 / abs(float(lowest)))
    changes = (
        (axis.format("D"), axis.format(letter)),
        ("<Increment>1.0<", f"<Increment>{step!r}<"),
    )
    scan = read_bytes(damaged.with_heights(damaged.x3p_bytes(), full, *changes), tmp_path)
    assert np.flatnonzero(~scan.valid).tolist() == list(range(held))
    assert scan.provenance.notes[-1] == (
        f"{held} points hold -3e-05, a number and no height: taken as not measured."
    )


SURFACES = {
    "saturated above": np.minimum(HEIGHTS_UM, np.percentile(HEIGHTS_UM, 80)),
    "saturated below": np.maximum(HEIGHTS_UM, np.percentile(HEIGHTS_UM, 20)),
    "flat floor with slopes": np.clip(
        HEIGHTS_UM - 40.0 * (np.hypot(ROWS - 10, COLS - 14) - 6.0).clip(0), -120.0, None
    ),
    "two levels": np.where(OUTSIDE, -50.0, 0.0),
    "steps of a coarse scale": np.round(HEIGHTS_UM),
    "ground of zero": np.where(OUTSIDE, 0.0, HEIGHTS_UM - HEIGHTS_UM.min() + 0.5),
    "a few spikes": np.where((ROWS == 3) & (COLS < 5), 900.0, HEIGHTS_UM),
}


@pytest.mark.parametrize("kind", SURFACES)
def test_flat_and_saturated_surfaces_are_kept(kind, tmp_path):
    scan = read_bytes(damaged.x3p_bytes(SURFACES[kind]), tmp_path)
    assert scan.valid.all()
    assert scan.provenance.notes == ()
    np.testing.assert_allclose(scan.values, SURFACES[kind], atol=1e-4)


def test_nothing_measured_holds_no_number():
    assert stand_ins(np.empty(0)) == ()
    assert stand_ins(np.full(500, 2.0)) == ()
