"""Two countries that do not always reach each other: namesakes, and who was blind."""

from __future__ import annotations

import pytest
from review_makers import EXAMINER, held, make_member, make_network

from ribin.desk.leads import lead_views
from ribin.leads import Conclusion, Examined, Standing
from ribin.people import Role
from ribin.review.steps import take_up_lead
from ribin.review.verdicts import give_review
from ribin.store.roles import appoint
from ribin.store.sharing import opaque_name

SAME = Conclusion.IDENTIFICATION


class TwoCountries:
    """JAM and BLZ with an exhibit each; whoever acts has a login of the same name, on one machine
    a country."""

    def __init__(self, vaults, network, monkeypatch):
        self.vaults, self.network, self._patch = vaults, network, monkeypatch

    def sit_down(self, code, login):
        self._patch.setattr("getpass.getuser", lambda: login)
        self._patch.setattr("socket.gethostname", lambda: f"desk in {code}")

    def take_up(self):
        self.sit_down("JAM", EXAMINER)
        with self.vaults["BLZ"].catalogue.reading() as db:
            other = held(f"BLZ:{opaque_name(db, 'BLZ-1')}")
        own = held("JAM:JAM-1")
        take_up_lead(self.vaults["JAM"], self.network, own, other, who=EXAMINER, note="alike")

    def review(self, code, who, reached=True, conclusion=SAME, **more):
        self.sit_down(code, who)
        network = self.network if reached else None
        said = {"who": who, "note": "on the items", **more}
        return give_review(self.vaults[code], network, "JAM-L1", conclusion, Examined.ITEMS, **said)

    def seen(self, code, who=EXAMINER):
        """The lead as this country has it, and the reviews that a person there may see."""
        (view,) = lead_views(self.vaults[code], who)
        return view


@pytest.fixture
def both(tmp_path, monkeypatch):
    for place in ("ribin.people", "ribin.review.blindness"):
        monkeypatch.setattr(f"{place}.account_name", lambda: "")
    network = make_network(tmp_path, "BLZ", "JAM")
    with make_member(tmp_path, "JAM", 1) as jam, make_member(tmp_path, "BLZ", 1) as blz:
        yield TwoCountries({"JAM": jam, "BLZ": blz}, network, monkeypatch)


def test_a_namesake_in_the_other_country_is_another_person(both):
    appoint(both.vaults["BLZ"].catalogue, EXAMINER, [Role.REVIEWER], "head", "hired")
    both.take_up()
    both.review("JAM", EXAMINER)
    view = both.seen("BLZ", EXAMINER)
    assert (view.reviews, view.hidden_reviews) == ((), 1)
    assert len(both.seen("JAM", EXAMINER).reviews) == 1
    assert len(lead_views(both.vaults["BLZ"], EXAMINER, mine=True)) == 1
    assert lead_views(both.vaults["JAM"], EXAMINER, mine=True) == []
    both.vaults["JAM"].record("view", "JAM-L1", EXAMINER, "", verdicts=1)
    step = both.review("BLZ", EXAMINER)
    assert (step.file.reviews[-1].blind, step.standing) == (True, Standing.CONFIRMED_LINK)
