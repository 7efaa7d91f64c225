"""Labels in, rows out, and the rates of each firearm and ammunition beside the pool."""

from __future__ import annotations

import csv
import math

import pytest

from ribin.errors import FormatError, ParameterError
from ribin.evaluate.pairs import Label, Pair, pair_of, read_labels, write_pairs
from ribin.evaluate.run import by_ammunition, by_firearm
from ribin.model import MarkType


def labels_file(folder, text):
    (folder / "labels.csv").write_text(text, encoding="utf-8")
    return folder


def test_labels_with_and_without_optional_columns(tmp_path):
    text = (
        "\ufefffile,firearm,ammunition,mark,lighting\na.png,G1,CBC,firing_pin,ring\nb.x3p,G2,,,\n"
    )
    assert read_labels(labels_file(tmp_path, text)) == (
        Label("a.png", "G1", "CBC", MarkType.FIRING_PIN, "ring"),
        Label("b.x3p", "G2", "", MarkType.BREECH_FACE),
    )
    assert read_labels(labels_file(tmp_path, "file,firearm\na,G\n")) == (Label("a", "G"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,gun\na,G\n", "no column firearm, found file, gun"),
        ("", "no column file, firearm, found "),
        ("file,firearm\na\n", r"labels.csv:2: a firearm needed, found an empty cell"),
        ("file,firearm\n,G\n", r"labels.csv:2: a file needed, found an empty cell"),
        ("file,firearm,mark\na,G,rim\n", r"labels.csv:2: mark needs one of .*, found 'rim'"),
        ("file,firearm\na,G\na,G\n", r"a \(breech_face\) needed once, found twice"),
    ],
)
def test_labels_that_are_refused(tmp_path, text, message):
    with pytest.raises(FormatError, match=message):
        read_labels(labels_file(tmp_path, text))


def test_no_labels(tmp_path):
    with pytest.raises(FormatError, match=r"labels\.csv: a CSV file with columns .* No such file"):
        read_labels(tmp_path)


def pair(score, firearms, ammunition=("", "")):
    return Pair("a", "b", firearms, ammunition, MarkType.BREECH_FACE, score, 12.0, 0.4, 0.3, 30, "")


PAIRS = [
    pair(0.9, ("G1", "G1"), ("CBC", "CBC")),
    pair(0.2, ("G1", "G1"), ("CBC", "PMC")),
    pair(0.8, ("G2", "G2"), ("CBC", "CBC")),
    pair(0.3, ("G1", "G2"), ("CBC", "CBC")),
    pair(0.1, ("G1", "G2"), ("PMC", "CBC")),
    pair(math.nan, ("G2", "G2"), ("PMC", "CBC")),
]


def test_one_bad_firearm_is_seen_beside_the_pool():
    good, bad, alone = by_firearm(PAIRS, {"G2": 3, "G1": 3, "G3": 1})
    assert (good.known_match, good.score_min, good.at_or_below_knm_max) == (1, 0.8, 0.0)
    assert (bad.known_match, bad.score_min, bad.score_median) == (2, 0.2, 0.55)
    assert bad.at_or_below_knm_max == 0.5
    assert alone.known_match == 0
    assert math.isnan(alone.at_or_below_knm_max)


def test_ammunition_splits_the_pairs():
    same, different = by_ammunition(PAIRS)
    assert (same.ammunition, same.known_match, same.known_non_match, same.auc) == (
        "same",
        2,
        1,
        1.0,
    )
    assert (different.known_match, different.known_non_match) == (1, 1)
    assert (different.km_min, different.knm_max) == (0.2, 0.1)
    assert by_ammunition([pair(0.9, ("G1", "G1"), ("CBC", ""))]) == ()


def test_rows_of_pairs(tmp_path):
    lost = pair_of(Label("c", "G1"), Label("d", "G1"), None, "no file")
    write_pairs([PAIRS[0], PAIRS[3], lost], tmp_path / "p.csv")
    rows = list(csv.DictReader((tmp_path / "p.csv").read_text(encoding="utf-8").splitlines()))
    columns = "reference,comparison,known_match,score,cmc,cmc_fraction,ccf,cells"
    assert ",".join(rows[0]) == columns
    assert list(rows[0].values()) == ["a", "b", "1", "0.9", "12.0", "0.4", "0.3", "30"]
    assert rows[1]["known_match"] == "0"
    assert list(rows[2].values()) == ["c", "d", "1", "", "", "", "", ""]


def test_rows_that_cannot_be_written(tmp_path):
    with pytest.raises(ParameterError, match=r"p\.csv: a CSV file to write needed"):
        write_pairs([], tmp_path / "no" / "p.csv")
