"""Keys of other members for a person: read from files, told apart by what was read out, listed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ribin.crypto.keys import PublicKey, follows_trusted, read_public
from ribin.errors import AccessError, FormatError
from ribin.report.table import table
from ribin.vault.keys import TrustedKey, trusted_keys
from ribin.vault.vault import Vault

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


def signed_by_trusted(vault: Vault, path: Path) -> bool:
    """Whether the key in a file was signed by the key of its member that is trusted now."""
    now = [one.key for one in trusted_keys(vault) if not one.ended_at]
    return follows_trusted(path.read_bytes(), path.name, now)


def same_fingerprint(key: PublicKey, needed: str, where: str) -> None:
    """Refuse a key of another fingerprint than was read out; capitals and blanks aside."""
    digits = "".join(needed.split()).lower()
    if digits and digits != key.fingerprint.replace(" ", ""):
        raise AccessError(f"{where}: fingerprint {needed} needed, found {key.fingerprint}")


def key_facts(keys: Sequence[TrustedKey]) -> dict[str, object]:
    """The keys for programs."""
    return {
        "keys": [
            {
                "member": k.key.member,
                "fingerprint": k.key.fingerprint,
                "trusted_at": k.at,
                "who": k.who,
                "ended_at": k.ended_at,
            }
            for k in keys
        ]
    }


def keys_table(keys: Sequence[TrustedKey]) -> str:
    """One key a line."""
    rows = [(k.key.member, k.at[:10], k.ended_at[:10] or "-", k.key.fingerprint) for k in keys]
    header = ("member", "trusted", "ended", "fingerprint")
    return table(header, rows) if rows else "no key is trusted"
