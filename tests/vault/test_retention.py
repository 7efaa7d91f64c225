"""Whatever a lead has come to, an exhibit can reach the end of its days once nobody awaits it."""

from __future__ import annotations

import pytest
from lead_makers import EXAMINER, SECOND, THIRD, exhibit_ref, make_member, make_network
from vault_makers import enrol, make_exhibit

from ribin.cases.leads import Conclusion, LeadStatus, ReviewBasis
from ribin.errors import StoreError
from ribin.leads.merge import sync_leads
from ribin.leads.rules import status_of
from ribin.leads.steps import give_review, take_up_lead, withdraw_link
from ribin.leads.text import lead_page, view_lead
from ribin.leads.trace import trace_exhibit
from ribin.vault.enrol import scan_path
from ribin.vault.leads import read_lead
from ribin.vault.retention import purge_exhibit
from ribin.vault.sharing import pseudonym

SAME, OTHER = Conclusion.IDENTIFICATION, Conclusion.ELIMINATION


@pytest.fixture
def jam(tmp_path):
    with make_member(tmp_path, "JAM", 2) as vault:
        yield vault


def take_up(vault, network=None, other="JAM:JAM-2"):
    pair = exhibit_ref("JAM:JAM-1"), exhibit_ref(other)
    return take_up_lead(vault, network, *pair, who=EXAMINER, note="alike").history.lead.lead


def review(vault, who, conclusion, network=None, lead="JAM-L1"):
    said = {"who": who, "note": "seen"}
    return give_review(vault, network, lead, conclusion, ReviewBasis.ITEMS, **said)


def test_an_open_lead_and_a_standing_link_hold_it_and_the_message_says_what_ends_them(jam):
    take_up(jam)
    for who in (EXAMINER, SECOND):
        with pytest.raises(StoreError, match=r"no open lead .* JAM-L1; .*`ribin review JAM-L1`"):
            purge_exhibit(jam, "JAM-1", "head", "law")
        review(jam, who, SAME)
    with pytest.raises(StoreError, match=r"that stands .* `ribin link withdraw JAM-L1` ends it"):
        purge_exhibit(jam, "JAM-1", "head", "law")
    assert "JAM-1" in jam.exhibits()


@pytest.mark.parametrize(
    ("verdicts", "standing"),
    [
        ((SAME, OTHER), LeadStatus.NOT_CONFIRMED),
        ((Conclusion.UNSUITABLE, Conclusion.UNSUITABLE), LeadStatus.NOT_CONFIRMED),
        ((Conclusion.INCONCLUSIVE_A, Conclusion.INCONCLUSIVE_A), LeadStatus.INCONCLUSIVE_A),
        ((SAME, SAME), LeadStatus.WITHDRAWN),
    ],
)
def test_an_ended_lead_keeps_names_and_nothing_of_the_scan(jam, verdicts, standing):
    take_up(jam)
    for who, conclusion in zip((EXAMINER, SECOND), verdicts, strict=True):
        linked = review(jam, who, conclusion).history.linked
    if linked:
        withdraw_link(jam, None, "JAM-L1", who=EXAMINER, reason="items mixed up")
    stone = purge_exhibit(jam, "JAM-1", "head", "law")
    assert "JAM-1" not in jam.exhibits()
    assert not any(scan_path(jam.path, sha256).exists() for sha256 in stone.scans)
    with jam.catalogue.reading() as db:
        file = read_lead(db, "JAM-L1", "JAM")
    assert (str(file.lead.reference), status_of(file)) == ("JAM:JAM-1", standing)
    assert "JAM:JAM-1" in lead_page(view_lead(jam, file, EXAMINER))
    assert jam.check().clean
    told = trace_exhibit(jam, None, "JAM-2", who=EXAMINER, reason="a case")
    assert len(told.withdrawn) == linked
    with pytest.raises(StoreError, match=r"another name needed, .* which lead JAM-L1 names"):
        enrol(jam, 77, make_exhibit("JAM-1"))
    with pytest.raises(StoreError, match="an exhibit needed, found none of this name"):
        take_up(jam)


def test_across_a_border_the_other_side_keeps_the_opaque_name(tmp_path, jam):
    network = make_network(tmp_path, "BLZ", "JAM")
    with make_member(tmp_path, "BLZ", 1) as blz:
        with blz.catalogue.reading() as db:
            opaque = pseudonym(db, "BLZ-1")
        take_up(jam, network, f"BLZ:{opaque}")
        review(jam, EXAMINER, SAME, network, "JAM-BLZ-L1")
        with pytest.raises(StoreError, match="one in no open lead needed, found lead JAM-BLZ-L1"):
            purge_exhibit(blz, "BLZ-1", "head", "law")
        review(blz, THIRD, OTHER, network, "JAM-BLZ-L1")
        purge_exhibit(blz, "BLZ-1", "head", "law")
        assert sync_leads(jam, network, who=EXAMINER) == (0, ())
        with jam.catalogue.reading() as db:
            file = read_lead(db, "JAM-BLZ-L1", "JAM")
        assert file.lead.comparison.exhibit == opaque
        with pytest.raises(StoreError, match="another name needed"):
            enrol(blz, 77, make_exhibit("BLZ-1"))
        assert blz.check().clean


def test_two_verdicts_whose_blindness_is_not_checked_may_still_make_a_link(tmp_path, jam):
    with make_member(tmp_path, "BLZ", 1) as blz:
        with blz.catalogue.reading() as db:
            opaque = pseudonym(db, "BLZ-1")
        take_up(jam, None, f"BLZ:{opaque}")
        review(jam, EXAMINER, SAME, lead="JAM-BLZ-L1")
        assert review(jam, SECOND, SAME, lead="JAM-BLZ-L1").standing is LeadStatus.BLINDNESS_DUE
        with pytest.raises(StoreError, match=r"found lead JAM-BLZ-L1; `ribin lead sync` ends it"):
            purge_exhibit(jam, "JAM-1", "head", "law")
