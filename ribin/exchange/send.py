"""A bundle for one other member: all that is shared with it, and what was released to it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ribin._version import __version__
from ribin.cases.exhibits import Exhibit, Scope
from ribin.crypto.keys import PrivateKey, PublicKey
from ribin.crypto.seal import seal
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.exchange.bundle import BundleWriter
from ribin.exchange.manifest import (
    MANIFEST,
    MESSAGES,
    BundleContents,
    BundleFile,
    read_contents,
    statement_problem,
    write_contents,
)
from ribin.text import clean_text, text_problem
from ribin.vault.audit import now_utc
from ribin.vault.disclosure import Disclosure, as_seen_by
from ribin.vault.exhibits import StoredMark, StoredScan
from ribin.vault.files import fsync_folder
from ribin.vault.packed import pack_template
from ribin.vault.received import ReceivedExhibit, ReceivedMark, ReceivedScan, record_sent
from ribin.vault.vault import Vault
from ribin.workers import Tick, silent


@dataclass(frozen=True)
class SentBundle:
    """What was put into a bundle."""

    file: str
    receiver: str
    number: int
    exhibits: int
    templates: int
    originals: int
    sealed: bool


def export_bundle(
    vault: Vault,
    receiver: str,
    reach: Scope,
    key: PrivateKey,
    path: Path,
    *,
    who: str,
    reason: str,
    sealed_for: PublicKey | None = None,
    messages: Sequence[bytes] = (),
    on_progress: Tick = silent,
) -> SentBundle:
    """Write the file of a bundle, whole or not at all.

    The vault's audit log has it, with its number, before the file gets its name. `reach` is the
    narrowest scope in which the two members reach each other: exhibits shared less widely stay at
    home. Only `receiver` can import the bundle; with its key as `sealed_for` nobody else reads it.

    Raises AccessError: the receiver is the vault's own member, or no reason is given;
    ParameterError: the file is there already, or cannot be written; StoreError: no receiver could
    read what the vault says of an exhibit, a scan file is missing or damaged, or the vault is
    read-only or locked.
    """
    if receiver == vault.member:
        raise AccessError(f"{receiver}: another member needed to send a bundle to")
    if not who.strip() or not reason.strip():
        raise AccessError(f"bundle for {receiver}: who and reason needed, found one missing")
    if path.exists():
        raise ParameterError(f"{path}: a new file needed, found one")
    gathered = _gather(vault, receiver, reach)
    _check_readable(gathered)
    bundle, made_at = secrets.token_hex(32), now_utc()
    contents = {
        "exhibits": len(gathered.scans),
        "disclosed": sorted(gathered.scans),
        "released": sorted(gathered.seen.released),
        "originals": sorted(filter(gathered.seen.gives_original, gathered.scans)),
        "sealed": sealed_for is not None,
    }
    number, about = record_sent(vault, receiver, bundle, made_at, contents, who, reason)
    aside = path.with_name(f"aside-{path.name}")
    try:
        with BundleWriter(aside, key) as writer:
            exhibits, files = _pack(vault, gathered, writer, on_progress)
            head = (bundle, vault.member, receiver, number, made_at, f"ribin {__version__}")
            named = tuple(_put_message(writer, files, raw) for raw in dict.fromkeys(messages))
            stated_files = (tuple(exhibits), tuple(files))
            manifest = BundleContents(*head, *stated_files, **vars(about), messages=named)
            stated = write_contents(manifest)
            read_contents(stated, str(path))  # what is signed can be read
            writer.add(MANIFEST, stated)
        if sealed_for:
            _seal(aside, sealed_for)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(aside, path)
        fsync_folder(path.resolve().parent)
    except OSError as error:
        raise ParameterError(f"{path}: a file to write needed, {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
    originals, templates = (
        sum(file.name.startswith(f"{kind}/") for file in files)
        for kind in ("originals", "templates")
    )
    counts = (number, len(exhibits), templates, originals)
    return SentBundle(str(path), receiver, *counts, sealed=sealed_for is not None)


def _put_message(writer: BundleWriter, files: list[BundleFile], raw: bytes) -> str:
    sha256 = hashlib.sha256(raw).hexdigest()
    writer.add(f"{MESSAGES}/{sha256}", raw)
    files.append(BundleFile(f"{MESSAGES}/{sha256}", len(raw), sha256))
    return sha256


def _check_readable(gathered: _BundleParts) -> None:
    """Refuse to say what no receiver could read; StoreError names the exhibit."""
    for name, scans in gathered.scans.items():
        if problem := statement_problem(gathered.stated(scans[0].exhibit)):
            raise StoreError(
                f"exhibit {name}: no receiver could read what the vault says: {problem}"
            )


def _seal(path: Path, receiver: PublicKey) -> None:
    """Put the sealed file in the place of the open one."""
    with tempfile.TemporaryFile(dir=path.parent) as sealed:
        with path.open("rb") as source:
            seal(source, sealed, receiver)
        sealed.seek(0)
        with path.open("wb") as target:
            while piece := sealed.read(1 << 20):
                target.write(piece)


# What of a vault goes into a bundle for one receiver, and how it gets there.

_UNFIT = str.maketrans(dict.fromkeys('/\\:*?"<>|', "_"))


def file_name_of(scan: StoredScan) -> str:
    """The name that a scan's file came with, such as leads nowhere else; or its SHA-256.

    A receiver refuses a name that is too long or cannot be printed.
    """
    name = clean_text(scan.source.translate(_UNFIT))
    unfit = name in ("", ".", "..") or text_problem(name, 255)
    return scan.sha256 if unfit else name


@dataclass(frozen=True)
class _BundleParts:
    """What one receiver may have of a vault."""

    seen: Disclosure
    scans: dict[str, list[StoredScan]]  # of each exhibit
    marks: dict[str, list[StoredMark]]  # of each scan

    def stated(self, exhibit: Exhibit) -> ReceivedExhibit:
        """The exhibit as the manifest states it."""
        pseudonym = self.seen.pseudonym(exhibit.exhibit)
        released = exhibit if exhibit.exhibit in self.seen.released else None
        return ReceivedExhibit(pseudonym, exhibit.kind, exhibit.class_fields, released)


def _gather(vault: Vault, receiver: str, reach: Scope) -> _BundleParts:
    """What a member at this distance may have, by the rules of a search in the widest scope."""
    holdings = vault.holdings()
    seen = as_seen_by(receiver, vault, reach)
    shown = [scan for scan in holdings.scans if seen.shows(scan.exhibit)]
    scans: dict[str, list[StoredScan]] = {}
    for scan in shown:
        scans.setdefault(scan.exhibit.exhibit, []).append(scan)
    marks: dict[str, list[StoredMark]] = {scan.sha256: [] for scan in shown}
    for mark in holdings.marks:
        if mark.scan.sha256 in marks:
            marks[mark.scan.sha256].append(mark)
    return _BundleParts(seen, scans, marks)


def _pack(
    vault: Vault, gathered: _BundleParts, writer: BundleWriter, on_progress: Tick
) -> tuple[list[tuple[ReceivedExhibit, tuple[ReceivedScan, ...]]], list[BundleFile]]:
    """Put templates and originals into the bundle; what its manifest says of them."""
    exhibits = []
    files: list[BundleFile] = []

    def add(name: str, content: bytes, sha256: str) -> None:
        if writer.add(name, content):
            files.append(BundleFile(name, len(content), sha256))

    for done, (name, enrolled) in enumerate(gathered.scans.items()):
        on_progress(done, len(gathered.scans))
        exhibit = enrolled[0].exhibit
        whole = gathered.seen.gives_original(name)
        scans = []
        for scan in enrolled:
            marks = tuple(_marks(vault, gathered.marks[scan.sha256], add))
            original = ""
            if whole:
                original = file_name_of(scan)
                add(f"originals/{scan.sha256}", vault.original(scan.sha256), scan.sha256)
            named = gathered.seen.scan_name(name, scan.sha256)
            scans.append(ReceivedScan(named, scan.kind, scan.lighting, original, marks))
        exhibits.append((gathered.stated(exhibit), tuple(scans)))
    on_progress(len(gathered.scans), len(gathered.scans))
    return exhibits, files


def _marks(
    vault: Vault, marks: list[StoredMark], add: Callable[[str, bytes, str], None]
) -> Iterator[ReceivedMark]:
    for place, mark in enumerate(marks):
        template = vault.template(mark)
        content = pack_template(template)
        file_sha256 = hashlib.sha256(content).hexdigest()
        add(f"templates/{file_sha256}.packed", content, file_sha256)
        facts = (place, mark.mark_type, mark.kind, template.pitch_um, mark.params_id)
        yield ReceivedMark(*facts, mark.template_sha256, file_sha256)
