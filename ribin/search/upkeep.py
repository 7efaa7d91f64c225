"""The index as a whole: made again, checked, and rid of marks that were purged."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ribin.errors import StoreError
from ribin.model import BoolArray, MarkType
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.search.index import INDEX_FOLDER, MarkIndex
from ribin.search.kept import kept_files
from ribin.search.look import Threads
from ribin.search.shard import (
    MarkList,
    Shard,
    join_shards,
    read_shard,
    shard_files,
    shard_number,
    write_shard,
)
from ribin.vault.derived import is_sound, remove_derived
from ribin.vault.ledgerfile import LEDGER_FOLDER
from ribin.vault.mark_table import Ledger
from ribin.vault.vault import Vault

_KEPT = (".h5", ".npz")  # shards and ledgers


def rebuild_index(vault: Vault, params: Params = DEFAULT_PARAMS) -> int:
    """Make the index again; gives the number of sketches. The same vault, the same bytes.

    Marks that were described with other parameters are sketched when a search asks with those.

    Raises
    ------
    StoreError
        The vault is read-only, or the disk refuses.
    """
    _needs_writable(vault)
    shutil.rmtree(vault.path / INDEX_FOLDER, ignore_errors=True)
    held = 0
    for mark_type in MarkType:
        ledger = vault.ledger(mark_type)
        made = [(facts.kind, facts.params_id) for facts in ledger.facts]
        for making in sorted(one for one in set(made) if one[1] == params.template_id):
            rows = np.array([one == making for one in made])[ledger.which]
            marks = _marks_of(ledger).part(rows)
            index = MarkIndex(vault, marks, (str(mark_type), *making), params, Threads(1))
            held += index.bring_up()
    return held


def sweep_index(vault: Vault) -> int:
    """Take out of the index what the catalogue no longer names; gives the number of marks.

    Shards without such a mark stay as they are. Ledgers, and what stopped searches kept, go.

    Raises
    ------
    StoreError
        The vault is read-only.
    """
    _needs_writable(vault)
    for path in (*kept_files(vault), *(vault.path / LEDGER_FOLDER).glob("*.npz")):
        remove_derived(path)
    taken = 0
    for path, shard, gone in _shards(vault):
        if not gone.any():
            continue
        left = join_shards([shard], shard.marks.part(~gone))
        new = write_shard(path.parent, shard_number(path), left) if len(left.marks) else None
        if path != new:  # where the disk refuses, a shard that is gone costs time alone
            remove_derived(path)
        taken += int(gone.sum())
    return taken


def check_index(vault: Vault) -> list[str]:
    """One sentence for each file whose bytes are not those in its name, or that names too much."""
    kept = (path for path in (vault.path / INDEX_FOLDER).rglob("*") if path.suffix in _KEPT)
    found = [f"{path}: damaged" for path in sorted(kept) if not is_sound(path)]
    return found + [
        f"{path}: holds {gone.sum()} marks that the catalogue no longer has, "
        "`ribin store rebuild-index` makes it again"
        for path, _, gone in _shards(vault)
        if gone.any()
    ]


def _shards(vault: Vault) -> Iterator[tuple[Path, Shard, BoolArray]]:
    """Each sound shard, and which of its rows are of marks that were purged."""
    for mark_type in MarkType:
        in_use = _marks_of(vault.ledger(mark_type))
        for folder in sorted((vault.path / INDEX_FOLDER).glob(f"{mark_type}-*")):
            for path in shard_files(folder):
                shard = read_shard(path)
                if shard:
                    yield path, shard, _gone(vault, shard, in_use)


def _gone(vault: Vault, shard: Shard, in_use: MarkList) -> BoolArray:
    """Rows of marks that the catalogue has neither in use nor of an earlier description.

    A new mark may have the number of one that was purged, but not its template.
    """
    gone = np.ones(len(shard.marks), np.bool_)
    rows = shard.rows_of(in_use)
    gone[rows[rows >= 0]] = False
    others = np.flatnonzero(gone)
    stored = vault.stored_marks(shard.marks.ids[others].tolist()) if len(others) else ()
    known = {(mark.mark_id, mark.template_sha256) for mark in stored}
    for row in others:
        mark = int(shard.marks.ids[row]), shard.marks.templates[row].tobytes().hex()
        gone[row] = mark not in known
    return gone


def _marks_of(ledger: Ledger) -> MarkList:
    return MarkList(ledger.ids, ledger.templates)


def _needs_writable(vault: Vault) -> None:
    if not vault.writable:
        raise StoreError(f"{vault.path}: a writable vault needed, found a read-only one")
