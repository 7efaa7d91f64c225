"""A vault of another schema is refused in one line, and one of an older ribin can be upgraded.

`older_vaults/` holds vaults as older versions made them: of schema 1, of schema 1 with a lighting
already, and of schema 2; each with one exhibit and a log of three rows.
"""

from __future__ import annotations

import sqlite3
import zipfile
from pathlib import Path

import pytest
from store_makers import enrol, make_exhibit

from ribin.errors import StoreError
from ribin.vault.migrations import MIGRATIONS, SCHEMA_VERSION
from ribin.vault.vault import Vault, upgrade_vault

OLDER = sorted((Path(__file__).parents[1] / "older_vaults").glob("*.zip"))


def alter(folder, *statements):
    db = sqlite3.connect(folder / "catalogue.sqlite", isolation_level=None)
    for statement in statements:
        db.execute(statement)
    db.close()


@pytest.fixture(params=OLDER, ids=lambda path: path.stem)
def older(request, tmp_path):
    """Each vault of an older version in turn."""
    with zipfile.ZipFile(request.param) as archive:
        archive.extractall(tmp_path / "JAM")
    return tmp_path / "JAM"


@pytest.fixture
def first(tmp_path):
    """The very first version: no lighting."""
    with zipfile.ZipFile(OLDER[1]) as archive:
        archive.extractall(tmp_path / "JAM")
    return tmp_path / "JAM"


def test_migrations_are_numbered_without_a_gap():
    assert [step.version for step in MIGRATIONS] == list(range(1, SCHEMA_VERSION + 1))


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
    needed = rf"schema {SCHEMA_VERSION} needed as in vault\.toml, found 1"
    with pytest.raises(StoreError, match=needed):
        Vault.open(folder)


def test_an_older_vault_is_refused_with_what_to_do(older):
    with pytest.raises(StoreError, match=r"needed, found [12]; `ribin store upgrade --vault"):
        Vault.open(older)


def test_an_upgraded_vault_holds_what_it_held_and_is_clean(ribin, older):
    done = ribin("store", "upgrade", "--vault", older, "--who", "tester")
    assert done.code == 0, done.err
    assert done.out.startswith(f"{older}: up to date, added: ")
    with Vault.open(older) as vault:
        assert [scan.lighting for scan in vault.holdings().scans] == [""]
        enrol(vault, 2, make_exhibit("X2"))
        rows = vault.audit_log()
        assert vault.check().problems == ()
    assert [row.who for row in rows[:3]] == ["founder", "tester", "asker"]
    upgraded = next(row for row in rows if row.action == "upgrade")
    assert (upgraded.who, upgraded.details["schema"][1]) == ("tester", SCHEMA_VERSION)


def test_upgrading_twice_and_after_a_crash_changes_nothing(first):
    assert upgrade_vault(first, "tester")[0] == "scans.lighting"
    (first / "vault.toml").write_text('member = "JAM"\nschema = 1\n')  # the crash came before this
    assert upgrade_vault(first, "tester") == []
    assert upgrade_vault(first, "tester") == []
    with Vault.open(first) as vault:
        actions = [row.action for row in vault.audit_log()]
        assert actions[:4] == ["create", "enrol", "search", "upgrade"]
        assert vault.check().clean


def test_an_upgrade_does_not_vouch_for_what_was_changed(older):
    alter(older, "UPDATE exhibits SET calibre = '.40'")
    with pytest.raises(
        StoreError, match="a sound vault needed to upgrade it, found catalogue: exh"
    ):
        upgrade_vault(older, "tester")
    with pytest.raises(StoreError, match="`ribin store upgrade"):  # and it is as it was
        Vault.open(older)


def test_a_catalogue_of_a_newer_ribin_is_refused(older):
    alter(older, "PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="needed, found 99: of a newer ribin"):
        upgrade_vault(older, "tester")


def test_who_upgrades_a_vault_without_people_is_its_administrator(first):
    from ribin.cases.leads import Role
    from ribin.vault.people import read_people

    upgrade_vault(first, "tester")
    with Vault.open(first) as vault:
        (person,) = read_people(vault.catalogue)
        assert (person.person, person.roles) == ("tester", (Role.EXAMINER, Role.ADMINISTRATOR))
