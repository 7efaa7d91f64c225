"""A laboratory's server: who gets in, for how long, and what an attacker meets."""

from __future__ import annotations

import base64
import json
import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from laboratory_client import (
    EXAMINER,
    HEAD,
    NAME,
    REVIEWER,
    TECHNICIAN,
    PersonsBrowser,
    by_own_account,
    give_account,
    make_staff,
    password_of,
    running_laboratory,
)
from vault_makers import enrol, make_exhibit
from wording import forbidden_words

from ribin.cases.leads import Conclusion, ExhibitRef, LeadStatus, ReviewBasis
from ribin.errors import AccessError
from ribin.leads.rules import status_of
from ribin.leads.steps import give_review, take_up_lead
from ribin.report.document import Document
from ribin.services.leads import look_at_lead
from ribin.vault.leads import read_lead
from ribin.vault.passwords import remove_account, reset_password
from ribin.vault.vault import Vault
from ribin.web import laboratory, rates
from ribin.web.laboratory import path_after
from ribin.web.state import KeptReport

pytestmark = pytest.mark.usefixtures("quick_passwords")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, quick_passwords):
    made = tmp_path_factory.mktemp("laboratory") / "JAM"
    with Vault.create(made, "JAM", who=HEAD) as vault:
        for number in range(1, 13):
            enrol(vault, number, make_exhibit(f"JAM-{number}"))
        make_staff(vault)
    return made


@pytest.fixture
def lab(folder):
    with running_laboratory(folder) as running:
        yield running


@pytest.fixture(scope="module")
def shared(folder):
    """One server for tests that each bring their own browsers, and mind no time that passes."""
    with running_laboratory(folder) as running:
        yield running


def test_without_a_session_every_page_leads_to_the_sign_in(lab):
    browser = lab.browser()
    for path in ("/", "/leads", "/lead?number=JAM-L1", "/statistics", "/no-such", "//", "/unlock"):
        answer = browser.send("GET", path)
        assert answer.status == 303, path
        assert answer.headers["location"].startswith("/sign-in")
        assert browser.send("GET", path, accept="image/png").status == 401
        assert browser.post_to(path, {}).status == 401
    page = browser.send("GET", "/sign-in")
    assert page.status == 200
    assert forbidden_words(re.sub(r"<[^>]+>", " ", page.text)) == []
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", page.text)


def test_a_person_signs_in_and_acts_under_the_own_name(lab):
    browser = lab.browser(EXAMINER)
    page = browser.get("/")
    assert (page.status, EXAMINER in page.text) == (200, True)
    browser.get("/leads")
    row = lab.log()[-1]
    assert (row.who, row.action) == (EXAMINER, "view")
    assert row.identity.startswith("account, server of ")
    signed_in = next(r for r in reversed(lab.log()) if r.action == "sign-in")
    assert (signed_in.subject, signed_in.details["address"]) == (EXAMINER, "10.0.0.7")


def test_the_cookie_is_of_the_session_alone(lab):
    """A program on another port of this host is sent cookies by their path: it does not know it."""
    answer = lab.browser().sign_in(EXAMINER)
    base = answer.headers["location"][:-1]
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Secure-ribin=")
    assert cookie.endswith(f"; Secure; HttpOnly; SameSite=Strict; Path={base}")
    assert re.fullmatch(r"/[\w-]{43}", base)
    assert base[1:] not in cookie.partition(";")[0]


def test_a_cookie_under_another_base_opens_nothing(lab):
    one, other = lab.browser(EXAMINER), lab.browser(REVIEWER)
    ((name, value),) = one.cookies.values()
    stolen = lab.browser()
    for path in (f"{other.base}/leads", "/leads"):
        assert stolen.send("GET", path, cookie=f"{name}={value}").status == 303
    assert stolen.send("GET", f"{one.base}/leads").status == 303  # the path without the cookie


