"""The second review is blind only where neither its name nor its login was shown the first."""

from __future__ import annotations

import itertools
import json

import pytest
from lead_makers import EXAMINER, SECOND, THIRD, exhibit_ref, make_member, make_network

from ribin.cases.leads import Conclusion, LeadStatus, ReviewBasis, identity_of, logins_behind
from ribin.errors import AccessError
from ribin.export.restore import import_vault
from ribin.export.write import export_vault
from ribin.leads.steps import give_review, take_up_lead
from ribin.vault.backup import back_up
from ribin.vault.sharing import pseudonym
from ribin.vault.vault import Vault

ANA, BEN = "ana", "ben"  # logins


@pytest.fixture
def reviewed(jam, login):
    """A lead with a first verdict, by Ana from her own login."""
    login(ANA)
    take_up_lead(
        jam, None, exhibit_ref("JAM:JAM-1"), exhibit_ref("JAM:JAM-2"), who=EXAMINER, note="alike"
    )
    review(jam, EXAMINER)
    return jam


def review(vault, who, network=None, conclusion=Conclusion.IDENTIFICATION, **more):
    said = {"who": who, "note": "on the items", **more}
    lead = "JAM-BLZ-L1" if network else "JAM-L1"
    return give_review(vault, network, lead, conclusion, ReviewBasis.ITEMS, **said)


def blind(step):
    return step.history.reviews[-1].blind


def lead_show(ribin, vault, who, *more, lead="JAM-L1"):
    done = ribin("lead", "show", lead, "--vault", vault.path, "--as", who, *more)
    assert done.code == 0, done.err
    return done


def test_a_borrowed_name_is_not_blind_under_the_own_one(ribin, reviewed, login):
    login(BEN)
    told = lead_show(ribin, reviewed, EXAMINER)
    assert "identification" in told.out
    assert "is not blind now" in told.err
    step = review(reviewed, SECOND)
    assert (blind(step), step.standing, step.link_made) == (False, LeadStatus.NOT_BLIND, False)
    shown = lead_show(ribin, reviewed, SECOND).out
    assert "not blind: a verdict on the pair had been shown to this person or login" in shown
    assert "no link: a verdict was not blind; the pair may be taken up as a new lead" in shown
    facts = json.loads(lead_show(ribin, reviewed, SECOND, "--json").out)
    assert [r["blind"] for r in facts["reviews"]] == [True, False]
    assert reviewed.check().clean


def test_a_look_that_shows_no_verdict_leaves_it_blind(ribin, reviewed, login):
    login(BEN)
    assert "identification" not in lead_show(ribin, reviewed, SECOND).out
    for words in (("lead", "list"), ("lead", "list", "--mine"), ("link", "list")):
        for who in (EXAMINER, SECOND):
            assert ribin(*words, "--vault", reviewed.path, "--as", who).code == 0
    step = review(reviewed, SECOND)
    assert (blind(step), step.standing) == (True, LeadStatus.CONFIRMED_LINK)


def test_the_first_person_may_look_from_the_own_login(ribin, reviewed, login):
    lead_show(ribin, reviewed, EXAMINER)
    login(BEN)
    assert blind(review(reviewed, SECOND))


def test_a_look_counts_by_name_whatever_the_login(reviewed, login):
    login("somebody")
    reviewed.record("view", "JAM-L1", "ben  COLE", "", verdicts=1)
    login(BEN)
    assert not blind(review(reviewed, SECOND))


def test_a_list_with_verdicts_is_a_look(ribin, reviewed, login):
    login(BEN)
    done = ribin("lead", "list", "--json", "--vault", reviewed.path, "--as", EXAMINER)
    assert len(json.loads(done.out)["leads"][0]["reviews"]) == 1
    row = reviewed.audit_log()[-1]
    assert (row.action, row.subject) == ("view", "leads")
    assert row.details == {"leads": 1, "verdicts_of": ["JAM-L1"]}
    assert not blind(review(reviewed, SECOND))


def test_superseding_shows_nothing_of_what_it_supersedes(ribin, reviewed, login):
    login(BEN)
    words = ("--conclusion", "elimination", "--examined", "cast", "--note", "on the cast")
    done = ribin("review", "JAM-L1", *words, "--supersede", *_by(reviewed, EXAMINER))
    assert done.code == 0, done.err
    assert "elimination" in done.out
    assert "identification" not in done.out
    assert blind(review(reviewed, SECOND))


def test_another_account_behind_the_same_variable_is_found(ribin, reviewed, login):
    """LOGNAME can be set by anybody; the account that the process runs under cannot."""
    login("borrowed", account=BEN)
    lead_show(ribin, reviewed, EXAMINER)
    login(BEN)
    assert not blind(review(reviewed, SECOND))


def test_who_cannot_be_written_down_is_shown_nothing_early(ribin, reviewed, monkeypatch):
    monkeypatch.setattr("ribin.vault.vault.may_write", lambda folder: False)
    told = lead_show(ribin, reviewed, EXAMINER)
    assert "1 verdict given, shown when both are in" in told.out
    assert "identification" not in told.out


