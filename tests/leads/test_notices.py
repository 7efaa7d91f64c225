"""Notices of a link across a border, and of its withdrawal: to whom, with what, without whom."""

from __future__ import annotations

import base64
import json
import re
import sys
import zlib

import pytest
from lead_makers import EXAMINER, SECOND, STAFF, exhibit_ref, make_member, make_network

from ribin.cases.exhibits import Scope
from ribin.cases.leads import Conclusion, ReviewBasis
from ribin.leads.merge import sync_leads
from ribin.leads.steps import confirm_lead, give_review, take_up_lead, withdraw_link
from ribin.services.leads import announce, announce_received
from ribin.vault.sharing import pseudonyms, release_exhibit

FOUND = Conclusion.IDENTIFICATION


@pytest.fixture
def pair(tmp_path):
    jam, blz = (make_member(tmp_path, code, 2) for code in ("JAM", "BLZ"))
    with jam, blz:
        yield jam, blz, make_network(tmp_path, "JAM", "BLZ")
        assert jam.check().clean
        assert blz.check().clean


def linked(pair, comparison, reached=True):
    """The steps of a link, each announced, and what was said of each."""
    jam, blz, network = pair
    network = network if reached else None
    opened = take_up_lead(
        jam,
        network,
        exhibit_ref("JAM:JAM-1"),
        exhibit_ref(comparison),
        who=EXAMINER,
        note="Mr Pink did it",
    )
    steps, notes = [opened], [announce(jam, opened)]
    first = blz if network else jam  # across a border a link needs a verdict of each
    for vault, who in ((first, EXAMINER), (jam, SECOND)):
        said = {"who": who, "note": "Mr Pink"}
        lead = opened.history.lead.lead
        step = give_review(vault, network, lead, FOUND, ReviewBasis.ITEMS, **said)
        steps.append(step)
        notes.append(announce(vault, step))
    return steps[-1], notes


def confirmed_later(pair, comparison):
    """A link of two verdicts that Jamaica gave without reach of Belize; nobody tells of it."""
    jam, blz, network = pair
    link = linked(pair, comparison, reached=False)[0].history.lead.lead
    sync_leads(jam, network, who=SECOND)  # reads both logs
    assert announce_received(blz, network, SECOND) == []
    confirm_lead(blz, network, link, who=EXAMINER, note="Mr Pink's casts agree")
    return link


def test_both_countries_are_told_of_a_link_and_of_its_end(pair):
    jam, blz, network = pair
    opaque = pseudonyms(blz, ["BLZ-2"])["BLZ-2"]
    step, notes = linked(pair, f"BLZ:{opaque}")
    assert notes[:2] == [(), ()]
    assert [note.split(":")[0] for note in notes[2]] == ["notice to BLZ", "notice to JAM"]
    link = step.history.link.lead
    ended = withdraw_link(jam, network, link, who=SECOND, reason="Mr Pink's items mixed up")
    assert len(announce(jam, ended)) == 2
    files = {path.name: path for path in (jam.path / "notices").iterdir()}
    assert sorted(files) == sorted(
        f"{link}-{what}-{to}.{kind}"
        for what in ("confirmed", "withdrawn")
        for to in ("BLZ", "JAM")
        for kind in ("html", "json", "pdf")
    )
    facts = json.loads(files[f"{link}-confirmed-BLZ.json"].read_text())
    assert (facts["format"], facts["occasion"], facts["to"]) == (
        *("ribin notice", "link confirmed"),
        "BLZ",
    )
    assert [(e["member"], e["exhibit"]) for e in facts["exhibits"]] == [
        ("JAM", pseudonyms(jam, ["JAM-1"])["JAM-1"]),
        ("BLZ", opaque),
    ]
    assert facts["exhibits"][0]["class_fields"]["calibre"] == "9x19"
    told = "".join(words(path) for path in files.values())
    people = [*STAFF, "tester", "Mr Pink"]
    for kept in (*people, "JAM-1", "BLZ-2", "E-JAM", "E-BLZ", "mixed up", "high score"):
        assert kept not in told.replace(link, "")
    page = files[f"{link}-withdrawn-JAM.html"].read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "The link that an earlier notice told of is withdrawn" in page
    assert "<script" not in page
    theirs = {path.name: path.read_bytes() for path in (blz.path / "notices").iterdir()}
    assert sorted(theirs) == sorted(name for name in files if "-BLZ." in name)
    own, other = (json.loads((v.path / "notices" / f"{link}-confirmed-BLZ.json").read_text())
                  for v in (blz, jam))  # fmt: skip
    assert (own["written_by"], other["written_by"]) == ("BLZ", "JAM")
    # the day of one's own event is told to one's own country alone, as nothing was released
    assert [[e["event_date"] for e in facts["exhibits"]] for facts in (own, other)] == [
        ["", "2025-02-10"],
        ["", ""],
    ]
    assert {e["class_fields"]["calibre"] for e in (*own["exhibits"], *other["exhibits"])} == {
        "9x19"
    }
    assert all(announce(jam, one) == () for one in (step, ended)), "told twice"
    assert announce_received(jam, network, SECOND) == []
    assert [row.details["to"] for row in logged(blz)] == ["BLZ", "BLZ"]
    told = [(row.who, row.reason, row.details["to"]) for row in logged(jam)]
    assert told == [
        (SECOND, occasion, to)
        for occasion in ("link confirmed", "link withdrawn")
        for to in ("BLZ", "JAM")
    ]


