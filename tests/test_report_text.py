"""Tables and JSON: what is not computed, what lines up, and which words are never said."""

from __future__ import annotations

import ast
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ribin.casework import Candidate, Counts, SearchResult
from ribin.comparison import ScorePart
from ribin.model import MarkType
from ribin.report.json_text import as_json
from ribin.report.tables import search_table, table

PACKAGE = Path(__file__).parents[1] / "ribin"


@dataclass(frozen=True)
class Sample:
    mark: MarkType
    score: float
    count: object
    parts: tuple[ScorePart, ...]
    valid: bool


def test_json_of_a_dataclass():
    sample = Sample(
        MarkType.BREECH_FACE, math.nan, np.int64(3), (ScorePart("a", np.float32(0.5), 1),), True
    )
    assert json.loads(as_json({"s": sample, "inf": math.inf})) == {
        "s": {
            "mark": "breech_face",
            "score": None,
            "count": 3,
            "parts": [{"name": "a", "value": 0.5, "contribution": 1}],
            "valid": True,
        },
        "inf": None,
    }


def test_table_lines_up():
    text = table(("name", "score"), [("a", 0.5), ("longer", math.nan)])
    assert text == "name    score\na       0.500\nlonger      -"


def candidate(rank, exhibit):
    figures = {"score": 0.5, "cmc": 12.0, "cmc_fraction": 0.4, "cells": 30, "ccf": 0.3}
    place = {"rotation_deg": 1.0, "shift_um": (0.0, 0.0)}
    return Candidate(rank, "BLZ", exhibit, "E-1", MarkType.BREECH_FACE, **figures, **place)


def result(candidates, unavailable=()):
    counts = Counts(9, 8, 7, 6, (("the query itself", 1),))
    return SearchResult(
        "Q-1", "cluster", ("JAM", "BLZ"), unavailable, counts, {}, candidates, {}, "p1", "0.1", 0.0
    )


def test_search_table_says_what_was_compared():
    text = search_table(result((candidate(1, "X-7"),), (("BRB", "no vault.toml"),)))
    assert "   1  BLZ     X-7 " in text
    assert (
        "eligible 9, after filters 8, after coarse stage 7, compared 6; "
        "not compared 1: the query itself" in text
    )
    assert "BRB could not answer: no vault.toml" in text
    assert "A named examiner concludes." in text


def test_search_table_without_candidates():
    assert "no candidate" in search_table(result(()))


# Ground truth and the name of the method may be said; verdicts may not.
ALLOWED = re.compile(r"known[_ -](non[_ -])?match(es)?|congruent matching cells|km_|knm_", re.I)
VERDICT = re.compile(r"\b(match\w*|hits?|identif(ied|ication)\w*|eliminat\w*|conclusive)\b", re.I)


def said(path: Path) -> list[str]:
    """Every text of a file that could reach a reader; a docstring only where it is help."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = set()
    if "commands" not in path.parts:
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            first = body[0] if isinstance(body, list) and body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                silent.add(id(first.value))
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent
    ]


def verdicts(texts: list[str]) -> list[str]:
    return [text for text in texts if VERDICT.search(ALLOWED.sub("", text))]


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.relative_to(PACKAGE).as_posix()
)
def test_no_output_states_a_verdict(path):
    assert verdicts(said(path)) == []


@pytest.mark.parametrize(
    "text", ["3 matches found", "a hit in BLZ", "identification: gun 7", "Match score {x}"]
)
def test_the_checker_sees_a_verdict(text):
    assert verdicts([text])


def test_the_checker_lets_ground_truth_pass():
    assert not verdicts(["known_match", "lowest known match", "known non-matches"])
