"""Pages as text: what is in them, what cannot get out of them, and the commands that write them."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from dataclasses import replace

import cv2
import numpy as np
import pytest

from ribin.cases.annotation import FORMAT
from ribin.errors import FormatError, ParameterError
from ribin.model import Mark
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.pipeline import compare_marks, describe_mark, extract_marks
from ribin.read import read_scan
from ribin.report.explanation import cell_rows
from ribin.report.pictures import motion_of
from ribin.view import comparison_page, thumbnail_png
from ribin.view.comparison import SCRIPTS, STYLES, read_annotations
from ribin.view.single_file import read_part, script_safe_json
from ribin.view.surface import Surface

MATES = ("BRB-2025-0020-1.x3p", "BRB-2025-0020-2.x3p")
SPOKEN = re.compile(r"\b(match(es|ed)?|hits?|identif\w*|same gun|same firearm)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def marks(sample_dir) -> list[Mark]:
    return [extract_marks(read_scan(sample_dir / name))[0] for name in MATES]


@pytest.fixture(scope="module")
def result(marks):
    return compare_marks(*map(describe_mark, marks))


@pytest.fixture(scope="module")
def page(marks, result) -> str:
    return comparison_page(*marks, result)


def data_of(page: str) -> dict:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def test_the_page_needs_nothing_beside_itself(page):
    assert len(page.encode()) < 1e6
    assert not re.search(r"""(src|href|action|srcset)=["'](?!#|data:)""", page)
    assert not re.search(
        r"\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|import)\(", page
    )
    assert "@import" not in page
    assert "url(" not in page.replace("url(#", "").replace("`url(#", "")


@pytest.mark.slow
def test_the_largest_scans_make_a_page_below_6_mb(marks, result):
    noise = np.random.default_rng(0).standard_normal((2500, 3500)).astype(np.float32)
    large = Surface("measured", noise, np.ones(noise.shape, bool), (1.0, 1.0), (-1250.0, -1750.0))
    around = replace(large, name="whole")
    page = comparison_page(*marks, result, measured=(large, large), whole=(around, around))
    assert 3e6 < len(page.encode()) < 6e6


def test_only_the_scripts_and_the_style_of_the_page_may_run(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data: blob:"
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == len(SCRIPTS)
    for kind, texts in (
        ("script-src", scripts),
        ("style-src", re.findall(r"<style>(.*?)</style>", page, re.DOTALL)),
    ):
        hashes = [b64encode(hashlib.sha256(t.encode()).digest()).decode() for t in texts]
        assert rules[kind] == " ".join(f"'sha256-{value}'" for value in hashes)
    assert not re.search(r"<[^>]+\s(style|on\w+)=", page), "nothing inline that the policy refuses"


def test_the_page_holds_the_result(page, result):
    data = data_of(page)
    assert data["result"]["motion"]["rotation_deg"] == result.rotation_deg
    assert tuple(data["result"]["motion"]["shift_um"]) == result.shift_um
    cells = data["result"]["cell_rows"]
    assert [c["number"] for c in cells] == [row.number for row in cell_rows(result)]
    assert {c["outcome"] for c in cells} <= set(data["result"]["meanings"])
    fits = {(f.direction, f.center_um): f for f in result.cell_fits}
    for cell in cells:
        direction = "forward" if cell["cut_from"] == "reference" else "backward"
        fit = fits[direction, tuple(cell["center_um"])]
        assert cell["fell_um"] == pytest.approx(np.add(fit.center_um, fit.shift_um))
    shares = [cell["shared"] for cell in cells]
    assert all(0.0 < share <= 1.0 for share in shares)
    assert len({round(share, 2) for share in shares}) > 5
    assert data["cell_um"] == DEFAULT_PARAMS.breech_face.describe.cell_um


def test_the_program_concludes_nothing(page):
    shown = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)
    assert not SPOKEN.search(shown)
    strings = re.findall(r'"[^"\n]*"|`[^`]*`', "".join(map(read_part, SCRIPTS)))
    said = [text for text in strings if " " in text and SPOKEN.search(text)]
    assert said == []


def test_names_are_escaped_wherever_they_stand(marks, result):
    bad = "</script><script>alert(1)</script>&\"'"
    page = comparison_page(*marks, result, labels=(bad, bad))
    assert "<script>alert(1)" not in page
    assert data_of(page)["sides"][0]["label"] == bad


def test_json_cannot_end_its_element():
    text = script_safe_json({"a": "</script><!--&", "b": float("nan")})
    assert not re.search("[<>&]", text)
    assert json.loads(text) == {"a": "</script><!--&", "b": None}


def test_browser_code_is_cut_by_idea():
    for name in (*STYLES, *SCRIPTS, "gallery.js", "gallery.css"):
        text = read_part(name)
        assert text.count("\n") <= 240, name
        assert "/*" in text.split("\n")[1 if name.endswith(".js") else 0], f"{name} says what it is"


