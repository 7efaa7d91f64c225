"""Catalogue rows without scan files, many at a time: for vaults that load is tested with."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ribin.cases.exhibits import Exhibit
from ribin.model import MarkType, ScanKind
from ribin.vault.audit import append_row, now_utc
from ribin.vault.exhibits import fields_of
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class LoadedMark:
    """A mark whose template nobody holds; its hash stands for it."""

    exhibit: Exhibit
    mark_type: MarkType
    pitch_um: float
    params_id: str
    template_sha256: str


def last_mark_id(vault: Vault) -> int:
    """Number of the mark that was enrolled last; 0 where there is none."""
    with vault.catalogue.reading() as db:
        return int(db.execute("SELECT coalesce(max(mark_id), 0) FROM marks").fetchone()[0])


def load_marks(vault: Vault, marks: Sequence[LoadedMark], who: str, reason: str) -> None:
    """Add an exhibit, a scan and a mark each; `store check` will miss their scan files.

    Raises
    ------
    StoreError
        An exhibit is known already, or the vault is read-only or locked. Nothing was changed.
    """
    with vault.catalogue.writing() as db:
        events = {m.exhibit.event.event: vars(m.exhibit.event) for m in marks}
        _insert(db, "OR IGNORE INTO events", events.values())
        _insert(db, "INTO exhibits", (fields_of(mark.exhibit) for mark in marks))
        _insert(db, "INTO scans", map(_scan_row, marks))
        _insert(db, "INTO marks", map(_mark_row, marks))
        append_row(db, "load", vault.member, who, reason, {"exhibits": len(marks)})


def _scan_row(mark: LoadedMark) -> dict[str, object]:
    return {
        "sha256": _scan_name(mark),
        "exhibit": mark.exhibit.exhibit,
        "source": "",
        "kind": str(ScanKind.TOPOGRAPHY),
        "size_bytes": 0,
        "file_sha256": "0" * 64,
        "enrolled_at": now_utc(),
    }


def _mark_row(mark: LoadedMark) -> dict[str, object]:
    return {
        "sha256": _scan_name(mark),
        "position": 0,
        "mark_type": str(mark.mark_type),
        "kind": str(ScanKind.TOPOGRAPHY),
        "pitch_um": mark.pitch_um,
        "params_id": mark.params_id,
        "template_sha256": mark.template_sha256,
    }


def _scan_name(mark: LoadedMark) -> str:
    return hashlib.sha256(f"loaded {mark.exhibit.exhibit}".encode()).hexdigest()


def _insert(db: sqlite3.Connection, into: str, rows: Iterable[Mapping[str, object]]) -> None:
    listed = iter(rows)
    first = next(listed, None)
    if first is None:
        return
    columns, places = ", ".join(first), ", ".join(f":{name}" for name in first)
    statement = f"INSERT {into} ({columns}) VALUES ({places})"
    db.execute(statement, first)
    db.executemany(statement, listed)
