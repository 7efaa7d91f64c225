"""Ring and side light are told apart, from the file to the list, and never compared."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ribin.errors import ParameterError, ScanError
from ribin.extract.outlines import state_lighting, unfold_replica
from ribin.model import Lamp, Lighting, ScanKind, known_lighting, light_note, parse_lighting
from ribin.pipeline import compare_marks, describe_mark, extract_marks
from ribin.read import read_scan
from ribin.synth.cartridge import fire
from ribin.synth.firearm import make_firearm
from ribin.synth.render import Camera, Light, render_scan
from ribin.synth.write import write_png


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Two shots of one firearm under a ring light, from the right and from the top."""
    where = tmp_path_factory.mktemp("lit")
    lights = {"ring": Light(), "side": Light(Lamp.SIDE), "top": Light(Lamp.SIDE, azimuth_deg=90.0)}
    for shot in (1, 2):
        scan = fire(make_firearm(1), shot)
        for name, light in lights.items():
            write_png(render_scan(scan, light, Camera(seed=shot)), where / f"{name}{shot}.png")
    return where


@pytest.fixture
def run(ribin):
    """What a command prints; some of its items may have failed."""

    def printed(*arguments: object) -> str:
        ran = ribin(*arguments)
        assert ran.code in (0, 1), ran.err
        return ran.out

    return printed


def template(path: Path):
    return describe_mark(extract_marks(read_scan(path))[0])


@pytest.mark.parametrize(
    ("text", "light"),
    [
        ("ring", Lighting(Lamp.RING)),
        ("Side", Lighting(Lamp.SIDE)),
        ("side:450", Lighting(Lamp.SIDE, 90.0)),
        ("side 12.5", Lighting(Lamp.SIDE, 12.5)),
    ],
)
def test_what_is_written_is_read(text, light):
    assert parse_lighting(text) == light
    assert parse_lighting(str(light)) == light


@pytest.mark.parametrize("text", ["", "oblique", "ring:3", "side:left", "side:nan"])
def test_other_words_are_refused(text):
    with pytest.raises(ParameterError, match=f"lighting: ring, side or side:DEG .*{text!r}"):
        parse_lighting(text)
    assert known_lighting(text) is None


def test_the_file_says_how_it_was_lit(folder, run):
    found = [read_scan(folder / f"{n}1.png").provenance.lighting for n in ("ring", "side", "top")]
    assert found == ["ring", "side 0", "side 90"]
    assert json.loads(run("info", folder / "top1.png", "--json"))["lighting"] == "side 90"


def test_ring_against_side_is_not_compared(folder):
    ring, side = template(folder / "ring1.png"), template(folder / "side2.png")
    result = compare_marks(ring, side)
    assert not result.compared
    assert result.reason == "ring light against side light"
    unknown = dataclasses.replace(
        side, provenance=dataclasses.replace(side.provenance, lighting="")
    )
    assert compare_marks(ring, unknown).compared


def test_a_light_from_elsewhere_is_noted(folder):
    side, top = template(folder / "side1.png"), template(folder / "top2.png")
    assert "lit from 0 and from 90 degrees" in compare_marks(side, top).note
    assert light_note("side 350", "side 5") == ""
    assert light_note("ring", "ring") == light_note("side", "side 9") == ""


def test_a_person_may_state_it(folder):
    scan = state_lighting(read_scan(folder / "ring1.png"), "side:20", "Ann", "lamp moved")
    assert scan.provenance.lighting == "side 20"
    assert scan.provenance.notes[-1] == "Lighting stated as side 20 by Ann: lamp moved."
    surface = dataclasses.replace(scan, kind=ScanKind.TOPOGRAPHY)
    with pytest.raises(ScanError, match="an image needed to have a lighting"):
        state_lighting(surface, "ring")
    cast = unfold_replica(scan)
    assert cast.provenance.lighting == "side 160"
    assert np.array_equal(cast.values, scan.values[:, ::-1])


def test_evaluation_keeps_lights_apart(folder, tmp_path, run):
    names = [f"{light}{shot}.png" for light in ("ring", "side") for shot in (1, 2)]
    for name in [*names, *(name.replace(".png", ".mask.png") for name in names)]:
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    plain = "".join(f"{name},G{name[4]},whatever\n" for name in names)
    (tmp_path / "labels.csv").write_text(f"file,firearm,lighting\n{plain}")
    result = json.loads(run("evaluate", tmp_path, "--json", "--jobs", 1))
    assert (result["pairs"], result["not_compared"]) == (6, 4)
    assert result["not_compared_reasons"] == {"ring light against side light": 4}
    stated = "".join(f"{name},G{name[4]},ring\n" for name in names)
    (tmp_path / "labels.csv").write_text(f"file,firearm,lighting\n{stated}")
    assert json.loads(run("evaluate", tmp_path, "--json", "--jobs", 1))["not_compared"] == 0


