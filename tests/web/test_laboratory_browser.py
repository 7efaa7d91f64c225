"""A laboratory's server in headless Chromium, over TLS: three people, a lock, a signed verdict."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from certificate_makers import make_certificate
from laboratory_client import EXAMINER, HEAD, REVIEWER, make_staff, password_of, running_laboratory
from page_browser import browser_at, needs_browser

from ribin.cases.leads import ExhibitRef, LeadStatus
from ribin.crypto.server_certificate import server_tls
from ribin.leads.rules import status_of
from ribin.leads.steps import take_up_lead
from ribin.vault.leads import read_lead
from ribin.vault.vault import Vault

pytestmark = [*needs_browser, pytest.mark.usefixtures("quick_passwords")]
PAGES = ("/statistics", "/audit", "/people", "/vault", "/account")
SIZES = ((390, 800), (1280, 800), (1920, 1080), (2560, 1300))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, sample_dir, quick_passwords):
    from ribin.commands.app import app
    from ribin.commands.terminal import run

    made = tmp_path_factory.mktemp("laboratory") / "JAM"
    Vault.create(made, "JAM", who=HEAD).close()
    for name, scan in (("JAM-1", "JAM-2026-0007-1"), ("JAM-2", "JAM-2025-0038-1")):
        fields = ["--event", f"E-{name}", "--exhibit", name, "--who", HEAD, "--vault", str(made)]
        assert run(app, ["enrol", str(sample_dir / f"{scan}.x3p"), *fields]) == 0
    with Vault.open(made) as vault:
        make_staff(vault)
        refs = ExhibitRef("JAM", "JAM-1"), ExhibitRef("JAM", "JAM-2")
        take_up_lead(vault, None, *refs, who=EXAMINER, note="alike")
    return made


@pytest.fixture
def lab(folder, tmp_path):
    with running_laboratory(folder, certificate=make_certificate(tmp_path, "127.0.0.1")) as made:
        yield made


@pytest.fixture
def browser(lab, tmp_path):
    """The locked page and a password are refused, and so are made-up marks in the place of a
    comparison page."""
    known = (" 401 ", " 403 ", "/lead/marks?number=JAM-L1 - Failed to load")
    with browser_at(lab.port, tmp_path, known) as opened:
        yield opened


def fill(browser, **fields):
    for name, text in fields.items():
        browser.driver.find_element("name", name).send_keys(text)


def submit(browser, text):
    (button,) = browser.driver.find_elements("xpath", f"//main//button[.='{text}']")
    button.click()
    browser.settle()


def sign_in(browser, person, path=""):
    browser.driver.get(f"{browser.server}{path}")
    browser.settle()
    fill(browser, name=person, password=password_of(person))
    submit(browser, "Sign in")


def heading(browser):
    return browser.run("return document.querySelector('h1').textContent")


def test_a_person_signs_in_is_locked_and_goes_on_where_it_was(lab, browser):
    sign_in(browser, EXAMINER, "exhibit?name=JAM-2")
    assert "JAM-2" in heading(browser)
    assert browser.run("return document.cookie") == ""
    where = browser.driver.current_url
    lab.clock.now += 16 * 60
    browser.driver.refresh()
    browser.settle()
    assert heading(browser) == "Locked"
    assert browser.complaints() == []
    fill(browser, password="something else")
    submit(browser, "Go on")
    assert "The password is not right." in browser.run("return document.body.textContent")
    fill(browser, password=password_of(EXAMINER))
    submit(browser, "Go on")
    assert (browser.driver.current_url, "JAM-2" in heading(browser)) == (where, True)
    browser.driver.find_element("xpath", "//button[.='Sign out']").click()
    browser.settle()
    assert heading(browser) == "Sign in"
    browser.driver.back()
    browser.settle()
    assert heading(browser) == "Sign in"  # what was shown is not kept


def test_two_people_sign_both_verdicts(lab, browser, folder):
    for person in (EXAMINER, REVIEWER):
        browser.driver.delete_all_cookies()
        sign_in(browser, person, "lead?number=JAM-L1")
        browser.run(
            "document.querySelector('[name=conclusion]').value = 'identification';"
            "document.querySelector('[name=examined][value=items]').checked = true"
        )
        fill(browser, note="seen on the items")
        browser.driver.find_element("css selector", "main [name=password]").send_keys(
            password_of(person)
        )
        submit(browser, f"Give it as {person}")
        assert "Lead JAM-L1" in heading(browser)
    with Vault.open(folder) as vault, vault.catalogue.reading() as db:
        assert status_of(read_lead(db, "JAM-L1", "")) is LeadStatus.CONFIRMED_LINK


def test_pages_fit_every_window_and_everybody(lab, browser):
    browser.driver.get(f"{browser.server}sign-in")
    assert browser.complaints() == []
    sign_in(browser, HEAD)
    base = browser.driver.current_url.rstrip("/")
    for path in PAGES:
        browser.driver.get(f"{base}{path}")
        for size in SIZES:
            browser.resize(*size)
            browser.settle()
            width = browser.run("return document.documentElement.scrollWidth")
            assert width <= size[0], (path, size)
        browser.resize()
        for colours in ("light", "dark"):
            wanted = [{"name": "prefers-color-scheme", "value": colours}]
            browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})
            assert browser.complaints() == [], (path, colours)


def test_a_program_on_another_port_of_the_host_is_sent_no_cookie(lab, browser, tmp_path):
    """Cookies know no ports; what keeps this one at home is its path, which nobody else knows."""
    received: list[str | None] = []

    class Thief(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path != "/favicon.ico":
                received.append(self.headers.get("Cookie"))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Set-Cookie", "__Secure-ribin=planted; Secure; Path=/")
            self.end_headers()
            self.wfile.write(b"<title>x</title><link rel=icon href=data:,>")

        def log_message(self, *_):
            pass

    thief = HTTPServer(("127.0.0.1", 0), Thief)
    pem, key = make_certificate(tmp_path, "127.0.0.1")
    thief.socket = server_tls(pem, key, ("127.0.0.1",)).wrap_socket(thief.socket, server_side=True)
    thread = threading.Thread(target=thief.serve_forever, daemon=True)
    thread.start()
    try:
        sign_in(browser, EXAMINER, "leads")
        inside, home = browser.driver.current_url, browser.server
        browser.server = f"https://127.0.0.1:{thief.server_port}/"
        for path in ("", "leads", "sign-in", f"{'x' * 43}/leads"):
            browser.driver.get(f"{browser.server}{path}")
            browser.settle()
        browser.forget()
        browser.server = home
    finally:
        thief.shutdown()
        thread.join(10)
        thief.server_close()
    (session,) = lab.authenticator._sessions.values()
    assert len(received) == 4
    assert received[0] is None
    assert not any(session.cookie in (text or "") for text in received)
    # And what it planted under the same name takes nobody's place.
    browser.driver.get(inside)
    browser.settle()
    assert EXAMINER in browser.run("return document.querySelector('.who').textContent")


def test_keys_alone_are_enough_to_sign_in(lab, browser):
    from selenium.webdriver.common.keys import Keys

    browser.driver.get(f"{browser.server}sign-in")
    browser.settle()
    keys = browser.driver.switch_to.active_element  # the name has the focus
    keys.send_keys(HEAD + Keys.TAB)
    browser.driver.switch_to.active_element.send_keys(password_of(HEAD) + Keys.ENTER)
    browser.settle()
    assert heading(browser) != "Sign in"
