"""The vault's own key, in a file of its folder, and the public keys of members that it trusts."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from ribin.cases.leads import KEEPING
from ribin.crypto.keys import PrivateKey, PublicKey, read_private, write_private
from ribin.errors import AccessError, StoreError
from ribin.vault.audit import append_row, change_record, insert_record, now_utc
from ribin.vault.files import fsync_folder
from ribin.vault.people import check_role_in_use
from ribin.vault.vault import Vault

KEY_FILE = "member.key"
PASSPHRASE_VARIABLE = "RIBIN_KEY_PASSPHRASE"


@dataclass(frozen=True)
class TrustedKey:
    """A member's public key and who trusted it when; `ended_at` is empty while it is trusted."""

    key: PublicKey
    at: str
    who: str
    ended_at: str


def make_key(vault: Vault, who: str, passphrase: str = "") -> PublicKey:
    """Make the vault's key; its private part stays in the folder, for its owner's eyes alone.

    Raises
    ------
    StoreError
        There is one already, or the vault is read-only.
    """
    key = PrivateKey.make(vault.member)
    path = vault.path / KEY_FILE
    with vault.catalogue.writing() as db:
        check_role_in_use(db, who, KEEPING)
        try:
            _write_secret(path, write_private(key, passphrase))
        except FileExistsError as error:
            raise StoreError(f"{path}: a vault without a key needed, found one") from error
        except OSError as error:
            raise StoreError(f"{path}: the key cannot be written: {error.strerror}") from error
        details = {"fingerprint": key.public.fingerprint, "passphrase": bool(passphrase)}
        append_row(db, "make key", vault.member, who, "", details)
    return key.public


def own_key(vault: Vault, passphrase: str = "") -> PrivateKey:
    """The vault's key.

    Raises
    ------
    StoreError
        There is none, it cannot be read, or it is another member's.
    ParameterError
        The passphrase is missing, or another.
    """
    path = vault.path / KEY_FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise StoreError(
            f"{path}: the key of {vault.member} needed, found none; `ribin network key make`"
        ) from error
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
    given = passphrase or os.environ.get(PASSPHRASE_VARIABLE, "")
    key = read_private(content, str(path), given)
    if key.member != vault.member:
        raise StoreError(f"{path}: the key of {vault.member} needed, found that of {key.member}")
    return key


def trust_key(vault: Vault, key: PublicKey, who: str, reason: str) -> bool:
    """Trust what this key signs, from now on; the member's key before it is trusted no more.

    False where it is trusted already. A person compares the fingerprint first.

    Raises
    ------
    AccessError
        It claims to be of the vault's own member.
    """
    if key.member == vault.member:
        raise AccessError(f"key of {key.member}: another member's needed, found our own")
    with vault.catalogue.writing() as db:
        check_role_in_use(db, who, KEEPING)
        held = [t for t in _read(db) if t.key.member == key.member and not t.ended_at]
        if any(t.key == key for t in held):
            return False
        records = dict(_ended(db, one) for one in held)
        row = db.execute("SELECT 1 FROM trusted_keys WHERE fingerprint = ?", (key.fingerprint,))
        if row.fetchone():  # trusted once, ended, and trusted again
            fields: dict[str, object] = {"at": now_utc(), "who": who, "ended_at": ""}
            records |= dict([change_record(db, "trusted_keys", key.fingerprint, fields)])
        else:
            records |= dict([insert_record(db, "trusted_keys", _fields(key, who))])
        details = {"fingerprint": key.fingerprint, "records": records}
        append_row(db, "trust key", key.member, who, reason, details)
    return True


def end_trust(vault: Vault, member: str, who: str, reason: str) -> PublicKey:
    """Trust a member's key no more; StoreError where none is trusted."""
    with vault.catalogue.writing() as db:
        check_role_in_use(db, who, KEEPING)
        held = [t for t in _read(db) if t.key.member == member and not t.ended_at]
        if not held:
            raise StoreError(f"{vault.path}: a trusted key of {member} needed, found none")
        records = dict(_ended(db, one) for one in held)
        details = {"fingerprint": held[-1].key.fingerprint, "records": records}
        append_row(db, "end trust", member, who, reason, details)
    return held[-1].key


def trusted_keys(vault: Vault) -> list[TrustedKey]:
    """Every key that is or was trusted, oldest first."""
    with vault.catalogue.reading() as db:
        return _read(db)


def trusted_key(vault: Vault, member: str) -> PublicKey:
    """The key of a member; StoreError where none is trusted."""
    for trusted in trusted_keys(vault):
        if trusted.key.member == member and not trusted.ended_at:
            return trusted.key
    raise StoreError(
        f"{vault.path}: a trusted key of {member} needed, found none; `ribin network key trust`"
    )


def _read(db: sqlite3.Connection) -> list[TrustedKey]:
    return [
        TrustedKey(
            PublicKey(r["member"], bytes.fromhex(r["signing"]), bytes.fromhex(r["sealing"])),
            *(r[name] for name in ("at", "who", "ended_at")),
        )
        for r in db.execute("SELECT * FROM trusted_keys ORDER BY rowid")
    ]


def _fields(key: PublicKey, who: str) -> dict[str, object]:
    return {
        "fingerprint": key.fingerprint,
        "member": key.member,
        "signing": key.signing.hex(),
        "sealing": key.sealing.hex(),
        "at": now_utc(),
        "who": who,
    }


def _ended(db: sqlite3.Connection, one: TrustedKey) -> tuple[str, str]:
    return change_record(db, "trusted_keys", one.key.fingerprint, {"ended_at": now_utc()})


def _write_secret(path: Path, content: bytes) -> None:
    """A new file that its owner alone may read, durably; where that fails, no file."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fsync_folder(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
