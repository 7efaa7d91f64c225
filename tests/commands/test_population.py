"""`ribin population`, and what `compare`, `report` and `evaluate` do with it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from heads import HeadSpec, Stage, scan_head
from wording import forbidden_words

from ribin.synth.firearm import make_firearm
from ribin.synth.write import write_x3p

FIRST, MATE = "JAM-2026-0007-1.x3p", "BLZ-2025-0042-1.x3p"
STRANGER = "USA-2025-0295-1.x3p"
STATED = ("--calibre", "9x19", "--ammunition", "CBC", "--instrument", "S neox")
COVERED = (*STATED, "--laboratory", "Forensic laboratory")


@pytest.fixture(scope="module")
def study(sample_dir, tmp_path_factory):
    """The sample scans without the two that the tests compare, and the firearm of the one."""
    folder = tmp_path_factory.mktemp("study")
    rows = (sample_dir / "labels.csv").read_text(encoding="utf-8").splitlines()
    left_out = [row.split(",")[1] for row in rows if row.startswith((FIRST, STRANGER))]
    kept = [row for row in rows[1:] if row.split(",")[1] not in left_out]
    for row in kept:
        file = row.split(",")[0]
        shutil.copyfile(sample_dir / file, folder / file)
    lines = ["file,firearm,ammunition,make", *(f"{row},Made-up" for row in kept)]
    (folder / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def made(study, tmp_path_factory):
    """A population of the study, made once."""
    from ribin.commands.app import app
    from ribin.commands.terminal import run

    path = tmp_path_factory.mktemp("population") / "P.json"
    words = ["population", "make", str(study), "-o", str(path), *COVERED, "--least-firearms", "4"]
    assert run(app, words) == 0
    return path


def test_make_show_check(ribin, made):
    shown = ribin("population", "show", made)
    assert shown.code == 0
    assert "Forensic laboratory" in shown.out
    assert forbidden_words(shown.out) == []
    counts = json.loads(ribin("population", "show", made, "--json").out)
    assert counts["firearms"] == 8
    assert counts["makes"] == ["Made-up"]
    assert counts["instrument"] == ["S neox"]
    checked = ribin("population", "check", made)
    assert checked.code == 0
    assert "firearms with known matches and known non-matches  4 " in checked.out


def test_a_plan_is_laid_down_once(ribin, study, made):
    ran = ribin("population", "make", study, "-o", made, *COVERED)
    assert ran.code == 2
    assert "a plan is laid down once" in ran.err


def test_a_plan_stands_before_the_pairs(ribin, tmp_path):
    table, path = tmp_path / "pairs.csv", tmp_path / "P.json"
    table.write_text("firearm1,firearm2,ccf\nA,B,2\n", encoding="utf-8")
    ran = ribin("population", "make", table, "-o", path, *COVERED, "--figure", "ccf")
    assert ran.code == 3
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written["plan"]["figure"] == "ccf"
    assert written["pairs"] == []
    assert ribin("population", "check", path).code == 1


def test_a_table_whose_columns_are_called_otherwise(ribin, tmp_path):
    rng = np.random.default_rng(2)
    rows = [f"{n},{n},{20 + rng.integers(12)},34" for n in range(24)]
    rows += [f"{i},{j},{rng.integers(4)},34" for i in range(24) for j in range(i)]
    table, path = tmp_path / "pairs.csv", tmp_path / "P.json"
    table.write_text("weapon1,weapon2,cmc,n\n" + "\n".join(rows), encoding="utf-8")
    pairs = ("weapon1=firearm1", "weapon2=firearm2", "n=cells")
    mapped = [word for pair in pairs for word in ("--map", pair)]
    words = ("--figure", "cmc", "--method", "counts", "--mark", "firing_pin", "--params-id", "0a")
    ran = ribin("population", "make", table, "-o", path, *COVERED, *words, *mapped)
    assert ran.code == 0, ran.err
    assert ribin("population", "check", path).code == 0
    wrong = ribin("population", "make", table, "-o", path, *COVERED, "--map", "weapon1")
    assert wrong.code == 2
    assert "THEIRS=OURS needed, found 'weapon1'" in wrong.err


def test_compare_weighs_a_pair(ribin, sample_dir, made):
    pair = (sample_dir / FIRST, sample_dir / MATE)
    ran = ribin("compare", *pair, "--population", made, *STATED, "--json")
    assert ran.code == 0, ran.err
    weight = json.loads(ran.out)["weight"]
    assert weight["refusals"] == []
    assert 0 < weight["log10_lr"] <= np.log10(9)
    assert weight["bound_reached"] == "upper"
    assert len(weight["propositions"]) == 2
    assert weight["population"]["firearms"] == 8
    text = ribin("compare", *pair, "--population", made, *STATED).out
    assert "The upper bound was reached" in text
    assert forbidden_words(text) == []
    assert "weight" not in json.loads(ribin("compare", *pair, "--json").out)


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        (STATED[2:], f"calibre of {FIRST}: not known"),
        ((*STATED[:3], "PPU", *STATED[4:]), f"ammunition of {FIRST}: the population has no PPU"),
        ((*STATED, "--firearm", "gun-03"), "its firearm gun-03 is in the population"),
    ],
)
def test_compare_refuses_a_weight(ribin, sample_dir, made, stated, reason):
    pair = (sample_dir / FIRST, sample_dir / STRANGER)
    ran = ribin("compare", *pair, "--population", made, *stated, "--json")
    assert ran.code == 0
    weight = json.loads(ran.out)["weight"]
    assert weight["log10_lr"] is None
    assert any(reason in refusal for refusal in weight["refusals"])
    assert "comparable known non-matches of this population" in weight["statement"]


def test_a_scan_of_the_population_is_no_case(ribin, study, made):
    one, two = sorted(study.glob("*.x3p"))[:2]
    ran = ribin("compare", one, two, "--population", made, *STATED, "--json")
    refusals = json.loads(ran.out)["weight"]["refusals"]
    assert f"{one.name}: its scan is in the population" in refusals


def test_facts_for_a_weight_need_a_population(ribin, sample_dir):
    ran = ribin("compare", sample_dir / FIRST, sample_dir / MATE, "--calibre", "9x19")
    assert ran.code == 2
    assert "--calibre needs --population" in ran.err


def test_a_report_has_the_weight(ribin, sample_dir, made, tmp_path):
    pair = (sample_dir / FIRST, sample_dir / MATE)
    page = tmp_path / "report.html"
    ran = ribin("report", *pair, "--population", made, *STATED, "-o", page)
    assert ran.code == 0, ran.err
    text = page.read_text(encoding="utf-8")
    assert "Weight" in text
    assert "Proposition 1" in text
    alone = ribin("report", sample_dir / FIRST, "--population", made, "-o", page)
    assert alone.code == 2
    assert "two items needed, found one" in alone.err


def test_evaluate_says_what_a_weight_is_worth(ribin, study, tmp_path):
    pytest.importorskip("matplotlib")
    pictures = tmp_path / "pictures"
    ran = ribin("evaluate", study, "--weight", "--figure", "ccf", "--json", "--pictures", pictures)
    weight = json.loads(ran.out)["weight"]
    assert weight["figure"] == "ccf"
    assert weight["figures"]["firearms"] == 8
    assert weight["figures"]["cllr"]["low"] <= weight["figures"]["cllr"]["value"]
    assert {one["method"] for one in weight["methods"]} == {"logistic", "density", "isotonic"}
    assert {path.name for path in pictures.iterdir()} >= {"pav.png", "tippett.png", "ece.png"}


def test_exhibits_of_a_vault_are_judged_and_weighed(ribin, linked, made, tmp_path):
    names = (FIRST.removesuffix(".x3p"), MATE.removesuffix(".x3p"))
    linked(tmp_path, JAM=names)
    vault = ("--vault", tmp_path / "JAM", "--population", made, "--json")
    ran = ribin("compare", *names, *vault, *STATED)
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["weight"]["refusals"] == []
    ran = ribin("compare", *names, *vault)
    refusals = json.loads(ran.out)["weight"]["refusals"]
    assert f"calibre of {names[0]}: not known" in refusals
    assert not any("quality" in reason for reason in refusals)


def test_a_validation_report_of_a_population_and_of_a_study(ribin, study, made, tmp_path):
    pytest.importorskip("reportlab")
    page, pdf = tmp_path / "validation.html", tmp_path / "validation.pdf"
    ran = ribin("population", "report", made, "-o", page, "-o", pdf)
    assert ran.code == 0, ran.err
    text = page.read_text(encoding="utf-8")
    assert text.index("Validation criteria") < text.index("Validation matrix and decision")
    assert "Forensic laboratory" in text
    assert pdf.read_bytes().startswith(b"%PDF")
    words = ("--weight", "--validation", page, "--require", "cllr=0.9")
    ran = ribin("evaluate", study, *words)
    assert ran.code == 0, ran.err
    text = page.read_text(encoding="utf-8")
    assert "at most 0.9" in text
    assert "criterion, given with this run" in text
    assert ribin("evaluate", study, "--validation", page).code == 2
    wrong = ribin("evaluate", study, "--weight", "--require", "cllr")
    assert "FIGURE=MOST needed, found cllr" in wrong.err


@pytest.mark.slow
def test_mark_types_of_a_folder_are_fused(ribin, tmp_path):
    """Six whole heads of three firearms, and one more that is labelled by its breech face alone."""
    stage = Stage(11.0, -3000.0, 3000.0, -3000.0, 3000.0, (1.5, -2.0), 0.1, 0.0005, 5.0, 4)
    spec = replace(HeadSpec.draw(np.random.default_rng(6)), ejector_um=0.0, drag_um=0.0)
    lines = ["file,firearm,mark"]
    for shot in range(7):
        file, firearm = f"{shot}.x3p", shot % 3
        head = scan_head(make_firearm(firearm), shot, spec, stage)
        write_x3p(head.scan, tmp_path / file, step_um=0.05)
        lines.append(f"{file},gun {firearm},breech_face")
        lines += [f"{file},gun {firearm},firing_pin"] * (shot < 6)
    (tmp_path / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    path = tmp_path / "P.json"
    words = ("--mark", "breech_face", "--fuse", "firing_pin", "--figure", "ccf")
    ran = ribin("population", "make", tmp_path, "-o", path, *COVERED, *words)
    assert ran.code == 1, ran.err
    made = json.loads(path.read_text(encoding="utf-8"))
    assert made["marks"] == ["breech_face", "firing_pin"]
    assert len(made["scans"]) == 7
    assert len(made["pairs"]) == 15
    assert all(len(pair[4]) == 1 for pair in made["pairs"])
    assert made["not_compared"] == {"compared in some of the mark types alone": 6}


def test_further_mark_types_need_a_first(ribin, study, tmp_path):
    words = ("--fuse", "firing_pin", "-o", tmp_path / "P.json", *COVERED)
    assert "--fuse needs --mark" in ribin("population", "make", study, *words).err


def test_two_marks_of_one_type_on_one_cartridge_case_are_not_fused(ribin, study, tmp_path):
    folder = tmp_path / "both"
    shutil.copytree(study, folder)
    one, two = sorted(path.name for path in folder.glob("*.x3p"))[:2]
    rows = [f"{one},A,breech_face,1", f"{two},A,breech_face,1", f"{one},A,firing_pin,1"]
    (folder / "labels.csv").write_text("\n".join(["file,firearm,mark,item", *rows]))
    words = ("--mark", "breech_face", "--fuse", "firing_pin", "--figure", "ccf")
    ran = ribin("population", "make", folder, "-o", tmp_path / "P.json", *COVERED, *words)
    assert ran.code == 3
    assert f"one breech face of item 1 needed, found {one} and {two}" in ran.err
