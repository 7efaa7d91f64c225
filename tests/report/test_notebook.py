"""What a notebook shows of marks, comparisons and lists; and the tutorial runs as it stands."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from wording import forbidden_words

import ribin
from ribin.cases.exhibits import Candidate, Counts, SearchResult
from ribin.cases.results import FusedCandidate, SearchLists
from ribin.model import MarkType
from ribin.shown import Shown

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial.ipynb"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def marks(sample_dir):
    names = ("JAM-2026-0007-1", "JAM-2026-0012-1")
    return [ribin.extract_marks(ribin.read_scan(sample_dir / f"{name}.x3p"))[0] for name in names]


@pytest.fixture(scope="module")
def result(marks):
    return ribin.compare_marks(*map(ribin.describe_mark, marks))


def test_a_mark_shows_its_relief(marks):
    assert marks[0]._repr_png_().startswith(PNG)
    html = marks[0]._repr_html_()
    assert "data:image/png;base64," in html
    assert "breech face (topography)" in html
    assert "JAM-2026-0007-1.x3p" in html


def test_a_mark_of_which_nothing_was_measured(marks):
    empty = replace(marks[0], valid=np.zeros_like(marks[0].valid))
    assert empty._repr_png_().startswith(PNG)
    assert "0.00 mm" in empty._repr_html_()


def test_a_comparison_shows_figures_and_cells(result):
    assert result._repr_png_().startswith(PNG)
    html = result._repr_html_()
    for fact in (f"{result.score:.3f}", "of 80", "agreement of all cells", result.params_id):
        assert fact in html
    assert forbidden_words(html) == []


def test_a_pair_that_was_not_compared_says_why(result):
    bare = replace(result, score=np.nan, reason="no <overlap>", cell_fits=())
    assert "no &lt;overlap&gt;" in bare._repr_html_()
    assert bare._repr_png_() is None


def made_list(mark: MarkType) -> SearchResult:
    rows = tuple(
        Candidate(n, "BLZ", f"<{n}>", "E", mark, s, 3.0, 0.1, 80, 0.1, 0.0, (0.0, 0.0))
        for n, s in ((1, 99.0), (2, 9.0))
    )
    counts = Counts(3, 3, 3, 2, (("the query itself", 1),))
    members = {"BLZ": counts}
    return SearchResult(
        "Q", "cluster", ("BLZ",), (), counts, members, rows, {}, "id", "0", 0.0, mark=str(mark)
    )


def test_a_list_shows_its_rows_and_what_was_compared():
    html = made_list(MarkType.BREECH_FACE)._repr_html_()
    assert "&lt;1&gt;" in html
    assert "<1>" not in html
    assert "99.000" in html
    assert "largest drop in the scores, 90.0, comes after rank 1" in html
    assert "A named examiner concludes." in html
    assert forbidden_words(html) == []


def test_lists_of_several_marks_show_the_fused_one():
    one, two = made_list(MarkType.BREECH_FACE), made_list(MarkType.FIRING_PIN)
    row = FusedCandidate(1, "BLZ", "fused-1", "E", 0.1, ())
    html = SearchLists((one, two), (row,), one.counts, "by rank")._repr_html_()
    assert "fused-1" in html
    assert "List by firing pin" in html


def test_a_value_without_looks_leaves_it_to_its_repr():
    class Other(Shown):
        pass

    assert (Other()._repr_html_(), Other()._repr_png_()) == (None, None)


def test_looks_are_imported_when_a_notebook_asks():
    program = "import sys, ribin, ribin.model; print('ribin.report.notebook' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False\n"


def shown(value: object) -> str:
    """What a notebook would show of the last value of a cell."""
    html = value._repr_html_() if isinstance(value, Shown) else None
    return html or repr(value)


def run_cells(path: Path) -> list[str]:
    """Run the code cells of a notebook one after the other; what each shows."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    names: dict[str, object] = {}
    outputs = []
    for number, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        assert cell["outputs"] == []
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"cell {number}", "exec"), names)
        if last:
            value = eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), names)
            outputs.append(shown(value))
    return outputs


@pytest.mark.slow
def test_the_tutorial_runs(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("tempfile.mkdtemp", lambda: str(tmp_path))
    mark, near, far, many, enrolled, listed, counts = run_cells(TUTORIAL)
    assert "data:image/png" in mark
    assert "80 of 80" in near
    assert "80 of 80" not in far
    assert "BLZ-2025-0042-1" in many.split(",")[1]
    assert enrolled == "(24, 0)"
    assert "99.674" in listed
    assert "compared=14" in counts
