"""The key of a member: a pair to sign with, a pair to seal for, and the fingerprint of both.

A public key is a small JSON file that anybody may read. A person who trusts it compares its
fingerprint with the one that the other laboratory reads out over the telephone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ribin.errors import AccessError, FormatError, ParameterError
from ribin.foreign import Hex32, MemberCode, Signature, Statement, read_facts

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

# The library is loaded by whoever signs or checks: a search within the country does neither.
_PUBLIC_FORMAT = "ribin member key"
_PRIVATE_FORMAT = "ribin private member key"
_VERSION = 1
_FOLLOWS = b"ribin member key that follows 1\n"


class _Follows(Statement, frozen=True):
    fingerprint: Hex32
    signature: Signature


class _PublicFile(Statement, frozen=True):
    member: MemberCode
    signing: Hex32
    sealing: Hex32
    fingerprint: str
    follows: _Follows | None = None


class _PrivateFile(Statement, frozen=True):
    member: MemberCode
    signing: str  # PEM
    sealing: str


@dataclass(frozen=True)
class PublicKey:
    """What others need of a member's key."""

    member: str  # that it claims to be of, ISO 3166 alpha-3
    signing: bytes  # Ed25519 public key (RFC 8032), 32 bytes
    sealing: bytes  # X25519 public key (RFC 7748), 32 bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 over member and both keys, in groups of four digits to read out."""
        parts = (b"ribin member key 1\n", self.member.encode(), self.signing, self.sealing)
        digits = hashlib.sha256(b"".join(parts)).hexdigest()
        return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))

    def check(self, signature: bytes, message: bytes, where: str) -> None:
        """AccessError where this member did not sign the message."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.signing).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise AccessError(
                f"{where}: a signature by {self.member} ({self.fingerprint[:19]} ...) needed, "
                "found another: altered, or signed by somebody else"
            ) from error


@dataclass(frozen=True)
class PrivateKey:
    """The key of our own member; it never leaves the vault's folder."""

    member: str
    signing: Ed25519PrivateKey
    sealing: X25519PrivateKey

    @classmethod
    def make(cls, member: str) -> PrivateKey:
        """A new key from the operating system's randomness."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        return cls(member, Ed25519PrivateKey.generate(), X25519PrivateKey.generate())

    @property
    def public(self) -> PublicKey:
        signing = self.signing.public_key().public_bytes_raw()
        return PublicKey(self.member, signing, self.sealing.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature, 64 bytes."""
        return self.signing.sign(message)


def write_public(key: PublicKey, before: PrivateKey | None = None) -> bytes:
    """The JSON text of a public key; with the signature of the key that it follows, where given."""
    facts: dict[str, Any] = {
        "format": _PUBLIC_FORMAT,
        "version": _VERSION,
        "member": key.member,
        "signing": key.signing.hex(),
        "sealing": key.sealing.hex(),
        "fingerprint": key.fingerprint,
    }
    if before:
        fingerprint = before.public.fingerprint.replace(" ", "")
        signature = before.sign(_FOLLOWS + key.fingerprint.encode()).hex()
        facts["follows"] = {"fingerprint": fingerprint, "signature": signature}
    return (json.dumps(facts, indent=2) + "\n").encode()


def follows_trusted(content: bytes, where: str, trusted: Iterable[PublicKey]) -> bool:
    """Whether one of these keys signed the public key that a text holds as the one after it.

    Raises FormatError: as `read_public`; AccessError: the text names one of them as signing it, and
    that one did not.
    """
    key = read_public(content, where)
    follows = read_facts(content, _PublicFile, where, _PUBLIC_FORMAT, _VERSION).follows
    for one in trusted if follows else ():
        same = one.fingerprint.replace(" ", "") == follows.fingerprint if follows else False
        if same and follows and one.member == key.member:
            signature = bytes.fromhex(follows.signature)
            one.check(signature, _FOLLOWS + key.fingerprint.encode(), where)
            return True
    return False


def read_public(content: bytes, where: str) -> PublicKey:
    """The public key that a JSON text holds.

    Raises FormatError: it is no public key of a member, or its fingerprint is another's.
    """
    file = read_facts(content, _PublicFile, where, _PUBLIC_FORMAT, _VERSION)
    key = PublicKey(file.member, bytes.fromhex(file.signing), bytes.fromhex(file.sealing))
    if file.fingerprint != key.fingerprint:
        found = file.fingerprint[:80]
        raise FormatError(f"{where}: fingerprint {key.fingerprint} needed, found {found!r}")
    return key


def write_private(key: PrivateKey, passphrase: str = "") -> bytes:
    """The JSON text of a private key, its parts as PKCS 8 in PEM, encrypted where asked for."""
    from cryptography.hazmat.primitives import serialization

    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        lock = serialization.BestAvailableEncryption(passphrase.encode())
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock
    facts = {"format": _PRIVATE_FORMAT, "version": _VERSION, "member": key.member}
    for name, part in (("signing", key.signing), ("sealing", key.sealing)):
        facts[name] = part.private_bytes(*form).decode()
    return (json.dumps(facts, indent=2) + "\n").encode()


def read_private(content: bytes, where: str, passphrase: str = "") -> PrivateKey:
    """The private key that a JSON text holds.

    Raises FormatError: it is no private key of a member; ParameterError: the passphrase is missing,
    not needed, or another.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    file = read_facts(content, _PrivateFile, where, _PRIVATE_FORMAT, _VERSION)
    parts = []
    for name, pem in (("signing", file.signing), ("sealing", file.sealing)):
        try:
            parts.append(load_pem_private_key(pem.encode(), passphrase.encode() or None))
        except TypeError as error:  # a passphrase too few or too many
            raise ParameterError(f"{where}: {error}") from error
        except (ValueError, UnsupportedAlgorithm) as error:
            raise ParameterError(f"{where}: {name}: wrong passphrase, or no key") from error
    signing, sealing = parts
    if not isinstance(signing, Ed25519PrivateKey) or not isinstance(sealing, X25519PrivateKey):
        raise FormatError(f"{where}: an Ed25519 and an X25519 key needed, found others")
    return PrivateKey(file.member, signing, sealing)
