"""What enrolment says beside "new": marks, look-alikes, what was not taken over, the same file."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[2] / "sample_data"
A, B, C = "JAM-2026-0007-1.x3p", "JAM-2026-0012-1.x3p", "BLZ-2025-0042-1.x3p"


@pytest.fixture
def place(tmp_path, ribin, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, file in (("a.x3p", A), ("b.x3p", B), ("c.x3p", C)):
        shutil.copyfile(SAMPLE / file, tmp_path / name)
    for code in ("JAM", "BLZ"):
        assert ribin("init", code, "--member", code, "--who", "me").code == 0
    text = '[members.JAM]\nvault = "JAM"\n[members.BLZ]\nvault = "BLZ"\n'
    Path("network.toml").write_text(text + '[clusters]\nx = ["JAM", "BLZ"]\n', encoding="utf-8")
    return tmp_path


@pytest.fixture
def enrol(place, ribin):
    def run(file, exhibit, *more, event="E1", vault="JAM"):
        said = ("--event", event, "--exhibit", exhibit, "--vault", vault, "--who", "me")
        return ribin("enrol", file, *said, *more)

    return run


def test_the_marks_their_origin_and_their_verdict_are_printed(enrol):
    done = enrol("a.x3p", "A-1")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[1].endswith("new      breech face cut out usable")
    (row,) = json.loads(enrol("b.x3p", "B-2", "--json").out)["enrolled"]
    assert row["found"] == [
        {
            **{"mark": "breech_face", "origin": "cut out", "verdict": "usable", "reasons": ""},
            "left_out": {"dust": 0.0, "drag": 0.0, "flowback": 0.0},
        }
    ]


def test_a_poor_mark_is_pointed_out_with_the_picture_to_look_at(enrol):
    """A small circle on the scan leaves little to compare."""
    done = enrol("a.x3p", "A-1", "--circle", "breech_face:160,160,40", "--accept-unusable", "test")
    if "poor" in done.out or "unusable" in done.out:
        assert "look at `ribin extract a.x3p --overlay found.png`" in done.err


def test_a_file_that_the_vault_holds_is_named_under_whatever_exhibit(enrol):
    enrol("a.x3p", "A-1")
    for more in ((), ("--dry-run",)):
        done = enrol("a.x3p", "Z-9", *more)
        assert done.code == 3
        assert "a.x3p: this scan is enrolled as exhibit A-1, found exhibit Z-9" in done.err


def test_what_was_not_taken_over_is_said_with_what_corrects_it(enrol):
    enrol("a.x3p", "A-1")
    again = enrol("a.x3p", "A-1", "--calibre", "9x19", "--place", "Kingston")
    assert again.code == 0
    assert "already there" in again.out
    said = "not taken over: calibre '9x19', place 'Kingston'; `ribin exhibit edit A-1` correct"
    assert said in again.err
    assert enrol("a.x3p", "A-1").err == ""


def test_names_that_look_alike_are_pointed_out(enrol):
    enrol("a.x3p", "A-1")
    done = enrol("b.x3p", "a l", event="e-1")
    assert done.code == 0
    assert "exhibit 'a l' looks like 'A-1': is it the same?" in done.err
    assert "event 'e-1' looks like 'E1': is it the same?" in done.err


def test_a_correction_is_held_against_all_other_exhibits(enrol, ribin):
    """In the words of enrolment; what it takes the place of is not said to look alike."""
    enrol("a.x3p", "A-1", "--make", "Winchester", event="E-1")
    enrol("b.x3p", "B-2", "--ammunition", "Federal", event="E2")
    said = ("--vault", "JAM", "--who", "me", "--reason", "misread")
    done = ribin("exhibit", "edit", "A-1", "--calibre", "9mm Lugar", *said)
    assert done.code == 0
    kept = "calibre '9mm Lugar' is not in the table of calibres, and is kept as it is written"
    assert done.err == f"note: A-1: {kept}\n"
    fields = ("--name", "b 2", "--event", "e 1", "--ammunition", "Federl")
    done = ribin("exhibit", "edit", "B-2", *fields, *said, "--json")
    (one,) = json.loads(done.out)["corrected"]
    assert one["remarks"] == ["event 'e 1' looks like 'E-1': is it the same?"]
    assert done.err == "note: b 2: event 'e 1' looks like 'E-1': is it the same?\n"
    assert ribin("exhibit", "edit", "b 2", "--place", "Port", *said).err == ""


def test_a_scan_moved_to_a_new_exhibit_says_what_that_looks_like(enrol, ribin):
    enrol("a.x3p", "A-1")
    enrol("b.x3p", "B-2")
    said = ("--vault", "JAM", "--who", "me", "--reason", "mixed up", "--yes")
    done = ribin("mark", "move", "B-2", "a 1", "--event", "E1", *said)
    assert done.code == 0, done.err
    assert "note: a 1: exhibit 'a 1' looks like 'A-1': is it the same?" in done.err


def test_a_redone_mark_that_is_poor_is_pointed_out(enrol, ribin):
    enrol("a.x3p", "A-1")
    said = ("--vault", "JAM", "--who", "me", "--reason", "drawn anew", "--accept-unusable", "test")
    done = ribin("mark", "redo", "A-1", "--circle", "breech_face:160,160,130,80", *said, "--json")
    found = json.loads(done.out)
    assert found["marks"][0][1] != "usable"
    assert "look at `ribin extract A-1 --overlay found.png`" in found["remarks"][0]
    assert found["remarks"][0] in done.err


def test_rows_of_one_manifest_are_held_against_each_other(place, ribin):
    text = "file,event,exhibit\na.x3p,E1,A-O\nb.x3p,E1,A-0\n"
    Path("m.csv").write_text(text, encoding="utf-8")
    for more in (("--dry-run",), ()):
        done = ribin("enrol", "--manifest", "m.csv", "--vault", "JAM", "--who", "me", *more)
        assert done.code == 0
        assert "exhibit 'A-0' looks like 'A-O'" in done.err


def test_the_same_file_of_another_member_is_a_row_and_said_to_be(enrol, ribin):
    enrol("a.x3p", "A-1")
    enrol("b.x3p", "B-2")
    enrol("a.x3p", "F-1", "--sharing", "cluster", event="F", vault="BLZ")
    said = ("--vault", "JAM", "--network", "network.toml", "--scope", "cluster", "--reason", "x")
    done = ribin("search", "A-1", *said, "--who", "me", "--json")
    rows = json.loads(done.out)["candidates"]
    assert [(row["member"], row["same_file"]) for row in rows] == [("BLZ", True), ("JAM", False)]
    assert "(the same file)" in ribin("search", "A-1", *said, "--who", "me").out


def test_a_filter_that_leaves_nothing_says_which_calibres_there_are(enrol, ribin):
    enrol("a.x3p", "A-1", "--calibre", "9 mm Para")
    enrol("b.x3p", "B-2", "--calibre", "9x19")
    said = ("search", "c.x3p", "--vault", "JAM", "--who", "me")
    assert "no mark of calibre" not in ribin(*said, "--calibre", "9 mm Luger").out
    done = ribin(*said, "--calibre", "45 auto")
    held = "JAM: no mark of calibre .45 ACP (11.43x23); there are 9 mm Luger (9x19) (2)"
    assert held in done.out


def test_a_calibre_that_the_table_lacks_is_asked_about_and_rules_nothing_out(enrol, ribin):
    """ "9 mm" may be 9 mm Luger: as a filter it would lose mates, on an exhibit it may not."""
    enrol("a.x3p", "A-1", "--calibre", "9 mm")
    enrol("b.x3p", "B-2", "--calibre", ".45 ACP")
    said = ("search", "c.x3p", "--vault", "JAM", "--who", "me")
    done = ribin(*said, "--calibre", "9 mm Luger", "--json")
    facts = json.loads(done.out)
    assert [row["exhibit"] for row in facts["candidates"]] == ["A-1"]
    kept = "JAM: kept, since the table of calibres lacks what is stated of them: 9 mm (1)"
    assert kept in facts["notes"]
    own = json.loads(ribin(*said, "--calibre", "9 MM", "--json").out)  # a word of the vault alone
    assert [row["exhibit"] for row in own["candidates"]] == ["A-1"]
    only = "JAM: the table of calibres lacks 9 MM: only what is stated so is kept"
    assert f"{only}; left out are .45 ACP (11.43x23) (1)" in own["notes"]
    for calibre, meant in ((".45 Kolt", ".45 Colt (11.5x33R)"), ("9mm Lugar", "9 mm Luger (9x19)")):
        done = ribin(*said, "--calibre", calibre)
        assert (done.code, done.out) == (2, "")
        assert f"one of the table, or of this vault, needed, found '{calibre}'" in done.err
        assert meant in done.err


def test_vocabulary(enrol, ribin):
    enrol("a.x3p", "A-1", "--ammunition", "Winchester", "--make", "Glock")
    said = ("--vault", "JAM", "--who", "me")
    done = ribin("vocabulary", "ammunition", "--same", "WW=Winchester", *said)
    assert done.out.splitlines()[1].split() == ["ammunition", "Winchester", "-", "1", "ww"]
    found = json.loads(ribin("vocabulary", "--json", *said).out)["values"]
    assert {one["field"] for one in found} == {"ammunition", "make"}
    assert ribin("vocabulary", "--same", "a=b", *said).code == 2
    assert "9 mm Luger" in ribin("vocabulary", "--calibres").out


@pytest.mark.parametrize("more", [("--dry-run",), ()])
def test_a_word_that_is_no_light_is_refused_also_of_a_topography(place, ribin, more):
    (place / "l.csv").write_text("file,event,exhibit,lighting\nc.x3p,E1,X1,rnig\n")
    said = ("--manifest", "l.csv", "--vault", "JAM", "--who", "me")
    done = ribin("enrol", *said, *more)
    assert done.code != 0
    assert "ring, side or side:DEG needed, found 'rnig'" in done.out + done.err


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="names are UTF-8 there")
def test_a_file_name_that_is_no_utf_8_is_kept_as_codes(place, ribin):
    os.rename(b"c.x3p", b"bad\xff.x3p")
    said = ("--event", "E3", "--exhibit", "X3", "--vault", "JAM", "--who", "me", "--jobs", "1")
    done = ribin("enrol", os.fsdecode(b"bad\xff.x3p"), *said)
    assert done.code == 0, done.err
    assert ribin("store", "check", "--vault", "JAM").code == 0


def test_exhibits_are_listed_by_any_spelling_of_a_calibre(enrol, ribin):
    enrol("a.x3p", "A-1", "--calibre", "9 mm Luger")
    enrol("b.x3p", "B-2", "--calibre", ".45 ACP")
    said = ("exhibit", "list", "--vault", "JAM", "--who", "me", "--json")
    for spelling in ("9x19", "luger", "9 mm Para"):
        found = json.loads(ribin(*said, "--calibre", spelling).out)
        assert "A-1" in str(found), spelling
        assert "B-2" not in str(found), spelling
