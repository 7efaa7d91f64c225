"""The history of a gun: what is joined, what each member tells, and what a withdrawal leaves."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree

import pytest
from lead_makers import EXAMINER, SECOND, exhibit_ref, make_member, make_network
from PIL import Image
from vault_makers import enrol, make_exhibit

from ribin.cases.exhibits import ExhibitKind, Scope
from ribin.cases.leads import Conclusion, ExhibitRef, ReviewBasis
from ribin.errors import AccessError
from ribin.leads.steps import give_review, series_around, take_up_lead, withdraw_link
from ribin.leads.text import history_table
from ribin.leads.trace import trace_exhibit
from ribin.leads.trace_files import as_graphml, write_picture
from ribin.vault.sharing import pseudonym, release_exhibit, set_sharing


@pytest.fixture
def network(tmp_path):
    return make_network(tmp_path, "BLZ", "JAM", "TTO")


@pytest.fixture
def vaults(tmp_path):
    made = {code: make_member(tmp_path, code, 3) for code in ("JAM", "BLZ", "TTO")}
    yield made
    for vault in made.values():
        vault.close()


def name_for(vaults, code, exhibit):
    """An exhibit as the member `code` knows it."""
    member = exhibit[:3]
    if member == code:
        return ExhibitRef(member, exhibit)
    with vaults[member].catalogue.reading() as db:
        return ExhibitRef(member, pseudonym(db, exhibit))


def link(vaults, network, one, other):
    own = vaults[one[:3]]
    ends = [name_for(vaults, own.member, exhibit) for exhibit in (one, other)]
    lead = take_up_lead(own, network, *ends, who=EXAMINER, note="n").history.lead.lead
    for code, who in ((one[:3], EXAMINER), (other[:3], SECOND)):  # across a border one of each
        verdict = Conclusion.IDENTIFICATION, ReviewBasis.ITEMS
        step = give_review(vaults[code], network, lead, *verdict, who=who, note="n")
    assert step.link_made
    return lead


def trace(vaults, network, exhibit):
    vault = vaults[exhibit[:3]]
    return trace_exhibit(vault, network, exhibit, who=EXAMINER, reason="a murder")


def test_a_chain_across_three_countries(vaults, network):
    """JAM-1 - BLZ-1 - TTO-1, and BLZ-1 - BLZ-2: Jamaica follows it to the end."""
    link(vaults, network, "JAM-1", "BLZ-1")
    link(vaults, network, "BLZ-1", "TTO-1")
    link(vaults, network, "BLZ-2", "BLZ-1")
    history = trace(vaults, network, "JAM-1")
    assert sorted(e.member for e in history.exhibits) == ["BLZ", "BLZ", "JAM", "TTO"]
    own = history.exhibits[0]
    assert (own.exhibit, own.date, own.known) == ("JAM-1", "2025-01-10", "own")
    others = history.exhibits[1:]
    assert {(e.event, e.date, e.place, e.known) for e in others} == {("", "", "", "shown")}
    assert {e.calibre for e in others} == {"9x19"}
    assert len(history.links) == 3
    assert (history.withheld, history.unavailable, history.notes) == ({}, (), ())
    text = history_table(history)
    assert "series of JAM-1: 4 exhibits of BLZ, JAM, TTO" in text
    for hidden in ("BLZ-1", "BLZ-2", "TTO-1"):
        assert hidden not in text
    for code, action in (("JAM", "trace"), ("BLZ", "trace answered"), ("TTO", "trace answered")):
        row = vaults[code].audit_log()[-1]
        assert (row.action, row.who, row.reason) == (action, EXAMINER, "a murder")
        assert vaults[code].check().clean


def test_what_is_released_stands_on_the_time_line(vaults, network):
    link(vaults, network, "JAM-3", "BLZ-1")
    release_exhibit(
        vaults["BLZ"], "BLZ-1", "JAM", Scope.CLUSTER, original=False, who="head", reason="asked"
    )
    history = trace(vaults, network, "JAM-3")
    assert [(e.date, e.exhibit, e.known) for e in history.exhibits] == [
        ("2025-01-10", "BLZ-1", "released"),
        ("2025-03-10", "JAM-3", "own"),
    ]


def test_an_exhibit_that_is_not_shown_is_neither_named_nor_counted(vaults, network):
    link(vaults, network, "JAM-1", "BLZ-1")
    link(vaults, network, "BLZ-1", "TTO-1")
    link(vaults, network, "BLZ-1", "BLZ-2")
    for exhibit in ("TTO-1", "BLZ-2"):
        set_sharing(vaults[exhibit[:3]], [exhibit], Scope.COUNTRY, "head", "court order")
    history = trace(vaults, network, "JAM-1")
    assert [e.member for e in history.exhibits] == ["JAM", "BLZ"]
    assert history.withheld == {}
    assert "TTO" not in history_table(history)
    # and an own link is told also when the other side shows its exhibit no more
    set_sharing(vaults["BLZ"], ["BLZ-1"], Scope.COUNTRY, "head", "court order")
    history = trace(vaults, network, "JAM-1")
    assert [(e.member, e.known) for e in history.exhibits] == [("JAM", "own"), ("BLZ", "not shown")]


def test_without_a_network_the_own_vault_tells_what_it_knows(vaults, network, tmp_path):
    link(vaults, network, "JAM-1", "BLZ-1")
    link(vaults, network, "JAM-1", "JAM-2")
    history = trace_exhibit(vaults["JAM"], None, "JAM-2", who=EXAMINER, reason="")
    assert [(e.member, e.known) for e in history.exhibits] == [
        ("JAM", "own"),
        ("JAM", "own"),
        ("BLZ", "out of reach"),
    ]
    assert history.unavailable == (("BLZ", "no network names its vault"),)
    with pytest.raises(AccessError, match="who and reason needed beyond the country"):
        trace_exhibit(vaults["JAM"], network, "JAM-2", who=EXAMINER, reason=" ")


def test_a_withdrawn_link_splits_the_series(vaults, network):
    link(vaults, network, "JAM-1", "JAM-2")
    middle = link(vaults, network, "JAM-2", "BLZ-1")
    link(vaults, network, "BLZ-1", "BLZ-2")
    step = withdraw_link(vaults["JAM"], network, middle, who=EXAMINER, reason="mixed up")
    assert sorted(len(part) for part in step.parts) == [1, 2]  # as Jamaica knows the links
    assert [len(trace(vaults, network, e).exhibits) for e in ("JAM-1", "BLZ-2")] == [2, 2]
    history = trace(vaults, network, "JAM-2")
    assert [link.lead for link in history.withdrawn] == [middle]
    assert f"\nlink withdrawn {middle}" in history_table(history)


def test_a_link_inside_a_ring_splits_nothing(vaults, network):
    links = [
        link(vaults, network, *pair)
        for pair in (("JAM-1", "JAM-2"), ("JAM-2", "JAM-3"), ("JAM-3", "JAM-1"))
    ]
    step = withdraw_link(vaults["JAM"], None, links[0], who=EXAMINER, reason="mixed up")
    assert [len(part) for part in step.parts] == [3]
    assert len(trace(vaults, None, "JAM-1").exhibits) == 3


def test_test_fires_of_one_weapon_belong_together(vaults, network):
    for n in (8, 9):
        exhibit = make_exhibit(
            f"JAM-{n}", Scope.NETWORK, kind=ExhibitKind.TEST_FIRE, firearm="Glock 17 ABC123"
        )
        enrol(vaults["JAM"], 900 + n, exhibit)
    link(vaults, network, "BLZ-1", "JAM-8")
    history = trace(vaults, network, "JAM-9")
    assert [e.exhibit for e in history.exhibits if e.member == "JAM"] == ["JAM-8", "JAM-9"]
    assert {link.standing for link in history.links} == {
        "confirmed link",
        "test fires of one firearm",
    }


def test_test_fires_of_one_weapon_are_joined_for_others_once_both_are_released(vaults, network):
    """Belize is linked with JAM-8; that JAM-9 is of the same weapon is Jamaica's to tell."""
    for n, sharing in ((7, Scope.COUNTRY), (8, Scope.NETWORK), (9, Scope.NETWORK)):
        exhibit = make_exhibit(
            f"JAM-{n}", sharing, kind=ExhibitKind.TEST_FIRE, firearm="Glock 17 ABC123"
        )
        enrol(vaults["JAM"], 900 + n, exhibit)
    link(vaults, network, "BLZ-1", "JAM-8")

    def seen():
        history = trace(vaults, network, "BLZ-1")
        assert history.withheld == {}  # nor how many there are
        return sorted(e.exhibit for e in history.exhibits if e.member == "JAM"), history

    names, history = seen()
    assert names == [name_for(vaults, "BLZ", "JAM-8").exhibit]
    assert "Glock" not in history_table(history) + as_graphml(history)
    said = {"original": False, "who": "head", "reason": "case"}
    release_exhibit(vaults["JAM"], "JAM-9", "BLZ", Scope.CLUSTER, **said)
    assert seen()[0] == names
    release_exhibit(vaults["JAM"], "JAM-8", "BLZ", Scope.CLUSTER, **said)
    assert seen()[0] == ["JAM-8", "JAM-9"]
    set_sharing(vaults["JAM"], ["JAM-9"], Scope.COUNTRY, "head", "case")
    assert seen()[0] == ["JAM-8"]
    assert len(trace(vaults, network, "JAM-8").exhibits) == 4


