"""`ribin store check`: every byte of a vault against its hash, every record against the log."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ribin.errors import StoreError
from ribin.vault.accounts import account_problems
from ribin.vault.agreements import agreement_problems
from ribin.vault.audit import AuditRow, chain_problems, read_rows_of
from ribin.vault.bodies import body_problems
from ribin.vault.catalogue import Catalogue, identity_problems, schema_problems
from ribin.vault.conclusions import conclusion_problems
from ribin.vault.enrol import MARKS_FOLDER, is_arriving, scan_path
from ribin.vault.exhibits import find_scan_owner
from ribin.vault.files import links_within
from ribin.vault.log_facts import fact_problems
from ribin.vault.messages import message_problems
from ribin.vault.parameter_sets import parameter_problems
from ribin.vault.permissions import act_problems
from ribin.vault.recorded_searches import search_problems
from ribin.vault.records import version_problems
from ribin.vault.redescribe import read_descriptions
from ribin.vault.rows import record_problems
from ribin.vault.scanfile import damaged_parts, read_original
from ribin.vault.sharing import setting_problems
from ribin.vault.states import state_problems
from ribin.vault.vouching import Vouchers, read_vouched
from ribin.workers import Tick


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


def check_vault(folder: Path, catalogue: Catalogue, on_progress: Tick) -> CheckReport:
    """Catalogue, audit log, scan files and strays. Others may enrol meanwhile."""
    scans: Sequence[sqlite3.Row] = ()
    problems: list[Problem] = []
    size_bytes = 0
    try:
        problems += [Problem("", text) for text in identity_problems(folder)]
        with catalogue.reading() as db:
            problems += check_catalogue(db)
            scans = db.execute("SELECT * FROM scans ORDER BY rowid").fetchall()
        for done, row in enumerate(scans):
            on_progress(done, len(scans))
            path = scan_path(folder, row["sha256"])
            size_bytes += path.stat().st_size if path.is_file() else 0
            text = _scan_problem(path, row["sha256"], row["file_sha256"])
            problems += [Problem(row["exhibit"], text)] if text else []
        on_progress(len(scans), len(scans))
        problems += _description_problems(folder, catalogue)
        for check in (_link_problems, _stray_problems, _received_problems):
            problems += [Problem("", text) for text in check(folder, catalogue)]
        problems += [Problem("", text) for text in parameter_problems(folder)]
    except StoreError as error:
        problems.append(Problem("", str(error)))
    return CheckReport(len(scans), size_bytes, tuple(problems))


# What is said of records, wherever they are from; an exhibit's name, or none, and a sentence.
_OF_RECORDS: tuple[Callable[[sqlite3.Connection, Vouchers], Iterable[tuple[str, str]]], ...] = (
    record_problems,
    version_problems,
    body_problems,
    fact_problems,
    state_problems,
    act_problems,
    conclusion_problems,
    agreement_problems,
    search_problems,
    setting_problems,
)


def check_records(db: sqlite3.Connection) -> list[Problem]:
    """Every record against the log, and what must follow from them."""
    found: list[Problem] = []
    with _damage_noted(found):
        vouched = read_vouched(db)
        for of_records in _OF_RECORDS:
            with _damage_noted(found):
                found += [Problem(*one) for one in of_records(db, vouched)]
    return found


def check_catalogue(db: sqlite3.Connection) -> list[Problem]:
    """The schema, the chain of the log, and its records; also what no export brings along."""
    found: list[Problem] = []
    for check in (_sqlite_problems, schema_problems, chain_problems):
        with _damage_noted(found):
            found += [Problem("", text) for text in check(db)]
    found += check_records(db)
    for brought in (account_problems, _brought_problems, message_problems):
        with _damage_noted(found):
            found += [Problem("", text) for text in brought(db)]
    return found


_DAMAGE = (
    *(sqlite3.DatabaseError, ValueError, TypeError, AttributeError, LookupError, RecursionError),
)


@contextmanager
def _damage_noted(found: list[Problem]) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        found.append(Problem("", f"catalogue: damaged: {error}"))


def _link_problems(folder: Path, catalogue: Catalogue) -> Iterator[str]:
    for link in links_within(folder):
        yield f"{link}: a symbolic link; nothing in a vault leads out of it"


def _stray_problems(folder: Path, catalogue: Catalogue) -> Iterator[str]:
    """Files in marks/ that no record names. One still arriving is the next writer's to clear."""
    for path in sorted((folder / MARKS_FOLDER).rglob("*")):
        sha256 = path.stem
        if path.is_dir() or (path == scan_path(folder, sha256) and is_arriving(folder, sha256)):
            continue
        with catalogue.reading() as db:
            known = path == scan_path(folder, sha256) and find_scan_owner(db, sha256) is not None
        if not known:
            yield f"{path}: a file that no record of the catalogue names"


