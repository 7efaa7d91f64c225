"""Scans taken out of a vault as they were received: one's own, and what another member released."""

from __future__ import annotations

import pytest
from bundle_makers import make_pair
from lead_makers import EXAMINER, make_member
from vault_makers import enrol, make_exhibit, make_scan

from ribin.cases.exhibits import Scope
from ribin.vault.sharing import end_release, pseudonyms, release_exhibit
from ribin.vault.vault import Vault

SAID = {"who": "head", "reason": "homicide"}


@pytest.fixture
def jam(ribin, tmp_path):
    """JAM at its session, and Belize with three exhibits of which the first has two scans."""
    make_member(tmp_path, "JAM", 1).close()
    with make_member(tmp_path, "BLZ", 3, Scope.CLUSTER) as blz:
        enrol(blz, 77, blz.exhibit("BLZ-1"))
    file = tmp_path / "network.toml"
    file.write_text(
        '[members.JAM]\nvault = "JAM"\n[members.BLZ]\nvault = "BLZ"\n'
        '[clusters]\nlinked = ["JAM", "BLZ"]\n'
    )
    (tmp_path / "out").mkdir()
    words = ("-o", tmp_path / "out", "--vault", tmp_path / "JAM", "--network", file)

    def run(named, *more, who=EXAMINER):
        return ribin("original", named, *words, "--who", who, *more)

    return run


def logged(folder, code):
    with Vault.open(folder / code) as vault:
        return [(r.who, r.reason, r.details) for r in vault.audit_log() if r.action == "original"]


def test_a_released_original_comes_over_the_line(jam, tmp_path):
    with Vault.open(tmp_path / "BLZ") as blz:
        opaque = pseudonyms(blz, ["BLZ-1"])["BLZ-1"]
        release_exhibit(blz, "BLZ-1", "JAM", Scope.CLUSTER, original=False, **SAID)
    for name in ("BLZ-1", "BLZ-2", "nothing", opaque):  # released without it, not released, unknown
        ran = jam(f"BLZ:{name}", "--reason", "murder")
        assert ran.code == 2, ran.err
        assert ran.err == (
            f"ribin: BLZ:{name}: an exhibit whose original BLZ has released to JAM needed, "
            "found none\n"
        )
    assert logged(tmp_path, "BLZ") == logged(tmp_path, "JAM") == []
    with Vault.open(tmp_path / "BLZ") as blz:
        release_exhibit(blz, "BLZ-1", "JAM", Scope.CLUSTER, original=True, **SAID)
    assert jam("BLZ:BLZ-1").code == 2  # no reason
    ran = jam("BLZ:BLZ-1", "--reason", "murder")
    assert ran.code == 0, ran.err
    originals = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    seed = sum(map(ord, "BLZ")) * 100 + 1
    assert originals == {f"scan{n}.x3p": make_scan(n)[0] for n in (seed, 77)}
    assert ran.out.count(": written as it was received\n") == 2
    assert [(who, why, said["asking_member"]) for who, why, said in logged(tmp_path, "BLZ")] == [
        (EXAMINER, "murder", "JAM")
    ] * 2
    assert logged(tmp_path, "JAM") == [(EXAMINER, "murder", {"owner": "BLZ"})] * 2
    ran = jam("BLZ:BLZ-1", "--reason", "murder")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "a new file needed, found one" in ran.err
    with Vault.open(tmp_path / "BLZ") as blz:
        end_release(blz, "BLZ-1", "JAM", **SAID)
    assert jam("BLZ:BLZ-1", "--reason", "murder").code == 2


def test_the_owner_must_be_able_to_write_it_down(jam, tmp_path, monkeypatch):
    with Vault.open(tmp_path / "BLZ") as blz:
        release_exhibit(blz, "BLZ-1", "JAM", Scope.CLUSTER, original=True, **SAID)
    monkeypatch.setattr("ribin.vault.vault.may_write", lambda folder: folder.name != "BLZ")
    ran = jam("BLZ:BLZ-1", "--reason", "murder")
    assert ran.code == 3
    assert "an audit log that can be written needed" in ran.err
    assert list((tmp_path / "out").iterdir()) == []


def test_ones_own(jam, tmp_path):
    assert jam("JAM-1").code == 0
    (path,) = (tmp_path / "out").iterdir()
    assert path.read_bytes() == make_scan(sum(map(ord, "JAM")) * 100 + 1)[0]
    assert logged(tmp_path, "JAM") == [(EXAMINER, "", {"owner": "JAM"})]
    assert jam("JAM-1", who="a stranger").code == 2
    assert jam("nothing").code == 3


def test_out_of_reach_the_last_bundle_gives_it(ribin, tmp_path, monkeypatch):
    monkeypatch.setattr("ribin.exchange.receive.check_described", lambda arrays, where: None)
    pair = make_pair(tmp_path)
    enrol(pair.sender, 9, make_exhibit("BLZ-9", Scope.CLUSTER))
    release_exhibit(
        pair.sender, "BLZ-9", "JAM", Scope.CLUSTER, original=True, **SAID | {"who": "ann"}
    )
    pair.receive(pair.send())
    (tmp_path / "network.toml").write_text(
        '[members.JAM]\nvault = "JAM"\n[members.BLZ]\nvault = "nowhere"\n'
        '[clusters]\nlinked = ["JAM", "BLZ"]\n'
    )
    (tmp_path / "out").mkdir()
    words = ("-o", tmp_path / "out", "--vault", tmp_path / "JAM", "--who", "bob")
    more = (*words, "--network", tmp_path / "network.toml", "--reason", "murder")
    ran = ribin("original", "BLZ:BLZ-9", *more)
    assert ran.code == 0, ran.err
    assert (tmp_path / "out" / "scan9.x3p").read_bytes() == make_scan(9)[0]
    ran = ribin("original", "BLZ:BLZ-secret-cluster", *more)
    assert (ran.code, "nowhere" in ran.err) == (3, True)
    pair.sender.close()
    pair.receiver.close()