def test_what_was_planted_before_a_sign_in_is_no_session_after_it(lab):
    """Session fixation: secrets are drawn at the sign-in; none that a browser brings is kept."""
    browser = lab.browser()
    browser.cookies["/"] = ("__Secure-ribin", "planted")
    before = lab.browser(TECHNICIAN)
    ((_, theirs),) = before.cookies.values()
    browser.cookies["/sign-in"] = ("__Secure-ribin", theirs)
    assert browser.sign_in(EXAMINER).status == 303
    assert EXAMINER in browser.get("/").text  # the planted one beside it changes nothing
    values = {value for _, value in browser.cookies.values()}
    assert len(values) == 3
    assert browser.base != before.base
    attacker = lab.browser()
    for value in ("planted", theirs):
        answer = attacker.send("GET", f"{browser.base}/", cookie=f"__Secure-ribin={value}")
        assert answer.status == 303


def test_after_a_sign_out_the_cookie_opens_nothing(lab):
    browser = lab.browser(EXAMINER)
    assert browser.post("/sign-out").status == 200
    assert browser.send("GET", f"{browser.base}/leads").headers["location"].startswith("/sign-in")
    assert [row.action for row in lab.log()[-1:]] == ["sign-out"]


@pytest.mark.parametrize(
    ("changed", "status"), [({"csrf": "guess"}, 403), ({"csrf": ""}, 403), ({}, 200)]
)
def test_a_form_needs_the_secret_of_its_session(lab, changed, status):
    browser = lab.browser(EXAMINER)
    other = lab.browser(REVIEWER)
    if not changed:
        assert browser.post_to(f"{browser.base}/sign-out", {"csrf": other.csrf}).status == 403
    fields = {"csrf": browser.csrf, **changed}
    answer = browser.post_to(f"{browser.base}/sign-out", fields)
    assert answer.status == (303 if status == 200 else status)


@pytest.mark.parametrize("path", ["/sign-in", "/leads"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": f"http://{NAME}"},
        {"origin": f"https://{NAME}:8444"},  # another port of this host
        {"origin": "null"},
        {"origin": ""},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused(shared, path, headers):
    browser = shared.browser(EXAMINER)
    where = path if path == "/sign-in" else f"{browser.base}{path}"
    fields = {"csrf": browser.csrf, "name": EXAMINER, "password": password_of(EXAMINER)}
    answer = browser.post_to(where, fields, **headers)
    assert answer.status == 403
    assert "set-cookie" not in answer.headers


def test_a_link_of_another_site_leads_to_the_sign_in_and_nowhere_else(lab):
    browser = lab.browser(EXAMINER)
    elsewhere = {"sec_fetch_site": "cross-site"}
    navigated = {**elsewhere, "sec_fetch_mode": "navigate"}
    answer = browser.send("GET", f"{browser.base}/lead?number=JAM-L1", **navigated)
    assert answer.headers["location"] == "/sign-in?next=%2Flead%3Fnumber%3DJAM-L1"
    assert browser.send("GET", f"{browser.base}/leads", **elsewhere).status == 403


def test_a_link_goes_on_to_its_page_after_the_sign_in(lab):
    browser = lab.browser()
    asked = "/exhibit?name=JAM-2"
    old = f"/{'x' * 43}{asked}"  # a page of a session that has ended
    leads_to = browser.send("GET", old).headers["location"]
    page = browser.send("GET", leads_to)
    (hidden,) = re.findall(r'name="next" value="([^"]+)"', page.text)
    assert hidden == asked
    answer = browser.sign_in(EXAMINER, asked=hidden)
    assert answer.headers["location"].endswith(asked)
    assert "JAM-2" in browser.get(asked).text


@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "javascript:alert(1)",
        f"/{'x' * 43}//evil.example",
        "/\n/evil.example",
        "/x\r\nSet-Cookie: a=b",
        "",
    ],
)
def test_a_sign_in_goes_on_to_no_other_site(shared, asked):
    assert path_after(asked) == "/"
    answer = shared.browser().sign_in(EXAMINER, asked=asked)
    assert re.fullmatch(r"/[\w-]{43}/", answer.headers["location"])


# Locking, ends.


