"""Who may talk to `ribin serve`: the browser that was opened with its address, and nobody else."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from web_client import served
from wording import forbidden_words

from ribin.connections import BROWSER
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.vault.vault import Vault
from ribin.web import exhibits
from ribin.web.session import BrowserSession
from ribin.web.state import ApplicationState

FORM = {"content_type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vaults") / "JAM"
    Vault.create(folder, "JAM", "A. Brown").close()
    return ApplicationState(folder, None, DEFAULT_PARAMS, "A. Brown")


@pytest.fixture
def client(state):
    with served(state) as client:
        yield client


@pytest.fixture(scope="module")
def inside(state):
    """A browser that was let in; one for all tests that do not need a session of their own."""
    with served(state) as client:
        client.enter()
        yield client


def test_without_the_cookie_nothing_is_shown(client):
    for path in ("/", "/exhibit?name=x", "/leads", "/lead?number=1", "/mark.png", "/no-such"):
        answer = client.send("GET", path)
        assert answer.status == 401
        assert answer.text == "ribin: open the address that `ribin serve` printed\n"


@pytest.mark.parametrize(
    ("path", "inside_too", "status", "said"),
    [
        ("/", False, 401, "open the address that it prints"),
        ("/enter?token=used", False, 401, "start `ribin serve` again"),
        ("/no-such", True, 404, "Not Found: /no-such"),
    ],
)
def test_a_browser_gets_a_page_with_a_way_back(client, path, inside_too, status, said):
    if inside_too:
        client.enter()
    answer = client.send("GET", path, cookie=client.cookie, accept="text/html,*/*;q=0.8")
    assert answer.status == status
    assert '<html lang="en">' in answer.text
    assert "<title>Not shown" in answer.text
    assert "ribin: " in answer.text
    assert said in answer.text
    assert ('href="/"' in answer.text) is inside_too
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("path", ["/icon.svg", "/favicon.ico"])
def test_the_icon_that_a_browser_asks_for_by_itself_is_there_for_any_page(client, path):
    answer = client.send("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.text.startswith("<svg")


def test_the_address_is_exchanged_once_for_a_cookie_that_scripts_cannot_read(client):
    answer = client.enter()
    base = client.session.base
    assert (answer.status, answer.headers["location"]) == (303, f"{base}/")
    cookie = answer.headers["set-cookie"]
    assert cookie.endswith(f"; HttpOnly; SameSite=Strict; Path={base}")
    assert base[1:] not in cookie.partition(";")[0]
    assert client.session.csrf not in cookie
    assert client.get("/").status == 200
    assert "token=" not in client.get("/").text


def test_the_address_works_once(client):
    address = client.session.address.partition(str(client.session.port))[2]
    assert client.send("GET", address).status == 303
    again = client.send("GET", address)
    assert again.status == 401
    assert "set-cookie" not in again.headers


def test_looking_at_the_address_does_not_use_it_up(client):
    """A mail program, a proxy or a browser may ask for the head of an address before a person."""
    address = client.session.address.partition(str(client.session.port))[2]
    for _ in range(3):
        looked = client.send("HEAD", address)
        assert (looked.status, "set-cookie" in looked.headers) == (200, False)
    assert client.enter().status == 303


def test_every_link_stays_under_the_secret_part_of_the_address(inside):
    """Programs on other ports of this address get no cookie of this path, nor learn the path."""
    base = inside.session.base
    for path in ("/", "/leads", "/no-such", "/exhibit?name=x"):
        headers = {"cookie": inside.cookie, "accept": "text/html"}
        answer = inside.send("GET", f"{base}{path}", **headers)
        found = re.findall(r'(?:href|src|action)="([^"]*)"', answer.text)
        found = [link for link in found if not link.startswith("#")]
        assert found
        assert all(link.startswith(f"{base}/") for link in found), found
        assert answer.headers["referrer-policy"] == "same-origin"  # nothing to other ports
        assert base not in re.sub(r'(?:href|src|action)="[^"]*"', "", answer.text)


@pytest.fixture
def open_idle(client):
    """Opens connections to the server, and sends each so much; they are closed in the end."""
    every: list[socket.socket] = []

    def opened(number: int, sent: bytes = b"") -> list[socket.socket]:
        for _ in range(number):
            one = socket.create_connection(("127.0.0.1", client.session.port), timeout=10)
            every.append(one)
            if sent:
                with contextlib.suppress(OSError):
                    one.sendall(sent)
        return every[-number:]

    yield opened
    for one in every:
        one.close()


def closed_after(connections: list[socket.socket], seconds: float) -> float:
    """When the last of these was closed by the server."""
    begun = time.monotonic()
    for one in connections:
        one.settimeout(max(0.1, seconds - (time.monotonic() - begun)))
        with contextlib.suppress(ConnectionError):
            while one.recv(4096):
                pass
    return time.monotonic() - begun


@pytest.mark.parametrize(
    ("sent", "hundreds"), [(b"", 13), (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ", 3)]
)
def test_idle_connections_keep_nobody_out(client, open_idle, sent, hundreds):
    client.enter()
    for _ in range(hundreds):
        open_idle(100, sent)
        begun = time.monotonic()
        assert client.get("/").status == 200
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHo",
        b"POST /search HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nOrigin: http://{host}\r\n"
        b"Content-Length: 500\r\n\r\ncsrf=",
    ],
)
def test_a_request_that_does_not_arrive_is_given_up(client, open_idle, sent):
    client.server.config.limits = replace(BROWSER, patience_s=0.5)
    client.enter()
    host = f"127.0.0.1:{client.session.port}".encode()
    text = sent.replace(b"{host}", host).replace(b"{cookie}", client.cookie.encode())
    connections = open_idle(3, text)
    assert 0.2 < closed_after(connections, 8) < 6
    # A header that comes drop by drop is no reason to wait longer.
    slow = open_idle(1, b"GET / HTTP/1.1\r\n")
    begun = time.monotonic()
    with contextlib.suppress(ConnectionError):
        for _ in range(60):
            slow[0].sendall(b"X: y\r\n")
            time.sleep(0.1)
    assert time.monotonic() - begun < 4
    assert client.get("/").status == 200


def test_an_answer_that_takes_long_is_waited_for(client, open_idle, monkeypatch):
    client.server.config.limits = replace(BROWSER, patience_s=0.3, most=4)
    client.enter()
    real = exhibits.worklist

    def slow(*args, **kwargs):
        time.sleep(1.5)
        return real(*args, **kwargs)

    monkeypatch.setattr(exhibits, "worklist", slow)
    with ThreadPoolExecutor(1) as pool:
        waited = pool.submit(client.get, "/")
        time.sleep(0.2)
        open_idle(20)
        assert waited.result(20).status == 200


@pytest.mark.parametrize("token", ["", "x", "%C3%A9", "A" * 43])
def test_a_wrong_token_is_refused_and_does_not_use_up_the_right_one(client, token):
    assert client.send("GET", f"/enter?token={token}").status == 401
    assert client.enter().status == 303


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "127.0.0.2:{port}"])
def test_another_host_name_is_refused(inside, host):
    """A name that somebody else lets point here (DNS rebinding) is not this server's."""
    named = host.format(port=inside.session.port)
    assert inside.send("GET", "/", cookie=inside.cookie, host=named).status == 421


