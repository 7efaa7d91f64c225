"""The same picture, however it is stored: the same grey values and the same mask, or a refusal."""

from __future__ import annotations

import io
import struct

import image_files
import imagecodecs
import numpy as np
import pytest
import tifffile
from image_files import ImageFile, picture, saved, tiff
from PIL import Image

from ribin.errors import FormatError, ScanError
from ribin.read import read_scan

FILES = image_files.image_files()
EVERY = 19  # a prime: the part of the default run has some of every axis


def check(file: ImageFile, folder) -> None:
    path = folder / "a.img"
    path.write_bytes(file.data)
    scan = read_scan(path, pixel_pitch_um=2.5)
    valid = image_files.opacity() > 127 if file.alpha else np.ones(image_files.SHAPE, bool)
    assert np.array_equal(scan.valid, valid), file.name
    expected = np.where(valid, picture() / 255.0, 0.0)
    np.testing.assert_allclose(scan.values, expected, atol=file.tolerance, err_msg=file.name)


@pytest.mark.parametrize("file", FILES[::EVERY], ids=lambda file: file.name)
def test_a_part_of_the_matrix(file, tmp_path):
    check(file, tmp_path)


@pytest.mark.slow
def test_the_matrix(tmp_path):
    assert len(FILES) > 1200
    assert len({file.name for file in FILES}) == len(FILES)
    for file in FILES:
        check(file, tmp_path)


def test_orientation_is_noted_once(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(picture(), orientation=6, tile=(16, 16)))
    assert (
        "Orientation 6 of the header was carried out."
        in read_scan(path, pixel_pitch_um=2.5).provenance.notes
    )


def test_bilevel_in_every_packing(tmp_path):
    black = picture() > 127
    path = tmp_path / "a.tif"
    for packing in ("raw", "group3", "group4", "tiff_lzw", "packbits"):
        path.write_bytes(saved(Image.fromarray(black), "TIFF", compression=packing))
        assert np.array_equal(read_scan(path, pixel_pitch_um=2.5).values, black), packing
    path.write_bytes(tiff(~black, photometric="miniswhite"))
    assert np.array_equal(read_scan(path, pixel_pitch_um=2.5).values, black)


@pytest.mark.parametrize("bits", [8, 10, 12, 14])
@pytest.mark.parametrize("kind", ["tiff", "png"])
def test_fewer_bits_than_stored_are_stretched_and_noted(bits, kind, tmp_path):
    top = (1 << bits) - 1
    stored = np.round(picture() / 255.0 * top).astype(np.uint16)
    path = tmp_path / "a.img"
    path.write_bytes(tiff(stored) if kind == "tiff" else imagecodecs.png_encode(stored))
    scan = read_scan(path, pixel_pitch_um=2.5)
    np.testing.assert_allclose(scan.values, picture() / 255.0, atol=1.0 / top)
    note = f"16 bit with values up to {top}: read as {bits} bit, {top} is white."
    assert note in scan.provenance.notes
    path.write_bytes(tiff(picture().astype(np.uint16) * 257))
    assert not any("bit" in note for note in read_scan(path, pixel_pitch_um=2.5).provenance.notes)


def mpo() -> bytes:
    """A JPEG with a second picture behind it, as phones write it."""
    first = Image.fromarray(picture())
    return saved(first, "MPO", save_all=True, append_images=[Image.fromarray(255 - picture())])


def test_the_first_picture_of_a_phone_is_read_and_noted(tmp_path):
    path = tmp_path / "phone.jpg"
    path.write_bytes(mpo())
    scan = read_scan(path, pixel_pitch_um=2.5)
    np.testing.assert_allclose(scan.values, picture() / 255.0, atol=0.1)
    assert "The first of 2 pictures was read." in scan.provenance.notes
    film = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 40  # behind a moving photograph
    path.write_bytes(saved(Image.fromarray(picture()), "JPEG") + film)
    notes = read_scan(path, pixel_pitch_um=2.5).provenance.notes
    assert "What follows the picture in the file was not read." in notes


GREY = picture()
COLOURS = np.dstack([GREY] * 3)


def patched_tag(data: bytes, code: int, new_code: int) -> bytes:
    """A little-endian TIFF with a tag called by another code."""
    at = data.index(struct.pack("<HH", code, 3))
    return data[:at] + struct.pack("<H", new_code) + data[at + 2 :]


def of_pictures(**options) -> bytes:
    packed = io.BytesIO()
    with tifffile.TiffWriter(packed, **options) as file:
        file.write(np.stack([GREY, GREY]), photometric="minisblack")
    return packed.getvalue()