def test_an_idle_session_locks_and_goes_on_with_the_password(lab):
    browser = lab.browser(EXAMINER)
    lab.clock.now += 14 * 60
    assert browser.get("/leads").status == 200
    lab.clock.now += 15 * 60 + 1
    locked = browser.get("/exhibit?name=JAM-3")
    assert locked.status == 401
    assert "JAM-3" not in re.sub(r'value="[^"]*"', "", locked.text)
    assert browser.post("/lead/open", id="x").status == 401
    assert browser.send("GET", f"{browser.base}/mark.png?exhibit=JAM-3", accept="*/*").status == 401
    fields = {"next": "/exhibit?name=JAM-3"}
    wrong = browser.post("/unlock", password="something else", **fields)
    assert (wrong.status, "The password is not right." in wrong.text) == (403, True)
    assert browser.post("/unlock", **fields).status == 401  # without any
    there = browser.post("/unlock", password=password_of(EXAMINER), **fields)
    assert (there.status, "JAM-3" in there.text) == (200, True)
    assert browser.get("/leads").status == 200


def test_what_a_script_repeats_keeps_no_session_open(lab):
    browser = lab.browser(EXAMINER)
    for _ in range(4):
        lab.clock.now += 5 * 60
        last = browser.send("GET", f"{browser.base}/leads", x_ribin_repeats="yes")
    assert last.status == 401


def test_a_session_ends_after_its_longest_time(lab):
    browser = lab.browser(EXAMINER)
    for _ in range(12 * 6):
        lab.clock.now += 10 * 60
        browser.get("/leads")
    lab.clock.now += 10 * 60
    assert browser.send("GET", f"{browser.base}/leads").headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("end", [remove_account, reset_password])
def test_a_removal_and_another_password_end_sessions_at_once(lab, folder, end):
    one, other = lab.browser(TECHNICIAN), lab.browser(TECHNICIAN)
    with Vault.open(folder) as vault:
        with by_own_account(HEAD):
            if end is remove_account:
                remove_account(vault, TECHNICIAN, HEAD, "left")
            else:
                reset_password(vault, TECHNICIAN, "a set password 1", HEAD, "forgotten")
        for browser in (one, other):
            answer = browser.send("GET", f"{browser.base}/")
            assert answer.headers["location"] == "/sign-in"
        assert lab.browser().sign_in(TECHNICIAN).status == 401
        if end is reset_password:
            with by_own_account(HEAD):
                remove_account(vault, TECHNICIAN, HEAD, "")
        give_account(vault, TECHNICIAN)
    assert lab.browser().sign_in(TECHNICIAN).status == 303


def test_a_password_that_an_administrator_set_opens_nothing_but_its_change(lab, folder):
    with Vault.open(folder) as vault, by_own_account(HEAD):
        reset_password(vault, TECHNICIAN, "a set password 1", HEAD, "forgotten")
    browser = lab.browser()
    assert browser.sign_in(TECHNICIAN, "a set password 1").status == 303
    for path in ("/", "/leads", "/exhibit?name=JAM-1"):
        answer = browser.send("GET", f"{browser.base}{path}")
        assert answer.headers["location"] == f"{browser.base}/account"
    page = browser.get("/account")
    assert "head set your password" in page.text
    new = password_of(TECHNICIAN)
    change = {"password": "a set password 1", "new": new, "again": new}
    for wrong, said in (
        ({"again": "another one 12345"}, "typed in two ways"),
        ({"password": "not the one"}, "The password is not right"),
        ({"new": "short", "again": "short"}, "12 to 200 characters needed, found 5"),
        ({"new": change["password"], "again": change["password"]}, "another than the one before"),
    ):
        refused = browser.post("/account/password", **{**change, **wrong})
        assert (refused.status in (400, 403), said in refused.text) == (True, True), said
    assert browser.post("/account/password", **change).text.count("<h1>Sign in</h1>") == 1
    assert browser.send("GET", f"{browser.base}/").headers["location"] == "/sign-in"
    assert lab.browser(TECHNICIAN).get("/").status == 200


# Guesses.


