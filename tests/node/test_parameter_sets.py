"""Three laboratories never upgrade on one day: members of two sets of parameters go on asking each
other, over lines, with the set that both have."""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from node_makers import connect_members, lines_file, served

from ribin.exchange.carrier import Delivery, Way
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.params.load import load_params
from ribin.services.answers import ALONE, answer
from ribin.vault.parameter_sets import kept_parameters
from ribin.vault.vault import Vault

HELD = {
    "JAM": ("JAM-2026-0007-1", "JAM-2026-0012-1"),
    "BLZ": ("BLZ-2025-0042-1", "BLZ-2025-0029-1"),
    "BRB": ("BRB-2025-0020-1", "BRB-2026-0009-1"),
}
BEFORE = DEFAULT_PARAMS.template_id


@pytest.fixture(scope="module")
def made(tmp_path_factory, linked):
    folder = tmp_path_factory.mktemp("sets")
    connect_members(linked(folder, **HELD))
    (folder / "new.toml").write_text("[breech_face.describe]\nhigh_cutoff_um = 300.0\n")
    return folder


@pytest.fixture
def members(made, tmp_path):
    return shutil.copytree(made, tmp_path / "members")


@contextmanager
def nodes(folder: Path, **params):
    """The nodes of all members, with the parameters of each; the network.toml of each."""

    def side(code):
        context = replace(ALONE, threads=1, params=params.get(code, DEFAULT_PARAMS))

        def answering(raw: bytes) -> bytes:
            with Vault.open(folder / code) as opened:
                return answer(opened, raw, Delivery(Way.LINE), context)

        return answering

    with ExitStack() as stack:
        urls = {c: stack.enter_context(served(folder / c, side(c))).url for c in HELD}
        yield {
            code: lines_file(
                folder / f"{code}.toml",
                code,
                folder / code,
                {c: urls[c] for c in HELD if c != code},
            )
            for code in HELD
        }


def lists(ribin, folder, files, code, *words, exit_code=0):
    asked = ("search", HELD[code][0], "--scope", "cluster", "--reason", "a shooting", "--json")
    place = ("--vault", folder / code, "--network", files[code], "--who", "me")
    done = ribin(*asked, *place, *words)
    assert done.code == exit_code, done.err
    return json.loads(done.out)


def of(found, *codes):
    return [{**row, "rank": 0} for row in found["candidates"] if row["member"] in codes]


def upgrade(ribin, folder, code):
    words = ("--params", folder / "new.toml", "--vault", folder / code, "--who", "me")
    done = ribin("store", "describe", *words, "--reason", "new parameters")
    assert done.code == 0, done.err


def test_a_member_that_upgrades_goes_on_with_those_that_have_not(ribin, members):
    """JAM upgrades. What the two others find, also at JAM, is as before to the bit; JAM asks with
    both sets, and is answered with the one that each has, which the list says."""
    new = load_params(members / "new.toml")
    with nodes(members) as files:
        before = {code: lists(ribin, members, files, code) for code in HELD}
    upgrade(ribin, members, "JAM")
    assert set(kept_parameters(members / "JAM")) == {BEFORE, new.template_id}
    with nodes(members, JAM=new) as files:
        after = {code: lists(ribin, members, files, code) for code in ("BLZ", "BRB")}
        upgraded = lists(ribin, members, files, "JAM", "--params", members / "new.toml")
        view = ("view", HELD["BLZ"][0], f"JAM:{of(after['BLZ'], 'JAM')[0]['exhibit']}")
        look = ("--scope", "cluster", "--reason", "a shooting", "--who", "me")
        place = ("--vault", members / "BLZ", "--network", files["BLZ"])
        seen = ribin(*view, *look, *place, "-o", members / "pair.html")
        assert seen.code == 0, seen.err
        other = of(upgraded, "BLZ")[0]
        view = ("view", HELD["JAM"][0], f"BLZ:{other['exhibit']}", "-o", members / "two.html")
        place = ("--vault", members / "JAM", "--network", files["JAM"])
        seen = ribin(*view, *look, *place, "--params", members / "new.toml")
        assert seen.code == 0, seen.err
        words = ("--params", members / "new.toml", "--json")
        pair = ribin("compare", *view[1:3], *look, *place, *words)
        assert pair.code == 0, pair.err
        doctor = ("doctor", "--lines", *place, "--params", members / "new.toml")
        tried = ribin(*doctor)
        assert tried.code == 0, tried.out
        assert tried.out.count(f"template parameters {BEFORE} on both sides") == 2
        assert "self test" not in tried.out
    for code in ("BLZ", "BRB"):
        for name in ("candidates", "counts", "counts_by_member", "snapshot", "notes"):
            assert after[code][name] == before[code][name], (code, name)
    assert of(upgraded, "BLZ", "BRB") == of(before["JAM"], "BLZ", "BRB")
    assert of(upgraded, "JAM")
    for code in ("BLZ", "BRB"):
        said = f"{code}: compared with the earlier template parameters {BEFORE}, which both have"
        assert any(note.startswith(said) for note in upgraded["notes"]), upgraded["notes"]
    compared = json.loads(pair.out)
    assert compared["note"].startswith(
        f"compared with the earlier template parameters {BEFORE}, which"
    )
    assert compared["score"] == other["score"]
    for code in HELD:
        with Vault.open(members / code) as vault:
            assert vault.check().problems == ()


