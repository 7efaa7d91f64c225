"""Keys of other members for a person: read from files, told apart by what was read out, listed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ribin.crypto.keys import PublicKey, follows_trusted, read_public
from ribin.errors import AccessError, FormatError
from ribin.input_file import read_input
from ribin.report.table import table
from ribin.vault.keys import TrustedKey, trusted_keys
from ribin.vault.vault import Vault

_LARGEST_MIB = 0.01


def read_key_file(path: Path) -> PublicKey:
    """The key in a file; FormatError where there is none."""
    try:
        return read_public(read_input(path, _LARGEST_MIB), path.name)
    except OSError as error:
        raise FormatError(f"{path}: a public key needed, {error.strerror}") from error


def signed_by_trusted(vault: Vault, path: Path) -> bool:
    """Whether the key in a file was signed by the key of its member that is trusted now."""
    now = [one.key for one in trusted_keys(vault) if not one.ended_at]
    return follows_trusted(read_input(path, _LARGEST_MIB), path.name, now)


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
