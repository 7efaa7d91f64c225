"""`ribin serve --laboratory` as a program: what it asks for before it serves, and its line."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from certificate_makers import make_certificate
from laboratory_client import EXAMINER, HEAD, make_staff, password_of

from ribin.vault.vault import Vault
from ribin.web.server import address_of

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("quick_passwords")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, quick_passwords):
    made = tmp_path_factory.mktemp("served") / "JAM"
    with Vault.create(made, "JAM", who=HEAD) as vault:
        make_staff(vault)
    return made


def served(folder, *args):
    return "serve", "--laboratory", "--vault", folder, *args


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "--name needed: the name or address that people type in a browser"),
        (("--name", "lab"), "--certificate and --key, or --proxy, needed: passwords cross no line"),
        (("--name", "lab", "--address", "0.0.0.0"), "--certificate and --key, or --proxy, needed"),
        (
            ("--name", "lab", "--proxy", "10.0.0.1", "--address", "0.0.0.0"),
            "--address 0.0.0.0: 127.0.0.1 needed behind a proxy",
        ),
        (("--name", "lab", "--proxy", "somewhere"), "--proxy somewhere: an IP address needed"),
        (
            ("--name", "lab", "--proxy", "127.0.0.1", "--address", "lab"),
            "--address lab: an IP address needed",
        ),
        (("--name", "lab", "--proxy", "127.0.0.1", "--unlogged"), "--unlogged: not with --laborat"),
        (("--name", "lab/x", "--proxy", "127.0.0.1"), "--name lab/x: a host name needed"),
        (("--name", "lab", "--certificate", "{pem}"), "--certificate and --key, or --proxy"),
        (("--name", "other", "--certificate", "{pem}", "--key", "{key}"), "certificate for other"),
        (
            ("--name", "lab", "--certificate", "{key}", "--key", "{key}"),
            "lab.key: a certificate in PEM needed, found something else",
        ),
        (
            ("--name", "lab", "--certificate", "{pem}", "--key", "{pem}"),
            "without a passphrase, needed",
        ),
        (
            ("--name", "lab", "--certificate", "no", "--key", "no"),
            "no: a certificate in PEM needed",
        ),
    ],
)
def test_what_protects_the_line_is_asked_for_first(ribin, folder, tmp_path, args, said):
    pem, key = make_certificate(tmp_path, "lab")
    files = [text.replace("{pem}", str(pem)).replace("{key}", str(key)) for text in args]
    done = ribin(*served(folder, *files))
    assert (done.code, said in done.err) == (2, True), done.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"days": -1}, "a certificate of today needed, found one that ended on 20"),
        ({"passphrase": b"secret"}, "the private key of"),
    ],
)
def test_a_certificate_that_cannot_serve_is_refused(ribin, folder, tmp_path, more, said):
    pem, key = make_certificate(tmp_path, "lab", **more)
    done = ribin(*served(folder, "--name", "lab", "--certificate", pem, "--key", key))
    assert (done.code, said in done.err) == (2, True), done.err


def test_a_certificate_for_any_name_below_one_covers_the_next_below(ribin, folder, tmp_path):
    pem, key = make_certificate(tmp_path, "*.lab.example")
    line = ("--certificate", pem, "--key", key)
    done = ribin(*served(folder, "--name", "a.b.lab.example", *line))
    assert "a certificate for a.b.lab.example needed, found *.lab.example" in done.err


def test_without_an_account_nobody_could_sign_in(ribin, tmp_path):
    Vault.create(tmp_path / "BLZ", "BLZ", who=HEAD).close()
    pem, key = make_certificate(tmp_path, "lab")
    line = ("--name", "lab", "--certificate", pem, "--key", key)
    done = ribin(*served(tmp_path / "BLZ", *line))
    assert (done.code, "BLZ: an account needed, found none" in done.err) == (2, True)
    assert "`ribin account add" in done.err


@pytest.mark.parametrize("address", ["0.0.0.0", "10.0.0.1", "::", "localhost"])
def test_one_persons_server_listens_on_this_machine_alone(ribin, folder, address):
    done = ribin("serve", "--vault", folder, "--address", address, "--who", HEAD)
    assert done.code == 2
    assert f"--address {address}: 127.0.0.1 needed without --laboratory" in done.err


def test_what_is_of_a_laboratory_is_asked_with_it_alone(ribin, folder):
    done = ribin("serve", "--vault", folder, "--who", HEAD, "--name", "lab")
    assert (done.code, "--name: --laboratory needed with it" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("name", "proxied", "address"),
    [
        ("lab.example", False, "https://lab.example:8443/"),
        ("lab.example:8743", False, "https://lab.example:8743/"),
        ("lab.example:8743", True, "https://lab.example:8743/"),
        ("lab.example", True, "https://lab.example/"),
    ],
)
def test_the_address_that_is_printed_has_one_port_at_most(name, proxied, address):
    assert address_of(name, 8443, proxied=proxied) == address


@pytest.fixture
def running(folder, tmp_path):
    pem, key = make_certificate(tmp_path, "localhost", "127.0.0.1")
    command = [sys.executable, ROOT / "cli.py", *served(folder, "--name", "localhost")]
    command += ["--certificate", pem, "--key", key]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [str(word) for word in command], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        address = process.stdout.readline().strip()
        assert address.startswith("https://localhost:"), address
        yield int(address.rstrip("/").rpartition(":")[2]), pem
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def test_the_line_is_tls_1_3_with_the_certificate(running):
    port, pem = running
    trusted = ssl.create_default_context(cafile=pem)
    connection = HTTPSConnection("localhost", port, context=trusted, timeout=30)
    connection.request("GET", "/sign-in")
    answer = connection.getresponse()
    assert (answer.status, b"<h1>Sign in</h1>" in answer.read()) == (200, True)
    assert connection.sock.version() == "TLSv1.3"
    form = f"name={EXAMINER}&password={password_of(EXAMINER)}".replace(" ", "+")
    headers = {
        "Origin": f"https://localhost:{port}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection.request("POST", "/sign-in", form, headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 303
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    connection.request("GET", answer.headers["Location"], headers={"Cookie": cookie})
    answer = connection.getresponse()
    assert (answer.status, EXAMINER in answer.read().decode()) == (200, True)
    connection.close()
    # Headers of a proxy that nobody named say nothing.
    connection = HTTPSConnection("localhost", port, context=trusted, timeout=30)
    connection.request(
        "POST", "/sign-in", "name=x&password=y", {**headers, "X-Forwarded-For": "1.2.3.4"}
    )
    assert connection.getresponse().status == 401
    connection.close()


def test_older_tls_and_plain_http_get_nothing(running):
    port, pem = running
    older = ssl.create_default_context(cafile=pem)
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        older.wrap_socket(plain, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
        plain.sendall(b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"Sign in" not in plain.recv(4096)


def test_a_client_that_does_not_trust_the_certificate_ends_there(running):
    port, _ = running
    connection = HTTPSConnection("localhost", port, timeout=30)
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", "/sign-in")
    connection.close()