def test_wrong_passwords_are_logged_and_wait_longer_each_time(lab):
    browser = lab.browser(address="10.0.0.66")
    for _ in range(rates.FREE_OF_PAIR):
        assert browser.sign_in(EXAMINER, "a wrong password").status == 401
    waited = []
    for _ in range(4):
        answer = browser.sign_in(EXAMINER, "a wrong password")
        assert answer.status == 429
        waited.append(int(answer.headers["retry-after"]))
        # Not even the right one is looked at meanwhile.
        assert browser.sign_in(EXAMINER).status == 429
        lab.clock.now += waited[-1] + 0.5
        assert browser.sign_in(EXAMINER, "a wrong password").status == 401
    assert waited == [2, 4, 8, 16]
    refused = [row for row in lab.log() if row.action == "sign-in refused"][-9:]
    assert {(row.subject, row.details["address"]) for row in refused} == {(EXAMINER, "10.0.0.66")}
    # The person at another desk is not kept out by it.
    assert lab.browser(address="10.0.0.8").sign_in(EXAMINER).status == 303


def test_many_guesses_at_once_are_no_way_round(lab):
    def guess(number: int) -> int:
        return lab.browser(address="10.0.0.67").sign_in(EXAMINER, f"wrong password {number}").status

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(guess, range(24)))
    assert statuses.count(401) <= rates.FREE_OF_PAIR
    assert statuses.count(429) >= 24 - rates.FREE_OF_PAIR


def test_an_own_account_is_no_way_to_guess_at_others(lab):
    browser = lab.browser(address="10.0.0.68")
    statuses = []
    for number in range(30):
        statuses.append(browser.sign_in(f"nobody {number}", "a wrong password").status)
        if number % 3 == 0:
            browser.sign_in(TECHNICIAN)
    assert statuses.count(401) <= rates.FREE_OF_ADDRESS + 1
    assert statuses[-1] == 429


def test_the_log_is_not_flooded(lab, monkeypatch):
    monkeypatch.setattr(rates, "LOGGED_AN_HOUR", 3)
    before = len(lab.log())
    for number in range(10):
        browser = lab.browser(address=f"10.0.1.{number}")
        assert browser.sign_in("Eve", "a wrong password").status == 401
    rows = lab.log()[before:]
    assert len(rows) == 3
    lab.clock.now += 3601
    assert lab.browser(address="10.0.2.1").sign_in("Eve", "a wrong password").status == 401
    assert lab.log()[-1].details["unlogged_before"] == 7


def test_an_unknown_name_is_refused_like_a_known_one(lab):
    answers = []
    for number, name in enumerate((EXAMINER, "Nobody Here", "ana browne", "\u202e", "x" * 500, "")):
        browser = lab.browser(address=f"10.0.3.{number}")
        answer = browser.sign_in(name, "a wrong password")
        kept = re.sub(r'value="[^"]*"', "", answer.text)
        answers.append((answer.status, sorted(answer.headers), kept.replace(" autofocus", "")))
    assert {status for status, _, _ in answers} == {401}
    assert len({text for _, _, text in answers[:4]}) == 1
    assert len({str(names) for _, names, _ in answers}) == 1
    said = [row.subject for row in lab.log() if row.action == "sign-in refused"][-6:]
    assert said == [EXAMINER, *["a name without an account"] * 5]


def test_an_unknown_name_takes_as_long(folder, monkeypatch):
    """With the real hash, which takes most of the time of an answer."""
    from argon2 import PasswordHasher

    from ribin.crypto import passwords

    slow = PasswordHasher(time_cost=2, memory_cost=16 * 1024, parallelism=1)
    monkeypatch.setattr(passwords, "_NOBODY", slow.hash("nobody"))
    secret = slow.hash(password_of(EXAMINER))

    def seconds(kept: str) -> float:
        taken = []
        for _ in range(9):
            begun = time.perf_counter()
            assert not passwords.is_password(kept, "a wrong password")
            taken.append(time.perf_counter() - begun)
        return statistics.median(taken)

    known, unknown = seconds(secret), seconds("")
    assert 0.5 < known / unknown < 2.0
    assert unknown > 0.002


