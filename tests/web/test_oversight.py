"""Pages of oversight: who sees them, what they say, and an administrator who changes accounts."""

from __future__ import annotations

import csv
import io
import re

import pytest
from laboratory_client import (
    EXAMINER,
    HEAD,
    REVIEWER,
    TECHNICIAN,
    by_own_account,
    make_staff,
    password_of,
    running_laboratory,
)
from vault_makers import enrol, make_exhibit
from wording import forbidden_words

from ribin.cases.leads import ExhibitRef, Role
from ribin.leads.steps import take_up_lead
from ribin.vault.people import appoint
from ribin.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("quick_passwords")
PAGES = ("/statistics", "/audit", "/people", "/vault", "/account")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, quick_passwords):
    made = tmp_path_factory.mktemp("overseen") / "JAM"
    with Vault.create(made, "JAM", who=HEAD) as vault:
        for number in (1, 2, 3):
            enrol(vault, number, make_exhibit(f"JAM-{number}"))
        make_staff(vault)
        refs = ExhibitRef("JAM", "JAM-1"), ExhibitRef("JAM", "JAM-2")
        take_up_lead(vault, None, *refs, who=EXAMINER, note="alike")
    return made


@pytest.fixture(scope="module")
def lab(folder):
    with running_laboratory(folder) as running:
        yield running


def cells(text, row):
    """The cells of the table row that begins with this header cell."""
    (found,) = re.findall(rf'<tr><th scope="row"[^>]*>{row}</th>(.*?)</tr>', text, re.S)
    return [
        re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", found, re.S)
    ]


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_neither_script_nor_style_of_their_own_and_our_words(lab, path):
    text = lab.browser(HEAD).get(path).text
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", text)
    assert forbidden_words(re.sub(r"<[^>]+>", " ", text)) == []
    assert re.findall(r"<h1>", text) == ["<h1>"]


def test_figures_are_those_of_the_command(lab, folder, ribin):
    browser = lab.browser(TECHNICIAN)
    page = browser.get("/statistics")
    month = lab.log()[0].at[:7]
    assert cells(page.text, month)[:4] == ["3", "0", "0", "1"]
    assert cells(page.text, "leads without a verdict")[0] == "1"
    saved = browser.get("/statistics.csv")
    assert saved.headers["content-disposition"] == 'attachment; filename="ribin-JAM-figures.csv"'
    rows = list(csv.DictReader(io.StringIO(saved.text)))
    file = folder.parent / "figures.csv"
    assert ribin("stats", "--vault", folder, "--who", HEAD, "--csv", file).code == 0
    assert rows == list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))


def test_figures_of_a_period_a_member_and_a_mark(lab):
    browser = lab.browser(HEAD)
    page = browser.get("/statistics?member=JAM&mark=breech_face")
    assert cells(page.text, lab.log()[0].at[:7])[:4] == ["3", "0", "0", "0"]
    assert "Nothing was done between these days." in browser.get("/statistics?to=1999-01-01").text
    assert browser.get("/statistics?from=soon").status == 400


def test_the_audit_trail_is_for_auditors_and_administrators(lab):
    for who in (EXAMINER, REVIEWER, TECHNICIAN):
        answer = lab.browser(who).get("/audit")
        assert (answer.status, "auditor or administrator needed" in answer.text) == (403, True)
    assert lab.browser(HEAD).get("/audit").status == 200


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ({"who": "ana"}, lambda r: "ana" in r.who.casefold()),
        ({"action": "enrol"}, lambda r: r.action == "enrol"),
        ({"how": "account"}, lambda r: r.identity.startswith("account")),
        ({"how": "stated"}, lambda r: r.identity.startswith("stated")),
        ({"to": "1999-01-01"}, lambda r: False),
        ({"from": "1999-01-01"}, lambda r: True),
        ({"subject": "JAM-L1"}, lambda r: r.subject == "JAM-L1"),
        ({"who": "ana", "action": "lead"}, lambda r: r.who == EXAMINER and r.action == "lead"),
        ({"subject": "no such"}, lambda r: False),
        ({"who": "%"}, lambda r: False),
    ],
)
def test_the_audit_trail_is_filtered(lab, asked, kept):
    from urllib.parse import urlencode

    browser = lab.browser(HEAD)
    log = lab.log()
    text = browser.get(f"/audit?{urlencode(asked)}").text
    shown = [
        int(n) for n in re.findall(r'<tr><td data-label="row" class="number">(\d+)</td>', text)
    ]
    assert shown == [row.seq for row in reversed(log) if kept(row)][:100]
    assert ("No row of the log fits" in text) is (not shown)


