"""The page of a lead is its case file: what is known, what was done, only what one may do next."""

from __future__ import annotations

import re
from contextlib import ExitStack

import pytest
from web_client import MATE, OTHER, QUERY, found, served, state

from ribin.cases.leads import Role
from ribin.vault.audit import now_utc
from ribin.vault.messages import QuestionState, put_question
from ribin.vault.people import appoint
from ribin.vault.vault import Vault

VERDICT = {"conclusion": "identification", "examined": "items"}
STEPS = ("/review", "/lead/confirm", "/lead/close", "/lead/withdraw")


@pytest.fixture
def people(linked, tmp_path):
    """Browsers of an examiner and a reviewer at JAM, whose lead JAM-L1 is on two own exhibits."""
    linked(tmp_path, "A. Brown", JAM=(QUERY, OTHER), BLZ=(MATE,))
    with Vault.open(tmp_path / "JAM") as vault:
        appoint(vault, "C. Reid", [Role.REVIEWER], "A. Brown", "")
        appoint(vault, "T. Tech", [Role.TECHNICIAN], "A. Brown", "")
    with ExitStack() as stack:
        browsers = {}
        for who in ("A. Brown", "C. Reid", "T. Tech"):
            browsers[who] = stack.enter_context(served(state(tmp_path, who=who)))
            browsers[who].enter()
        listed = found(browsers["A. Brown"], scope="country", reason="")
        first = browsers["A. Brown"].get(listed.links("/candidate?")[0]).text
        fields = dict(
            re.findall(r'<input type="hidden" name="(id|mark|rank)" value="([^"]*)">', first)
        )
        answer = browsers["A. Brown"].post("/lead/open", **fields, note="a line across both")
        assert "JAM-L1" in answer.text
        yield browsers


def offered(browser):
    """The steps that the page of the lead has a form for."""
    text = browser.get("/lead?number=JAM-L1").text
    return [step for step in STEPS if re.search(rf'action="[^"]*{step}"', text)]


def test_only_what_the_person_may_do_is_offered(people):
    assert offered(people["A. Brown"]) == ["/review", "/lead/close"]
    assert offered(people["C. Reid"]) == []
    assert offered(people["T. Tech"]) == []
    people["A. Brown"].post("/review", lead="JAM-L1", note="agrees", **VERDICT)
    assert offered(people["A. Brown"]) == ["/review", "/lead/close"], "the own one, in its place"
    assert offered(people["C. Reid"]) == ["/review"]
    people["C. Reid"].post("/review", lead="JAM-L1", note="agrees too", **VERDICT)
    assert "/lead/withdraw" in offered(people["C. Reid"])
    assert offered(people["T. Tech"]) == []
    refused = people["T. Tech"].post("/lead/withdraw", lead="JAM-L1", reason="no")
    assert refused.status == 403


def test_the_second_reviewer_sees_the_marks_and_nothing_of_the_first(people):
    people["A. Brown"].post("/review", lead="JAM-L1", note="first words", **VERDICT)
    page = people["C. Reid"].get("/lead?number=JAM-L1")
    for text in (
        "first words",
        "a line across both",
        "conclusion (AFTE)</dt>",
        "score</dt>",
        "JAM-R",
    ):
        assert text not in page.text, text
    assert QUERY in page.text
    marks = people["C. Reid"].get("/lead/marks?number=JAM-L1")
    assert '"compared":false' in marks.text
    assert people["C. Reid"].get("/list?id=JAM-Q1").status == 403
    assert people["C. Reid"].post("/lead/report", lead="JAM-L1").status == 403
    assert "/lead/report" not in page.text


def test_figures_that_were_seen_before_are_said_before_the_second_verdict(people):
    """Whoever opened the list before the pair was to be examined blind remembers its score."""
    assert people["C. Reid"].get("/list?id=JAM-Q1&scores=hidden").status == 200
    give_first = {"lead": "JAM-L1", "note": "agrees", **VERDICT}
    said = "You were shown figures of this pair before it was a lead, in JAM-Q1."
    assert said not in people["C. Reid"].get("/lead?number=JAM-L1").text
    people["C. Reid"].get("/list?id=JAM-Q1")
    people["A. Brown"].post("/review", **give_first)
    assert said in people["C. Reid"].get("/lead?number=JAM-L1").text
    assert said not in people["A. Brown"].get("/lead?number=JAM-L1").text


def test_hidden_scores_are_no_figures_seen(people):
    people["C. Reid"].get("/list?id=JAM-Q1&scores=hidden")
    people["A. Brown"].post("/review", lead="JAM-L1", note="agrees", **VERDICT)
    assert "You were shown figures" not in people["C. Reid"].get("/lead?number=JAM-L1").text


def test_a_blind_reviewer_is_offered_no_list_of_the_pair(people):
    people["A. Brown"].post("/review", lead="JAM-L1", note="agrees", **VERDICT)
    for path in ("/", "/searches", f"/exhibit?name={QUERY}", "/lead?number=JAM-L1"):
        page = people["C. Reid"].get(path)
        assert page.status == 200
        assert page.links("/list?id=JAM-Q1") == [], path
    assert "the second verdict is yours to give" in people["C. Reid"].get("/searches").text
    assert people["A. Brown"].get("/searches").links("/list?id=JAM-Q1")


def test_a_refused_verdict_keeps_its_fields(people):
    answer = people["A. Brown"].post("/review", lead="JAM-L1", note="  ", **VERDICT)
    assert answer.status == 400
    assert "note: what the verdict rests on needed" in answer.text
    assert '<option value="identification" selected>' in answer.text
    assert re.search(r'name="examined" value="items"[^>]* checked', answer.text)


