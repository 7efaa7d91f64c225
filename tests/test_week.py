"""A week in a small laboratory: three persons on one login enrol with mistakes, correct all of
them, search, close a wrong lead, review, link and report; nothing is purged to get there."""

from __future__ import annotations

import json
import re

import cv2
import numpy as np
import pytest

from ribin.read.scan import read_scan

HEAD, EXAMINER, REVIEWER = "Hana Head", "Ana Brown", "Ben Cole"
ONE, TWO, OTHER = "JAM-2026-0007-1", "JAM-2025-0038-1", "JAM-2026-0012-1"
WRONG_CIRCLE = "breech_face:120,120,100,30"


@pytest.fixture
def run(ribin, tmp_path):
    ribin("init", tmp_path / "JAM", "--member", "JAM", "--who", HEAD)

    def run(who, *words, code=0):
        said = ("--who", who) if who else ()
        done = ribin(*words, "--vault", tmp_path / "JAM", *said)
        assert done.code == code, done.err
        return done

    for role, name in (("examiner", EXAMINER), ("reviewer", REVIEWER)):
        run(HEAD, "people", "appoint", name, "--role", role)
    return run


def test_a_week_with_every_mistake_corrected(run, sample_dir, tmp_path):
    enrol = ("enrol", "--event", "2026-0070", "--exhibit", "70-1", "--calibre", "9x17")
    fields = ("--date", "2026-03-41", "--place", "12 Harbour Street, Mrs Smith")
    run(EXAMINER, *enrol, *fields, sample_dir / f"{ONE}.x3p", code=3)
    fields = ("--date", "2026-04-13", "--place", "12 Harbour Street, Mrs Smith")
    run(EXAMINER, *enrol, *fields, "--circle", WRONG_CIRCLE, sample_dir / f"{ONE}.x3p")
    # Monday: the second scan is put under the exhibit of the first
    run(EXAMINER, "enrol", "--event", "2026-0070", "--exhibit", "70-1", sample_dir / f"{TWO}.x3p")
    run(EXAMINER, "enrol", "--event", "E-3", "--exhibit", "x 3", sample_dir / f"{OTHER}.x3p")

    # Tuesday: everything is corrected
    said = ("--reason", "read wrongly")
    named = ("--name", "7-1", "--event", "2026-0007", "--calibre", "9x19", "--date", "2026-03-14")
    run(EXAMINER, "exhibit", "edit", "70-1", *named, *said)
    run(HEAD, "exhibit", "edit", "7-1", "--place", "Kingston", "--erase-old", *said)
    run(EXAMINER, "exhibit", "edit", "7-1", "--erase-old", *said, code=2)  # no administrator
    moved = ("mark", "move", "70-1", "38-1", "--scan", f"{TWO}.x3p", "--event", "2025-0038")
    run(EXAMINER, *moved, *said)
    run(EXAMINER, "exhibit", "edit", "38-1", "--calibre", "9x19", "--kind", "test_fire", *said)
    run(EXAMINER, "exhibit", "edit", "38-1", "--firearm", "Glock 17, 4711", *said)
    scan = read_scan(sample_dir / f"{ONE}.x3p")
    cv2.imwrite(str(tmp_path / "face.png"), scan.valid.astype(np.uint8) * 255)
    redone = run(
        EXAMINER, "mark", "redo", "7-1", "--mask", f"breech_face:{tmp_path}/face.png", *said
    )
    assert "these count from now on" in redone.out
    again = (*enrol[:1], "--event", "2026-0007", "--exhibit", "7-1", sample_dir / f"{ONE}.x3p")
    refused = run(EXAMINER, *again, "--circle", WRONG_CIRCLE, code=3)
    assert "another outline of the breech face" in refused.err
    assert "`ribin mark redo 7-1`" in refused.err

    # what counts, and what was
    rows = json.loads(run(EXAMINER, "exhibit", "list", "--json").out)["exhibits"]
    facts = {row["exhibit"]: row for row in rows}
    assert sorted(facts) == ["38-1", "7-1", "x 3"]
    now = facts["7-1"]
    assert (now["event"], now["calibre"], now["date"]) == ("2026-0007", "9x19", "2026-03-14")
    assert (now["place"], now["aliases"]) == ("Kingston", ["70-1"])
    assert [len(facts[name]["scans"]) for name in ("7-1", "38-1")] == [1, 1]
    assert facts["38-1"]["firearm"] == "Glock 17, 4711"
    history = run(EXAMINER, "exhibit", "show", "70-1", "--history").out
    assert "text blanked; its hash is kept" in history
    assert "Mrs Smith" not in history
    assert "Mrs Smith" not in run(HEAD, "audit", "list").out

    # Wednesday: a lead on the wrong exhibit is closed, and the right one is opened
    found = json.loads(run(EXAMINER, "search", "7-1", "--json").out)["candidates"]
    assert {row["exhibit"] for row in found} == {"38-1", "x 3"}
    run(EXAMINER, "lead", "open", "7-1", "x 3", "--note", "alike")
    run(REVIEWER, "lead", "close", "JAM-L1", "--reason", "not mine", code=2)
    closed = run(EXAMINER, "lead", "close", "JAM-L1", "--reason", "the wrong row").out
    assert "closed by Ana Brown (JAM)" in closed
    run(EXAMINER, "review", "JAM-L1", *verdict(), code=3)
    run(EXAMINER, "lead", "open", "7-1", "38-1", "--note", "alike")
    run(EXAMINER, "lead", "open", "7-1", "x 3", "--note", "once more")

    # Thursday: an administrator closes after a verdict; the right lead becomes a link
    run(EXAMINER, "review", "JAM-L3", *verdict("elimination"))
    run(EXAMINER, "lead", "close", "JAM-L3", "--reason", "opened twice", code=2)
    run(HEAD, "lead", "close", "JAM-L3", "--reason", "opened twice")
    run(EXAMINER, "review", "JAM-L2", *verdict())
    linked = run(REVIEWER, "review", "JAM-L2", *verdict()).out
    assert re.search("standing +confirmed link", linked)

    # Friday: a linked exhibit is corrected too, and the link goes by its new name
    run(EXAMINER, "exhibit", "edit", "38-1", "--name", "2025-38-1", *said)
    assert "JAM:2025-38-1" in run(EXAMINER, "link", "list").out
    assert "2025-38-1" in run(EXAMINER, "trace", "7-1").out
    shown = json.loads(run(EXAMINER, "exhibit", "show", "38-1", "--json").out)
    assert (shown["exhibit"], shown["links"]) == ("2025-38-1", ["JAM-L2"])
    run(EXAMINER, "report", "7-1", "2025-38-1", "-o", tmp_path / "week.html")
    assert "every byte is as it was written" in run("", "store", "check").out
    run("", "audit", "verify")
    assert not [r for r in run(HEAD, "audit", "list").out.splitlines() if "purge" in r]

    # and all of it is in an export, and comes back from it
    run(HEAD, "export", tmp_path / "open", "--reason", "yearly")
    texts = (tmp_path / "open" / "tables" / "records.csv").read_text(encoding="utf-8-sig")
    assert "read wrongly" in texts
    assert "Mrs Smith" not in texts


