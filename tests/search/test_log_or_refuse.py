"""No log, no answer: what an owner's audit log cannot say is not told to anybody."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager

import pytest
from search_makers import ask, fill, make_network, make_query, search

from ribin.cases.exhibits import Scope
from ribin.errors import ParameterError, StoreError
from ribin.leads.trace import trace_exhibit
from ribin.search.context import SearchContext
from ribin.services.network import member_states
from ribin.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("plain_correlator")


@pytest.fixture
def network(tmp_path):
    made = make_network(tmp_path, ("BLZ", "BRB", "JAM"))
    for code, seed in (("BLZ", 1), ("BRB", 2), ("JAM", 3)):
        fill(made, code, (seed,))
    return made


def actions(network, code: str) -> list[str]:
    with Vault.open(network.members[code].vault, read_only=True) as vault:
        return [row.action for row in vault.audit_log()]


@pytest.fixture
def unwritable(network, monkeypatch):
    """Makes the log of a member one that nobody can write to: on read-only media, or locked."""

    @contextmanager
    def made(code: str, how: str):
        folder = network.members[code].vault
        with monkeypatch.context() as patched:
            if how == "read-only":
                patched.setattr("ribin.vault.vault.may_write", lambda path: path != folder)
                yield
                return
            real = Vault.open.__func__
            hasty = classmethod(lambda cls, path, read_only=False: real(cls, path, read_only, 0.1))
            patched.setattr(Vault, "open", hasty)
            with closing(sqlite3.connect(folder / "catalogue.sqlite")) as db:
                db.execute("BEGIN IMMEDIATE")
                yield
                db.rollback()

    return made


@pytest.mark.parametrize("how", ["read-only", "locked"])
def test_a_member_that_cannot_log_a_question_does_not_answer_it(network, unwritable, how):
    before = actions(network, "BLZ")
    with unwritable("BLZ", how):
        found = search(make_query(), ask("JAM", Scope.CLUSTER), SearchContext(network))
        states = {s.member: s.exhibits for s in member_states(network, "JAM", "examiner")}
    ((member, why),) = found.unavailable
    assert member == "BLZ"
    assert "audit log that can be written needed" in why or "locked by another program" in why
    assert {row.member for row in found.candidates} == {"BRB", "JAM"}
    assert "BLZ" not in found.counts_by_member
    assert "BLZ" not in found.snapshot
    assert states == {"BLZ": None, "BRB": 1, "JAM": 1}
    assert actions(network, "BLZ") == before


@pytest.mark.parametrize("how", ["read-only", "locked"])
@pytest.mark.parametrize("scope", [Scope.COUNTRY, Scope.CLUSTER])
def test_a_search_that_its_own_log_cannot_have_is_not_made(network, unwritable, how, scope):
    with unwritable("JAM", how), pytest.raises(StoreError, match=r"needed|locked"):
        search(make_query(), ask("JAM", scope), SearchContext(network))
    assert "answer" not in actions(network, "BLZ")


@pytest.mark.parametrize("how", ["read-only", "locked"])
def test_a_trace_is_told_only_where_every_log_has_it(network, unwritable, how):
    with Vault.open(network.members["JAM"].vault, wait_s=0.1) as own:
        trace_exhibit(own, network, "JAM-3", who="examiner", reason="a shooting")
    with (
        unwritable("JAM", how),
        Vault.open(network.members["JAM"].vault) as own,
        pytest.raises(StoreError, match=r"needed|locked"),
    ):
        trace_exhibit(own, network, "JAM-3", who="examiner", reason="a shooting")


def test_a_count_of_exhibits_is_in_the_log_of_who_was_asked(network):
    member_states(network, "JAM", "examiner")
    with Vault.open(network.members["BLZ"].vault) as vault:
        rows = [row for row in vault.audit_log() if row.action == "count"]
    assert [(r.who, r.details["asking_member"], r.details["exhibits"]) for r in rows] == [
        ("examiner", "JAM", 1)
    ]
    assert {state.exhibits for state in member_states(network)} == {None}  # nobody asks


def test_a_copy_that_can_only_be_read_is_searched_unlogged_and_says_so(network, unwritable):
    asked = ask("JAM", unlogged=True)
    with unwritable("JAM", "read-only"):
        found = search(make_query(), asked, SearchContext(network))
        wide = ask("JAM", Scope.CLUSTER, unlogged=True)
        with pytest.raises(ParameterError, match="what others are asked is logged"):
            search(make_query(), wide, SearchContext(network))
    assert [row.exhibit for row in found.candidates] == ["JAM-3"]
    assert found.notes[0].startswith("UNLOGGED: JAM: a copy that can only be read")
    assert "search" not in actions(network, "JAM")
    with pytest.raises(ParameterError, match="found one whose audit log can be written"):
        search(make_query(), asked, SearchContext(network))


def test_the_command_says_on_every_list_that_no_log_has_it(ribin, tmp_path, sample_dir):
    scans = sorted(sample_dir.glob("*.x3p"))[:2]
    vault = tmp_path / "JAM"
    assert ribin("init", vault, "--member", "JAM", "--who", "ann").code == 0
    for number, scan in enumerate(scans):
        named = ("--event", f"E{number}", "--exhibit", f"X{number}")
        assert ribin("enrol", scan, *named, "--vault", vault, "--who", "ann").code == 0
    asked = ("search", "X0", "--vault", vault, "--who", "ann")
    refused = ribin(*asked, "--unlogged")
    assert (refused.code, "--unlogged needs a vault that can only be read" in refused.err) == (2, 1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ribin.vault.vault.may_write", lambda path: False)
        refused = ribin(*asked)
        assert (refused.code, "searched with --unlogged" in refused.err) == (3, True)
        done = ribin(*asked, "--unlogged", "--gallery", tmp_path / "list.html")
        assert (done.code, "UNLOGGED: JAM" in done.out) == (0, True), done.err
        printed = json.loads(ribin(*asked, "--unlogged", "--json").out)
    assert "UNLOGGED: JAM" in (tmp_path / "list.html").read_text()
    assert any(note.startswith("UNLOGGED: JAM") for note in printed["notes"])
    assert printed["candidates"]
