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
from ribin.report.notebook import (
    comparison_html,
    comparison_png,
    lists_html,
    mark_html,
    mark_png,
    result_html,
)

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
    assert mark_png(marks[0]).startswith(PNG)
    html = mark_html(marks[0])
    assert "data:image/png;base64," in html
    assert "breech face (topography)" in html
    assert "JAM-2026-0007-1.x3p" in html


def test_a_mark_of_which_nothing_was_measured(marks):
    empty = replace(marks[0], valid=np.zeros_like(marks[0].valid))
    assert mark_png(empty).startswith(PNG)
    assert "0.00 mm" in mark_html(empty)


def test_a_comparison_shows_figures_and_cells(result):
    assert comparison_png(result).startswith(PNG)
    html = comparison_html(result)
    for fact in (f"{result.score:.3f}", "of 80", "agreement of all cells", result.params_id):
        assert fact in html
    assert forbidden_words(html) == []


def test_a_pair_that_was_not_compared_says_why(result):
    bare = replace(result, score=np.nan, reason="no <overlap>", cell_fits=())
    assert "no &lt;overlap&gt;" in comparison_html(bare)
    assert comparison_png(bare) is None


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
    html = result_html(made_list(MarkType.BREECH_FACE))
    assert "&lt;1&gt;" in html
    assert "<1>" not in html
    assert "99.000" in html
    assert "largest drop in the scores, 90.000, comes after rank 1" in html
    assert "A named examiner concludes." in html
    assert forbidden_words(html) == []


def test_lists_of_several_marks_show_the_fused_one():
    one, two = made_list(MarkType.BREECH_FACE), made_list(MarkType.FIRING_PIN)
    row = FusedCandidate(1, "BLZ", "fused-1", "E", 0.1, ())
    html = lists_html(SearchLists((one, two), (row,), one.counts, "by rank"))
    assert "fused-1" in html
    assert "List by firing pin" in html


class Formatter:
    """What IPython's formatters do with types that are known by name and not imported yet."""

    def __init__(self):
        self.looks = {}

    def for_type_by_name(self, module, name, function):
        self.looks[module, name] = function

    def __call__(self, value: object) -> object:
        look = self.looks.get((type(value).__module__, type(value).__name__))
        return look(value) if look else None


class Shell:
    """A running IPython, as far as an extension sees it."""

    def __init__(self):
        self.display_formatter = self
        self.formatters = {"text/html": Formatter(), "image/png": Formatter()}


@pytest.fixture
def shell():
    shell = Shell()
    ribin.load_ipython_extension(shell)
    return shell


def test_every_value_is_shown_by_its_look(shell, marks, result):
    one = made_list(MarkType.BREECH_FACE)
    lists = SearchLists((one,), (), one.counts)
    html, png = shell.formatters["text/html"], shell.formatters["image/png"]
    looks = {type(v): (html(v), png(v)) for v in (marks[0], result, one, lists)}
    assert {(v.__module__, v.__name__) for v in looks} == {*html.looks, *png.looks}
    assert all(shown for shown, _ in looks.values())
    assert [picture.startswith(PNG) for _, picture in looks.values() if picture] == [True, True]
    assert (html("no value of ours"), png("no value of ours")) == (None, None)


def test_a_running_ipython_is_told_and_nothing_is_imported_for_it():
    program = (
        "import sys, unittest.mock; sys.modules['IPython'] = told = unittest.mock.MagicMock();"
        "import ribin; print(len([c for c in told.mock_calls if 'for_type_by_name' in c[0]]));"
        "print([name for name in sys.modules if name.startswith('ribin.')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "6\n['ribin._version']\n"


def shown(shell: Shell, value: object) -> str:
    """What a notebook would show of the last value of a cell."""
    return shell.formatters["text/html"](value) or repr(value)


def run_cells(path: Path, shell: Shell) -> list[str]:
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
            outputs.append(shown(shell, value))
    return outputs


@pytest.mark.slow
def test_the_tutorial_runs(monkeypatch, tmp_path, shell):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("tempfile.mkdtemp", lambda: str(tmp_path))
    mark, near, far, many, enrolled, listed, counts = run_cells(TUTORIAL, shell)
    assert "data:image/png" in mark
    assert "80 of 80" in near
    assert "80 of 80" not in far
    assert "BLZ-2025-0042-1" in many.split(",")[1]
    assert enrolled == "(24, 0)"
    assert "99.993" in listed
    assert "compared=14" in counts
