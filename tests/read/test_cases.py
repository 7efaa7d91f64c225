"""Images and masks that once were read wrongly, from the folder beside the checkout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ribin.errors import ScanError
from ribin.read import read_scan

CASES = Path(__file__).parents[3] / "shared" / "cases"

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not CASES.is_dir(), reason="no cases in ../shared/cases"),
]


def case(name: str):
    return read_scan(CASES / name)


@pytest.mark.parametrize("packing", ["whiteiszero8", "whiteiszero16", "blackiszero16"])
def test_white_is_zero_at_both_depths(packing):
    scan, photo = case(f"photo_{packing}.tif"), case("photo.png")
    np.testing.assert_allclose(scan.values, photo.values, atol=1 / 255)
    assert (scan.row_pitch_um, scan.col_pitch_um) == pytest.approx((10, 10))


def test_tiles_are_turned_with_the_picture():
    photo = case("photo.png").values
    stored = np.rot90(photo)  # turned back by the orientation 6
    scan = case("photo_tiled8_o6.tif")
    assert scan.shape == np.rot90(stored, -1).shape
    assert np.array_equal(scan.values, photo)


def test_alpha_of_grey_tiff_is_the_mask():
    scan, reference = case("grey_alpha8.tif"), case("grey_alpha8_reference.png")
    assert scan.valid.mean() == 0.5
    assert np.array_equal(scan.valid, reference.valid)
    assert np.array_equal(scan.values, reference.values)


def test_an_unused_byte_is_no_mask():
    assert case("b32_bitfields_junk.bmp").valid.all()


def test_twelve_bits_in_sixteen():
    scan = case("photo_12bit_in_16.tif")
    np.testing.assert_allclose(scan.values, case("photo.png").values, atol=1 / 255)
    assert scan.provenance.notes == (
        "16 bit with values up to 3983: read as 12 bit, 4095 is white.",
    )


def test_bigtiff_and_imagej_are_read():
    assert case("bigtiff.tif").shape == (60, 90)
    scan = case("tif_imagej_um.tif")
    assert (scan.row_pitch_um, scan.col_pitch_um) == (2.5, 2.5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("editor_300dpi_400px.png", "300 dpi is a placeholder, no measured pitch"),
        ("tif_ome_conflict.tif", "found OME 2.5 x 2.5 um and resolution tags 84.6667 x 84.6667 um"),
        ("jpg_exif_unit1.jpg", "the image states no pixel pitch, give --pixel-pitch-um"),
    ],
)
def test_a_pitch_that_nobody_measured_is_refused(name, message):
    with pytest.raises(ScanError, match=message):
        case(name)
