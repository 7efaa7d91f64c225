"""Five members, each a process with its own server, and a gun used in two of them: found,
looked at, released, taken up, reviewed twice, linked, traced, told, corrected and withdrawn, over
TLS; and the same with a node that is down for a while."""

from __future__ import annotations

import json
import os
import re

import pytest
from node_makers import CLI, process, wait_for

from ribin.cases.leads import login_name
from ribin.node.demo import demo_nodes
from ribin.services.demo import WHO, build_demo
from ribin.vault.vault import Vault
from ribin.workers import silent

JAM, BLZ = "JAM-2026-0007-1", "BLZ-2025-0042-1"
ANA, BEN, HEAD = "Ana Brown", "Ben Cole", login_name() or WHO


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """The demonstration with a node for each member, and people who may review."""
    folder = tmp_path_factory.mktemp("five")
    demo = build_demo(folder, 2, silent)
    with demo_nodes(demo, print) as (_, nodes):
        yield folder, {node.member: node for node in nodes}


@pytest.fixture
def run(ribin, network):
    folder, _ = network

    def ran(member, who, *words, code=0, lines=True):
        words = (*words, "--vault", folder / "vaults" / member)
        if lines:
            words = (*words, "--network", folder / f"network-{member}.toml")
        done = ribin(*words, "--who", who)
        assert done.code == code, f"{words}\n{done.out}\n{done.err}"
        return done

    return ran


def search(run, member, exhibit, scope, *words):
    reason = ("--scope", scope, "--reason", "murder", "--json")
    return json.loads(run(member, HEAD, "search", exhibit, *reason, *words).out)


@pytest.mark.slow
def test_lists_are_those_of_folders_to_the_bit(ribin, run, network):
    folder, _ = network
    for scope in ("country", "cluster", "network"):
        over_lines = search(run, "JAM", JAM, scope)
        words = ("search", JAM, "--scope", scope, "--reason", "murder", "--json", "--who", HEAD)
        place = ("--vault", folder / "vaults" / "JAM", "--network", folder / "network.toml")
        in_folders = json.loads(ribin(*words, *place).out)
        for name in ("candidates", "counts", "counts_by_member", "snapshot", "members"):
            assert over_lines[name] == in_folders[name], (scope, name)
    assert {row["member"] for row in over_lines["candidates"]} >= {"BLZ", "BRB", "TTO", "USA"}


@pytest.mark.slow
def test_a_gun_used_in_two_countries_over_lines(ribin, run, network):
    folder, nodes = network
    for member in ("JAM", "BLZ"):
        for role, name in (("examiner", ANA), ("reviewer", BEN)):
            words = ("people", "appoint", f"{name} {member}", "--role", role)
            run(member, HEAD, *words, lines=False)
    ana, ben = f"{ANA} JAM", f"{BEN} BLZ"

    # found, looked at, released
    asked = ("--scope", "cluster", "--reason", "murder", "--json")
    found = run("JAM", ana, "search", JAM, *asked)
    listed = folder / "list.json"
    listed.write_text(found.out)
    first = json.loads(found.out)["candidates"][0]
    assert first["member"] == "BLZ"
    candidate = f"BLZ:{first['exhibit']}"
    page = folder / "look.html"
    run("JAM", ana, "view", JAM, candidate, "-o", page, "--scope", "cluster", "--reason", "murder")
    assert page.stat().st_size > 10_000
    (folder / "received").mkdir()
    run("BLZ", HEAD, "release", BLZ, "--to", "JAM", "--original", "--reason", "joint case")
    run("JAM", ana, "original", f"BLZ:{BLZ}", "-o", folder / "received", "--reason", "joint case")
    sent = (folder / "received").rglob("*.x3p")
    assert [path.stat().st_size > 10_000 for path in sent] == [True]

    # a lead, two verdicts, a link: each side has it
    words = ("lead", "open", JAM, candidate, "--note", "score 99", "--list", listed)
    taken = json.loads(run("JAM", ana, *words, "--json").out)
    assert (taken["lead"]["lead"], taken["standing"]) == ("JAM-BLZ-L1", "lead")
    verdict = ("--conclusion", "identification", "--note", "agrees")
    run("JAM", ana, "review", "JAM-BLZ-L1", "--examined", "items", *verdict)
    seen = run("BLZ", ben, "lead", "show", "JAM-BLZ-L1", lines=False).out
    assert "second review due" in seen
    assert "identification" not in seen
    linked = run("BLZ", ben, "review", "JAM-BLZ-L1", "--examined", "cast", *verdict).out
    assert re.search("standing +confirmed link", linked)
    for member, who in (("JAM", ana), ("BLZ", ben)):
        assert "confirmed link" in run(member, who, "link", "list", lines=False).out

    # traced; notices in both countries
    told = run("JAM", ana, "trace", JAM, "--reason", "murder").out
    assert f"BLZ     {BLZ}" in told
    for code in ("JAM", "BLZ"):
        notice = folder / "vaults" / code / "notices" / f"JAM-BLZ-L1-confirmed-{code}.json"
        assert json.loads(notice.read_text())["to"] == code

    # Belize is down: what is withdrawn waits, and is delivered once it is back
    nodes["BLZ"].process.kill()
    nodes["BLZ"].process.join()
    words = ("link", "withdraw", "JAM-BLZ-L1", "--reason", "items mixed up")
    said = run("JAM", ana, *words)
    assert "link withdrawn" in said.out
    shown = run("BLZ", ben, "link", "list", lines=False).out
    assert "confirmed link" in shown
    log, address = folder / "again.log", nodes["BLZ"].address
    serve = [*CLI, "node", "serve", "--vault", str(folder / "vaults" / "BLZ")]
    with process(serve, log, RIBIN_USER=HEAD, HOME=os.environ.get("HOME", "/")):
        wait_for(int(address.rpartition(":")[2]), log)
        run("JAM", ana, "lead", "sync")
        shown = run("BLZ", ben, "lead", "show", "JAM-BLZ-L1", lines=False).out
        assert "link withdrawn" in shown
        told = run("JAM", ana, "trace", JAM, "--reason", "murder").out
        assert "series of JAM-2026-0007-1: 1 exhibit of JAM" in told

    for member in ("JAM", "BLZ"):
        with Vault.open(folder / "vaults" / member) as vault:
            actions = [row.action for row in vault.audit_log()]
            assert vault.check().problems == ()
        assert {"review", "lead received"} <= set(actions)
        done = ribin("audit", "verify", "--vault", folder / "vaults" / member)
        assert (done.code, "as they were written" in done.out) == (0, True)
