"""The lists of a query as text, JSON and plots: the drop in the scores is seen and said."""

from __future__ import annotations

import importlib.util
import json

import pytest

from ribin.cases.exhibits import Candidate, Counts, SearchResult
from ribin.cases.results import SearchLists
from ribin.errors import ParameterError
from ribin.model import MarkType
from ribin.report.json import as_json
from ribin.report.score_plot import draw_score_plot, largest_drop, score_bars
from ribin.report.text import lists_text, lists_value, search_table
from ribin.search.rank import fuse_lists

FACE, PIN, _ = MarkType


def result(mark, scores, **fields):
    rows = [
        Candidate(k, "JAM", f"X{k}", f"E{k}", mark, score, 9, 0.5, 20, 0.5, 1.0, (2.0, -3.0))
        for k, score in enumerate(scores, start=1)
    ]
    counts = Counts(9, 8, 7, len(rows), (("no such mark", 7 - len(rows)),))
    made = SearchResult(
        query="q.x3p",
        scope="country",
        members=("JAM",),
        unavailable=(),
        counts=counts,
        counts_by_member={"JAM": counts},
        candidates=tuple(rows),
        snapshot={"JAM": "0" * 64},
        params_id="p",
        version="1",
        elapsed_s=0.5,
        mark=str(mark),
    )
    return SearchResult(**{**made.__dict__, **fields})


def lists(*results):
    fused = fuse_lists(results, 10) if len(results) > 1 else ()
    return SearchLists(results, fused, results[0].counts, "by rank", ("a note of the query",))


@pytest.mark.parametrize(
    ("scores", "drop"),
    [
        ((99.0, 98.0, 20.0, 10.0), (2, 78.0)),
        ((90.0, 60.0, 30.0), (1, 30.0)),
        ((50.0, 50.0), None),
        ((50.0,), None),
        ((), None),
    ],
)
def test_the_largest_drop_is_the_first_of_the_widest(scores, drop):
    assert largest_drop(scores) == drop


def test_bars_show_the_drop_between_two_rows():
    bars = score_bars(result(FACE, (100.0, 98.0, 20.0))).splitlines()
    assert bars[0] == "1 |" + 50 * "#" + "| 100.000"
    assert "largest drop: 78.000" in bars[2]
    assert bars[3].count("#") == 10
    assert len({line.rindex("|") for line in bars}) == 1


def test_one_list_reads_as_it_always_did():
    one = lists(result(FACE, (99.0, 20.0)))
    text = lists_text(one)
    table = search_table(one.first)
    note, *end = table.splitlines()[-2:]
    assert text == table.replace(f"\n{note}", f"\na note of the query\n{note}")
    assert end == ["Candidates are suggestions to look. A named examiner concludes."]
    assert "largest drop" in lists_text(one, plot=True)


def test_several_lists_are_followed_by_the_fused_one():
    text = lists_text(lists(result(FACE, (99.0, 20.0)), result(PIN, (80.0,))))
    assert text.index("marks of type breech_face") < text.index("marks of type firing_pin")
    end = text[text.index("all marks by rank") :].splitlines()
    assert " ".join(end[1].split()) == "rank member exhibit event breech_face firing_pin sum"
    assert " ".join(end[2].split()) == "1 JAM X1 E1 1 (99.000) 1 (80.000) 0.18182"
    assert " ".join(end[3].split()) == "2 JAM X2 E2 2 (20.000) - 0.08333"


def test_json_keeps_the_first_list_where_it_was_and_adds_the_others():
    face, pin = result(FACE, (99.0, 20.0)), result(PIN, (80.0,), unavailable=(("BRB", "gone"),))
    found = json.loads(as_json(lists_value(lists(face, pin))))
    alone = json.loads(as_json(face))
    for key in ("query", "scope", "members", "counts", "candidates", "params_id"):
        assert found[key] == alone[key]
    assert found["unavailable"] == [["BRB", "gone"]]
    assert [one["mark"] for one in found["lists"]] == ["breech_face", "firing_pin"]
    assert found["lists"][1]["candidates"][0]["score"] == 80.0
    places = found["fused"]["candidates"][0]["places"]
    assert [(p["mark"], p["rank"]) for p in places] == [("breech_face", 1), ("firing_pin", 1)]
    assert json.loads(as_json(lists_value(lists(face))))["fused"] is None


def test_the_plot_is_a_picture_of_every_list(tmp_path):
    found = lists(result(FACE, (99.0, 20.0)), result(PIN, ()))
    draw_score_plot(found, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ParameterError, match="a file to write needed, No such file"):
        draw_score_plot(found, tmp_path / "none" / "p.png")


def test_without_matplotlib_the_plot_is_refused_before_the_search(ribin, monkeypatch, tmp_path):
    monkeypatch.setattr("ribin.report.score_plot.find_spec", lambda name: None)
    done = ribin("search", "X", "--vault", tmp_path, "--plot-file", tmp_path / "p.png")
    needed = "matplotlib needed, found none\nhint: pip install 'ribin[plots]'"
    assert (done.code, done.err) == (2, f"ribin: {tmp_path}/p.png: {needed}\n")
    assert importlib.util.find_spec("matplotlib")
