"""Nobody puts a word into another laboratory's mouth: what a member takes from another's lead."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lead_makers import EXAMINER, SECOND, THIRD, exhibit_ref, known_as

from ribin.cases.leads import Conclusion, Lead, LeadStatus, Review, ReviewBasis, ReviewRound
from ribin.cases.record import RecordKind
from ribin.leads.merge import sync_leads
from ribin.leads.steps import give_review, take_up_lead, withdraw_link
from ribin.vault.audit import append_row, now_utc
from ribin.vault.backup import back_up, restore
from ribin.vault.leads import insert_entry, insert_review, next_word, read_lead, read_leads
from ribin.vault.records import insert_version
from ribin.vault.vault import Vault

SAME = Conclusion.IDENTIFICATION
NOW = "2025-05-01T00:00:00.000+00:00"
FORGED = Review(
    *(
        "JAM-BLZ-L1/BLZ1",
        "JAM-BLZ-L1",
        ReviewRound.SECOND,
        SAME,
        ReviewBasis.ITEMS,
        True,
        THIRD,
        "BLZ",
        NOW,
        "n",
    )
)


def take_up(jam, blz, network, **more):
    pair = exhibit_ref("JAM:JAM-1"), exhibit_ref(known_as(blz, "BLZ-1"))
    return take_up_lead(jam, network, *pair, who=EXAMINER, note="alike", **more)


def review(vault, who, network=None):
    return give_review(vault, network, "JAM-BLZ-L1", SAME, ReviewBasis.ITEMS, who=who, note="seen")


def forge(vault, insert, entry, logged):
    """An entry behind the program's back; whoever owns the vault can write its log, too."""
    with vault.catalogue.writing() as db:
        made = insert(db, entry)
        records = dict(made if isinstance(made, list) else [made])
        if logged:
            actions = {"reviews": "review", "records": "withdrawal"}
            action = actions.get(next(iter(records)).partition("/")[0], "lead")
            append_row(db, action, "JAM-BLZ-L1", THIRD, "", {"records": records})


def lead_at(vault, lead="JAM-BLZ-L1"):
    with vault.catalogue.reading() as db:
        return read_lead(db, lead, vault.member)


@pytest.mark.parametrize("logged", [False, True])
def test_a_verdict_in_the_receivers_name_needs_the_receivers_log(jam, blz, network, logged):
    take_up(jam, blz, network)
    review(jam, EXAMINER)  # BLZ is out of reach
    forge(jam, insert_review, FORGED, logged)
    carried, notes = sync_leads(blz, network, who=SECOND)
    assert carried == 2  # JAM's own first verdict, which the forged one opened there
    (note,) = notes
    assert note.startswith("BLZ: review JAM-BLZ-L1/BLZ1 not taken from JAM: ")
    assert ("whose own audit log lacks it" in note) == logged
    file = lead_at(blz)
    assert ([r.member for r in file.reviews], file.link) == (["JAM"], None)
    assert blz.check().clean
    step = review(blz, THIRD)  # what BLZ's own examiner says counts
    assert step.standing is LeadStatus.BLINDNESS_DUE


@pytest.mark.parametrize("member", ["JAM", "GUY"])
def test_a_verdict_that_the_senders_log_lacks_or_of_a_third_member(jam, blz, network, member):
    take_up(jam, blz, network)
    entry = replace(FORGED, review=f"JAM-BLZ-L1/{member}1", member=member, place=ReviewRound.FIRST)
    forge(jam, insert_review, entry, logged=member == "GUY")
    carried, (note,) = sync_leads(jam, network, who=SECOND)
    assert carried == 0
    why = {"JAM": "not as the audit log of JAM has it", "GUY": "whom the lead does not concern"}
    assert why[member] in note
    assert lead_at(blz).reviews == ()


def test_a_lead_is_not_put_into_a_mouth_either(jam, blz, network):
    take_up(jam, blz, network)
    first = replace(FORGED, review="JAM-BLZ-L1/JAM1", member="JAM", place=ReviewRound.FIRST)
    forge(jam, insert_review, first, logged=True)
    forge(jam, insert_review, FORGED, logged=True)
    exhibits = lead_at(jam).lead.reference, exhibit_ref(known_as(blz, "BLZ-2"))
    other = Lead("BLZ-JAM-L1", "BLZ", exhibits[0], "", exhibits[1], "", THIRD, NOW, "n")
    forge(jam, insert_entry, other, logged=True)
    _, notes = sync_leads(blz, network, who=SECOND)
    refused = [note.partition(" not taken")[0] for note in notes]
    assert sorted(refused) == ["BLZ: lead BLZ-JAM-L1", "BLZ: review JAM-BLZ-L1/BLZ1"]
    with blz.catalogue.reading() as db:
        (file,) = read_leads(db)
    assert (len(file.reviews), file.link) == (1, None)


