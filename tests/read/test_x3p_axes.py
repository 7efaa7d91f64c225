"""Every way a file may turn its axes ends in one view, for heights, pitch and mask alike."""

from __future__ import annotations

import damaged
import numpy as np
import pytest

from ribin.read import read_scan

HEIGHTS_UM = damaged.relief_um()
INSIDE = np.zeros(HEIGHTS_UM.shape, np.uint8)
INSIDE[2:9, 5:17] = 255
PITCH_UM = (5.0, 6.25)  # of rows and columns, to see them exchanged
FILE = damaged.with_members(
    damaged.x3p_bytes(HEIGHTS_UM, PITCH_UM),
    ("bindata/mask.png", damaged.image_bytes(".png", INSIDE)),
)


def turn(xx: int, xy: int, yx: int, yy: int, zz: int) -> list[list[float]]:
    return [[float(xx), float(xy), 0.0], [float(yx), float(yy), 0.0], [0.0, 0.0, float(zz)]]


def negative(increment: str) -> tuple[str, str]:
    return f"<Increment>{increment}<", f"<Increment>-{increment}<"


def origin(corner: str) -> tuple[str, str]:
    return "</Axes>", f"<Origin>{corner}</Origin></Axes>"


CASES = {
    "as it is": (FILE, lambda a: a, 1, 0),
    "Origin NW": (damaged.with_main(FILE, origin("NW")), lambda a: a, 1, 0),
    "Origin NE": (damaged.with_main(FILE, origin("NE")), lambda a: a[:, ::-1], 1, 1),
    "Origin SW": (damaged.with_main(FILE, origin("SW")), lambda a: a[::-1], 1, 1),
    "Origin SE": (damaged.with_main(FILE, origin("SE")), lambda a: a[::-1, ::-1], 1, 1),
    "x backwards": (damaged.with_main(FILE, negative("6.25e-06")), lambda a: a[:, ::-1], 1, 1),
    "y backwards": (damaged.with_main(FILE, negative("5e-06")), lambda a: a[::-1], 1, 1),
    "y backwards from SW": (
        damaged.with_main(FILE, negative("5e-06"), origin("SW")),
        lambda a: a,
        1,
        2,
    ),
    "z downwards": (damaged.with_main(FILE, negative("1.0")), lambda a: a, -1, 1),
    "half turn": (
        damaged.with_rotation(FILE, turn(-1, 0, 0, -1, 1)),
        lambda a: a[::-1, ::-1],
        1,
        1,
    ),
    # Seen from the other side: one axis turned round, heights become depths.
    "over x": (damaged.with_rotation(FILE, turn(1, 0, 0, -1, -1)), lambda a: a[::-1], -1, 1),
    "over y": (damaged.with_rotation(FILE, turn(-1, 0, 0, 1, -1)), lambda a: a[:, ::-1], -1, 1),
    # x goes where y was: the first row becomes the first column.
    "quarter turn": (
        damaged.with_rotation(FILE, turn(0, -1, 1, 0, 1)),
        lambda a: a.T[:, ::-1],
        1,
        1,
    ),
    "quarter turn back": (
        damaged.with_rotation(FILE, turn(0, 1, -1, 0, 1)),
        lambda a: a.T[::-1],
        1,
        1,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_axes_are_brought_to_one_view(case, tmp_path):
    data, expected, sign, notes = CASES[case]
    (tmp_path / "a.x3p").write_bytes(data)
    scan = read_scan(tmp_path / "a.x3p")
    np.testing.assert_allclose(scan.values, sign * expected(HEIGHTS_UM), atol=1e-5)
    assert scan.mark_valid is not None
    assert np.array_equal(scan.mark_valid, expected(INSIDE) == 255)
    turned = expected(HEIGHTS_UM).shape != HEIGHTS_UM.shape
    pitch = (scan.row_pitch_um, scan.col_pitch_um)
    assert pitch == pytest.approx(PITCH_UM[::-1] if turned else PITCH_UM)
    assert len(scan.provenance.notes) == notes + 1  # and one of the mask
    assert scan.values.flags.c_contiguous
    assert scan.valid.flags.c_contiguous


@pytest.mark.parametrize("case", ["quarter turn", "quarter turn back", "half turn", "over x"])
@pytest.mark.parametrize("um_axes", ["x", "y", "xy"])
def test_increments_in_um_turn_with_the_axes(case, um_axes, tmp_path):
    data, expected, sign, _ = CASES[case]
    in_um = {"x": ("6.25e-06", "6.25"), "y": ("5e-06", "5.0")}
    changes = [(f"<Increment>{m}<", f"<Increment>{um}<") for m, um in map(in_um.get, um_axes)]
    (tmp_path / "a.x3p").write_bytes(damaged.with_main(data, *changes))
    scan = read_scan(tmp_path / "a.x3p")
    np.testing.assert_allclose(scan.values, sign * expected(HEIGHTS_UM), atol=1e-5)
    turned = expected(HEIGHTS_UM).shape != HEIGHTS_UM.shape
    pitch = (scan.row_pitch_um, scan.col_pitch_um)
    assert pitch == pytest.approx(PITCH_UM[::-1] if turned else PITCH_UM)
    assert len(scan.provenance.repairs) == len(um_axes)


def test_a_header_that_undoes_its_storage_gives_the_same_scan(tmp_path):
    # One surface, written the other way round by another program that says so.
    flipped = damaged.x3p_bytes(HEIGHTS_UM[::-1], PITCH_UM)
    (tmp_path / "a.x3p").write_bytes(damaged.x3p_bytes(HEIGHTS_UM, PITCH_UM))
    (tmp_path / "b.x3p").write_bytes(damaged.with_main(flipped, origin("SW")))
    first, second = read_scan(tmp_path / "a.x3p"), read_scan(tmp_path / "b.x3p")
    assert np.array_equal(first.values, second.values)


@pytest.mark.parametrize(
    ("angle_deg", "note"),
    [(20.0, "The header turns the surface by 20.00 degrees more: left as it is."), (0.001, "")],
)
def test_turns_in_the_plane_are_left_to_the_comparison(angle_deg, note, tmp_path):
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    rotation = [[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]]
    data = damaged.with_rotation(damaged.x3p_bytes(HEIGHTS_UM, PITCH_UM), rotation)
    (tmp_path / "a.x3p").write_bytes(data)
    scan = read_scan(tmp_path / "a.x3p")
    np.testing.assert_allclose(scan.values, HEIGHTS_UM, atol=1e-5)
    assert scan.provenance.notes == ((note,) if note else ())


def test_a_small_tilt_is_left_to_levelling(tmp_path):
    cosine, sine = np.cos(np.radians(2.0)), np.sin(np.radians(2.0))
    rotation = [[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]]
    (tmp_path / "a.x3p").write_bytes(damaged.with_rotation(damaged.x3p_bytes(), rotation))
    assert read_scan(tmp_path / "a.x3p").provenance.notes == (
        "The header turns the surface by 2.00 degrees more: left as it is.",
    )
