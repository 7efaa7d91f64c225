"""What an attacker meets on every form and every page: forged forms, stored markup, damaged files.

Sign-ins, cookies, guesses and sessions have `test_laboratory.py`, one person's server
`test_guard.py`, roles `test_roles.py`.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import random
from html.parser import HTMLParser
from urllib.parse import quote

import numpy as np
import pytest
from budgets import MemoryRise
from damaged import x3p_bytes
from image_files import image_files
from laboratory_client import (
    EXAMINER,
    HEAD,
    REVIEWER,
    by_own_account,
    make_staff,
    running_laboratory,
)
from mutations import mutated, mutated_inside
from mutations import state as contents
from page_walk import walk
from PIL import Image
from vault_makers import enrol, make_exhibit
from web_client import served

from ribin.cases.leads import Conclusion, ExhibitRef, ReviewBasis, Role
from ribin.leads.steps import give_review, take_up_lead
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.vault.audit import now_utc
from ribin.vault.messages import QuestionState, put_question
from ribin.vault.people import appoint
from ribin.vault.vault import Vault
from ribin.web import app
from ribin.web.state import ApplicationState

pytestmark = pytest.mark.usefixtures("quick_passwords")
FORMS = sorted({route.path for route in app._ROUTES if "POST" in route.methods})
OF_ACCOUNTS = ("/account/password", "/sign-out", "/unlock")
EVIL = """<script>alert(1)</script>'"></title></textarea><img src=x onerror=alert(2)>{{7*7}}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory, quick_passwords):
    """A vault in which every free text that a person can give is an attack."""
    made = tmp_path_factory.mktemp("attacked") / "JAM"
    fields = ("calibre", "firing_pin_shape", "breech_face_type", "ammunition", "make", "model")
    texts = {name: f"{name} {EVIL}" for name in (*fields, "case_number", "place")}
    with Vault.create(made, "JAM", who=HEAD) as vault:
        for number in (1, 2, 3):
            enrol(vault, number, make_exhibit(f"X{number} {EVIL}", **texts))
        make_staff(vault)
        with by_own_account(HEAD):
            appoint(vault, f"Eve {EVIL}", [Role.AUDITOR], HEAD, EVIL)
        names = [ExhibitRef("JAM", name) for name in vault.exhibits()]
        for number, who in ((1, EXAMINER), (2, REVIEWER)):
            take_up_lead(vault, None, names[0], names[number], who=who, note=EVIL)
        said = Conclusion.INCONCLUSIVE_A, ReviewBasis.ITEMS
        with by_own_account(EXAMINER):
            give_review(vault, None, "JAM-L1", *said, who=EXAMINER, note=EVIL)
        with by_own_account(REVIEWER):
            give_review(vault, None, "JAM-L1", *said, who=REVIEWER, note=EVIL)
        vault.record("look", EVIL, EVIL, EVIL, address=EVIL)
        columns = {"sender": "BLZ", "kind": "search", "at": now_utc(), "body_sha256": "0" * 64}
        columns |= {"who": EVIL, "reason": EVIL, "way": "line"}
        with vault.act("question", EVIL, EVIL) as act:
            put_question(act, id="a" * 32, state=QuestionState.HELD, **columns)
            act.log(vault.member)
    return made


@pytest.fixture(scope="module")
def lab(folder):
    with running_laboratory(folder) as running:
        yield running


# Forged forms.


@pytest.mark.parametrize("path", [*FORMS, *OF_ACCOUNTS])
def test_every_form_needs_its_secret_its_origin_and_its_session(lab, folder, path):
    browser, other = lab.browser(EXAMINER), lab.browser(REVIEWER)
    with Vault.open(folder, read_only=True) as vault:
        before = contents(vault)
    here, good = f"{browser.base}{path}", {"csrf": browser.csrf, "lead": "JAM-L2", "reason": "x"}
    for forged in ({**good, "csrf": ""}, {**good, "csrf": other.csrf}, {"lead": "JAM-L2"}):
        assert browser.post_to(here, forged).status == 403
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": ""},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
    ):
        assert browser.post_to(here, good, **headers).status == 403
    assert browser.post_to(here, good, cookie="").status in (303, 401)
    assert browser.send("GET", here).status in (200, 303, 400, 404, 405), "nothing is done by GET"
    with Vault.open(folder, read_only=True) as vault:
        dump, files = contents(vault)
    assert files == before[1]
    rows = [line for line in set(dump.splitlines()) - set(before[0].splitlines()) if line]
    assert all("'view'" in row or "'trace'" in row or "sqlite_sequence" in row for row in rows)


# Stored markup.


