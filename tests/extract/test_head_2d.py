"""Whole heads in one image: the circles on the real three, and what is refused."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from heads import HeadSpec, Stage, scan_head

from ribin.errors import ScanError
from ribin.extract.head_2d import find_image_regions
from ribin.model import MarkType, Provenance, Scan, ScanKind
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.pipeline import compare_marks, describe_mark, extract_marks
from ribin.read import read_scan
from ribin.synth.firearm import make_firearm
from ribin.synth.render import Camera, Light, render_scan

PITCH = 2.53
# Row, column and radius in um, read off the images by eye: the primer's flat, and the edge round
# the impression (nbide: within the aperture that the primer flowed into, which shines).
BY_EYE = {
    "nbide_118": ((2428, 3252, 1835), (2795, 3085, 745)),
    "nbide_129": ((2483, 3275, 1810), (2780, 2985, 755)),
    "fbi_b240793": ((2463, 3285, 1655), (2750, 3405, 870)),
}


def image(grey: np.ndarray, pitch_um: float = 20.0) -> Scan:
    values = np.clip(grey, 0.0, 1.0).astype(np.float32)
    valid = np.ones(values.shape, bool)
    kind = ScanKind.IMAGE
    return Scan(values, valid, pitch_um, pitch_um, kind, Provenance("photo.png", "", 0, "made"))


def drawn_head(
    primer: float = 1800.0,
    pin: float = 900.0,
    row: float = 2500.0,
    col: float = 3000.0,
    off: float = 300.0,
    square: bool = False,
) -> np.ndarray:
    """Bright head, dark gap, bright flat, dark hole; 5 x 6 mm at 20 um."""
    rows, cols = np.mgrid[:250, :300] * 20.0
    away = np.hypot(rows - row, cols - col)
    down, across = np.abs(rows - row - off), np.abs(cols - col)
    to_hole = np.maximum(down, across) if square else np.hypot(down, across)
    grey = np.where(away < primer + 700.0, 0.08, 0.35)
    grey = np.where(away < primer, 0.4, grey)
    grey = np.where(to_hole < pin, 0.1, grey)
    return grey + np.random.default_rng(1).normal(0.0, 0.03, grey.shape)


def found(scan: Scan):
    face, pin = find_image_regions(scan, DEFAULT_PARAMS)
    assert (face.mark_type, pin.mark_type) == (MarkType.BREECH_FACE, MarkType.FIRING_PIN)
    return face, pin


def circle(region) -> np.ndarray:
    return np.array([*region.center_um, region.radius_um])


@pytest.mark.parametrize("gain", [0.4, 1.0, 2.0])
def test_a_drawn_head(gain):
    face, pin = found(image(gain * drawn_head()))
    assert np.abs(circle(face) - [2500, 3000, 1800]).max() < 25
    assert np.abs(circle(pin) - [2800, 3000, 900]).max() < 25
    rows, cols = np.mgrid[:250, :300] * 20.0
    away = np.hypot(rows - 2500.0, cols - 3000.0)
    hole = np.hypot(rows - 2800.0, cols - 3000.0) < 900.0
    truth = (away < 1800.0) & ~hole
    assert (face.inside & truth).sum() / (face.inside | truth).sum() > 0.85
    assert not (face.inside & ((away > 1800.0) | hole)).any()


def flowed(inner: float, pin: float = 1100.0) -> np.ndarray:
    """A head whose primer has flowed into the aperture: it shines round the impression."""
    rows, cols = np.mgrid[:250, :300] * 20.0
    away = np.hypot(rows - 2800.0, cols - 3000.0)
    grey = drawn_head(pin=pin)
    grey = np.where(away < 0.9 * pin, 0.8, grey)
    return np.where(away < inner, 0.15, grey)


def test_the_impression_within_the_aperture_is_the_mark_of_the_pin():
    face, pin = found(image(flowed(650.0)))
    assert np.abs(circle(pin) - [2800, 3000, 650]).max() < 25
    rows, cols = np.mgrid[:250, :300] * 20.0
    assert not face.inside[np.hypot(rows - 2800.0, cols - 3000.0) < 1090.0].any()


@pytest.mark.parametrize(("pin", "called"), [(900.0, True), (1150.0, False)])
def test_an_aperture_is_not_called_a_firing_pin(pin, called):
    """A wide hole without a circle in it."""
    regions = find_image_regions(image(drawn_head(pin=pin)), DEFAULT_PARAMS)
    kinds = [region.mark_type for region in regions]
    assert kinds == [MarkType.BREECH_FACE] + called * [MarkType.FIRING_PIN]


def test_a_hole_that_is_not_round():
    face, pin = found(image(drawn_head(pin=700.0, square=True)))
    assert np.abs(circle(pin)[:2] - [2800, 3000]).max() < 60
    assert circle(pin)[2] == pytest.approx(700.0 * 2.0 / np.sqrt(np.pi), rel=0.08)
    assert not face.inside[140, 150]


def test_the_image_may_be_turned_mirrored_or_finer():
    face, _ = found(image(np.rot90(drawn_head(off=400.0))))
    assert np.abs(circle(face)[:2] - [2980, 2500]).max() < 40
    fine = np.kron(drawn_head(), np.ones((2, 2)))
    again, _ = found(image(fine, 10.0))
    assert np.abs(circle(again) - circle(found(image(drawn_head()))[0])).max() < 25


RNG = np.random.default_rng(0)
SMALL = (160, 180)  # 3.2 x 3.6 mm, in which a primer has room
_HALF = drawn_head()[:, :150]
REFUSED = {
    "blank": (np.full((250, 300), 0.4) + RNG.normal(0, 0.005, (250, 300)), "nearly blank"),
    "noise": (RNG.random(SMALL), "no whole primer found"),
    "ramp": (np.tile(np.linspace(0, 1, SMALL[1]), (SMALL[0], 1)), "no whole primer found"),
    "half a head": (_HALF, "no whole primer found"),
    "upper half": (drawn_head()[:125], "no whole primer found"),
    "saturated": (drawn_head() * 4.0, r"% of the image is saturated, at most 30% can be"),
    "flat without a hole": (drawn_head(pin=0.0), "but no even face with a firing pin impression"),
    "negative": (1.0 - drawn_head(), "no whole primer found|no even face"),
    "checkerboard": (0.2 + 0.5 * (np.indices(SMALL) // 40).sum(0) % 2 * 0.5, "no whole primer"),
}


LONG = ("negative", "flat without a hole")  # every circle of them is looked at


@pytest.mark.parametrize(
    "what", [pytest.param(w, marks=[pytest.mark.slow] if w in LONG else []) for w in REFUSED]
)
def test_what_is_no_head_is_refused_by_name(what):
    grey, reason = REFUSED[what]
    with pytest.raises(ScanError, match=f"photo.png: .*({reason})"):
        extract_marks(image(grey))


def test_a_mask_wins_over_what_would_be_found():
    scan = image(drawn_head())
    inside = np.zeros(scan.shape, bool)
    inside[60:120, 100:200] = True
    marks = extract_marks(dataclasses.replace(scan, mark_valid=inside))
    assert [mark.mark_type for mark in marks] == [MarkType.BREECH_FACE]


@pytest.mark.realdata
@pytest.mark.slow
def test_real_heads_and_their_order(real_data):
    templates, pins = {}, []
    for name, by_eye in BY_EYE.items():
        scan = read_scan(real_data / "heads2d" / f"{name}_ring.png", pixel_pitch_um=PITCH)
        for region, truth in zip(found(scan), by_eye, strict=True):
            off = np.abs(circle(region) - truth)
            assert off.max() <= 0.03 * truth[2], (name, region.mark_type, circle(region))
        face, pin = extract_marks(scan)
        templates[name] = describe_mark(face)
        pins.append(describe_mark(pin))
    one, two, other = templates.values()
    mates = compare_marks(one, two)
    assert mates.score > 40.0
    assert max(compare_marks(t, other).score for t in (one, two)) < 15.0
    one, two, other = pins
    assert compare_marks(one, two).score > 60.0
    assert max(compare_marks(t, other).score for t in (one, two)) < 25.0


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "elevation_deg"), [(3003, 30.0), (3005, 60.0), (3008, 45.0)])
def test_a_rendered_head_whose_edge_is_rounded(seed, elevation_deg):
    """The flat's brightness falls slowly: matt metal under high lamps shows slopes, not edges."""
    spec = dataclasses.replace(HeadSpec.draw(np.random.default_rng(seed)), ejector_um=0.0)
    reach = spec.primer_um + 900.0
    stage = Stage(14.0, -reach, reach, -reach, reach, (1.0, -1.0), 0.1, 0.0, 50.0, 0)
    head = scan_head(make_firearm(1), seed, spec, stage)
    photo = render_scan(head.scan, Light(elevation_deg=elevation_deg), Camera(seed=1))
    face, pin = found(dataclasses.replace(photo, valid=np.ones(photo.shape, bool)))
    truth = head.truth[MarkType.BREECH_FACE]
    assert (face.inside & truth).sum() / (face.inside | truth).sum() > 0.75
    assert np.hypot(*np.subtract(face.center_um, head.center_um)) < 40.0
    assert not (pin.inside & face.inside).any()


