"""Commands that need no vault: info, compare, evaluate, synth, demo."""

from __future__ import annotations

import csv
import json
import shutil

import cv2
import numpy as np
import pytest

from ribin.model import Trace
from ribin.pipeline import describe_mark, extract_marks
from ribin.read import read_scan

FIRST, MATE = "JAM-2026-0007-1.x3p", "BLZ-2025-0042-1.x3p"
STRANGER = "USA-2025-0295-1.x3p"


@pytest.fixture
def labelled(sample_dir, tmp_path):
    """Two firearms with two cases each, and one case alone."""
    firearms = {
        "JAM-2026-0007-1.x3p": "gun-01",
        "BLZ-2025-0042-1.x3p": "gun-01",
        "USA-2025-0295-1.x3p": "gun-08",
        "USA-2025-0316-1.x3p": "gun-08",
        "BLZ-2025-0029-1.x3p": "gun-06",
    }
    folder = tmp_path / "labelled"
    folder.mkdir()
    for file in firearms:
        shutil.copyfile(sample_dir / file, folder / file)
    lines = [f"{file},{firearm}" for file, firearm in firearms.items()]
    (folder / "labels.csv").write_text("file,firearm\n" + "\n".join(lines), encoding="utf-8")
    return folder


def test_info(ribin, sample_dir):
    done = ribin("info", sample_dir / FIRST)
    assert (done.code, done.err) == (0, "")
    assert "pitch        10 x 10 um" in done.out
    result = json.loads(ribin("info", sample_dir / FIRST, "--json").out)
    assert (result["file"], result["kind"], result["pixel_pitch_um"]) == (FIRST, "topography", 10.0)
    assert result["repairs"] == []


@pytest.mark.realdata
def test_info_says_what_was_repaired(ribin, real_data):
    done = ribin("info", real_data / "head3d" / "K013sA1.x3p", "--json")
    assert len(json.loads(done.out)["repairs"]) == 4


def test_an_image_takes_its_pitch_from_the_command(ribin, tmp_path):
    image = np.random.default_rng(0).integers(0, 255, (40, 50), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), image)
    refused = ribin("info", tmp_path / "a.png")
    assert refused.code == 3
    assert "--pixel-pitch-um" in refused.err
    done = ribin("info", tmp_path / "a.png", "--pixel-pitch-um", "2.5", "--json")
    assert json.loads(done.out)["pixel_pitch_um"] == 2.5


def test_compare_has_the_keys_of_the_contract(ribin, sample_dir):
    done = ribin("compare", sample_dir / FIRST, sample_dir / MATE, "--json")
    assert (done.code, done.err) == (0, "")
    result = json.loads(done.out)
    assert set(result) >= {
        *("reference", "comparison", "mark", "cells", "cmc", "cmc_fraction", "ccf", "score"),
        *("rotation_deg", "shift_um", "cell_fits", "elapsed_s", "params_id", "version"),
    }
    assert (result["reference"], result["comparison"]) == (FIRST, MATE)
    assert result["score"] == pytest.approx(
        sum(part["contribution"] for part in result["score_parts"])
    )


def test_a_mate_scores_above_a_stranger(ribin, sample_dir):
    scores = [
        json.loads(ribin("compare", sample_dir / FIRST, sample_dir / other, "--json").out)["score"]
        for other in (MATE, STRANGER)
    ]
    assert scores[0] > scores[1]


def test_compare_writes_stages_and_a_picture(ribin, sample_dir, tmp_path):
    trace, picture = tmp_path / "trace", tmp_path / "pair.png"
    asked = ("--trace", trace, "--overlay", picture)
    done = ribin("compare", sample_dir / FIRST, sample_dir / MATE, *asked)
    assert done.code == 0
    assert "congruent cells" in done.out
    assert {p.name for p in trace.iterdir()} == {"index.csv", "reference", "comparison", "pair"}
    index = list(csv.DictReader((trace / "index.csv").read_text(encoding="utf-8").splitlines()))
    assert {trace / row["file"] for row in index} == set(trace.glob("*/*"))
    assert all(row["holds"] for row in index)
    kept = Trace()  # the command writes what the library keeps
    describe_mark(extract_marks(read_scan(sample_dir / FIRST), trace=kept)[0], trace=kept)
    expected = [f"{number:02d}-{stage}" for number, (stage, _) in enumerate(kept, start=1)]
    assert sorted({p.stem for p in (trace / "reference").iterdir()}) == expected
    arrays = [np.load(path) for path in sorted((trace / "reference").glob("*.npz"))]
    assert arrays
    assert all(kept[name].dtype != object for kept in arrays for name in kept.files)
    assert cv2.imread(str(picture)).shape[1] > 1000


def test_compare_with_a_damaged_file_is_one_line(ribin, sample_dir, tmp_path):
    (tmp_path / "cut.x3p").write_bytes((sample_dir / FIRST).read_bytes()[:5000])
    done = ribin(
        "compare", sample_dir / FIRST, tmp_path / "cut.x3p", "--overlay", tmp_path / "p.png"
    )
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("ribin: cut.x3p: ") or "cut.x3p" in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "p.png").exists()