def cut(data: bytes) -> bytes:
    """A TIFF whose pixels end too soon; its tags are whole, in front."""
    return data[: len(data) * 2 // 3]


CMYK = np.dstack([GREY] * 4)
REFUSED = {
    "cmyk tiff": (tiff(CMYK, photometric="separated"), "grey, RGB or a palette .* SEPARATED"),
    "lab": (tiff(COLOURS, photometric="cielab"), "grey, RGB or a palette needed, .* CIELAB"),
    "ycbcr": (tiff(COLOURS, photometric="ycbcr"), "grey, RGB or a palette needed, .* YCBCR"),
    "filter array": (tiff(GREY, photometric="cfa"), "grey, RGB or a palette needed, found .* CFA"),
    "cmyk jpeg": (saved(Image.fromarray(COLOURS).convert("CMYK"), "JPEG"), ".* found CMYK"),
    "float": (tiff(GREY.astype("f4")), "8 or 16 bit needed, found floating-point numbers of 32"),
    "signed": (tiff(GREY.astype("i2")), "8 or 16 bit needed, found signed numbers of 16 bit"),
    "32 bit": (tiff(GREY.astype("u4")), "8 or 16 bit needed, found whole numbers of 32 bit"),
    "zstd": (tiff(GREY, compression="zstd"), "TIFF without compression, LZW, .* found ZSTD"),
    "jpeg 2000": (tiff(GREY, compression="jpeg2000"), "TIFF without compression, .* found JPEG"),
    "unsaid alpha": (
        tiff(np.dstack([GREY, GREY]), photometric="minisblack", extrasamples=["unspecified"]),
        "a TIFF needed that says whether its extra sample is alpha",
    ),
    "two extra samples": (
        tiff(np.dstack([GREY] * 5), photometric="rgb", extrasamples=["unassalpha"] * 2),
        "3 samples a pixel and alpha needed for photometric RGB, found 5",
    ),
    "white is zero, multiplied": (
        tiff(np.dstack([GREY] * 2), photometric="miniswhite", extrasamples=["assocalpha"]),
        "0 black needed for samples multiplied by alpha",
    ),
    "no photometric": (
        patched_tag(tiff(GREY), 262, 263),
        "a TIFF that says whether 0 is black or white needed",
    ),
    "two pages": (of_pictures(), "one picture needed, found 2"),
    "stack of ImageJ": (of_pictures(imagej=True), "one picture needed, found 2"),
    "series of OME": (of_pictures(ome=True), "one picture needed, found 2"),
    "cut strip": (cut(tiff(GREY)), "the image is truncated, a strip or tile is missing"),
    "cut tile": (cut(tiff(GREY, tile=(16, 16))), "the image is truncated, a strip or tile"),
    "cut lzw": (cut(tiff(GREY, compression="lzw")), "the image is truncated, a strip or tile"),
    "cut jpeg tile": (
        tiff(GREY, compression="jpeg", tile=(16, 16)).replace(b"\xff\xd9", b"\0\0"),
        "the image is truncated, a strip or tile has no end marker",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_would_have_to_be_guessed_is_refused_by_name(kind, tmp_path, capfd):
    data, message = REFUSED[kind]
    (tmp_path / "a.img").write_bytes(data)
    with pytest.raises((FormatError, ScanError), match=f"^a.img: {message}"):
        read_scan(tmp_path / "a.img", pixel_pitch_um=2.5)
    assert capfd.readouterr() == ("", "")


def test_an_extra_sample_that_is_the_same_everywhere_says_nothing(tmp_path):
    stored = np.dstack([GREY, np.full_like(GREY, 255)])
    data = tiff(stored, photometric="minisblack", extrasamples=["unspecified"])
    (tmp_path / "a.tif").write_bytes(data)
    scan = read_scan(tmp_path / "a.tif", pixel_pitch_um=2.5)
    assert scan.valid.all()
    assert np.array_equal(scan.values, GREY / np.float32(255))


def test_a_missing_strip_is_not_black(tmp_path):
    good = tiff(GREY, rowsperstrip=8)
    with tifffile.TiffFile(io.BytesIO(good)) as file:
        counts = file.pages.first.tags[279]
        at = counts.valueoffset
    (tmp_path / "a.tif").write_bytes(good[:at] + bytes(2) + good[at + 2 :])
    with pytest.raises(FormatError, match="a strip or tile is missing"):
        read_scan(tmp_path / "a.tif", pixel_pitch_um=2.5)
