"""Which outline of the mark counts, and what a mask must look like."""

from __future__ import annotations

import hashlib

import damaged
import numpy as np
import pytest

from ribin.errors import FormatError, ScanError
from ribin.read import read_scan

SHAPE = (damaged.HEIGHT, damaged.WIDTH)


def drawn(rows: slice, value: int = 255) -> np.ndarray:
    mask = np.zeros(SHAPE, np.uint8)
    mask[rows] = value
    return mask


def with_mask(pixels: np.ndarray, member: str = "bindata/mask.png") -> bytes:
    packed = damaged.image_bytes(".png", pixels)
    return damaged.with_members(damaged.x3p_bytes(), (member, packed))


@pytest.mark.parametrize("member", ["bindata/mask.png", "mask.png", "vendor/Mask.PNG"])
def test_mask_in_the_archive(member, tmp_path):
    (tmp_path / "a.x3p").write_bytes(with_mask(drawn(slice(0, 5)), member))
    scan = read_scan(tmp_path / "a.x3p")
    assert np.array_equal(scan.mark_valid, drawn(slice(0, 5)) == 255)
    assert scan.valid.all()
    assert scan.provenance.notes == (f"Mask {member} of the file: 25.0% of the pixels inside.",)


def test_the_mask_given_wins_over_the_one_beside_and_that_over_the_one_inside(tmp_path):
    path = tmp_path / "a.x3p"
    path.write_bytes(with_mask(drawn(slice(0, 5))))
    beside = damaged.image_bytes(".png", drawn(slice(5, 10)))
    (tmp_path / "a.mask.png").write_bytes(beside)
    scan = read_scan(path)
    assert np.array_equal(scan.mark_valid, drawn(slice(5, 10)) == 255)
    digest = hashlib.sha256(beside).hexdigest()
    assert scan.provenance.notes[-1] == (
        f"Mask a.mask.png beside the scan: 25.0% of the pixels inside, SHA-256 {digest}."
    )
    (tmp_path / "other.png").write_bytes(damaged.image_bytes(".png", drawn(slice(10, 20))))
    scan = read_scan(path, mask_path=tmp_path / "other.png")
    assert np.array_equal(scan.mark_valid, drawn(slice(10, 20)) == 255)
    assert scan.provenance.notes[-1].startswith("Mask other.png given: 50.0% of the pixels")


def test_mask_beside_an_image(tmp_path):
    (tmp_path / "head.v2.png").write_bytes(damaged.image_bytes())
    (tmp_path / "head.v2.mask.png").write_bytes(damaged.image_bytes(".png", drawn(slice(0, 5))))
    scan = read_scan(tmp_path / "head.v2.png", pixel_pitch_um=2.5)
    assert np.array_equal(scan.mark_valid, drawn(slice(0, 5)) == 255)


def test_mask_beside_lies_on_the_scan_as_displayed(tmp_path):
    data = damaged.with_main(damaged.x3p_bytes(), ("</Axes>", "<Origin>SW</Origin></Axes>"))
    (tmp_path / "a.x3p").write_bytes(data)
    (tmp_path / "a.mask.png").write_bytes(damaged.image_bytes(".png", drawn(slice(0, 5))))
    assert np.array_equal(read_scan(tmp_path / "a.x3p").mark_valid, drawn(slice(0, 5)) == 255)


def coloured() -> np.ndarray:
    bronze = np.zeros((*SHAPE, 3), np.uint8)
    bronze[:] = (50, 127, 205)
    bronze[:4] = (255, 255, 255)
    return bronze


