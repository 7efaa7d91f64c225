"""A whole day of a laboratory in Chromium, by keyboard alone: three people sign in one after the
other; ten scans, two outlines corrected, three scopes, a list of 400, an annotation, a lead, a
blind second review, the link, its trace, a report and the figures.

Each page is held against axe, a zoom of 200 %, and print; none says an error or asks anybody else.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from certificate_makers import make_certificate
from heads import HeadSpec, Stage, scan_head
from laboratory_client import (
    EXAMINER,
    HEAD,
    REVIEWER,
    TECHNICIAN,
    make_staff,
    password_of,
    running_laboratory,
)
from page_browser import browser_at, needs_browser
from selenium.webdriver.common.keys import Keys

from ribin.params.defaults import DEFAULT_PARAMS
from ribin.services.list_review import open_list
from ribin.services.recorded_searches import record_lists
from ribin.services.session import Session
from ribin.synth.firearm import make_firearm
from ribin.synth.write import write_x3p
from ribin.vault.vault import Vault

pytestmark = [*needs_browser, pytest.mark.usefixtures("quick_passwords")]
SENT = (
    "JAM-2026-0007-1",
    "BLZ-2025-0042-1",  # of the same firearm as the first
    "JAM-2025-0038-1",
    "JAM-2025-0051-1",
    "BLZ-2025-0029-1",
    "BLZ-2025-0047-1",
    "BRB-2025-0020-1",
    "BRB-2026-0004-1",
)
FIRST, MATE = "E0", "E1"
INSIDE = "document.querySelector('iframe.shown')?.contentDocument"
SHOWN = f"return {INSIDE}?.body?.dataset.firstPictureMs !== undefined"
PATIENCE_S = 240.0  # for a page behind which kernels may have to be compiled
# What a browser reports of a page that is refused, as two are here.
KNOWN = (" 400 ", " 403 ")


class Person:
    """Somebody at the keyboard: Tab to a control, Enter or Space on it, and text into it."""

    def __init__(self, browser) -> None:
        self.browser = browser
        self.looked_at: set[str] = set()

    def go(self, path):
        browser = self.browser
        base = re.match(r"https://[^/]+(?:/[\w-]{43})?", browser.driver.current_url)[0]
        browser.driver.get(base + path)
        browser.settle()

    def focus(self, css, most=250):
        """Tab until the control has the focus: what cannot be reached so is not there."""
        run = self.browser.run
        run("document.activeElement?.blur(); window.getSelection().removeAllRanges()")
        for _ in range(most):
            self.browser.keys(Keys.TAB)
            if run("return document.activeElement?.matches(arguments[0])", css):
                visible = run("return document.activeElement.getClientRects().length > 0")
                assert visible, css
                return
        raise AssertionError(f"{css}: not reached by Tab")

    def fill(self, css, text):
        self.focus(css)  # which chooses what is in the field
        self.browser.keys(Keys.DELETE, text)

    def press(self, css, key=Keys.ENTER):
        self.focus(css)
        self.browser.keys(key)

    def leads_to(self, css, path, key=Keys.ENTER):
        """Press, and wait for the page that comes of it."""
        self.browser.run("window.leftBehind = true")
        self.press(css, key)
        self.browser.wait(
            "return !window.leftBehind && document.readyState === 'complete'"
            f" && location.pathname.endsWith('{path}')",
            PATIENCE_S,
        )
        self.browser.settle()

    def sign_in(self, who):
        self.browser.driver.get(self.browser.server + "sign-in")
        self.browser.settle()
        self.look("/sign-in")
        self.fill("#name", who)
        self.fill("#password", password_of(who))
        self.leads_to("main button", "/")

    def sign_out(self):
        self.leads_to("form[action$='/sign-out'] button", "/sign-in")

    def look(self, name):
        """The page is for everybody: axe finds nothing of any impact; nothing is wider than the
        window at 200 %, and what is printed is the page without its bar."""
        browser = self.browser
        self.looked_at.add(name)
        assert browser.complaints(every=True) == [], name
        browser.resize(640, 400, 2)
        wide = "return document.documentElement.scrollWidth - window.innerWidth"
        assert browser.run(wide) <= 0, f"{name} at 200 %"
        browser.resize()
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        shown = "return [...document.querySelectorAll(arguments[0])].filter((e) => e.offsetHeight)"
        assert browser.run(f"{shown}.length", ".top nav, main button, .skip") == 0, name
        assert browser.run(f"{shown}.length", "main") == 1, name
        assert len(browser.driver.print_page()) > 1000
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.fixture
def scans(sample_dir, tmp_path):
    """Ten files: eight marks, a whole head, and a photograph whose marks nobody finds."""
    folder = tmp_path / "scans"
    folder.mkdir()
    rng = np.random.default_rng(6)
    spec = dataclasses.replace(HeadSpec.draw(rng), ejector_um=1100.0, drag_um=300.0)
    stage = Stage(11.0, -4700.0, 4700.0, -4700.0, 4700.0, (1.5, -2.0), 0.1, 0.0005, 5.0, 4)
    head = folder / "head.x3p"
    write_x3p(replace(scan_head(make_firearm(0), 1, spec, stage).scan, mark_valid=None), head, 0.05)
    grey = np.random.default_rng(3).integers(60, 190, (420, 420)).astype(np.uint8)
    photograph = folder / "photograph.png"
    cv2.imwrite(str(photograph), cv2.GaussianBlur(grey, (0, 0), 2.0))
    return [*(sample_dir / f"{name}.x3p" for name in SENT), head, photograph]


@pytest.fixture
def lab(linked, tmp_path):
    linked(tmp_path, HEAD, JAM=("JAM-2026-0012-1",), BLZ=("BLZ-2025-0042-1",))
    with Vault.open(tmp_path / "JAM") as vault:
        make_staff(vault)
    certificate = make_certificate(tmp_path, "127.0.0.1")
    with running_laboratory(tmp_path / "JAM", tmp_path / "network.toml", certificate) as made:
        yield made


@pytest.fixture
def person(lab, tmp_path):
    with browser_at(lab.port, tmp_path, KNOWN) as browser:
        yield Person(browser)


def test_a_whole_day(person, lab, scans, tmp_path):
    enter_ten(person, scans)
    number = search_three_scopes(person)
    page_through_400(person, lab, tmp_path, number)
    take_up(person, number)
    first_verdict(person)
    second_verdict(person)
    what_came_of_it(person)
    assert len(person.looked_at) >= 18
    with Vault.open(lab.vault) as vault:
        assert vault.check().problems == ()
        rows = vault.audit_log()
    reviews = [row for row in rows if row.action == "review"]
    assert [row.who for row in reviews] == [EXAMINER, REVIEWER]
    assert all("signed off" in row.identity for row in reviews)


def enter_ten(person, scans):
    """The technician sends ten files, and corrects the outlines of two."""
    browser = person.browser
    person.sign_in(TECHNICIAN)
    person.leads_to("nav a[href$='/entry']", "/entry")
    # The dialogue in which a system chooses files is not the page's.
    browser.find("#files").send_keys("\n".join(map(str, scans)))
    browser.wait(f"return document.body.dataset.sent === '{len(scans)}'", 120)
    person.look("/entry")
    person.leads_to("#uploads li:first-child a", "/draft")
    for number in range(len(scans)):
        if number == len(scans) - 1:
            person.look("/draft, not read")
            person.fill("#pitch", "10")
            person.leads_to("form[action$='/draft/read'] button", "/draft")
        browser.wait("return document.body.dataset.ready === 'yes'")
        if number == 2:  # what the eraser takes away, by keys
            person.press("#draw-tools [value=erase]", Keys.SPACE)
            person.focus("#scan")
            browser.keys(*[Keys.ARROW_UP] * 3, Keys.ENTER)
            browser.wait("return document.body.dataset.judged === '1'")
            person.look("/draft")
        if number == len(scans) - 1:  # a circle by numbers, and the light
            person.press("details summary")
            for name, text in (("row", "210"), ("col", "210"), ("radius", "180"), ("inner", "60")):
                person.fill(f"#c-{name}", text)
            person.press("#c-set")
            browser.wait("return document.body.dataset.judged === '1'")
            person.focus("#lighting")
            browser.keys("ring")
            person.fill("#accept", "the only photograph of the case")
        person.fill("#exhibit", f"E{number}")
        person.fill("#event", f"CIB-{number}")
        person.fill("#place", ("Spanish Town", "May Pen")[number % 2])
        person.fill("#date", f"2026-03-{number + 10}")
        after = "/entry" if number == len(scans) - 1 else "/draft"
        person.leads_to("#form button[type=submit]", after)
    assert browser.text("#uploads").count("enrolled as") == len(scans)
    person.leads_to("nav a[href$='/exhibits']", "/exhibits")
    person.look("/exhibits")
    person.leads_to("tbody a[href*='name=E9']", "/exhibit")
    person.look("/exhibit")
    person.leads_to("main a[href*='/redo']", "/redo")
    browser.wait("return document.body.dataset.ready === 'yes'")
    person.look("/redo")
    person.sign_out()


def search_three_scopes(person):
    """The examiner searches the country, the cluster and the network; the number of the first."""
    browser = person.browser
    person.sign_in(EXAMINER)
    person.look("/")
    numbers = []
    for scope in ("country", "cluster", "network"):
        person.go(f"/exhibit?name={FIRST}")
        person.focus("#scope")
        browser.keys(scope)
        person.fill("#reason", "shooting of 14 March")
        person.leads_to("form[action$='/search'] button", "")
        browser.wait("return location.pathname.endsWith('/list')", PATIENCE_S)
        browser.settle()
        numbers.append(re.search(r"JAM-Q\d+", browser.driver.current_url)[0])
    assert len(set(numbers)) == 3
    person.leads_to("nav a[href$='/searches']", "/searches")
    person.look("/searches")
    return numbers[0]


def page_through_400(person, lab, folder, number):
    """From the first to the last of 400 by J alone; the last one is compared, the others are not
    waited for."""
    browser = person.browser
    with Session.open(lab.vault, folder / "network.toml", DEFAULT_PARAMS, 1) as session:
        opened = open_list(session, number, EXAMINER)
        one = opened.made.lists.first
        rows = [replace(one.candidates[n % 5], rank=n + 1) for n in range(400)]
        lists = replace(opened.made.lists, lists=(replace(one, candidates=tuple(rows)),), search="")
        long = record_lists(session.vault, opened.made.sides, lists).search
    person.go(f"/list?id={long}")
    browser.wait(SHOWN, PATIENCE_S)
    for rank in range(58, 401, 57):
        browser.keys(*"j" * 57)
        assert browser.text("#subject").startswith(f"rank {rank},")
    browser.wait(SHOWN, PATIENCE_S)
    assert browser.run("return document.querySelectorAll('#frames iframe').length") <= 5
    browser.keys("j")
    assert "the last candidate" in browser.text("#said")


def take_up(person, number):
    """An annotation by keys within the comparison, its mark, and a lead."""
    browser = person.browser
    person.go(f"/list?id={number}")
    browser.wait(SHOWN, PATIENCE_S)
    browser.wait(f"return {INSIDE}.body.innerText.includes('{MATE}')")
    person.look("/list")
    browser.driver.switch_to.frame(browser.find("iframe.shown"))
    browser.run("document.querySelector('#stage canvas, #stage')?.focus()")
    browser.keys("g", Keys.ENTER)
    browser.wait("return window.ribin.notes.unsaved")
    browser.driver.switch_to.default_content()
    browser.wait("return !document.querySelector('#keep-notes').hidden")
    person.press("#keep-notes")
    browser.wait("return document.querySelector('#said').textContent.includes('saved as')")
    browser.keys("y")
    browser.wait("return document.querySelector('#lead-box').open")
    browser.keys("a line across both marks")
    person.leads_to("#lead-box button[type=submit]", "/lead")
    assert "JAM-L1" in browser.text("h1")
    browser.wait(
        "return document.querySelector('.pair iframe').contentDocument?.body"
        "?.dataset.firstPictureMs !== undefined"
    )
    person.look("/lead")


def give_verdict(person, who, note):
    browser = person.browser
    person.focus("#conclusion")
    browser.keys("identification")
    person.press("input[value=items]", Keys.SPACE)
    person.fill("section #note", note)
    person.fill("#sign-off", password_of(who))
    person.leads_to("form[action$='/review'] button", "/lead")


def first_verdict(person):
    give_verdict(person, EXAMINER, "agreement all round")
    assert "second review due" in person.browser.text("h1")
    person.leads_to("nav a[href$='/leads']", "/leads")
    person.look("/leads")
    person.sign_out()


def second_verdict(person):
    """The reviewer is led to the lead by what is due, and sees the marks alone."""
    browser = person.browser
    person.sign_in(REVIEWER)
    person.leads_to("main a[href*='JAM-L1']", "/lead")
    shown = browser.text("main")
    for text in ("agreement all round", "a line across both", "congruent cells"):
        assert text not in shown
    person.look("/lead, blind")
    person.go("/searches")
    assert "the second verdict is yours to give" in browser.text("main")
    person.go("/lead?number=JAM-L1")
    give_verdict(person, REVIEWER, "agrees in all cells")
    assert "confirmed link" in browser.text("h1")


def what_came_of_it(person):
    browser = person.browser
    person.leads_to("main a[href*='/trace']", "/trace")
    assert browser.run("return document.querySelectorAll('.timeline circle').length") == 2
    person.look("/trace")
    person.go("/lead?number=JAM-L1")
    person.press("details summary")
    person.fill("#case", "C 7")
    with browser.other_window("form[action$='/lead/report'] button"):
        browser.wait("return document.readyState === 'complete' && document.images.length >= 2")
        assert browser.text("h1") == "Comparison report"
        assert browser.complaints(every=True) == []
    for path in ("/statistics", "/people", "/vault", "/account"):
        person.leads_to(f"header a[href$='{path}']", path)
        person.look(path)
    person.sign_out()
    person.sign_in(HEAD)
    person.leads_to("nav a[href$='/audit']", "/audit")
    person.look("/audit")
    person.go("/exhibits?page=x")
    assert "a whole number from 0 on needed" in browser.text("[role=alert]")
    person.look("/exhibits, refused")
