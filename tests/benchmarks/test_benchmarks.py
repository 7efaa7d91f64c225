"""The benchmarks measure what they say, and results do not depend on threads or on the way in."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from itertools import combinations

import digest
import kernels
import numpy as np
import opencv_search
import pytest
import results
from crowd import Passes
from peak import Peak
from rates import halves, row
from scipy import ndimage
from trial import Pair, Trial

from ribin.errors import FormatError
from ribin.model import Template
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.pipeline import compare_marks, describe_mark, extract_marks
from ribin.read import read_scan
from ribin.report.json import plain_value

ROOT = results.ROOT
MATES = ("BRB-2025-0020-1.x3p", "BRB-2025-0020-2.x3p")


@pytest.fixture(scope="module")
def templates(sample_dir) -> list[Template]:
    files = sorted(sample_dir.glob("*.x3p"))[3:8]
    return [describe_mark(extract_marks(read_scan(file))[0]) for file in files]


def test_one_and_two_threads_give_the_same_bits(templates):
    one, two = (digest.comparisons_digest(templates, threads) for threads in (1, 2))
    assert one == two


def test_the_library_and_the_command_give_the_same_figures(ribin, sample_dir):
    files = [sample_dir / name for name in MATES]
    said = json.loads(ribin("compare", *files, "--json").out)
    result = compare_marks(*[describe_mark(extract_marks(read_scan(file))[0]) for file in files])
    expected = plain_value(digest.untimed(result))
    del said["left_out"]  # of the marks, which a comparison does not have
    assert {**said, "elapsed_s": 0.0} == expected


def test_a_digest_names_the_stage_that_changed(sample_dir, monkeypatch):
    scans = [read_scan(sample_dir / name) for name in MATES]
    before = digest.digests(scans)
    assert before == digest.digests(scans)
    assert {"scan", "mark", "template fine", "comparison"} <= {row["name"] for row in before}

    def describe_worse(mark, *arguments, **named):
        template = describe_mark(mark, *arguments, **named)
        fine = template.arrays["fine"].copy()
        fine[tuple(np.argwhere(fine)[0])] *= np.float32(1 + 1e-6)
        return replace(template, arrays={**template.arrays, "fine": fine})

    monkeypatch.setattr(digest, "describe_mark", describe_worse)
    now = digest.digests(scans)
    changed = [b["name"] for b, n in zip(before, now, strict=True) if b != n]
    assert changed[0] == "template fine"


def test_the_change_names_what_differs_and_by_how_much():
    before = {"rows": [{"name": "a", "auc": 0.5, "n": 3}, {"name": "gone", "auc": 1.0}]}
    now = {"rows": [{"name": "a", "auc": 0.75, "n": 3}, {"name": "b", "auc": None}]}
    assert results.change(before, before) == "none"
    lines = results.change(before, now).splitlines()
    assert len(lines) == 4
    assert lines[1].split() == ["a", "auc", "0.5", "0.75", "+0.25"]
    assert [line.split()[0] for line in lines[2:]] == ["b", "gone"]


def test_a_baseline_of_another_benchmark_is_refused(tmp_path):
    path = tmp_path / "speed.json"
    path.write_text('{"benchmark": "speed"}', encoding="utf-8")
    with pytest.raises(FormatError, match=r"speed\.json: a result of digest needed, found speed"):
        results.read_result(path, "digest")
    path.write_text("no", encoding="utf-8")
    with pytest.raises(FormatError, match="a JSON file of a benchmark needed"):
        results.read_result(path, "digest")


def made_trial() -> Trial:
    """Seven scans: the known matches score high, low and not at all, one non-match not at all."""
    firearms = ("a", "a", "b", "b", "c", "d", "d")
    scores = {(0, 1): 90.0, (2, 3): 15.0, (0, 2): 20.0, (1, 4): np.nan, (5, 6): np.nan}
    pairs = []
    for i, j in combinations(range(7), 2):
        score = scores.get((i, j), 10.0)
        mate = firearms[i] == firearms[j]
        shared, away_um = (0.05 if i == 2 else 0.9, 40.0 if i == 0 else 500.0) if mate else (0, 0)
        figures = score, score / 2, score / 100, score / 100
        pairs.append(Pair(i, j, mate, *figures, (), shared, away_um))
    first = np.full((7, 7), 0.1)
    first[0, 1] = first[1, 0] = 0.8
    first[2, 3] = 0.6
    first[3, 2] = 0.5  # level with the last stranger that gets a second pass
    first[5, 6] = first[6, 5] = np.nan
    second = np.where(first == 0.6, 0.2, first)
    passes = Passes(first, second, np.full(7, 0.5), np.full(7, 0.4))
    return Trial(firearms, pairs, passes, 0, 1.0, 1.0)


def test_rates_count_what_was_made():
    found = row("made", "", 1, made_trial())
    assert (found.every.known_match, found.every.known_non_match) == (3, 18)
    assert (found.every.not_compared_km, found.every.not_compared_knm) == (1, 1)
    assert found.every.overlap == 2  # the low one and the refused one
    assert found.every.score.auc == pytest.approx((17 + 16) / 34)
    assert found.every.cmc.km_min == 7.5
    assert found.every.fraction_gap == pytest.approx(0.15 - 0.20)
    assert found.every.sighted == 1
    assert found.every.auc_sighted == 1.0
    assert found.every.rank1 == pytest.approx(3 / 6)  # scan 2 has scan 0 above its mate
    assert found.registered == pytest.approx(1 / 3)
    assert found.recall == {"first": 3 / 6, "list": 2 / 6}


def test_firearms_are_split_and_no_pair_is_in_both_halves():
    assert halves(("a", "a", "b", "b", "c", "d", "d")) == ({"a", "c"}, {"b", "d"})
    found = row("made", "", 1, made_trial())
    assert (found.tuning.known_match, found.tuning.known_non_match) == (1, 2)
    assert (found.held_out.known_match, found.held_out.known_non_match) == (2, 4)
    assert found.held_out.score.km_min == 15.0


def test_the_opencv_search_finds_every_cell_of_a_turned_copy(templates):
    surface = templates[0].arrays["fine"]
    result = compare_marks(templates[0], templates[0])
    centers = opencv_search.cell_centers(result)
    cell_um = DEFAULT_PARAMS.breech_face.describe.cell_um
    pitch_um = templates[0].pitch_um
    same = opencv_search.search_both(surface, surface, centers, cell_um, pitch_um)
    assert len(same) == sum(map(len, centers)) > 40
    assert same.min() > 0.999
    near = opencv_search.search_both(
        surface, _turned(surface, 6.0), (centers[0], centers[0][:0]), cell_um, pitch_um
    )
    assert np.median(near) > 0.9
    far = opencv_search.search_both(
        surface, np.rot90(surface), (centers[0], centers[0][:0]), cell_um, pitch_um
    )
    assert np.median(far) < np.median(near) - 0.2


def _turned(surface, angle_deg):
    return ndimage.rotate(surface, angle_deg, reshape=False, order=1)


def test_kernels_are_timed_counted_and_put_back(templates):
    before = dict(vars(sys.modules["ribin.correlate.blocks"]))
    work = [lambda: compare_marks(templates[0], templates[1])]
    rows = {row["name"]: row for row in kernels.kernel_rows(work, Peak(100.0, 10.0))}
    assert set(rows) == set(kernels.MULTIPLY_ADDS)
    assert all(row["ms"] > 0 and row["M multiply-adds"] > 0 for row in rows.values())
    for found in rows.values():
        assert found["% of sgemm"] == pytest.approx(found["GFLOP/s"])  # of a peak of 100
        assert 0 < found["GFLOP/s"] == pytest.approx(2 * found["M multiply-adds"] / found["ms"])
    assert {"correlate_sides", "decide_comparison"} <= {
        row["name"] for row in kernels.stage_rows(work)
    }
    assert dict(vars(sys.modules["ribin.correlate.blocks"])) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "accuracy",
        "digest",
        "footprint",
        "images",
        "impressions",
        "recall",
        "search",
        "sketch",
        "speed",
        "view",
    ],
)
def test_a_benchmark_runs_writes_its_result_and_compares_it(name, tmp_path):
    before, out = tmp_path / "before.json", tmp_path / "out.json"
    before.write_text(json.dumps({"benchmark": name, "rows": [{"name": "old"}]}), encoding="utf-8")
    folder = [] if name == "impressions" else [ROOT / "sample_data"]  # it makes its own scans
    script = [sys.executable, ROOT / "benchmarks" / f"{name}.py", *folder, "--quick"]
    command = [*script, "--out", out, "--baseline", before]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == (1 if name == "digest" else 0), ran.stderr  # a digest differs
    assert f"change since {before}" in ran.stdout
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["benchmark"] == name
    assert found["params_id"] == DEFAULT_PARAMS.params_id
    assert found["machine"]["versions"]["ribin"]
    assert found["rows"]
