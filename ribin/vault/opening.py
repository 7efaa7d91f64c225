"""Making the folder of a vault; opening one after checking that it is one; older ones upgraded."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ribin.errors import StoreError
from ribin.vault.audit import append_row, chain_problems
from ribin.vault.catalogue import Catalogue, may_write
from ribin.vault.files import fsync_folder
from ribin.vault.identity import checked_member_code, read_identity, write_identity
from ribin.vault.incoming import INCOMING_FOLDER, MARKS_FOLDER
from ribin.vault.migrations import migrate
from ribin.vault.people import found_roles
from ribin.vault.recordcheck import record_problems
from ribin.vault.schema import SCHEMA_VERSION, column_problem, version_of
from ribin.vault.written import all_records


def make_vault(folder: Path, member: str, who: str, wait_s: float) -> Catalogue:
    """Make an empty vault; vault.toml comes last, so a folder that has it is complete.

    Who makes it is its first administrator and examiner.

    Raises
    ------
    ParameterError
        `member` is not of the form of ISO 3166 alpha-3.
    StoreError
        The folder holds something already, or cannot be made.
    """
    checked_member_code(member, "member")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise StoreError(f"{folder}: an empty folder needed, found files in it")
        for name in (MARKS_FOLDER, INCOMING_FOLDER):
            (folder / name).mkdir()
        catalogue = Catalogue.create(folder, wait_s)
        with catalogue.writing() as db:
            found_roles(db, who)
            append_row(db, "create", member, who, "", {"records": dict(all_records(db))})
        fsync_folder(folder)
        fsync_folder(folder.resolve().parent)
        write_identity(folder, member)
    except OSError as error:
        raise StoreError(f"{folder}: a vault cannot be made here: {error}") from error
    return catalogue


def open_vault(folder: Path, read_only: bool, wait_s: float) -> tuple[str, Catalogue]:
    """The member and the catalogue, writable where the folder is and `read_only` is False.

    Raises
    ------
    StoreError
        The folder is no vault, another version of ribin made it, or its catalogue is damaged, has
        other columns, is locked for longer than `wait_s`, or is another member's.
    """
    member = read_identity(folder).member
    catalogue = Catalogue(folder, may_write(folder) and not read_only, wait_s)
    try:
        with catalogue.reading() as db:
            found = version_of(db)
            if found != SCHEMA_VERSION:
                needed = f"schema {SCHEMA_VERSION} needed as in vault.toml"
                raise StoreError(f"{catalogue.path}: {needed}, found {found}")
            if problem := column_problem(db):
                raise StoreError(f"{catalogue.path}: {problem}")
            _check_owner(db, folder, member)
    except BaseException:
        catalogue.close()
        raise
    return member, catalogue


def upgrade_vault(folder: Path, who: str, wait_s: float = 30.0) -> list[str]:
    """Bring the catalogue of an older ribin up to date; gives the tables and columns added.

    One transaction, with a row of the audit log that vouches for the records as they are now;
    vault.toml comes last, so a crash in between leaves a vault that can be upgraded.

    Raises
    ------
    StoreError
        As `open_vault`; or the vault is read-only, or a record is not as its audit log says:
        an upgrade would vouch for it.
    """
    identity = read_identity(folder, older=True)
    catalogue = Catalogue(folder, may_write(folder), wait_s)
    try:
        with catalogue.writing() as db:
            _check_owner(db, folder, identity.member)
            before = version_of(db)
            if before > SCHEMA_VERSION:
                needed = f"schema {SCHEMA_VERSION} needed"
                raise StoreError(f"{catalogue.path}: {needed}, found {before}: of a newer ribin")
            if before < SCHEMA_VERSION and (wrong := chain_problems(db) or record_problems(db)):
                raise StoreError(f"{folder}: a sound vault needed to upgrade it, found {wrong[0]}")
            added = migrate(db, before)
            if problem := column_problem(db):
                raise StoreError(f"{catalogue.path}: {problem}")
            if before != SCHEMA_VERSION:
                found_roles(db, who)
                records = dict(all_records(db))
                details = {"schema": [before, SCHEMA_VERSION], "added": added, "records": records}
                append_row(db, "upgrade", identity.member, who, "", details)
        if identity.schema != SCHEMA_VERSION:
            write_identity(folder, identity.member)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written: {error}") from error
    finally:
        catalogue.close()
    return added


def _check_owner(db: sqlite3.Connection, folder: Path, member: str) -> None:
    first = db.execute("SELECT subject FROM audit WHERE seq = 1").fetchone()
    owner = first["subject"] if first else "nobody"
    if owner != member:
        raise StoreError(f"{folder}: vault.toml names {member}, the catalogue {owner}")