def words(path):
    """What a person or a program reads in a notice; of a PDF, what its pages and its head say."""
    if path.suffix == ".pdf":
        content = path.read_bytes()
        assert content.startswith(b"%PDF")
        pages = re.findall(rb"stream\s+(\S+)~>\s*endstream", content)
        shown = b"".join(zlib.decompress(base64.a85decode(one)) for one in pages)
        return " ".join(re.findall(r"\((.*?)\) Tj", shown.decode("latin-1"))) + repr(content)
    return path.read_text()


def logged(vault):
    return [row for row in vault.audit_log() if row.action == "notice"]


def test_the_day_of_a_released_event_is_told_to_whom_it_was_released(pair):
    jam, blz, _ = pair
    said = {"who": "head", "reason": "joint case", "original": False}
    release_exhibit(blz, "BLZ-2", "JAM", Scope.CLUSTER, **said)
    opaque = pseudonyms(blz, ["BLZ-2"])["BLZ-2"]
    link = linked(pair, f"BLZ:{opaque}")[0].history.link.lead
    days = {}
    for vault, to in ((jam, "JAM"), (jam, "BLZ"), (blz, "BLZ")):
        path = vault.path / "notices" / f"{link}-confirmed-{to}.json"
        sides = json.loads(path.read_text())["exhibits"]
        days[vault.member, to] = [side["event_date"] for side in sides]
        assert sides[1]["exhibit"] == opaque
    both, theirs = ["2025-01-10", "2025-02-10"], ["", "2025-02-10"]
    assert days == {("JAM", "JAM"): both, ("JAM", "BLZ"): theirs, ("BLZ", "BLZ"): theirs}


def test_a_link_within_a_country_is_nobody_elses(pair):
    jam, _, _ = pair
    _, notes = linked(pair, "JAM:JAM-2", reached=False)
    assert notes == [(), (), ()]
    assert not (jam.path / "notices").exists()


def test_a_notice_that_cannot_be_written_undoes_nothing(pair, monkeypatch):
    jam, blz, network = pair

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ribin.leads.notices.write_durably", refuse)
    opaque = pseudonyms(blz, ["BLZ-2"])["BLZ-2"]
    step, notes = linked(pair, f"BLZ:{opaque}")
    assert step.link_made
    assert all("not written: " in note and "No space left" in note for note in notes[2])
    assert logged(jam) == logged(blz) == []
    monkeypatch.undo()
    assert [one.written for one in announce_received(jam, network, SECOND)] == [True]
    assert named(jam) == [f"{step.history.link.lead}-confirmed-JAM"]
    assert named(blz) == [f"{step.history.link.lead}-confirmed-BLZ"]


def named(vault):
    """The notices in a vault's folder, without their suffixes; each is there in three forms."""
    paths = [path.name for path in (vault.path / "notices").glob("*")]
    stems = sorted({name.rpartition(".")[0] for name in paths})
    assert sorted(paths) == [f"{stem}.{kind}" for stem in stems for kind in ("html", "json", "pdf")]
    return stems


