"""Searches over lines: the same lists as in folders, also where a line crawls, is cut, or a node
dies; and what a node says that means ill."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
from node_makers import (
    CLI,
    Line,
    connect_members,
    free_port,
    key_of,
    line_to,
    lines_file,
    owner_side,
    process,
    served,
    wait_for,
)

from ribin.exchange.message import Envelope, MessageKind, seal_message
from ribin.exchange.questions import AnswerBody
from ribin.vault.vault import Vault

QUERY = "JAM-2026-0007-1"
HELD = {
    "JAM": (QUERY, "JAM-2026-0012-1"),
    "BLZ": ("BLZ-2025-0042-1", "BLZ-2025-0029-1"),
    "BRB": ("BRB-2025-0020-1", "BRB-2026-0009-1"),
}
SEARCH = ("search", QUERY, "--scope", "cluster", "--reason", "a shooting", "--json")


@pytest.fixture(scope="module")
def made(tmp_path_factory, linked):
    """Three linked members with keys and agreements; copied for each test."""
    folder = tmp_path_factory.mktemp("linked-lines")
    network = linked(folder, **HELD)
    connect_members(network)
    return folder


@pytest.fixture
def members(made, tmp_path):
    folder = tmp_path / "members"
    shutil.copytree(made, folder)
    return folder


def searched(ribin, folder: Path, network: Path, *, code: int = 0) -> dict:
    done = ribin(*SEARCH, "--vault", folder / "JAM", "--network", network, "--who", "me")
    assert done.code == code, done.err
    return json.loads(done.out)


def compared(found: dict) -> list[dict]:
    """The rows of a list, with every figure."""
    assert found["candidates"]
    return found["candidates"]


@pytest.fixture
def nodes(members):
    """The nodes of Belize and Barbados, and the network.toml of Jamaica that reaches them."""
    with ExitStack() as stack:
        running = {
            code: stack.enter_context(served(members / code, owner_side(members / code)))
            for code in ("BLZ", "BRB")
        }
        addresses = {code: node.url for code, node in running.items()}
        file = lines_file(members / "lines.toml", "JAM", members / "JAM", addresses)
        yield running, file


def rows_of(vault: Path, *actions: str) -> list[dict]:
    with Vault.open(vault, read_only=True) as opened:
        return [
            {"action": row.action, **row.details}
            for row in opened.audit_log()
            if row.action in actions
        ]


def sound(folder: Path) -> None:
    for code in HELD:
        with Vault.open(folder / code, read_only=True) as vault:
            assert vault.check().problems == ()


def test_a_search_over_lines_is_that_of_folders_to_the_bit(ribin, members, nodes):
    running, file = nodes
    folders = searched(ribin, members, members / "network.toml")
    lines = searched(ribin, members, file)
    assert compared(lines) == compared(folders)
    assert {row["member"] for row in compared(lines)} == {"BLZ", "BRB", "JAM"}
    for name in ("counts", "counts_by_member", "snapshot", "members", "notes"):
        assert lines[name] == folders[name], name
    assert [e["event"] for e in running["BLZ"].events] == ["serving", "answered"]
    sound(members)


def stop(node, key) -> None:
    """Until it lets nobody in."""
    node.server.should_exit = True
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            node.carrier(key).line(1)
        except Exception:
            break
        time.sleep(0.1)


def test_a_node_that_is_down_is_named_and_the_others_answer(ribin, members, nodes):
    running, file = nodes
    whole = searched(ribin, members, file)
    stop(running["BRB"], key_of(members / "JAM"))
    begun = time.monotonic()
    found = searched(ribin, members, file, code=1)
    assert time.monotonic() - begun < 15  # nobody waits half a minute for who is not there
    named = dict(found["unavailable"])
    assert set(named) == {"BRB"}
    assert compared(found) == [
        {**row, "rank": n}
        for n, row in enumerate((row for row in compared(whole) if row["member"] != "BRB"), start=1)
    ]


def test_who_had_not_answered_is_asked_again_by_the_number_of_the_search(ribin, members, nodes):
    """With the rows of the one that was down the list is that of all."""
    running, file = nodes
    whole = searched(ribin, members, file)
    stop(running["BRB"], key_of(members / "JAM"))
    found = searched(ribin, members, file, code=1)
    ((member, why),) = found["unavailable"]
    assert member == "BRB"
    again = f"; asked again by `ribin search --again {found['search']}`"
    assert why.endswith(again)
    words = ("search", "--again", found["search"], "--json", "--vault", members / "JAM")
    still = json.loads(ribin(*words, "--network", file, "--who", "me").out)
    assert dict(still["unavailable"])["BRB"].count("asked again by") == 1
    assert still["search"] != found["search"]
    words = ("search", "--again", still["search"], "--json", "--vault", members / "JAM")
    with served(members / "BRB", owner_side(members / "BRB")) as node:
        addresses = {"BLZ": running["BLZ"].url, "BRB": node.url}
        other = lines_file(members / "again.toml", "JAM", members / "JAM", addresses)
        done = ribin(*words, "--network", other, "--who", "me")
    assert done.code == 0, done.err
    full = json.loads(done.out)
    assert compared(full) == compared(whole)
    for name in ("counts", "counts_by_member", "snapshot", "unavailable"):
        assert full[name] == whole[name], name
    refused = ribin(*words[:2], full["search"], *words[3:], "--network", other, "--who", "me")
    assert (refused.code, "a member that may still answer needed" in refused.err) == (2, True)
    assert len(rows_of(members / "BRB", "question")) == 2  # of the whole search, and this one
    sound(members)


def test_who_refused_is_asked_again_as_well_once_that_is_mended(ribin, members):
    """A key that is not trusted, an agreement that ended, a node that never was: each is named with
    what to do, and `search --again` brings the list when it is done, with no second question."""
    by = ("--vault", members / "BLZ", "--who", "me")
    key = members / "JAM.key.json"
    assert ribin("network", "key", "publish", key, "--vault", members / "JAM").code == 0
    ended = ("network", "key", "end", "JAM", "--lost-since", "2026-11-20", "--reason", "lost?")
    assert ribin(*ended, *by).code == 0
    with served(members / "BLZ", owner_side(members / "BLZ")) as node:
        port = free_port()
        addresses = {"BLZ": node.url, "BRB": f"https://127.0.0.1:{port}"}
        file = lines_file(members / "mend.toml", "JAM", members / "JAM", addresses)
        found = searched(ribin, members, file, code=1)
        why = dict(found["unavailable"])
        assert "it does not take our certificate" in why["BLZ"]
        assert "(read the fingerprint of our key out to BLZ by telephone)" in why["BLZ"]
        assert "cannot be reached" in why["BRB"]
        again = f"; asked again by `ribin search --again {found['search']}`"
        assert why["BLZ"].endswith(again)
        assert why["BRB"].endswith(again)
        trusted = json.loads(key.read_text())["fingerprint"]
        words = ("network", "key", "trust", key, "--fingerprint", trusted, "--reason", "it was not")
        assert ribin(*words, *by).code == 0
        over = ("network", "agree", "JAM", "--end", "--reason", "talks")
        assert ribin(*over, *by).code == 0
        time.sleep(1.2)
        place = ("--vault", members / "JAM", "--network", file, "--who", "me", "--json")
        done = ribin("search", "--again", found["search"], *place)
        assert done.code == 1, done.err
        found = json.loads(done.out)
        why = dict(found["unavailable"])
        assert "BLZ has ended its agreement with JAM; its administrator states one" in why["BLZ"]
        assert "certificate" not in why["BLZ"]
        words = ("network", "agree", "JAM", "--scope", "cluster", "--reason", "agreed anew")
        assert ribin(*words, *by).code == 0
        time.sleep(1.2)
        with served(members / "BRB", owner_side(members / "BRB"), port=port):
            done = ribin("search", "--again", found["search"], *place)
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert {row["member"] for row in found["candidates"]} == {"BLZ", "BRB", "JAM"}
    assert len(rows_of(members / "BLZ", "question")) == 1
    sound(members)


@pytest.mark.slow
def test_a_line_that_is_cut_anywhere_costs_nothing(ribin, members, nodes, counted):
    """Cut after so many bytes, both ways counted: the list is the same, and the owner's log has the
    question once."""
    running, file = nodes
    chance = random.Random(15)
    whole = compared(searched(ribin, members, file))
    cuts = 0
    for number in range(12):
        line = Line(cuts=[chance.randrange(1, 60_000) for _ in range(1 + number % 3)])
        wanted = len(line.cuts)
        before = len(rows_of(members / "BLZ", "question"))
        with line_to(running["BLZ"].port, line) as port:
            addresses = {"BLZ": f"https://127.0.0.1:{port}", "BRB": running["BRB"].url}
            cut_file = lines_file(members / "cut.toml", "JAM", members / "JAM", addresses)
            found = searched(ribin, members, cut_file)
        assert compared(found) == whole
        assert len(rows_of(members / "BLZ", "question")) == before + 1
        cuts += wanted - len(line.cuts)
    assert cuts > 12
    counted(f"lines cut in a search: {cuts} in 12 searches, all lists the same")
    sound(members)


@pytest.mark.slow
def test_a_thin_line_carries_a_search_of_the_cluster(ribin, members, nodes, counted):
    """512 kbit/s, 700 ms there and back, a stall of 2 s in every fiftieth block of 16 kB."""
    running, file = nodes
    whole = compared(searched(ribin, members, file))
    with ExitStack() as stack:
        addresses, lines = {}, []
        for code, node in running.items():
            line = Line(bytes_s=64_000, delay_s=0.35, stall_s=2.0)
            line.blocks = 45  # a stall falls into this search
            port = stack.enter_context(line_to(node.port, line))
            addresses[code] = f"https://127.0.0.1:{port}"
            lines.append(line)
        thin = lines_file(members / "thin.toml", "JAM", members / "JAM", addresses)
        begun = time.monotonic()
        found = searched(ribin, members, thin)
        elapsed_s = time.monotonic() - begun
    assert compared(found) == whole
    carried = max(line.carried for line in lines)
    assert elapsed_s < 15
    assert carried < 120_000
    counted(f"thin line: a search of three members in {elapsed_s:.1f} s, {carried} bytes a line")


@pytest.mark.slow
def test_an_owner_that_is_killed_answers_once_it_is_back(ribin, members, counted):
    """kill -9 of the node's process at random points of a search: nothing that was acknowledged is
    lost, nothing is there twice, and both logs are sound."""
    chance, port = random.Random(9), free_port()
    words = ("node", "init", "--port", port, "--vault", members / "BLZ", "--who", "me")
    assert ribin(*words).code == 0
    addresses = {"BLZ": f"https://127.0.0.1:{port}"}
    file = lines_file(members / "kill.toml", "JAM", members / "JAM", addresses)
    serve = [*CLI, "node", "serve", "--vault", str(members / "BLZ")]
    environment = {**os.environ, "RIBIN_USER": "me"}
    asked = [*CLI, *SEARCH, "--vault", str(members / "JAM"), "--network", str(file)]
    first, kills, answers = None, 0, 0
    for number in range(8):
        log = members / f"node-{number}.log"
        with log.open("w") as said:
            node = subprocess.Popen(serve, stdout=said, stderr=said, env=environment)
            wait_for(port, log)
            search = subprocess.Popen(
                asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
            )
            time.sleep(chance.uniform(0.8, 4.0))
            node.send_signal(signal.SIGKILL)
            node.wait()
            kills += 1
        with process(serve, members / f"again-{number}.log", **environment):
            out, err = search.communicate(timeout=90)
            assert search.returncode == 0, (err.decode(), out.decode())
            found = json.loads(out)
        rows = [row for row in found["candidates"] if row["member"] == "BLZ"]
        answers += bool(rows)
        if rows:
            first = first or rows
            assert [row["score"] for row in rows] == [row["score"] for row in first]
    told = [row["message"] for row in rows_of(members / "BLZ", "answer")]
    asked_ids = [row["message"] for row in rows_of(members / "BLZ", "question")]
    assert len(told) == len(set(told))
    assert len(asked_ids) == len(set(asked_ids))
    assert set(told) <= set(asked_ids)
    assert answers >= kills - 1
    counted(f"kills of a node while it was asked: {kills}, answered after it was back: {answers}")
    sound(members)


@pytest.mark.slow
def test_an_asker_that_is_killed_leaves_both_logs_sound(ribin, members, nodes, counted):
    running, file = nodes
    chance, kills = random.Random(4), 0
    environment = {**os.environ, "RIBIN_USER": "me"}
    asked = [*CLI, *SEARCH, "--vault", str(members / "JAM"), "--network", str(file)]
    for _ in range(12):
        search = subprocess.Popen(
            asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
        time.sleep(chance.uniform(0.3, 4.0))
        search.kill()
        search.communicate()
        kills += 1
    time.sleep(2)
    sound(members)
    assert searched(ribin, members, file)["candidates"]
    questions = [row["message"] for row in rows_of(members / "BLZ", "question")]
    assert len(questions) == len(set(questions))
    counted(f"kills of an asker: {kills}, both logs sound; questions that came: {len(questions)}")
    assert running["BLZ"].events


FULL_DISK = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_an_owner_with_a_full_disk_answers_nothing_and_later_all(ribin, members):
    """No file of its process may grow beyond a few bytes: the log cannot be written, so there is no
    answer; with room again there is, and the log has it once."""
    port = free_port()
    words = ("node", "init", "--port", port, "--vault", members / "BLZ", "--who", "me")
    assert ribin(*words).code == 0
    file = lines_file(
        members / "full.toml", "JAM", members / "JAM", {"BLZ": f"https://127.0.0.1:{port}"}
    )
    before = rows_of(members / "BLZ", "question", "answer")
    serve = [*CLI[1:], "node", "serve", "--vault", str(members / "BLZ")]
    limited = process([CLI[0], "-c", FULL_DISK, "9000", *serve], members / "full.log")
    with Vault.open(members / "BLZ"), limited:  # open here too: what SQLite shares is made
        wait_for(port, members / "full.log")
        found = searched(ribin, members, file, code=1)
    [(code, why)] = found["unavailable"]
    assert (code, "cannot answer now" in why) == ("BLZ", True), why
    assert "/" not in why.replace("https://", "")
    assert rows_of(members / "BLZ", "question", "answer") == before
    with process([CLI[0], *serve], members / "room.log"):
        wait_for(port, members / "room.log")
        found = searched(ribin, members, file)
    assert {row["member"] for row in found["candidates"]} == {"BLZ", "JAM"}
    assert (
        len(rows_of(members / "BLZ", "answer"))
        == len([row for row in before if row["action"] == "answer"]) + 1
    )
    sound(members)


# What a node says that means ill; its key is trusted.


def lying(vault: Path, change) -> object:
    """The owner's side of a vault, whose list `change` has rewritten before it is signed."""
    honest, key = owner_side(vault), key_of(vault)

    def answering(raw: bytes) -> bytes:
        made = msgspec.msgpack.decode(honest(raw), type=Envelope)
        body = msgspec.msgpack.decode(made.body, type=AnswerBody)
        content = msgspec.msgpack.encode(change(msgspec.msgpack.decode(body.content)))
        sha256 = hashlib.sha256(content).hexdigest()
        told = AnswerBody(body.question_sha256, content, sha256, body.anchor)
        names = made.sender, made.receiver
        return seal_message(MessageKind.ANSWER, told, key, *names, answers=made.id)

    return answering


