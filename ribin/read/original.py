"""The bytes of the original, taken once, and what kind of content they are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ribin.errors import FormatError
from ribin.params_limits import ReadParams

_MIB = 1 << 20

_OPTICAL_SIGNATURES = (
    b"\x89PNG\r\n\x1a\n",
    b"II*\x00",
    b"MM\x00*",
    b"\xff\xd8\xff",
)
_BMP_HEADER_SIZES = (12, 40, 52, 56, 64, 108, 124)
_TEXT_BYTES = frozenset(range(0x20, 0x100)) | frozenset(b"\t\n\r\f")


class Content(StrEnum):
    """What the bytes are; the suffix of the file has no say in it."""

    ZIP = "zip archive"
    OPTICAL = "image"


@dataclass(frozen=True, eq=False)
class Original:
    """A file as it arrived: its name without folder, its bytes and their SHA-256."""

    name: str
    data: bytes
    sha256: str


def load_original(path: Path, params: ReadParams) -> Original:
    """Read a file once and take the SHA-256 of its bytes.

    Raises
    ------
    FormatError
        The path is missing, a folder, not a regular file, unreadable, empty or too large.
    """
    try:
        if path.is_dir():
            raise FormatError(f"{path}: a file needed, found a folder")
        if not path.is_file():
            found = "something that is not a regular file" if path.exists() else "nothing there"
            raise FormatError(f"{path}: a file needed, found {found}")
        size_mib = path.stat().st_size / _MIB
        if size_mib > params.max_file_mib:
            raise FormatError(
                f"{path.name}: at most {params.max_file_mib} MiB needed, found {size_mib:.0f} MiB"
            )
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise FormatError(f"{path}: a readable file needed, {reason}") from error
    if not data:
        raise FormatError(f"{path.name}: the file is empty")
    return Original(path.name, data, hashlib.sha256(data).hexdigest())


def sniff_content(original: Original) -> Content:
    """Tell X3P containers from images by their first bytes.

    Raises
    ------
    FormatError
        The content is text or nothing that RIBIN reads.
    """
    head = original.data[:512]
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Content.ZIP
    if head.startswith(_OPTICAL_SIGNATURES) or _is_bmp(head):
        return Content.OPTICAL
    needed = "an X3P file or a PNG, TIFF, BMP or JPEG image needed"
    if _TEXT_BYTES.issuperset(head):
        raise FormatError(f"{original.name}: {needed}, found text")
    raise FormatError(
        f"{original.name}: {needed}, found unknown content that starts with {head[:4].hex(' ')}"
    )


def _is_bmp(head: bytes) -> bool:
    # Two letters alone would take any text that starts with BM for an image.
    return head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES
