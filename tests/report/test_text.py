"""Tables and JSON: what is not computed, and what lines up."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest

from ribin.cases.exhibits import Candidate, Counts, SearchResult
from ribin.comparison import ScorePart, score_text, shown_score
from ribin.model import MarkType
from ribin.report.json import as_json
from ribin.report.table import Remark, Terminal, facts, remark, shown_on, table
from ribin.report.text import search_table, shift_words


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


def test_a_table_on_a_terminal_is_as_wide_as_the_terminal():
    """Long texts are wrapped, figures are not; in a pipe a row is one line."""
    name = "JAM-" + "x" * 200 + "-17"
    rows = [[1, name, f"E-{name}", 99.5], [2, "B", "E", 1.0]]
    header = ("rank", "exhibit", "event", "score")
    whole = table(header, rows)
    assert name in whole
    assert len(whole.splitlines()) == 3
    with shown_on(Terminal(80, coloured=False)):
        lines = table(header, rows).splitlines()
    with shown_on(Terminal(10, coloured=False)):
        assert "99.500" in table(header, rows), "a figure is never cut"
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == list(header)
    assert lines[1].split()[0] == "1"
    assert lines[1].endswith("99.500")
    assert lines[-1].split() == ["2", "B", "E", "1.000"]
    wrapped = "".join(line[6:].split()[0] for line in lines[1:-1])
    assert wrapped == name, "nothing is lost"
    assert table(header, rows) == whole


def test_heads_and_remarks_have_colours_on_a_terminal_that_wants_them():
    row = (("rank", "member"), [[1, "JAM"]])
    for coloured in (True, False):
        with shown_on(Terminal(80, coloured)):
            head, line = table(*row).splitlines()
            shown = (head, remark("BLZ could not answer"), facts([(Remark("NOTE"), "x"), ("a", 1)]))
        assert line == "   1  JAM"
        if coloured:
            assert shown[0].startswith("\x1b[1m")
            assert shown[1] == "\x1b[33mBLZ could not answer\x1b[0m"
            assert shown[2] == "\x1b[33mNOTE  x\x1b[0m\na     1"
        else:
            assert "\x1b" not in "".join(shown)


def test_text_of_others_is_no_markup_on_a_terminal():
    """Square brackets are letters, also in what another member wrote."""
    with shown_on(Terminal(80, coloured=False)):
        assert table(("a",), [["[red]x[/red]"]]).splitlines()[1] == "[red]x[/red]"
        assert remark("[bold]x") == "[bold]x"


@pytest.mark.parametrize(
    ("shift_um", "words"),
    [
        ((-50.4, 12.0), "50 um up, 12 um right"),
        ((7.0, -3.0), "7 um down, 3 um left"),
        ((-0.2, 0.0), "0 um down, 0 um right"),
    ],
)
def test_a_shift_in_words(shift_um, words):
    assert shift_words(shift_um) == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nsha256  0", "a\\nsha256  0"),
        ("\x1b[2Ja", "\\x1b[2Ja"),
        ("a\u202eb", "a\\u202eb"),
        ("Jos\u00e9\u00a0N.", "Jos\u00e9\u00a0N."),
    ],
)
def test_a_foreign_text_neither_steers_a_terminal_nor_makes_a_line(text, shown):
    assert facts([("file", text)]) == f"file  {shown}"
    assert table(("file",), [(text,)]).splitlines() == ["file", shown]


def test_a_score_is_all_of_100_or_written_below_it():
    assert [score_text(score) for score in (99.99257, 99.99999, 100.0, 0.0)] == [
        *("99.993", "99.999", "100.000", "0.000")
    ]
    assert shown_score(97.7216) == 97.722
