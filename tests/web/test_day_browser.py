"""An examiner's day in Chromium, two people in two browsers: from the file to a link and its trace.

Each step is taken on the page, by mouse or by keys; no page says an error or asks anybody else.
"""

from __future__ import annotations

import re
from contextlib import ExitStack

import pytest
from page_browser import needs_browser, open_browser
from web_client import served, state

from ribin.cases.leads import LeadStatus, Role
from ribin.leads.rules import status_of
from ribin.vault.leads import read_lead
from ribin.vault.people import appoint
from ribin.vault.vault import Vault

pytestmark = needs_browser
FILES = ("JAM-2026-0007-1", "JAM-2025-0038-1", "JAM-2025-0051-1", "BLZ-2025-0042-1")
QUERY, MATE = "JAM-2026-0007-1", "BLZ-2025-0042-1"  # of one firearm
SHOWN = (
    "return document.querySelector('iframe.shown')?.contentDocument?.body"
    "?.dataset.firstPictureMs !== undefined"
)

INSIDE = "document.querySelector('.pair iframe')?.contentDocument?.body"


@pytest.fixture
def people(linked, tmp_path):
    """Browsers of an examiner and a reviewer in an empty vault."""
    linked(tmp_path, "A. Brown", JAM=())
    with Vault.open(tmp_path / "JAM") as vault:
        appoint(vault, "C. Reid", [Role.REVIEWER], "A. Brown", "")
    with ExitStack() as stack:
        browsers = []
        for who in ("A. Brown", "C. Reid"):
            client = stack.enter_context(served(state(tmp_path, who=who)))
            browser = stack.enter_context(open_browser(tmp_path / who.replace(" ", "")))
            browser.server = client.session.address.partition("/enter")[0] + "/"
            browser.driver.get(client.session.address)
            browser.settle()
            browser.forget()
            browsers.append(browser)
        yield browsers
        for browser in browsers:
            assert [text for text in browser.logged() if " 403 " not in text] == []
            assert browser.asked() == []


def go(browser, path):
    browser.driver.get(browser.server.rstrip("/") + path)
    browser.settle()


def at(browser, path):
    browser.wait(
        f"return location.pathname.endsWith('{path}') && document.readyState === 'complete'"
    )


def fill(browser, css, text):
    field = browser.find(css)
    field.clear()
    field.send_keys(text)


def give_verdict(browser, lead, note):
    go(browser, f"/lead?number={lead}")
    browser.run("document.querySelector('#conclusion').value = 'identification'")
    browser.click("input[value=items]")
    fill(browser, "#note", note)
    browser.click("form[action$='/review'] button")
    browser.wait("return !document.querySelector('#conclusion option[selected]')")
    browser.settle()


def test_a_day(people, sample_dir, tmp_path):
    examiner, reviewer = people
    # Four files are sent; one has its outline corrected before it is enrolled.
    go(examiner, "/entry")
    paths = "\n".join(str(sample_dir / f"{name}.x3p") for name in FILES)
    examiner.find("#files").send_keys(paths)
    examiner.wait("return document.body.dataset.sent === '4'")
    examiner.click("#uploads a")
    for number in range(len(FILES)):
        examiner.wait("return document.body?.dataset.ready === 'yes'")
        if number == 1:
            examiner.click("#draw-tools [value=erase]")
            x, y = examiner.middle("#scan")
            examiner.drag((x - 40, y - 80), (x + 40, y - 80))
            examiner.wait("return document.body.dataset.judged === '1'")
        fill(examiner, "#event", f"E{number}")
        fill(examiner, "#place", f"Place {number % 2}")
        examiner.run(f"document.querySelector('#date').value = '2026-05-0{number + 1}'")
        before = examiner.driver.current_url
        examiner.click("#form button[type=submit]")
        examiner.wait(f"return location.href !== '{before}' && document.readyState === 'complete'")
    at(examiner, "/entry")
    assert examiner.text("#uploads").count("enrolled as") == len(FILES)
    # What is due leads to the exhibit; its list is worked through by keys.
    go(examiner, "/")
    assert "Exhibits that nobody has searched with" in examiner.text("main")
    examiner.run(
        f"[...document.querySelectorAll('main a')].find((a) => a.textContent === '{QUERY}').click()"
    )
    at(examiner, "/exhibit")
    examiner.click("form[action$='/search'] button")
    at(examiner, "/list")
    examiner.wait(SHOWN)
    assert MATE in examiner.text("#subject")
    examiner.keys("j", "u")
    examiner.wait("return document.querySelector('#reviewed').textContent === '1'")
    examiner.keys("u")
    examiner.wait("return document.querySelector('#reviewed').textContent === '2'")
    examiner.keys("k", "k")
    examiner.wait(f"return document.querySelector('#subject').textContent.includes('{MATE}')")
    examiner.keys("y")
    fill(examiner, "#note", "a line across both")
    examiner.click("#lead-box button[type=submit]")
    at(examiner, "/lead")
    lead = re.search(r"JAM-L\d+", examiner.text("h1")).group(0)
    give_verdict(examiner, lead, "agreement all round")
    assert examiner.complaints() == []
    # The reviewer is led to the lead and sees the marks alone.
    go(reviewer, "/")
    assert "await your verdict" in reviewer.text("main")
    reviewer.click(f"main a[href*='{lead}']")
    at(reviewer, "/lead")
    shown = reviewer.text("main")
    assert "agreement all round" not in shown
    assert "a line across both" not in shown
    reviewer.wait(f"return {INSIDE}?.dataset.firstPictureMs !== undefined")
    assert "not compared" in reviewer.run(f"return {INSIDE}.innerText")
    go(reviewer, "/list?id=JAM-Q1")
    assert "second verdict is yours to give" in reviewer.text("main")
    give_verdict(reviewer, lead, "agrees in all cells")
    with Vault.open(tmp_path / "JAM") as vault, vault.catalogue.reading() as db:
        history = read_lead(db, lead, "")
    assert status_of(history) is LeadStatus.CONFIRMED_LINK
    assert [review.blind for review in history.reviews] == [True, True]
    # The link is traced, with its places, and reported.
    go(examiner, f"/lead?number={lead}")
    examiner.click("main a[href*='/trace']")
    at(examiner, "/trace")
    assert examiner.run("return document.querySelectorAll('.timeline circle').length") == 2
    assert "confirmed link" in examiner.text("main")
    assert examiner.complaints() == []
    go(examiner, "/")
    assert lead not in examiner.text("main")
    with Vault.open(tmp_path / "JAM", read_only=True) as vault:
        assert vault.check().problems == ()
