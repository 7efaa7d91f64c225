"""Sharing, releases, retention, keys and bundles on the command line, with real scans."""

from __future__ import annotations

import json
import shutil

import pytest

BLZ, JAM = "BLZ-2025-0042-1", "JAM-2026-0007-1"


@pytest.fixture(scope="module")
def filled(tmp_path_factory, sample_dir):
    """Vaults of Belize and Jamaica with a scan each, linked by one network.toml."""
    from ribin.commands.app import app
    from ribin.commands.terminal import run

    folder = tmp_path_factory.mktemp("two")
    for code, exhibit in (("BLZ", BLZ), ("JAM", JAM)):
        vault = folder / code
        assert run(app, ["init", str(vault), "--member", code, "--who", "chief"]) == 0
        event = ["--event", exhibit[:-2], "--exhibit", exhibit, "--place", "somewhere"]
        file = str(sample_dir / f"{exhibit}.x3p")
        said = ["--vault", str(vault), "--who", "chief", "--sharing", "cluster"]
        assert run(app, ["enrol", file, *event, *said]) == 0
    (folder / "network.toml").write_text(
        '[members.BLZ]\nvault = "BLZ"\n[members.JAM]\nvault = "JAM"\n'
        '[clusters]\nlinked = ["BLZ", "JAM"]\n'
    )
    return folder


@pytest.fixture
def two(filled, tmp_path):
    folder = tmp_path / "two"
    shutil.copytree(filled, folder)
    return folder


@pytest.fixture
def jam(ribin, two):
    return lambda *args: ribin(*args, "--vault", two / "JAM", "--who", "bob")


@pytest.fixture
def blz(ribin, two):
    return lambda *args: ribin(*args, "--vault", two / "BLZ", "--who", "ann")


def searched(two, jam, *more):
    said = ("--network", two / "network.toml", "--scope", "cluster", "--reason", "shooting")
    ran = jam("search", JAM, *said, "--json", *more)
    assert ran.code == 0, ran.err
    facts = json.loads(ran.out)
    lists = facts.get("lists") or [facts]
    return [c for c in lists[0]["candidates"] if c["member"] == "BLZ"], facts


def test_share_shows_and_changes(blz):
    facts = json.loads(blz("share", "--json").out)
    opaque = facts["exhibits"][0]["opaque"]
    assert facts == {
        "default": "country",
        "exhibits": [{"exhibit": BLZ, "sharing": "cluster", "opaque": opaque, "released_to": []}],
    }
    ran = blz("share", BLZ, "--sharing", "network", "--default", "cluster", "--reason", "treaty")
    assert f"{BLZ}  network  {opaque}" in ran.out
    assert "new exhibits are shared with: cluster" in ran.out
    for wrong in (("share", BLZ), ("share", "--sharing", "network")):
        ran = blz(*wrong, "--reason", "x")
        assert (ran.code, ran.out) == (2, "")
        assert "both exhibits and their level needed" in ran.err
    ran = blz("share", "--default", "network")
    assert (ran.code, ran.err) == (2, "ribin: share: a reason needed for a change, found none\n")
    assert blz("share", "nothing", "--sharing", "network", "--reason", "x").code == 3


def test_a_release_is_seen_by_the_other_side_and_in_both_logs(two, jam, blz, tmp_path):
    net = ("--network", two / "network.toml", "--reason", "homicide")
    (row,), _ = searched(two, jam)
    assert row["exhibit"].startswith("x-")
    assert row["event"] == ""
    picture = tmp_path / "first.png"
    assert searched(two, jam, "--picture", picture)
    template_only = picture.read_bytes()
    ran = blz("release", BLZ, "--to", "JAM", "--original", *net)
    assert ran.code == 0, ran.err
    assert ran.out == (
        f"{BLZ} (pseudonym {row['exhibit']}): exhibit, event and originals released, JAM; "
        "both audit logs have it\n"
    )
    (known,), _ = searched(two, jam, "--picture", picture)
    assert (known["exhibit"], known["event"]) == (BLZ, BLZ[:-2])
    assert picture.read_bytes() != template_only  # now of the whole surface
    assert [row["released_to"] for row in json.loads(blz("share", "--json").out)["exhibits"]] == [
        ["JAM"]
    ]
    assert "receive release" in audit(two / "JAM")
    ran = blz("release", BLZ, "--to", "JAM", "--end", *net)
    assert "release ended, JAM; both audit logs have it" in ran.out
    assert searched(two, jam)[0] == [row]
    assert "release ended" in audit(two / "JAM")
    assert blz("release", BLZ, *net).code == 2
    assert blz("release", BLZ, "--to", "XXX", *net).code == 2


def audit(vault):
    from ribin.vault.vault import Vault

    with Vault.open(vault) as opened:
        return [row.action for row in opened.audit_log()]


