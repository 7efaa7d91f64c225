"""Packed templates of a vault beside its index: what a full comparison reads, derived.

    index/templates/00012-<hash of its bytes>.packed

Shard 12 of 256 marks each holds those with ids from 3,072 to 3,327: a table, its SHA-256, and the
packed templates (`vault/packed.py`). A template is used where it is the one that the catalogue
names, and its scan file has the size and the time that it had when it was packed; else the scan
file is read, and the shard made again. So a damaged, stale or missing shard costs time and never
changes a list. Only the table and the asked templates are read and hashed. They are read and not
mapped into memory: a mapped file that a failing disk cuts short ends the program.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from ribin.errors import FormatError, StoreError
from ribin.model import Provenance, Template
from ribin.vault.exhibits import StoredMark
from ribin.vault.files import INDEX_FOLDER, remove_derived, write_derived
from ribin.vault.packed import MOST_PACKED_BYTES, pack_template, unpack_template
from ribin.vault.redescribe import mark_path
from ribin.vault.scanfile import template_sha256

if TYPE_CHECKING:
    from ribin.vault.vault import Vault

TEMPLATE_FOLDER = Path(INDEX_FOLDER, "templates")
PACKED = ".packed"  # ending of a file of packed templates
_MARKS = 256  # of a shard: 9 MB, what one new mark has written again
_MAGIC = b"RIBINTS1"
_COUNT, _DIGEST = 4, 32  # bytes
_ROW = np.dtype(
    [
        ("mark_id", "<i8"),
        ("template", "V32"),  # SHA-256
        ("size", "<i8"),  # of the scan file
        ("written_ns", "<i8"),
        ("start", "<i8"),  # in the shard, of the packed template
        ("length", "<i8"),
    ]
)


class _PackedTemplate(NamedTuple):
    """A packed template, and its scan file as it was then."""

    mark_id: int
    template_sha256: str
    evidence: tuple[int, int]  # size, and time of the last change in ns
    content: bytes


def read_templates(vault: Vault, marks: Sequence[StoredMark]) -> dict[int, Template]:
    """The templates of these marks by their ids, as far as they can be read; where the vault may be
    written, those that were read from scan files are packed for the next time."""
    found: dict[int, Template] = {}
    files = _shard_files(vault)
    for number, some in _by_shard(marks):
        paths = files.get(number, [])
        evidence = {mark.mark_id: _evidence(vault, mark) for mark in some}
        for path in paths:
            asked = [mark for mark in some if mark.mark_id not in found]
            found |= _read_shard(path, asked, evidence)
        new = []
        for mark in some:
            if mark.mark_id not in found:
                with contextlib.suppress(StoreError):  # whoever asked sees that it lacks
                    template = vault.template(mark)
                    found[mark.mark_id] = template
                    named = mark.mark_id, mark.template_sha256, evidence[mark.mark_id]
                    new.append(_PackedTemplate(*named, pack_template(template)))
        if new and vault.writable:
            _keep(vault, number, paths, new)
    return found


def sweep_templates(vault: Vault) -> int:
    """Take out what the catalogue no longer names, and what is damaged; the number of marks.

    Where the disk refuses the shard without them, the shard goes as a whole.
    """
    taken = 0
    for number, paths in _shard_files(vault).items():
        rows = [row for path in paths for row in _sound_rows(path)]
        left = _named(vault, rows)
        if len(left) < len(rows) or not rows:
            _keep(vault, number, paths, [])
            taken += len(rows) - len(left)
    return taken


def template_shard_problems(vault: Vault) -> list[str]:
    """One sentence for each shard that holds a template that the catalogue no longer names."""
    found = []
    for paths in _shard_files(vault).values():
        for path in paths:
            rows = list(_sound_rows(path))
            gone = len(rows) - len(_named(vault, rows))
            if gone:
                found.append(
                    f"{path}: holds {gone} templates that the catalogue no longer has, "
                    "`ribin store rebuild-index` makes it again"
                )
    return found


def _shard_files(vault: Vault) -> dict[int, list[Path]]:
    """The shards by their numbers; of a number more than one where two programs wrote at once."""
    files: dict[int, list[Path]] = {}
    for path in sorted((vault.path / TEMPLATE_FOLDER).glob(f"*{PACKED}")):
        number = path.name.partition("-")[0]
        if number.isdigit():
            files.setdefault(int(number), []).append(path)
    return files


def _by_shard(marks: Iterable[StoredMark]) -> Iterator[tuple[int, list[StoredMark]]]:
    groups: dict[int, list[StoredMark]] = {}
    for mark in marks:
        groups.setdefault(mark.mark_id // _MARKS, []).append(mark)
    yield from sorted(groups.items())


def _evidence(vault: Vault, mark: StoredMark) -> tuple[int, int]:
    """Size and time of the last change of a mark's scan file; no size where there is none."""
    try:
        facts = os.lstat(mark_path(vault.path, mark))
    except OSError:
        return -1, 0
    return facts.st_size, facts.st_mtime_ns


