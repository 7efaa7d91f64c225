"""A vault of another schema is refused in one line, with both versions."""

from __future__ import annotations

import sqlite3

import pytest

from ribin.errors import StoreError
from ribin.vault import catalogue
from ribin.vault.catalogue import SCHEMA_VERSION, schema_as_made
from ribin.vault.scanfile import read_original
from ribin.vault.vault import Vault


@pytest.fixture
def folder(tmp_path):
    Vault.create(tmp_path / "JAM", "JAM").close()
    return tmp_path / "JAM"


def alter(folder, *statements):
    db = sqlite3.connect(folder / "catalogue.sqlite", isolation_level=None)
    for statement in statements:
        db.execute(statement)
    db.close()


def test_a_new_catalogue_is_as_the_schema_says(folder):
    db = sqlite3.connect(folder / "catalogue.sqlite")
    rows = db.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    db.close()
    found = {name: sql for name, sql in rows if not name.startswith("sqlite_")}
    assert found == schema_as_made()
    assert len(found) > 50


def test_missing_columns_are_seen_when_a_vault_is_opened(folder):
    alter(folder, "ALTER TABLE scans DROP COLUMN lighting")
    with pytest.raises(StoreError) as refused:
        Vault.open(folder)
    assert str(refused.value) == (
        f"{folder}/catalogue.sqlite: table scans of schema {SCHEMA_VERSION} needed, found one of "
        "the columns sha256, exhibit, source, kind, description, size_bytes, file_sha256, "
        "enrolled_at"
    )


def test_a_missing_table_is_seen_when_a_vault_is_opened(folder):
    alter(folder, "DROP TABLE findings")
    with pytest.raises(StoreError, match=r"table findings .* found one of the columns none"):
        Vault.open(folder)


def test_a_missing_trigger_is_a_problem_of_the_check(folder):
    alter(folder, "DROP TRIGGER audit_is_not_changed")
    with Vault.open(folder) as vault:
        (problem,) = vault.check().problems
    assert problem.text == "schema: audit_is_not_changed is not as made"


@pytest.mark.parametrize("version", [1, SCHEMA_VERSION - 1, SCHEMA_VERSION + 1])
def test_the_catalogue_must_have_the_version_of_the_vault(folder, version):
    alter(folder, f"PRAGMA user_version = {version}")
    needed = rf"schema {SCHEMA_VERSION} needed as in vault\.toml, found {version}$"
    with pytest.raises(StoreError, match=needed):
        Vault.open(folder)


def test_a_step_is_taken_by_a_new_catalogue(tmp_path, monkeypatch):
    """There are no steps yet; the next change of the tables may be one."""
    assert catalogue.STEPS == ()
    step = (SCHEMA_VERSION + 1, "-- A table of the next version.\nCREATE TABLE next (a TEXT);\n")
    monkeypatch.setattr(catalogue, "STEPS", (step,))
    db = sqlite3.connect(tmp_path / "x.sqlite", isolation_level=None)
    catalogue.create_tables(db)
    assert db.execute("SELECT count(*) FROM next").fetchone() == (0,)
    db.close()


def test_a_scan_file_of_another_version_is_refused(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        file.attrs.update(format="ribin scan", schema=1)
    with pytest.raises(StoreError, match="a scan file of schema 2 needed, found 1"):
        read_original(path)