def test_the_password_of_a_person_without_a_role_opens_nothing(lab, folder):
    from ribin.cases.leads import Role
    from ribin.vault.people import appoint, revoke

    browser = lab.browser(TECHNICIAN)
    with Vault.open(folder) as vault, by_own_account(HEAD):
        revoke(vault, TECHNICIAN, [Role.TECHNICIAN], HEAD, "left")
        assert browser.send("GET", f"{browser.base}/").headers["location"] == "/sign-in"
        assert lab.browser().sign_in(TECHNICIAN).status == 401
        appoint(vault, TECHNICIAN, [Role.TECHNICIAN], HEAD, "back")


def test_requests_of_one_address_are_limited(lab, monkeypatch):
    monkeypatch.setattr(rates, "BURST", 5)
    monkeypatch.setattr(rates, "EACH_SECOND", 0.001)
    one, other = lab.browser(address="10.0.4.1"), lab.browser(address="10.0.4.2")
    assert [one.send("GET", "/sign-in").status for _ in range(7)] == [200] * 5 + [429] * 2
    assert other.send("GET", "/sign-in").status == 200


# The proxy.


@pytest.mark.parametrize(
    "headers",
    [
        {"x_forwarded_proto": "http"},
        {"x_forwarded_proto": ""},
        {"x_forwarded_proto": "https, http"},
        {"x_forwarded_for": ""},
        {"x_forwarded_for": "10.0.0.7, unknown"},
        {"x_forwarded_for": "<script>"},
    ],
)
def test_a_request_that_the_proxy_does_not_vouch_for_is_refused(shared, headers):
    assert shared.browser().send("GET", "/sign-in", **headers).status == 403


@pytest.mark.parametrize(
    ("peer", "refused"), [("10.9.9.9", False), ("127.0.0.1", True), ("", True)]
)
def test_requests_come_from_the_proxy_that_was_named(shared, peer, refused):
    served = laboratory.ServedNames((NAME,), 1, proxy="10.9.9.9")
    authenticator = laboratory.Laboratory(shared.authenticator.state, served)
    headers = [(b"x-forwarded-proto", b"https"), (b"x-forwarded-for", b"10.0.0.7")]
    scope = {"type": "http", "client": (peer, 5) if peer else None, "headers": headers}
    arrival = authenticator.arrived(scope)
    assert (bool(arrival.refused), arrival.address) == (refused, peer if refused else "10.0.0.7")


def test_the_address_is_what_the_proxy_saw_and_not_what_was_claimed(lab):
    browser = lab.browser(address="1.2.3.4, 10.0.0.9")
    browser.sign_in(EXAMINER)
    row = next(r for r in reversed(lab.log()) if r.action == "sign-in")
    assert row.details["address"] == "10.0.0.9"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", f"{NAME}.evil.example", ""])
def test_another_host_name_is_refused(shared, host):
    assert shared.browser().send("GET", "/sign-in", host=host or "x").status == 421


@pytest.mark.parametrize(
    "path",
    [
        "/../catalogue.sqlite",
        "/%2e%2e/catalogue.sqlite",
        "/pages/frame.html",
        "/style.css/../../state.py",
        "/style.css%00",
        "//etc/passwd",
        "/exhibit?name=../../catalogue.sqlite",
        "/mark.png?exhibit=..%2F..%2Fx&mark=1",
        "/reports?id=..%2F..%2Fx",
        "/lead?number=../../x",
    ],
)
def test_no_path_leads_out_of_the_application(shared, path):
    inside, outside = shared.browser(EXAMINER), shared.browser()
    answer = inside.get(path)
    assert answer.status in (400, 404)
    for text in (b"SQLite", b"root:", b"jinja", b"import "):
        assert text not in answer.body
    assert outside.send("GET", path).status in (303, 404)


# Verdicts.


def lead_of(folder, one, other):
    with Vault.open(folder) as vault:
        refs = ExhibitRef("JAM", one), ExhibitRef("JAM", other)
        return take_up_lead(vault, None, *refs, who=EXAMINER, note="alike").history.lead.lead


