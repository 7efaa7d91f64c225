"""The vault's own key, in a file of its folder, and the public keys of members that it trusts."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ribin.cases.plausible import checked_day
from ribin.crypto.keys import PrivateKey, PublicKey, read_private, write_private, write_public
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.input_file import read_input
from ribin.vault.audit import now_utc
from ribin.vault.files import fsync_folder
from ribin.vault.received import leave_out_bundles, remove_forgotten_files
from ribin.vault.rows import Act, from_row
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

    Raises StoreError: there is one already, or the vault is read-only.
    """
    key = PrivateKey.make(vault.member)
    path = vault.path / KEY_FILE
    with vault.act("make key", who, "") as act:
        try:
            _write_secret(path, write_private(key, passphrase))
        except FileExistsError as error:
            raise StoreError(f"{path}: a vault without a key needed, found one") from error
        except OSError as error:
            raise StoreError(f"{path}: the key cannot be written: {error.strerror}") from error
        act.log(vault.member, fingerprint=key.public.fingerprint, passphrase=bool(passphrase))
    return key.public


def own_key(vault: Vault, passphrase: str = "") -> PrivateKey:
    """The vault's key.

    Raises StoreError: there is none, it cannot be read, or it is another member's; ParameterError:
    the passphrase is missing, or another.
    """
    path = vault.path / KEY_FILE
    try:
        content = read_input(path, 1)
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


def change_key(vault: Vault, who: str, reason: str, passphrase: str = "") -> bytes:
    """Make the next key of the vault; the text of its public part, signed by the one before.

    Whoever trusts that one can trust the next without a call. A bundle that was sealed for the one
    before can be opened no more.

    Raises StoreError: there is no key to change, or it cannot be written.
    """
    before, following = own_key(vault, passphrase), PrivateKey.make(vault.member)
    path = vault.path / KEY_FILE
    aside = path.with_name(f"{KEY_FILE}.aside")
    with vault.act("change key", who, reason) as act:
        try:
            aside.unlink(missing_ok=True)
            _write_secret(aside, write_private(following, passphrase))
            os.replace(aside, path)
            fsync_folder(path.parent)
        except OSError as error:
            raise StoreError(f"{path}: the key cannot be written: {error.strerror}") from error
        prints = (before.public.fingerprint, following.public.fingerprint)
        act.log(vault.member, before=prints[0], fingerprint=prints[1])
    return write_public(following.public, before)


def trust_key(vault: Vault, key: PublicKey, who: str, reason: str) -> bool:
    """Trust what this key signs, from now on; the member's key before it is trusted no more.

    False where it is trusted already. A person compares the fingerprint first.

    Raises AccessError: it claims to be of the vault's own member.
    """
    if key.member == vault.member:
        raise AccessError(f"key of {key.member}: another member's needed, found our own")
    with vault.act("trust key", who, reason) as act:
        known = trusted_keys(vault)
        if any(t.key == key and not t.ended_at for t in known):
            return False
        _end_trust(vault, act, key.member)
        if any(t.key == key for t in known):  # trusted once, ended, and trusted again
            act.change("trusted_keys", key.fingerprint, at=now_utc(), who=who, ended_at="")
        else:
            fields = {"fingerprint": key.fingerprint, "member": key.member, "at": now_utc()}
            parts = {"signing": key.signing.hex(), "sealing": key.sealing.hex(), "who": who}
            act.insert("trusted_keys", {**fields, **parts})
        act.log(key.member, fingerprint=key.fingerprint)
    return True


def end_trust(
    vault: Vault, member: str, who: str, reason: str, lost_since: str = ""
) -> tuple[PublicKey, int]:
    """Trust a member's key no more; the key, and how many bundles count no more.

    `lost_since`: the day since when somebody else may have signed with it. What it signed from that
    day on is left out, as is what was received from then on: who has a key can date back.

    Raises StoreError: none is trusted, nor was, where a day is given; ParameterError: it is no day,
    or one to come.
    """
    if lost_since and checked_day(lost_since, "lost since") > now_utc()[:10]:
        raise ParameterError(f"lost since: a day until today needed, found {lost_since}")
    with vault.act("end trust", who, reason) as act:
        held = _end_trust(vault, act, member)
        known = [t.key for t in trusted_keys(vault) if t.key.member == member]
        if not held and not (known and lost_since):
            raise StoreError(f"{vault.path}: a trusted key of {member} needed, found none")
        ended = held or known[-1:]
        left: list[str] = []
        if lost_since:
            prints = {key.fingerprint.replace(" ", "") for key in ended}
            left = leave_out_bundles(act, member, prints, lost_since)
        facts: dict[str, Any] = {"fingerprint": ended[-1].fingerprint}
        if lost_since:
            facts |= {"lost_since": lost_since, "left_out": left}
        act.log(member, **facts)
    remove_forgotten_files(vault, member)
    return ended[-1], len(left)


def trusted_keys(vault: Vault) -> list[TrustedKey]:
    """Every key that is or was trusted, oldest first."""
    with vault.catalogue.reading() as db:
        rows = db.execute("SELECT * FROM trusted_keys ORDER BY rowid").fetchall()
    found = []
    for row in rows:
        signing, sealing = bytes.fromhex(row["signing"]), bytes.fromhex(row["sealing"])
        found.append(from_row(TrustedKey, row, key=PublicKey(row["member"], signing, sealing)))
    return found


def trusted_key(vault: Vault, member: str) -> PublicKey:
    """The key of a member; StoreError where none is trusted."""
    for trusted in trusted_keys(vault):
        if trusted.key.member == member and not trusted.ended_at:
            return trusted.key
    raise StoreError(
        f"{vault.path}: a trusted key of {member} needed, found none; `ribin network key trust`"
    )


def _end_trust(vault: Vault, act: Act, member: str) -> list[PublicKey]:
    """End the trust in whatever key of a member is trusted; gives these keys."""
    held = [t.key for t in trusted_keys(vault) if t.key.member == member and not t.ended_at]
    for key in held:
        act.change("trusted_keys", key.fingerprint, ended_at=now_utc())
    return held


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
