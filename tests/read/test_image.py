"""Optical images: pixels, pitch and which way is up."""

from __future__ import annotations

import io

import damaged
import numpy as np
import pytest
from PIL import Image

from ribin.errors import ScanError
from ribin.model import ScanKind
from ribin.read import read_scan

GREY = damaged.grey_pixels()
COLOUR = np.dstack([GREY, GREY[::-1], GREY[:, ::-1]])


@pytest.fixture
def scan_of(tmp_path):
    def read(data: bytes, pixel_pitch_um: float | None = 2.5, name: str = "a.img"):
        (tmp_path / name).write_bytes(data)
        return read_scan(tmp_path / name, pixel_pitch_um=pixel_pitch_um)

    return read


def saved(pixels: np.ndarray, kind: str, **options) -> bytes:
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, kind, **options)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("suffix", "decoder"), [(".png", "imagecodecs"), (".tif", "tifffile"), (".bmp", "Pillow")]
)
def test_grey_values_come_back(suffix, decoder, scan_of):
    scan = scan_of(damaged.image_bytes(suffix))
    assert scan.kind is ScanKind.IMAGE
    assert np.array_equal(scan.values, GREY.astype(np.float32) / np.float32(255))
    assert scan.valid.all()
    assert scan.provenance.reader.startswith(decoder + " ")
    assert scan.mark_valid is None


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bit_is_kept(suffix, scan_of):
    deep = damaged.grey_pixels(np.uint16)
    scan = scan_of(damaged.image_bytes(suffix, deep))
    assert np.array_equal(scan.values, deep.astype(np.float32) / np.float32(65535))
    colours = scan_of(damaged.image_bytes(suffix, np.dstack([deep, deep[::-1], deep])))
    weighted = 0.413 * deep + 0.587 * deep[::-1]  # blue and red 0.114 + 0.299
    np.testing.assert_allclose(colours.values, weighted / 65535, atol=1e-4)


def test_jpeg_is_read(scan_of):
    scan = scan_of(damaged.image_bytes(".jpg"))
    np.testing.assert_allclose(scan.values, GREY / 255, atol=0.06)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_colour_becomes_luminance(suffix, scan_of):
    scan = scan_of(damaged.image_bytes(suffix, COLOUR))
    weighted = COLOUR @ np.array([0.114, 0.587, 0.299])
    np.testing.assert_allclose(scan.values, weighted / 255, atol=0.003)
    assert "Colours were converted to luminance." in scan.provenance.notes


def test_palette_is_read_as_its_colours(scan_of):
    flat = Image.fromarray(GREY).convert("P")
    packed = io.BytesIO()
    flat.save(packed, "PNG")
    np.testing.assert_allclose(scan_of(packed.getvalue()).values, GREY / 255, atol=0.003)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_transparent_pixels_are_not_measured(dtype, scan_of):
    deep = damaged.grey_pixels(dtype)
    alpha = np.full_like(deep, np.iinfo(dtype).max)
    alpha[:6, :9] = 0
    scan = scan_of(damaged.image_bytes(".png", np.dstack([deep, deep, deep, alpha])))
    assert np.array_equal(scan.valid, alpha > 0)
    assert not scan.values[:6, :9].any()
    np.testing.assert_allclose(scan.values[6:], deep[6:] / np.iinfo(dtype).max, atol=1e-6)


def tiff_tags(row_pitch_um: float, col_pitch_um: float, unit: int) -> dict[int, float]:
    unit_um = {2: 25_400.0, 3: 10_000.0}[unit]
    return {282: unit_um / col_pitch_um, 283: unit_um / row_pitch_um, 296: unit}


STATED = {
    "png": damaged.png_with_pitch(damaged.image_bytes(), 2.0, 2.5),
    "tiff inch": saved(GREY, "TIFF", tiffinfo=tiff_tags(2.0, 2.5, 2)),
    "tiff centimetre": saved(GREY, "TIFF", tiffinfo=tiff_tags(2.0, 2.5, 3)),
    "bmp": saved(GREY, "BMP", dpi=(25_400 / 2.5, 25_400 / 2.0)),
    "jpeg": saved(GREY, "JPEG", dpi=(25_400 / 2.5, 25_400 / 2.0)),
}


