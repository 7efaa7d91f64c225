"""What takes evidence away shows what would go and asks first."""

from __future__ import annotations

import io

import pytest
from vault_makers import enrol, make_exhibit

from ribin.vault.vault import Vault


@pytest.fixture
def folder(tmp_path):
    with Vault.create(tmp_path / "JAM", "JAM", "ann") as vault:
        for seed in (1, 2):
            enrol(vault, seed, make_exhibit(f"X{seed}"))
    return tmp_path / "JAM"


@pytest.fixture
def run(ribin, folder, monkeypatch):
    def ran(*words, answer=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        said = ("--reason", "law", "--vault", folder, "--who", "ann")
        return ribin(*words, *said)

    return ran


def left(folder) -> set[str]:
    with Vault.open(folder, read_only=True) as vault:
        return set(vault.exhibits())


def test_a_purge_shows_what_would_go_and_asks(run, folder):
    done = run("purge", "X1", answer="n\n")
    assert (done.code, left(folder)) == (3, {"X1", "X2"})
    assert "X1: 1 scan, evidence of event E-X1" in done.err
    assert "nothing was done" in done.err
    done = run("purge", "X1", answer="")
    assert (done.code, "--yes needed where nobody answers" in done.err) == (2, True)
    assert left(folder) == {"X1", "X2"}
    assert run("purge", "X1", answer="y\n").code == 0
    assert left(folder) == {"X2"}
    done = run("purge", "X2", "--yes")
    assert (done.code, done.err, left(folder)) == (0, "", set())


def test_a_shorter_retention_shows_what_would_go_and_asks(run, folder):
    assert run("retention", "--days", "3650").code == 0  # nothing is due, nothing was shorter
    done = run("retention", "--days", "30", answer="n\n")
    assert (done.code, "instead of" in done.err) == (3, True)
    assert {line.split(":")[0] for line in done.err.splitlines()[:2]} == {"X1", "X2"}
    with Vault.open(folder, read_only=True) as vault, vault.catalogue.reading() as db:
        query = "SELECT value FROM settings WHERE setting = 'retention_days'"
        assert db.execute(query).fetchone()[0] == "3650"
    done = run("retention", "X1", "--until", "2020-01-31", answer="n\n")
    assert (done.code, "X1: kept until 2020-01-31" in done.err) == (3, True)
    assert "so it is due now" in done.err
    assert run("retention", "--days", "5000").code == 0  # longer asks nothing
    assert run("retention", "X1", "--until", "2020-01-31", "--yes").code == 0
    assert run("retention", "X1", "--until", "none").code == 0
