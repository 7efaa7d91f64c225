"""A vault rebuilt from the tables and scan files of another, down to its audit log."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ribin.errors import StoreError
from ribin.foreign import Statement
from ribin.vault.audit import append_row, chain_problems
from ribin.vault.catalogue import Catalogue, write_identity
from ribin.vault.check import check_records
from ribin.vault.enrol import INCOMING_FOLDER, MARKS_FOLDER, scan_path
from ribin.vault.files import fsync_folder, make_folder, new_folder, set_access, write_durably
from ribin.vault.redescribe import read_descriptions
from ribin.vault.rows import change_record
from ribin.vault.scanfile import read_original, read_template, template_sha256
from ribin.workers import Tick

_WAIT_S = 30.0


@dataclass(frozen=True)
class Source:
    """What a vault is made of.

    `pack` gives a file by the name of its folder in the export: scans/SHA-256 or
    described/SHA-256-params_id. With `accept_repacked` a file may have other bytes than it had,
    because other libraries packed it, as long as the original scan and the templates in it are
    those of the catalogue; the surfaces that people look at have no hash of their own. `others`
    are files that no record names, by their place in the vault.
    """

    tables: Mapping[str, Table]
    pack: Callable[[str], bytes]
    accept_repacked: bool = False
    others: Mapping[str, bytes] = field(default_factory=dict)


def rebuild_vault(
    folder: Path,
    source: Source,
    who: str,
    reason: str,
    details: dict[str, Any],
    tick: Tick,
    group: str,
) -> int:
    """Make the vault in a new or empty folder: all of it, or nothing; gives the number of scans.

    `group` as of `Vault.create`.

    The audit log is that of the tables, and one row more, which names the hash of every file that
    was packed otherwise.

    Raises StoreError: the folder holds something, the tables are not sound, a file is not as the
    catalogue says, or the disk refuses.
    """
    with new_folder(folder, StoreError):
        set_access(folder, group)
        for name in (MARKS_FOLDER, INCOMING_FOLDER):
            make_folder(folder / name)
        catalogue = Catalogue.create(folder, _WAIT_S)
        try:
            with catalogue.writing() as db:
                fill_tables(db, source.tables)
                owner = str(db.execute("SELECT subject FROM audit WHERE seq = 1").fetchone()[0])
                repacked: dict[str, str] = {}
                before: dict[str, str] = {}
                files = _files(db, folder)
                for done, one in enumerate(files):
                    tick(done, len(files))
                    changed = _place_file(db, source, one)
                    repacked.update(changed)
                    before.update(dict.fromkeys(changed, one.file_sha256))
                for name, content in source.others.items():
                    make_folder((folder / name).parent)
                    write_durably(folder / name, content)
                tick(len(files), len(files))
                facts = {**details, "records": repacked, "file_sha256_before": before}
                append_row(db, "import", owner, who, reason, facts)
            fsync_folder(folder)
        finally:
            catalogue.close()
        write_identity(folder, owner)
    return len(source.tables["scans"].rows)


@dataclass(frozen=True)
class _File:
    """A file of the catalogue: its record, its place in the vault and its name in the export."""

    table: str
    key: object
    scan: str
    file_sha256: str
    place: Path
    name: str
    where: str  # which rows of marks have their templates in it


def _files(db: sqlite3.Connection, folder: Path) -> list[_File]:
    files = []
    for row in db.execute("SELECT sha256, file_sha256 FROM scans ORDER BY rowid"):
        sha256, place = row["sha256"], scan_path(folder, row["sha256"])
        kept = (row["file_sha256"], place, f"scans/{sha256}", "description IS NULL")
        files.append(_File("scans", sha256, sha256, *kept))
    for one in read_descriptions(db):
        place, named = one.path(folder), one.description
        name = f"described/{place.stem}"
        kept = (one.file_sha256, place, name, f"description = {named:d}")
        files.append(_File("descriptions", named, one.sha256, *kept))
    return files


def _place_file(db: sqlite3.Connection, source: Source, one: _File) -> dict[str, str]:
    """Write a file of the vault; its changed record, where it was packed otherwise."""
    content = source.pack(one.name)
    found = hashlib.sha256(content).hexdigest()
    if found != one.file_sha256 and not source.accept_repacked:
        raise StoreError(
            f"{one.name}: a file of SHA-256 {one.file_sha256} needed, made {found}: something in "
            "it was changed, or other libraries packed it (--accept-repacked)"
        )
    make_folder(one.place.parent)
    write_durably(one.place, content)
    if found == one.file_sha256:
        return {}
    # Packed otherwise: its original and its templates must be those of the catalogue.
    if one.table == "scans" and hashlib.sha256(read_original(one.place)).hexdigest() != one.scan:
        raise StoreError(f"{one.name}: the original is not that of SHA-256 {one.scan}")
    query = f"SELECT position, template_sha256 FROM marks WHERE sha256 = ? AND {one.where}"
    for position, wanted in db.execute(query, (one.scan,)).fetchall():
        if template_sha256(read_template(one.place, position)) != wanted:
            raise StoreError(f"{one.name}: template {position} is not the one enrolled")
    return dict([change_record(db, one.table, one.key, {"file_sha256": found})])


# What the catalogue draws by itself, what other members' bundles brought and bring again, messages
# on their way, and what is kept of passwords, which leaves the vault in its backups alone.
LEFT_OUT = (
    *("content", "received_exhibits", "received_scans", "received_marks"),
    *("questions", "outbox", "secrets"),
)
Cell = str | int | float | None


class Table(Statement, frozen=True):
    """The rows of a table, in the order in which they were written."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def read_tables(db: sqlite3.Connection) -> dict[str, Table]:
    """Every table by its name, without those LEFT_OUT."""
    found = {}
    for name in table_names(db):
        cursor = db.execute(f"SELECT * FROM {name} ORDER BY rowid")
        columns = tuple(part[0] for part in cursor.description)
        found[name] = Table(columns, tuple(tuple(row) for row in cursor))
    return found