def verdict(conclusion="identification"):
    return "--conclusion", conclusion, "--examined", "items", "--note", "seen"


def test_an_export_brings_corrections_back(run, ribin, sample_dir, tmp_path):
    scan = sample_dir / f"{ONE}.x3p"
    run(EXAMINER, "enrol", scan, "--event", "E-1", "--exhibit", "X1")
    run(EXAMINER, "exhibit", "edit", "X1", "--name", "Y1", "--reason", "misread")
    circle = ("--circle", "breech_face:169,167,130,40")
    run(EXAMINER, "mark", "redo", "Y1", *circle, "--reason", "drawn anew")
    run(EXAMINER, "mark", "redo", "Y1", "--found", "--reason", "not needed")
    run(HEAD, "export", tmp_path / "open", "--reason", "yearly")
    made = ("import", tmp_path / "open", tmp_path / "again", "--who", HEAD)
    done = ribin(*made)
    assert done.code == 0, done.err
    for folder in ("JAM", "again"):
        shown = ("exhibit", "show", "X1", "--json", "--history", "--vault", tmp_path / folder)
        facts = json.loads(ribin(*shown, "--who", HEAD).out)
        assert facts["exhibit"] == "Y1"
        assert [one["version"] for one in facts["history"] if one["kind"] == "scan"] == [1, 2, 3]
        assert [mark["outlined_by"] for mark in facts["scans"][0]["marks"]] == [""]
        checked = ribin("store", "check", "--vault", tmp_path / folder)
        assert checked.code == 0, checked.out