def test_a_file_is_asked_for_with_both_sets_as_well(ribin, members, sample_dir):
    upgrade(ribin, members, "JAM")
    with nodes(members, JAM=load_params(members / "new.toml")) as files:
        asked = ("search", sample_dir / "JAM-2026-0007-1.x3p", "--scope", "cluster", "--json")
        place = ("--vault", members / "JAM", "--network", files["JAM"], "--who", "me")
        done = ribin(*asked, *place, "--reason", "x", "--params", members / "new.toml")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert {row["member"] for row in found["candidates"]} == {"JAM", "BLZ", "BRB"}


def test_members_without_a_set_in_common_are_named_with_what_to_do(ribin, members):
    """The earlier set is dropped by a command: the others are told what to do, and nothing of the
    dropped marks is lost."""
    new = load_params(members / "new.toml")
    upgrade(ribin, members, "JAM")
    place = ("--vault", members / "JAM", "--who", "me")
    shown = ribin("store", "parameters", *place)
    assert [line.split() for line in shown.out.splitlines()[-2:]] == [
        [new.template_id, "2", "0", "yes"],
        [BEFORE, "0", "2", "yes"],
    ]
    kept = ribin("store", "parameters", "--drop", new.template_id, *place)
    assert (kept.code, "that no mark in use was made with needed, found 2 marks" in kept.err) == (
        2,
        True,
    )
    done = ribin("store", "parameters", "--drop", BEFORE, *place, "--reason", "all are new")
    assert done.out.splitlines()[-1].split() == [BEFORE, "0", "2", "no"]
    again = ribin("store", "parameters", "--drop", BEFORE, *place)
    assert f"a kept set needed, found {new.template_id}" in again.err
    with Vault.open(members / "JAM") as vault:
        row = vault.audit_log()[-1]
        assert (row.action, row.subject, row.reason) == ("drop parameters", BEFORE, "all are new")
        assert vault.check().problems == ()
    with nodes(members, JAM=new) as files:
        found = lists(ribin, members, files, "BLZ", exit_code=1)
        doctor = ribin("doctor", "--lines", "--vault", members / "BLZ", "--network", files["BLZ"])
    [(code, why)] = found["unavailable"]
    needed = f"a template made with parameters {new.template_id} (ribin 0.1.0) needed"
    assert (code, needed in why, f"found {BEFORE}" in why) == ("JAM", True, True)
    assert "`ribin store describe`" in why
    assert {row["member"] for row in found["candidates"]} == {"BLZ", "BRB"}
    assert doctor.code == 1
    assert "a set that both have: the one with the older ribin" in doctor.out


def test_a_file_of_a_set_that_somebody_changed_counts_as_not_there(ribin, members):
    path = members / "JAM" / "params" / f"{BEFORE}.json"
    path.write_text(path.read_text().replace('"frame_um": 4', '"frame_um": 5'))
    assert kept_parameters(members / "JAM") == {}
    with Vault.open(members / "JAM") as vault:
        [problem] = vault.check().problems
    assert "the numbers of its name needed" in problem.text
