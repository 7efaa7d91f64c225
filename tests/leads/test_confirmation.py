"""Across a border a link needs a verdict of each member, or the word of the other one."""

from __future__ import annotations

import pytest
from lead_makers import EXAMINER, SECOND, THIRD, exhibit_ref

from ribin.cases.leads import Conclusion, LeadStatus, ReviewBasis
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.leads.merge import sync_leads
from ribin.leads.rules import status_of
from ribin.leads.steps import close_lead, confirm_lead, give_review, take_up_lead, withdraw_link
from ribin.leads.trace import trace_exhibit
from ribin.services.leads import announce, lead_views
from ribin.services.search import reviewed_with
from ribin.vault.leads import read_lead
from ribin.vault.sharing import pseudonym

LEAD = "JAM-BLZ-L1"
SAME = Conclusion.IDENTIFICATION


def review(vault, network, who, conclusion=SAME, **more):
    said = {"who": who, "note": "on the items", **more}
    return give_review(vault, network, LEAD, conclusion, ReviewBasis.ITEMS, **said)


def take_up(jam, blz, network):
    with blz.catalogue.reading() as db:
        other = exhibit_ref(f"BLZ:{pseudonym(db, 'BLZ-1')}")
    return take_up_lead(jam, network, exhibit_ref("JAM:JAM-1"), other, who=EXAMINER, note="alike")


@pytest.fixture
def agreed(jam, blz, network):
    """Jamaica gave both verdicts on a lead with Belize."""
    take_up(jam, blz, network)
    review(jam, network, EXAMINER)
    step = review(jam, network, SECOND)
    assert (step.link_made, step.standing) == (False, LeadStatus.CONFIRMATION_DUE)
    return jam, blz, network


def history_of(vault):
    with vault.catalogue.reading() as db:
        return read_lead(db, LEAD, vault.member)


def test_two_verdicts_of_one_member_are_no_link_and_nobody_is_told(agreed):
    jam, blz, network = agreed
    for vault, exhibit in ((jam, "JAM-1"), (blz, "BLZ-1")):
        assert history_of(vault).link is None
        told = trace_exhibit(vault, network, exhibit, who=EXAMINER, reason="a murder")
        assert (told.links, len(told.exhibits)) == ((), 1)
        assert not (vault.path / "notices").exists()
        assert vault.check().problems == ()
    assert sync_leads(blz, network, who=SECOND) == (0, ())
    assert history_of(blz).is_open  # so no exhibit of it is purged
    with pytest.raises(StoreError, match=r"this pair is there already \(confirmation due\)"):
        take_up(jam, blz, network)


def test_an_examiner_of_the_other_member_makes_the_link(agreed):
    jam, blz, network = agreed
    assert [v.history.lead.lead for v in lead_views(blz, EXAMINER, mine=True)] == [LEAD]
    assert lead_views(jam, EXAMINER, mine=True) == []
    assert len(lead_views(blz, EXAMINER)[0].reviews) == 2  # who confirms is shown both
    step = confirm_lead(blz, network, LEAD, who=EXAMINER, note="the casts agree here too")
    assert (step.link_made, step.standing) == (True, LeadStatus.CONFIRMED_LINK)
    assert len(announce(blz, step)) == 2
    said = history_of(jam).confirmation
    assert (said.person, said.member) == (EXAMINER, "BLZ")
    assert said.reason == "the casts agree here too"
    assert history_of(jam) == history_of(blz)
    assert history_of(jam).link.at == said.at
    told = trace_exhibit(jam, network, "JAM-1", who=EXAMINER, reason="a murder")
    assert [link.lead for link in told.links] == [LEAD]
    (row,) = [row for row in blz.audit_log() if row.action == "confirm"]
    assert (row.who, row.reason) == (EXAMINER, "the casts agree here too")
    assert list(row.details["records"]) == [f"records/confirmation/{LEAD}/BLZ/1"]
    for vault in (jam, blz):
        assert vault.check().problems == ()
    ended = withdraw_link(jam, network, LEAD, who=SECOND, reason="mixed up")
    assert ended.standing is LeadStatus.WITHDRAWN
    assert all(vault.check().clean for vault in (jam, blz))