def standing(folder, lead):
    with Vault.open(folder, read_only=True) as vault, vault.catalogue.reading() as db:
        return status_of(read_lead(db, lead, ""))


def verdict(browser, lead, **changed):
    said = {"lead": lead, "conclusion": "identification", "examined": "items", "note": "seen"}
    return browser.post("/review", **{**said, **changed})


def test_a_verdict_is_signed_with_the_password(lab, folder):
    lead = lead_of(folder, "JAM-1", "JAM-2")
    browser = lab.browser(EXAMINER)
    assert 'name="password"' in browser.get(f"/lead?number={lead}").text
    unsigned = verdict(browser, lead)
    assert (unsigned.status, "password of Ana Brown needed once more" in unsigned.text) == (
        403,
        True,
    )
    assert verdict(browser, lead, password="a wrong password").status == 403
    assert standing(folder, lead) is LeadStatus.LEAD
    assert verdict(browser, lead, password=password_of(EXAMINER)).status == 200
    assert standing(folder, lead) is LeadStatus.SECOND_REVIEW_DUE
    row = next(r for r in reversed(lab.log()) if r.action == "review")
    assert row.identity.startswith("account, signed off, server of ")
    assert password_of(EXAMINER) not in str(lab.log())


def test_one_account_gives_one_of_both_verdicts_and_two_make_a_link(lab, folder):
    lead = lead_of(folder, "JAM-3", "JAM-4")
    first, second = lab.browser(EXAMINER), lab.browser(REVIEWER)
    assert verdict(first, lead, password=password_of(EXAMINER)).status == 200
    again = lab.browser(EXAMINER)
    assert verdict(again, lead, password=password_of(EXAMINER)).status == 403
    # The first reviewer looks at the own verdict; the server's login is nobody's eyes.
    assert "identification" in first.get(f"/lead?number={lead}&own=yes").text
    assert verdict(second, lead, password=password_of(REVIEWER)).status == 200
    assert standing(folder, lead) is LeadStatus.CONFIRMED_LINK


def test_a_look_counts_for_the_account(lab, folder):
    lead = lead_of(folder, "JAM-5", "JAM-6")
    first = lab.browser(EXAMINER)
    verdict(first, lead, password=password_of(EXAMINER))
    with Vault.open(folder) as vault, by_own_account(HEAD):
        vault.record("view", lead, REVIEWER, "", verdicts=1)  # a look under the reviewer's name
    verdict(lab.browser(REVIEWER), lead, password=password_of(REVIEWER))
    assert standing(folder, lead) is LeadStatus.NOT_BLIND


def test_a_technician_who_posts_a_verdict_is_refused(lab, folder):
    lead = lead_of(folder, "JAM-7", "JAM-8")
    browser = lab.browser(TECHNICIAN)
    answer = verdict(browser, lead, password=password_of(TECHNICIAN))
    assert answer.status == 403
    assert "examiner or reviewer needed, found technician" in answer.text
    assert standing(folder, lead) is LeadStatus.LEAD


def test_the_password_of_another_signs_nothing(lab, folder):
    lead = lead_of(folder, "JAM-9", "JAM-10")
    browser = lab.browser(TECHNICIAN)
    assert verdict(browser, lead, password=password_of(EXAMINER)).status == 403
    assert verdict(browser, lead, who=EXAMINER, password=password_of(EXAMINER)).status == 403
    assert standing(folder, lead) is LeadStatus.LEAD


def test_once_there_is_an_account_a_stated_name_gives_no_verdict(folder):
    lead = lead_of(folder, "JAM-11", "JAM-12")
    asked = (lead, Conclusion.IDENTIFICATION, ReviewBasis.ITEMS)
    with Vault.open(folder) as vault:
        with pytest.raises(AccessError, match="the password of Ana Brown needed, found a stated"):
            give_review(vault, None, *asked, who=EXAMINER, note="seen")
        with by_own_account(EXAMINER):
            give_review(vault, None, *asked, who=EXAMINER, note="seen")
        # Nor does a stated name show the verdict before the second is in.
        assert look_at_lead(vault, lead, EXAMINER).reviews == ()
        with by_own_account(EXAMINER):
            assert len(look_at_lead(vault, lead, EXAMINER).reviews) == 1


