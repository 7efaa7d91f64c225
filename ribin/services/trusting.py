"""The public key of another member, as a file and as it was read out."""

from __future__ import annotations

from pathlib import Path

from ribin.crypto.keys import PublicKey, read_public
from ribin.errors import AccessError, FormatError

_LARGEST_BYTES = 10_000


def read_key_file(path: Path) -> PublicKey:
    """The key in a file; FormatError where there is none."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise FormatError(f"{path}: a public key needed, {error.strerror}") from error
    if len(content) > _LARGEST_BYTES:
        raise FormatError(f"{path}: a public key of at most {_LARGEST_BYTES} bytes needed")
    return read_public(content, path.name)


def same_fingerprint(key: PublicKey, told: str, where: str) -> None:
    """Refuse a key whose fingerprint is not the one that was told; capitals and blanks aside."""
    digits = "".join(told.split()).lower()
    if digits and digits != key.fingerprint.replace(" ", ""):
        raise AccessError(f"{where}: fingerprint {told} needed, found {key.fingerprint}")
