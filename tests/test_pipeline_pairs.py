"""End to end over the sample data: mates above one threshold, strangers below another."""

from __future__ import annotations

import csv
import hashlib
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ribin.comparison import Comparison
from ribin.model import Template
from ribin.pipeline import compare_marks, describe_mark, extract_marks
from ribin.read import read_scan

SLIDES_CUT_IN_A_ROW = {"gun-03", "gun-04"}  # strangers that share subclass marks
FIREARMS = ("gun-01", "gun-02", "gun-03", "gun-04", "gun-07")


@pytest.fixture(scope="module")
def labels(sample_dir: Path) -> dict[str, str]:
    with (sample_dir / "labels.csv").open(newline="", encoding="utf-8") as stream:
        rows = [(row["file"], row["firearm"]) for row in csv.DictReader(stream)]
    return {file: firearm for file, firearm in rows if firearm in FIREARMS}


@pytest.fixture(scope="module")
def templates(sample_dir: Path, labels: dict[str, str]) -> dict[str, Template]:
    return {file: describe_mark(*extract_marks(read_scan(sample_dir / file))) for file in labels}


@pytest.fixture(scope="module")
def results(templates: dict[str, Template]) -> dict[tuple[str, str], Comparison]:
    return {
        pair: compare_marks(templates[pair[0]], templates[pair[1]])
        for pair in itertools.combinations(templates, 2)
    }


def test_mates_lie_above_and_strangers_below(labels, results):
    mates = strangers = 0
    for (one, two), result in results.items():
        guns = {labels[one], labels[two]}
        assert result.compared, result.reason
        if len(guns) == 1:
            mates += 1
            assert result.score > 90.0, (one, two)
            assert result.cmc_fraction > 0.8, (one, two)
        elif guns == SLIDES_CUT_IN_A_ROW:
            assert result.score < 83.0, (one, two)
            assert result.cmc_fraction < 0.4, (one, two)
        else:
            strangers += 1
            assert result.score < 40.0, (one, two)
            assert result.cmc_fraction <= 0.2, (one, two)
    assert (mates, strangers) == (9, 53)


def test_each_scan_s_best_other_scan_is_a_mate(labels, results):
    for file in labels:
        others = {pair: r.score for pair, r in results.items() if file in pair}
        one, two = max(others, key=lambda pair: others[pair])
        assert labels[one] == labels[two]


def test_one_thread_makes_the_same_templates(sample_dir, templates):
    """Bits of a template do not depend on the threads of numpy and OpenCV."""
    file = next(iter(templates))
    code = (
        "import sys, cv2, test_pipeline_pairs as t; cv2.setNumThreads(1);"
        "print(t.digest(t.describe_mark(*t.extract_marks(t.read_scan(sys.argv[1])))))"
    )
    single = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    run = subprocess.run(
        [sys.executable, "-c", code, str(sample_dir / file)],
        env={**os.environ, **single, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.strip() == digest(templates[file]), run.stderr


def digest(template: Template) -> str:
    """One hash of all arrays of a template."""
    total = hashlib.sha256()
    for name, array in sorted(template.arrays.items()):
        total.update(name.encode() + array.tobytes())
    return total.hexdigest()
