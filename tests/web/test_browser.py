"""`ribin serve` in headless Chromium: a search, a look, a lead, a verdict, a report."""

from __future__ import annotations

import re

import pytest
from page_browser import Browser, needs_browser, open_browser
from web_client import record_long_list, served

from ribin.params.defaults import DEFAULT_PARAMS
from ribin.services.session import Session
from ribin.vault.vault import Vault
from ribin.web.state import ApplicationState

pytestmark = needs_browser
QUERY = "JAM-2026-0007-1"
SHOWN = (
    "return document.querySelector('iframe.shown')?.contentDocument?.body"
    "?.dataset.firstPictureMs !== undefined"
)
LONG = "A-very-long-exhibit-name-" + "y" * 150


@pytest.fixture(scope="module")
def folder(sample_dir, tmp_path_factory):
    from ribin.commands.app import app
    from ribin.commands.terminal import run

    folder = tmp_path_factory.mktemp("vaults") / "JAM"
    Vault.create(folder, "JAM", "A. Brown").close()
    for name, file in (
        (QUERY, QUERY),
        (LONG, "BLZ-2025-0042-1"),
        ("JAM-2025-0038-1", "JAM-2025-0038-1"),
    ):
        fields = ["--event", f"E-{name}", "--exhibit", name, "--place", "<i>Port</i>"]
        fields += ["--calibre", "9x19"]
        args = ["enrol", str(sample_dir / f"{file}.x3p"), *fields, "--who", "A. Brown"]
        assert run(app, [*args, "--vault", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def address(folder):
    with served(ApplicationState(folder, None, DEFAULT_PARAMS, "A. Brown")) as client:
        yield client.session.address


@pytest.fixture(scope="module")
def opened(tmp_path_factory, address):
    with open_browser(tmp_path_factory.mktemp("browser")) as browser:
        browser.server = address.partition("/enter")[0] + "/"
        browser.driver.get(address)
        browser.settle()
        yield browser


@pytest.fixture
def browser(opened) -> Browser:
    opened.settle()
    opened.forget()
    yield opened
    assert opened.logged() == []
    assert opened.asked() == []


def go(browser, path):
    browser.driver.get(browser.server.rstrip("/") + path)
    browser.settle()


def look_at_first(browser):
    browser.click("#details")
    browser.wait("return location.pathname.endsWith('/candidate')")


def type_into(browser, css, text):
    browser.find(css).send_keys(text)


def searched(browser):
    go(browser, f"/exhibit?name={QUERY}")
    browser.click("form[action$='/search'] button")
    browser.wait("return location.pathname.endsWith('/list')")
    browser.wait(SHOWN)


def test_pages_are_usable_by_everybody(browser):
    """axe-core finds nothing serious on any page."""
    complaints = {}
    go(browser, "/exhibits")
    assert browser.text("h1") == "Exhibits of JAM"
    assert "<i>Port</i>" in browser.text("tbody")
    for path in ("/", "/exhibits", "/entry", "/searches", f"/exhibit?name={QUERY}", "/leads"):
        go(browser, path)
        complaints[path] = browser.complaints()
    searched(browser)
    complaints["/list"] = browser.complaints()
    look_at_first(browser)
    complaints["/candidate"] = browser.complaints()
    assert {path: found for path, found in complaints.items() if found} == {}


def test_a_list_of_400_is_usable_by_everybody(opened, folder):
    """axe-core finds nothing of any impact, and it is no wider than the window, at 200 % too. The
    contrast of a row is that of a short list; over all of them it takes minutes."""
    browser = opened
    searched(browser)
    number = re.search(r"id=(JAM-Q\d+)", browser.run("return location.search")).group(1)
    with Session.open(folder, None, DEFAULT_PARAMS, 1) as session:
        long = record_long_list(session, number, "A. Brown")
    go(browser, f"/list?id={long}")
    assert browser.run("return document.querySelectorAll('[data-ref]').length") == 400
    assert browser.complaints(every=True, without=["color-contrast"]) == []
    try:
        browser.resize(640, 400, scale=2)
        assert browser.complaints(every=True, without=["color-contrast"]) == []
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    finally:
        browser.resize()
    lost = "404 (Not Found)"  # pictures and comparisons of exhibits that are not there
    assert [line for line in browser.logged() if lost not in line] == []


def test_nothing_is_wider_than_the_window(browser):
    paths = ("/", "/exhibits", "/entry", "/searches", f"/exhibit?name={QUERY}", "/leads")
    for path in (*paths, f"/exhibit?name={LONG}"):
        go(browser, path)
        wide = "return document.documentElement.scrollWidth > window.innerWidth"
        assert not browser.run(wide), path
    searched(browser)
    beyond = (
        "return [...document.querySelectorAll('.candidates')]"
        ".filter((one) => one.scrollWidth > one.clientWidth + 1).length"
    )
    assert browser.run(beyond) == 0, "a long name pushes no figure out of its list"


def test_pictures_of_candidates_load(browser):
    searched(browser)
    browser.wait(
        "return [...document.images].filter(i => i.complete && i.naturalWidth > 0).length >= 2"
    )


def test_the_cookie_is_hidden_from_scripts(browser):
    go(browser, "/")
    assert browser.run("return document.cookie") == ""


def test_a_candidate_is_looked_at_and_taken_up(browser):
    searched(browser)
    look_at_first(browser)
    with browser.other_window("a.button[href*='/compare']"):
        browser.wait("return document.body?.dataset.firstPictureMs !== undefined")
        assert browser.complaints() == []
    type_into(browser, "#note", "agreement all round")
    browser.click("form[action$='/lead/open'] button")
    browser.wait("return location.pathname.endsWith('/lead')")
    assert re.match(r"Lead JAM-L\d+ ", browser.text("h1"))
    assert browser.complaints() == []
    browser.run("document.querySelector('#conclusion').value = 'inconclusive_a'")
    browser.click("input[value=items]")
    type_into(browser, "#note", "too little of it")
    browser.click("form[action$='/review'] button")
    browser.wait("return document.querySelector('main').innerText.includes('second review due')")
    assert "1 verdict given, shown when both are in" in browser.text("main")


def test_a_report_opens(browser):
    searched(browser)
    look_at_first(browser)
    with browser.other_window("form[action$='/report'] button"):
        browser.wait("return document.readyState === 'complete' && document.images.length === 2")
        assert browser.text("h1") == "Comparison report"
        assert browser.complaints() == []
        address = browser.driver.current_url
        browser.driver.refresh()
        browser.settle()
        assert (browser.driver.current_url, browser.text("h1")) == (address, "Comparison report")


def test_nothing_is_wider_than_a_narrow_window(browser):
    try:
        searched(browser)
        for path in ("/list", "/candidate"):
            browser.resize(640, 800)
            assert browser.run("return document.documentElement.scrollWidth <= innerWidth"), path
            browser.resize()
            if path == "/list":
                look_at_first(browser)
    finally:
        browser.resize()


def test_a_list_is_worked_through_by_keys(browser):
    """J shows the next page, which was loaded before; a word is kept and goes on to the next."""
    searched(browser)
    browser.wait("return document.querySelectorAll('iframe').length === 2")
    browser.wait("return document.querySelectorAll('iframe[data-loaded]').length === 2")
    first = browser.text("#subject")
    browser.keys("j")
    assert browser.text("#subject") != first
    assert float(browser.run("return document.body.dataset.shownMs")) < 300
    assert browser.run(SHOWN), "it was drawn before it was asked for"
    browser.keys("k")
    assert browser.text("#subject") == first
    browser.keys("u")
    browser.wait("return document.querySelector('#reviewed').textContent === '1'")
    browser.wait(f"return document.querySelector('#subject').textContent !== '{first}'")
    address = browser.run("return location.href")
    browser.driver.refresh()
    browser.settle()
    assert browser.run("return location.href") == address
    assert browser.text("[data-seen='nothing seen'] .seen") == "nothing seen"
    browser.keys("y")
    assert browser.run("return document.querySelector('#lead-box').open")
    browser.find("#note").send_keys("just keys")
    assert browser.find("#note").get_attribute("value") == "just keys", "letters are no commands"
    assert browser.complaints() == []


def test_keys_of_the_station_work_within_the_comparison(browser):
    searched(browser)
    first = browser.text("#subject")
    browser.driver.switch_to.frame(browser.find("iframe.shown"))
    browser.keys("j")
    browser.driver.switch_to.default_content()
    assert browser.text("#subject") != first


def test_annotations_are_saved_when_the_next_page_is_shown(browser):
    searched(browser)
    browser.run(
        "const { notes } = document.querySelector('iframe.shown').contentWindow.ribin;"
        "notes.add('agreement', [0, 0], [200, 200]);"
    )
    browser.keys("\ue00c")
    browser.run("document.activeElement.blur(); document.querySelector('#next').click()")
    browser.wait("return document.querySelector('#said').textContent.includes('saved as JAM-A')")


def test_filters_are_in_the_address_and_an_empty_list_says_why(browser):
    searched(browser)
    browser.run("document.querySelector('#filter-box').open = true")
    type_into(browser, "#text", "no such thing")
    assert browser.text("#none") == "None of the 2 candidates passes: text no such thing."
    browser.driver.refresh()
    browser.settle()
    assert browser.text("#count") == "0 of 2 candidates"
    browser.click("#all")
    assert browser.text("#count") == "2 candidates"


def test_the_buttons_of_the_station_stand_in_one_line(browser):
    searched(browser)
    lines = browser.run(
        "return [...document.querySelectorAll('.actions :is(button, .button)')]"
        ".filter((one) => one.offsetWidth).map((one) => one.getBoundingClientRect().top)"
    )
    assert len(lines) >= 6
    assert max(lines) - min(lines) <= 2


def test_a_list_without_candidates_offers_no_step_on_one(browser):
    go(browser, f"/exhibit?name={QUERY}")
    browser.run("document.querySelector('#calibre').value = '.45 ACP'")
    browser.click("form[action$='/search'] button")
    browser.wait("return location.pathname.endsWith('/list')")
    browser.settle()
    assert browser.text("#frames").strip() == "There is no candidate to compare."
    assert not browser.find("#next").is_enabled()
    offered = (
        "return [...document.querySelectorAll('[data-status], #take-up, #alone, #details')]"
        ".filter((one) => one.offsetWidth && !one.disabled).length"
    )
    assert browser.run(offered) == 0


def test_a_long_log_is_short_in_a_narrow_window(browser):
    go(browser, "/audit")
    try:
        browser.resize(640, 800)
        heights = browser.run(
            "return [...document.querySelectorAll('table.compact tbody tr')]"
            ".map((one) => one.getBoundingClientRect().height)"
        )
        assert heights
        assert sum(heights) / len(heights) < 110
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    finally:
        browser.resize()


def test_nothing_of_the_station_is_cut_off_on_a_telephone(browser):
    try:
        browser.resize(390, 844)
        go(browser, f"/exhibit?name={QUERY}")
        browser.click("form[action$='/search'] button")
        browser.wait("return location.pathname.endsWith('/list')")
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
        browser.click(".candidates a")
        browser.wait(SHOWN)
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
        assert browser.complaints() == []
        browser.click("#to-list")
        assert browser.find(".candidates").is_displayed()
    finally:
        browser.resize()


def test_a_scan_is_sent_outlined_and_enrolled(browser, sample_dir):
    """The whole of entry: sent, looked at, a brush and its undo, a circle by numbers, enrolled."""
    go(browser, "/entry")
    browser.find("#files").send_keys(str(sample_dir / "JAM-2025-0051-1.x3p"))
    browser.wait("return document.body.dataset.sent === '1'")
    assert browser.complaints() == []
    browser.click("#uploads a")
    browser.wait("return document.body?.dataset.ready === 'yes'")
    assert browser.complaints() == []
    drawn = "return document.querySelector('#outlines').value"
    browser.click("#draw-tools [value=erase]")
    x, y = browser.middle("#scan")
    browser.drag((x - 60, y - 90), (x + 60, y - 90))
    browser.wait("return document.body.dataset.judged === '1'")
    assert '"from_found":true' in browser.run(drawn)
    assert "outlined" in browser.text("#verdicts")
    browser.click("#undo")
    browser.wait("return document.body.dataset.judged === '2'")
    assert browser.run(drawn) == ""
    assert "cut out" in browser.text("#verdicts")
    browser.run("document.querySelector('.viewer details').open = true")
    for name, value in (("row", "165"), ("col", "165"), ("radius", "120"), ("inner", "60")):
        browser.run(f"document.querySelector('#c-{name}').value = '{value}'")
    browser.click("#c-set")
    browser.wait("return document.body.dataset.judged === '3'")
    assert "outlined" in browser.text("#verdicts")
    type_into(browser, "#event", "E-new")
    browser.click("#form button[type=submit]")
    browser.wait("return location.pathname.endsWith('/entry')")
    assert "enrolled as JAM-2025-0051-1" in browser.text("#uploads")
    go(browser, "/exhibit?name=JAM-2025-0051-1")
    assert "outlined by A. Brown" in browser.text("main")


def set_circle(browser, *numbers):
    """By numbers: row, column, radius and perhaps an inner radius."""
    browser.run("document.querySelector('.viewer details').open = true")
    for name, value in zip(("row", "col", "radius", "inner"), (*numbers, "")[:4], strict=False):
        browser.run(f"document.querySelector('#c-{name}').value = '{value}'")
    before = browser.run("return Number(document.body.dataset.judged ?? 0)")
    browser.click("#c-set")
    return before


def redo_page(browser):
    go(browser, f"/exhibit?name={QUERY}")
    browser.click("a[href*='/redo?']")
    browser.wait("return document.body?.dataset.ready === 'yes'")


def disabled(browser):
    ids = ("undo", "redo", "as-found")
    return [one for one in ids if not browser.find(f"#{one}").is_enabled()]


def test_a_circle_takes_the_place_of_the_one_before(browser):
    redo_page(browser)
    drawn = "return window.ribinOutline.strokesOf('breech_face')"
    set_circle(browser, "x", 160, 90)
    assert browser.text("#drawing").startswith("Numbers needed")
    set_circle(browser, 160, 160, 9000)
    assert "at most 475 pixels needed" in browser.text("#drawing")
    assert browser.run(drawn) == []
    set_circle(browser, 160, 160, 90)
    assert browser.text("#drawing") == "breech face: the circle is set"
    before = set_circle(browser, 165, 165, "120,5")
    browser.wait(f"return Number(document.body.dataset.judged) > {before}")
    (circle,) = browser.run(drawn)
    assert (circle["points"], circle["radius"]) == ([[165, 165]], 120.5)
    assert browser.run("window.ribinOutline.setInner(40); " + drawn)[0]["inner"] == 40
    browser.click("#undo")
    browser.click("#undo")
    assert browser.run(drawn)[0]["radius"] == 90, "the one before is back"


def test_a_found_mark_that_an_outline_covers_is_missed(browser):
    redo_page(browser)
    browser.click("#marks [value=firing_pin]")
    assert browser.text("#as-found") == "Firing pin as found"
    before = set_circle(browser, 165, 165, 470)
    browser.wait(f"return Number(document.body.dataset.judged) > {before}")
    assert browser.text("#problem") != ""
    browser.click("#as-found")
    browser.wait("return document.querySelector('#problem').textContent === ''")
    assert "breech face" in browser.text("#verdicts")


def test_a_refused_outline_is_undone_as_any_other(browser):
    redo_page(browser)
    assert disabled(browser) == ["undo", "redo", "as-found"]
    set_circle(browser, 290, 290, 15)
    type_into(browser, "#reason", "drawn anew")
    browser.click("#form button[type=submit]")
    browser.wait("return document.querySelector('p[role=alert]') !== null")
    browser.wait("return document.body?.dataset.ready === 'yes'")
    assert "enrols" not in browser.text("p[role=alert]")
    assert disabled(browser) == ["redo"]
    browser.click("#undo")
    assert browser.run("return document.querySelector('#outlines').value") == ""
    assert disabled(browser) == ["undo", "as-found"]
    browser.forget()


def test_an_outline_is_drawn_by_keys_alone(browser, sample_dir):
    go(browser, f"/exhibit?name={QUERY}")
    browser.click("a[href*='/redo?']")
    browser.wait("return document.body?.dataset.ready === 'yes'")
    browser.click("#draw-tools [value=add]")
    browser.run("document.querySelector('#scan').focus()")
    before = browser.run("return window.ribinOutline.view.scale")
    browser.keys("+", "\ue012", "\ue007")
    assert browser.run("return window.ribinOutline.view.scale") > before
    (stroke,) = browser.run("return window.ribinOutline.steps")
    assert stroke["tool"] == "add"
    browser.keys("z")
    assert browser.run("return window.ribinOutline.steps.length") == 0
    assert browser.complaints() == []
