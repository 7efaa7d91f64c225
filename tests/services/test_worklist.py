"""What is due: found, and gone when it is done."""

from __future__ import annotations

import json
import shutil

import pytest

from ribin.cases.exhibits import Scope
from ribin.cases.leads import Conclusion, ExhibitRef, ReviewBasis, Role
from ribin.cases.searches import CandidateStatus, SearchFinding
from ribin.errors import ParameterError
from ribin.leads.steps import give_review, take_up_lead
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.services.list_review import open_list, review_candidate
from ribin.services.session import Session
from ribin.services.worklist import DueKind, assign_work, read_all_findings, worklist
from ribin.vault.leads import read_leads
from ribin.vault.people import appoint
from ribin.vault.retention import purge_exhibit
from ribin.vault.saved_searches import add_saved_search, note_findings
from ribin.vault.vault import Vault

QUERY, OTHER, MATE = "JAM-2026-0007-1", "JAM-2025-0038-1", "BLZ-2025-0042-1"


@pytest.fixture
def jam(ribin, linked, tmp_path):
    """Runs a command in the vault of JAM, which is linked with BLZ."""
    network = linked(tmp_path, BLZ=(MATE,), JAM=(QUERY, OTHER))

    def run(*words, vault="JAM", code=0):
        words = (*words, "--vault", tmp_path / vault, "--network", network, "--who", "me")
        done = ribin(*words)
        assert done.code == code, done.err
        return done

    run.folder, run.network = tmp_path, network
    return run


def due(jam, who="me", vault="JAM"):
    with Vault.open(jam.folder / vault) as opened:
        return worklist(opened, who)


def subjects(jam, work, **more):
    return [one.subject for one in due(jam, **more) if one.work is work]


def test_an_exhibit_is_due_until_somebody_searched_with_it(jam):
    assert sorted(subjects(jam, DueKind.EXHIBIT)) == [OTHER, QUERY]
    jam("search", QUERY)
    assert subjects(jam, DueKind.EXHIBIT) == [OTHER]


def test_a_list_is_due_until_every_candidate_was_seen(jam):
    jam("search", QUERY)
    (one,) = [one for one in due(jam) if one.work is DueKind.LIST]
    assert (one.subject, one.person) == ("JAM-Q1", "me")
    assert one.words == f"{QUERY}: 0 of 1 candidates seen"
    with Session.open(jam.folder / "JAM", jam.network, DEFAULT_PARAMS, 1) as session:
        opened = open_list(session, "JAM-Q1", "me")
        seen = CandidateStatus.NOTHING_SEEN
        review_candidate(session, opened, ExhibitRef("JAM", OTHER), seen, "me")
    assert subjects(jam, DueKind.LIST) == []


def test_a_verdict_is_due_for_who_may_give_it(jam):
    with Vault.open(jam.folder / "JAM") as vault:
        appoint(vault, "Reid", [Role.REVIEWER], "me", "")
        pair = ExhibitRef("JAM", QUERY), ExhibitRef("JAM", OTHER)
        step = take_up_lead(vault, None, *pair, who="me", note="look", figures={})
        lead = step.history.lead.lead
    assert subjects(jam, DueKind.VERDICT) == [lead]
    with Vault.open(jam.folder / "JAM") as vault:
        given = (Conclusion.ELIMINATION, ReviewBasis.ITEMS)
        give_review(vault, None, lead, *given, who="me", note="no")
    assert subjects(jam, DueKind.VERDICT) == []
    (one,) = [one for one in due(jam, "Reid") if one.work is DueKind.VERDICT]
    assert "elimination" not in one.words, "the second reviewer is not told the first verdict"


def test_a_lead_that_another_member_took_up_is_due(jam):
    found = json.loads(
        jam("search", MATE, "--scope", "cluster", "--reason", "x", "--json", vault="BLZ").out
    )
    other = f"JAM:{found['candidates'][0]['exhibit']}"
    jam("lead", "open", MATE, other, "--note", "look", vault="BLZ")
    with Vault.open(jam.folder / "JAM") as vault, vault.catalogue.reading() as db:
        (lead,) = [one.lead.lead for one in read_leads(db)]
    works = {one.work for one in due(jam) if one.subject == lead}
    assert works <= {DueKind.VERDICT, DueKind.FROM_ABROAD}
    assert len(works) == 1


def test_a_member_that_could_not_answer_is_due_until_it_did(jam):
    asked = ("search", QUERY, "--scope", "cluster", "--reason", "x")
    shutil.move(jam.folder / "BLZ", jam.folder / "away")
    jam(*asked, code=1)
    (one,) = [one for one in due(jam) if one.work is DueKind.UNANSWERED]
    assert (one.subject, one.words) == ("JAM-Q1", f"{QUERY}: BLZ")
    shutil.move(jam.folder / "away", jam.folder / "BLZ")
    jam(*asked)
    assert subjects(jam, DueKind.UNANSWERED) == []


def test_a_finding_is_due_until_it_was_read(jam):
    with Vault.open(jam.folder / "JAM") as vault:
        (begun,) = add_saved_search(vault, [QUERY], Scope.COUNTRY, 5, 0.0, "me", "")
        row = {"score": 43.2, "search": "JAM-Q9"}
        finding = SearchFinding(begun.standing, "JAM", OTHER, "f" * 64, row)
        assert note_findings(vault, [finding], "me") == 1
    (one,) = [one for one in due(jam) if one.work is DueKind.FINDING]
    assert one.subject == "JAM-Q9"
    assert one.words == f"{begun.standing} with {QUERY}: JAM:{OTHER}, score 43.2"
    with Vault.open(jam.folder / "JAM") as vault:
        assert read_all_findings(vault, "me") == 1
        assert vault.check().problems == ()
    assert subjects(jam, DueKind.FINDING) == []


def test_what_is_due_is_assigned_until_a_day(jam):
    with Vault.open(jam.folder / "JAM") as vault:
        appoint(vault, "Reid", [Role.EXAMINER], "me", "")
        assign_work(vault, "EXHIBIT", QUERY, "Reid", "2026-12-24", "me")
        assign_work(vault, "EXHIBIT", QUERY, "Reid", "2026-12-24", "me")
        with pytest.raises(ParameterError, match="one of Reid, me needed, found Nobody"):
            assign_work(vault, "EXHIBIT", QUERY, "Nobody", "", "me")
        with pytest.raises(ParameterError, match="something that is due needed, found X9"):
            assign_work(vault, "EXHIBIT", "X9", "Reid", "", "me")
        with pytest.raises(ParameterError, match="due"):
            assign_work(vault, "EXHIBIT", OTHER, "Reid", "2026-02-31", "me")
        first = worklist(vault, "Reid")[0]
        assert (first.subject, first.assigned, first.due) == (QUERY, "Reid", "2026-12-24")
        assert [one.subject for one in worklist(vault, "Reid") if one.is_of("Reid")] == [QUERY]
        rows = [row.action for row in vault.audit_log() if row.action == "assign"]
        assert len(rows) == 1, "the same again says nothing"
        assign_work(vault, "EXHIBIT", QUERY, "", "", "Reid")
        assert not any(one.assigned for one in worklist(vault, "Reid"))
        purge_exhibit(vault, QUERY, "me", "the case has ended")
        with vault.catalogue.reading() as db:
            left = db.execute("SELECT body FROM records WHERE kind = 'assignment'").fetchall()
        assert {text for (text,) in left} == {""}
        assert vault.check().problems == ()
