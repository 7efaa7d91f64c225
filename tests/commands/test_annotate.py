"""`ribin annotate`: annotations of a page go into the vault, and into the reports of the pair."""

from __future__ import annotations

import json

import pytest

from ribin.cases.annotation import FORMAT
from ribin.vault.vault import Vault

ONE, TWO = "JAM-2026-0007-1", "JAM-2026-0012-1"
NOTE = {
    "kind": "agreement", "center_um": [-1200.0, 300.0], "size_um": [400.0, 600.0],
    "text": "three arcs & <a line>", "examiner": "A. B.", "made_on": "2026-05-03T10:00:00Z",
}  # fmt: skip


@pytest.fixture
def jam(ribin, linked, tmp_path):
    """Runs a command in a vault that holds both exhibits."""
    linked(tmp_path, JAM=(ONE, TWO))

    def run(*words, code=0, who="me"):
        done = ribin(*words, "--vault", tmp_path / "JAM", "--who", who)
        assert done.code == code, done.err
        return done

    run.folder = tmp_path / "JAM"
    run("people", "appoint", "Ann", "--role", "examiner")
    run("people", "appoint", "Ben", "--role", "reviewer")
    return run


@pytest.fixture
def page_file(jam, tmp_path):
    """Writes the file that a page of the pair saves."""
    with Vault.open(jam.folder) as vault:
        scans = {name: vault.marks_of(name)[0].scan.sha256 for name in (ONE, TWO)}

    def write(*notes, pair=(ONE, TWO), **more):
        sides = [{"label": name, "sha256": scans.get(name, "0" * 64)} for name in pair]
        said = {"reference": sides[0], "comparison": sides[1], "annotations": list(notes)}
        path = tmp_path / "a.annotations.json"
        facts = {"format": FORMAT, "mark": "breech_face", **said, **more}
        path.write_text(json.dumps(facts), encoding="utf-8")
        return path

    return write


def reported(jam, tmp_path, *pair):
    jam("report", *pair, "-o", tmp_path / "r.html")
    return (tmp_path / "r.html").read_text(encoding="utf-8")


def test_what_is_saved_is_in_the_report(jam, page_file, tmp_path):
    assert "Annotations" not in reported(jam, tmp_path, ONE, TWO)
    done = jam("annotate", page_file(NOTE), who="Ann")
    assert done.out == f"JAM-A1: version 1, 1 annotation of {ONE} and {TWO}\n"
    page = reported(jam, tmp_path, ONE, TWO)
    assert "three arcs &amp; &lt;a line&gt;" in page
    assert "Ann, " in page
    assert "JAM-A1 version 1" in page
    assert page.count("<img") == 3
    listed = json.loads(jam("annotate", "--json").out)["annotations"]
    assert [(one["number"], one["person"], one["version"]) for one in listed] == [
        ("JAM-A1", "Ann", 1)
    ]
    with Vault.open(jam.folder) as vault:
        assert vault.check().clean


def test_a_later_save_takes_the_place_of_the_own_one_and_of_no_other(jam, page_file, tmp_path):
    jam("annotate", page_file(NOTE), who="Ann")
    assert "JAM-A1: version 1" in jam("annotate", page_file(NOTE), who="Ann").out
    other = {**NOTE, "kind": "disagreement", "text": "a scratch"}
    assert "JAM-A2: version 1" in jam("annotate", page_file(NOTE, other), who="Ben").out
    better = {**NOTE, "text": "four arcs"}
    assert "JAM-A1: version 2" in jam("annotate", page_file(better), who="Ann").out
    page = reported(jam, tmp_path, ONE, TWO)
    assert page.count("three arcs") == 1  # Ben's copy of it; Ann's is an older version
    assert page.count("four arcs") == page.count("a scratch") == 1
    with Vault.open(jam.folder) as vault:
        rows = [row for row in vault.audit_log() if row.action == "annotate"]
        assert [row.subject for row in rows] == ["JAM-A1", "JAM-A2", "JAM-A1"]
        assert vault.check().clean


def row_of(page):
    return page.split("three arcs")[0][-200:]


def test_the_other_way_round_the_place_is_that_of_the_other_mark(jam, page_file, tmp_path):
    jam("annotate", page_file(NOTE), who="Ann")
    page = reported(jam, tmp_path, TWO, ONE)
    assert "three arcs" in page
    assert "-1200" not in row_of(page)
    assert "-1200" in row_of(reported(jam, tmp_path, ONE, TWO))


def test_annotations_of_another_type_of_mark_are_not_shown(jam, page_file, tmp_path):
    jam("annotate", page_file(NOTE, mark="firing_pin"), who="Ann")
    assert "three arcs" not in reported(jam, tmp_path, ONE, TWO)
    jam("annotate", page_file(NOTE, mark=""), who="Ann")  # of a page that did not say it
    assert "three arcs" in reported(jam, tmp_path, ONE, TWO)


@pytest.mark.parametrize(
    ("said", "complaint", "code"),
    [
        ({"pair": ("x", "y")}, "annotations of a scan that is enrolled in", 2),
        ({"format": "other 1"}, f'"{FORMAT}" needed, found other 1', 3),
        ({"verdict": "identification"}, "no key 'verdict'", 3),
        ({"annotations": [{**NOTE, "text": "a" * 5001}]}, "text", 3),
        ({"annotations": [{**NOTE, "center_um": [1]}]}, "center_um", 3),
        ({"annotations": [NOTE] * 1001}, "annotations", 3),
    ],
)
def test_what_cannot_be_saved(jam, page_file, said, complaint, code):
    done = jam("annotate", page_file(NOTE, **said), who="Ann", code=code)
    assert complaint in done.err
    assert done.err.count("\n") <= 2
    assert json.loads(jam("annotate", "--json").out)["annotations"] == []


def test_a_person_without_the_role_and_a_file_that_is_not_there(jam, page_file, tmp_path):
    jam("annotate", page_file(NOTE), who="Nobody", code=2)
    assert "No such file" in jam("annotate", tmp_path / "none.json", who="Ann", code=2).err


def test_a_purge_blanks_what_was_annotated_on_the_exhibit(jam, page_file):
    jam("annotate", page_file(NOTE), who="Ann")
    jam("purge", TWO, "--yes", "--reason", "law")
    assert b"three arcs" not in (jam.folder / "catalogue.sqlite").read_bytes()
    assert jam("annotate").out == "no annotation\n"
    with Vault.open(jam.folder) as vault:
        assert vault.check().clean


def test_a_page_opens_with_its_own_file(jam, page_file, tmp_path):
    out = tmp_path / "p.html"
    jam("view", ONE, TWO, "-o", out, "--annotations", page_file(NOTE))
    assert "three arcs" in out.read_text(encoding="utf-8")
    done = jam(
        "view", ONE, TWO, "-o", out, "--annotations", page_file(NOTE, mark="firing_pin"), code=2
    )
    assert "annotations of a breech_face needed, found those of a firing_pin" in done.err