def test_localhost_is_this_machine(inside):
    named = f"localhost:{inside.session.port}"
    assert inside.send("GET", "/", cookie=inside.cookie, host=named).status == 200


@pytest.mark.parametrize(
    ("csrf", "origin", "cookie", "status"),
    [
        (True, True, True, 404),  # passes the guard: no such search
        (False, True, True, 403),
        (True, False, True, 403),
        (True, None, True, 403),
        (True, True, False, 401),
    ],
)
def test_a_form_needs_its_secret_its_origin_and_the_cookie(inside, csrf, origin, cookie, status):
    own = f"http://127.0.0.1:{inside.session.port}"
    headers = {**FORM}
    if origin is not None:
        headers["origin"] = own if origin else "http://evil.example"
    if cookie:
        headers["cookie"] = inside.cookie
    fields = {"id": "x", **({"csrf": inside.session.csrf} if csrf else {"csrf": "guess"})}
    assert inside.send("POST", "/lead/open", urlencode(fields), **headers).status == status


def test_a_request_of_another_site_is_refused(inside):
    for site in ("cross-site", "same-site"):
        answer = inside.send("GET", "/", cookie=inside.cookie, sec_fetch_site=site)
        assert answer.status == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_other_methods_are_refused(inside, method):
    assert inside.send(method, "/", cookie=inside.cookie).status == 405


def test_a_form_that_is_too_large_is_refused(inside):
    assert inside.post("/lead/open", note="x" * 100_000).status == 413


@pytest.mark.parametrize(
    "path", ["/pages/", "/pages/home.html", "/static/", "/../pyproject.toml", "/style.css/..", "//"]
)
def test_no_folder_is_listed_and_no_other_file_is_given(inside, path):
    answer = inside.get(path)
    assert answer.status == 404
    assert "<li>" not in answer.text


@pytest.mark.parametrize("path", ["/", "/leads", "/no-such", "/lead?number=L9", "/style.css"])
def test_every_answer_carries_the_policy(inside, path):
    headers = inside.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_an_error_in_a_page_carries_the_policy_and_tells_nothing(inside, monkeypatch, caplog):
    monkeypatch.setattr(exhibits, "worklist", lambda *args, **kwargs: 1 / 0)
    answer = inside.get("/")
    assert (answer.status, answer.text) == (500, "Internal Server Error")
    assert "content-security-policy" in answer.headers


def test_what_is_typed_is_shown_as_text(inside):
    answer = inside.get("/?q=%3Cscript%3Ealert(1)%3C/script%3E")
    assert answer.status == 200
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text
    gone = inside.get("/exhibit?name=%3Cb%3Ex")
    assert gone.status == 404
    assert "<b>" not in gone.text.partition("<h1>")[2]


def test_pages_have_no_script_and_no_style_of_their_own(inside):
    for path in ("/", "/leads"):
        text = inside.get(path).text
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", text)
        assert forbidden_words(re.sub(r"<[^>]+>", " ", text)) == []


def test_secrets_differ_from_run_to_run_and_from_each_other():
    one, two = BrowserSession(1), BrowserSession(1)
    secrets = {one.token, two.token, one.csrf, two.csrf, one._cookie, two._cookie}
    secrets |= {one.base, two.base}
    assert len(secrets) == 8
    assert min(map(len, secrets)) >= 43  # 256 bits
