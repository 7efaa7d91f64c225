"""A pair that was not agreed on is taken up once more: who knows a verdict on it is not blind."""

from __future__ import annotations

import pytest
from lead_makers import EXAMINER, SECOND, THIRD, exhibit_ref

from ribin.cases.leads import Conclusion, LeadStatus, ReviewBasis, Role
from ribin.leads.steps import give_review, take_up_lead
from ribin.services.search import reviewed_with
from ribin.vault.people import appoint

SAME, UNSURE = Conclusion.IDENTIFICATION, Conclusion.INCONCLUSIVE_A
PAIR = "JAM:JAM-1", "JAM:JAM-2"


def take_up(vault, who=EXAMINER, pair=PAIR):
    return take_up_lead(
        vault, None, *map(exhibit_ref, pair), who=who, note="alike"
    ).history.lead.lead


def review(vault, lead, who, conclusion=SAME):
    said = {"who": who, "note": "on the items"}
    return give_review(vault, None, lead, conclusion, ReviewBasis.ITEMS, **said)


@pytest.fixture
def disagreed(jam, login):
    """A pair on which Ana and Ben did not agree; each person has a login."""
    login("ana")
    lead = take_up(jam)
    review(jam, lead, EXAMINER)
    review(jam, lead, SECOND, UNSURE)
    return jam


@pytest.mark.parametrize("pair", [PAIR, PAIR[::-1]])
def test_the_same_two_persons_make_no_link_by_starting_again(ribin, disagreed, pair):
    lead = take_up(disagreed, pair=pair)
    review(disagreed, lead, EXAMINER)
    step = review(disagreed, lead, SECOND)
    assert (step.history.reviews[-1].blind, step.standing) == (False, LeadStatus.NOT_BLIND)
    assert (step.link_made, step.history.link) == (False, None)
    told = ribin("lead", "show", lead, "--vault", disagreed.path, "--as", SECOND).out
    assert "not blind: a verdict on the pair had been shown to this person or login" in told
    assert "as a new lead, with a second verdict by somebody who has seen none on it" in told


def test_nor_when_they_change_places(disagreed):
    appoint(disagreed, EXAMINER, [Role.REVIEWER], "head", "trained")
    lead = take_up(disagreed, who=SECOND)
    review(disagreed, lead, SECOND)
    step = review(disagreed, lead, EXAMINER)
    assert (step.history.reviews[-1].blind, step.link_made) == (False, False)


def test_whoever_has_seen_none_of_them_is_blind(disagreed):
    lead = take_up(disagreed)
    review(disagreed, lead, EXAMINER)
    step = review(disagreed, lead, THIRD)
    assert (step.history.reviews[-1].blind, step.standing) == (True, LeadStatus.CONFIRMED_LINK)


@pytest.mark.parametrize(
    "words", [("lead", "show", "JAM-L1"), ("lead", "list", "--json"), ("link", "list", "--json")]
)
def test_whoever_was_shown_them_is_not(ribin, disagreed, login, words):
    login("cy")
    shown = ribin(*words, "--vault", disagreed.path, "--as", EXAMINER)
    assert shown.code == 0, shown.err
    lead = take_up(disagreed)
    review(disagreed, lead, EXAMINER)
    assert review(disagreed, lead, THIRD).history.reviews[-1].blind is (words[0] == "link")


def test_a_pair_that_lacks_a_blind_verdict_is_not_left_out_of_lists(disagreed):
    with disagreed.catalogue.reading() as db:
        scan = db.execute("SELECT sha256 FROM scans WHERE exhibit = 'JAM-1'").fetchone()[0]
    assert reviewed_with(disagreed, scan) == (("JAM", "JAM-2"),)  # not confirmed, and done
    lead = take_up(disagreed)
    assert reviewed_with(disagreed, scan) == ()  # the latest lead decides
    review(disagreed, lead, EXAMINER)
    review(disagreed, lead, SECOND)
    assert reviewed_with(disagreed, scan) == ()
    lead = take_up(disagreed)
    review(disagreed, lead, EXAMINER)
    assert review(disagreed, lead, THIRD).link_made
    assert reviewed_with(disagreed, scan) == (("JAM", "JAM-2"),)
