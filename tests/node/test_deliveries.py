"""What waits for a member is told by itself: by the node, and by the next command there."""

from __future__ import annotations

import json
import shutil
import time
from datetime import UTC, datetime, timedelta

import pytest
from node_makers import (
    CLI,
    connect_members,
    free_port,
    lines_file,
    owner_side,
    process,
    served,
    wait_for,
)

from ribin.vault.messages import OwnQuestion, own_questions
from ribin.vault.vault import Vault

JAM, BLZ = "JAM-2026-0007-1", "BLZ-2025-0042-1"


@pytest.fixture(scope="module")
def made(tmp_path_factory, linked):
    folder = tmp_path_factory.mktemp("deliveries")
    connect_members(linked(folder, JAM=(JAM,), BLZ=(BLZ,)))
    return folder


@pytest.fixture
def away(made, tmp_path, ribin):
    """A release that Belize has not been told, since its node is down; its port, and the
    network.toml of Jamaica."""
    folder = shutil.copytree(made, tmp_path / "members")
    port = free_port()
    file = lines_file(
        folder / "lines.toml", "JAM", folder / "JAM", {"BLZ": f"https://127.0.0.1:{port}"}
    )
    words = ("release", JAM, "--to", "BLZ", "--reason", "joint case", "--json")
    done = ribin(*words, "--vault", folder / "JAM", "--network", file, "--who", "me")
    assert json.loads(done.out)["told"] is False
    return folder, port, file


def waiting(folder):
    with Vault.open(folder / "JAM") as vault:
        return own_questions(vault, waiting=True)


def releases(folder):
    with Vault.open(folder / "BLZ") as vault:
        return [row.subject for row in vault.audit_log() if row.action == "receive release"]


def test_the_node_tells_what_waits_once_the_other_is_back(ribin, away, tmp_path):
    folder, port, file = away
    [before] = waiting(folder)
    assert (before.tries, "cannot be reached" in before.problem) == (1, True)
    own = free_port()
    words = ("node", "init", "--port", own, "--vault", folder / "JAM", "--who", "me")
    assert ribin(*words).code == 0
    with Vault.open(folder / "JAM") as vault, vault.catalogue.writing() as db:
        past = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="milliseconds")
        db.execute("UPDATE outbox SET tried_at = ?", (past,))
    serve = [*CLI, "node", "serve", "--vault", str(folder / "JAM"), "--network", str(file)]
    log = tmp_path / "JAM.log"
    with process(serve, log, RIBIN_USER="node service"):
        wait_for(own, log)
        until(lambda: waiting(folder)[0].tries == 2)
        status = ribin("node", "status", "--vault", folder / "JAM").out
        one = next(line.split() for line in status.splitlines() if line.startswith("BLZ  "))
        assert (one[1], one[2], one[4]) == ("release", JAM, "2")
        assert "cannot be reached" in status
        found = json.loads(ribin("node", "status", "--json", "--vault", folder / "JAM").out)
        [shown] = found["waiting"]
        pause = datetime.fromisoformat(shown["again"]) - datetime.now(UTC)
        assert timedelta(seconds=90) < pause < timedelta(minutes=2)
        with served(folder / "BLZ", owner_side(folder / "BLZ"), port=port):
            with Vault.open(folder / "JAM") as vault, vault.catalogue.writing() as db:
                db.execute("UPDATE outbox SET tried_at = ?", (past,))
            until(lambda: not waiting(folder))
        assert "nothing waits to be told" in ribin("node", "status", "--vault", folder / "JAM").out
    assert len(releases(folder)) == 1
    events = [json.loads(line) for line in log.read_text().splitlines()]
    told = [(e["event"], e["member"], e["kind"]) for e in events if "deliver" in e["event"]]
    assert told == [("not delivered", "BLZ", "release"), ("delivered", "BLZ", "release")]


def until(holds):
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_the_next_command_that_reaches_the_member_tells_what_waits(ribin, away):
    folder, port, file = away
    with served(folder / "BLZ", owner_side(folder / "BLZ"), port=port):
        words = ("search", JAM, "--scope", "cluster", "--reason", "a shooting", "--who", "me")
        done = ribin(*words, "--vault", folder / "JAM", "--network", file)
    assert done.code == 0, done.err
    assert "BLZ: told now what had waited for it" in done.err
    assert waiting(folder) == []
    assert len(releases(folder)) == 1


def test_pauses_between_tries_double_up_to_six_hours():
    first = datetime(2026, 11, 1, tzinfo=UTC)

    def due_after(tries):
        one = OwnQuestion(
            "0" * 32, "BLZ", "release", JAM, first.isoformat(), b"x", b"", "", tries,
            first.isoformat(), "",
        )  # fmt: skip
        return (datetime.fromisoformat(one.due_at) - first).total_seconds() / 60

    assert [due_after(n) for n in (0, 1, 2, 3, 9, 10, 400)] == [0, 1, 2, 4, 256, 360, 360]
