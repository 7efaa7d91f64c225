"""`ribin extract`, and outlines, casts and quality on the way into a vault."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from heads import HeadSpec, Stage, scan_head

from ribin.read import read_scan
from ribin.synth.cartridge import fire
from ribin.synth.firearm import make_firearm
from ribin.synth.write import write_x3p


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """head.x3p, a whole head; ring.x3p, one that is cut out; noisy.x3p, beyond use."""
    folder = tmp_path_factory.mktemp("heads")
    firearm = make_firearm(1)
    rng = np.random.default_rng(3)
    spec = dataclasses.replace(HeadSpec.draw(rng), ejector_um=0.0)
    around = spec.primer_um + 500.0
    stage = Stage(12.0, -around, around, -around, around, (1.0, 1.0), 0.1, 0.0, 5.0, 3)
    write_x3p(scan_head(firearm, 1, spec, stage).scan, folder / "head.x3p", step_um=0.03)
    ring = fire(firearm, 1)
    write_x3p(ring, folder / "ring.x3p")
    noise = np.random.default_rng(1).normal(0.0, 4.0, ring.shape).astype(np.float32)
    noisy = np.where(ring.valid, ring.values + noise, np.float32(0))
    write_x3p(dataclasses.replace(ring, values=noisy), folder / "noisy.x3p")
    return folder


def marks_of(ran) -> dict[str, dict]:
    assert ran.code == 0, ran.err
    return {mark["mark"]: mark for mark in json.loads(ran.out)["marks"]}


def test_the_contract(ribin, folder, tmp_path):
    overlay, masks = tmp_path / "found.png", tmp_path / "masks"
    file = folder / "head.x3p"
    ran = ribin("extract", file, "--overlay", overlay, "--masks", masks, "--json")
    marks = marks_of(ran)
    said = json.loads(ran.out)
    assert (said["file"], said["kind"], said["pixel_pitch_um"]) == ("head.x3p", "topography", 12.0)
    assert list(marks) == ["breech_face", "firing_pin"]
    scan = read_scan(file)
    for mark in marks.values():
        mask = cv2.imread(mark["mask"], cv2.IMREAD_UNCHANGED)
        assert mask.shape == scan.shape
        assert set(np.unique(mask)) == {0, 255}
        row, col = mark["center_px"]
        assert 0 < row < scan.shape[0]
        assert 0 < col < scan.shape[1]
        assert mark["radius_px"] > 10
        assert mark["quality"]["verdict"] in ("usable", "poor", "unusable")
        assert mark["quality"]["area_mm2"] > 0
    assert cv2.imread(str(overlay)).shape[1] == 1000


def test_a_written_mask_comes_back_as_it_was(ribin, folder, tmp_path):
    file = folder / "head.x3p"
    found = marks_of(ribin("extract", file, "--masks", tmp_path / "one", "--json"))
    mask = found["breech_face"]["mask"]
    ran = ribin("extract", file, "--mask", mask, "--masks", tmp_path / "two", "--json",
                "--who", "J. Brown", "--reason", "checked")  # fmt: skip
    again = marks_of(ran)
    assert again["breech_face"]["origin"] == "outlined"
    first, second = (cv2.imread(m["breech_face"]["mask"], 0) for m in (found, again))
    assert np.array_equal(first, second)
    assert "by J. Brown: checked" in json.loads(ran.out)["notes"][-1]


def test_circles_replace_what_was_found(ribin, folder):
    ran = ribin("extract", folder / "head.x3p", "--circle", "firing_pin:230,231,30", "--json")
    pin = marks_of(ran)["firing_pin"]
    assert pin["origin"] == "outlined"
    assert np.allclose(pin["center_px"], (230, 231), atol=1.0)
    assert pin["radius_px"] == pytest.approx(30, abs=1.5)
    wrong = ribin("extract", folder / "head.x3p", "--circle", "firing_pin:230,231")
    assert wrong.code == 2
    assert "found 'firing_pin:230,231'" in wrong.err


def test_a_cast_is_unfolded(ribin, folder, tmp_path):
    scan = read_scan(folder / "ring.x3p")
    cast = dataclasses.replace(
        scan,
        values=np.ascontiguousarray(-scan.values[:, ::-1]),
        valid=np.ascontiguousarray(scan.valid[:, ::-1]),
    )
    write_x3p(cast, tmp_path / "cast.x3p")
    args = ("compare", folder / "ring.x3p", tmp_path / "cast.x3p", "--json")
    silent = json.loads(ribin(*args).out)
    assert "agrees mirrored and inverted, as a cast" in silent["note"]
    declared = json.loads(ribin(*args, "--replica", "comparison").out)
    assert declared["note"] == ""
    assert (declared["mirrored"], silent["mirrored"]) == (False, True)
    assert declared["score"] > 95 > silent["score"] > 90  # five points less, and it says so


def test_each_type_of_mark_is_compared_on_its_own(ribin, folder):
    head = folder / "head.x3p"
    done = json.loads(ribin("compare", head, head, "--mark", "firing_pin", "--json").out)
    assert done["mark"] == "firing_pin"
    assert done["score"] > 90
    missing = ribin("compare", head, folder / "ring.x3p", "--mark", "firing_pin")
    assert missing.code == 3
    assert "ring.x3p: a firing pin needed, found breech face" in missing.err


def test_an_unusable_scan_is_enrolled_only_with_a_reason(ribin, folder, tmp_path):
    vault = tmp_path / "JAM"
    assert ribin("init", vault, "--member", "JAM").code == 0
    args = ("enrol", folder / "noisy.x3p", "--vault", vault, "--event", "E", "--exhibit", "X")
    refused = ribin(*args, "--who", "A")
    assert refused.code == 3
    assert "noisy.x3p: breech face is unusable" in refused.err
    assert "--accept-unusable REASON" in refused.err
    accepted = ribin(*args, "--who", "A", "--accept-unusable", "the only case found")
    assert accepted.code == 0, accepted.err
    found = ribin("search", "X", "--vault", vault, "--json")
    assert found.code == 0, found.err


def test_one_outline_is_for_one_file(ribin, folder):
    ran = ribin("enrol", folder / "ring.x3p", folder / "noisy.x3p", "--event", "E",
                "--exhibit", "X", "--circle", "breech_face:100,100,50")  # fmt: skip
    assert ran.code == 2
    assert "--mask and --circle outline one FILE" in ran.err


def test_each_type_of_mark_has_its_own_list_and_a_missing_one_is_not_compared(
    ribin, folder, tmp_path
):
    vault = tmp_path / "JAM"
    assert ribin("init", vault, "--member", "JAM").code == 0
    for name in ("head", "ring"):
        where = ("--vault", vault, "--event", "E", "--exhibit", name)
        assert ribin("enrol", folder / f"{name}.x3p", *where).code == 0
    pin = json.loads(
        ribin("search", folder / "head.x3p", "--mark", "firing_pin", "--vault", vault, "--json").out
    )
    assert pin["counts"]["eligible"] == 2
    assert "no firing_pin mark in the scan" in json.dumps(pin["counts"])
    assert all(row["mark"] == "firing_pin" for row in pin["candidates"])
    face = json.loads(ribin("search", "head", "--vault", vault, "--json").out)
    assert [(row["exhibit"], row["mark"]) for row in face["candidates"]] == [
        ("ring", "breech_face")
    ]


def test_dirt_is_said_and_drawn_and_kept_where_a_person_wants_it(ribin, folder, tmp_path):
    ring = read_scan(folder / "ring.x3p")
    spots = np.zeros(ring.shape, bool)
    spots[10::40, 10::40] = True
    spots = cv2.dilate(spots.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    values = np.where(ring.valid & spots, ring.values + np.float32(30.0), ring.values)
    dirty, overlay = tmp_path / "dirty.x3p", tmp_path / "dirty.png"
    write_x3p(dataclasses.replace(ring, values=values), dirty)
    covered = spots[ring.valid].mean()

    found = marks_of(ribin("extract", dirty, "--overlay", overlay, "--json"))["breech_face"]
    quality = found["quality"]
    assert 0.8 * covered < quality["left_out"]["dust"] < 4.0 * covered
    assert quality["left_out"]["flowback"] == 0.0
    assert "left out of the mark: dust 0.0" in ribin("extract", dirty).out
    picture = cv2.imread(str(overlay)).astype(int)
    dust = picture[:, :, 2] - picture[:, :, 1]  # reddish purple; the breech face is sky blue
    drawn = np.count_nonzero(dust > 25) / np.count_nonzero(dust < -15)
    assert drawn == pytest.approx(quality["left_out"]["dust"], rel=0.6)

    kept = ribin("extract", dirty, "--keep-all", "--who", "A. Examiner", "--json")
    assert marks_of(kept)["breech_face"]["quality"]["left_out"]["dust"] == 0.0
    assert json.loads(kept.out)["notes"][-1] == (
        "Dust, drag and flowback kept in the mark by A. Examiner."
    )
    clean, whole = (
        json.loads(ribin("compare", folder / "ring.x3p", dirty, *words, "--json").out)["score"]
        for words in ((), ("--keep-all",))
    )
    assert clean > whole
