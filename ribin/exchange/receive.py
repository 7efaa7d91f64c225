"""Taking in a bundle: all of it is checked before anything of it is written."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from ribin.crypto.keys import PublicKey
from ribin.crypto.seal import is_sealed, unseal
from ribin.describe.soundness import check_described
from ribin.errors import AccessError, FormatError, StoreError
from ribin.exchange.bundle import BundleReader
from ribin.exchange.manifest import MANIFEST, MESSAGES, BundleContents, BundleFile, read_contents
from ribin.exchange.message import MOST_ANSWER_BYTES
from ribin.input_file import open_input
from ribin.vault.anchors import missing_anchors
from ribin.vault.files import INDEX_FOLDER, fsync_folder, make_folder, write_synced
from ribin.vault.keys import own_key, trusted_keys
from ribin.vault.packed import MOST_PACKED_BYTES, unpack_template
from ribin.vault.received import (
    RECEIVED_FOLDER,
    BundleAnswer,
    ReceivedMark,
    is_there,
    received_path,
    record_received,
)
from ribin.vault.scanfile import template_sha256
from ribin.vault.vault import Vault

_MOST_MANIFEST_BYTES = 64 << 20


@dataclass(frozen=True)
class ImportResult:
    """What a bundle brought; `outcome` is "new" or "already there"."""

    file: str
    outcome: str
    sender: str
    number: int
    exhibits: int
    new: int = 0
    gone: int = 0
    released: int = 0
    ended: int = 0
    searches: int = 0  # that the sender made in our bundles
    note: str = ""


def import_bundle(
    vault: Vault,
    path: Path,
    *,
    who: str,
    reason: str = "",
    passphrase: str = "",
    on_messages: Callable[[list[bytes]], None] = lambda messages: None,
) -> ImportResult:
    """Take in what another member sent; it takes the place of that member's bundle before.

    The same bundle again changes nothing and says so.

    `on_messages` is given those that travelled in the bundle, once it is taken in; also where it is
    there already, since that may have been stopped before.

    `passphrase`: of the vault's own key, needed for a sealed bundle alone. Raises FormatError: it
    is no bundle, or what it states is wrong; AccessError: it is not signed by a trusted key, was
    altered, is for another member, or is older than one that was received: a replay. Nothing was
    written; StoreError: the vault is read-only or locked, or the disk refuses. Nothing counts of
    what was written.
    """
    with _opened(vault, path, passphrase) as file:
        reader = BundleReader(file, path.name, lambda *signer: _trusted(vault, *signer))
        manifest = reader.read(MANIFEST, _MOST_MANIFEST_BYTES)
        contents = read_contents(manifest, f"{path.name}: {MANIFEST}")
        _check_address(vault, contents, reader.signer, path.name)
        bundle = (contents.bundle, contents.number, contents.made_at)
        if is_there(vault, contents.sender, bundle, path.name):
            _clear_unnamed(vault, contents)  # where that was stopped the first time
            on_messages(_messages(reader, contents))
            return _answer(path, contents, "already there", {})
        _check_files(reader, contents, path.name)
        place = partial(_place_files, vault, reader, contents)
        about = BundleAnswer(
            contents.searches, contents.received, contents.anchor, contents.anchor_kept
        )
        brought = (contents.sender, bundle, list(contents.exhibits), about)
        key = reader.signer.fingerprint.replace(" ", "")
        changed, searches = record_received(vault, *brought, key, who, reason, place)
        messages = _messages(reader, contents)
    _clear_unnamed(vault, contents)
    on_messages(messages)
    done = _answer(path, contents, "new", changed)
    return replace(done, searches=searches, note=_log_note(vault, contents))


def _messages(reader: BundleReader, contents: BundleContents) -> list[bytes]:
    names = (f"{MESSAGES}/{sha256}" for sha256 in contents.messages)
    return [reader.read(name, MOST_ANSWER_BYTES) for name in names]


@contextmanager
def _opened(vault: Vault, path: Path, passphrase: str) -> Iterator[BinaryIO]:
    """The open file of a bundle; of a sealed one, what is in it, which no name leads to."""
    try:
        file = open_input(path)
    except OSError as error:
        raise FormatError(f"{path}: a bundle needed, {error.strerror}") from error
    with file:
        if not is_sealed(file.read(64)):
            yield file
            return
        file.seek(0)
        with tempfile.TemporaryFile() as open_file:
            unseal(file, open_file, own_key(vault, passphrase), path.name)
            yield open_file


def _trusted(vault: Vault, member: str, fingerprint: str) -> PublicKey | None:
    for trusted in trusted_keys(vault):
        named = (trusted.key.member, trusted.key.fingerprint.replace(" ", ""))
        if named == (member, fingerprint) and not trusted.ended_at:
            return trusted.key
    return None


def _check_address(vault: Vault, contents: BundleContents, signer: PublicKey, where: str) -> None:
    if contents.sender != signer.member:
        raise AccessError(
            f"{where}: a bundle of {signer.member}, who signed it, needed, found {contents.sender}"
        )
    if contents.receiver != vault.member:
        raise AccessError(
            f"{where}: a bundle for {vault.member} needed, found one for {contents.receiver}"
        )


def _check_files(reader: BundleReader, contents: BundleContents, where: str) -> None:
    """Hash every file, and make every template from its file."""
    listed = {file.name: file for file in contents.files}
    if reader.names != {MANIFEST, *listed}:
        odd = sorted(reader.names ^ {MANIFEST, *listed})[0]
        raise FormatError(f"{where}: members as its manifest lists needed, found {odd[:80]!r} odd")
    for file in contents.files:
        digest, size = hashlib.sha256(), 0
        for piece in reader.pieces(file.name):
            digest.update(piece)
            size += len(piece)
        if (size, digest.hexdigest()) != (file.size, file.sha256):
            raise FormatError(f"{where}: {file.name} is not as the manifest says")
    for _, scans in contents.exhibits:
        for scan in scans:
            for mark in scan.marks:
                name = f"templates/{mark.file_sha256}.packed"
                _check_template(reader.read(name, MOST_PACKED_BYTES), mark, f"{where}: {name}")


def _check_template(content: bytes, mark: ReceivedMark, where: str) -> None:
    template = unpack_template(content, where)
    check_described(template.arrays, where)
    found = (template.mark_type, template.kind, template.pitch_um, template.params_id)
    stated = (mark.mark_type, mark.kind, mark.pitch_um, mark.params_id)
    if found != stated or template_sha256(template) != mark.template_sha256:
        raise FormatError(f"{where} is not the template that its mark names")


def _answer(
    path: Path, contents: BundleContents, outcome: str, changed: dict[str, list[str]]
) -> ImportResult:
    counts: dict[str, Any] = {name: len(names) for name, names in changed.items()}
    exhibits = len(contents.exhibits)
    return ImportResult(str(path), outcome, contents.sender, contents.number, exhibits, **counts)


def _log_note(vault: Vault, contents: BundleContents) -> str:
    """What is wrong with our own log, as the sender kept its head; empty where nothing is."""
    kept = [(contents.sender, contents.anchor_kept)] if contents.anchor_kept else []
    with vault.catalogue.reading() as db:
        missing = missing_anchors(db, kept)
    if not missing:
        return ""
    return (
        f"{contents.sender} keeps a head of our audit log that is not in it: this vault was taken "
        "back, or its log written anew"
    )


# The files of a bundle in the vault's folder: put there, and taken away when named no more.


def _place_files(vault: Vault, reader: BundleReader, contents: BundleContents) -> None:
    """Write files that are not there yet, under names that count once the records do."""
    folders: set[Path] = set()
    for file in _kept_files(contents):
        place = received_path(vault, contents.sender, file.name)
        aside = place.with_name(f"{place.name}.aside")
        try:
            if place.is_file() and _sha256(place) == file.sha256:
                continue
            make_folder(place.parent)
            write_synced(aside, b"".join(reader.pieces(file.name)))
            os.replace(aside, place)
        except OSError as error:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
            raise StoreError(f"{place}: cannot be written: {error.strerror}") from error
        folders |= {place.parent, place.parent.parent, place.parent.parent.parent}
    for folder in folders:
        fsync_folder(folder)


def _kept_files(contents: BundleContents) -> list[BundleFile]:
    """Those that lie in the vault's folder: messages are taken up at once."""
    return [file for file in contents.files if not file.name.startswith(f"{MESSAGES}/")]


def _clear_unnamed(vault: Vault, contents: BundleContents) -> None:
    """Take away files of the sender's earlier bundles that the last one does not name.

    The index of searches goes with them: it holds hashes and sketches of what may be gone.
    """
    sender = vault.path / RECEIVED_FOLDER / contents.sender
    shutil.rmtree(sender / INDEX_FOLDER, ignore_errors=True)
    named = {received_path(vault, contents.sender, file.name) for file in _kept_files(contents)}
    for path in [*sender.glob("??/*"), *sender.glob("originals/*")]:
        if path.is_file() and path not in named:
            with contextlib.suppress(OSError):
                path.unlink()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