@pytest.mark.parametrize("kind", STATED)
def test_pitch_of_the_file(kind, scan_of):
    scan = scan_of(STATED[kind], None)
    assert (scan.row_pitch_um, scan.col_pitch_um) == pytest.approx((2.0, 2.5), rel=1e-4)
    assert scan.provenance.notes == ()


def test_pitch_given_wins_and_is_noted(scan_of):
    scan = scan_of(STATED["png"], 3.0)
    assert (scan.row_pitch_um, scan.col_pitch_um) == (3.0, 3.0)
    assert scan.provenance.notes == ("Pixel pitch of 3 um given; the file states pHYs 2 x 2.5 um.",)
    assert scan_of(damaged.image_bytes(), 3.0).provenance.notes == (
        "Pixel pitch of 3 um given; the file states none.",
    )


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "JPEG"])
def test_no_pitch_and_placeholders_are_refused(kind, scan_of):
    bare = {"TIFF": {"tiffinfo": {282: 10_000.0, 283: 10_000.0, 296: 1}}}.get(kind, {})
    with pytest.raises(ScanError, match="--pixel-pitch-um"):  # a bare BMP says 96 dpi
        scan_of(saved(GREY, kind, **bare), None)
    if kind in ("PNG", "TIFF"):
        with pytest.raises(ScanError, match="the image states no pixel pitch"):
            scan_of(saved(GREY, kind), None)
    with pytest.raises(ScanError, match=r"72(.01)? dpi is a placeholder, no measured pitch"):
        scan_of(saved(GREY, kind, dpi=(72, 72)), None)


def test_print_density_of_a_large_image_is_a_placeholder(scan_of):
    wide = np.tile(GREY, (1, 40))
    with pytest.raises(ScanError, match=r"300 dpi is .* \(84.6\d um a pixel, 94.83 mm across"):
        scan_of(damaged.png_with_pitch(damaged.image_bytes(".png", wide), 84.667, 84.667), None)


ORIENTED = {
    1: GREY,
    2: GREY[:, ::-1],
    3: GREY[::-1, ::-1],
    4: GREY[::-1],
    5: GREY.T,
    6: GREY.T[:, ::-1],
    7: GREY.T[::-1, ::-1],
    8: GREY.T[::-1],
}


@pytest.mark.parametrize("code", ORIENTED)
@pytest.mark.parametrize("kind", ["TIFF", "PNG", "JPEG"])
def test_orientation_of_the_header_is_carried_out(code, kind, scan_of):
    if kind == "TIFF":
        data = saved(GREY, kind, tiffinfo={274: code, **tiff_tags(2.0, 2.5, 3)})
    else:
        exif = Image.Exif()
        exif[274] = code
        options = {"quality": 100} if kind == "JPEG" else {}
        data = saved(GREY, kind, exif=exif, dpi=(25_400 / 2.5, 25_400 / 2.0), **options)
    scan = scan_of(data, None)
    expected = ORIENTED[code] / 255
    np.testing.assert_allclose(scan.values, expected, atol=0.03 if kind == "JPEG" else 1e-6)
    pitch = (2.0, 2.5) if code < 5 else (2.5, 2.0)
    assert (scan.row_pitch_um, scan.col_pitch_um) == pytest.approx(pitch, rel=1e-3)
    assert bool(scan.provenance.notes) == (code != 1)


def test_several_pictures_are_refused(scan_of):
    packed = io.BytesIO()
    pages = [Image.fromarray(GREY), Image.fromarray(GREY)]
    pages[0].save(packed, "TIFF", save_all=True, append_images=pages[1:])
    with pytest.raises(ScanError, match=r"a.img: one picture needed, found 2$"):
        scan_of(packed.getvalue())
