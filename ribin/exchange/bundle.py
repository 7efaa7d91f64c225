"""The file of a bundle: a zip that any program opens, whose comment is its sender's signature.

    zip members, stored uncompressed; manifest.json comes last
    comment: "ribin bundle 1 BLZ " + fingerprint (64 digits) + " " + signature (128 digits)

The signature (Ed25519) is over the SHA-256 of every byte before its own digits: nothing of a file
is read as a zip before its sender is known to be trusted and every byte to be the sender's.
"""

from __future__ import annotations

import hashlib
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from ribin.crypto.keys import PrivateKey, PublicKey
from ribin.errors import AccessError, FormatError

_SIGNED = b"ribin bundle signature 1\n"
_COMMENT = re.compile(rb"ribin bundle 1 ([A-Z]{3}) ([0-9a-f]{64}) ([0-9a-f]{128})")
_DIGITS = 128  # of a signature
_COMMENT_SIZE = len(b"ribin bundle 1 BLZ ") + 64 + 1 + _DIGITS
_END = b"PK\x05\x06"
_END_SIZE = 22  # of zip's end record before its comment
_PIECE = 1 << 20
MOST_MEMBER_BYTES = 1 << 30


class BundleWriter:
    """Puts members into the file and signs it; use it in a `with` block."""

    def __init__(self, path: Path, key: PrivateKey) -> None:
        self._path, self._key = path, key
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)
        self._names: set[str] = set()

    def add(self, name: str, content: bytes) -> bool:
        """Add a member; False where it is there already."""
        if name in self._names:
            return False
        self._names.add(name)
        member = zipfile.ZipInfo(name)
        member.create_system = 3
        member.external_attr = 0o644 << 16
        self._zip.writestr(member, content)
        return True

    def __enter__(self) -> BundleWriter:
        return self

    def __exit__(self, kind: type | None, *failure: object) -> None:
        public = self._key.public
        fingerprint = public.fingerprint.replace(" ", "")
        head = f"ribin bundle 1 {public.member} {fingerprint} "
        self._zip.comment = head.encode() + b"0" * _DIGITS
        self._zip.close()
        if kind is None:
            with self._path.open("r+b") as file:
                signature = self._key.sign(_SIGNED + _digest(file, file.seek(0, 2) - _DIGITS))
                file.seek(-_DIGITS, 2)
                file.write(signature.hex().encode())


class BundleReader:
    """A bundle whose signature is good; `signer` is who signed it.

    Raises FormatError from every method: it is no bundle, or not as a bundle is made; AccessError:
    it is not signed by a key that `trusted` gives, or not as it was signed.
    """

    def __init__(
        self, file: BinaryIO, where: str, trusted: Callable[[str, str], PublicKey | None]
    ) -> None:
        self.where = where
        self.signer = _checked_signer(file, where, trusted)
        try:
            self._zip = zipfile.ZipFile(file)
            members = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise FormatError(f"{where}: the zip of a bundle needed, {error}") from error
        self._members = {member.filename: member for member in members}
        if len(self._members) != len(members):
            raise FormatError(f"{where}: a bundle with each member once needed")
        for name, member in self._members.items():
            if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
                raise FormatError(
                    f"{where}: plain files needed, found {name[:80]!r}, a link or other"
                )

    @property
    def names(self) -> set[str]:
        return set(self._members)

    def read(self, name: str, most_bytes: int) -> bytes:
        """The content of a member of at most so many bytes."""
        return b"".join(self.pieces(name, most_bytes))

    def pieces(self, name: str, most_bytes: int = MOST_MEMBER_BYTES) -> Iterator[bytes]:
        """The content of a member, a piece at a time."""
        member = self._members.get(name)
        if member is None:
            raise FormatError(f"{self.where}: {name} needed in the bundle, found none")
        stored = member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1
        if not stored or member.file_size > most_bytes or member.compress_size != member.file_size:
            raise FormatError(
                f"{self.where}: {name} of at most {most_bytes} bytes needed, stored as it is"
            )
        try:
            with self._zip.open(member) as stream:
                while piece := stream.read(_PIECE):
                    yield piece
        except (zipfile.BadZipFile, ValueError, OSError, RuntimeError, EOFError) as error:
            raise FormatError(f"{self.where}: {name} cannot be read, {error}") from error


def _checked_signer(
    file: BinaryIO, where: str, trusted: Callable[[str, str], PublicKey | None]
) -> PublicKey:
    size = file.seek(0, 2)
    file.seek(max(0, size - _COMMENT_SIZE - _END_SIZE))
    end = file.read()
    head, comment = end[:_END_SIZE], end[_END_SIZE:]
    length = _COMMENT_SIZE.to_bytes(2, "little")
    found = _COMMENT.fullmatch(comment)
    if head[:4] != _END or head[-2:] != length or not found:
        raise AccessError(f"{where}: a signed bundle needed, found none or one that was altered")
    member, fingerprint = found[1].decode(), found[2].decode()
    key = trusted(member, fingerprint)
    if key is None:
        raise AccessError(
            f"{where}: a bundle signed by a trusted key needed, found one that says {member}, "
            f"{fingerprint[:4]} {fingerprint[4:8]} {fingerprint[8:12]} ..."
        )
    key.check(bytes.fromhex(found[3].decode()), _SIGNED + _digest(file, size - _DIGITS), where)
    return key


def _digest(file: BinaryIO, size: int) -> bytes:
    """SHA-256 of the first `size` bytes."""
    file.seek(0)
    digest = hashlib.sha256()
    while size > 0 and (piece := file.read(min(_PIECE, size))):
        digest.update(piece)
        size -= len(piece)
    return digest.digest()
