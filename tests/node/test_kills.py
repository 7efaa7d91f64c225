"""kill -9 of the asker or the owner at random points of a search, a release and a verdict: nothing
that was acknowledged is lost, nothing is there twice, and both logs verify."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from node_makers import connect_members, free_port, lines_file, wait_for

from ribin.leads.merge import sync_leads
from ribin.services.lines import open_network
from ribin.services.outbox import deliver_waiting
from ribin.vault.leads import read_leads
from ribin.vault.messages import own_questions
from ribin.vault.vault import Vault

QUERY, OTHER = "JAM-2026-0007-1", "BLZ-2025-0042-1"

# Imports once, and does each piece of work in a fork of its own, which the test kills: `serve`, or
# the work of an examiner, one step after the other from the one that is named. A line says what
# begins, and what was acknowledged.
FORKS = """
import contextlib, io, json, os, sys
from itertools import count
sys.path[:0] = json.loads(sys.argv[1])
from ribin.commands.app import app
from ribin.commands.terminal import run
import ribin.leads.steps, ribin.node.server, ribin.services.search, ribin.services.sharing
import ribin.services.outbox, ribin.leads.merge, ribin.report.text
SHARED, JAM, QUERY, CANDIDATE = json.loads(sys.argv[2])

def tell(*words):  # a line at once: two processes write here
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def step(name, *words):
    tell("BEGIN", name)
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(io.StringIO()):
        code = run(app, [*words, *SHARED, *JAM, "--json"])
    if code not in (0, 1) or not told.getvalue().startswith("{"):
        tell("REFUSED", name, code)
        return {}
    said = json.loads(told.getvalue())
    tell("DONE", name)
    return said

def examiner(first):
    for number in count(first):
        if number % 3 == 0:
            found = step("search", "search", QUERY, "--scope", "cluster", "--reason", "x")
            tell("KEY search", found.get("search", ""))
        elif number % 3 == 1:
            done = step("release", "release", QUERY, "--to", "BLZ", "--reason", "x")
            ended = step("end", "release", QUERY, "--to", "BLZ", "--end", "--reason", "x")
            tell("KEY release", bool(done) + bool(ended))
        else:
            lead = step("lead", "lead", "open", QUERY, CANDIDATE, "--note", "n")
            name = lead["lead"]["lead"] if lead else ""
            tell("KEY lead", name)
            verdict = ("--conclusion", "inconclusive_a", "--examined", "items", "--note", "n")
            if name and step("verdict", "review", name, *verdict):
                tell("KEY verdict", name)
            if name and step("close", "lead", "close", name, "--reason", "n"):
                tell("KEY close", name)

for line in sys.stdin:
    what, *rest = json.loads(line)
    made = os.fork()
    if made == 0:
        if what == "serve":
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            os._exit(run(app, ["node", "serve", *rest]))
        examiner(rest[0])
    tell("PID", made)
    os.waitpid(made, 0)
    tell("ENDED", made)
"""


class Forks:
    """The process that forks, and the lines of its forks."""

    def __init__(self, folder: Path, jam: list[str], candidate: str) -> None:
        paths = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]
        facts = [["--who", "me"], jam, QUERY, candidate]
        run = [sys.executable, "-c", FORKS, json.dumps(paths), json.dumps(facts)]
        with (folder / f"forks-{id(self)}.log").open("w") as errors:
            self._process = subprocess.Popen(
                run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        self.lines: list[str] = []
        self.pid = 0

    def fork(self, *words) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        self.pid = int(self.until("PID").split()[1])

    def until(self, word: str) -> str:
        assert self._process.stdout is not None
        while line := self._process.stdout.readline():
            self.lines.append(line.strip())
            if line.startswith(word):
                return line
        raise AssertionError(self.lines[-20:])

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.until("ENDED")

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def scene(tmp_path, linked, ribin):
    """Two members with a line, the port of Belize's node, and the name of its exhibit."""
    folder = tmp_path / "kills"
    folder.mkdir()
    connect_members(linked(folder, JAM=(QUERY,), BLZ=(OTHER,)))
    port = free_port()
    file = lines_file(
        folder / "lines.toml", "JAM", folder / "JAM", {"BLZ": f"https://127.0.0.1:{port}"}
    )
    words = ("node", "init", "--port", port, "--vault", folder / "BLZ", "--who", "me")
    assert ribin(*words).code == 0
    return folder, port, file


