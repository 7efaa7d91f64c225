"""A lead from hand to hand: taken up, reviewed twice, linked, superseded, withdrawn."""

from __future__ import annotations

import pytest
from lead_makers import EXAMINER, SECOND, THIRD, exhibit_ref, known_as, make_member

from ribin.cases.exhibits import Scope
from ribin.cases.leads import Conclusion, LeadStatus, ReviewBasis
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.leads.merge import sync_leads
from ribin.leads.rules import visible_reviews
from ribin.leads.steps import give_review, take_up_lead, withdraw_link
from ribin.vault.leads import read_lead, read_leads
from ribin.vault.sharing import pseudonym

IDENTIFICATION, ITEMS = Conclusion.IDENTIFICATION, ReviewBasis.ITEMS


def take_up(vault, one="JAM:JAM-1", other="JAM:JAM-2", who=EXAMINER, network=None):
    return take_up_lead(
        vault, network, exhibit_ref(one), exhibit_ref(other), who=who, note="high score"
    )


def review(vault, who, conclusion=IDENTIFICATION, lead="JAM-L1", network=None, **more):
    lead = "JAM-BLZ-L1" if network and lead == "JAM-L1" else lead
    return give_review(
        vault, network, lead, conclusion, ITEMS, who=who, note="seen in comparison", **more
    )


def link(vault, network=None, second=SECOND, **pair):
    lead = take_up(vault, network=network, **pair).history.lead.lead
    review(vault, EXAMINER, lead=lead, network=network)
    return review(vault, second, lead=lead, network=network)


def test_two_persons_make_a_link_and_one_of_them_ends_it(jam):
    lead = take_up(jam)
    assert (lead.history.lead.lead, lead.standing) == ("JAM-L1", LeadStatus.LEAD)
    assert review(jam, EXAMINER).standing is LeadStatus.SECOND_REVIEW_DUE
    linked = review(jam, SECOND)
    assert (linked.standing, linked.link_made) == (LeadStatus.CONFIRMED_LINK, True)
    ended = withdraw_link(jam, None, "JAM-L1", who=SECOND, reason="items mixed up")
    assert (ended.standing, ended.link_ended) == (LeadStatus.WITHDRAWN, True)
    assert [r.reviewer for r in ended.history.reviews] == [EXAMINER, SECOND]
    assert ended.history.link == linked.history.link
    assert jam.check().clean


def test_the_second_person_does_not_see_the_first_verdict(jam):
    take_up(jam)
    file = review(jam, EXAMINER, Conclusion.ELIMINATION).history
    assert visible_reviews(file, SECOND, "JAM") == ()
    assert [r.conclusion for r in visible_reviews(file, EXAMINER, "JAM")] == [
        Conclusion.ELIMINATION
    ]
    assert "elimination" not in str(jam.audit_log())
    file = review(jam, SECOND).history
    assert (
        len(visible_reviews(file, EXAMINER, "JAM"))
        == len(visible_reviews(file, SECOND, "JAM"))
        == 2
    )
    assert [r.blind for r in file.reviews] == [True, True]


@pytest.mark.parametrize(
    ("first", "second", "standing"),
    [
        ("identification", "identification", "confirmed link"),
        ("inconclusive_a", "inconclusive_a", "inconclusive a"),
        ("inconclusive_b", "inconclusive_b", "inconclusive b"),
        ("inconclusive_c", "inconclusive_c", "inconclusive c"),
        ("inconclusive_a", "inconclusive_b", "not confirmed"),
        ("identification", "inconclusive_a", "not confirmed"),
        ("elimination", "identification", "not confirmed"),
        ("elimination", "elimination", "not confirmed"),
        ("unsuitable", "unsuitable", "not confirmed"),
    ],
)
def test_what_two_verdicts_come_to(jam, first, second, standing):
    take_up(jam)
    review(jam, EXAMINER, Conclusion(first))
    assert str(review(jam, SECOND, Conclusion(second)).standing) == standing