def test_a_thumbnail_is_a_picture_of_the_mark(marks, result):
    seen = [
        cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
        for png in (thumbnail_png(marks[0], 120), thumbnail_png(marks[1], 120, motion_of(result)))
    ]
    for picture in seen:
        assert picture.shape == (120, 120, 4)
        inside = picture[..., 3] > 128
        assert 0.2 < inside.mean() < 0.8
        assert picture[..., 0][inside].std() > 10


def test_annotations_of_the_pair_are_read(tmp_path, marks):
    path = tmp_path / "notes.json"
    item = {
        "kind": "agreement", "center_um": [1.0, -2.5], "size_um": [100, 50],
        "text": "arcs", "examiner": "A. B.", "made_on": "2026-05-03T10:00:00Z",
    }  # fmt: skip
    sides = [{"label": "x", "sha256": mark.provenance.sha256} for mark in marks]
    saved = {"format": FORMAT, "reference": sides[0], "comparison": sides[1], "annotations": [item]}
    path.write_text(json.dumps(saved), encoding="utf-8")
    assert read_annotations(path, *marks) == [item]
    with pytest.raises(ParameterError, match=r"annotations of the reference .* found") as refused:
        read_annotations(path, marks[1], marks[0])
    assert refused.value.hint.startswith("name the two items in the order of the page")
    for wrong, complaint in (
        ("no", "a JSON object needed, Expecting value"),
        ("[]", r"a JSON object needed, found \[\]"),
        (json.dumps({**saved, "format": "x"}), "needed, found x"),
        (json.dumps({**saved, "annotations": 7}), "annotations needs a list, found 7"),
        (
            json.dumps({**saved, "annotations": [item, {"kind": "x"}]}),
            r"annotations\[1\].kind needs a word that is known there, found 'x'",
        ),
        (json.dumps({**saved, "annotations": [{**item, "size_um": [1]}]}), r"\[0\].size_um needs"),
        (json.dumps({**saved, "annotations": [{**item, "text": 1}]}), "text needs a text, found 1"),
        (json.dumps({**saved, "annotations": [{**item, "more": 1}]}), "no key 'more'"),
        (path.read_text().replace("-2.5", "NaN"), "NaN is no JSON"),
        (path.read_text().replace("-2.5", "1e999"), r"\[1\] needs a number <= .*found inf"),
    ):
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(FormatError, match=complaint):
            read_annotations(path, *marks)
    with pytest.raises(ParameterError, match="No such file"):
        read_annotations(tmp_path / "none.json", *marks)


def test_ribin_view_writes_the_page(ribin, sample_dir, tmp_path):
    out = tmp_path / "ab.html"
    done = ribin("view", *(sample_dir / name for name in MATES), "-o", out)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{out}: page of {MATES[0]} and {MATES[1]} written\n"
    data = data_of(out.read_text(encoding="utf-8"))
    assert [layer["name"] for layer in data["sides"][1]["layers"]] == ["measured", "compared"]
    assert [side["label"] for side in data["sides"]] == list(MATES)
    assert data["result"]["score"] > 95


@pytest.mark.parametrize(
    ("out", "complaint"),
    [
        ("page.png", "a name that ends in .html needed"),
        ("nowhere/page.html", "a page in a folder that is there needed"),
    ],
)
def test_a_page_that_could_not_be_written_is_refused_first(
    ribin, sample_dir, tmp_path, out, complaint
):
    done = ribin("view", sample_dir / MATES[0], "no such file", "-o", tmp_path / out)
    assert done.code == 2
    assert complaint in done.err


def test_a_name_that_is_no_file_needs_a_vault(ribin, sample_dir, tmp_path):
    done = ribin("view", sample_dir / MATES[0], "X-1", "-o", tmp_path / "page.html")
    assert done.code == 2
    assert "X-1: a file needed, or an exhibit and its vault" in done.err
    assert not (tmp_path / "page.html").exists()


def test_a_pair_of_unlike_kinds_is_shown_and_reported(ribin, sample_dir, tmp_path):
    photo = tmp_path / "photo.png"
    ribin("synth", "render", sample_dir / MATES[1], "--light", "ring", "-o", photo)
    out = tmp_path / "page.html"
    done = ribin("view", sample_dir / MATES[0], photo, "-o", out)
    assert done.code == 1
    assert "not compared: unlike" in done.err
    assert "not compared: unlike" in out.read_text(encoding="utf-8")


def test_both_sides_from_templates_are_in_their_own_deviations(marks, result):
    page = comparison_page(*marks, replace(result), unit="of its RMS")
    assert [side["unit"] for side in data_of(page)["sides"]] == ["of its RMS"] * 2
