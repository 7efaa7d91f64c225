"""Messages that travel in bundles: a case of two members that never had a line."""

from __future__ import annotations

import pytest
from lead_makers import EXAMINER, SECOND, STAFF, exhibit_ref, make_network
from search_makers import PARAMS_ID, ask, make_query
from vault_makers import enrol, make_exhibit

from ribin.cases.exhibits import Scope
from ribin.cases.leads import Conclusion, LeadStatus, ReviewBasis
from ribin.exchange.line import prepare
from ribin.exchange.message import MessageKind
from ribin.exchange.questions import search_question
from ribin.leads.both_sides import deliveries
from ribin.leads.rules import status_of
from ribin.leads.steps import give_review, take_up_lead
from ribin.services.bundles import take_in_bundle
from ribin.services.sharing import send_bundle
from ribin.vault.agreements import Agreement, agree
from ribin.vault.keys import make_key, own_key, trust_key
from ribin.vault.leads import read_leads
from ribin.vault.messages import OwnQuestion, own_questions, put_own_questions
from ribin.vault.people import appoint
from ribin.vault.sharing import pseudonym
from ribin.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("plain_correlator")
LEAD = "JAM-BLZ-L1"


class Couriers:
    """JAM and BLZ, who trust each other's keys and have agreed, and the bundles between them."""

    def __init__(self, folder):
        self.folder, self.count = folder, 0
        self.network = make_network(folder, "BLZ", "JAM")
        self.vaults = {code: Vault.create(folder / code, code, "head") for code in ("BLZ", "JAM")}
        for number, (code, vault) in enumerate(self.vaults.items()):
            make_key(vault, "head")
            for name, roles in STAFF.items():
                appoint(vault, name, roles, "head", "hired")
            made = make_exhibit(f"{code}-1", Scope.CLUSTER, calibre="9x19")
            vault_person = {"params_id": PARAMS_ID}
            appoint(vault, "tester", STAFF[EXAMINER], "head", "hired")
            enrol(vault, number, made, **vault_person)
        for code, other in (("BLZ", "JAM"), ("JAM", "BLZ")):
            key = own_key(self.vaults[other]).public
            trust_key(self.vaults[code], key, "head", "read out by telephone")

    def agree(self):
        for code, other in (("BLZ", "JAM"), ("JAM", "BLZ")):
            vault = self.vaults[code]
            agree(vault, Agreement(other, Scope.CLUSTER), own_key(vault), "head", "treaty")

    def carry(self, sender, receiver):
        """A bundle of one for the other; gives what was said when it was taken in."""
        self.count += 1
        path = self.folder / f"bundle{self.count}.zip"
        said = {"who": "head", "reason": "weekly"}
        send_bundle(self.vaults[sender], self.network, receiver, path, sealed=True, **said)
        return take_in_bundle(self.vaults[receiver], path, **said)

    def leads(self, code):
        with self.vaults[code].catalogue.reading() as db:
            return read_leads(db)

    def name(self, code):
        with self.vaults[code].catalogue.reading() as db:
            return f"{code}:{pseudonym(db, f'{code}-1')}"


@pytest.fixture
def couriers(tmp_path, monkeypatch):
    monkeypatch.setattr("ribin.exchange.receive.check_described", lambda arrays, where: None)
    made = Couriers(tmp_path)
    yield made
    for vault in made.vaults.values():
        assert vault.check().problems == ()
        vault.close()


def review(vault, who):
    verdict = Conclusion.IDENTIFICATION, ReviewBasis.ITEMS
    return give_review(vault, None, LEAD, *verdict, who=who, note="on the items")


def test_a_lead_goes_to_and_fro_in_bundles_until_it_is_a_link(couriers):
    couriers.agree()
    jam, blz = couriers.vaults["JAM"], couriers.vaults["BLZ"]
    ends = exhibit_ref("JAM:JAM-1"), exhibit_ref(couriers.name("BLZ"))
    take_up_lead(jam, None, *ends, who=EXAMINER, note="alike")
    review(jam, EXAMINER)
    ((member, delivery),) = deliveries(jam, LEAD)
    assert (member, delivery.startswith("waiting since ")) == ("BLZ", True)
    assert couriers.carry("JAM", "BLZ").note == ""
    assert [lead.lead.lead for lead in couriers.leads("BLZ")] == [LEAD]
    assert len(couriers.leads("BLZ")[0].reviews) == 1
    review(blz, SECOND)
    assert couriers.carry("BLZ", "JAM").note == ""
    assert deliveries(jam, LEAD)[0][1].startswith("delivered ")
    assert couriers.leads("JAM")[0].linked  # both logs have spoken
    assert couriers.carry("JAM", "BLZ").note == ""
    assert couriers.leads("BLZ") == couriers.leads("JAM")
    assert status_of(couriers.leads("BLZ")[0]) is LeadStatus.CONFIRMED_LINK
    for code, vault in couriers.vaults.items():
        assert (vault.path / "notices" / f"{LEAD}-confirmed-{code}.json").is_file()
    # Nothing new: nothing is written but the bundles themselves, and the questions in them.
    before = couriers.leads("JAM")
    couriers.carry("BLZ", "JAM")
    assert couriers.leads("JAM") == before


