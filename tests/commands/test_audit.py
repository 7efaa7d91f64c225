"""`ribin audit`: what is found when somebody has been at the log, here or in an exported file."""

from __future__ import annotations

import hashlib
import json
import sqlite3

import pytest
from vault_makers import enrol, make_exhibit

from ribin.vault.sharing import pseudonyms
from ribin.vault.vault import Vault


@pytest.fixture
def folder(tmp_path):
    with Vault.create(tmp_path / "JAM", "JAM", who="head") as vault:
        for seed in (1, 2, 3):
            enrol(vault, seed, make_exhibit(f"X{seed}"))
        vault.record("search", "Q1", "asker", "a shooting", rows=3)
    return tmp_path / "JAM"


def test_a_sound_log_and_its_anchor(ribin, folder):
    head = ribin("audit", "head", "--vault", folder).out.strip()
    assert head.startswith("5:")
    done = ribin("audit", "verify", "--vault", folder, "--anchor", head)
    assert done.code == 0
    assert done.out.splitlines() == [
        "audit log of JAM: 5 rows, as they were written",
        f"head {head}",
    ]
    with Vault.open(folder) as vault:
        vault.record("search", "Q2", "asker", "another")
    assert ribin("audit", "verify", "--vault", folder, "--anchor", head).code == 0


def test_an_exhibit_is_found_by_whatever_the_log_calls_it(ribin, folder):
    """Its name, its pseudonym and its scan's hash, or the part of it that the table shows."""
    with Vault.open(folder) as vault:
        (sha256,) = (s.sha256 for s in vault.holdings().scans if s.exhibit.exhibit == "X2")
        vault.record("picture", sha256, "asker", "a shooting", asking_member="BLZ")
        known_as = pseudonyms(vault, ["X2"])["X2"]

    def actions(subject):
        asked = ("audit", "list", "--subject", subject, "--vault", folder, "--who", "head")
        return [row["action"] for row in json.loads(ribin(*asked, "--json").out)["rows"]]

    assert actions("X2") == actions(known_as) == actions(sha256[:24]) == ["enrol", "picture"]
    assert actions("X1") == ["enrol"]
    purged = ribin("purge", "X2", "--reason", "error", "--yes", "--vault", folder, "--who", "head")
    assert purged.code == 0, purged.err
    assert actions("X2") == ["enrol", "picture", "purge"]


def rewritten(folder):
    """The whole log rewritten with one row changed, every hash made anew: only an anchor tells."""
    from ribin.vault import audit

    db = sqlite3.connect(folder / "catalogue.sqlite", isolation_level=None)
    db.row_factory = sqlite3.Row
    rows = [dict(row) for row in db.execute("SELECT * FROM audit ORDER BY seq")]
    triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for trigger in triggers:
        db.execute(f"DROP TRIGGER {trigger['name']}")
    previous = "0" * 64
    for row in rows:
        row["reason"] = "nothing" if row["action"] == "search" else row["reason"]
        row["reason_sha256"] = hashlib.sha256(row["reason"].encode()).hexdigest()
        row["previous_sha256"] = previous
        previous = row["sha256"] = audit._row_hash(row)
        names = ("reason", "reason_sha256", "previous_sha256", "sha256", "seq")
        values = "reason=?, reason_sha256=?, previous_sha256=?, sha256=?"
        db.execute(f"UPDATE audit SET {values} WHERE seq=?", [row[name] for name in names])
    for trigger in triggers:
        db.execute(trigger["sql"])
    db.close()


def test_a_log_rewritten_as_a_whole_is_told_by_its_anchor(ribin, folder):
    head = ribin("audit", "head", "--vault", folder).out.strip()
    rewritten(folder)
    assert ribin("audit", "verify", "--vault", folder).code == 0
    done = ribin("audit", "verify", "--vault", folder, "--anchor", head)
    assert done.code == 1
    assert f"row 5 of SHA-256 {head[2:]} needed, found" in done.out
    done = ribin("audit", "verify", "--vault", folder, "--anchor", f"9:{'0' * 64}")
    assert "row 9 of the anchor needed, found 5 rows" in done.out
    assert ribin("audit", "verify", "--vault", folder, "--anchor", "x").code == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.pop(2), "row 3 needed after row 2, found 4"),
        (lambda rows: rows.pop(), "5 rows were exported, found 4"),
        (lambda rows: rows.insert(1, rows.pop(2)), "row 2 needed after row 1, found 3"),
        (lambda rows: rows[3].update(who="nobody"), "row 4 is not as it was written"),
        (lambda rows: rows[3].update(host="elsewhere"), "row 4 is not as it was written"),
        (lambda rows: rows[4].update(identity=""), "row 5 is not as it was written"),
        (
            lambda rows: (rows[1].update(seq=3), rows[2].update(seq=2)),
            "row 3 is not as it was written",
        ),
    ],
)
def test_an_exported_log_is_verified_without_the_vault(ribin, folder, tmp_path, change, message):
    file = tmp_path / "log.jsonl"
    done = ribin("audit", "export", file, "--vault", folder, "--who", "head", "--reason", "yearly")
    assert (done.code, done.out) == (0, f"{file}: 6 rows\n")
    done = ribin("audit", "verify", "--file", file)
    assert (done.code, "6 rows, as they were written" in done.out) == (0, True)
    first, *rows = [json.loads(line) for line in file.read_text().splitlines()]
    rows.pop()
    first.update(rows=5, head=rows[-1]["sha256"])
    change(rows)
    file.write_text("\n".join(json.dumps(row) for row in (first, *rows)))
    done = ribin("audit", "verify", "--file", file)
    assert (done.code, message in done.out) == (1, True), done.out


def test_who_may_read_the_log(ribin, folder, tmp_path):
    done = ribin("audit", "export", tmp_path / "x", "--vault", folder, "--who", "Ana")
    assert done.err.startswith("ribin: Ana: auditor or administrator needed, found no role\nhint: ")
    assert done.code == 2
    asked = ("--vault", folder, "--who", "head")
    ribin("people", "appoint", "Ana", "--role", "auditor", *asked)
    done = ribin("audit", "list", "--vault", folder, "--who", "Ana", "--subject", "Q1")
    assert done.out.splitlines()[1].split()[2:3] == ["asker"]
    assert "stated" in done.out
    assert ribin("audit", "verify", "--file", tmp_path / "none").code == 2


def test_a_stated_name_is_kept_with_the_login_that_stated_it(ribin, folder, monkeypatch):
    from ribin.cases.leads import login_name

    with Vault.open(folder) as vault:
        vault.record("search", "Q", login_name(), "")
        monkeypatch.setenv("RIBIN_USER", "Ana")
        vault.record("search", "Q", "Ana", "")
        vault.record("search", "Q", "Ben", "")
        found = [row.identity for row in vault.audit_log()[-3:]]
    login = login_name()
    assert found == ["login", f"RIBIN_USER, login {login}", f"stated, login {login}"]


def test_a_name_from_the_environment_acts(ribin, folder, monkeypatch):
    monkeypatch.setenv("RIBIN_USER", "head")
    assert ribin("people", "appoint", "Ana", "--role", "auditor", "--vault", folder).code == 0
    done = ribin("people", "appoint", "Ben", "--role", "auditor", "--vault", folder, "--as", "Ana")
    assert done.err == "ribin: Ana: administrator needed, found auditor\n"