def _keep(vault: Vault, number: int, paths: Sequence[Path], new: Sequence[_PackedTemplate]) -> None:
    """Put what a shard holds and is still named, and new templates, into one file."""
    rows = {row.mark_id: row for path in paths for row in _sound_rows(path)}
    rows |= {row.mark_id: row for row in new}
    left = _named(vault, list(rows.values()))
    kept = None
    if left:
        folder = vault.path / TEMPLATE_FOLDER
        kept = write_derived(folder, f"{number:05d}", PACKED, _pack_shard(left))
    for path in paths:
        if path != kept:
            remove_derived(path)


def _named(vault: Vault, rows: Sequence[_PackedTemplate]) -> list[_PackedTemplate]:
    """Those whose mark the catalogue has, in use or of an earlier description, by their ids."""
    stored = vault.stored_marks([row.mark_id for row in rows])
    known = {(mark.mark_id, mark.template_sha256) for mark in stored}
    named = [row for row in rows if (row.mark_id, row.template_sha256) in known]
    return sorted(named, key=lambda row: row.mark_id)


# The file of a shard.


def _pack_shard(rows: Sequence[_PackedTemplate]) -> bytes:
    table = np.zeros(len(rows), _ROW)
    start = len(_MAGIC) + _COUNT + table.nbytes + _DIGEST
    for place, row in enumerate(rows):
        template = bytes.fromhex(row.template_sha256)
        table[place] = (row.mark_id, template, *row.evidence, start, len(row.content))
        start += len(row.content)
    head = _MAGIC + len(rows).to_bytes(_COUNT, "little") + table.tobytes()
    return b"".join([head, hashlib.sha256(head).digest(), *(row.content for row in rows)])


@dataclass(frozen=True, eq=False)
class _TemplateShard:
    """An open shard whose table is sound."""

    file: BinaryIO
    table: np.ndarray

    @classmethod
    def of(cls, file: BinaryIO) -> _TemplateShard | None:
        start = file.read(len(_MAGIC) + _COUNT)
        number = int.from_bytes(start[len(_MAGIC) :], "little")
        if not start.startswith(_MAGIC) or not 0 < number <= _MARKS:
            return None
        rows = file.read(number * _ROW.itemsize)
        if hashlib.sha256(start + rows).digest() != file.read(_DIGEST):
            return None
        return cls(file, np.frombuffer(rows, _ROW))

    def content(self, row: np.void) -> bytes:
        self.file.seek(int(row["start"]))
        return self.file.read(min(int(row["length"]), MOST_PACKED_BYTES))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[_TemplateShard | None]:
    """A shard; None where another program has taken it away, or its table is damaged."""
    try:
        file = path.open("rb", buffering=0)
    except OSError:
        yield None
        return
    with file:
        yield _TemplateShard.of(file)


def _read_shard(
    path: Path, marks: Sequence[StoredMark], evidence: dict[int, tuple[int, int]]
) -> dict[int, Template]:
    """The templates of those marks that the shard holds as they are now."""
    found: dict[int, Template] = {}
    with _opened(path) as shard, contextlib.suppress(OSError):
        if shard is None:
            return found
        places = {int(mark_id): place for place, mark_id in enumerate(shard.table["mark_id"])}
        for mark in marks:
            place = places.get(mark.mark_id)
            if place is None:
                continue
            row = shard.table[place]
            current = (int(row["size"]), int(row["written_ns"])) == evidence[mark.mark_id]
            if not current or row["template"].tobytes().hex() != mark.template_sha256:
                continue
            with contextlib.suppress(FormatError):
                made = mark.scan
                light = made.lighting
                origin = Provenance(made.source, made.sha256, 0, "packed template", lighting=light)
                template = unpack_template(shard.content(row), str(path), origin)
                if template_sha256(template) == mark.template_sha256:
                    found[mark.mark_id] = template
    return found


def _sound_rows(path: Path) -> Iterator[_PackedTemplate]:
    """Rows of a shard whose templates are as they were packed."""
    with _opened(path) as shard, contextlib.suppress(OSError):
        for row in shard.table if shard else ():
            content = shard.content(row) if shard else b""
            if hashlib.sha256(content[:-_DIGEST]).digest() == content[-_DIGEST:]:
                evidence = int(row["size"]), int(row["written_ns"])
                template = row["template"].tobytes().hex()
                yield _PackedTemplate(int(row["mark_id"]), template, evidence, content)
