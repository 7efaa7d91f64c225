"""A mark that is poor or unusable: comparison, report and list say so, whoever reads them."""

from __future__ import annotations

import json

import pytest

QUERY, MATE = "JAM-2026-0007-1", "BLZ-2025-0042-1"
POOR = "is poor"


@pytest.fixture
def run(ribin, sample_dir, tmp_path):
    """Runs a command in a vault of X1, whose mark is poor, and X2; `run.strict` says what is."""
    folder, strict = tmp_path / "JAM", tmp_path / "strict.toml"
    strict.write_text("[quality]\nrelief_um = [50.0, 0.01]\n")  # 0.01 or less is unusable
    ribin("init", folder, "--member", "JAM", "--who", "head")

    def run(*words):
        done = ribin(*words, "--vault", folder, "--who", "head")
        assert done.code == 0, done.err
        return done.out

    for name, exhibit, more in ((QUERY, "X1", ("--params", strict)), (MATE, "X2", ())):
        scan = sample_dir / f"{name}.x3p"
        run("enrol", scan, "--event", f"E-{exhibit}", "--exhibit", exhibit, *more)
    run.strict, run.folder = strict, tmp_path
    return run


def test_a_search_with_a_poor_mark_says_so_and_so_does_the_row_of_one(run):
    assert f"breech face of X1 {POOR}" in run("search", "X1")
    made = json.loads(run("search", "X2", "--json"))
    assert made["candidates"][0]["note"] == "its mark is poor"
    assert "rank 1 by breech face (JAM:X1): its mark is poor" in run("search", "X2")


def test_comparison_and_report_say_it_with_the_reason_where_that_is_known(run, ribin, sample_dir):
    assert f"the breech face of X1 {POOR}" in run("compare", "X1", "X2")
    report = run.folder / "r.html"
    run("report", "X1", "X2", "-o", report, "--params", run.strict)
    text = report.read_text(encoding="utf-8")
    assert "reference: poor: too flat: the relief is" in text
    assert "comparison: usable" in text, "as it was judged when it was enrolled"
    assert f"the breech face of X1 {POOR}" in text
    files = [sample_dir / f"{name}.x3p" for name in (QUERY, MATE)]
    done = ribin("compare", *files, "--params", run.strict)
    assert f"{QUERY}.x3p is poor: too flat: the relief is" in done.out
    assert POOR not in ribin("compare", *files).out