def test_evaluate_keeps_its_contract(ribin, labelled, tmp_path):
    done = ribin("evaluate", labelled, "--json", "--pairs", tmp_path / "p.csv", "--jobs", "1")
    assert (done.code, done.err) == (0, "")
    result = json.loads(done.out)
    counts = ("scans", "pairs", "known_match", "known_non_match", "not_compared")
    assert [result[key] for key in counts] == [5, 10, 2, 8, 0]
    assert set(result["score"]) == set(result["cmc"]) == set(result["ccf"])
    assert set(result["score"]) >= {
        *("auc", "auc_ci95", "eer", "tpr_at_zero_fpr", "km_min", "km_median", "knm_median"),
        *("knm_max", "variance_ratio"),
    }
    assert set(result) >= {
        *("rank1", "rank10", "cpu_seconds_per_pair", "cpu_seconds_per_scan", "peak_rss_mb"),
        "params_id",
    }
    assert result["rank1"] == 1.0
    assert result["cpu_seconds_per_scan"] > 0
    rows = list(csv.DictReader((tmp_path / "p.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 10
    assert sum(row["known_match"] == "1" for row in rows) == 2
    assert all(row["reference"] < row["comparison"] for row in rows)
    scores = [float(row["score"]) for row in rows if row["known_match"] == "1"]
    assert min(scores) == result["score"]["km_min"]


def test_evaluate_draws_its_pictures(ribin, labelled, tmp_path):
    folder = tmp_path / "new" / "pictures"
    done = ribin("evaluate", labelled, "--pictures", folder, "--jobs", "1")
    assert (done.code, done.err) == (0, "")
    drawn = {path.name: cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in folder.iterdir()}
    assert set(drawn) == {"roc.png", "scores.png", "ranks.png"}
    assert all(min(p.shape) > 400 and (p < 128).sum() > 1000 for p in drawn.values())


def test_evaluate_refuses_pictures_before_it_compares(ribin, labelled, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = ribin("evaluate", labelled, "--pictures", tmp_path / "file", "--pairs", tmp_path / "p")
    assert (done.code, done.out) == (3, "")
    assert "file: a folder to write needed, " in done.err
    monkeypatch.setattr("ribin.evaluate.report.find_spec", lambda name: None)
    done = ribin("evaluate", labelled, "--pictures", tmp_path / "new", "--pairs", tmp_path / "p")
    assert (done.code, done.out) == (2, "")
    assert "--pictures: matplotlib needed, found none\nhint: pip install 'ribin[plots]'" in done.err
    assert not (tmp_path / "p").exists()


def test_evaluate_counts_what_it_could_not_compare(ribin, labelled, tmp_path):
    (labelled / STRANGER).write_bytes(b"not a scan")
    done = ribin("evaluate", labelled, "--json", "--pairs", tmp_path / "p.csv", "--jobs", "1")
    assert done.code == 1
    assert done.err.startswith(f"{STRANGER}: ")
    result = json.loads(done.out)
    assert (result["pairs"], result["not_compared"], result["known_match"]) == (10, 4, 2)
    assert sum(result["not_compared_reasons"].values()) == 4
    assert result["failed_scans"][0]["file"] == STRANGER
    assert result["score"]["known_match"] == 1
    rows = list(csv.DictReader((tmp_path / "p.csv").read_text(encoding="utf-8").splitlines()))
    lost = [row for row in rows if STRANGER in (row["reference"], row["comparison"])]
    assert [row["score"] for row in lost] == [""] * 4


def test_evaluate_without_usable_scans(ribin, labelled):
    for path in labelled.glob("*.x3p"):
        path.write_bytes(b"")
    done = ribin("evaluate", labelled, "--jobs", "1")
    assert (done.code, done.out) == (3, "")
    assert "2 usable scans needed, found 0; " in done.err


def test_evaluate_shows_each_firearm(ribin, labelled):
    text = ribin("evaluate", labelled, "--jobs", "1").out
    assert "gun-06       1         0" in text
    assert "known non-matches  8" in text


@pytest.mark.slow
def test_jobs_do_not_change_an_evaluation(ribin, labelled, monkeypatch):
    monkeypatch.setattr("ribin.evaluate.pairs.WORTH_A_PROCESS", 1)
    one, two = (
        json.loads(ribin("evaluate", labelled, "--json", "--jobs", jobs).out) for jobs in (1, 2)
    )
    costs = ("cpu_seconds_per_pair", "cpu_seconds_per_scan", "peak_rss_mb")
    assert {k: v for k, v in one.items() if k not in costs} == {
        k: v for k, v in two.items() if k not in costs
    }


def test_synth_scans(ribin, tmp_path):
    folder = tmp_path / "drill"
    done = ribin("synth", "scans", folder, "--firearms", "1", "--cases", "2", "--seed", "4")
    assert (done.code, done.out) == (0, f"{folder}: 2 scans and labels.csv written\n")
    labels = (folder / "labels.csv").read_text(encoding="utf-8").split()
    assert labels == ["file,firearm", "case-00001.x3p,firearm-0001", "case-00002.x3p,firearm-0001"]
    assert ribin("info", folder / "case-00002.x3p").code == 0
    again = ribin("synth", "scans", folder)
    assert again.err == f"ribin: {folder}: an empty folder needed, found files in it\n"


@pytest.mark.slow
def test_the_demo_shows_the_planted_candidate(ribin, tmp_path):
    picture = tmp_path / "demo.png"
    done = ribin("demo", "--keep", tmp_path / "kept", "--picture", picture)
    assert (done.code, done.err) == (0, "")
    country, cluster, network = done.out.split("\nquery JAM-2026-0007-1, scope ")[1:]
    first, second = (
        [line.split()[1] for line in text.splitlines()[2:4]] for text in (cluster, network)
    )
    assert first[0] == "BLZ"
    assert "TTO" not in cluster.partition("parameters")[0].partition("rank")[2]
    assert set(second) == {"BLZ", "TTO"}
    assert not any(name in country for name in ("BLZ ", "TTO "))
    assert "BLZ-2025-0042-1" not in done.out  # its owner's name for it, which was not released
    assert picture.is_file()
    again = ribin("demo", "--keep", tmp_path / "kept")
    assert "a new or empty folder needed, found files in it" in again.err