UNUSABLE = {
    "colours": (coloured(), "white on black needed, found colours"),
    "greys": (drawn(slice(0, 5), 128), "white on black needed, found 25% grey pixels"),
    "nothing": (drawn(slice(0, 0)), "no pixel inside it"),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_unusable_masks_are_noted_inside_and_refused_beside(kind, tmp_path):
    pixels, reason = UNUSABLE[kind]
    path = tmp_path / "a.x3p"
    path.write_bytes(with_mask(pixels))
    scan = read_scan(path)
    assert scan.mark_valid is None
    assert scan.provenance.notes == (f"Mask bindata/mask.png not used: {reason}.",)
    (tmp_path / "a.mask.png").write_bytes(damaged.image_bytes(".png", pixels))
    with pytest.raises(ScanError, match=rf"^a.mask.png: {reason}$"):
        read_scan(path)


BRONZE, RED, BLUE = (205, 127, 50), (255, 0, 0), (0, 0, 255)
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def painted(ground, *areas) -> np.ndarray:
    """Blue first; each area is (rows, colour)."""
    pixels = np.empty((*SHAPE, 3), np.uint8)
    pixels[:] = ground[::-1]
    for rows, colour in areas:
        pixels[rows] = colour[::-1]
    return pixels


def with_colours(pixels: np.ndarray, background: str, **meanings: str) -> bytes:
    notes = "".join(
        f'<Annotation color="{colour}">{meaning}</Annotation>'
        for meaning, colour in meanings.items()
    ).replace("_", " ")
    stated = f"<Mask><Background>{background}</Background><Annotations>{notes}</Annotations></Mask>"
    return damaged.with_main(with_mask(pixels), ("</Record3>", f"{stated}</Record3>"))


TOP = slice(0, 5)
X3PTOOLS = {
    "white on bronze": with_colours(painted(BRONZE, (TOP, WHITE)), "#cd7f32"),
    "red on bronze": with_colours(painted(BRONZE, (TOP, RED)), "#CD7F32FF", Breech_Face="#ff0000"),
    "black on white": with_colours(painted(WHITE, (TOP, BLACK)), "#FFFFFF"),
    "black on white, grey file": with_colours(255 - drawn(TOP), "white"),
    "16 bit": with_colours(painted(BRONZE, (TOP, RED)).astype("u2") * 257, "#cd7f32"),
    "white on black": with_colours(drawn(TOP), "#000000"),
    "one of two regions": with_colours(
        painted(BRONZE, (TOP, RED), (slice(9, 12), BLUE)),
        "#cd7f32",
        Firing_pin_impression="#0000ff",
        Breech_face="#ff0000",
    ),
    "a region that no annotation names": with_colours(
        painted(BRONZE, (TOP, RED), (slice(9, 20), BLACK)), "#cd7f32", bf="#ff0000"
    ),
    "the ground annotated too": with_colours(
        painted(BRONZE, (TOP, RED)), "#cd7f32", Background="#cd7f32", BFI="red"
    ),
    "no background stated": with_colours(
        painted(BLUE, (TOP, RED)), "", Breach_face_impression="#f00", Aperture="#0000ff"
    ),
    "one region without a name": with_colours(painted(BRONZE, (TOP, RED)), "#cd7f32"),
    "white named, background of another mask": with_colours(
        drawn(TOP), "#cd7f32", Breech_face="#ffffff"
    ),
    # A header may keep the bronze of x3ptools where the mask was drawn in white on black.
    "background of another mask": with_colours(drawn(TOP), "#cd7f32"),
    "background in words": with_colours(drawn(TOP), "none"),
}


@pytest.mark.parametrize("case", X3PTOOLS)
def test_colours_with_a_background_stated(case, tmp_path):
    (tmp_path / "a.x3p").write_bytes(X3PTOOLS[case])
    scan = read_scan(tmp_path / "a.x3p")
    assert np.array_equal(scan.mark_valid, drawn(TOP) == 255)
    (note,) = scan.provenance.notes
    assert note.startswith("Mask bindata/mask.png of the file: 25.0% of the pixels inside")
    assert "ackground" in note or "annotated" in note


def test_what_counts_and_what_is_left_out_is_said(tmp_path):
    (tmp_path / "a.x3p").write_bytes(X3PTOOLS["a region that no annotation names"])
    assert read_scan(tmp_path / "a.x3p").provenance.notes == (
        "Mask bindata/mask.png of the file: 25.0% of the pixels inside, Background #cd7f32 "
        "outside, annotated 'bf'; 55.0% of the pixels left out, not annotated as breech face.",
    )
    (tmp_path / "a.x3p").write_bytes(X3PTOOLS["one region without a name"])
    assert read_scan(tmp_path / "a.x3p").provenance.notes == (
        "Mask bindata/mask.png of the file: 25.0% of the pixels inside, Background #cd7f32 "
        "outside, the colour #ff0000 taken for breech face: no annotation names it.",
    )


NOT_USED = {
    "two regions without a name": (
        with_colours(painted(BRONZE, (slice(0, 2), RED), (slice(2, 5), BLUE)), "#cd7f32"),
        "several colours, and no annotation says which is breech face, Background #cd7f32 outside "
        "(#0000ff, #ff0000)",
    ),
    "another mark": (
        with_colours(painted(BRONZE, (TOP, RED)), "#cd7f32", Firing_pin="#ff0000"),
        "no region annotated as breech face, Background #cd7f32 outside, annotated 'Firing pin'",
    ),
    "not the breech face": (
        with_colours(painted(BRONZE, (TOP, RED)), "#cd7f32", Not_breech_face="#ff0000"),
        "no region annotated as breech face, Background #cd7f32 outside, annotated "
        "'Not breech face'",
    ),
    "another mark in white": (
        with_colours(drawn(TOP), "#cd7f32", Ejector="white"),
        "no region annotated as breech face, annotated 'Ejector'",
    ),
    "bf within a word": (
        with_colours(painted(BRONZE, (TOP, RED)), "#cd7f32", subfield="#ff0000"),
        "no region annotated as breech face, Background #cd7f32 outside, annotated 'subfield'",
    ),
}


@pytest.mark.parametrize("case", NOT_USED)
def test_colours_that_nobody_calls_breech_face_are_said_and_not_used(case, tmp_path):
    data, reason = NOT_USED[case]
    (tmp_path / "a.x3p").write_bytes(data)
    scan = read_scan(tmp_path / "a.x3p")
    assert scan.mark_valid is None
    assert scan.provenance.notes == (f"Mask bindata/mask.png not used: {reason}.",)


@pytest.mark.parametrize(
    "meaning", ["bf", "BF", "B.F.", "BFI", "breech_face", "Breechface", "breach"]
)
def test_the_names_of_a_breech_face(meaning, tmp_path):
    pixels = painted(BRONZE, (TOP, RED), (slice(9, 12), BLUE))
    (tmp_path / "a.x3p").write_bytes(with_colours(pixels, "#cd7f32", **{meaning: "#ff0000"}))
    assert np.array_equal(read_scan(tmp_path / "a.x3p").mark_valid, drawn(TOP) == 255)


@pytest.mark.parametrize(
    "meaning",
    [
        *("not_bf", "no_bf", "non_breech", "nonbreech", "outside_bf", "never bf", "ignored bf"),
        *(
            "breech face (ignored)",
            "excluded breech face",
            "all but breech face",
            "background of bf",
        ),
    ],
)
def test_what_is_called_no_breech_face_is_none(meaning, tmp_path):
    pixels = painted(BRONZE, (TOP, RED), (slice(9, 12), BLUE))
    (tmp_path / "a.x3p").write_bytes(with_colours(pixels, "#cd7f32", **{meaning: "#ff0000"}))
    assert "not used" in notes_without_mask(tmp_path)[0]


def notes_without_mask(folder):
    """What is noted of a file whose mask is not used."""
    scan = read_scan(folder / "a.x3p")
    assert scan.mark_valid is None
    return scan.provenance.notes


def test_a_background_without_anything_on_it_is_noted(tmp_path):
    (tmp_path / "a.x3p").write_bytes(with_colours(painted(BRONZE), "#cd7f32"))
    assert notes_without_mask(tmp_path) == (
        "Mask bindata/mask.png not used: no pixel inside it, Background #cd7f32 outside.",
    )


def test_a_mask_that_is_not_read_is_noted(tmp_path):
    (tmp_path / "a.x3p").write_bytes(with_mask(drawn(TOP), "bindata/mask.bin"))
    assert notes_without_mask(tmp_path) == (
        "Mask bindata/mask.bin not used: a mask in this form is not read.",
    )


def test_transparent_is_outside_and_soft_edges_are_cut_at_half(tmp_path):
    pixels = np.full((*SHAPE, 4), 255, np.uint8)
    pixels[5:, :, 3] = 0
    pixels[4, :11, :3] = np.arange(40, 260, 20)[:, None]
    (tmp_path / "a.x3p").write_bytes(with_mask(pixels))
    mark_valid = read_scan(tmp_path / "a.x3p").mark_valid
    assert mark_valid[:4].all()
    assert not mark_valid[5:].any()
    assert mark_valid[4].tolist() == [False] * 5 + [True] * 23


def test_mask_of_another_shape_or_kind_is_refused(tmp_path):
    path = tmp_path / "a.x3p"
    path.write_bytes(damaged.x3p_bytes())
    (tmp_path / "a.mask.png").write_bytes(damaged.image_bytes(".png", np.full((9, 8), 255, "u1")))
    with pytest.raises(ScanError) as raised:
        read_scan(path)
    assert (
        str(raised.value) == "a.mask.png: a mask of 20 x 28 pixels like a.x3p needed, found 9 x 8"
    )
    (tmp_path / "a.mask.png").write_bytes(b"no image")
    with pytest.raises(FormatError, match=r"^a.mask.png: the header of the image is damaged"):
        read_scan(path)
    with pytest.raises(FormatError, match=r"gone.png: a file needed, found nothing there"):
        read_scan(path, mask_path=tmp_path / "gone.png")


@pytest.mark.parametrize(("side", "pitch_um", "rows", "said"), [
    (100, 20.0, 10, True), (100, 20.0, 20, False),  # 4 mm2 measured: a cut-out mark
    (100, 60.0, 2, True), (100, 60.0, 10, False),  # 36 mm2: a head, of which a mark is a part
])  # fmt: skip
def test_a_mask_that_keeps_little_of_a_mark_is_said(side, pitch_um, rows, said, tmp_path):
    heights = damaged.relief_um(side, side)
    mask = np.zeros((side, side), np.uint8)
    mask[:rows] = 255
    data = damaged.x3p_bytes(heights, (pitch_um, pitch_um))
    packed = damaged.image_bytes(".png", mask)
    (tmp_path / "a.x3p").write_bytes(damaged.with_members(data, ("bindata/mask.png", packed)))
    notes = read_scan(tmp_path / "a.x3p").provenance.notes
    assert any("less than 15% of a breech face: check it." in note for note in notes) is said