SLOW = [pytest.param(factor, marks=pytest.mark.slow) for factor in (0.3, 1.8, 3.0)]


@pytest.mark.parametrize("factor", [0.5, *SLOW])
def test_a_primer_at_another_pitch_is_pointed_out(factor):
    scan = image(drawn_head(), 20.0 * factor)
    with pytest.raises(ScanError, match=r"no primer found at the pitch of .* um, but a disc") as no:
        find_image_regions(scan, DEFAULT_PARAMS)
    small, large = (float(word) for word in re.findall(r"([\d.]+) um if", str(no.value)))
    diameter_px = 2 * 1800.0 / 20.0
    assert small == pytest.approx(4400.0 / diameter_px, rel=0.05)
    assert large == pytest.approx(5300.0 / diameter_px, rel=0.05)
    assert no.value.hint.startswith("--pixel-pitch-um ")


@pytest.mark.parametrize("factor", [0.5, *SLOW])
def test_the_pitch_is_not_doubted_where_no_primer_is_seen(factor):
    rows, cols = np.mgrid[: SMALL[0], : SMALL[1]]
    shaded = 0.4 + 0.3 * np.sin(rows / 40.0) * np.cos(cols / 30.0)
    for grey in (shaded, np.random.default_rng(2).uniform(0.2, 0.8, rows.shape)):
        with pytest.raises(ScanError, match="no whole primer found") as no:
            find_image_regions(image(grey, 20.0 * factor), DEFAULT_PARAMS)
        assert "--pixel-pitch-um" not in str(no.value) + no.value.hint
