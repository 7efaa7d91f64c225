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


def notes_of_table(tmp_path, text):
    from ribin.cases.csv_files import OWN_FORM
    from ribin.evaluate.population import pair_notes

    path = tmp_path / "pairs.csv"
    path.write_text(text, encoding="utf-8")
    return [note.removeprefix(f"{path}: ") for note in pair_notes(path, OWN_FORM)]


def test_firearms_of_a_table_of_pairs_that_look_alike_are_named(tmp_path):
    text = "firearm1,firearm2,ccf\nGlock 01,Glock O1,0.5\nG2,G3,0.4\ng2,G3,0.41\n"
    assert notes_of_table(tmp_path, text) == [
        "firearm 'Glock O1' looks like 'Glock 01'",
        "firearm 'g2' looks like 'G2'",
    ]


@pytest.mark.parametrize(
    ("columns", "rows", "note"),
    [
        (
            "ccf",
            ("A,B,0.513", "B,A,0.513"),
            "1 row repeats an earlier one, as line 3 that of line 2",
        ),
        ("ccf", ("A,B,0.513", "A,B,0.514", "A,C,0.513"), ""),
        ("cmc,cells", ("A,B,3,40", "A,B,3,40"), ""),  # counts are often equal
        (
            "cmc,cells,reference,comparison",
            ("A,B,3,40,a,b", "A,B,4,40,b,a", "B,A,3,40,a,b"),
            "2 rows repeat an earlier one, as line 3 that of line 2",
        ),
        ("cmc,cells,reference,comparison", ("A,B,3,40,a,b", "A,B,3,40,a,c"), ""),
    ],
)
def test_rows_of_a_table_of_pairs_that_repeat_one_are_counted(tmp_path, columns, rows, note):
    text = "\n".join([f"firearm1,firearm2,{columns}", *rows, ""])
    wanted = [f"{note}; each counts"] if note else []
    assert notes_of_table(tmp_path, text) == wanted
