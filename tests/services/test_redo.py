"""Marks outlined or read anew from the stored original: the new ones count, the old ones stay."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from ribin.cases.exhibits import Scope
from ribin.vault.messages import own_questions
from ribin.vault.redescribe import contents_as_read
from ribin.vault.sharing import release_exhibit, set_sharing
from ribin.vault.vault import Vault

ONE, TWO = "JAM-2026-0007-1", "BLZ-2025-0042-1"  # of one firearm
CIRCLE = "breech_face:169,167,130,40"
WHY = ("--reason", "drawn wrongly")


@pytest.fixture
def run(ribin, sample_dir, tmp_path):
    """`run(*words, code=0)` in a vault of two scans, X1 and X2, by its founder."""
    folder = tmp_path / "JAM"
    ribin("init", folder, "--member", "JAM", "--who", "head")

    def run(*words, code=0):
        done = ribin(*words, "--vault", folder, "--who", "head")
        assert done.code == code, done.err
        return done

    for number, name in enumerate((ONE, TWO), start=1):
        scan = sample_dir / f"{name}.x3p"
        run("enrol", scan, "--event", f"E{number}", "--exhibit", f"X{number}")
    run.folder = folder
    return run


def score(run, **more):
    found = json.loads(run("search", "X2", "--json").out)
    assert found["counts"]["eligible"] == 2
    return found["candidates"][0]["score"]


def problems(run):
    with Vault.open(run.folder) as vault:
        return vault.check().problems


def marks(run, exhibit="X1"):
    scans = json.loads(run("exhibit", "show", exhibit, "--json").out)["scans"]
    return {mark["mark"]: mark for mark in scans[0]["marks"]}


def test_the_index_follows_and_what_counted_before_stays(run):
    before = score(run)
    with Vault.open(run.folder) as vault:
        (old,) = vault.marks_of("X1")
    run("mark", "redo", "X1", "--circle", CIRCLE, *WHY)
    assert score(run) < before - 1
    with Vault.open(run.folder) as vault:
        (new,) = vault.marks_of("X1")
        assert (new.reading, new.outlined_by) == (1, "head")
        assert vault.stored_marks([old.mark_id]) == [old]
        vault.template(old)  # what earlier lists rest on can still be looked at
        vault.mark(old)
    run("mark", "redo", "X1", "--found", *WHY)
    assert score(run) == pytest.approx(before)
    assert marks(run)["breech_face"]["outlined_by"] == ""
    assert problems(run) == ()


def test_a_member_that_the_exhibit_was_released_to_is_told_that_the_marks_are_others(run):
    with Vault.open(run.folder) as vault:
        said = {"original": False, "who": "head", "reason": "joint case"}
        set_sharing(vault, ["X1"], Scope.NETWORK, "head", "joint case")
        release_exhibit(vault, "X1", "BLZ", Scope.NETWORK, **said)
    run("store", "describe", "--reason", "a new version")
    done = run("mark", "redo", "X1", "--circle", CIRCLE, *WHY)
    assert "BLZ: not told yet: no line to it now" in done.err
    run("mark", "redo", "X2", "--circle", CIRCLE, *WHY)  # which nobody knows
    with Vault.open(run.folder) as vault:
        [told] = own_questions(vault, waiting=True)
        assert (told.receiver, told.kind) == ("BLZ", "correction")
    assert problems(run) == ()


def test_the_outline_is_kept_when_parameters_change(run, tmp_path):
    run("mark", "redo", "X1", "--circle", CIRCLE, *WHY)
    params = tmp_path / "other.toml"
    params.write_text("[breech_face.describe]\nhigh_cutoff_um = 300.0\n")
    for words in (("--params", params), ()):
        run("store", "describe", *words)
        assert "circle 169,167,130,40" in marks(run)["breech_face"]["outline"]
        assert problems(run) == ()
    with Vault.open(run.folder) as vault:
        (mark,) = vault.marks_of("X1")
    assert mark.reading == 1


def test_a_mask_outlines_any_type_of_mark(run, ribin, sample_dir, tmp_path):
    with Vault.open(run.folder) as vault:
        scan = vault.holdings().scans[0]
    info = json.loads(ribin("info", sample_dir / f"{ONE}.x3p", "--json").out)
    rows, cols = np.ogrid[: info["shape"][0], : info["shape"][1]]
    drawn = (np.hypot(rows - 169, cols - 240) < 50).astype(np.uint8) * 255
    path = tmp_path / "pin.png"
    cv2.imwrite(str(path), drawn)
    asked = ("mark", "redo", "X1", "--accept-unusable", "test", *WHY)
    run(*asked, "--mask", f"firing_pin:{path}")
    found = marks(run)
    assert "Firing pin outlined by mask pin.png by head" in found["firing_pin"]["outline"]
    assert scan.sha256 in run("exhibit", "show", "X1", "--json").out
    assert problems(run) == ()
    run(*asked, "--mask", f"firing_pin:{tmp_path}/none.png", code=3)
    shown = ribin("extract", sample_dir / f"{ONE}.x3p", "--mask", f"ejector:{path}", "--json")
    assert "ejector" in shown.out


def test_light_and_pitch_of_an_image_are_stated_anew(run, ribin, sample_dir, tmp_path):
    image = tmp_path / "x.png"
    render = ("synth", "render", sample_dir / f"{ONE}.x3p", "--light", "ring", "-o", image)
    assert ribin(*render).code == 0
    image.with_suffix(".mask.png").unlink(missing_ok=True)
    stated = ("--lighting", "side:30", "--pixel-pitch-um", "7", "--circle", CIRCLE)
    run("enrol", image, "--event", "E3", "--exhibit", "X3", *stated, "--accept-unusable", "test")
    asked = ("mark", "redo", "X3", *WHY)
    done = run(*asked, "--lighting", "ring", "--pixel-pitch-um", "7.2").out
    assert "Lighting stated as ring by head" in done
    with Vault.open(run.folder) as vault:
        (mark, *_) = vault.marks_of("X3")
        assert mark.scan.lighting == "ring"
        assert vault.mark(mark).provenance.lighting == "ring"
    again = ("enrol", image, "--event", "E3", "--exhibit", "X3", *stated)
    refused = run(*again, "--accept-unusable", "test", code=3).err
    assert "pixel pitch 7.2 um, found 7 um; lighting ring, found side 30" in refused
    assert problems(run) == ()


def test_a_cast_that_is_none_and_one_that_is(run):
    run("mark", "redo", "X1", "--no-replica", *WHY, code=2)
    before = score(run)
    run("mark", "redo", "X1", "--replica", "--circle", CIRCLE, *WHY)
    run("mark", "redo", "X1", "--no-replica", "--found", *WHY)
    assert score(run) == pytest.approx(before)
    assert problems(run) == ()


@pytest.mark.parametrize(
    ("words", "code", "found"),
    [
        ((), 2, "something to read otherwise needed"),
        (("--circle", "breech_face:5000,5000,10"), 3, "lies outside the scan"),
        (("--lighting", "ring"), 3, "an image needed to have a lighting"),
        (("--pixel-pitch-um", "5"), 3, "an image needed to state a pitch"),
        (("--scan", "none.x3p", "--found"), 2, "one scan needed, by its file name"),
    ],
)
def test_what_cannot_be_read_so_is_refused_and_changes_nothing(run, words, code, found):
    done = run("mark", "redo", "X1", *words, *WHY, code=code)
    assert found in done.err
    with Vault.open(run.folder) as vault:
        assert vault.marks_of("X1")[0].reading == 0


def test_dirt_is_kept_where_a_person_says_so_until_what_was_said_is_forgotten(run):
    said = []
    for words in (("--keep-all",), ("--found",)):
        run("mark", "redo", "X1", *words, *WHY)
        with Vault.open(run.folder) as vault:
            scan = next(one for one in vault.holdings().scans if one.source.startswith(ONE))
            said.append(contents_as_read(vault, scan.sha256).provenance.keep_all)
    assert said == [True, False]
    done = run("mark", "redo", "X1", "--keep-all", "--reason", "it is the mark", "--json")
    assert json.loads(done.out)["said"] == (
        "Dust, drag and flowback kept in the mark by head: it is the mark."
    )
    assert problems(run) == ()
