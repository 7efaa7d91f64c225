"""One HDF5 file per scan: original bytes, marks, templates, provenance. Written once.

    /                 format, schema, sha256, scan (JSON: kind, pitches, shape, provenance)
    /original         (N,) uint8, the file as it was received
    /mark_valid       (H, W) bool, inside the breech face, where a person outlined it
    /outlines/TYPE    (H, W) bool, inside another mark, where a person outlined it
    /marks/000        mark_type, kind, pitch_um, origin_um
    /marks/000/surface, valid, left_out (where something of the mark is)
    /marks/000/template             params_id, and one dataset per array of the template

Every dataset carries the SHA-256 of its type, shape and bytes. The same input gives the same file.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ribin.errors import StoreError
from ribin.model import BoolArray, Mark, MarkType, Provenance, Scan, ScanKind, Template

_FORMAT = "ribin scan"
_FILE_SCHEMA = 2  # another one is refused


def pack_scan(
    original: bytes | None,
    scan: Scan,
    marks: Sequence[Mark],
    templates: Sequence[Template],
    first: int = 0,
) -> bytes:
    """The whole file as bytes; `templates[i]` belongs to `marks[i]`, at position `first` + i."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs.update(format=_FORMAT, schema=_FILE_SCHEMA, sha256=scan.provenance.sha256)
        pitches = {"row_pitch_um": scan.row_pitch_um, "col_pitch_um": scan.col_pitch_um}
        facts = {"kind": str(scan.kind), "shape": scan.shape, "provenance": asdict(scan.provenance)}
        file.attrs["scan"] = json.dumps({**facts, **pitches}, sort_keys=True, ensure_ascii=False)
        if original is not None:
            _write(file, "original", np.frombuffer(original, np.uint8))
        if scan.mark_valid is not None:
            _write(file, "mark_valid", scan.mark_valid, compression="gzip")
        for mark_type in sorted(scan.outlines):
            inside = scan.outlines[mark_type]
            _write(file.require_group("outlines"), str(mark_type), inside, compression="gzip")
        for position, (mark, template) in enumerate(zip(marks, templates, strict=True), first):
            group = file.create_group(_place(position))
            group.attrs.update(mark_type=str(mark.mark_type), kind=str(mark.kind))
            group.attrs.update(pitch_um=mark.pitch_um, origin_um=mark.origin_um)
            _write(group, "surface", mark.surface, compression="gzip", shuffle=True)
            _write(group, "valid", mark.valid, compression="gzip")
            if mark.left_out is not None:
                _write(group, "left_out", mark.left_out, compression="gzip")
            inner = group.create_group("template")
            inner.attrs.update(params_id=template.params_id, pitch_um=template.pitch_um)
            for name in sorted(template.arrays):
                _write(inner, name, template.arrays[name])
    return buffer.getvalue()


def read_original(path: Path) -> bytes:
    """The file as it was received. Raises StoreError where it is missing or damaged."""
    with opened_scan(path) as file:
        return read_array(file["original"]).tobytes()


def read_mark(path: Path, position: int) -> Mark:
    """One mark as it was cut from the scan. Raises StoreError where it is missing or damaged."""
    with opened_scan(path) as file:
        group = file[_place(position)]
        row_um, col_um = (float(v) for v in group.attrs["origin_um"])
        return Mark(
            mark_type=MarkType(group.attrs["mark_type"]),
            kind=ScanKind(group.attrs["kind"]),
            surface=read_array(group["surface"]),
            valid=read_array(group["valid"]),
            pitch_um=float(group.attrs["pitch_um"]),
            origin_um=(row_um, col_um),
            provenance=_provenance(file),
            left_out=read_array(group["left_out"]) if "left_out" in group else None,
        )


def read_template(path: Path, position: int) -> Template:
    """One template, every array checked. Raises StoreError where it is missing or damaged."""
    with opened_scan(path) as file:
        group = file[_place(position)]
        inner = group["template"]
        return Template(
            mark_type=MarkType(group.attrs["mark_type"]),
            kind=ScanKind(group.attrs["kind"]),
            pitch_um=float(inner.attrs["pitch_um"]),
            params_id=str(inner.attrs["params_id"]),
            provenance=_provenance(file),
            arrays={name: read_array(inner[name]) for name in inner},
        )


def template_sha256(template: Template) -> str:
    """SHA-256 over what a template is: its type, kind, parameters and every array."""
    facts = (template.mark_type, template.kind, template.pitch_um, template.params_id)
    digest = hashlib.sha256(json.dumps([str(f) for f in facts]).encode())
    for name in sorted(template.arrays):
        digest.update(f"{name} {_array_sha256(template.arrays[name])}\n".encode())
    return digest.hexdigest()


def damaged_parts(path: Path) -> list[str]:
    """Names of the datasets whose bytes differ from their hash; raises where none can be read."""
    damaged = []
    with opened_scan(path) as file:
        names: list[str] = []
        file.visititems(
            lambda name, part: names.append(name) if isinstance(part, h5py.Dataset) else None
        )
        for name in names:
            try:
                read_array(file[name])
            except (StoreError, OSError, KeyError, ValueError, RuntimeError):
                damaged.append(name)
    return damaged


