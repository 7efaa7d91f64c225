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
        named = "0" * 32, "BLZ", "release", JAM, b"x"
        one = OwnQuestion(*named, first.isoformat(), tries=tries, tried_at=first.isoformat())
        return (datetime.fromisoformat(one.due_at) - first).total_seconds() / 60

    assert [due_after(n) for n in (0, 1, 2, 3, 9, 10, 400)] == [0, 1, 2, 4, 256, 360, 360]


def test_a_correction_is_told_to_whom_it_was_told_and_to_nobody_else(ribin, made, tmp_path):
    """Released to Belize, then corrected: its log and its lead say which fields, not what was there
    nor why; a field that it may not know is not told of; the next look has it as it is now."""
    folder = shutil.copytree(made, tmp_path / "members")
    by = ("--vault", folder / "JAM", "--who", "me")
    with (
        served(folder / "BLZ", owner_side(folder / "BLZ")) as blz,
        served(folder / "JAM", owner_side(folder / "JAM")) as jam,
    ):
        file = lines_file(folder / "j.toml", "JAM", folder / "JAM", {"BLZ": blz.url})
        other = lines_file(folder / "b.toml", "BLZ", folder / "BLZ", {"JAM": jam.url})
        lines, back = ("--network", file), ("--vault", folder / "BLZ", "--network", other)
        asked = ("--scope", "cluster", "--reason", "a shooting", "--json", "--who", "me")
        found = json.loads(ribin("search", BLZ, *back, *asked).out)
        row = next(one for one in found["candidates"] if one["member"] == "JAM")
        edit = ("exhibit", "edit", JAM, "--reason", "the witness Smith misread it")
        done = ribin(*edit, "--calibre", "7.65 Luger", *by, *lines)
        assert (done.code, done.err) == (0, "")  # nobody has it on record
        words = ("lead", "open", BLZ, f"JAM:{row['exhibit']}", "--note", "score", "--who", "me")
        done = ribin(*words, *back, "--list", found["search"], "--json")
        assert done.code == 0, done.err
        lead = json.loads(done.out)["lead"]["lead"]
        done = ribin(*edit, "--calibre", ".40", "--place", "Negril", *by, *lines)
        assert "BLZ: told" in done.err
        assert ribin("release", JAM, "--to", "BLZ", "--reason", "joint", *by, *lines).code == 0
        done = ribin(*edit, "--place", "Kingston", *by)
        assert "BLZ: not told yet: no line to it now" in done.err
        assert ribin("network", "show", *by, *lines).code == 0  # reaches it
        done = ribin("network", "show", *by, *lines)
        looked = ribin("search", BLZ, *back, *asked)
    assert waiting(folder) == []
    rows = next(one for one in json.loads(looked.out)["candidates"] if one["member"] == "JAM")
    assert rows["class_fields"]["calibre"] == ".40"
    shown = ribin("lead", "show", lead, "--vault", folder / "BLZ", "--who", "me").out
    told = [line.partition(": ")[2] for line in shown.splitlines() if "corrected" in line]
    pseudonym = f"JAM:{row['exhibit']}"
    assert told == [
        f"JAM corrected calibre of {pseudonym}: look again",
        f"JAM corrected place of {pseudonym}: look again",
    ]
    with Vault.open(folder / "BLZ") as vault:
        log = "\n".join(map(str, vault.audit_log()))
        assert vault.check().problems == ()
    for hidden in ("Smith", "Negril", "7.65", "Kingston"):
        assert hidden not in log
    with Vault.open(folder / "JAM") as vault:
        assert vault.check().problems == ()
