"""The catalogue's file at rest: its SHA-256 beside it, as the last writer left it.

    catalogue.rest      the audit log's last hash, the file's SHA-256, and the SHA-256 of both

SQLite checks what it reads; a byte that it has in no use, or whose change still makes sense to it,
needs a hash of the whole file. That hash is taken when the last connection has closed. It says
nothing once the audit log has gone on, as after a crash, until the next writer has closed. It is
read in pieces: 0.7 s a gigabyte, which is the catalogue of some 600,000 exhibits.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from ribin.vault.files import write_durably

REST_FILE = "catalogue.rest"


def take_rest(catalogue: Path, head_sha256: str) -> None:
    """Note the hash of a catalogue that was just closed, unless others have it open or it is
    noted already. It is a means to find damage: where it cannot be written, nothing is lost."""
    place = catalogue.with_name(REST_FILE)
    try:
        if _log_of(catalogue).exists():
            return
        if place.exists() and place.read_text("ascii", "replace").startswith(head_sha256):
            return
        noted = f"{head_sha256} {_file_sha256(catalogue)}"
        write_durably(place, f"{noted} {_sha256(noted.encode())}\n".encode())
    except OSError:
        return


def rest_problems(catalogue: Path, head_sha256: str) -> list[str]:
    """A sentence where the file is not as the last writer left it, or the note is damaged."""
    place, log = catalogue.with_name(REST_FILE), _log_of(catalogue)
    if not place.exists() or (log.exists() and log.stat().st_size):
        return []
    words = place.read_bytes().decode("ascii", "replace").split(" ")
    noted = " ".join(words[:2])
    if len(words) != 3 or words[2] != f"{_sha256(noted.encode())}\n":
        return [f"{place}: not as it was written"]
    if words[0] != head_sha256 or words[1] == _file_sha256(catalogue):
        return []
    return [f"{catalogue}: not as the last writer left it"]


def _log_of(catalogue: Path) -> Path:
    return catalogue.with_name(f"{catalogue.name}-wal")


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