@pytest.mark.parametrize(
    ("code", "who", "note", "error", "text"),
    [
        ("JAM", SECOND, "n", AccessError, "an examiner of BLZ needed to confirm it"),
        ("BLZ", THIRD, "n", AccessError, "Cy Dale: examiner needed, found reviewer"),
        ("BLZ", EXAMINER, " ", ParameterError, "note: what the confirmation rests on"),
    ],
)
def test_who_may_not_confirm(agreed, code, who, note, error, text):
    jam, blz, network = agreed
    with pytest.raises(error, match=text):
        confirm_lead({"JAM": jam, "BLZ": blz}[code], network, LEAD, who=who, note=note)
    assert history_of(blz).confirmation is None


def test_a_confirmation_needs_the_logs_of_both(agreed):
    _, blz, network = agreed
    with pytest.raises(StoreError, match="the logs of BLZ and JAM needed for a confirmation"):
        confirm_lead(blz, None, LEAD, who=EXAMINER, note="n")
    confirm_lead(blz, network, LEAD, who=EXAMINER, note="n")
    with pytest.raises(StoreError, match="awaits a confirmation needed, found: confirmed link"):
        confirm_lead(blz, network, LEAD, who=EXAMINER, note="n")


def test_verdicts_given_apart_are_checked_before_they_await_a_confirmation(jam, blz, network):
    take_up(jam, blz, network)
    for who in (EXAMINER, SECOND):
        step = review(jam, None, who)
    assert step.standing is LeadStatus.BLINDNESS_DUE
    sync_leads(blz, network, who=SECOND)
    assert status_of(history_of(jam)) is LeadStatus.CONFIRMATION_DUE
    assert confirm_lead(blz, network, LEAD, who=EXAMINER, note="n").link_made


@pytest.mark.parametrize("conclusion", [SAME, Conclusion.ELIMINATION])
def test_a_verdict_that_is_changed_meanwhile_awaits_none(agreed, conclusion):
    """Given knowing the other one, it is not blind and never makes a link."""
    jam, blz, network = agreed
    step = review(jam, network, SECOND, conclusion, supersede=True)
    wanted = LeadStatus.NOT_BLIND if conclusion is SAME else LeadStatus.NOT_CONFIRMED
    assert step.standing is wanted
    with pytest.raises(StoreError, match=f"found: {wanted}"):
        confirm_lead(blz, network, LEAD, who=EXAMINER, note="n")


def test_a_lead_that_is_not_confirmed_is_closed_by_an_administrator(agreed):
    jam, blz, network = agreed
    step = close_lead(blz, network, LEAD, who="head", reason="our cast disagrees")
    assert step.standing is LeadStatus.CLOSED
    assert history_of(jam) == history_of(blz)
    with pytest.raises(StoreError, match="found: closed"):
        confirm_lead(blz, network, LEAD, who=EXAMINER, note="n")


def test_a_pair_that_awaits_a_confirmation_is_not_searched_again(agreed):
    jam, *_ = agreed
    with jam.catalogue.reading() as db:
        query = "SELECT sha256 FROM scans WHERE exhibit = 'JAM-1'"
        ((scan,),) = db.execute(query).fetchall()
    assert [member for member, _ in reviewed_with(jam, scan)] == ["BLZ"]


def test_nobody_confirms_in_the_name_of_the_other(agreed):
    """A confirmation that Jamaica wrote for Belize, whose own log has none."""
    from ribin.cases.record import NO_VERSION, Record, RecordKind, body_sha256, reason_sha256
    from ribin.vault.audit import append_row, now_utc
    from ribin.vault.records import insert_version

    jam, blz, network = agreed
    body = {"lead": LEAD}
    said = {"kind": RecordKind.CONFIRMATION, "id": f"{LEAD}/BLZ", "version": 1, "member": "BLZ"}
    said |= {"person": EXAMINER, "identity": "", "at": now_utc(), "reason": "n"}
    said["reason_sha256"] = reason_sha256("n")
    forged = Record(**said, body=body, body_sha256=body_sha256(body), previous_sha256=NO_VERSION)
    with jam.catalogue.writing() as db:
        record = insert_version(db, forged)
        facts = {"records": dict([record]), "sender": "BLZ"}
        append_row(db, "lead received", LEAD, EXAMINER, "", facts)
    _, notes = sync_leads(blz, network, who=SECOND)
    assert any("confirmation" in n and "whose own audit log lacks it" in n for n in notes)
    assert history_of(blz).confirmation is None
    assert history_of(blz).link is None
