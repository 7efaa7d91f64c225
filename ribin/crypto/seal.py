"""A file that one member alone can open.

    magic, ephemeral X25519 public key (32 bytes), then pieces of at most 1 MiB with 16 bytes more

The key of the pieces is drawn by HKDF-SHA256 (RFC 5869) from the agreement of a one-time key with
the receiver's (RFC 7748); each piece is ChaCha20-Poly1305 (RFC 8439) under a nonce that counts,
whose last byte marks the last piece: pieces can neither be moved, left out nor cut off. This is
the STREAM construction of Hoang et al. (2015), https://doi.org/10.1007/978-3-662-47989-6_24.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from ribin.crypto.keys import PrivateKey, PublicKey
from ribin.errors import AccessError

MAGIC = b"RIBIN SEALED 1\n"
_PIECE = 1 << 20
_TAG = 16
_POINT = 32


def seal(source: BinaryIO, target: BinaryIO, receiver: PublicKey) -> None:
    """Write what `source` holds so that only the receiver can read it; a piece at a time."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    once = X25519PrivateKey.generate()
    public = once.public_key().public_bytes_raw()
    shared = once.exchange(X25519PublicKey.from_public_bytes(receiver.sealing))
    cipher = ChaCha20Poly1305(_drawn(shared, public, receiver.sealing))
    target.write(MAGIC + public)
    for number, (piece, last) in enumerate(_pieces(source, _PIECE)):
        target.write(cipher.encrypt(_nonce(number, last), piece, MAGIC))


def unseal(source: BinaryIO, target: BinaryIO, key: PrivateKey, where: str) -> None:
    """Write what was sealed for this key.

    Raises AccessError: it was sealed for another, altered, or cut off. What was written until then
    means nothing.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    head = source.read(len(MAGIC) + _POINT)
    refusal = f"{where}: a bundle sealed for {key.member} needed, found one altered or for another"
    try:
        shared = key.sealing.exchange(X25519PublicKey.from_public_bytes(head[len(MAGIC) :]))
        own = key.public.sealing
        cipher = ChaCha20Poly1305(_drawn(shared, head[len(MAGIC) :], own))
        for number, (piece, last) in enumerate(_pieces(source, _PIECE + _TAG)):
            target.write(cipher.decrypt(_nonce(number, last), piece, MAGIC))
    except (InvalidTag, ValueError) as error:  # ValueError: no point, or a piece without its tag
        raise AccessError(refusal) from error


def is_sealed(head: bytes) -> bool:
    """Whether a file that begins so is sealed."""
    return head.startswith(MAGIC)


def _drawn(shared: bytes, once: bytes, receiver: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = b"ribin bundle" + once + receiver
    return HKDF(SHA256(), 32, None, info).derive(shared)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _pieces(source: BinaryIO, size: int) -> Iterator[tuple[bytes, bool]]:
    """Pieces of this size and a last one, which may be empty or shorter."""
    piece = source.read(size)
    while True:
        following = source.read(size) if len(piece) == size else b""
        yield piece, not following
        if not following:
            return
        piece = following