def leads_of(folder: Path, member: str) -> dict[str, tuple[list[str], bool]]:
    """The verdicts of each lead, which the other side has sealed, and whether it is closed."""
    with Vault.open(folder / member, read_only=True) as vault, vault.catalogue.reading() as db:
        return {
            one.lead.lead: ([r.review for r in one.reviews], one.closure is not None)
            for one in read_leads(db)
        }


def check_all(folder: Path, file: Path, lines: list[str]) -> None:
    """Both vaults are sound; and brought up to date, each has once what was acknowledged."""
    with Vault.open(folder / "JAM") as vault:
        assert vault.check().problems == ()
        network = open_network(file, folder / "JAM")
        _, notes = sync_leads(vault, network, who="me")
        assert notes == ()
        assert [why for _, why in deliver_waiting(vault, network, who="me") if why] == []
        assert [one for one in own_questions(vault, waiting=True) if one.is_delivery] == []
    with Vault.open(folder / "BLZ") as vault:
        assert vault.check().problems == ()
        rows = vault.audit_log()
    for action in ("question", "answer", "receive release", "release ended"):
        asked = [row.details["message"] for row in rows if row.action == action]
        assert len(asked) == len(set(asked)), action
    told = Counter(row.action for row in rows)
    done = Counter(line for line in lines if line.startswith("DONE"))
    assert told["receive release"] >= done["DONE release"]
    assert told["release ended"] >= done["DONE end"]
    with Vault.open(folder / "JAM") as vault:
        sent = {one.id for one in own_questions(vault, kind="release")}
    releases = ("receive release", "release ended")
    assert {row.details["message"] for row in rows if row.action in releases} == sent
    jam, blz = leads_of(folder, "JAM"), leads_of(folder, "BLZ")
    assert jam == blz
    said = [line.split()[1:] for line in lines if line.startswith("KEY") and len(line.split()) > 2]
    assert {name for kind, name in said if kind == "lead"} <= jam.keys()
    assert all(jam[name][0] for kind, name in said if kind == "verdict")
    assert all(jam[name][1] for kind, name in said if kind == "close")
    with Vault.open(folder / "JAM") as vault, vault.catalogue.reading() as db:
        known = {row[0] for row in db.execute("SELECT id FROM records WHERE kind = 'search'")}
    assert {name for kind, name in said if kind == "search"} <= known


@pytest.mark.slow
@pytest.mark.parametrize("kills", [50])
def test_killed_at_random_points_both_sides_keep_what_was_acknowledged(
    scene, ribin, counted, kills
):
    folder, port, file = scene
    jam = ["--vault", str(folder / "JAM"), "--network", str(file)]
    chance = random.Random(50)
    owner = Forks(folder, jam, "")
    serve = ("serve", "--vault", str(folder / "BLZ"), "--jobs", "1")
    owner.fork(*serve)
    wait_for(port, folder / "BLZ" / "node.toml")
    words = ("search", QUERY, "--scope", "cluster", "--reason", "x", "--json", "--who", "me")
    found = json.loads(ribin(*words, *jam).out)["candidates"]
    candidate = next(f"BLZ:{row['exhibit']}" for row in found if row["member"] == "BLZ")
    asker = Forks(folder, jam, candidate)
    killed: Counter[str] = Counter()
    try:
        for number in range(kills):
            asker.fork("examiner", number // 2)
            begun = ("search", "release", "lead")[number // 2 % 3]
            asker.until("BEGIN")
            time.sleep(chance.uniform(0.0, {"search": 2.0, "release": 0.6, "lead": 1.2}[begun]))
            if number % 2:
                owner.kill()
                owner.fork(*serve)
                killed[f"owner, {begun}"] += 1
                asker.until("KEY")
                asker.kill()
            else:
                asker.kill()
                killed[f"asker, {begun}"] += 1
            if number % 10 == 9:
                wait_for(port, folder / "BLZ" / "node.toml")
                check_all(folder, file, asker.lines)
    finally:
        asker.close()
        owner.close()
    states = Counter(line.split()[0] for line in asker.lines)
    assert states["DONE"] > kills // 3
    counted(
        f"kills: {dict(sorted(killed.items()))}; steps acknowledged {states['DONE']}, none lost"
    )
