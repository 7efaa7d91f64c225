"""A gun used in Belize and in Jamaica: enrolled by each, found, reviewed twice, linked, traced,
and the link withdrawn; by the commands, as the README shows them."""

from __future__ import annotations

import json
import re

import pytest

from ribin.vault.sharing import pseudonym
from ribin.vault.vault import Vault

JAM, BLZ = "JAM-2026-0007-1", "BLZ-2025-0042-1"


@pytest.fixture
def session(ribin, sample_dir, tmp_path):
    """Two vaults with one scan each, their people, and `run(member, who, *words)`."""
    file = tmp_path / "network.toml"
    file.write_text(
        '[members.JAM]\nvault = "JAM"\n[members.BLZ]\nvault = "BLZ"\n'
        '[clusters]\ncaribbean = ["BLZ", "JAM"]\n'
    )

    def run(member, who, *words, code=0):
        done = ribin(*words, "--vault", tmp_path / member, "--who", who)
        assert done.code == code, done.err
        return done

    for member, exhibit, day in (("JAM", JAM, "2026-03-14"), ("BLZ", BLZ, "2025-11-02")):
        ribin("init", tmp_path / member, "--member", member, "--who", f"head of {member}")
        for role, name in (("examiner", "Ana Brown"), ("reviewer", "Ben Cole")):
            run(
                member, f"head of {member}", "people", "appoint", f"{name} {member}", "--role", role
            )
        scan = sample_dir / f"{exhibit}.x3p"
        fields = ("--event", exhibit[:-2], "--exhibit", exhibit, "--date", day)
        run(member, f"Ana Brown {member}", "enrol", scan, *fields, "--sharing", "cluster")
    return run, ("--network", file), tmp_path


def test_a_gun_used_in_two_countries(ribin, session):
    run, network, folder = session
    ana, ben = "Ana Brown JAM", "Ben Cole BLZ"

    # found: a search across the border, whose row the lead keeps as it was seen
    found = run(
        "JAM", ana, "search", JAM, "--scope", "cluster", "--reason", "murder", "--json", *network
    )
    listed = folder / "list.json"
    listed.write_text(found.out)
    first = json.loads(found.out)["candidates"][0]
    with Vault.open(folder / "BLZ") as vault, vault.catalogue.reading() as db:
        assert (first["member"], first["exhibit"]) == ("BLZ", pseudonym(db, BLZ))
    candidate = f"BLZ:{first['exhibit']}"

    # a lead, by an examiner and nobody else
    words = ("lead", "open", JAM, candidate, "--note", "score 99", "--list", listed, *network)
    run("JAM", "Ben Cole JAM", *words, code=2)
    taken = json.loads(run("JAM", ana, *words, "--json").out)
    assert (taken["lead"]["lead"], taken["standing"]) == ("JAM-BLZ-L1", "lead")
    assert taken["lead"]["figures"]["score"] == first["score"]
    assert set(taken["lead"]["figures"]) >= {"params_id", "version", "snapshot", "list_sha256"}

    # the first verdict, and nobody sees it
    verdict = ("--conclusion", "identification", "--note", "agrees", *network)
    run("JAM", ana, "review", "JAM-BLZ-L1", "--examined", "items", *verdict)
    seen = run("BLZ", ben, "lead", "show", "JAM-BLZ-L1").out
    assert "second review due" in seen
    assert "1 verdict given, shown when both are in" in seen
    assert "identification" not in seen
    run("JAM", ana, "review", "JAM-BLZ-L1", "--examined", "items", *verdict, code=2)
    assert "JAM-BLZ-L1" in run("BLZ", ben, "lead", "list", "--mine").out
    assert run("JAM", ana, "lead", "list", "--mine").out == "no lead\n"

    # the second, blind, by a person of the other country, on a cast
    linked = run("BLZ", ben, "review", "JAM-BLZ-L1", "--examined", "cast", *verdict).out
    assert re.search("standing +confirmed link", linked)
    assert f"BLZ:{BLZ}" in linked
    for member, who in (("JAM", ana), ("BLZ", ben)):
        assert "confirmed link" in run(member, who, "link", "list").out
    run("JAM", ben, "link", "list", code=2)  # each country's people look in their own vault
    run("JAM", ana, *words, code=3)  # no second lead, no second link

    # each country's network is told, by its own laboratory, and of no person
    notices = {
        c: (folder / c / "notices" / f"JAM-BLZ-L1-confirmed-{c}.json") for c in ("JAM", "BLZ")
    }
    for code, path in notices.items():
        told = path.read_text()
        assert json.loads(told)["to"] == code
        assert not any(name in told for name in (ana, ben, "murder", JAM, BLZ, "agrees"))

    # the history of the gun, as far as Belize tells it, and once it has released the event
    asked = ("trace", JAM, "--reason", "murder", *network)
    told = run("JAM", ana, *asked).out
    assert first["exhibit"] in told
    assert BLZ not in told
    run("BLZ", "head of BLZ", "release", BLZ, "--to", "JAM", "--reason", "joint case", *network)
    told = run("JAM", ana, *asked).out.splitlines()
    assert [line.split()[:3] for line in told[2:4]] == [
        ["2025-11-02", "BLZ", BLZ],
        ["2026-03-14", "JAM", JAM],
    ]
    assert told[4].startswith("confirmed link JAM-BLZ-L1 of ")

    # withdrawn in Belize: the series falls apart in both countries, and nothing is deleted
    said = run(
        "BLZ", ben, "link", "withdraw", "JAM-BLZ-L1", "--reason", "items mixed up", *network
    ).out
    assert "link withdrawn by Ben Cole BLZ (BLZ)" in said
    assert "the series is split into series of 1 and 1 exhibits" in said
    assert (folder / "JAM" / "notices" / "JAM-BLZ-L1-withdrawn-JAM.html").is_file()
    told = run("JAM", ana, *asked).out
    assert "series of JAM-2026-0007-1: 1 exhibit of JAM" in told
    assert "\nlink withdrawn JAM-BLZ-L1 of " in told
    shown = run("JAM", ana, "lead", "show", "JAM-BLZ-L1").out
    assert shown.count("identification: sufficient agreement") == 2

    # each log tells what was done here, and what was received; both are as they were written
    told_by = {
        "JAM": ["lead", "review", "lead received", "link", "lead received"],
        "BLZ": [
            *("lead received", "lead received", "review"),
            *("lead received", "link", "withdrawal"),  # the content of the first verdict
        ],
    }
    for member in told_by:
        with Vault.open(folder / member) as vault:
            actions = [row.action for row in vault.audit_log()]
        kinds = ("lead", "lead received", "review", "link", "withdrawal")
        steps = [action for action in actions if action in kinds]
        assert steps == told_by[member]
        done = ribin("audit", "verify", "--vault", folder / member)
        assert (done.code, "as they were written" in done.out) == (0, True)
        done = ribin("store", "check", "--vault", folder / member)
        assert done.out.endswith("every byte is as it was written\n")