@contextmanager
def opened_scan(path: Path) -> Iterator[h5py.File]:
    """The file; whatever is wrong with it, also inside the block, becomes a StoreError."""
    # Finished files never change, so no lock is wanted; some network folders cannot lock.
    if path.is_symlink() or path.parent.is_symlink():
        raise StoreError(f"{path}: the file of an enrolled scan needed, found a symbolic link")
    try:
        with h5py.File(path, "r", locking=False) as file:
            if file.attrs["schema"] != _FILE_SCHEMA:
                found = file.attrs["schema"]
                raise StoreError(
                    f"{path}: a scan file of schema {_FILE_SCHEMA} needed, found {found}"
                )
            yield file
    except FileNotFoundError as error:
        raise StoreError(f"{path}: the file of an enrolled scan needed, found none") from error
    except (OSError, KeyError, ValueError, RuntimeError, TypeError, AttributeError) as error:
        raise StoreError(f"{path}: damaged: {error}") from error


def _place(position: int) -> str:
    return f"marks/{position:03d}"


def _write(group: h5py.Group, name: str, array: NDArray, **storage: Any) -> None:
    part = group.create_dataset(name, data=array, track_times=False, **storage)
    part.attrs["sha256"] = _array_sha256(array)


def read_array(part: h5py.Dataset) -> NDArray:
    """An array of a file; StoreError where it differs from its hash."""
    array = np.asarray(part[()])  # h5py gives arrays without axes as scalars
    if _array_sha256(array) != part.attrs["sha256"]:
        raise StoreError(f"{part.file.filename}: {part.name} differs from its SHA-256")
    return array


def _array_sha256(array: NDArray) -> str:
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape} ".encode())
    digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def provenance_of(facts: Mapping[str, Any]) -> Provenance:
    """The provenance in the facts of a scan."""
    known = facts["provenance"]
    return Provenance(**{**known, **{name: tuple(known[name]) for name in ("repairs", "notes")}})


def _provenance(file: h5py.File) -> Provenance:
    return provenance_of(json.loads(file.attrs["scan"]))


def _outlines(file: h5py.File) -> dict[MarkType, BoolArray]:
    return {MarkType(name): read_array(file["outlines"][name]) for name in file.get("outlines", ())}


@dataclass(frozen=True, eq=False)
class ScanContents:
    """How a person had a scan read; pitches of an image that does not state its own.

    `outlines` are (H, W), True inside what a person outlined, in the frame of the scan after a
    replica (`provenance.replica`) was unfolded.
    """

    original: bytes
    kind: ScanKind
    row_pitch_um: float
    col_pitch_um: float
    provenance: Provenance
    outlines: dict[MarkType, BoolArray] = field(default_factory=dict)


def read_contents_of_scan(path: Path, original: bytes | None = None) -> ScanContents:
    """From a scan file, or with its `original` from that of a description; StoreError where it is
    missing or damaged."""
    with opened_scan(path) as file:
        facts = json.loads(file.attrs["scan"])
        drawn = (
            {MarkType.BREECH_FACE: read_array(file["mark_valid"])} if "mark_valid" in file else {}
        )
        return ScanContents(
            original=read_array(file["original"]).tobytes() if original is None else original,
            kind=ScanKind(facts["kind"]),
            row_pitch_um=float(facts["row_pitch_um"]),
            col_pitch_um=float(facts["col_pitch_um"]),
            provenance=provenance_of(facts),
            outlines=drawn | _outlines(file),
        )


@dataclass(frozen=True, eq=False)
class ScanParts:
    """What a scan's file holds. Outlines are (H, W), True inside what a person outlined."""

    original: bytes | None  # None in a description made later
    facts: dict[str, Any]  # kind, shape, pitches and provenance of the scan as it was read
    outline: BoolArray | None  # of the breech face
    marks: tuple[Mark, ...]
    templates: tuple[Template, ...]
    first: int = 0  # position of the first mark; a description goes on where the scan's file ends
    outlines: dict[MarkType, BoolArray] = field(default_factory=dict)  # of other marks


def read_parts(path: Path) -> ScanParts:
    """The parts of a file; StoreError where it is missing or damaged."""
    with opened_scan(path) as file:
        facts = json.loads(file.attrs["scan"])
        outline = read_array(file["mark_valid"]) if "mark_valid" in file else None
        positions = sorted(int(name) for name in file.get("marks", ()))
        whole = "original" in file
        others = _outlines(file)
    marks = tuple(read_mark(path, position) for position in positions)
    templates = tuple(read_template(path, position) for position in positions)
    original = read_original(path) if whole else None
    first = positions[0] if positions else 0
    return ScanParts(original, facts, outline, marks, templates, first, others)


def pack_parts(parts: ScanParts) -> bytes:
    """The file that these parts came from; the libraries of HDF5 may pack it otherwise."""
    facts, shape = parts.facts, tuple(parts.facts["shape"])
    scan = Scan(
        values=np.broadcast_to(np.float32(0), shape),
        valid=np.broadcast_to(np.False_, shape),
        row_pitch_um=facts["row_pitch_um"],
        col_pitch_um=facts["col_pitch_um"],
        kind=ScanKind(facts["kind"]),
        provenance=provenance_of(facts),
        mark_valid=parts.outline,
        outlines=parts.outlines,
    )
    return pack_scan(parts.original, scan, parts.marks, parts.templates, parts.first)
