"""`ribin import`: the folder of an export as a vault again, with the same catalogue."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ribin.errors import FormatError, StoreError
from ribin.export.scanfolder import pack_folder
from ribin.export.write import FORMAT, MANIFEST, VERSION, ExportedFile, ExportManifest
from ribin.foreign import read_facts
from ribin.input_file import read_input
from ribin.vault.catalogue import SCHEMA_VERSION
from ribin.vault.enrol import NOTICES_FOLDER
from ribin.vault.rebuild import Source, Table, rebuild_vault
from ribin.workers import Tick, silent

_NOTICE = re.compile(rf"{NOTICES_FOLDER}/[\w-]+\.(json|html|pdf)")
_TABLE = re.compile(r"tables/(\w+)\.json")
_MOST_MIB = 1024.0  # of one file


@dataclass(frozen=True)
class RestoredVault:
    """The vault that was made."""

    folder: str
    member: str
    exhibits: int
    scans: int


class ExportFolder:
    """The files of an export, each checked against its manifest when it is read."""

    def __init__(self, folder: Path) -> None:
        """Raises FormatError where the folder holds no export."""
        self._folder = folder
        self.manifest = self._bytes(MANIFEST)
        where = f"{folder.name}/{MANIFEST}"
        stated = read_facts(self.manifest, ExportManifest, where, FORMAT, VERSION)
        self.schema, self.member = stated.schema, stated.member
        if self.schema != SCHEMA_VERSION:
            age = "a newer" if self.schema > SCHEMA_VERSION else "an older"
            needed = f"schema {SCHEMA_VERSION} needed, found {self.schema}"
            raise FormatError(f"{where}: {needed}: of {age} ribin")
        self.files: dict[str, ExportedFile] = {}
        for file in stated.files:
            parts, odd = PurePosixPath(file.name).parts, set(file.name) & set('\\:*?"<>|\0')
            if not parts or file.name.startswith("/") or ".." in parts or odd:
                needed = "the name of a file within the export needed"
                raise FormatError(f"{where}: {needed}, found {file.name!r:.80}")
            if file.name in self.files:
                raise FormatError(f"{where}: file {file.name[:80]!r} occurs twice")
            self.files[file.name] = file

    def read(self, name: str) -> bytes:
        """The bytes of a file; FormatError where it is missing or not as it was written."""
        if name not in self.files:
            raise FormatError(f"{self._folder.name}: {name[:80]!r} is not in the manifest")
        content = self._bytes(name)
        if ExportedFile.of(name, content) != self.files[name]:
            raise FormatError(f"{self._folder / name}: not as the manifest says")
        return content

    def tables(self) -> dict[str, Table]:
        """The tables of the catalogue."""
        names = {found[1]: name for name in self.files if (found := _TABLE.fullmatch(name))}
        return {table: _read_table(self.read(name), name) for table, name in names.items()}

    def _bytes(self, name: str) -> bytes:
        path = self._folder / name
        try:
            return read_input(path, _MOST_MIB)
        except OSError as error:
            raise FormatError(f"{path}: a file of an export needed, {error.strerror}") from error


def import_vault(
    export: Path,
    folder: Path,
    *,
    who: str,
    reason: str = "",
    accept_repacked: bool = False,
    group: str = "",
    tick: Tick = silent,
) -> RestoredVault:
    """Make a vault in a new or empty folder from an export: all of it or nothing.

    Its catalogue is that of the export, audit log included, with one row more that says so.

    `accept_repacked`: take scan files that come out with other bytes, because other libraries of
    HDF5 pack them; originals and templates are still held against the catalogue. `group` as of
    `Vault.create`. Raises
    FormatError: the folder holds no export, or a file is missing, changed or not what it should be;
    StoreError: the tables contradict each other or their audit log, or the vault cannot be written.
    """
    source = ExportFolder(export)
    for name in source.files:  # once, before anything is made of them
        source.read(name)
    tables = source.tables()
    manifest_sha256 = hashlib.sha256(source.manifest).hexdigest()
    details = {"manifest_sha256": manifest_sha256, "folder": export.name}
    try:
        made_of = Source(
            tables,
            lambda name: pack_folder(name, source.read),
            accept_repacked,
            {name: source.read(name) for name in source.files if _NOTICE.fullmatch(name)},
        )
        scans = rebuild_vault(folder, made_of, who, reason, details, tick, group)
    except StoreError as error:
        text = str(error)
        raise type(error)(text if str(folder) in text else f"{export}: {text}") from error.__cause__
    return RestoredVault(str(folder), source.member, len(tables["exhibits"].rows), scans)


def _read_table(content: bytes, where: str) -> Table:
    table = read_facts(content, Table, where)
    for row in table.rows:
        if len(row) != len(table.columns):
            needed = f"rows of {len(table.columns)} cells needed"
            raise FormatError(f"{where}: {needed}, found {len(row)}")
    return table
