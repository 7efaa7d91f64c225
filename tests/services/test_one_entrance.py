"""No code but the owner's side opens a vault: whatever a member wants of another is a message."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from lead_makers import EXAMINER, SECOND, exhibit_ref
from search_makers import PARAMS_ID, ask, make_network, make_query, search
from vault_makers import enrol, make_exhibit

from ribin.cases.exhibits import Scope
from ribin.cases.leads import Conclusion, ExhibitRef, ReviewBasis, Role
from ribin.errors import RibinError
from ribin.leads.merge import sync_leads
from ribin.leads.steps import give_review, take_up_lead, withdraw_link
from ribin.leads.trace import trace_exhibit
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.services.audit import verify_log
from ribin.services.doctor import examine
from ribin.services.leads import announce, announce_received
from ribin.services.marks import Asker, side_of
from ribin.services.network import member_states
from ribin.services.session import Session
from ribin.services.sharing import ReleaseRequest, release, write_original
from ribin.vault.people import appoint
from ribin.vault.sharing import pseudonym, release_exhibit
from ribin.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("plain_correlator")
PACKAGE = Path(__file__).parents[2] / "ribin"
OWNERS_SIDE = ("ribin.services.answers", "answering")


class SomebodyElsesVaultError(Exception):
    """A program of one member opened the vault of another."""


@pytest.fixture
def members(tmp_path):
    """JAM and BLZ with an exhibit each, and people."""
    network = make_network(tmp_path, ("BLZ", "JAM"), ("BLZ", "JAM"))
    for number, code in enumerate(network.members):
        with Vault.open(network.members[code].vault) as vault:
            made = make_exhibit(f"{code}-1", Scope.CLUSTER, calibre="9x19", date="2025-02-01")
            enrol(vault, number, made, params_id=PARAMS_ID)
            appoint(vault, EXAMINER, (Role.EXAMINER, Role.ADMINISTRATOR), EXAMINER, "hired")
            appoint(vault, SECOND, (Role.REVIEWER, Role.EXAMINER), EXAMINER, "hired")
    return network


@pytest.fixture
def as_jam(members, monkeypatch):
    """A process of JAM, in which the vault of anybody else fails to open but for its own side."""
    opened: list[str] = []
    real = Vault.open.__func__
    own = members.members["JAM"].vault.resolve()

    def guarded(cls, path, *more, **named):
        if Path(path).resolve() != own:
            frame, places = sys._getframe(1), []
            while frame:
                places.append((frame.f_globals.get("__name__"), frame.f_code.co_name))
                frame = frame.f_back
            if OWNERS_SIDE not in places:
                raise SomebodyElsesVaultError(f"{path} by {places[:6]}")
            opened.append(Path(path).name)
        return real(cls, path, *more, **named)

    monkeypatch.setattr(Vault, "open", classmethod(guarded))
    return opened


def blz_name(members) -> str:
    """What JAM calls the exhibit of BLZ."""
    found = search(make_query(), ask("JAM", Scope.CLUSTER), _context(members))
    return next(row.exhibit for row in found.candidates if row.member == "BLZ")


def _context(members):
    from ribin.search.context import SearchContext

    return SearchContext(members)


def test_a_whole_case_opens_no_vault_but_the_own_one(members, as_jam, tmp_path):
    with pytest.raises(SomebodyElsesVaultError):
        Vault.open(members.members["BLZ"].vault)
    other = blz_name(members)
    said = {"who": EXAMINER, "note": "alike"}
    verdict = Conclusion.IDENTIFICATION, ReviewBasis.ITEMS
    with Session.open(
        members.members["JAM"].vault, tmp_path / "network.toml", DEFAULT_PARAMS, 1
    ) as session:
        vault, network = session.vault, session.network
        assert {state.exhibits for state in member_states(network, "JAM", EXAMINER)} == {1}
        asker = Asker(DEFAULT_PARAMS, session, ask("JAM", Scope.CLUSTER, who=EXAMINER))
        with pytest.raises(RibinError):  # a made-up template has no surface; it was asked for
            side_of(ExhibitRef("BLZ", "x-0000000000000000"), asker)
        asked = ReleaseRequest("JAM-1", "BLZ", False, False, EXAMINER, "joint case")
        assert release(vault, network, asked).told
        with pytest.raises(RibinError, match="whose original BLZ has released"):
            write_original(session, f"BLZ:{other}", tmp_path, EXAMINER, "murder")
        lead = take_up_lead(
            vault, network, exhibit_ref("JAM:JAM-1"), exhibit_ref(f"BLZ:{other}"), **said
        ).history.lead.lead
        step = give_review(vault, network, lead, *verdict, **said)
        announce(vault, step)
        sync_leads(vault, network, who=SECOND)
        announce_received(vault, network, EXAMINER)
        history = trace_exhibit(vault, network, "JAM-1", who=EXAMINER, reason="murder")
        assert history.exhibits
        with pytest.raises(RibinError, match="a confirmed link needed"):
            withdraw_link(vault, network, lead, who=EXAMINER, reason="no link yet")
        assert verify_log(vault.path, None, (), network, EXAMINER).problems == ()
        list(examine(vault.path, tmp_path / "network.toml", 1))
    assert len(as_jam) > 8
    assert set(as_jam) == {"BLZ"}


def test_a_released_original_comes_through_the_door(members, as_jam, tmp_path, monkeypatch):
    other = blz_name(members)
    monkeypatch.undo()
    with Vault.open(members.members["BLZ"].vault) as blz:
        said = {"who": EXAMINER, "reason": "joint case", "original": True}
        release_exhibit(blz, "BLZ-1", "JAM", Scope.CLUSTER, **said)
        with blz.catalogue.reading() as db:
            assert pseudonym(db, "BLZ-1") == other
    (tmp_path / "out").mkdir()
    with Session.open(
        members.members["JAM"].vault, tmp_path / "network.toml", DEFAULT_PARAMS, 1
    ) as session:
        paths = write_original(session, f"BLZ:{other}", tmp_path / "out", EXAMINER, "murder")
    assert [path.is_file() for path in paths] == [True]


# Who may open a vault at all: those who open their own, and the one entrance.
OPENING = {
    "search/engine.py": "the asker's own",
    "search/member.py": "the asker's own, and bundles that it holds",
    "services/answers.py": "the owner's side",
    "services/batch_items.py": "the own one of a job",
    "services/doctor.py": "the own one",
    "services/lines.py": "the own one, for its keys",
    "services/network.py": "the own one, for its own count",
    "services/session.py": "the own one; those that one person enrols into",
}
CALLS = ("Vault.open", "open_member")
BY_OTHER_FLOORS = ("commands/", "web/", "node/", "vault/")  # each opens what --vault names


def test_few_files_open_a_vault():
    found = set()
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in CALLS:
                found.add(name)
    assert {name for name in found if not name.startswith(BY_OTHER_FLOORS)} - set(OPENING) == set()
    assert set(OPENING) <= found | {"search/engine.py"}
