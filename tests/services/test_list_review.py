"""A list is worked through: what is said of a candidate is kept, and what is blind stays blind."""

from __future__ import annotations

import json

import pytest

from ribin.cases.leads import Conclusion, ExhibitRef, ReviewBasis, Role
from ribin.cases.searches import CandidateStatus
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.leads.steps import give_review, take_up_lead
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.services.list_review import (
    candidate_reviews,
    check_still_shown,
    list_progress,
    list_thumbnail,
    open_list,
    review_candidate,
)
from ribin.services.session import Session
from ribin.vault.people import appoint
from ribin.vault.retention import purge_exhibit
from ribin.vault.vault import Vault

QUERY, OTHER, MATE = "JAM-2026-0007-1", "JAM-2025-0038-1", "BLZ-2025-0042-1"
OWN = ExhibitRef("JAM", OTHER)
LOOKED, NOTHING = CandidateStatus.LOOKED_AT, CandidateStatus.NOTHING_SEEN


@pytest.fixture
def jam(ribin, linked, tmp_path):
    """A session of JAM, whose search JAM-Q1 found an exhibit of its own and one of BLZ."""
    network = linked(tmp_path, BLZ=(MATE,), JAM=(QUERY, OTHER))
    folder = tmp_path / "JAM"
    asked = ("--scope", "cluster", "--reason", "test", "--network", network)
    done = ribin("search", QUERY, "--vault", folder, "--who", "me", "--json", *asked)
    assert json.loads(done.out)["search"] == "JAM-Q1"
    with Session.open(folder, network, DEFAULT_PARAMS, 1) as session:
        yield session


def test_a_recorded_list_is_opened_with_its_marks_and_pictures(jam):
    opened = open_list(jam, "JAM-Q1", "me")
    assert (opened.exhibit, opened.number, opened.person) == (QUERY, "JAM-Q1", "me")
    assert [str(side.mark.mark_type) for side in opened.made.sides] == ["breech_face"]
    one, first = opened.place("breech_face", 1)
    assert (first.member, one.counts.compared) == ("BLZ", 2)
    assert list_thumbnail(jam, opened, first)[:4] == b"\x89PNG"
    with pytest.raises(StoreError, match="no rank 9 in a list by breech_face"):
        opened.place("breech_face", 9)
    with pytest.raises(StoreError, match="no list by firing_pin"):
        opened.side("firing_pin")
    with pytest.raises(StoreError, match="search JAM-Q7 needed"):
        open_list(jam, "JAM-Q7", "me")


def test_a_list_of_a_file_that_is_not_enrolled_says_why_it_has_no_pictures(jam, ribin, sample_dir):
    file = sample_dir / "JAM-2025-0051-1.x3p"
    ribin("search", file, "--vault", jam.vault.path, "--who", "me")
    opened = open_list(jam, "JAM-Q2", "me")
    assert opened.exhibit == ""
    with pytest.raises(StoreError, match="made with a file that is not enrolled, JAM-2025-0051-1"):
        opened.side("breech_face")


def test_what_a_person_says_is_kept_version_by_version_and_checked(jam):
    opened = open_list(jam, "JAM-Q1", "me")
    first = review_candidate(jam, opened, OWN, LOOKED, "me")
    again = review_candidate(jam, opened, OWN, LOOKED, "me")
    assert (first.number, again.at) == ("JAM-C1", first.at), "the same again changes nothing"
    last = review_candidate(jam, opened, OWN, NOTHING, "me")
    assert (last.number, last.status) == ("JAM-C1", NOTHING)
    assert candidate_reviews(jam.vault, opened, "me")[OWN].status is NOTHING
    rows = [r for r in jam.vault.audit_log() if r.action == "candidate reviewed"]
    assert [row.details["status"] for row in rows] == ["looked at", "nothing seen"]
    assert jam.vault.check().problems == ()


def test_a_candidate_of_another_list_and_an_unrecorded_search_are_refused(jam):
    opened = open_list(jam, "JAM-Q1", "me")
    with pytest.raises(ParameterError, match="candidate JAM:X9 needed in a list, found none"):
        review_candidate(jam, opened, ExhibitRef("JAM", "X9"), LOOKED, "me")
    with pytest.raises(ParameterError, match=r"who looked at JAM:.* needed, found nobody"):
        review_candidate(jam, opened, OWN, LOOKED, " ")