def fill_tables(db: sqlite3.Connection, tables: Mapping[str, Table]) -> None:
    """Put rows into the tables of a new catalogue, in the caller's transaction, and check them.

    Its triggers, which only let the audit log grow and keep what people wrote, rest meanwhile.

    Raises StoreError: tables, columns or rows are not those of a catalogue, or not as their audit
    log says.
    """
    names = table_names(db)
    if sorted(tables) != sorted(names):
        odd = sorted({*tables} ^ {*names})[0]
        raise StoreError(f"tables {', '.join(names)} needed, found {odd!r} missing or beyond them")
    triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    db.execute("PRAGMA defer_foreign_keys = ON")
    for trigger, _ in triggers:
        db.execute(f"DROP TRIGGER {trigger}")
    for name, table in tables.items():
        wanted = [str(row[1]) for row in db.execute(f"PRAGMA table_info({name})")]
        if sorted(table.columns) != sorted(wanted):
            found = ", ".join(map(str, table.columns))[:200]
            raise StoreError(f"table {name}: columns {', '.join(wanted)} needed, found {found}")
        db.execute(f"DELETE FROM {name}")
        columns, places = ", ".join(table.columns), ", ".join("?" * len(table.columns))
        statement = f"INSERT INTO {name} ({columns}) VALUES ({places})"
        try:
            db.executemany(statement, table.rows)
        except (sqlite3.Error, OverflowError) as error:
            raise StoreError(f"table {name}: {error}") from error
    for _, sql in triggers:
        db.execute(sql)
    if db.execute("PRAGMA foreign_key_check").fetchone():
        raise StoreError("a record names another that is not there")
    for problem in chain_problems(db):
        raise StoreError(problem)
    for one in check_records(db):
        raise StoreError(one.text)


def table_names(db: sqlite3.Connection) -> list[str]:
    """Tables of the catalogue, without those LEFT_OUT, in order of their names."""
    rows = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    names = [str(row[0]) for row in rows]
    return [n for n in names if not n.startswith("sqlite_") and n not in LEFT_OUT]