def test_an_exhibit_stands_for_its_scans_in_the_trail(lab, folder):
    with Vault.open(folder) as vault:
        (mark,) = vault.marks_of("JAM-3")
    browser = lab.browser(HEAD)
    for subject in ("JAM-3", mark.scan.sha256, mark.scan.sha256[:16]):
        text = browser.get(f"/audit?action=enrol&subject={subject}").text
        assert text.count('<tr><td data-label="row" class="number">') == 1


def test_older_rows_are_a_page_further(lab, folder):
    with Vault.open(folder) as vault:
        for number in range(120):
            vault.record("look", f"item {number}", HEAD, "")
    browser = lab.browser(HEAD)
    page = browser.get("/audit?action=look")
    (link,) = page.links("/audit?")
    older = browser.get(link)
    shown = re.findall(r"item (\d+)<", page.text) + re.findall(r"item (\d+)<", older.text)
    assert [int(n) for n in shown] == list(range(119, -1, -1))
    assert older.links("/audit?") == []


def test_people_are_listed_with_accounts_and_sessions(lab):
    browser = lab.browser(REVIEWER)
    text = browser.get("/people").text
    found = cells(text, REVIEWER)
    assert (found[0], found[2]) == ("examiner, reviewer", "active")
    assert int(found[4]) >= 1
    assert "Change an account" not in text


def test_an_administrator_changes_accounts_with_the_own_password(lab, folder):
    with Vault.open(folder) as vault, by_own_account(HEAD):
        appoint(vault, "Eve Dunn", [Role.AUDITOR], HEAD, "hired")
    head = lab.browser(HEAD)
    asked = {"person": "Eve Dunn", "act": "add", "new": "an initial password", "reason": "hired"}
    assert head.post("/people/account", **asked).status == 403  # not signed
    assert head.post("/people/account", **asked, password="a wrong password").status == 403
    assert cells(head.get("/people").text, "Eve Dunn")[2] == "none"
    signed = {"password": password_of(HEAD)}
    assert head.post("/people/account", **asked, **signed).status == 200
    assert cells(head.get("/people").text, "Eve Dunn")[2:3] == ["active"]
    eve = lab.browser()
    assert eve.sign_in("Eve Dunn", "an initial password").status == 303
    assert head.post("/people/account", **{**asked, "act": "remove"}, **signed).status == 200
    away = eve.send("GET", f"{eve.base}/account").headers["location"]
    assert away == "/sign-in?next=%2Faccount"
    for wrong, status in (({"act": "x"}, 400), ({"person": "nobody"}, 400)):
        assert head.post("/people/account", **{**asked, **wrong}, **signed).status == status
    row = next(r for r in reversed(lab.log()) if r.action == "account removed")
    assert (row.who, row.identity.partition(", server")[0]) == (HEAD, "account, signed off")
    with Vault.open(folder) as vault:
        assert vault.check().problems == ()


@pytest.mark.parametrize("who", [EXAMINER, TECHNICIAN])
def test_nobody_else_changes_accounts(lab, who):
    browser = lab.browser(who)
    asked = {"person": HEAD, "act": "reset", "new": "an initial password"}
    answer = browser.post("/people/account", **asked, password=password_of(who))
    assert (answer.status, "administrator needed" in answer.text) == (403, True)
    assert lab.browser().sign_in(HEAD).status == 303


def test_texts_of_others_are_shown_as_text(lab, folder):
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    with Vault.open(folder) as vault, by_own_account(HEAD):
        appoint(vault, evil, [Role.AUDITOR], HEAD, evil)
        vault.record(evil, evil, evil, evil, address=evil)
        refs = ExhibitRef("JAM", "JAM-2"), ExhibitRef("JAM", "JAM-3")
        take_up_lead(vault, None, *refs, who=EXAMINER, note=evil)
    browser = lab.browser(HEAD)
    shown = 0
    for path in (*PAGES, "/audit?who=%3Cb%3E&subject=%22%3E%3Cb%3E", "/statistics?mark=%3Cb%3E"):
        text = browser.get(path).text
        for markup in ("<script>alert", "<img src=x", "<b>"):
            assert markup not in text, path
        shown += "&lt;script&gt;alert" in text
    assert shown >= 3
    wrong = browser.sign_in(evil, "a wrong password")
    assert (wrong.status, "<script>" in wrong.text) == (401, False)


def test_the_state_of_the_vault(lab):
    text = lab.browser(TECHNICIAN).get("/vault").text
    for said in ("No key is trusted.", "No bundle was sent or received.", "last backup", "JAM"):
        assert said in text
    assert lab.log()[-1].sha256 in text