def _description_problems(folder: Path, catalogue: Catalogue) -> Iterator[Problem]:
    """Later descriptions of scans lie in files of their own."""
    with catalogue.reading() as db:
        descriptions = read_descriptions(db)
    for one in descriptions:
        path = one.path(folder)
        if not path.is_file():
            yield Problem(one.exhibit, f"{path}: the file of a description needed, found none")
        elif _sha256(path.read_bytes()) != one.file_sha256:
            yield Problem(one.exhibit, f"{path}: not as it was written")


def received_sha256(db: sqlite3.Connection, member: str) -> str:
    """SHA-256 of what the catalogue has of another member's last bundle."""
    digest = hashlib.sha256()
    for table in ("received_exhibits", "received_scans", "received_marks"):
        for row in db.execute(f"SELECT * FROM {table} WHERE member = ? ORDER BY rowid", (member,)):
            digest.update(repr(tuple(row)).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def _brought_problems(db: sqlite3.Connection) -> Iterator[str]:
    """What the last bundle of each member brought is as the row of the log that took it in has it;
    that row vouches for the bundle, and so cannot be followed by one for the same. An import of a
    whole vault leaves out what was received, until it comes again, and so does the end of a key
    that was lost."""
    owner = db.execute("SELECT subject FROM audit WHERE seq = 1").fetchone()[0]
    rows = read_rows_of(db, "import", owner)
    imported = max((row.seq for row in rows if "manifest_sha256" in row.details), default=0)
    members = "SELECT member FROM received_exhibits UNION SELECT member FROM bundles"
    nothing = hashlib.sha256().hexdigest()
    for (member,) in db.execute(f"{members} WHERE direction = 'received'").fetchall():
        logged = [*read_rows_of(db, "import bundle", member)][-1:]
        found = received_sha256(db, member)
        last = logged[0].details if logged else {}
        ended = [row.seq for row in read_rows_of(db, "end trust", member) if _leaves_out(row, last)]
        gone = [seq for seq in (imported, *ended) if logged and seq > logged[0].seq]
        if found == nothing and gone:
            continue
        brought = f"bundles/{last.get('bundle')}" in last.get("records", {})
        if not brought or last.get("received_sha256") != found:
            yield f"catalogue: the bundle of {member} is not as it was received"


def _leaves_out(ended: AuditRow, bundle: Mapping[str, Any]) -> bool:
    """Whether the end of trust in a key took a bundle away, and with it all that it brought."""
    return f"bundles/{bundle.get('bundle')}" in ended.details.get("records", {})


def _received_problems(folder: Path, catalogue: Catalogue) -> Iterator[str]:
    """What bundles of other members brought lies in files named by their bytes."""
    with catalogue.reading() as db:
        marks = db.execute("SELECT member, file_sha256 AS name FROM received_marks").fetchall()
        query = "SELECT member, sha256 AS name FROM received_scans WHERE original <> ''"
        originals = db.execute(query).fetchall()
    received = folder / "received"
    for row in marks:
        path = received / row["member"] / row["name"][:2] / f"{row['name']}.packed"
        if not path.is_file():
            yield f"{path}: a received template needed, found none"
    for row in originals:
        path = received / row["member"] / "originals" / row["name"]
        if not path.is_file():
            yield f"{path}: a received original needed, found none"
    for path in sorted(received.rglob("*")):
        named = re.fullmatch(r"([0-9a-f]{64})(\.packed)?", path.name)
        if named and path.is_file() and _sha256(path.read_bytes()) != named[1]:
            yield f"{path}: not as it was received"


def _scan_problem(path: Path, sha256: str, file_sha256: str) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        return f"{path}: the file of an enrolled scan needed: {error.strerror}"
    found = _sha256(content)
    try:
        if found != file_sha256:
            parts = ", ".join(damaged_parts(path)) or "no array"
            return f"{path}: SHA-256 {file_sha256} needed, found {found}; damaged: {parts}"
        if _sha256(read_original(path)) != sha256:
            return f"{path}: the original bytes differ from their SHA-256 {sha256}"
    except StoreError as error:
        return str(error)
    return ""


def _sqlite_problems(db: sqlite3.Connection) -> list[str]:
    rows = [str(row[0]) for row in db.execute("PRAGMA integrity_check")]
    found = [f"catalogue: {text}" for text in rows if text != "ok"]
    if db.execute("SELECT count(*) FROM content WHERE length(token) = 32").fetchone()[0] != 1:
        found.append("catalogue: one token of its content needed, found another number")
    lost = db.execute("PRAGMA foreign_key_check").fetchall()
    return found + [f"catalogue: row {r[1]} of {r[0]} names a record not there" for r in lost]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
