"""Small scans with marks and templates for tests of the vault and the search; no real surfaces."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from ribin.cases.exhibits import ClassFields, Event, Exhibit, ExhibitKind, Scope
from ribin.errors import StoreError
from ribin.model import Mark, MarkType, Provenance, Scan, ScanKind, Template
from ribin.vault.vault import Vault

COARSE = 24  # length of the coarse vectors made here
PARAMS_ID = "0123456789ab"


def make_scan(seed: int, outlined: bool = False) -> tuple[bytes, Scan]:
    """Original bytes and a scan that claims to be read from them."""
    rng = np.random.default_rng(seed)
    original = b"not a real X3P " + rng.bytes(300)
    provenance = Provenance(
        source=f"scan{seed}.x3p",
        sha256=hashlib.sha256(original).hexdigest(),
        size_bytes=len(original),
        reader="test 1",
        repairs=("increment in um",),
        notes=("axis flipped", "été"),
    )
    valid = rng.random((6, 8)) > 0.2
    values = np.where(valid, rng.normal(size=(6, 8)), 0).astype(np.float32)
    outline = valid.copy() if outlined else None
    return original, Scan(values, valid, 3.5, 3.25, ScanKind.TOPOGRAPHY, provenance, outline)


def make_mark(scan: Scan, mark_type: MarkType = MarkType.BREECH_FACE) -> Mark:
    """What was not measured counts as left out of it; of firing pins nothing is."""
    left_out = None if mark_type is MarkType.FIRING_PIN else (~scan.valid).astype(np.uint8)
    where = (25.0, (1.5, -2.25))
    return Mark(mark_type, scan.kind, scan.values, scan.valid, *where, scan.provenance, left_out)


def make_template(
    scan: Scan,
    vector: np.ndarray | None = None,
    mark_type: MarkType = MarkType.BREECH_FACE,
    params_id: str = PARAMS_ID,
) -> Template:
    """A template whose coarse vector is this one, or made of the scan's bytes."""
    if vector is None:
        seed = int(scan.provenance.sha256[:8], 16)
        vector = np.random.default_rng(seed).normal(size=COARSE)
    coarse = (vector / np.linalg.norm(vector)).astype(np.float32)
    arrays = {"coarse": coarse, "cells": np.arange(12, dtype=np.int32).reshape(3, 4)}
    return Template(mark_type, scan.kind, 25.0, params_id, scan.provenance, arrays)


def make_exhibit(name: str = "X1", sharing: Scope = Scope.COUNTRY, **fields: Any) -> Exhibit:
    """An exhibit of an event of its own; `fields` may name those of the event and the class too."""
    classes = {k: fields.pop(k) for k in ClassFields.__dataclass_fields__ if k in fields}
    event = {k: fields.pop(k) for k in Event.__dataclass_fields__ if k in fields}
    return Exhibit(
        name,
        Event(**{"event": f"E-{name}", **event}),
        fields.pop("kind", ExhibitKind.EVIDENCE),
        ClassFields(**classes),
        sharing,
        **fields,
    )


def enrol(vault: Any, seed: int, exhibit: Exhibit, **template: Any) -> Any:
    """Enrol the scan of this seed with one mark; `template` goes to `make_template`."""
    original, scan = make_scan(seed)
    made = make_template(scan, **template)
    mark = make_mark(scan, made.mark_type)
    return vault.enrol(original, scan, [mark], [made], exhibit, who="tester", reason="test")


def problems_of(folder: Path) -> list[tuple[str, str]]:
    """What the check of a vault says, exhibit and sentence; also where it cannot be opened."""
    try:
        with Vault.open(folder) as vault:
            return [(p.exhibit, p.text) for p in vault.check().problems]
    except StoreError as error:
        return [("", str(error))]