def with_rows(change):
    def changed(answer: dict) -> dict:
        return {**answer, "rows": change(answer["rows"])}

    return changed


ILL = {
    "markup": (with_rows(lambda rows: [{**rows[0], "event": "<script>alert(1)</script>"}]), ""),
    "escapes": (with_rows(lambda rows: [{**rows[0], "exhibit": "x\x1b[2J"}]), "printable"),
    "newlines": (with_rows(lambda rows: [{**rows[0], "event": "a\nb"}]), "printable"),
    "many rows": (with_rows(lambda rows: rows[:1] * 50_000), "at most 20 rows needed, found 50000"),
    "a score of 1e300": (with_rows(lambda rows: [{**rows[0], "score": 1e300}]), "score"),
    "a figure that is no number": (
        with_rows(lambda rows: [{**rows[0], "ccf": float("nan")}]),
        "ccf",
    ),
    "a field more": (with_rows(lambda rows: [{**rows[0], "more": 1}]), "more"),
    "no rows": (lambda answer: {k: v for k, v in answer.items() if k != "rows"}, "rows"),
}


@pytest.mark.parametrize("name", ILL)
def test_an_answer_that_means_ill_is_refused_in_one_line(ribin, members, name):
    change, needed = ILL[name]
    with served(members / "BLZ", lying(members / "BLZ", change)) as node:
        file = lines_file(members / "ill.toml", "JAM", members / "JAM", {"BLZ": node.url})
        done = ribin(*SEARCH, "--vault", members / "JAM", "--network", file, "--who", "me")
    assert done.code == (1 if needed else 0), done.err
    found = json.loads(done.out)
    if needed:
        [(code, why)] = found["unavailable"]
        assert code == "BLZ"
        assert needed in why
        assert "\n" not in why
    else:
        assert found["candidates"][0]["event"] == "<script>alert(1)</script>"
    sound(members)


@pytest.mark.slow
def test_a_million_rows_are_refused_and_the_search_goes_on(ribin, members):
    """Half a gigabyte, of a member that is trusted: refused, or given up at the deadline."""
    many = with_rows(lambda rows: rows[:1] * 1_000_000)
    with served(members / "BLZ", lying(members / "BLZ", many)) as node:
        file = lines_file(members / "ill.toml", "JAM", members / "JAM", {"BLZ": node.url})
        found = searched(ribin, members, file, code=1)
    [(code, why)] = found["unavailable"]
    assert code == "BLZ"
    assert "at most 20 rows needed, found 1000000" in why or "no answer in" in why
    assert {row["member"] for row in found["candidates"]} == {"JAM"}
    sound(members)