def test_nobody_reviews_what_they_had_a_part_in(jam):
    take_up(jam)
    with pytest.raises(AccessError, match="Cy Dale: examiner needed, found reviewer"):
        review(jam, THIRD)
    review(jam, EXAMINER)
    with pytest.raises(AccessError, match="Ana Brown: reviewer needed, found examiner"):
        review(jam, EXAMINER)
    take_up(jam, other="JAM:JAM-3", who=SECOND)
    review(jam, SECOND, lead="JAM-L2")
    with pytest.raises(AccessError, match="another person needed for the second review, found Ben"):
        review(jam, SECOND, lead="JAM-L2")
    take_up(jam, one="JAM:JAM-2", other="JAM:JAM-3", who=SECOND)
    review(jam, EXAMINER, lead="JAM-L3")
    with pytest.raises(AccessError, match="another person than who took it up needed"):
        review(jam, SECOND, lead="JAM-L3")
    with pytest.raises(AccessError, match="nobody: examiner needed, found no role"):
        take_up(jam, who="")


def test_a_verdict_is_superseded_and_stays(jam):
    take_up(jam)
    review(jam, EXAMINER, Conclusion.INCONCLUSIVE_A)
    review(jam, EXAMINER, supersede=True)
    file = review(jam, SECOND).history
    assert [(r.review, r.supersedes) for r in file.reviews] == [
        ("JAM-L1/JAM1", ""),
        ("JAM-L1/JAM2", "JAM-L1/JAM1"),
        ("JAM-L1/JAM3", ""),
    ]
    ended = review(jam, SECOND, Conclusion.INCONCLUSIVE_B, supersede=True)
    assert (ended.standing, ended.link_ended) == (LeadStatus.WITHDRAWN, True)
    assert "verdict superseded: seen in comparison" in ended.history.withdrawal.reason
    with pytest.raises(StoreError, match="the link is withdrawn; take up a new lead"):
        review(jam, SECOND, supersede=True)
    assert jam.check().clean


def test_who_has_seen_the_other_verdict_makes_no_link(jam):
    take_up(jam)
    review(jam, EXAMINER)
    review(jam, SECOND, Conclusion.INCONCLUSIVE_A)
    changed = review(jam, SECOND, supersede=True)
    assert (changed.standing, changed.history.reviews[-1].blind) == (LeadStatus.NOT_BLIND, False)
    again = take_up(jam)  # a new lead may be taken up
    assert again.history.lead.lead == "JAM-L2"


def test_a_pair_has_one_lead_and_one_link(jam):
    take_up(jam)
    with pytest.raises(StoreError, match=r"JAM-L1: this pair is there already \(lead\)") as refused:
        take_up(jam, one="JAM:JAM-2", other="JAM:JAM-1")
    assert refused.value.hint == "`ribin lead show JAM-L1` shows it"
    review(jam, EXAMINER)
    review(jam, SECOND)
    with pytest.raises(StoreError, match=r"this pair is there already \(confirmed link"):
        take_up(jam)
    with pytest.raises(StoreError, match=r"both reviews are there \(confirmed link"):
        review(jam, THIRD)
    withdraw_link(jam, None, "JAM-L1", who=EXAMINER, reason="mixed up")
    with pytest.raises(
        StoreError, match="a confirmed link needed to withdraw it, found: link with"
    ):
        withdraw_link(jam, None, "JAM-L1", who=EXAMINER, reason="mixed up")
    assert link(jam, second=THIRD).history.linked


def test_what_is_written_is_never_changed_by_anybody(jam):
    link(jam)
    for table in ("leads", "reviews", "records"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET at = ''"):
            with (
                pytest.raises(StoreError, match="are superseded, never changed"),
                jam.catalogue.writing() as db,
            ):
                db.execute(statement)


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ("JAM:JAM-1", "JAM:JAM-1", "two exhibits needed, found JAM:JAM-1 twice"),
        ("BLZ:BLZ-1", "BLZ:BLZ-2", "an exhibit of JAM needed, found BLZ:BLZ-1 and BLZ:BLZ-2"),
        ("JAM:JAM-9", "JAM:JAM-1", "JAM:JAM-9: an exhibit needed, found none of this name"),
        ("JAM:JAM-1", "BLZ:BLZ-9", "BLZ:BLZ-9: BLZ shows JAM no such exhibit"),
    ],
)
def test_a_lead_on_what_is_not_there(jam, blz, network, one, other, message):
    with pytest.raises((ParameterError, StoreError, AccessError), match=message):
        take_up(jam, one, other, network=network)
    with jam.catalogue.reading() as db:
        assert read_leads(db) == []


