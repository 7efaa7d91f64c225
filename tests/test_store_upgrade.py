"""A vault of another schema is refused in one line, and one of an older ribin can be upgraded."""

from __future__ import annotations

import sqlite3

import pytest
from store_makers import enrol, make_exhibit

from ribin.errors import StoreError
from ribin.store.vault import Vault


def alter(folder, *statements):
    db = sqlite3.connect(folder / "catalogue.sqlite", isolation_level=None)
    for statement in statements:
        db.execute(statement)
    db.close()


@pytest.fixture
def older(tmp_path):
    """A vault as the first version made it: version 1, and scans without a lighting."""
    folder = tmp_path / "JAM"
    with Vault.create(folder, "JAM") as vault:
        enrol(vault, 1, make_exhibit("X1"))
    alter(folder, "ALTER TABLE scans DROP COLUMN lighting", "PRAGMA user_version = 1")
    (folder / "vault.toml").write_text('member = "JAM"\nschema = 1\n')
    return folder


def test_missing_columns_are_named_when_a_vault_is_opened(tmp_path):
    folder = tmp_path / "JAM"
    Vault.create(folder, "JAM").close()
    alter(folder, "ALTER TABLE scans DROP COLUMN lighting")
    with pytest.raises(StoreError) as refused:
        Vault.open(folder)
    assert str(refused.value) == (
        f"{folder}/catalogue.sqlite: table scans of the columns enrolled_at, exhibit, file_sha256, "
        "kind, lighting, sha256, size_bytes, source needed, found enrolled_at, exhibit, "
        "file_sha256, kind, sha256, size_bytes, source"
    )


def test_the_catalogue_must_have_the_version_of_the_vault(tmp_path):
    folder = tmp_path / "JAM"
    Vault.create(folder, "JAM").close()
    alter(folder, "PRAGMA user_version = 1")
    with pytest.raises(StoreError, match=r"schema 2 needed as in vault\.toml, found 1"):
        Vault.open(folder)


def test_an_older_vault_is_refused_with_what_to_do(older):
    with pytest.raises(StoreError, match="schema 2 needed, found 1; `ribin store upgrade --vault"):
        Vault.open(older)


def test_an_upgraded_vault_holds_what_it_held_and_is_clean(ribin, older):
    done = ribin("store", "upgrade", "--vault", older, "--who", "tester")
    assert (done.code, done.out) == (0, f"{older}: up to date, columns added: scans.lighting\n")
    with Vault.open(older) as vault:
        assert [scan.lighting for scan in vault.holdings().scans] == [""]
        enrol(vault, 2, make_exhibit("X2"))
        last = vault.audit_log()[-2]
        assert vault.check().problems == ()
    assert (last.action, last.who, last.details["schema"]) == ("upgrade", "tester", [1, 2])


def test_upgrading_twice_and_after_a_crash_changes_nothing(older):
    assert Vault.upgrade(older, "tester") == ["scans.lighting"]
    (older / "vault.toml").write_text('member = "JAM"\nschema = 1\n')  # the crash came before this
    assert Vault.upgrade(older, "tester") == []
    assert Vault.upgrade(older, "tester") == []
    with Vault.open(older) as vault:
        actions = [row.action for row in vault.audit_log()]
        assert actions == ["create", "enrol", "upgrade"]
        assert vault.check().clean