def test_texts_of_others_are_shown_as_text(lab, folder):
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    with Vault.open(folder) as vault:
        enrol(vault, 77, make_exhibit("EVIL", place=evil, calibre=evil))
        refs = ExhibitRef("JAM", "EVIL"), ExhibitRef("JAM", "JAM-1")
        lead = take_up_lead(vault, None, *refs, who=EXAMINER, note=evil).history.lead.lead
    browser, shown = lab.browser(EXAMINER), 0
    of_exhibit = ("/exhibit?name=EVIL", "/redo?exhibit=EVIL", "/trace?exhibit=EVIL")
    of_lead = (f"/lead?number={lead}", f"/lead/marks?number={lead}", "/leads")
    for path in ("/", "/exhibits", "/searches", "/entry", "/account", *of_exhibit, *of_lead):
        text = browser.get(path).text
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
        shown += "alert(1)" in text
    assert shown >= 3
    answer = browser.post("/lead/open", id=evil, mark=evil, rank=evil, note=evil)
    assert "<script>alert" not in answer.text


def every_route():
    """Path and method of each route, as a browser may ask for it."""
    from ribin.web import app

    for route in (*app._ROUTES, *app._OF_ACCOUNTS):
        for method in sorted(route.methods - {"HEAD"}):
            yield route.path, method


@pytest.mark.parametrize(("path", "method"), list(every_route()))
def test_no_route_is_open_to_nobody(shared, path, method):
    """Also one that is added later."""
    if path == "/sign-in":
        return
    browser = shared.browser()
    answer = browser.send("GET", path) if method == "GET" else browser.post_to(path, {})
    assert answer.status == (303 if method == "GET" else 401)
    assert answer.headers.get("location", "/sign-in").startswith("/sign-in")


@pytest.mark.parametrize("path", [p for p, method in every_route() if method == "POST"])
def test_no_form_is_taken_without_its_secret(shared, path):
    if path == "/sign-in":
        return
    browser = shared.browser(HEAD)
    rows = len(shared.log())
    for csrf in ("", "guess"):
        assert browser.post_to(f"{browser.base}{path}", {"csrf": csrf}).status == 403
    assert browser.send("POST", f"{browser.base}{path}", "").status == 403  # no origin
    assert len(shared.log()) == rows


def test_what_one_person_works_with_is_not_anothers(lab):
    """Keys of files and reports are of the person who has them, even where another knows one."""
    one, other = lab.browser(EXAMINER), lab.browser(TECHNICIAN)
    part = base64.b64encode(b"no scan").decode()
    answer = one.post("/entry/part", name="a.x3p", at="0", size="7", data=part)
    key = json.loads(answer.body)["id"]
    assert one.get(f"/draft?id={key}").status == 200
    assert other.get(f"/draft?id={key}").status == 404
    assert other.get(f"/entry/found?id={key}").status == 404
    assert other.post("/entry/drop", id=key).status == 404
    assert one.get(f"/draft?id={key}").status == 200
    report = Document("Report", "of a pair", (("Case", "C 7"),), "footer")
    key = lab.authenticator.state.of_person(EXAMINER).reports.put(KeptReport(report, frozenset()))
    assert one.get(f"/reports?id={key}").status == 200
    assert other.get(f"/reports?id={key}").status == 404


