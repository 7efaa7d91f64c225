"""The audit log only grows, and says so when somebody has been at it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import pytest
from vault_makers import enrol, make_exhibit

from ribin.vault.vault import Vault


@pytest.fixture
def vault(tmp_path):
    with Vault.create(tmp_path / "JAM", "JAM", who="founder") as made:
        enrol(made, 1, make_exhibit("X1", calibre="9 mm"))
        enrol(made, 2, make_exhibit("X2"))
        made.record("search", "Q1", "asker", "a shooting", rows=3)
        yield made


def tamper(vault: Vault, *statements: str, guarded: bool = False) -> list[str]:
    """What `check` says after somebody with a database tool ran these; triggers stay as made."""
    db = sqlite3.connect(vault.path / "catalogue.sqlite", isolation_level=None)
    triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    try:
        for name, _ in [] if guarded else triggers:
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)
        for _, sql in [] if guarded else triggers:
            db.execute(sql)
    finally:
        db.close()
    return [p.text for p in vault.check().problems]


def test_a_row_says_who_when_where_what_and_why(vault):
    rows = vault.audit_log()
    assert [r.action for r in rows] == ["create", "enrol", "enrol", "search"]
    last = rows[-1]
    assert (last.seq, last.who, last.subject, last.reason) == (4, "asker", "Q1", "a shooting")
    assert last.details == {"rows": 3}
    assert last.host
    age = datetime.now(UTC) - datetime.fromisoformat(last.at)
    assert 0 <= age.total_seconds() < 60
    assert rows[1].subject == vault.holdings().scans[0].sha256
    assert vault.check().clean


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET who = 'nobody' WHERE seq = 1",
        "DELETE FROM audit WHERE seq = 4",
        "INSERT OR REPLACE INTO audit SELECT seq, at, 'nobody', host, action, subject, reason,"
        " reason_sha256, details, previous_sha256, sha256, identity FROM audit WHERE seq = 4",
        "INSERT INTO audit SELECT seq + 2, at, who, host, action, subject, reason, reason_sha256,"
        " details, previous_sha256, sha256, identity FROM audit WHERE seq = 4",
    ],
)
def test_the_database_itself_refuses_to_change_the_log(vault, statement):
    before = vault.audit_log()
    with pytest.raises(sqlite3.IntegrityError, match="the audit log"):
        tamper(vault, statement, guarded=True)
    assert vault.audit_log() == before


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE audit SET who = 'nobody' WHERE seq = 2", "row 2 is not as it was written"),
        ("UPDATE audit SET at = '2020' WHERE seq = 4", "row 4 is not as it was written"),
        ("DELETE FROM audit WHERE seq = 3", "row 3 needed after row 2, found 4"),
        ("DELETE FROM audit WHERE seq = 4", "4 rows were written, found 3"),
        ("UPDATE audit SET previous_sha256 = sha256 WHERE seq = 3", "row 3 does not follow row 2"),
        ("DELETE FROM audit", "4 rows were written, found 0"),
    ],
)
def test_a_tampered_log_is_noticed(vault, statement, message):
    assert any(message in text for text in tamper(vault, statement))


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE exhibits SET calibre = '.40' WHERE exhibit = 'X1'", "exhibits/X1 is not as it"),
        ("UPDATE exhibits SET sharing = 'network'", "exhibits/X2 is not as it was written"),
        ("UPDATE events SET date = '2024-01-01'", "events/E-X1 is not as it was written"),
        ("UPDATE marks SET params_id = 'x' WHERE mark_id = 2", "marks/2 is not as it was written"),
        ("DELETE FROM marks WHERE mark_id = 1", "marks/1 was written and is not there"),
        ("INSERT INTO events VALUES ('E', '', '', '')", "events/E is there and the audit log"),
        ("UPDATE scans SET exhibit = 'X9'", "row 1 of scans names a record not there"),
        ("DROP TRIGGER audit_only_grows", "schema: audit_only_grows is not as made"),
        ("DROP INDEX scans_by_exhibit", "schema: scans_by_exhibit is not as made"),
        ("CREATE TABLE more (x)", "schema: more is not as made"),
    ],
)
def test_a_record_changed_behind_the_program_is_noticed(vault, statement, message):
    assert any(message in text for text in tamper(vault, statement, guarded=True))
