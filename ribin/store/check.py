"""`ribin store check`: every byte of a vault against its hash, every record against the log."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ribin.errors import StoreError
from ribin.store.audit import chain_problems
from ribin.store.catalogue import Catalogue
from ribin.store.enrol import is_enrolled
from ribin.store.incoming import MARKS_FOLDER, is_arriving, scan_path
from ribin.store.scanfile import damaged_parts, read_original
from ribin.store.schema import schema_problems
from ribin.store.written import all_records


@dataclass(frozen=True)
class Problem:
    """One thing that is not as it was written; `exhibit` is empty where none is concerned."""

    exhibit: str
    text: str


@dataclass(frozen=True)
class CheckReport:
    """What was checked and what was found."""

    scans: int
    size_bytes: int
    problems: tuple[Problem, ...]

    @property
    def clean(self) -> bool:
        return not self.problems


def check_vault(
    folder: Path, catalogue: Catalogue, on_progress: Callable[[int, int], None]
) -> CheckReport:
    """Catalogue, audit log, scan files and strays. Others may enrol meanwhile."""
    scans: Sequence[sqlite3.Row] = ()
    problems: list[Problem] = []
    size_bytes = 0
    try:
        with catalogue.reading() as db:
            problems += [Problem("", text) for text in _catalogue_problems(db)]
            scans = db.execute("SELECT * FROM scans ORDER BY rowid").fetchall()
        for done, row in enumerate(scans):
            on_progress(done, len(scans))
            path = scan_path(folder, row["sha256"])
            size_bytes += path.stat().st_size if path.is_file() else 0
            text = _scan_problem(path, row["sha256"], row["file_sha256"])
            problems += [Problem(row["exhibit"], text)] if text else []
        on_progress(len(scans), len(scans))
        problems += [Problem("", text) for text in _stray_problems(folder, catalogue)]
    except StoreError as error:
        problems.append(Problem("", str(error)))
    return CheckReport(len(scans), size_bytes, tuple(problems))


def _catalogue_problems(db: sqlite3.Connection) -> list[str]:
    found: list[str] = []
    for check in (_sqlite_problems, schema_problems, chain_problems, record_problems):
        try:
            found += check(db)
        except (sqlite3.DatabaseError, ValueError, TypeError, AttributeError) as error:
            found.append(f"catalogue: damaged: {error}")
    return found


def _stray_problems(folder: Path, catalogue: Catalogue) -> Iterator[str]:
    """Files in marks/ that no record names. One still arriving is the next writer's to clear."""
    for path in sorted((folder / MARKS_FOLDER).rglob("*")):
        sha256 = path.stem
        if path.is_dir() or (path == scan_path(folder, sha256) and is_arriving(folder, sha256)):
            continue
        with catalogue.reading() as db:
            known = path == scan_path(folder, sha256) and is_enrolled(db, sha256)
        if not known:
            yield f"{path}: a file that no record of the catalogue names"


def _scan_problem(path: Path, sha256: str, file_sha256: str) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        return f"{path}: the file of an enrolled scan needed: {error.strerror}"
    found = hashlib.sha256(content).hexdigest()
    try:
        if found != file_sha256:
            parts = ", ".join(damaged_parts(path)) or "no array"
            return f"{path}: SHA-256 {file_sha256} needed, found {found}; damaged: {parts}"
        if hashlib.sha256(read_original(path)).hexdigest() != sha256:
            return f"{path}: the original bytes differ from their SHA-256 {sha256}"
    except StoreError as error:
        return str(error)
    return ""


def _sqlite_problems(db: sqlite3.Connection) -> list[str]:
    rows = [str(row[0]) for row in db.execute("PRAGMA integrity_check")]
    found = [f"catalogue: {text}" for text in rows if text != "ok"]
    lost = db.execute("PRAGMA foreign_key_check").fetchall()
    return found + [f"catalogue: row {r[1]} of {r[0]} names a record not there" for r in lost]


def record_problems(db: sqlite3.Connection) -> list[str]:
    """One sentence for each record that is not as the last row of the log that wrote it says.

    A row writes `records`, {name: SHA-256}; null for one that it removed.
    """
    written: dict[str, str] = {}
    for row in db.execute("SELECT details FROM audit ORDER BY seq"):
        written.update(json.loads(row["details"]).get("records", {}))
    written = {name: sha256 for name, sha256 in written.items() if sha256 is not None}
    found = dict(all_records(db))
    problems = []
    for name in sorted(written.keys() | found.keys()):
        if name not in found:
            problems.append(f"catalogue: {name} was written and is not there")
        elif name not in written:
            problems.append(f"catalogue: {name} is there and the audit log does not know it")
        elif written[name] != found[name]:
            problems.append(f"catalogue: {name} is not as it was written")
    return problems