def test_what_arrives_by_the_line_is_noticed_once(pair):
    """JAM withdraws a link while Belize is out of reach; both sync, again and again."""
    jam, blz, network = pair
    opaque = pseudonyms(blz, ["BLZ-2"])["BLZ-2"]
    link = confirmed_later(pair, f"BLZ:{opaque}")
    assert not (blz.path / "notices").exists()
    for caller, who in ((blz, SECOND), (jam, EXAMINER), (blz, SECOND)):
        sync_leads(caller, network, who=who)
        announce_received(caller, network, SECOND)
    assert named(blz) == [f"{link}-confirmed-BLZ"]
    facts = json.loads((blz.path / "notices" / f"{link}-confirmed-BLZ.json").read_text())
    assert (facts["written_by"], facts["to"]) == ("BLZ", "BLZ")
    ended = withdraw_link(jam, None, link, who=SECOND, reason="items mixed up")
    announce(jam, ended)
    for caller, who in ((jam, EXAMINER), (blz, SECOND), (jam, EXAMINER)):
        sync_leads(caller, network, who=who)
        announce_received(caller, network, SECOND)
    assert named(blz) == [f"{link}-confirmed-BLZ", f"{link}-withdrawn-BLZ"]
    assert named(jam) == [
        f"{link}-{o}" for o in ("confirmed-JAM", *(f"withdrawn-{c}" for c in CODES))
    ]
    assert [len(logged(vault)) for vault in (blz, jam)] == [2, 3]


CODES = ("BLZ", "JAM")


def test_a_link_and_its_end_that_arrive_together_are_both_noticed(pair):
    jam, blz, network = pair
    opaque = pseudonyms(blz, ["BLZ-2"])["BLZ-2"]
    link = confirmed_later(pair, f"BLZ:{opaque}")
    withdraw_link(jam, None, link, who=SECOND, reason="items mixed up")
    sync_leads(blz, network, who=SECOND)
    told = [one.text for one in announce_received(blz, network, SECOND)]
    assert [re.search(r"L1-(\w+)-(\w+).json", text).groups() for text in told] == [
        ("confirmed", "BLZ"),
        ("withdrawn", "BLZ"),
    ]
    # Made without a word to anybody: made up for by its own side, when it was asked.
    assert named(jam)[-2:] == [f"{link}-confirmed-JAM", f"{link}-withdrawn-JAM"]
    assert [row.who for row in logged(blz)] == [EXAMINER, SECOND]  # who confirmed, who withdrew


def test_a_link_that_a_vault_does_not_know_is_not_noticed_there(pair):
    jam, blz, network = pair
    opaque = pseudonyms(blz, ["BLZ-2"])["BLZ-2"]
    linked(pair, f"BLZ:{opaque}", reached=False)
    assert announce_received(jam, network, SECOND) == []
    assert not (blz.path / "notices").exists()


def test_without_reportlab_a_notice_has_no_pdf_and_says_so(pair, monkeypatch):
    _, blz, _ = pair
    monkeypatch.setitem(sys.modules, "reportlab", None)
    opaque = pseudonyms(blz, ["BLZ-2"])["BLZ-2"]
    _, notes = linked(pair, f"BLZ:{opaque}")
    assert all(n.endswith(".html; no PDF: reportlab is not installed (pip install 'ribin[pdf]')")
               for n in notes[2])  # fmt: skip
    assert {path.suffix for path in (blz.path / "notices").iterdir()} == {".json", ".html"}


def test_the_command_writes_them(ribin, pair):
    jam, blz, network = pair
    file = jam.path.parent / "network.toml"
    file.write_text('[members.JAM]\nvault = "JAM"\n[members.BLZ]\nvault = "BLZ"\n'
                    '[clusters]\nlinked = ["JAM", "BLZ"]\n')  # fmt: skip
    opaque = pseudonyms(blz, ["BLZ-2"])["BLZ-2"]
    ends = exhibit_ref("JAM:JAM-1"), exhibit_ref(f"BLZ:{opaque}")
    link = take_up_lead(jam, network, *ends, who=EXAMINER, note="n").history.lead.lead
    for vault, reached, who in ((jam, network, EXAMINER), (blz, None, SECOND)):
        give_review(vault, reached, link, FOUND, ReviewBasis.ITEMS, who=who, note="n")
    words = ("lead", "sync", "--vault", blz.path, "--network", file, "--who", SECOND)
    done = ribin(*words)
    assert (done.code, done.out) == (0, "4 entries carried over\n")
    place = blz.path / "notices" / f"{link}-confirmed-BLZ"
    names = f"{place}.json, {place.name}.html and {place.name}.pdf"
    assert done.err.splitlines() == [f"notice to BLZ: {names}"]
    assert named(jam) == [f"{link}-confirmed-JAM"]  # by its own side
    done = ribin(*words)
    assert (done.code, done.out, done.err) == (0, "0 entries carried over\n", "")