def test_in_ones_own_server_too_a_verdict_needs_the_password(folder):
    """`ribin serve` for one person who has an account: the person of --who is only stated."""
    from web_client import served

    from ribin.params.defaults import DEFAULT_PARAMS
    from ribin.web.state import ApplicationState

    lead = lead_of(folder, "JAM-2", "JAM-5")
    said = {"lead": lead, "conclusion": "elimination", "examined": "items", "note": "seen"}
    with served(ApplicationState(folder, None, DEFAULT_PARAMS, EXAMINER)) as client:
        client.enter()
        assert 'name="password"' in client.get(f"/lead?number={lead}").text
        refused = client.post("/review", **said)
        assert (refused.status, "password of Ana Brown needed" in refused.text) == (403, True)
        assert client.post("/review", **said, password="a wrong password").status == 403
        assert standing(folder, lead) is LeadStatus.LEAD
        assert client.post("/review", **said, password=password_of(EXAMINER)).status == 200
    assert standing(folder, lead) is LeadStatus.SECOND_REVIEW_DUE
    with Vault.open(folder, read_only=True) as vault:
        row = next(r for r in reversed(vault.audit_log()) if r.action == "review")
    assert row.identity.startswith("account, signed off, login ")


@pytest.mark.parametrize("name", ["ana brown", "ANA  BROWN", " Ana Brown "])
def test_a_name_is_known_in_other_capitals(shared, name):
    browser = shared.browser()
    assert browser.sign_in(name, password_of(EXAMINER)).status == 303
    assert EXAMINER in browser.get("/leads").text
    assert shared.log()[-1].who == EXAMINER


def test_the_audit_trail_is_offered_to_who_may_read_it(lab):
    assert "/audit" in lab.browser(HEAD).get("/leads").text
    assert "/audit" not in lab.browser(EXAMINER).get("/leads").text


def test_people_have_states_of_their_own(lab):
    one, other = (lab.authenticator.state.of_person(who) for who in (EXAMINER, REVIEWER))
    assert one.lists is not other.lists
    assert one.reports is not other.reports
    assert one is lab.authenticator.state.of_person(EXAMINER)
    assert (one.who, one.vault) == (EXAMINER, other.vault)


def test_the_oldest_of_too_many_sessions_of_a_person_ends(lab, monkeypatch):
    monkeypatch.setattr(laboratory, "_MOST_SESSIONS", 2)
    browsers = []
    for _ in range(3):
        lab.clock.now += 1
        browsers.append(lab.browser(EXAMINER))
    statuses = [b.send("GET", f"{b.base}/").status for b in browsers]
    assert statuses == [303, 200, 200]
    assert lab.authenticator.people_here() == {EXAMINER: 2}
    assert isinstance(browsers[0], PersonsBrowser)


HOSTILE = (
    b"",
    b"\xff\xfe\x00name=x",
    b"name=%00%00&password=%00",
    b"name=" + b"A" * 60_000 + b"&password=x",
    b"name=x&password=" + b"y" * 60_000,
    b"&".join(b"a%d=b" % n for n in range(300)),
    b"name=%ED%A0%80&password=%ED%A0%80",  # half of a surrogate pair
    b"name=x&name=y&password=a&password=b",
    b"name[]=x&password[]=y",
    b"name=x&password=x&next=//evil.example",
    b"name=x&password=x&next=%0d%0aSet-Cookie:%20a=b",
    b'{"name": "x"}',
    b"name=%F0%9F%94%91&password=%E2%80%AE",
    b"name=x'%20OR%20'1'='1&password=x",
    b"name=" + "Ana Brown\u200b".encode() + b"&password=x",
)


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("path", ["/sign-in", "/unlock", "/account/password"])
def test_whatever_is_posted_opens_nothing_and_breaks_nothing(shared, path, body):
    number = HOSTILE.index(body)
    browser = shared.browser(address=f"10.1.{len(path)}.{number}")
    headers = {"origin": f"https://{NAME}", "content_type": "application/x-www-form-urlencoded"}
    if path != "/sign-in":
        browser = shared.browser(EXAMINER, address=browser.address)
        shared.clock.now += 16 * 60 if path == "/unlock" else 0
    answer = browser.send("POST", f"{browser.base}{path}", body, **headers)
    assert answer.status in (401, 403, 413), answer.text
    assert "set-cookie" not in answer.headers
    assert "evil.example" not in answer.headers.get("location", "")
    with Vault.open(shared.vault, read_only=True) as vault:
        assert vault.audit_head().seq == len(vault.audit_log())
