"""The main ways of `ribin serve` in Firefox: a file sent, outlined, enrolled, searched with, looked
at by keys and taken up. It needs `firefox-esr` and its driver, `geckodriver`, on the machine."""

from __future__ import annotations

import shutil
import time
from importlib.util import find_spec

import pytest
from web_client import OTHER, QUERY, served, state

MISSING = [name for name in ("firefox-esr", "geckodriver") if not shutil.which(name)]
MISSING += [name for name in ("selenium",) if not find_spec(name)]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"no {', '.join(MISSING)} on this machine"),
]
SHOWN = (
    "return document.querySelector('iframe.shown')?.contentDocument?.body"
    "?.dataset.firstPictureMs !== undefined"
)
PAGES = ("/", "/exhibits", "/entry", "/searches", "/leads", "/statistics", "/audit", "/people")


@pytest.fixture
def firefox():
    from selenium import webdriver
    from selenium.webdriver.firefox.service import Service

    options = webdriver.FirefoxOptions()
    options.binary_location = shutil.which("firefox-esr")
    options.add_argument("-headless")
    driver = webdriver.Firefox(options=options, service=Service(shutil.which("geckodriver")))
    driver.set_window_size(1280, 900)
    try:
        yield driver
    finally:
        driver.quit()


def wait(driver, script, seconds=60.0):
    end = time.monotonic() + seconds
    while not driver.execute_script(script):
        assert time.monotonic() < end, script
        time.sleep(0.05)


def test_from_a_file_to_a_lead(firefox, linked, sample_dir, tmp_path):
    from selenium.webdriver import ActionChains

    linked(tmp_path, "A. Brown", JAM=(OTHER,))

    def keys(text):
        ActionChains(firefox).send_keys(text).perform()

    def find(css):
        return firefox.find_element("css selector", css)

    with served(state(tmp_path)) as client:
        firefox.get(client.session.address)
        base = firefox.current_url.rstrip("/")
        firefox.get(f"{base}/entry")
        find("#files").send_keys(str(sample_dir / f"{QUERY}.x3p"))
        wait(firefox, "return document.body.dataset.sent === '1'")
        find("#uploads a").click()
        wait(firefox, "return document.body.dataset.ready === 'yes'")
        find("#draw-tools [value=erase]").click()
        stroke = ActionChains(firefox).move_to_element_with_offset(find("#scan"), -40, -60)
        stroke.click_and_hold().move_by_offset(60, 0).release().perform()
        wait(firefox, "return document.body.dataset.judged === '1'")
        assert "outlined" in find("#verdicts").text
        find("#event").send_keys("E1")
        find("#form button[type=submit]").click()
        wait(firefox, "return location.pathname.endsWith('/entry')")
        firefox.get(f"{base}/exhibit?name={QUERY}")
        find("form[action$='/search'] button").click()
        wait(firefox, "return location.pathname.endsWith('/list')")
        wait(firefox, SHOWN)
        assert OTHER in find("#subject").text
        keys("j")
        assert "the last candidate" in find("#said").text
        keys("o")
        wait(firefox, "return document.querySelector('#reviewed').textContent === '1'")
        keys("y")
        wait(firefox, "return document.querySelector('#lead-box').open")
        keys("a line across both")
        find("#lead-box button[type=submit]").click()
        wait(firefox, "return location.pathname.endsWith('/lead')")
        assert "JAM-L1" in find("h1").text
        wait(firefox, SHOWN.replace("iframe.shown", ".pair iframe"))
        for width in (1280, 500):
            firefox.set_window_size(width, 900)
            for path in PAGES:
                firefox.get(f"{base}{path}")
                beyond = "return document.documentElement.scrollWidth - window.innerWidth"
                assert firefox.execute_script(beyond) <= 0, (path, width)
