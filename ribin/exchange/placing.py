"""The files of a bundle in the vault's folder: put there, and taken away when named no more."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from pathlib import Path

from ribin.errors import StoreError
from ribin.exchange.bundle import BundleReader
from ribin.exchange.manifest import Contents
from ribin.search.index import INDEX_FOLDER
from ribin.vault.files import fsync_folder, write_synced
from ribin.vault.received import RECEIVED_FOLDER, original_path, template_path
from ribin.vault.vault import Vault


def place_files(vault: Vault, reader: BundleReader, contents: Contents) -> None:
    """Write files that are not there yet, under names that count once the records do."""
    folders: set[Path] = set()
    for file in contents.files:
        place = _place(vault, contents.sender, file.name)
        aside = place.with_name(f"{place.name}.aside")
        try:
            if place.is_file() and _sha256(place) == file.sha256:
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            write_synced(aside, b"".join(reader.pieces(file.name)))
            os.replace(aside, place)
        except OSError as error:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
            raise StoreError(f"{place}: cannot be written: {error.strerror}") from error
        folders |= {place.parent, place.parent.parent, place.parent.parent.parent}
    for folder in folders:
        fsync_folder(folder)


def clear_unnamed(vault: Vault, contents: Contents) -> None:
    """Take away files of the sender's earlier bundles that the last one does not name.

    The index of searches goes with them: it holds hashes and sketches of what may be gone.
    """
    sender = vault.path / RECEIVED_FOLDER / contents.sender
    shutil.rmtree(sender / INDEX_FOLDER, ignore_errors=True)
    named = {_place(vault, contents.sender, file.name) for file in contents.files}
    for path in [*sender.glob("??/*"), *sender.glob("originals/*")]:
        if path.is_file() and path not in named:
            with contextlib.suppress(OSError):
                path.unlink()


def _place(vault: Vault, sender: str, name: str) -> Path:
    folder, _, file = name.partition("/")
    if folder == "originals":
        return original_path(vault.path, sender, file)
    return template_path(vault.path, sender, file.removesuffix(".npz"))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