def test_a_search_lists_only_its_own_kind_of_light(folder, tmp_path, run):
    vault = tmp_path / "JAM"
    run("init", vault, "--member", "JAM")
    for name in ("ring2", "side2"):
        where = ("--vault", vault, "--event", "E", "--exhibit", name)
        run("enrol", folder / f"{name}.png", *where)
    result = json.loads(run("search", folder / "ring1.png", "--vault", vault, "--json"))
    assert [c["exhibit"] for c in result["candidates"]] == ["ring2"]
    assert "side light against ring light" in json.dumps(result["counts"])
    asked = ("--vault", vault, "--json", "--lighting", "side")
    result = json.loads(run("search", folder / "ring1.png", *asked))
    assert [c["exhibit"] for c in result["candidates"]] == ["side2"]


def test_a_manifest_states_it_row_by_row(folder, tmp_path, run):
    vault = tmp_path / "JAM"
    run("init", vault, "--member", "JAM")
    manifest = tmp_path / "exhibits.csv"
    rows = [f"{folder}/ring1.png,E,X1,side:45", f"{folder}/ring2.png,E,X2,moon"]
    manifest.write_text("\n".join(["file,event,exhibit,lighting", *rows]) + "\n")
    done = json.loads(run("enrol", "--manifest", manifest, "--vault", vault, "--json"))
    assert [row["exhibit"] for row in done["enrolled"]] == ["X1"]
    assert "ring, side or side:DEG needed, found 'moon'" in done["failed"][0]["reason"]


@pytest.fixture(scope="module")
def unlit(folder, tmp_path_factory) -> Path:
    """The same photographs, of which no file says how they were lit."""
    where = tmp_path_factory.mktemp("unlit")
    for shot in (1, 2):
        with Image.open(folder / f"ring{shot}.png") as image:
            image.save(where / f"photo{shot}.png", dpi=(2540, 2540))  # without its texts
        mask = (folder / f"ring{shot}.mask.png").read_bytes()
        (where / f"photo{shot}.mask.png").write_bytes(mask)
    return where


NEEDED = "photo1.png: the light of a photograph needed, found none stated"


def test_a_photograph_without_a_light_is_not_enrolled(unlit, tmp_path, ribin):
    vault = ("--vault", tmp_path / "JAM")
    ribin("init", tmp_path / "JAM", "--member", "JAM")
    manifest = tmp_path / "exhibits.csv"
    manifest.write_text(f"file,event,exhibit,lighting\n{unlit}/photo1.png,E,X,\n")
    one = (unlit / "photo1.png", "--event", "E", "--exhibit", "X")
    for asked in (one, (*one, "--dry-run"), ("--manifest", manifest)):
        refused = ribin("enrol", *asked, *vault)
        assert refused.code in (1, 3)
        assert NEEDED in refused.out + refused.err
    done = ribin("enrol", *one, *vault, "--lighting", "ring", "--json")
    assert (done.code, len(json.loads(done.out)["enrolled"])) == (0, 1)


def test_an_unknown_light_is_enrolled_and_compared_in_no_search(unlit, folder, tmp_path, run):
    vault = tmp_path / "JAM"
    run("init", vault, "--member", "JAM")
    manifest = tmp_path / "exhibits.csv"
    manifest.write_text(
        "file,event,exhibit,lighting\n"
        f"{unlit}/photo2.png,E,dim,unknown\n{folder}/ring2.png,E,lit,unknown\n"
    )
    done = json.loads(run("enrol", "--manifest", manifest, "--vault", vault, "--json"))
    assert len(done["enrolled"]) == 2
    for query, rows in ((folder / "ring1.png", ["lit"]), (unlit / "photo1.png", [])):
        found = json.loads(run("search", query, "--vault", vault, "--json"))
        assert [c["exhibit"] for c in found["candidates"]] == rows, "the file knows its light"
        # Without a light of the query none can be compared with it.
        assert found["counts"]["not_compared"].count(["light unknown", 2 - len(rows)]) == 1
    found = json.loads(run("search", "dim", "--vault", vault, "--json"))
    assert found["candidates"] == []
    assert found["counts"]["not_compared"].count(["light unknown", 1]) == 1
    shown = run("info", "dim", "--vault", vault)
    assert "unknown" in next(line for line in shown.splitlines() if line.startswith("lighting"))
    note = compare_marks(template(folder / "ring1.png"), dim(template(unlit / "photo1.png"))).note
    assert note.startswith("the light of a photograph is unknown")


def dim(mark):
    provenance = dataclasses.replace(mark.provenance, lighting="unknown")
    return dataclasses.replace(mark, provenance=provenance)


def test_info_and_extract_say_the_light_and_call_no_grey_um(unlit, folder, run):
    said = {
        folder / "ring1.png": "ring",
        folder / "top1.png": "side 90",
        unlit / "photo1.png": "not stated",
    }
    for path, light in said.items():
        facts = run("info", path)
        assert [line.split(maxsplit=1)[1] for line in facts.splitlines() if "lighting" in line] == [
            light
        ]
        marks = run("extract", path)
        assert f"lighting: {light}" in marks.splitlines()
        assert "relief grey" in marks
        assert "relief um" not in marks
        (mark,) = json.loads(run("extract", path, "--json"))["marks"]
        assert {"relief_grey", "noise_grey"} < set(mark["quality"])
        assert not any(name in mark["quality"] for name in ("relief_um", "noise_um"))
    assert json.loads(run("extract", folder / "top1.png", "--json"))["lighting"] == "side 90"
