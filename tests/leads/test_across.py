"""Two countries that do not always reach each other: namesakes, and who was blind."""

from __future__ import annotations

import time

import pytest
from lead_makers import EXAMINER, SECOND, THIRD, exhibit_ref, make_member

from ribin.cases.leads import Conclusion, LeadStatus, ReviewBasis, ReviewRound, Role
from ribin.cases.record import RecordKind
from ribin.errors import StoreError
from ribin.leads.merge import sync_leads
from ribin.leads.rules import status_of
from ribin.leads.steps import give_review, take_up_lead
from ribin.services.leads import lead_views, look_at_lead
from ribin.vault.audit import append_row
from ribin.vault.leads import next_word, read_lead
from ribin.vault.people import appoint
from ribin.vault.records import insert_version
from ribin.vault.sharing import pseudonym

SAME = Conclusion.IDENTIFICATION


class TwoCountries:
    """JAM and BLZ with an exhibit each; whoever acts has a login of the same name, on one machine
    a country."""

    def __init__(self, vaults, network, login):
        self.vaults, self.network, self._login = vaults, network, login

    def sit_down(self, code, login):
        self._login(login, host=f"session in {code}")

    def take_up(self, code="JAM", who=EXAMINER, reached=True):
        self.sit_down(code, who)
        pair = []
        for member, vault in self.vaults.items():
            with vault.catalogue.reading() as db:
                pair.append(exhibit_ref(f"{member}:{pseudonym(db, member + '-1')}"))
        network = self.network if reached else None
        take_up_lead(self.vaults[code], network, *pair, who=who, note="alike")

    def review(self, code, who, reached=True, conclusion=SAME, **more):
        self.sit_down(code, who)
        network = self.network if reached else None
        said = {"who": who, "note": "on the items", **more}
        return give_review(
            self.vaults[code], network, "JAM-BLZ-L1", conclusion, ReviewBasis.ITEMS, **said
        )

    def file(self, code):
        with self.vaults[code].catalogue.reading() as db:
            return read_lead(db, "JAM-BLZ-L1", code)

    def seen(self, code, who=EXAMINER):
        """The lead as this country has it, and the reviews that a person there may see."""
        return lead_views(self.vaults[code], who)[0]


@pytest.fixture
def both(tmp_path, network, login):
    with make_member(tmp_path, "JAM", 1) as jam, make_member(tmp_path, "BLZ", 1) as blz:
        yield TwoCountries({"JAM": jam, "BLZ": blz}, network, login)


def test_a_namesake_in_the_other_country_is_another_person(both):
    appoint(both.vaults["BLZ"], EXAMINER, [Role.REVIEWER], "head", "hired")
    both.take_up()
    both.review("JAM", EXAMINER)
    view = both.seen("BLZ", EXAMINER)
    assert (view.reviews, view.hidden_reviews) == ((), 1)
    assert len(both.seen("JAM", EXAMINER).reviews) == 1
    assert len(lead_views(both.vaults["BLZ"], EXAMINER, mine=True)) == 1
    assert lead_views(both.vaults["JAM"], EXAMINER, mine=True) == []
    both.vaults["JAM"].record("view", "JAM-BLZ-L1", EXAMINER, "", verdicts=1)
    step = both.review("BLZ", EXAMINER)
    assert (step.history.reviews[-1].blind, step.standing) == (True, LeadStatus.CONFIRMED_LINK)


def synced(both, code="JAM"):
    """The lead as both countries have it, once they have reached each other."""
    both.sit_down(code, "head")
    _, notes = sync_leads(both.vaults[code], both.network, who=SECOND)
    assert notes == ()
    files = [both.file(code) for code in both.vaults]
    assert files[0] == files[1]
    assert all(vault.check().clean for vault in both.vaults.values())
    assert sync_leads(both.vaults[code], both.network, who=SECOND) == (0, ())
    return files[0]


@pytest.mark.parametrize("syncs", ["JAM", "BLZ"])
def test_without_the_other_log_a_verdict_makes_no_link_before_both_are_read(both, ribin, syncs):
    both.take_up()
    both.review("JAM", EXAMINER)
    step = both.review("BLZ", THIRD, reached=False)
    assert (step.link_made, step.standing) == (False, LeadStatus.FIRST_VERDICT_SEALED)
    assert (step.history.reviews[-1].blind, step.history.unchecked) == (False, ("JAM-BLZ-L1/BLZ1",))
    words = ("lead", "show", "JAM-BLZ-L1", "--vault", both.vaults["BLZ"].path, "--as", THIRD)
    told = ribin(*words).out
    assert "blindness not checked: the log of the other member was not in reach" in told
    assert "its content has not come yet, `ribin lead sync` fetches it" in told
    with pytest.raises(StoreError, match=r"there already \(first verdict not opened\)"):
        both.take_up(reached=False, code="BLZ")
    file = synced(both, syncs)
    assert ([r.blind for r in file.reviews], file.unchecked) == ([True, True], ())
    assert file.linked
    assert "blind" not in ribin(*words).out


