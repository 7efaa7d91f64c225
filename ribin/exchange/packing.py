"""What of a vault goes into a bundle for one receiver, and how it gets there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ribin.cases.exhibits import Exhibit, Scope
from ribin.exchange.bundle import BundleWriter
from ribin.exchange.manifest import BundleFile
from ribin.search.rules import may_see
from ribin.vault.disclosure import Abroad
from ribin.vault.exhibits import Holdings, StoredMark, StoredScan
from ribin.vault.received import ReceivedExhibit, ReceivedMark, ReceivedScan
from ribin.vault.templatefile import encode_arrays
from ribin.vault.vault import Vault

_UNFIT = str.maketrans(dict.fromkeys('/\\:*?"<>|', "_"))


def file_name_of(scan: StoredScan) -> str:
    """The name that a scan's file came with, such as leads nowhere else; or its SHA-256."""
    name = scan.source.translate(_UNFIT)
    return scan.sha256 if name in ("", ".", "..") else name


@dataclass(frozen=True)
class Gathered:
    """What one receiver may have of a vault."""

    abroad: Abroad
    exhibits: dict[str, Exhibit]
    scans: dict[str, list[StoredScan]]  # of each exhibit
    marks: dict[str, list[StoredMark]]  # of each scan


def gather(vault: Vault, receiver: str, reach: Scope) -> Gathered:
    """What a member at this distance may have, by the rules of a search in the widest scope."""
    holdings: Holdings = vault.holdings()
    shown = [scan for scan in holdings.scans if may_see(scan.exhibit, Scope.NETWORK, reach)]
    scans: dict[str, list[StoredScan]] = {}
    for scan in shown:
        scans.setdefault(scan.exhibit.exhibit, []).append(scan)
    marks: dict[str, list[StoredMark]] = {scan.sha256: [] for scan in shown}
    for mark in holdings.marks:
        if mark.scan.sha256 in marks:
            marks[mark.scan.sha256].append(mark)
    exhibits = {scan.exhibit.exhibit: scan.exhibit for scan in shown}
    return Gathered(Abroad.of(vault, receiver), exhibits, scans, marks)


def pack(
    vault: Vault,
    gathered: Gathered,
    writer: BundleWriter,
    on_progress: Callable[[int, int], None],
) -> tuple[list[tuple[ReceivedExhibit, tuple[ReceivedScan, ...]]], list[BundleFile]]:
    """Put templates and originals into the bundle; what its manifest says of them."""
    exhibits = []
    files: list[BundleFile] = []

    def add(name: str, content: bytes, sha256: str) -> None:
        if writer.add(name, content):
            files.append(BundleFile(name, len(content), sha256))

    for done, (name, exhibit) in enumerate(gathered.exhibits.items()):
        on_progress(done, len(gathered.exhibits))
        whole = gathered.abroad.gives_original(name)
        scans = []
        for scan in gathered.scans[name]:
            marks = tuple(_marks(vault, gathered.marks[scan.sha256], add))
            original = ""
            if whole:
                original = file_name_of(scan)
                add(f"originals/{scan.sha256}", vault.original(scan.sha256), scan.sha256)
            opaque = gathered.abroad.opaque(name)
            scans.append(
                ReceivedScan(scan.sha256, opaque, scan.kind, scan.lighting, original, marks)
            )
        released = exhibit if name in gathered.abroad.released else None
        told = ReceivedExhibit(
            gathered.abroad.opaque(name), exhibit.kind, exhibit.class_fields, released
        )
        exhibits.append((told, tuple(scans)))
    on_progress(len(gathered.exhibits), len(gathered.exhibits))
    return exhibits, files


def _marks(
    vault: Vault, marks: list[StoredMark], add: Callable[[str, bytes, str], None]
) -> Iterator[ReceivedMark]:
    for place, mark in enumerate(marks):
        template = vault.template(mark)
        content = encode_arrays(template.arrays)
        file_sha256 = hashlib.sha256(content).hexdigest()
        add(f"templates/{file_sha256}.npz", content, file_sha256)
        yield ReceivedMark(
            *(place, mark.mark_type, mark.kind, template.pitch_um, mark.params_id),
            mark.template_sha256,
            file_sha256,
        )