def test_who_has_no_role_says_nothing(jam):
    appoint(jam.vault, "Eve", [Role.AUDITOR], "me", "")
    opened = open_list(jam, "JAM-Q1", "Eve")
    with pytest.raises(AccessError, match="Eve"):
        review_candidate(jam, opened, OWN, LOOKED, "Eve")


def test_what_others_said_is_shown_after_the_own_word(jam):
    opened = open_list(jam, "JAM-Q1", "me")
    review_candidate(jam, opened, OWN, NOTHING, "you")
    assert candidate_reviews(jam.vault, opened, "me")[OWN].others == ()
    review_candidate(jam, opened, OWN, LOOKED, "me")
    (other,) = candidate_reviews(jam.vault, opened, "me")[OWN].others
    assert (other.person, other.status) == ("you", NOTHING)


def test_progress_counts_each_exhibit_once(jam):
    opened = open_list(jam, "JAM-Q1", "me")
    review_candidate(jam, opened, OWN, LOOKED, "me")
    (one,) = list_progress(jam.vault, "me")
    assert (one.exhibit, one.candidates, one.mine, one.others) == (QUERY, 2, 1, 0)
    assert not one.reviewed
    for row in opened.made.lists.first.candidates:
        review_candidate(jam, opened, ExhibitRef(row.member, row.exhibit), NOTHING, "you")
    (one,) = list_progress(jam.vault, "me")
    assert (one.mine, one.others, one.reviewed) == (1, 2, True)
    assert list_progress(jam.vault, "me", OTHER) == []


def test_the_second_reviewer_is_not_shown_a_list_with_the_pair(jam):
    appoint(jam.vault, "Reid", [Role.REVIEWER], "me", "")
    opened = open_list(jam, "JAM-Q1", "Reid")
    pair = ExhibitRef("JAM", QUERY), OWN
    step = take_up_lead(jam.vault, None, *pair, who="me", note="look", figures={})
    lead, identified = step.history.lead.lead, (Conclusion.IDENTIFICATION, ReviewBasis.ITEMS)
    check_still_shown(jam, opened, "Reid")
    give_review(jam.vault, None, lead, *identified, who="me", note="agrees")
    with pytest.raises(AccessError, match=f"{lead}: the second verdict is yours to give"):
        check_still_shown(jam, opened, "Reid")
    with pytest.raises(AccessError, match=lead):
        open_list(jam, "JAM-Q1", "Reid")
    assert candidate_reviews(jam.vault, open_list(jam, "JAM-Q1", "me"), "me")[OWN].lead == lead
    give_review(jam.vault, None, lead, *identified, who="Reid", note="agrees")
    check_still_shown(jam, opened, "Reid")
    after = candidate_reviews(jam.vault, open_list(jam, "JAM-Q1", "Reid"), "Reid")[OWN]
    assert after.standing == "confirmed link"


def test_what_was_said_goes_with_the_lists(jam, tmp_path):
    opened = open_list(jam, "JAM-Q1", "me")
    review_candidate(jam, opened, OWN, LOOKED, "me")
    review_candidate(jam, opened, OWN, NOTHING, "me")
    purge_exhibit(jam.vault, QUERY, "me", "the case has ended")
    with jam.vault.catalogue.reading() as db:
        texts = db.execute("SELECT body FROM records WHERE kind = 'candidate'").fetchall()
    assert [text for (text,) in texts] == ["", ""]
    assert jam.vault.check().problems == ()
    (one,) = list_progress(jam.vault, "me")
    assert one.search.stated.ended.startswith("purge of exhibit")


def test_a_word_that_was_changed_behind_the_log_is_found(jam):
    opened = open_list(jam, "JAM-Q1", "me")
    review_candidate(jam, opened, OWN, LOOKED, "me")
    folder = jam.vault.path
    with Vault.open(folder) as vault, vault.catalogue.writing() as db:
        db.execute("DROP TRIGGER records_are_not_changed")
        db.execute(
            "UPDATE records SET body = replace(body, 'looked at', 'nothing seen') "
            "WHERE kind = 'candidate'"
        )
    with Vault.open(folder, read_only=True) as vault:
        problems = " ".join(problem.text for problem in vault.check().problems)
    assert "record candidate/JAM-C1/1: its text is not as it was written" in problems
