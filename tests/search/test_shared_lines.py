"""Lines that several firearms share: a list says so, and how many points rest on them."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from ribin.read import read_scan
from ribin.synth.write import write_x3p

QUERY = "JAM-2026-0007-1"
OTHERS = ("JAM-2025-0038-1", "JAM-2025-0051-1", "JAM-2026-0012-1")
SHARED = "exhibits of 3 known firearms agree with the query along parallel lines"


@pytest.fixture(scope="module")
def lined(sample_dir, tmp_path_factory):
    """Cases of four firearms, and the same slanted lines on each, as strong as its mark."""
    folder = tmp_path_factory.mktemp("lined")
    rng = np.random.default_rng(4)
    waves = [(2.0 * np.pi / length, rng.uniform(0.0, 6.3)) for length in rng.uniform(60, 300, 40)]
    for name in (QUERY, *OTHERS):
        scan = read_scan(sample_dir / f"{name}.x3p")
        rows, cols = (np.arange(n) * scan.pixel_pitch_um for n in scan.shape)
        across = rows[:, None] * 0.97 + cols[None, :] * 0.24
        lines = sum(np.sin(frequency * across + phase) for frequency, phase in waves)
        heights = scan.values + np.float32(1.2) * (lines / lines.std()).astype(np.float32)
        values = np.where(scan.valid, heights, np.float32(0))
        write_x3p(dataclasses.replace(scan, values=values), folder / f"{name}.x3p")
    return folder


@pytest.fixture
def vault(lined, ribin, tmp_path, monkeypatch):
    monkeypatch.chdir(lined)
    where = ("--vault", tmp_path / "JAM", "--who", "me")
    ribin("init", tmp_path / "JAM", "--member", "JAM", "--who", "me")
    for number, name in enumerate(OTHERS):
        fields = ("--event", f"E{number}", "--exhibit", name, "--kind", "test_fire")
        done = ribin("enrol", f"{name}.x3p", *fields, "--firearm", f"gun {number}", *where)
        assert done.code == 0
    return where


def test_a_list_and_its_report_say_that_known_firearms_share_the_lines(vault, ribin, tmp_path):
    found = ribin("search", f"{QUERY}.x3p", *vault)
    assert f"3 {SHARED}" in found.out
    for rank in (1, 2, 3):
        assert f"rank {rank} by breech face" in found.out
    lists = json.loads(ribin("search", f"{QUERY}.x3p", *vault, "--json").out)
    for row in lists["candidates"]:
        assert row["score"] <= 40.0
        along, beyond = (float(part.split()[0]) for part in row["note"].split(", ")[:2])
        assert along + beyond == pytest.approx(row["score"], abs=0.11)
        assert row["along"] == "parallel lines"
    report = tmp_path / "list.html"
    assert ribin("report", "JAM-Q1", *vault, "-o", report).code == 0
    assert SHARED in report.read_text(encoding="utf-8")


def test_exhibits_of_one_firearm_or_of_none_say_nothing_of_the_kind(
    lined, ribin, tmp_path, monkeypatch
):
    monkeypatch.chdir(lined)
    where = ("--vault", tmp_path / "JAM", "--who", "me")
    ribin("init", tmp_path / "JAM", "--member", "JAM", "--who", "me")
    for number, name in enumerate(OTHERS):
        fields = ("--event", f"E{number}", "--exhibit", name)
        known = ("--kind", "test_fire", "--firearm", "gun") if number else ()
        assert ribin("enrol", f"{name}.x3p", *fields, *known, *where).code == 0
    found = ribin("search", f"{QUERY}.x3p", *where)
    assert "points along parallel lines" in found.out
    assert "known firearms" not in found.out


def test_a_comparison_says_of_which_way_its_cells_are(lined, ribin, monkeypatch):
    monkeypatch.chdir(lined)
    done = ribin("compare", f"{QUERY}.x3p", f"{OTHERS[0]}.x3p", "--json")
    result = json.loads(done.out)
    *beyond, along = result["score_parts"]
    assert along["name"] == "along parallel lines"
    of_rest = [part["value"] for part in beyond if part["name"].startswith("congruent cells")]
    same = [result["cmc_fraction"]] == pytest.approx(of_rest)
    assert same == (result["laid"] == "without their lines")
    text = " ".join(ribin("compare", f"{QUERY}.x3p", f"{OTHERS[0]}.x3p").out.split())
    assert f"laid {result['laid']}: cells" in text