def test_an_exhibit_that_is_not_shared_cannot_be_told_from_none(tmp_path, jam, network):
    with make_member(tmp_path, "BLZ", 1, Scope.COUNTRY) as blz:
        for name in ("BLZ:BLZ-1", known_as(blz, "BLZ-1"), "BLZ:x-0000000000000000"):
            with pytest.raises(AccessError, match=f"{name}: BLZ shows JAM no such exhibit"):
                take_up(jam, other=name, network=network)


def test_across_a_border_both_sides_record_it_under_opaque_names(jam, blz, network):
    take_up(jam, other=known_as(blz, "BLZ-1"), network=network)
    review(jam, EXAMINER, network=network)
    linked = review(blz, THIRD, network=network)
    lead = linked.history.lead
    with jam.catalogue.reading() as one, blz.catalogue.reading() as other:
        assert read_lead(other, "JAM-BLZ-L1", "BLZ") == linked.history
        assert lead.reference.exhibit == pseudonym(one, "JAM-1")
        assert lead.comparison.exhibit == pseudonym(other, "BLZ-1")
    assert (lead.reference_event, lead.comparison_event) == ("", "")
    assert "JAM-1" not in str([r.details for r in blz.audit_log()])
    actions = [row.action for row in blz.audit_log()]
    assert [one for one in actions if one.startswith("lead rec")] == ["lead received"] * 3
    with pytest.raises(StoreError, match="this pair is there already"):
        take_up(blz, "BLZ:BLZ-1", known_as(jam, "JAM-1"), network=network)
    withdraw_link(blz, network, "JAM-BLZ-L1", who=SECOND, reason="cast of another case")
    with jam.catalogue.reading() as db:
        assert read_lead(db, "JAM-BLZ-L1", "JAM").withdrawal.member == "BLZ"
    assert jam.check().clean
    assert blz.check().clean


def test_the_second_review_may_come_from_the_other_country(jam, blz, network):
    take_up(jam, other=known_as(blz, "BLZ-1"), network=network)
    review(jam, EXAMINER, network=network)
    linked = review(blz, THIRD, network=network)
    assert (linked.link_made, linked.history.reviews[1].member) == (True, "BLZ")
    with jam.catalogue.reading() as db:
        assert read_lead(db, "JAM-BLZ-L1", "JAM").linked


def test_who_was_out_of_reach_catches_up(tmp_path, jam, blz, network):
    take_up(jam, other=known_as(blz, "BLZ-1"), network=network)
    away = review(jam, EXAMINER, lead="JAM-BLZ-L1")
    assert away.notes == (
        "BLZ: not recorded there yet, `ribin lead sync` will: no network names its vault",
    )
    review(blz, SECOND, lead="JAM-BLZ-L1")  # BLZ cannot reach JAM either: a first review there too
    carried, notes = sync_leads(jam, network, who=EXAMINER)
    assert (carried, notes) == (6, ())  # a verdict each way, their contents, what logs say of both
    with pytest.raises(StoreError, match="both reviews are there"):
        review(blz, THIRD, network=network)
    withdraw_link(jam, None, "JAM-BLZ-L1", who=EXAMINER, reason="mixed up")
    assert sync_leads(blz, network, who=SECOND) == (1, ())
    assert sync_leads(blz, network, who=SECOND) == (0, ())
    files = []
    for vault in (jam, blz):
        with vault.catalogue.reading() as db:
            files.append(read_leads(db))
        assert vault.check().clean
    assert files[0] == files[1]


def test_a_lead_on_a_member_out_of_reach_is_taken_along_later(jam, blz, network):
    take_up(jam, other=known_as(blz, "BLZ-1"))
    review(jam, EXAMINER, lead="JAM-BLZ-L1")
    assert sync_leads(blz, network, who=SECOND) == (2, ())
    assert review(blz, THIRD, network=network).history.linked


def test_a_lead_from_elsewhere_on_no_exhibit_is_not_taken(jam, blz, network):
    take_up(jam, other="BLZ:x-0000000000000000")
    carried, notes = sync_leads(jam, network, who=EXAMINER)
    assert (carried, notes) == (0, ("BLZ: lead JAM-BLZ-L1 not recorded, it holds no such exhibit",))
    with blz.catalogue.reading() as db:
        assert read_leads(db) == []


def test_a_note_is_needed(jam):
    with pytest.raises(ParameterError, match="note: why these two should be examined needed"):
        take_up_lead(
            jam, None, exhibit_ref("JAM:JAM-1"), exhibit_ref("JAM:JAM-2"), who=EXAMINER, note=" "
        )
