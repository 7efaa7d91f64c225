"""`ribin export`: a vault into a folder that needs no RIBIN to be read."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import to_builtins

from ribin._version import __version__
from ribin.cases.csv_files import write_csv
from ribin.errors import ParameterError
from ribin.export.scanfolder import scan_files
from ribin.foreign import Hex32, Statement
from ribin.vault.audit import now_utc
from ribin.vault.catalogue import SCHEMA_VERSION
from ribin.vault.enrol import NOTICES_FOLDER, scan_path
from ribin.vault.files import make_folder, new_folder, open_for_writing, set_access, write_durably
from ribin.vault.leads import VERDICTS_OF, leads_with_second_due
from ribin.vault.rebuild import Table, read_tables
from ribin.vault.redescribe import read_descriptions
from ribin.vault.scanfile import read_parts
from ribin.vault.vault import Vault
from ribin.workers import Tick, silent

FORMAT = "ribin export"
VERSION = 1
MANIFEST = "manifest.json"
_NOTICES = (".json", ".html", ".pdf")
_README = Path(__file__).with_name("README.txt")


class ExportedFile(Statement, frozen=True):
    """A line of the manifest."""

    name: str
    size: int
    sha256: Hex32

    @classmethod
    def of(cls, name: str, content: bytes) -> ExportedFile:
        return cls(name, len(content), hashlib.sha256(content).hexdigest())


class ExportManifest(Statement, frozen=True):
    """What manifest.json states beside its format and version."""

    member: str
    schema: int
    program: str
    made_at: str
    files: tuple[ExportedFile, ...]


@dataclass(frozen=True)
class ExportResult:
    """What was written."""

    folder: str
    member: str
    exhibits: int
    scans: int
    files: int
    size_bytes: int


def export_vault(
    vault: Vault, folder: Path, *, who: str, reason: str, tick: Tick = silent
) -> ExportResult:
    """Write everything of a vault into a new or empty folder; manifest.json comes last.

    The vault's audit log says so first, and that row is in the export.

    Raises ParameterError: the folder holds something or cannot be written, or nobody says who and
    why; AccessError: the person has no role that may export; StoreError: a scan file is missing or
    damaged, or the vault is read-only or locked.
    """
    if not who.strip() or not reason.strip():
        raise ParameterError(f"{folder}: who and reason needed for an export, found one missing")
    with new_folder(folder, ParameterError):
        set_access(folder)
        with vault.act("export", who, reason) as act:
            # Verdicts that await a second one are in it: whoever takes it out has seen them.
            seen: dict[str, Any] = {VERDICTS_OF: leads_with_second_due(act.db)}
            act.log(vault.member, schema=SCHEMA_VERSION, **seen)
            tables = read_tables(act.db)  # of the same moment: no verdict comes between
            described = [one.path(vault.path) for one in read_descriptions(act.db)]
        listed = [_put(folder, name, content) for name, content in _table_files(tables)]
        listed.append(_put(folder, "README.txt", _README.read_bytes()))
        scans = _column(tables["scans"], "sha256")
        for done, sha256 in enumerate(scans):
            tick(done, len(scans))
            parts = read_parts(scan_path(vault.path, sha256))
            found = scan_files(f"scans/{sha256}", parts)
            listed += [_put(folder, name, content) for name, content in found]
        for path in described:
            found = scan_files(f"described/{path.stem}", read_parts(path))
            listed += [_put(folder, name, content) for name, content in found]
        for path in sorted((vault.path / NOTICES_FOLDER).glob("*-*.*")):
            if path.suffix in _NOTICES:
                listed.append(_put(folder, f"{NOTICES_FOLDER}/{path.name}", path.read_bytes()))
        tick(len(scans), len(scans))
        program = f"ribin {__version__}"
        stated = ExportManifest(vault.member, SCHEMA_VERSION, program, now_utc(), tuple(listed))
        facts = {"format": FORMAT, "version": VERSION, **to_builtins(stated)}
        content = json.dumps(facts, indent=1).encode()
        write_durably(folder / MANIFEST, content)
    exhibits = len(tables["exhibits"].rows)
    size = sum(file.size for file in listed) + len(content)
    return ExportResult(str(folder), vault.member, exhibits, len(scans), len(listed) + 1, size)


def _table_files(tables: dict[str, Table]) -> Iterator[tuple[str, bytes]]:
    for name, table in tables.items():
        rows = {"columns": table.columns, "rows": table.rows}
        yield f"tables/{name}.json", json.dumps(rows, indent=0, ensure_ascii=True).encode()
        lines = io.StringIO()
        write_csv(lines, table.columns, table.rows)
        # A byte order mark, by which spreadsheets know that it is UTF-8.
        yield f"tables/{name}.csv", ("\ufeff" + lines.getvalue()).encode("utf-8", "replace")


def _put(folder: Path, name: str, content: bytes) -> ExportedFile:
    """Write a file; its line of the manifest."""
    path = folder / name
    make_folder(path.parent)
    with open_for_writing(path) as file:
        file.write(content)
    return ExportedFile.of(name, content)


def _column(table: Table, name: str) -> list[str]:
    place = table.columns.index(name)
    return [str(row[place]) for row in table.rows]