def test_graphml_and_picture(vaults, network, tmp_path):
    link(vaults, network, "JAM-1", "BLZ-1")
    link(vaults, network, "JAM-1", "JAM-2")
    history = trace(vaults, network, "JAM-1")
    root = ElementTree.fromstring(as_graphml(history))
    space = "{http://graphml.graphdrawing.org/xmlns}"
    nodes = [node.get("id") for node in root.iter(f"{space}node")]
    edges = [(e.get("source"), e.get("target")) for e in root.iter(f"{space}edge")]
    assert len(nodes) == 3
    assert len(edges) == 2
    assert {end for edge in edges for end in edge} == set(nodes)
    write_picture(history, tmp_path / "h.png")
    with Image.open(tmp_path / "h.png") as picture:
        assert picture.size[1] == 60 + 2 * 130 + 60
        assert len(picture.getcolors(1 << 20)) > 4


def test_the_command(ribin, vaults, network, tmp_path):
    link(vaults, network, "JAM-1", "JAM-2")
    file = tmp_path / "network.toml"
    file.write_text("".join(f'[members.{c}]\nvault = "{c}"\n' for c in ("JAM", "BLZ", "TTO")))
    asked = ("--vault", tmp_path / "JAM", "--network", file, "--who", EXAMINER, "--reason", "x")
    done = ribin(
        "trace", "JAM-1", *asked, "--graphml", tmp_path / "g", "--picture", tmp_path / "p.png"
    )
    assert done.code == 0, done.err
    assert (tmp_path / "g").read_text().startswith("<?xml")
    found = json.loads(ribin("trace", "JAM-1", *asked, "--json").out)
    assert [e["exhibit"] for e in found["exhibits"]] == ["JAM-1", "JAM-2"]
    assert ribin("trace", "none", *asked).code == 3
    assert ribin("trace", "JAM-1", *asked, "--picture", tmp_path / "p.gif").code == 2


def test_series_are_what_is_joined_directly_or_through_others():
    a, b, c, d, e = (ExhibitRef("JAM", name) for name in "abcde")
    pairs = [(a, b), (b, c), (d, e)]
    assert series_around(a, pairs) == {a, b, c}
    assert series_around(e, pairs) == {d, e}
    assert series_around(exhibit_ref("BLZ:z"), pairs) == {exhibit_ref("BLZ:z")}
