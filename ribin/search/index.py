"""The coarse vectors of a vault, in shards of HDF5 that are derived and can be made again.

    index/breech_face-topography-<params_id>/00000-<first half of its SHA-256>.h5

A shard is used only when its bytes have the hash in its name; its rows are used only where the
catalogue still names the template they were taken from. All else is read from the scan files, so
a damaged, stale or missing index costs time and never changes a list.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import h5py
import numpy as np

from ribin.errors import StoreError
from ribin.model import BoolArray, FloatArray
from ribin.params import DEFAULT_PARAMS, Params
from ribin.store.records import StoredMark
from ribin.store.vault import Vault

INDEX_FOLDER = "index"
_UNREADABLE = "0" * 64  # in the place of a template's hash: the row holds nothing


@dataclass(frozen=True, eq=False)
class Shard:
    """Coarse vectors of consecutive marks.

    Attributes
    ----------
    coarse : (N, D) float32 array
        Row i is the vector of mark i; 0 where not `readable`.
    readable : (N,) bool array
        False where the scan file could not be read.
    note : str
        What a reader of the list should know; empty when all was well.
    """

    coarse: FloatArray
    readable: BoolArray
    note: str


def read_shards(vault: Vault, marks: Sequence[StoredMark], params: Params) -> Iterator[Shard]:
    """The vectors of these marks in order, from the index as far as it holds, else from the files.

    Parameters
    ----------
    vault : Vault
        A writable one gets its index brought up to date; another is left as it is.
    marks : sequence of StoredMark
        All marks of one type, kind and params_id that the vault holds, oldest first.
    """
    size = params.search.index_shard_marks
    for number, first in enumerate(range(0, len(marks), size)):
        yield _read_shard(vault, number, marks[first : first + size])


def rebuild_index(vault: Vault, params: Params = DEFAULT_PARAMS) -> int:
    """Make the whole index again; gives the number of vectors. The same vault, the same bytes.

    Raises
    ------
    StoreError
        The vault is read-only, or the disk refuses.
    """
    if not vault.writable:
        raise StoreError(f"{vault.path}: a writable vault needed, found a read-only one")
    shutil.rmtree(vault.path / INDEX_FOLDER, ignore_errors=True)
    vectors = 0
    for _, group in groupby(sorted(vault.holdings().marks, key=_order), _folder_name):
        for shard in read_shards(vault, list(group), params):
            vectors += int(shard.readable.sum())
    return vectors


def check_index(vault: Vault) -> list[str]:
    """One sentence for each file of the index whose bytes are not those in its name."""
    files = sorted((vault.path / INDEX_FOLDER).rglob("*.h5"))
    return [f"{path}: damaged" for path in files if not _is_sound(path.name, path.read_bytes())]


def _read_shard(vault: Vault, number: int, marks: Sequence[StoredMark]) -> Shard:
    folder = vault.path / INDEX_FOLDER / _folder_name(marks[0])
    held, vectors_held, damaged = _load(folder, number)
    note = f"{vault.member}: a damaged index was found and not used" if damaged else ""
    rows = dict(zip(held, vectors_held, strict=True))
    vectors = [_vector(vault, mark, rows) for mark in marks]
    readable = np.array([v is not None for v in vectors])
    length = max((v.size for v in vectors if v is not None), default=0)
    empty = np.zeros(length, np.float32)
    coarse = np.stack([empty if v is None else v for v in vectors])
    wanted = [m.template_sha256 if r else _UNREADABLE for m, r in zip(marks, readable, strict=True)]
    if vault.writable and (damaged or held != wanted):
        _save(folder, number, _pack(coarse, wanted))
    return Shard(coarse, readable, note)


def _vector(vault: Vault, mark: StoredMark, rows: dict[str, FloatArray]) -> FloatArray | None:
    if mark.template_sha256 in rows:
        return rows[mark.template_sha256]
    try:
        return vault.template(mark).arrays["coarse"]
    except StoreError:  # the fine stage meets the same file, and counts it with its reason
        return None


def _load(folder: Path, number: int) -> tuple[list[str], list[FloatArray], bool]:
    """Hashes of templates, the vector of each, and whether a damaged file was met."""
    hashes: list[str] = []
    vectors: list[FloatArray] = []
    damaged = False
    for path in sorted(folder.glob(f"{number:05d}-*.h5")):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        if not _is_sound(path.name, content):
            damaged = True
            continue
        with h5py.File(io.BytesIO(content), "r") as file:
            hashes += [bytes(row).hex() for row in file["template_sha256"][()]]
            vectors += list(file["coarse"][()])
    return hashes, vectors, damaged


def _pack(coarse: FloatArray, hashes: Sequence[str]) -> bytes:
    buffer = io.BytesIO()
    raw = np.frombuffer(bytes.fromhex("".join(hashes)), np.uint8).reshape(-1, 32)
    with h5py.File(buffer, "w") as file:
        file.create_dataset("coarse", data=coarse, track_times=False)
        file.create_dataset("template_sha256", data=raw, track_times=False)
    return buffer.getvalue()


def _save(folder: Path, number: int, content: bytes) -> None:
    """Put the shard in its place and remove older ones; where the disk refuses, do without."""
    path = folder / f"{number:05d}-{_name_hash(content)}.h5"
    aside = path.with_suffix(".aside")
    # Two searches may do this at once. Whoever loses finds its file gone, and has its vectors.
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(content)
        os.replace(aside, path)
        for old in folder.glob(f"{number:05d}-*"):
            if old != path:
                old.unlink(missing_ok=True)


def _is_sound(name: str, content: bytes) -> bool:
    return name[6:] == f"{_name_hash(content)}.h5"


def _name_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _folder_name(mark: StoredMark) -> str:
    return f"{mark.mark_type}-{mark.kind}-{mark.params_id}"


def _order(mark: StoredMark) -> tuple[str, int]:
    return _folder_name(mark), mark.mark_id
