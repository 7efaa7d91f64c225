"""The files of a trace: what is kept is written, and the index says what each file holds."""

from __future__ import annotations

import ast
import csv
from pathlib import Path

import numpy as np
import pytest

from ribin.errors import ParameterError
from ribin.model import Trace
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.report.trace import write_trace_files

METHOD = DEFAULT_PARAMS.breech_face
PACKAGE = Path(__file__).parents[2] / "ribin"


def index_of(folder):
    with (folder / "index.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def kept_by_the_stages():
    """Stage and names of every `trace.keep("stage", name=...)` in the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "trace.keep":
                yield ast.literal_eval(node.args[0]), [keyword.arg for keyword in node.keywords]


def test_the_index_explains_all_that_any_stage_keeps(tmp_path):
    trace = Trace()
    for stage, names in kept_by_the_stages():
        trace.keep(stage, **dict.fromkeys(names, 0.0))
    assert len(trace) >= 11
    write_trace_files({"pair": trace}, tmp_path, METHOD)
    rows = index_of(tmp_path)
    assert len(rows) == sum(len(results) for _, results in trace)
    assert [row for row in rows if not row["holds"]] == []
    assert "{" not in "".join(row["holds"] + row["unit"] for row in rows)


def test_files_are_numbered_by_stage_and_read_back(tmp_path):
    trace = Trace()
    trace.keep("levelled", surface=np.eye(3, 4, dtype=np.float32), pitch_um=(3.0, 4.0))
    trace.keep("consensus", rotation_deg=2.5)
    write_trace_files({"reference": trace, "pair": Trace()}, tmp_path, METHOD)
    files = sorted(p.name for p in (tmp_path / "reference").iterdir())
    assert files == ["01-levelled.json", "01-levelled.npz", "02-consensus.json"]
    with np.load(tmp_path / "reference" / "01-levelled.npz", allow_pickle=False) as arrays:
        assert (arrays["surface"] == np.eye(3, 4)).all()
    assert [
        (row["file"], row["name"], row["shape"], row["unit"]) for row in index_of(tmp_path)
    ] == [
        ("reference/01-levelled.npz", "surface", "3 x 4", "um"),
        ("reference/01-levelled.json", "pitch_um", "", "um"),
        ("reference/02-consensus.json", "rotation_deg", "", "degrees"),
    ]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(ParameterError, match=r"file: a folder to write needed, "):
        write_trace_files({"pair": Trace()}, tmp_path / "file", METHOD)