@pytest.mark.parametrize("syncs", ["JAM", "BLZ"])
def test_a_look_in_the_other_countrys_log_is_found_when_they_meet(both, syncs):
    both.take_up()
    both.review("JAM", EXAMINER)
    both.sit_down("BLZ", THIRD)  # from the own session, under a borrowed name
    look_at_lead(both.vaults["JAM"], "JAM-BLZ-L1", EXAMINER)
    step = both.review("BLZ", THIRD, reached=False)
    assert (step.link_made, step.standing) == (False, LeadStatus.FIRST_VERDICT_SEALED)
    file = synced(both, syncs)
    assert ([r.blind for r in file.reviews], file.link, file.unchecked) == ([True, False], None, ())
    assert status_of(file) is LeadStatus.NOT_BLIND
    both.take_up()  # the pair may be taken up again


def wait_a_moment():
    """Until the clock shows another millisecond, which is what a record's time is told in."""
    now = time.time_ns() // 10**6
    while time.time_ns() // 10**6 == now:
        continue


def test_a_look_after_the_verdict_does_not_count(both):
    both.take_up()
    both.review("JAM", EXAMINER)
    both.review("BLZ", THIRD, reached=False)
    wait_a_moment()
    look_at_lead(both.vaults["BLZ"], "JAM-BLZ-L1", THIRD)
    look_at_lead(both.vaults["JAM"], "JAM-BLZ-L1", EXAMINER)
    assert synced(both).linked


def test_a_link_of_which_the_own_log_says_it_was_not_blind_is_not_taken(both):
    """As a version before may have made it, or a program of their own."""
    both.take_up()
    both.review("JAM", EXAMINER)
    both.sit_down("BLZ", THIRD)
    look_at_lead(both.vaults["JAM"], "JAM-BLZ-L1", EXAMINER)
    blz = both.vaults["BLZ"]
    both.review("BLZ", THIRD, reached=False)
    second = both.file("BLZ").reviews[1]
    with blz.catalogue.writing() as db:
        found = {"review": second.review, "blind": True}
        said = next_word(db, RecordKind.BLINDNESS, "JAM-BLZ-L1", THIRD, "", **found)
        records = dict([insert_version(db, said)])
        append_row(db, "blindness", "JAM-BLZ-L1", THIRD, "", {"records": records})
    _, notes = sync_leads(both.vaults["JAM"], both.network, who=SECOND)
    why = "not taken from BLZ: a log says that it was not blind"
    assert notes == (f"JAM: blindness JAM-BLZ-L1/BLZ1/BLZ {why}",)
    assert both.file("JAM").link is None
    sync_leads(both.vaults["JAM"], both.network, who=SECOND)  # what JAM's log says crosses, too
    assert both.file("BLZ").link is None


@pytest.mark.parametrize("syncs", ["JAM", "BLZ"])
@pytest.mark.parametrize("order", [("JAM", "BLZ"), ("BLZ", "JAM")])
@pytest.mark.parametrize("taker", [EXAMINER, SECOND])
def test_two_first_verdicts_given_apart_are_a_first_and_a_second(both, order, syncs, taker):
    appoint(both.vaults["JAM"], EXAMINER, [Role.REVIEWER], "head", "trained")
    both.take_up(who=taker)
    people = {"JAM": EXAMINER, "BLZ": SECOND}
    for code in order:
        both.review(code, people[code], reached=False)
        wait_a_moment()
    file = synced(both, syncs)
    # The later one is the second, but never that of who took the lead up.
    second = "BLZ" if taker == EXAMINER else order[1]
    places = {r.member: r.place for r in file.reviews}
    assert places == {
        second: ReviewRound.SECOND,
        ({"JAM", "BLZ"} - {second}).pop(): ReviewRound.FIRST,
    }
    assert (file.linked, [r.blind for r in file.reviews]) == (True, [True, True])
    assert file.reviews[1].review == "JAM-BLZ-L1/" + order[1] + "1"
    changed = both.review(second, people[second], conclusion=Conclusion.ELIMINATION, supersede=True)
    assert (changed.history.reviews[-1].place, changed.standing) == (
        ReviewRound.SECOND,
        LeadStatus.WITHDRAWN,
    )
    assert synced(both) == changed.history


def test_a_second_verdict_given_apart_is_that_of_a_reviewer_too(both):
    both.take_up(who=SECOND)  # who gives none here: so the later of the two is the second
    both.review("BLZ", SECOND, reached=False)
    wait_a_moment()
    both.review("JAM", EXAMINER, reached=False)  # who is no reviewer
    _, notes = sync_leads(both.vaults["JAM"], both.network, who=SECOND)
    why = "Ana Brown: reviewer needed, found examiner"
    assert notes == (f"lead JAM-BLZ-L1: no link, the second verdict: {why}",)
    assert status_of(both.file("BLZ")) is LeadStatus.NOT_BLIND
    both.take_up()  # the pair is free


def test_of_two_firsts_given_apart_one_may_have_been_shown_the_other(both):
    both.take_up()
    both.review("JAM", EXAMINER, reached=False)
    both.sit_down("BLZ", SECOND)
    look_at_lead(both.vaults["JAM"], "JAM-BLZ-L1", EXAMINER)
    both.review("BLZ", SECOND, reached=False)
    file = synced(both)
    assert ([r.blind for r in file.reviews], file.link) == ([True, False], None)
    assert status_of(file) is LeadStatus.NOT_BLIND