def test_a_step_after_a_bundle_is_not_delivered_by_the_answer_to_it(couriers):
    couriers.agree()
    jam = couriers.vaults["JAM"]
    ends = exhibit_ref("JAM:JAM-1"), exhibit_ref(couriers.name("BLZ"))
    take_up_lead(jam, None, *ends, who=EXAMINER, note="alike")
    couriers.carry("JAM", "BLZ")
    review(jam, EXAMINER)
    couriers.carry("BLZ", "JAM")
    assert deliveries(jam, LEAD)[0][1].startswith("waiting since ")
    couriers.carry("JAM", "BLZ")
    couriers.carry("BLZ", "JAM")
    assert deliveries(jam, LEAD)[0][1].startswith("delivered ")


def test_without_an_agreement_a_message_is_not_answered_and_the_bundle_is_taken_in(couriers):
    jam = couriers.vaults["JAM"]
    ends = exhibit_ref("JAM:JAM-1"), exhibit_ref(couriers.name("BLZ"))
    take_up_lead(jam, None, *ends, who=EXAMINER, note="alike")
    done = couriers.carry("JAM", "BLZ")
    assert (done.outcome, done.exhibits) == ("new", 1)
    assert "leads not answered: BLZ: an agreement with JAM needed, found none" in done.note
    assert couriers.leads("BLZ") == []


def test_a_message_of_a_third_member_is_not_taken_from_a_bundle(couriers, tmp_path):
    """Caught on another way, and put into a bundle of one's own."""
    from ribin.crypto.keys import PrivateKey
    from ribin.exchange.message import seal_message
    from ribin.exchange.questions import CountsQuestion
    from ribin.exchange.send import export_bundle

    couriers.agree()
    jam, blz = couriers.vaults["JAM"], couriers.vaults["BLZ"]
    brb = PrivateKey.make("BRB")
    trust_key(blz, brb.public, "head", "read out by telephone")
    agree(blz, Agreement("BRB", Scope.CLUSTER), own_key(blz), "head", "treaty")
    caught = seal_message(MessageKind.COUNTS, CountsQuestion("eve"), brb, "BRB", "BLZ")
    said = {"who": "head", "reason": "weekly", "messages": [caught, b"no message"]}
    export_bundle(jam, "BLZ", Scope.CLUSTER, own_key(jam), tmp_path / "bad.zip", **said)
    done = take_in_bundle(blz, tmp_path / "bad.zip", who="head")
    assert "a message of JAM, whose bundle it is, needed" in done.note
    assert "message: " in done.note
    assert "question" not in [row.action for row in blz.audit_log()]


def test_a_search_that_waits_for_a_member_goes_along_and_its_answer_comes_back(couriers):
    couriers.agree()
    jam = couriers.vaults["JAM"]
    asked = ask("JAM", Scope.CLUSTER, who=EXAMINER)
    waits = prepare(MessageKind.SEARCH, search_question(make_query(), asked, "BLZ"))
    put_own_questions(jam, [OwnQuestion(waits.id, "BLZ", "search", "", waits.content)], EXAMINER)
    couriers.carry("JAM", "BLZ")
    rows = [row.action for row in couriers.vaults["BLZ"].audit_log()]
    assert rows.count("answer") == 1
    couriers.carry("JAM", "BLZ")  # again, as long as no answer has come: nothing is done twice
    assert [row.action for row in couriers.vaults["BLZ"].audit_log()].count("answer") == 1
    couriers.carry("BLZ", "JAM")
    (one,) = own_questions(jam, kind="search")
    assert (bool(one.answer), one.delivery.startswith("delivered ")) == (True, True)
