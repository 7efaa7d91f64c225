"""Lines between members: who is let in, what is carried, what a cut costs, what it bears."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import socket
import ssl
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection

import msgspec
import pytest
from budgets import MemoryRise
from mutations import mutated
from node_makers import WHO, Line, key_of, line_to, make_member, owner_side, question, served, trust

from ribin.connections import NODE
from ribin.crypto.certificates import (
    Leaf,
    authority,
    client_context,
    issue_leaf,
    issuer_of,
    node_name,
)
from ribin.crypto.keys import PrivateKey
from ribin.errors import AccessError, FormatError, NoAnswerError, ParameterError, StoreError
from ribin.exchange.message import MOST_QUESTION_BYTES, MessageKind, seal_content, seal_message
from ribin.exchange.node_client import NodeCarrier, node_address
from ribin.exchange.questions import CountsQuestion
from ribin.foreign import read_facts
from ribin.node.status import NodeStatus, status_table
from ribin.vault.keys import end_trust
from ribin.vault.vault import Vault


@pytest.fixture(scope="module")
def vaults(tmp_path_factory):
    """BLZ, which trusts JAM, and JAM, which trusts BLZ; USA, whom nobody trusts."""
    folder = tmp_path_factory.mktemp("members")
    made = {code: make_member(folder, code) for code in ("BLZ", "JAM", "USA")}
    trust(made["BLZ"], made["JAM"])
    trust(made["JAM"], made["BLZ"])
    return made


@pytest.fixture(scope="module")
def jam(vaults):
    return key_of(vaults["JAM"])


def echo(raw: bytes) -> bytes:
    return b"answer to " + raw


@pytest.fixture(scope="module")
def blz(vaults):
    with served(vaults["BLZ"], echo) as node:
        yield node


def test_the_limits_of_a_node_take_the_largest_question():
    assert NODE.largest_body == MOST_QUESTION_BYTES


def test_a_question_is_answered_and_a_line_is_logged(blz, jam):
    raw = question(jam, "BLZ", "hello")
    assert blz.carrier(jam).send(raw, 10) == echo(raw)
    logged = blz.events[-1]
    assert (logged["event"], logged["member"], logged["kind"]) == ("answered", "JAM", "log_heads")
    assert logged["bytes"] == len(echo(raw))


def test_the_node_says_version_parameters_and_clock(blz, jam):
    facts = blz.carrier(jam).line()
    assert (facts.member, facts.template_id) == ("BLZ", "template-1")
    assert 0 < facts.round_trip_s < 5
    assert abs(facts.clock_s) < 2


def connect(port: int, context: ssl.SSLContext) -> HTTPSConnection:
    made = HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    made.sock = context.wrap_socket(
        socket.create_connection(("127.0.0.1", port), 10), server_hostname=node_name("BLZ")
    )
    return made


def raw_client(served, own: PrivateKey, leaf: Leaf | None = None) -> HTTPSConnection:
    """A client that shows this certificate, and sends what a test wants."""
    trusted = authority(served.node.trust.own.public, own)
    return connect(served.port, client_context(leaf or issue_leaf(own), trusted))


def asked_of(connection: HTTPSConnection, method: str, path: str, body: bytes = b"", **headers):
    try:
        connection.request(method, path, body or None, headers)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


def without_certificate(served, own: PrivateKey) -> None:
    """A client that trusts the node and shows nothing."""
    trusted = authority(served.node.trust.own.public, own)
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.load_verify_locations(cadata=trusted)
    bare.verify_flags = client_context(issue_leaf(own), trusted).verify_flags
    asked_of(connect(served.port, bare), "GET", "/line")


def test_without_a_certificate_nobody_is_let_in(blz, jam):
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"):
        without_certificate(blz, jam)


def test_an_older_tls_is_refused(blz, jam):
    context = client_context(issue_leaf(jam), authority(blz.node.trust.own.public, jam))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        connect(blz.port, context)


def test_a_stranger_is_not_let_in_and_told_so(blz, vaults):
    usa = key_of(vaults["USA"])
    begun = time.monotonic()
    with pytest.raises(AccessError, match=r"does not take our certificate: our key is not trusted"):
        blz.carrier(usa).send(question(usa, "BLZ"), 10)
    assert time.monotonic() - begun < 5  # no use in trying again


def test_a_made_up_key_of_a_trusted_member_is_not_let_in(blz):
    false = PrivateKey.make("JAM")
    with pytest.raises(AccessError, match="does not take our certificate"):
        blz.carrier(false).send(question(false, "BLZ"), 10)


@pytest.mark.parametrize("days", [-32, 3])
def test_a_certificate_of_another_time_is_refused(blz, jam, days):
    leaf = issue_leaf(jam, datetime.now(UTC) + timedelta(days=days))
    with pytest.raises(ssl.SSLError, match="CERTIFICATE"):
        asked_of(raw_client(blz, jam, leaf), "GET", "/line")


def test_a_clock_that_is_an_hour_off_is_let_in_and_told_by_the_message(blz, jam):
    for hours in (-1, 1):
        leaf = issue_leaf(jam, datetime.now(UTC) + timedelta(hours=hours))
        assert asked_of(raw_client(blz, jam, leaf), "GET", "/line")[0] == 200


def test_a_certificate_that_a_trusted_member_did_not_sign_itself_is_refused(blz, jam, vaults):
    """A leaf of JAM signs another: it is no authority. And the leaf of one, the key of another."""
    leaf = issue_leaf(jam)
    deputy = replace_signing(jam, leaf)
    with pytest.raises(ssl.SSLError, match="UNKNOWN_CA"):
        asked_of(raw_client(blz, jam, issue_leaf(deputy)), "GET", "/line")
    usa = issue_leaf(key_of(vaults["USA"]))
    with pytest.raises(ssl.SSLError, match="KEY_VALUES_MISMATCH"):
        raw_client(blz, jam, replace(usa, certificate=leaf.certificate))


def test_a_handshake_that_was_refused_is_counted_with_its_reason(vaults, jam):
    """One by a key that nobody trusts, then one without a certificate."""
    with served(vaults["BLZ"], echo) as node:
        assert node.carrier(jam).line().member == "BLZ"
        refused = node.node.trust.tls.refused
        assert (refused.count, refused.last, refused.last_s) == (0, "", None)
        usa = key_of(vaults["USA"])
        with pytest.raises(AccessError):
            node.carrier(usa).line()
        assert (refused.count, refused.last) == (1, "unable to get local issuer certificate")
        with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"):
            without_certificate(node, jam)
        assert (refused.count, refused.last) == (2, "peer did not return a certificate")
        own = node.carrier(node.node.trust.own)
        told = read_facts(own.status(), NodeStatus, "status")
        assert told.handshakes_refused.count == 2
        line = status_table(told).splitlines()[2]
        assert line.startswith("2 connections refused before a question, the last 20")
        assert line.endswith(": peer did not return a certificate")
        assert node.carrier(jam).line().member == "BLZ"


def replace_signing(key: PrivateKey, leaf: Leaf) -> PrivateKey:
    return replace(key, signing=leaf.private)


def test_the_application_itself_holds_certificates_to_the_trusted_keys(jam, vaults):
    now = datetime.now(UTC)
    leaf, usa = issue_leaf(jam).certificate, key_of(vaults["USA"])
    assert issuer_of(leaf, [usa.public, jam.public]) == jam.public
    with pytest.raises(AccessError, match=r"one issued by a trusted key needed, found one by 'CN="):
        issuer_of(leaf, [usa.public])
    with pytest.raises(AccessError, match="valid at"):
        issuer_of(leaf, [jam.public], now + timedelta(days=31))
    with pytest.raises(AccessError, match="found something else"):
        issuer_of(leaf[:-40], [jam.public])
    # Any bit that is changed is seen.
    for at in range(0, len(leaf), 23):
        changed = bytearray(leaf)
        changed[at] ^= 1
        with pytest.raises(AccessError):
            issuer_of(bytes(changed), [jam.public])


def test_another_node_in_its_place_is_not_talked_to(vaults, jam):
    """The line to BLZ leads to a node of USA, which trusts JAM."""
    trust(vaults["USA"], vaults["JAM"])
    heard = []
    with served(vaults["USA"], lambda raw: heard.append(raw) or raw) as usa:
        carrier = NodeCarrier(usa.url, jam, key_of(vaults["BLZ"]).public)
        with pytest.raises(AccessError, match=r"node of BLZ.*: a certificate by the trusted key"):
            carrier.send(question(jam, "BLZ"), 10)
    assert heard == []


def test_the_certificate_decides_whose_messages_come_in(tmp_path):
    """USA is trusted too, and hands in a message that JAM signed: it is refused."""
    blz, jam, usa = (make_member(tmp_path, code) for code in ("BLZ", "JAM", "USA"))
    trust(blz, jam, usa)
    heard = []
    with served(blz, lambda raw: heard.append(raw) or raw) as node:
        stolen = question(key_of(jam), "BLZ")
        with pytest.raises(AccessError, match=r"one of USA needed, whose certificate it came with"):
            node.carrier(key_of(usa)).send(stolen, 10)
        # The own key is for `ribin node status` alone.
        with pytest.raises(AccessError, match="one of BLZ needed"):
            node.carrier(key_of(blz)).send(question(key_of(blz), "BLZ"), 10)
        assert json.loads(node.carrier(key_of(blz)).status())["trusted"] == ["JAM", "USA"]
        with pytest.raises(AccessError, match="a program of the own member on this machine"):
            node.carrier(key_of(jam)).status()
    assert heard == []


def test_a_key_that_ends_ends_its_connections(tmp_path):
    blz, jam, usa = (make_member(tmp_path, code) for code in ("BLZ", "JAM", "USA"))
    trust(blz, jam)
    with served(blz, echo) as node:
        connection = raw_client(node, key_of(jam))
        connection.request("GET", "/line")
        assert connection.getresponse().read()
        with Vault.open(blz) as vault:
            end_trust(vault, "JAM", WHO, "stolen")
        begun = time.monotonic()
        connection.sock.settimeout(5)
        with contextlib.suppress(ConnectionError):
            assert connection.sock.recv(1) == b""
        assert time.monotonic() - begun < 3
        connection.close()
        with pytest.raises(AccessError, match="does not take our certificate"):
            node.carrier(key_of(jam)).send(question(key_of(jam), "BLZ"), 10)
        # And one that is trusted from now on comes in, without a new start.
        trust(blz, usa)
        time.sleep(1.5)
        raw = question(key_of(usa), "BLZ")
        assert node.carrier(key_of(usa)).send(raw, 10) == echo(raw)


# What is carried.


def test_a_long_answer_is_waited_for_and_asked_once(vaults, jam, monkeypatch):
    monkeypatch.setattr("ribin.node.app._WAIT_S", 0.2)
    times = []

    def slow(raw: bytes) -> bytes:
        times.append(1)
        time.sleep(1.5)
        return echo(raw)

    with served(vaults["BLZ"], slow) as node:
        raw = question(jam, "BLZ")
        with pytest.raises(NoAnswerError, match=r"BLZ: no answer in 0.5 s"):
            node.carrier(jam).send(raw, 0.5)
        assert node.carrier(jam).send(raw, 10) == echo(raw)  # the late answer
        assert node.carrier(jam).send(raw, 10) == echo(raw)
    assert times == [1]


def test_another_message_of_the_same_id_is_refused(vaults, jam):
    with served(vaults["BLZ"], echo) as node:
        raw = question(jam, "BLZ", "one")
        altered = msgspec.msgpack.decode(raw)
        altered["body"] = b"two"
        node.carrier(jam).send(raw, 10)
        with pytest.raises(AccessError, match="a new id needed, found that of another one"):
            node.carrier(jam).send(msgspec.msgpack.encode(altered), 10)


@pytest.mark.parametrize("cuts", [[1], [3000], [200_000], [900_000, 600_000, 300_000]])
def test_a_line_that_is_cut_goes_on_where_it_ended(vaults, jam, cuts):
    times, large = [], hashlib.shake_256(b"x").digest(2_000_000)

    def answer(raw: bytes) -> bytes:
        times.append(1)
        return large

    line = Line(cuts=list(cuts))
    with served(vaults["BLZ"], answer) as node, line_to(node.port, line) as port:
        assert node.carrier(jam, port).send(question(jam, "BLZ", "x" * 40_000), 30) == large
    assert line.cuts == []
    assert line.connections == len(cuts) + 1
    assert times == [1]
    assert line.carried < len(large) + 400_000  # what had come was not sent again


def test_a_node_that_is_down_is_named_and_not_waited_for_long(vaults, jam):
    with served(vaults["BLZ"], echo) as node:
        carrier = node.carrier(jam)
        port = node.port
    with pytest.raises(
        StoreError, match=rf"node of BLZ, 127.0.0.1:{port}: cannot be reached: Conn"
    ):
        carrier.send(question(jam, "BLZ"), 1)
    with pytest.raises(StoreError, match="cannot be reached"):
        carrier.line(1)


def test_a_node_that_starts_late_answers(vaults, jam):
    raw = question(jam, "BLZ")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    carrier = NodeCarrier(f"https://127.0.0.1:{port}", jam, key_of(vaults["BLZ"]).public)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(carrier.send, raw, 20)
        time.sleep(0.5)
        with served(vaults["BLZ"], echo, port=port):
            assert waiting.result(20) == echo(raw)


def test_an_answer_that_was_altered_on_its_way_is_refused(vaults, jam):
    """By a node that announces other bytes than it sends."""
    with served(vaults["BLZ"], echo) as node:
        raw = question(jam, "BLZ")
        real = node.node.questions.ask

        def lying(envelope, content):
            one = real(envelope, content)
            one.answer.add_done_callback(lambda _: setattr(one, "etag", '"' + "0" * 64 + '"'))
            return one

        node.node.questions.ask = lying
        with pytest.raises(FormatError, match="the bytes that it announced needed, found others"):
            node.carrier(jam).send(raw, 10)


def test_an_error_of_the_owner_tells_nothing_of_its_machine(vaults, jam):
    def broken(raw: bytes) -> bytes:
        raise StoreError("/var/lib/secret/vault: disk full")

    with served(vaults["BLZ"], broken) as node:
        with pytest.raises(StoreError, match=r"refused: BLZ cannot answer now$"):
            node.carrier(jam).send(question(jam, "BLZ"), 10)
        assert any("disk full" in event.get("why", "") for event in node.events)

    def crash(raw: bytes) -> bytes:
        raise ZeroDivisionError("secret")

    with served(vaults["BLZ"], crash) as node:
        with pytest.raises(StoreError) as told:
            node.carrier(jam).send(question(jam, "BLZ"), 10)
        assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    "url", ["http://x", "https://", "https://x/path", "https://a@b", "https://x:99999", "x", "\x00"]
)
def test_another_address_than_that_of_a_node_is_refused(url):
    with pytest.raises(ParameterError, match=r"here: https://HOST:PORT needed, found"):
        node_address(url, "here")


def test_an_address_has_a_usual_port():
    assert node_address("https://blz.example", "here") == ("blz.example", 8943)
    assert node_address("https://[::1]:443/", "here") == ("::1", 443)


# What a node bears.


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", b"", 404),
        ("GET", "/messages/../status", b"", 404),
        ("PUT", "/messages", b"x", 405),
        ("POST", "/messages", b"", 400),
        ("POST", "/messages", b"\xff" * 100, 400),
        ("POST", "/messages", b"\x91" * 100_000, 400),
        ("GET", "/messages/0123", b"", 404),
    ],
)
def test_what_is_no_question_is_refused_in_one_line(blz, jam, method, path, body, status):
    found, told = asked_of(raw_client(blz, jam), method, path, body)
    assert found == status
    assert "\n" not in told
    assert "Traceback" not in told


def test_a_body_that_is_too_large_or_never_ends_is_refused(blz, jam):
    connection = raw_client(blz, jam)
    connection.putrequest("POST", "/messages")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    sent = 0
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        for _ in range(1000):
            connection.sock.sendall(chunk)
            sent += 65_536
    connection.close()
    assert sent < 3 * NODE.largest_body
    raw = question(jam, "BLZ")
    assert blz.carrier(jam).send(raw, 10) == echo(raw)


def test_a_body_that_comes_too_slowly_is_given_up(vaults, jam):
    with served(vaults["BLZ"], echo) as node:
        node.server.config.limits = replace(NODE, patience_s=0.5)
        connection = raw_client(node, jam)
        connection.putrequest("POST", "/messages")
        connection.putheader("Content-Length", "100000")
        connection.endheaders()
        begun = time.monotonic()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            for _ in range(100):
                connection.sock.sendall(b"x" * 10)
                time.sleep(0.1)
        assert time.monotonic() - begun < 5
        connection.close()
        # One that keeps the pace is waited for; a record of TLS, 16 kB, arrives as one piece.
        node.server.config.limits = replace(NODE, patience_s=1.5)
        raw = question(jam, "BLZ", "x" * 60_000)
        line = Line(bytes_s=20_000, block=2048)
        with line_to(node.port, line) as port:
            assert node.carrier(jam, port).send(raw, 20) == echo(raw)


def test_who_does_not_take_the_answer_does_not_keep_the_node(vaults, jam, monkeypatch):
    monkeypatch.setattr("ribin.node.app._STALL_S", 0.5)
    with served(vaults["BLZ"], lambda raw: bytes(50_000_000)) as node:
        connection = raw_client(node, jam)
        connection.request("POST", "/messages", question(jam, "BLZ"))
        end = time.monotonic() + 10
        while node.server.server_state.connections and time.monotonic() < end:
            time.sleep(0.1)
        assert not node.server.server_state.connections
        connection.close()


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n\r\n"])
def test_a_thousand_idle_connections_keep_nobody_out(blz, jam, sent):
    every = []
    try:
        for number in range(1000):
            one = socket.create_connection(("127.0.0.1", blz.port), timeout=10)
            every.append(one)
            if sent:
                with contextlib.suppress(OSError):
                    one.sendall(sent)
            if number % 250 == 249:
                raw, begun = question(jam, "BLZ"), time.monotonic()
                assert blz.carrier(jam).send(raw, 20) == echo(raw)
                assert time.monotonic() - begun < 5
    finally:
        for one in every:
            one.close()


def test_idle_connections_of_one_member_do_not_keep_another_out(tmp_path):
    blz, jam, usa = (make_member(tmp_path, code) for code in ("BLZ", "JAM", "USA"))
    trust(blz, jam, usa)
    with served(blz, echo) as node:
        idle = [raw_client(node, key_of(usa)) for _ in range(40)]
        open_now = [one for one in node.server.server_state.connections if one.peer == "USA"]
        assert len(open_now) <= NODE.most_each + 1
        raw = question(key_of(jam), "BLZ")
        assert node.carrier(key_of(jam)).send(raw, 10) == echo(raw)
        for one in idle:
            one.close()


def test_a_member_that_asks_too_much_at_once_waits_and_is_answered(vaults, jam):
    def slow(raw: bytes) -> bytes:
        time.sleep(0.02)
        return echo(raw)

    with served(vaults["BLZ"], slow) as node, ThreadPoolExecutor(12) as pool:
        questions = [question(jam, "BLZ", str(number)) for number in range(60)]
        carrier = node.carrier(jam)
        answers = list(pool.map(lambda raw: carrier.send(raw, 30), questions))
        assert answers == [echo(raw) for raw in questions]
        facts = json.loads(node.carrier(key_of(vaults["BLZ"])).status())
        assert facts["questions"]["JAM"]["log_heads"]["answered"] == 60
        assert facts["questions"]["JAM"]["log_heads"]["p95_ms"] > 0


@pytest.mark.slow
def test_mutated_messages_over_a_line_leave_nothing(tmp_path, counted):
    """Each with some bytes changed: refused in a line, nothing written, the memory as before."""
    jam, blz = make_member(tmp_path, "JAM"), make_member(tmp_path, "BLZ")
    trust(blz, jam)
    key, chance = key_of(jam), random.Random(11)
    real = seal_message(MessageKind.COUNTS, CountsQuestion("A. Brown"), key, "JAM", "BLZ")
    statuses: Counter[int] = Counter()
    with Vault.open(blz) as vault:
        with vault.catalogue.reading() as db:
            before = db.execute("SELECT count(*) FROM questions").fetchone()[0]
        rows = len(vault.audit_log())
    with served(blz, owner_side(blz)) as node:
        connection = raw_client(node, key)
        rise = MemoryRise()
        for _ in range(2000):
            body = mutated(real, chance)
            if body == real:
                continue
            connection.request("POST", "/messages", body)
            reply = connection.getresponse()
            told = reply.read()
            statuses[reply.status] += 1
            assert reply.status != 200, body
            assert b"Traceback" not in told
            assert b"\n" not in told
            assert len(told) <= 500
        connection.close()
        grown_mb = rise.gib * 1024
    assert grown_mb < 200
    with Vault.open(blz) as vault:
        with vault.catalogue.reading() as db:
            assert db.execute("SELECT count(*) FROM questions").fetchone()[0] == before
        assert len(vault.audit_log()) == rows
    assert set(statuses) <= {400, 403, 413, 500}
    counted(f"mutated messages over a line: {dict(statuses)}, memory {grown_mb:.0f} MB more")


def test_a_question_that_waits_for_its_turn_is_as_old_as_when_it_came(vaults, jam):
    """What the owner's side is told is when it came; a queue may be longer than five minutes."""
    times = []

    def slow(raw: bytes, received: datetime) -> bytes:
        times.append((received, datetime.now(UTC)))
        time.sleep(0.3)
        return echo(raw)

    with served(vaults["BLZ"], echo) as node, ThreadPoolExecutor(6) as pool:
        node.node.questions._answering = slow
        carrier = node.carrier(jam)
        sent = [question(jam, "BLZ", str(number)) for number in range(6)]
        assert list(pool.map(lambda raw: carrier.send(raw, 20), sent)) == [echo(r) for r in sent]
    waited = [(begun - received).total_seconds() for received, begun in times]
    assert max(waited) > 0.5
    assert min(waited) < 0.2


def test_a_question_that_is_sent_again_with_another_time_joins_the_first(vaults, jam):
    times = []

    def slow(raw: bytes) -> bytes:
        times.append(1)
        time.sleep(0.5)
        return b"once"

    with served(vaults["BLZ"], slow) as node, ThreadPoolExecutor(2) as pool:
        content = msgspec.msgpack.encode(CountsQuestion("A. Brown"))
        names = (MessageKind.COUNTS, content, jam, "JAM", "BLZ", "0" * 32)
        first = seal_content(*names)
        time.sleep(1.1)  # times are in seconds
        again = seal_content(*names)
        assert first != again
        carrier = node.carrier(jam)
        assert list(pool.map(lambda raw: carrier.send(raw, 10), (first, again))) == [b"once"] * 2
    assert times == [1]
