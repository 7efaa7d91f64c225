"""Records: versions are added, follow from each other, are vouched for once and never changed."""

from __future__ import annotations

import sqlite3

import pytest

from ribin.cases.record import NO_VERSION, RecordKind, body_sha256, canonical_bytes
from ribin.errors import ParameterError, StoreError
from ribin.vault.records import (
    add_version,
    blank_versions,
    last_version,
    read_versions,
    version_problems,
)
from ribin.vault.vault import Vault
from ribin.vault.vouching import read_vouched

EVENT = RecordKind.EVENT


@pytest.fixture
def vault(tmp_path):
    with Vault.create(tmp_path / "JAM", "JAM", "Ann") as made:
        yield made


def state(vault: Vault, *places: str) -> None:
    for place in places:
        with vault.act("edit", "Ann", "seen wrongly") as act:
            add_version(act, EVENT, "E1", {"place": place})
            act.log("E1")


def versions(vault):
    with vault.catalogue.reading() as db:
        return read_versions(db, EVENT, "E1")


def version_texts(vault):
    with vault.catalogue.reading() as db:
        return [text for _, text in version_problems(db, read_vouched(db))]


def test_each_version_names_the_hash_of_the_one_before(vault):
    state(vault, "Kingston", "Montego Bay")
    one, two = versions(vault)
    assert (one.version, one.previous_sha256) == (1, NO_VERSION)
    assert (two.version, two.previous_sha256) == (2, one.sha256)
    assert two.body == {"place": "Montego Bay"}
    assert two.body_sha256 == body_sha256({"place": "Montego Bay"})
    assert (two.member, two.person, two.reason) == ("JAM", "Ann", "seen wrongly")
    assert two.identity.startswith("stated, login ")
    with vault.catalogue.reading() as db:
        assert last_version(db, EVENT, "E1") == two
        assert last_version(db, EVENT, "E2") is None
    assert version_texts(vault) == []


def test_one_row_of_the_log_vouches_for_each_version(vault):
    state(vault, "Kingston", "Montego Bay")
    vouched = [row.details["records"] for row in vault.audit_log() if row.action == "edit"]
    assert vouched == [{f"records/{one.name}": one.sha256} for one in versions(vault)]


def test_a_blanked_text_leaves_its_hash_and_the_chain(vault):
    state(vault, "12 Harbour Street", "Kingston")
    before = versions(vault)
    with vault.act("edit", "Ann", "a person's address") as act:
        assert blank_versions(act, EVENT, "E1") == ["event/E1/1"]
        act.log("E1", blanked=["event/E1/1"])
    one, two = versions(vault)
    assert one.body is None
    assert [r.sha256 for r in (one, two)] == [r.sha256 for r in before]
    assert one.body_sha256 == before[0].body_sha256
    assert version_texts(vault) == []
    assert b"Harbour" not in (vault.path / "catalogue.sqlite").read_bytes()


@pytest.mark.parametrize(
    "statement",
    [
        'UPDATE records SET body = \'{"place":"x"}\'',
        "UPDATE records SET person = 'Bob', body = ''",
        "UPDATE records SET version = 3, record = 'event/E1/3' WHERE version = 2",
        "DELETE FROM records",
        "INSERT OR REPLACE INTO records SELECT * FROM records WHERE version = 1",
        "INSERT INTO records SELECT 'event/E1/9', kind, id, 9, member, person, identity, at, "
        "reason, reason_sha256, body, body_sha256, previous_sha256 FROM records WHERE version = 1",
    ],
)
def test_the_catalogue_refuses_to_change_a_version(vault, statement):
    state(vault, "Kingston", "Montego Bay")
    db = sqlite3.connect(vault.path / "catalogue.sqlite")
    with pytest.raises(sqlite3.IntegrityError, match=r"never changed|its next version"):
        db.execute(statement)
    db.close()


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE records SET body = '{}' WHERE version = 1", "event/E1/1: its text is not as it"),
        ("UPDATE records SET body = '' WHERE version = 1", "event/E1/1: its text is gone and"),
        ("DELETE FROM records WHERE version = 1", "event/E1/2: version 1 needed, found 2"),
        (f"UPDATE records SET body_sha256 = '{'0' * 64}' WHERE version = 1", "event/E1/2: it does"),
    ],
)
def test_an_alteration_past_the_triggers_is_found(vault, statement, found):
    state(vault, "Kingston", "Montego Bay")
    db = sqlite3.connect(vault.path / "catalogue.sqlite")
    for (trigger,) in db.execute("SELECT name FROM sqlite_schema WHERE name LIKE 'records_%'"):
        db.execute(f"DROP TRIGGER {trigger}")
    db.execute(statement)
    db.commit()
    db.close()
    assert [text for text in version_texts(vault) if text.startswith(f"record {found}")]
    assert any("event/E1" in problem.text for problem in vault.check().problems)


def test_a_body_is_json_in_one_spelling():
    assert canonical_bytes({"b": 1, "a": "é"}) == '{"a":"é","b":1}'.encode()
    with pytest.raises(ParameterError, match="values of JSON needed"):
        canonical_bytes({"score": float("nan")})


def test_a_record_without_its_row_of_the_log_is_not_written(vault):
    with (
        pytest.raises(RuntimeError, match="records without a row"),
        vault.act("edit", "Ann", "") as act,
    ):
        add_version(act, EVENT, "E1", {})
    assert versions(vault) == []
    with pytest.raises(StoreError), vault.act("edit", "Ann", "") as act:
        raise StoreError("stopped")