def test_two_members_without_a_line(two, jam, blz, ribin):
    net = ("--network", two / "network.toml", "--reason", "weekly")
    for side, code in ((jam, "JAM"), (blz, "BLZ")):
        made = side("network", "key", "make")
        assert made.code == 0, made.err
        assert side("network", "key", "make").code == 3
        path = two / f"{code}.key.json"
        shown = ribin("network", "key", "publish", path, "--vault", two / code)
        assert shown.out.splitlines()[-1] == made.out.splitlines()[-1]
    print_of = {
        c: json.loads((two / f"{c}.key.json").read_text())["fingerprint"] for c in ("JAM", "BLZ")
    }
    for side, other in ((jam, "BLZ"), (blz, "JAM")):
        file = two / f"{other}.key.json"
        wrong = side("network", "key", "trust", file, "--fingerprint", "0" * 64)
        assert wrong.code == 2
        assert f"needed, found {print_of[other]}" in wrong.err
        ran = side("network", "key", "trust", file, "--fingerprint", print_of[other].upper())
        assert ran.out == f"key of {other} trusted\n"
    (two / "away").mkdir()
    bundle = two / "away" / "to-jam.zip"
    ran = blz("network", "export", bundle, "--to", "JAM", "--seal", *net)
    assert ran.code == 0, ran.err
    assert "bundle 1 for JAM, signed and sealed: 1 exhibits, 1 templates, 0 originals" in ran.out
    (two / "BLZ").rename(two / "away" / "BLZ")  # no line from here on
    rows, facts = searched_offline(two, jam)
    assert (rows, facts["unavailable"][0][0]) == ([], "BLZ")
    ran = jam("network", "import", bundle)
    assert ": bundle 1 of BLZ: 1 exhibits, 1 new, 0 gone, 0 released, 0 ended" in ran.out
    assert "already there, nothing changed" in jam("network", "import", bundle).out
    (row,), facts = searched(two, jam)
    assert row["exhibit"].startswith("x-")
    assert row["score"] > 90
    assert "answered by its bundle 1" in json.dumps(facts)
    changed = bytearray(bundle.read_bytes())
    changed[5000] ^= 1
    bundle.write_bytes(changed)
    ran = jam("network", "import", bundle)
    assert (ran.code, ran.out) == (2, "")
    assert "sealed for JAM needed, found one altered or for another" in ran.err
    ran = jam("network", "import", two / "network.toml")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert jam("network", "import", two / "none.zip").code == 3
    assert ribin("store", "check", "--vault", two / "JAM").code == 0


def searched_offline(two, jam):
    said = ("--network", two / "network.toml", "--scope", "cluster", "--reason", "shooting")
    ran = jam("search", JAM, *said, "--json")
    assert ran.code == 1
    facts = json.loads(ran.out)
    lists = facts.get("lists") or [facts]
    return [c for c in lists[0]["candidates"] if c["member"] == "BLZ"], facts


def test_retention_and_purge(two, blz, ribin):
    assert blz("retention").out == "no exhibit has a last day\n"
    ran = blz("retention", BLZ, "--until", "2020-01-31", "--reason", "court", "--yes")
    assert f"{BLZ}  2020-01-31  its own" in ran.out
    dry = blz("purge", "--due", "today", "--dry-run")
    assert (dry.code, dry.out) == (0, f"{BLZ}: would be purged\n")
    assert "purge: a reason needed" in blz("purge", "--due", "today").err
    assert blz("purge", "--due", "2999-01-01", "--reason", "law").code == 2
    assert blz("purge", "--reason", "law").code == 2
    said = ("--role", "examiner", "--vault", two / "BLZ", "--who", "chief")
    assert ribin("people", "appoint", "ann", *said).code == 0
    ran = blz("purge", "--due", "today", "--reason", "law", "--yes")
    assert ran.code in (2, 3)
    assert "ann: administrator needed, found examiner" in ran.err
    ran = ribin(
        "purge", "--due", "today", "--reason", "law", "--yes", "--vault", two / "BLZ", *said[4:]
    )
    assert ran.out == f"{BLZ}: 1 scan purged; the audit log and a tombstone stay\n"


def test_a_purge_keeps_the_audit(two, ribin):
    vault = ("--vault", two / "BLZ", "--who", "chief")
    ran = ribin("purge", BLZ, "--reason", "law", "--yes", *vault)
    assert ran.code == 0, ran.err
    assert ran.out == f"{BLZ}: 1 scan purged; the audit log and a tombstone stay\n"
    assert ribin("store", "check", "--vault", two / "BLZ").code == 0
    assert audit(two / "BLZ")[-1] == "purge"
    again = ribin("purge", BLZ, "--reason", "law", "--yes", *vault)
    assert again.code == 3