def test_a_withdrawal_in_the_receivers_name(jam, blz, network):
    take_up(jam, blz, network)
    review(jam, EXAMINER, network)
    assert review(blz, THIRD, network).history.linked
    with jam.catalogue.reading() as db:
        end = next_word(db, RecordKind.WITHDRAWAL, "JAM-BLZ-L1", THIRD, "items mixed up")
    forge(jam, insert_version, replace(end, id="JAM-BLZ-L1/BLZ", member="BLZ"), logged=True)
    _, (note,) = sync_leads(jam, network, who=SECOND)
    said = "BLZ: withdrawal JAM-BLZ-L1/BLZ not taken from JAM: it says to be of BLZ"
    assert note.startswith(said)
    assert lead_at(blz).linked


def test_a_verdict_is_superseded_by_nobody_else(jam, blz, network):
    take_up(jam, blz, network)
    review(blz, SECOND, network)
    words = {"member": "JAM", "reviewer": SECOND, "place": ReviewRound.FIRST}
    words |= {"conclusion": Conclusion.ELIMINATION, "at": now_utc()}
    over = replace(FORGED, review="JAM-BLZ-L1/JAM1", supersedes="JAM-BLZ-L1/BLZ1", **words)
    forge(jam, insert_review, over, logged=True)
    assert sync_leads(blz, network, who=SECOND) == (1, ())  # it stays on record
    assert lead_at(blz).without_account == ("JAM-BLZ-L1/JAM1",)
    assert blz.check().clean
    assert [r.member for r in lead_at(blz).current] == ["BLZ"]


def test_a_vault_from_a_backup_is_told_what_it_lacks_of_its_own(tmp_path, jam, blz, network):
    quiet = {"reason": "nightly", "on_progress": lambda done, total: None}
    take_up(jam, blz, network)
    back_up(blz, tmp_path / "copy", who="head", **quiet)
    review(blz, SECOND, network)
    blz.close()
    (tmp_path / "BLZ").rename(tmp_path / "lost")
    restore(tmp_path / "copy", tmp_path / "BLZ", who="head", **quiet)
    with Vault.open(tmp_path / "BLZ") as again:
        _, (note,) = sync_leads(again, network, who=SECOND)
        assert note == (
            "BLZ: review JAM-BLZ-L1/BLZ1 not taken from JAM: it says to be of BLZ, whose own audit "
            "log lacks it (as that of a vault that came back from a backup may)"
        )
        step = review(again, SECOND, network)  # given anew, under a number of its own
        assert [r.review for r in step.history.reviews] == ["JAM-BLZ-L1/BLZ1-R1"]
    assert {r.review for r in lead_at(jam).reviews} == {"JAM-BLZ-L1/BLZ1", "JAM-BLZ-L1/BLZ1-R1"}
    assert jam.check().clean


def test_what_a_search_counted_stays_at_home(jam, blz, network):
    """A note and a row cross the border; totals of other members and scopes do not."""
    row = {"score": 9.5, "params_id": "p"}
    own = {"rank": 4, "list_sha256": "ab" * 32, "sha256": "ef" * 32}  # of a list with own exhibits
    private = {**own, "counts": {"TTO": {"held": 7}}, "snapshot": {"TTO": "cd"}, "scope": "network"}
    take_up(jam, blz, network, figures={**row, **private})
    assert lead_at(jam).lead.figures == {**row, **private}
    assert lead_at(blz).lead.figures == row
    assert sync_leads(jam, network, who=EXAMINER) == (0, ())
    assert "TTO" not in str([r.details for r in blz.audit_log()])
    pair = exhibit_ref("JAM:JAM-2"), exhibit_ref(known_as(blz, "BLZ-2"))
    take_up_lead(jam, None, *pair, who=EXAMINER, note="alike", figures={**row, **private})
    assert sync_leads(blz, network, who=SECOND) == (1, ())  # carried over later
    assert lead_at(blz, "JAM-BLZ-L2").lead.figures == row
    review(jam, EXAMINER, network)
    assert review(blz, THIRD, network).history.linked
    withdraw_link(blz, network, "JAM-BLZ-L1", who=THIRD, reason="items mixed up")
    assert lead_at(jam).withdrawal
    assert jam.check().clean
    assert blz.check().clean