class Suspect(HTMLParser):
    """Whatever of a page could run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if any(name.startswith("on") for name in given) or given.get("src") == "x":
            self.found.append(str(attrs))
        address = (given.get("href") or given.get("src") or given.get("action") or "").lower()
        if address.startswith(("javascript:", "data:text")) or tag in ("object", "embed", "base"):
            self.found.append(str(attrs))


def test_no_text_of_anybody_runs_on_any_page(lab):
    """All pages that an administrator and a reviewer are led to, and a file of such a name."""
    shown = 0
    for who in (HEAD, REVIEWER):
        browser = lab.browser(who)
        data = base64.b64encode(b"x").decode()
        sent = {"name": f"{EVIL.replace('/', '')}.x3p", "at": "0", "size": "1", "data": data}
        key = json.loads(browser.post("/entry/part", **sent).body)["id"]
        begin = ["/", f"/draft?id={key}", "/audit", "/people", "/statistics", "/question?id=aaaa"]
        begin += [f"{path}?q={quote(EVIL)}" for path in ("/", "/exhibits", "/leads", "/searches")]
        begin += [f"/exhibit?name={quote(EVIL)}", f"/lead?number=JAM-L1&note={quote(EVIL)}"]
        begin += [f"/audit?who={quote(EVIL)}&subject={quote(EVIL)}", f"/{quote(EVIL)}"]
        for path, answer in walk(browser, begin).items():
            assert answer.status < 500, path
            assert answer.headers["x-content-type-options"] == "nosniff"
            if answer.headers.get("content-type", "").startswith("text/html"):
                assert Suspect(answer.text).found == [], path
                assert "<script>alert" not in answer.text, path
                assert "<img src=x" not in answer.text, path
                assert "unsafe" not in answer.headers["content-security-policy"]
                shown += "&lt;script&gt;alert" in answer.text
    assert shown > 20


def test_a_template_is_no_way_to_run_what_is_stored(lab):
    text = lab.browser(HEAD).get("/exhibits").text
    assert "{{7*7}}" in text
    assert ">49<" not in text


@pytest.mark.parametrize(
    "path",
    [
        "/mark.png?exhibit=../../etc/passwd&mark=1",
        "/scan.png?exhibit=X1&scan=../../catalogue.sqlite",
        "/redo?exhibit=..%2F..&scan=%00",
        "/script/..%2f..%2fapp.py",
        "/script/station.js%00.png",
        "/style.css/../pages/home.html",
        "/reports.pdf?id=../../x",
        "/list?id=JAM-Q1%2F..%2F..",
        "/draft.png?id=..%2F..%2Fetc",
        "/%2e%2e/%2e%2e/etc/passwd",
    ],
)
def test_no_path_leads_out(lab, path):
    answer = lab.browser(HEAD).get(path)
    assert answer.status in (400, 404)
    assert b"root:" not in answer.body
    assert b"Traceback" not in answer.body


# Damaged files.


def small_files() -> list[tuple[str, bytes]]:
    """Good files of each format that fit into one part."""
    ways = {one.data[:2]: one.data for one in image_files() if len(one.data) < 20_000}
    names = {b"\x89P": "png", b"II": "tif", b"MM": "tif", b"BM": "bmp", b"\xff\xd8": "jpg"}
    found = [(f"a.{names[kind]}", data) for kind, data in ways.items() if kind in names]
    rough = np.random.default_rng(5).normal(size=(40, 40))
    photographs = []
    for kind in ("PNG", "TIFF", "BMP"):  # of a pitch of 10 um
        file = io.BytesIO()
        grey = np.clip(rough * 30 + 120, 0, 255).astype(np.uint8)
        Image.fromarray(grey).save(file, kind, dpi=(2540, 2540))
        photographs.append((f"c.{kind.lower()}", file.getvalue()))
    return [("a.x3p", x3p_bytes(rough)), ("b.x3p", x3p_bytes()), *photographs, *found]


@pytest.mark.slow
def test_two_thousand_damaged_files_do_no_harm(folder, caplog):
    """Each gets an answer that says why; nothing is written, no memory is kept, the server goes on
    and forgets them."""
    made, good = random.Random(20261129), small_files()
    assert len(good) >= 6
    with Vault.open(folder, read_only=True) as vault:
        before = contents(vault)
    read = 0
    with (
        caplog.at_level(logging.ERROR),
        served(ApplicationState(folder, None, DEFAULT_PARAMS, HEAD)) as client,
    ):
        client.enter()
        for number in range(2000):
            name, content = good[number % len(good)]
            how = mutated_inside if made.random() < 0.5 else mutated
            damaged = how(content, made)[:29_000] or b"\0"
            data = base64.b64encode(damaged).decode()
            sent = {"name": name, "at": "0", "size": str(len(damaged)), "data": data}
            key = json.loads(client.post("/entry/part", **sent).body)["id"]
            answer = client.get(f"/entry/found?id={key}")
            assert answer.status == 200, (number, name, answer.text)
            facts = json.loads(answer.body)
            read += "kind" in facts  # a mutation may leave a file that can be read
            assert len(facts["problem"]) < 2000
            assert "Traceback" not in facts["problem"]
            if number % 100 == 0:
                assert client.get(f"/draft?id={key}").status == 200
            client.post("/entry/drop", id=key)
            if number == 400:
                rise = MemoryRise()  # of a server that is warm
        assert rise.gib < 0.3
        assert "No file is waiting" in client.get("/entry").text
    assert 20 < read < 1980
    assert [record for record in caplog.records if record.exc_info] == []
    with Vault.open(folder, read_only=True) as vault:
        assert contents(vault)[1] == before[1]
