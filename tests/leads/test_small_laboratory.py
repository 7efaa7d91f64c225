"""Three persons on one login: what the own look, the second and a third reviewer may do and see."""

from __future__ import annotations

import json

import pytest
from lead_makers import EXAMINER, SECOND, THIRD, exhibit_ref, make_member, make_network

from ribin.cases.leads import Conclusion, LeadStatus, ReviewBasis
from ribin.errors import AccessError, StoreError
from ribin.leads.steps import give_review, take_up_lead
from ribin.services.leads import look_at_lead, look_at_leads
from ribin.vault.sharing import pseudonym

SAME, OTHER = Conclusion.IDENTIFICATION, Conclusion.ELIMINATION
FIGURES = {"score": 87.654, "rank": 3, "cmc": 31.25, "cells": 80}


def review(vault, who, conclusion=SAME, network=None, **more):
    said = {"who": who, "note": f"seen by {who}", **more}
    lead = "JAM-BLZ-L1" if network else "JAM-L1"
    return give_review(vault, network, lead, conclusion, ReviewBasis.ITEMS, **said)


@pytest.fixture
def shared(jam, login):
    """A lead with a first verdict; everybody works on the login lab."""
    login("lab")
    pair = exhibit_ref("JAM:JAM-1"), exhibit_ref("JAM:JAM-2")
    take_up_lead(jam, None, *pair, who=EXAMINER, note="score 87.654", figures=FIGURES)
    review(jam, EXAMINER)
    return jam


def by(vault, who):
    return "--vault", vault.path, "--who", who


def test_a_look_at_the_own_verdict_is_no_look_of_others_on_the_login(ribin, shared):
    done = ribin("lead", "show", "JAM-L1", *by(shared, EXAMINER))
    assert "identification" in done.out
    figures = [line.split(maxsplit=2) for line in done.out.splitlines()]
    assert ["congruent", "cells", "31.25 of 80"] in figures
    assert ["rank", "in", "the list  3"] in figures
    assert "your own verdict is shown, and the second reviewer must not see it" in done.err
    look_at_leads(shared, EXAMINER, verdicts=True)
    step = review(shared, SECOND)
    assert (step.link_made, step.standing) == (True, LeadStatus.CONFIRMED_LINK)
    assert shared.check().clean


def test_it_is_asked_before_on_a_terminal(ribin, shared, monkeypatch):
    monkeypatch.setattr("ribin.commands.lead.sys.stdin.isatty", lambda: True, raising=False)
    asked = []
    monkeypatch.setattr("click.confirm", lambda text, err: asked.append(text))
    done = ribin("lead", "show", "JAM-L1", *by(shared, EXAMINER))
    assert asked == ["Show it?"]
    assert "identification" not in done.out
    assert shared.audit_log()[-1].details["verdicts"] == 0


@pytest.mark.parametrize("who", [SECOND, THIRD, "head"])
def test_before_the_own_verdict_neither_figures_nor_note_nor_verdict_are_shown(ribin, shared, who):
    texts = [
        ribin("lead", "show", "JAM-L1", *more, *by(shared, who)).out for more in ((), ("--json",))
    ]
    texts += [ribin("lead", "list", *more, *by(shared, who)).out for more in ((), ("--json",))]
    for text in texts:
        assert "JAM-L1" in text
        for hidden in ("87.654", "31.25", "identification", "seen by", '"rank"'):
            assert hidden not in text
    if who != "head":
        review(shared, who)
        shown = ribin("lead", "show", "JAM-L1", "--json", *by(shared, who)).out
        assert json.loads(shown)["lead"]["figures"]["score"] == 87.654


def not_blind(vault, login):
    """The second verdict is given by somebody who looked under the name of the first."""
    login("ben")
    look_at_lead(vault, "JAM-L1", EXAMINER)
    step = review(vault, SECOND)
    login("lab")
    return step


def test_two_identifications_without_a_blind_one_have_a_name_and_a_way_out(ribin, shared, login):
    step = not_blind(shared, login)
    assert (step.link_made, step.standing) == (False, LeadStatus.NOT_BLIND)
    told = ribin("lead", "show", "JAM-L1", *by(shared, EXAMINER)).out
    assert "agreed, not blind" in told
    assert "or a third reviewer, who has seen none, gives a verdict on this lead" in told
    # the third is shown nothing before, and finds it among those that await a verdict
    assert "JAM-L1" in ribin("lead", "list", "--mine", *by(shared, THIRD)).out
    before = ribin("lead", "show", "JAM-L1", *by(shared, THIRD)).out
    assert "2 verdicts given, shown when yours is in" in before
    assert "identification" not in before
    assert "87.654" not in before
    with pytest.raises(AccessError, match="another person needed for the third review"):
        review(shared, SECOND)
    step = review(shared, THIRD)
    assert (step.link_made, step.standing) == (True, LeadStatus.CONFIRMED_LINK)
    assert step.history.link.second_review == step.history.reviews[-1].review
    assert len(step.history.reviews) == 3
    assert shared.check().problems == ()


def test_a_third_verdict_that_differs_makes_no_link(shared, login):
    not_blind(shared, login)
    step = review(shared, THIRD, OTHER)
    assert (step.link_made, step.standing) == (False, LeadStatus.NOT_CONFIRMED)
    assert shared.check().clean
    with pytest.raises(StoreError, match="both reviews are there"):
        review(shared, THIRD)


def test_a_third_who_has_seen_a_verdict_is_not_blind_either(shared, login):
    not_blind(shared, login)
    shared.record("view", "JAM-L1", THIRD, "", verdicts=2)
    step = review(shared, THIRD)
    assert (step.link_made, step.standing) == (False, LeadStatus.NOT_BLIND)
    assert shared.check().clean


def test_looks_of_those_who_gave_a_verdict_leave_the_third_blind(shared, login):
    not_blind(shared, login)
    assert len(look_at_lead(shared, "JAM-L1", EXAMINER).reviews) == 2
    assert review(shared, THIRD).link_made


def test_the_third_is_blind_only_from_a_login_that_was_shown_nothing(shared, login):
    not_blind(shared, login)
    login("cy")
    look_at_lead(shared, "JAM-L1", EXAMINER)  # under a borrowed name
    assert not review(shared, THIRD).link_made


def test_across_the_border_a_third_needs_both_logs(tmp_path, login):
    network = make_network(tmp_path, "JAM", "BLZ")
    with make_member(tmp_path, "JAM", 1) as jam, make_member(tmp_path, "BLZ", 1) as blz:
        login("lab")
        with blz.catalogue.reading() as db:
            other = exhibit_ref(f"BLZ:{pseudonym(db, 'BLZ-1')}")
        take_up_lead(jam, network, exhibit_ref("JAM:JAM-1"), other, who=EXAMINER, note="alike")
        review(jam, EXAMINER, network=network)
        jam.record("view", "JAM-BLZ-L1", SECOND, "", verdicts=1)
        assert review(jam, SECOND, network=network).standing is LeadStatus.NOT_BLIND
        with pytest.raises(StoreError, match="the logs of BLZ and JAM needed for a third review"):
            give_review(jam, None, "JAM-BLZ-L1", SAME, ReviewBasis.ITEMS, who=THIRD, note="seen")
        login("elsewhere", host="elsewhere")
        assert review(blz, THIRD, network=network).link_made
        assert jam.check().clean
        assert blz.check().clean
