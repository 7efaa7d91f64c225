"""Notices of a link across a border, and of its withdrawal: to whom, with what, without whom."""

from __future__ import annotations

import json

import pytest
from review_makers import EXAMINER, SECOND, STAFF, held, make_member, make_network

from ribin.desk.announcing import announce
from ribin.leads import Conclusion, Examined
from ribin.review.steps import take_up_lead, withdraw_link
from ribin.review.verdicts import give_review
from ribin.store.sharing import opaque_names

FOUND = Conclusion.IDENTIFICATION


@pytest.fixture
def pair(tmp_path):
    jam, blz = (make_member(tmp_path, code, 2) for code in ("JAM", "BLZ"))
    with jam, blz:
        yield jam, blz, make_network(tmp_path, "JAM", "BLZ")
        assert jam.check().clean
        assert blz.check().clean


def linked(jam, network, comparison):
    """The steps of a link, each announced, and what was said of each."""
    opened = take_up_lead(
        jam, network, held("JAM:JAM-1"), held(comparison), who=EXAMINER, note="Mr Pink did it"
    )
    steps, notes = [opened], [announce(jam, opened, network)]
    for who in (EXAMINER, SECOND):
        step = give_review(
            jam, network, opened.file.lead.lead, FOUND, Examined.ITEMS, who=who, note="Mr Pink"
        )
        steps.append(step)
        notes.append(announce(jam, step, network))
    return steps[-1], notes


def test_both_countries_are_told_of_a_link_and_of_its_end(pair):
    jam, blz, network = pair
    opaque = opaque_names(blz, ["BLZ-2"])["BLZ-2"]
    step, notes = linked(jam, network, f"BLZ:{opaque}")
    assert notes[:2] == [(), ()]
    assert [note.split(":")[0] for note in notes[2]] == ["notice to BLZ", "notice to JAM"]
    link = step.file.link.link
    ended = withdraw_link(jam, network, link, who=SECOND, reason="Mr Pink's items mixed up")
    assert len(announce(jam, ended, network)) == 2
    files = {path.name: path for path in (jam.path / "notices").iterdir()}
    assert sorted(files) == sorted(
        f"{link}-{what}-{to}.{kind}"
        for what in ("confirmed", "withdrawn")
        for to in ("BLZ", "JAM")
        for kind in ("html", "json")
    )
    facts = json.loads(files[f"{link}-confirmed-BLZ.json"].read_text())
    assert (facts["format"], facts["occasion"], facts["to"]) == (
        *("ribin notice", "link confirmed"),
        "BLZ",
    )
    assert [(e["member"], e["exhibit"]) for e in facts["exhibits"]] == [
        ("JAM", opaque_names(jam, ["JAM-1"])["JAM-1"]),
        ("BLZ", opaque),
    ]
    assert facts["exhibits"][0]["class_fields"]["calibre"] == "9x19"
    told = "".join(path.read_text() for path in files.values())
    people = [*STAFF, "tester", "Mr Pink"]
    for kept in (*people, "JAM-1", "BLZ-2", "E-JAM", "E-BLZ", "mixed up", "high score"):
        assert kept not in told.replace(link, "")
    page = files[f"{link}-withdrawn-JAM.html"].read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "The link that an earlier notice told of is withdrawn" in page
    assert "<script" not in page
    theirs = {path.name: path.read_bytes() for path in (blz.path / "notices").iterdir()}
    assert theirs == {name: p.read_bytes() for name, p in files.items() if "-BLZ." in name}
    assert [row.details["to"] for row in logged(blz)] == ["BLZ", "BLZ"]
    told = [(row.who, row.reason, row.details["to"]) for row in logged(jam)]
    assert told == [
        (SECOND, occasion, to)
        for occasion in ("link confirmed", "link withdrawn")
        for to in ("BLZ", "JAM")
    ]


def logged(vault):
    return [row for row in vault.audit_log() if row.action == "notice"]


def test_a_link_within_a_country_is_nobody_elses(pair):
    jam, _, _ = pair
    _, notes = linked(jam, None, "JAM:JAM-2")
    assert notes == [(), (), ()]
    assert not (jam.path / "notices").exists()


def test_a_notice_that_cannot_be_written_undoes_nothing(pair, monkeypatch):
    jam, blz, network = pair

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ribin.notices.write.write_durably", refuse)
    opaque = opaque_names(blz, ["BLZ-2"])["BLZ-2"]
    step, notes = linked(jam, network, f"BLZ:{opaque}")
    assert step.link_made
    assert all("not written: " in note and "No space left" in note for note in notes[2])