def test_both_exhibits_and_what_was_done_stand_beside_the_marks(people):
    text = people["A. Brown"].get("/lead?number=JAM-L1").text
    assert text.count(f"E-{QUERY}") == text.count(f"E-{OTHER}") == 1
    assert re.search(r"taken up, A\. Brown \(JAM\)", text)
    assert 'src="' in text
    assert "/lead/marks?number=JAM-L1" in text


def test_a_verdict_that_was_given_is_changed_in_words_of_its_own(people):
    """Nothing on top asks for a verdict that was given; after both, the page says what one does."""
    browser = people["A. Brown"]
    assert "<h2>Your verdict</h2>" in browser.get("/lead?number=JAM-L1").text
    browser.post("/review", lead="JAM-L1", note="agrees", **VERDICT)
    page = browser.get("/lead?number=JAM-L1").text
    assert "<h2>Your verdict</h2>" not in page
    assert "Until the second verdict is in, the new one counts." in page
    assert '<input type="hidden" name="supersede" value="yes">' in page
    people["C. Reid"].post("/review", lead="JAM-L1", note="agrees", **VERDICT)
    page = browser.get("/lead?number=JAM-L1").text
    assert "another one may end a link, and never makes one" in page
    refused = browser.post("/review", lead="JAM-L1", note="", supersede="yes", **VERDICT).text
    assert '<details class="card" open><summary>Change your verdict' in refused


def link(people):
    for who in ("A. Brown", "C. Reid"):
        done = people[who].post("/review", lead="JAM-L1", note="agrees", **VERDICT)
    assert "confirmed link" in done.text


def test_a_link_is_traced_reported_and_withdrawn(people):
    link(people)
    browser = people["A. Brown"]
    (trace,) = set(browser.get("/lead?number=JAM-L1").links("/trace"))
    traced = browser.get(trace).text
    assert "confirmed link" in traced
    assert QUERY in traced
    assert OTHER in traced
    asked = browser.post("/trace", exhibit=QUERY, reason="murder of 3 May")
    assert asked.status == 200
    report = browser.post("/lead/report", lead="JAM-L1", case_number="C 7")
    assert "<h1>Comparison report</h1>" in report.text
    refused = browser.post("/lead/withdraw", lead="JAM-L1", reason="")
    assert (refused.status, "reason: why the link is withdrawn needed" in refused.text) == (
        400,
        True,
    )
    done = browser.post("/lead/withdraw", lead="JAM-L1", reason="items mixed up <b>")
    assert "items mixed up &lt;b&gt;" in done.text
    assert "Link withdrawn by A. Brown (JAM)" in done.text


def test_a_lead_that_was_opened_by_mistake_is_closed(people):
    done = people["A. Brown"].post("/lead/close", lead="JAM-L1", reason="the wrong row")
    assert re.search(r'class="tag[^"]*">closed<', done.text)
    assert re.search(r"Closed by A\. Brown \(JAM\), [0-9-]{10}: the wrong row", done.text)
    assert offered(people["A. Brown"]) == []


def test_a_question_that_waits_is_allowed_or_refused(people, tmp_path):
    columns = {"sender": "BLZ", "kind": "search", "at": now_utc(), "body_sha256": "0" * 64}
    columns |= {"who": "B. Pech", "reason": "joint <case>", "way": "line"}
    with Vault.open(tmp_path / "JAM") as vault, vault.act("question", "B. Pech", "") as act:
        for number in ("a" * 32, "b" * 32):
            put_question(act, id=number, state=QuestionState.HELD, **columns)
            act.log(vault.member)
    browser = people["A. Brown"]
    (one, two) = browser.get("/").links("/question?")
    assert "joint &lt;case&gt;" in browser.get(one).text
    refused = browser.post("/question/decide", id="a" * 32, word="allow", reason="")
    assert (refused.status, "a reason needed" in refused.text) == (400, True)
    browser.post("/question/decide", id="a" * 32, word="allow", reason="agreed by phone")
    browser.post("/question/decide", id="b" * 32, word="refuse", reason="not of this case")
    assert browser.get("/").links("/question?") == []
    with Vault.open(tmp_path / "JAM") as vault, vault.catalogue.reading() as db:
        states = dict(db.execute("SELECT id, state FROM questions").fetchall())
    assert states == {"a" * 32: QuestionState.AGREED, "b" * 32: QuestionState.REFUSED}
    assert browser.get(two).status == 404
    assert browser.post("/question/decide", id="a", word="sure").status == 400
    assert people["T. Tech"].post("/question/decide", id="a", word="allow").status == 403


def test_leads_are_filtered_and_say_why_none_is_left(people):
    browser = people["A. Brown"]
    assert "JAM-L1" in browser.get(f"/leads?q={QUERY}+brown&standing=lead").text
    none = browser.get("/leads?standing=closed&q=%3Cb%3E").text
    assert "JAM-L1" not in none
    assert "None of the 1 leads passes" in none
    assert "&lt;b&gt;" in none


def test_what_is_due_is_assigned(people):
    browser = people["A. Brown"]
    said = {"work": "EXHIBIT", "about": OTHER, "person": "T. Tech", "due": "2026-12-24"}
    home = browser.post("/assign", **said).text
    assert "T. Tech, due 2026-12-24" in home
    assert OTHER in people["T. Tech"].get("/?mine=yes").text
    assert browser.post("/assign", **{**said, "about": "X9"}).status == 400
    assert browser.post("/assign", **{**said, "work": "PARTY"}).status == 400
