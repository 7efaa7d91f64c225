"""A file as it arrived, what kind of content it is, and the checks that hold for every kind."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from ribin.errors import FormatError, RibinError, ScanError
from ribin.input_file import read_input
from ribin.model import Provenance, Scan, ScanKind
from ribin.params.defaults import ReadParams

_TIFF_SIGNATURES = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")  # and BigTIFF
_OPTICAL_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", *_TIFF_SIGNATURES)
_BMP_HEADER_SIZES = (12, 40, 52, 56, 64, 108, 124)
_TEXT_BYTES = frozenset(range(0x20, 0x100)) | frozenset(b"\t\n\r\f")
_LONGEST_ERROR = 200  # characters


class FileFormat(StrEnum):
    """What the bytes are; the suffix of the file has no say in it."""

    ZIP = "zip archive"
    OPTICAL = "image"


@dataclass(frozen=True, eq=False)
class Original:
    """A file as it arrived: its name without folder, its bytes and their SHA-256."""

    name: str
    data: bytes
    sha256: str

    def provenance(self, reader: str, **stated: Any) -> Provenance:
        """Where a scan of this file came from, with what the file states of itself."""
        return Provenance(self.name, self.sha256, len(self.data), reader, **stated)


def load_original(path: Path, params: ReadParams) -> Original:
    """Read a file once and take the SHA-256 of its bytes.

    Raises FormatError: the path is missing, a folder, not a regular file, unreadable, empty or too
    large.
    """
    try:
        data = read_input(path, params.max_file_mib)
    except FileNotFoundError as error:
        raise FormatError(f"{path}: a file needed, found nothing there") from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise FormatError(f"{path}: a file needed, {reason}") from error
    if not data:
        raise FormatError(f"{path.name}: the file is empty")
    # Bytes that are no UTF-8 could not be written into a vault: they become \xFF.
    name = os.fsencode(path.name).decode("utf-8", "backslashreplace")
    return Original(name, data, hashlib.sha256(data).hexdigest())


def sniff_content(original: Original) -> FileFormat:
    """Tell X3P containers from images by their first bytes.

    Raises FormatError: the content is text or nothing that RIBIN reads.
    """
    head = original.data[:512]
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return FileFormat.ZIP
    if head.startswith(_OPTICAL_SIGNATURES) or _is_bmp(head):
        return FileFormat.OPTICAL
    needed = "an X3P file or a PNG, TIFF, BMP or JPEG image needed"
    if _TEXT_BYTES.issuperset(head):
        raise FormatError(f"{original.name}: {needed}, found text")
    raise FormatError(
        f"{original.name}: {needed}, found unknown content that starts with {head[:4].hex(' ')}"
    )


def is_tiff(data: bytes) -> bool:
    """Whether an image is a TIFF or BigTIFF."""
    return data.startswith(_TIFF_SIGNATURES)


def _is_bmp(head: bytes) -> bool:
    # Two letters alone would take any text that starts with BM for an image.
    return head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES


# Checks, and what is said of a file that fails one.


def quoted_error(error: BaseException) -> str:
    """What a decoder said of a file, on one line; it may quote the file's own bytes."""
    words = " ".join(str(error).split())[:_LONGEST_ERROR]
    return "".join(letter if letter.isprintable() else "?" for letter in words)


@contextmanager
def damage_named(name: str) -> Iterator[None]:
    """Says that an image is damaged, whatever its decoder raises: of nearly every class."""
    try:
        yield
    except (RibinError, MemoryError):
        raise
    except Exception as error:
        raise FormatError(
            f"{name}: the image is truncated or damaged, {quoted_error(error)}"
        ) from error


def check_size(height: int, width: int, name: str, params: ReadParams) -> None:
    """Refuse a size before anything of that size is allocated.

    Raises ScanError: fewer than two rows or columns, or more pixels than `params.max_pixels`.
    """
    if min(height, width) < 2:
        raise ScanError(f"{name}: at least 2 x 2 pixels needed, found {height} x {width}")
    if height * width > params.max_pixels:
        raise ScanError(
            f"{name}: at most {params.max_pixels} pixels needed, found {height} x {width}"
        )


def check_pitch(row_um: float, col_um: float, name: str, params: ReadParams) -> None:
    """Refuse a pitch that no instrument has, or that differs too much between the axes.

    Raises ScanError: a pitch outside the limits, or a ratio above `params.max_pitch_ratio`.
    """
    for axis, pitch_um in (("row", row_um), ("column", col_um)):
        if not (math.isfinite(pitch_um) and params.min_pitch_um <= pitch_um <= params.max_pitch_um):
            raise ScanError(
                f"{name}: {axis} pitch of {params.min_pitch_um:g} to {params.max_pitch_um:g} um "
                f"needed, found {pitch_um:.6g} um"
            )
    ratio = max(row_um, col_um) / min(row_um, col_um)
    if ratio > params.max_pitch_ratio:
        raise ScanError(
            f"{name}: row and column pitch within a ratio of {params.max_pitch_ratio:g} needed, "
            f"found {row_um:.6g} and {col_um:.6g} um"
        )


def check_relief(scan: Scan, name: str) -> None:
    """Refuse a scan on which nothing can be compared.

    Raises ScanError: no pixel was measured, or all measured pixels have one value.
    """
    measured = scan.values[scan.valid]
    if measured.size == 0:
        raise ScanError(f"{name}: measured points needed, found none in {scan.values.shape}")
    low, high = float(np.min(measured)), float(np.max(measured))
    if low == high:
        what = "height" if scan.kind is ScanKind.TOPOGRAPHY else "grey value"
        raise ScanError(f"{name}: no relief, every measured point has the {what} {low:g}")