@pytest.mark.parametrize("way", ["export", "backup"])
def test_who_takes_the_verdicts_out_is_not_blind(reviewed, login, tmp_path, way):
    login(BEN)
    out = tmp_path / "out"
    if way == "export":
        export_vault(reviewed, out, who="head", reason="yearly copy")
    else:
        said = {"who": "head", "reason": "copy", "on_progress": lambda done, total: None}
        back_up(reviewed, out, **said)
    assert reviewed.audit_log()[-1].details["verdicts_of"] == ["JAM-L1"]
    if way == "export":  # the copy knows it too
        import_vault(out, tmp_path / "copy", who="head", reason="copy")
        with Vault.open(tmp_path / "copy") as copy:
            assert not blind(review(copy, SECOND))
    assert not blind(review(reviewed, SECOND))


def test_an_export_before_the_first_verdict_or_after_both_shows_none(jam, login, tmp_path):
    login(ANA)
    take_up_lead(
        jam, None, exhibit_ref("JAM:JAM-1"), exhibit_ref("JAM:JAM-2"), who=EXAMINER, note="alike"
    )
    said = {"who": "head", "reason": "copy"}
    login(BEN)
    export_vault(jam, tmp_path / "a", **said)
    login(ANA)
    review(jam, EXAMINER)
    login(BEN)
    assert blind(review(jam, SECOND))
    export_vault(jam, tmp_path / "b", **said)
    rows = [r.details["verdicts_of"] for r in jam.audit_log() if r.action == "export"]
    assert rows == [[], []]


@pytest.mark.parametrize(("host", "expected"), [("session", False), ("elsewhere", True)])
def test_logins_of_another_country_are_those_of_this_machine(
    ribin, tmp_path, login, host, expected
):
    """The same login on two machines of two countries is two persons; on one machine it is one."""
    network = make_network(tmp_path, "JAM", "BLZ")
    with make_member(tmp_path, "JAM", 1) as jam, make_member(tmp_path, "BLZ", 1) as blz:
        login("lab", host=host)
        with blz.catalogue.reading() as db:
            other = exhibit_ref(f"BLZ:{pseudonym(db, 'BLZ-1')}")
        take_up_lead(jam, network, exhibit_ref("JAM:JAM-1"), other, who=EXAMINER, note="alike")
        review(jam, EXAMINER, network)
        lead_show(ribin, jam, EXAMINER, lead="JAM-BLZ-L1")
        login("lab", host="session")
        assert blind(review(blz, THIRD, network)) is expected


def test_what_was_said_of_a_login_is_read_back(login, monkeypatch):
    for user, stated, account in itertools.product((ANA, BEN), (ANA, "Ana Brown"), ("", "root")):
        monkeypatch.setenv("RIBIN_USER", stated)
        login(user, account)
        for who in (stated, "Cy Dale"):
            found = logins_behind(who, identity_of(who))
            assert found == {user, account or user}


@pytest.mark.parametrize(
    "words",
    [
        ("lead", "list"),
        ("lead", "show", "JAM-L1"),
        ("lead", "sync"),
        ("link", "list"),
        ("trace", "JAM-1", "--reason", "case"),
        ("share",),
        ("retention",),
        ("purge", "--due", "today", "--dry-run"),
    ],
)
def test_who_has_no_role_looks_at_nothing(ribin, reviewed, tmp_path, words):
    file = tmp_path / "network.toml"
    file.write_text('[members.JAM]\nvault = "JAM"\n', encoding="utf-8")
    named = ("--network", file) if words[1:2] == ("sync",) or words[0] == "trace" else ()
    rows = len(reviewed.audit_log())
    done = ribin(*words, *named, "--vault", reviewed.path, "--as", "a stranger")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 2)
    assert "`ribin people appoint NAME --role ROLE` gives a role" in done.err
    assert "a stranger: technician or examiner or reviewer or administrator or auditor" in done.err
    assert len(reviewed.audit_log()) == rows
    done = ribin("people", "appoint", "Dan", "--role", "auditor", *_by(reviewed, "head"))
    assert done.code == 0
    done = ribin(*words, *named, *_by(reviewed, "Dan"))
    assert done.code == 0, done.err
    looked = {"lead list": ("view", "leads"), "lead show": ("view", "JAM-L1")}
    looked |= {"link list": ("view", "links"), "trace JAM-1": ("trace", "JAM-1")}
    expected = looked.get(" ".join(words[:2]))
    if expected:
        row = reviewed.audit_log()[-1]
        assert (row.action, row.subject, row.who) == (*expected, "Dan")


def _by(vault, who):
    return "--vault", vault.path, "--as", who


def test_before_a_second_person_is_appointed_whoever_opens_the_folder_looks(ribin, tmp_path):
    Vault.create(tmp_path / "TTO", "TTO", "head").close()
    for words in (("lead", "list"), ("link", "list"), ("share",), ("retention",)):
        done = ribin(*words, "--vault", tmp_path / "TTO", "--as", "anybody")
        assert done.code == 0, done.err


def test_a_person_who_lost_the_last_role_looks_no_more(ribin, reviewed):
    from ribin.cases.leads import Role
    from ribin.vault.people import check_looker, revoke

    revoke(reviewed, THIRD, [Role.REVIEWER], "head", "left")
    with pytest.raises(AccessError, match=r"Cy Dale: .* needed, found no role"):
        check_looker(reviewed.catalogue, THIRD)
