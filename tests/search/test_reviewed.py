"""Pairs with both verdicts can be left out of a list, and are counted; others never are."""

from __future__ import annotations

import pytest
from lead_makers import EXAMINER, SECOND, THIRD, exhibit_ref, make_member
from lead_makers import make_network as make_linked
from search_makers import PARAMS_ID, ask
from vault_makers import enrol, make_exhibit, make_scan, make_template

from ribin.cases.exhibits import Scope
from ribin.cases.leads import Conclusion, ReviewBasis
from ribin.leads.steps import confirm_lead, give_review, take_up_lead, withdraw_link
from ribin.search.context import Query, SearchContext
from ribin.search.engine import search_marks
from ribin.services.search import reviewed_with
from ribin.vault.sharing import pseudonyms

pytestmark = pytest.mark.usefixtures("plain_correlator")

SAME, OTHER = Conclusion.IDENTIFICATION, Conclusion.ELIMINATION


@pytest.fixture
def session(tmp_path):
    """JAM with the query, three others and one of BLZ; all can be compared."""
    network = make_linked(tmp_path, "BLZ", "JAM")
    with make_member(tmp_path, "JAM", 0) as jam, make_member(tmp_path, "BLZ", 0) as blz:
        for seed, (vault, name) in enumerate(
            [(jam, "Q"), (jam, "A"), (jam, "B"), (jam, "C"), (blz, "D")]
        ):
            enrol(vault, seed, make_exhibit(name, Scope.CLUSTER), params_id=PARAMS_ID)
        opaque = pseudonyms(blz, ["D"])["D"]
        yield jam, blz, network, opaque


def review(jam, network, other, first, second=None):
    """A lead on Q and another exhibit, with one verdict or two; gives its number."""
    lead = take_up_lead(
        jam, network, exhibit_ref("JAM:Q"), exhibit_ref(other), who=EXAMINER, note="look"
    )
    number = lead.history.lead.lead
    verdicts = [(EXAMINER, first), (SECOND, second)]
    for who, verdict in verdicts:
        if verdict:
            give_review(jam, network, number, verdict, ReviewBasis.ITEMS, who=who, note="seen")
    return number


def listed(jam, network, leave_out):
    scan = make_scan(0)[1]
    query = make_template(scan, params_id=PARAMS_ID)
    asked = ask("JAM", Scope.CLUSTER, leave_out=leave_out)
    found = search_marks([Query(query)], asked, SearchContext(network)).first
    assert found.counts.adds_up
    return {row.exhibit for row in found.candidates}, dict(found.counts.not_compared)


def test_pairs_with_both_verdicts_are_left_out_and_counted(session):
    jam, blz, network, opaque = session
    query = make_scan(0)[1].provenance.sha256
    assert reviewed_with(jam, query) == ()
    review(jam, network, "JAM:A", OTHER, OTHER)  # not confirmed
    review(jam, network, "JAM:B", OTHER)  # awaits the second
    linked = review(jam, network, f"BLZ:{opaque}", SAME, SAME)
    confirm_lead(blz, network, linked, who=EXAMINER, note="seen")  # a confirmed link abroad
    pairs = reviewed_with(jam, query)
    assert pairs == (("BLZ", opaque), ("JAM", "A"))
    whole, counted = listed(jam, network, ())
    assert whole == {"A", "B", "C", opaque}
    assert "reviewed already" not in counted
    rest, counted = listed(jam, network, pairs)
    assert rest == {"B", "C"}
    assert counted == {"reviewed already": 2, "the query itself": 1}

    withdraw_link(jam, network, linked, who=THIRD, reason="wrong item")
    assert reviewed_with(jam, query) == (("JAM", "A"),)  # to be looked at again


def test_a_scan_that_is_not_enrolled_was_reviewed_with_nothing(session):
    assert reviewed_with(session[0], "0" * 64) == ()


def test_a_name_that_the_asker_cannot_know_leaves_out_nothing(session):
    """Another member's own name of an exhibit is not one by which it can be asked about."""
    jam, _, network, opaque = session
    found, counted = listed(jam, network, (("BLZ", "D"), ("BLZ", "x-0000")))
    assert opaque in found
    assert "reviewed already" not in counted
