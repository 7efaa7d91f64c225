"""What is done here and what others are to be told of it are written together, or neither is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lead_makers import EXAMINER, exhibit_ref, make_member, make_network

from ribin.cases.exhibits import Scope
from ribin.leads.merge import sync_leads
from ribin.leads.steps import close_lead, take_up_lead
from ribin.search.network import Network, NetworkMember
from ribin.services.corrections import correct, move
from ribin.services.sharing import ReleaseRequest, release
from ribin.vault.messages import own_questions
from ribin.vault.sharing import pseudonyms, release_exhibit, set_sharing

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


def test_a_correction_that_is_refused_tells_nobody(jam):
    with pytest.raises(ValueError, match="something else"):
        correct(jam, ["JAM-1"], {"calibre": "9x19"}, **SAID)
    assert own_questions(jam) == []


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
