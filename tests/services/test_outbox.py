"""What is done here and what others are to be told of it are written together, or neither is."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from lead_makers import EXAMINER, exhibit_ref, make_member, make_network

from ribin.cases.exhibits import Scope
from ribin.leads.both_sides import deliveries, find_own_lead
from ribin.leads.merge import sync_leads
from ribin.leads.steps import close_lead, take_up_lead
from ribin.search.network import Network, NetworkMember
from ribin.services.corrections import correct, move
from ribin.services.network import AgreementOptions, state_agreement
from ribin.services.outbox import deliver_due, deliver_waiting
from ribin.services.sharing import PurgeOptions, ReleaseRequest, purge_each, release
from ribin.vault.keys import make_key
from ribin.vault.messages import own_questions
from ribin.vault.sharing import pseudonyms, release_exhibit, set_sharing
from ribin.vault.vault import Vault

SAID = {"who": "head", "reason": "labels mixed up"}
NO_LINE = Network({code: NetworkMember(code, code) for code in ("BLZ", "JAM")}, {})
LINKED = Network(NO_LINE.members, {"C2": ("BLZ", "JAM")})
THEIRS = exhibit_ref("BLZ:x-0123456789abcdef")


@pytest.fixture
def jam(tmp_path):
    with make_member(tmp_path, "JAM", 2) as vault:
        release_exhibit(vault, "JAM-1", "BLZ", Scope.NETWORK, original=False, **SAID)
        yield vault
        assert vault.check().problems == ()


PURGE = PurgeOptions(("JAM-1",), None, dry_run=False, who="head", reason="order of a court")


def transactions(vault, work):
    """The statements of each transaction that changes what a person states."""
    statements = []
    vault.catalogue._db.set_trace_callback(statements.append)
    work()
    vault.catalogue._db.set_trace_callback(None)
    parts = "\n".join(statements).split("BEGIN IMMEDIATE")
    return [one for one in parts if "INTO records" in one or "INTO leads" in one]


def released(vault, exhibit="JAM-2", *, ended=False):
    asked = ReleaseRequest(exhibit, "BLZ", original=False, ended=ended, **SAID)
    assert not release(vault, NO_LINE, asked).told


def opened(vault):
    ours = exhibit_ref("JAM:JAM-2")
    return take_up_lead(vault, NO_LINE, ours, THEIRS, who=EXAMINER, note="alike")


WORK = {
    "release": released,
    "end of a release": lambda vault: released(vault, "JAM-1", ended=True),
    "edit": lambda vault: correct(vault, ["JAM-1"], {"calibre": ".40"}, **SAID),
    "move": lambda vault: move(vault, "JAM-1", "", "JAM-2", "", **SAID),
    "purge": lambda vault: purge_each(vault, PURGE),
    "lead": opened,
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_a_kill_leaves_what_was_done_with_what_is_to_be_told_or_neither(jam, work):
    [one] = transactions(jam, lambda: work(jam))
    assert "INTO outbox" in one
    assert [told.receiver for told in own_questions(jam, waiting=True)] == ["BLZ"]


def test_a_step_on_a_lead_waits_for_the_other_side_from_when_it_is_recorded(jam):
    lead = opened(jam).history.lead.lead
    steps = transactions(
        jam, lambda: close_lead(jam, NO_LINE, lead, who=EXAMINER, reason="the wrong row")
    )
    assert len(steps) == 1
    [waits] = own_questions(jam, waiting=True)
    assert (waits.receiver, waits.kind, waits.subject) == ("BLZ", "leads", lead)


@pytest.mark.parametrize(("network", "told"), [(NO_LINE, []), (LINKED, ["BLZ"])])
def test_a_member_of_the_cluster_is_told_of_what_the_cluster_is_shown(jam, network, told):
    """It has a lead on the exhibit; no agreement says how near it is, but the network does."""
    set_sharing(jam, ["JAM-2"], Scope.CLUSTER, "head", "linked states")
    opened(jam)
    _, concerned = correct(jam, ["JAM-2"], {"calibre": ".40"}, **SAID, network=network)
    assert sorted(concerned) == told


def test_a_step_that_another_process_records_during_a_sync_is_not_delivered_by_it(jam, tmp_path):
    make_member(tmp_path, "BLZ", 1).close()
    network = make_network(tmp_path, "BLZ", "JAM")

    def busy(*line):
        opened(jam)
        return network.lines(*line)

    sync_leads(jam, replace(network, lines=busy), who=EXAMINER)
    assert [one.kind for one in own_questions(jam, waiting=True)] == ["leads"]


TELLING = {
    "a sync": lambda jam, network: sync_leads(jam, network, who=EXAMINER),
    "a command": lambda jam, network: deliver_waiting(jam, network, who=EXAMINER),
    "the node": lambda jam, network: deliver_due(jam, network, EXAMINER),
}


def theirs_of(blz):
    return exhibit_ref(f"BLZ:{pseudonyms(blz, ['BLZ-1'])['BLZ-1']}")


@pytest.mark.parametrize("tell", TELLING.values(), ids=TELLING)
def test_a_second_step_that_joins_one_on_its_way_goes_on_waiting(jam, tmp_path, tell):
    """The first is sent; the second is done before the answer is there."""
    network = make_network(tmp_path, "BLZ", "JAM")
    with make_member(tmp_path, "BLZ", 1) as blz:
        lead = take_up_lead(
            jam, NO_LINE, exhibit_ref("JAM:JAM-2"), theirs_of(blz), who=EXAMINER, note="alike"
        ).history.lead.lead
        set_due(jam)
        steps = [partial(close_lead, jam, NO_LINE, lead, who=EXAMINER, reason="the wrong row")]

        def busy(*line):
            return BusyLine(network.lines(*line), steps)

        tell(jam, replace(network, lines=busy))
        assert not steps
        assert find_own_lead(blz, lead).closure is None
        ((member, told),) = deliveries(jam, lead)
        assert (member, told.startswith("waiting since ")) == ("BLZ", True)
        set_due(jam)
        tell(jam, network)
        assert find_own_lead(blz, lead).closure
        assert deliveries(jam, lead)[0][1].startswith("delivered ")


class BusyLine:
    """A line on which the next question meets work that is done in the meantime."""

    def __init__(self, line, work):
        self.line, self.work = line, work

    def ask(self, *question):
        while self.work:
            self.work.pop()()
        return self.line.ask(*question)


def set_due(vault):
    """The pauses after the tries are over."""
    with vault.catalogue.writing() as db:
        db.execute("UPDATE outbox SET tries = 0")


@pytest.mark.parametrize("tell", TELLING.values(), ids=TELLING)
def test_a_step_that_the_other_side_does_not_take_is_refused_not_delivered(jam, tmp_path, tell):
    make_member(tmp_path, "BLZ", 1).close()
    lead = opened(jam).history.lead.lead  # names an exhibit that is not there
    set_due(jam)
    tell(jam, make_network(tmp_path, "BLZ", "JAM"))
    why = f"refused by BLZ: lead {lead} not recorded, it holds no such exhibit"
    ((member, told),) = deliveries(jam, lead)
    assert (member, told.startswith(f"{why}; waiting since ")) == ("BLZ", True)
    [one] = own_questions(jam, waiting=True)
    assert (one.problem, one.is_delivery) == (why, True)


def test_a_question_that_is_refused_as_a_whole_says_so_of_the_step(jam, tmp_path):
    network, agreed = make_network(tmp_path, "BLZ", "JAM"), AgreementOptions("JAM", Scope.CLUSTER)
    with make_member(tmp_path, "BLZ", 1) as blz:
        make_key(blz, "head")
        for one in (agreed, AgreementOptions("JAM", end=True)):
            state_agreement(blz, one, "head", "treaty")
    lead = opened(jam).history.lead.lead
    for tell in (
        lambda: close_lead(jam, network, lead, who=EXAMINER, reason="the wrong row"),
        *(partial(tell, jam, network) for tell in TELLING.values()),
    ):
        tell()
        set_due(jam)
        assert deliveries(jam, lead)[0][1].startswith("refused by BLZ: "), deliveries(jam, lead)


def test_a_correction_that_is_refused_tells_nobody(jam):
    with pytest.raises(ValueError, match="something else"):
        correct(jam, ["JAM-1"], {"calibre": "9x19"}, **SAID)
    assert own_questions(jam) == []


@pytest.mark.parametrize("reached", [True, False], ids=["over a line", "without one"])
def test_a_purge_tells_each_member_that_its_release_has_ended_but_not_why(jam, tmp_path, reached):
    make_member(tmp_path, "BLZ", 1).close()
    known_as = pseudonyms(jam, ["JAM-1"])["JAM-1"]
    network = make_network(tmp_path, "BLZ", "JAM")
    report = purge_each(jam, PURGE, network=network if reached else NO_LINE)
    assert len(report.told) == 1
    assert report.told[0].startswith("BLZ: told" if reached else "BLZ: not told yet: ")
    assert len(own_questions(jam, waiting=True)) == (not reached)
    deliver_waiting(jam, network, who=EXAMINER)
    with Vault.open(tmp_path / "BLZ", read_only=True) as blz:
        row = next(row for row in blz.audit_log() if row.action == "release ended")
    assert row.subject == f"JAM:{known_as}"
    assert "court" not in f"{row}"


def test_an_exhibit_that_two_names_mean_is_purged_once(jam):
    correct(jam, ["JAM-1"], {"exhibit": "JAM-9"}, **SAID)
    report = purge_each(jam, replace(PURGE, exhibits=("JAM-1", "JAM-9")))
    assert ([one.exhibit for one in report.purged], report.failed) == (["JAM-9"], ())


def test_a_moved_scan_is_told_of_both_exhibits_to_whom_they_are_known(jam):
    released(jam)
    _, concerned = move(jam, "JAM-1", "", "JAM-2", "", **SAID)
    assert concerned == {"BLZ"}
    told = [one for one in own_questions(jam) if one.kind == "correction"]
    assert {one.subject for one in told} == set(pseudonyms(jam, ["JAM-1", "JAM-2"]).values())
    assert all(b"marks" in one.question for one in told)
    assert not any(b"labels" in one.question for one in told)


def test_a_release_by_an_old_name_tells_the_pseudonym_that_the_other_side_knows(jam):
    known_as = pseudonyms(jam, ["JAM-2"])["JAM-2"]
    correct(jam, ["JAM-2"], {"exhibit": "JAM-9"}, **SAID)
    done = release(jam, NO_LINE, ReleaseRequest("JAM-2", "BLZ", original=True, ended=False, **SAID))
    assert (done.exhibit, done.opaque) == ("JAM-9", known_as)
