"""The zip container of an X3P file, opened as if it had been made to do harm, and its checksums.

A zip of one megabyte may declare a gigabyte: a member is unpacked when it is asked for, and no
further than it may be large. Checksums are MD5, in any spelling: programs write the sum alone, as
md5sum does, in quotes, or as `MD5 (main.xml) = ...`. It is the one word of 32 hexadecimal digits.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zipfile
import zlib

from ribin.errors import FormatError
from ribin.input_file import MIB
from ribin.params.defaults import ReadParams
from ribin.read.file import quoted_error

MAIN_XML = "main.xml"
CHECKSUM_FILE = "md5checksum.hex"  # the name that ISO 25178-72 recommends

_SUM = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{32}(?![0-9A-Za-z])")
_ENCRYPTED = 0x1
_LEAVES_ARCHIVE = re.compile(r"/|[A-Za-z]:|(.*/)?\.\.(/|$)", re.DOTALL)
# What a damaged archive makes the zip module raise.
_ZIP_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    LookupError,
    OSError,
)


class Archive:
    """An archive with accepted names, of which a member is unpacked when it is asked for.

    Members have paths relative to main.xml, normally the root, with forward slashes. Programs on
    Windows write MAIN.XML or bindata/Data.bin: a path is found in another case where only one
    member can be meant. `main` is the path of main.xml, in the case of the file.

    Raises FormatError: the archive is damaged, encrypted, too large when unpacked, holds a path
    that leaves it or a name twice, or has no main.xml.
    """

    def __init__(self, data: bytes, name: str, params: ReadParams) -> None:
        self._name = name
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            entries = _accept_entries(self._zip.infolist(), name, params)
        except _ZIP_DAMAGE as error:
            raise FormatError(
                f"{name}: the zip archive is truncated or damaged, {quoted_error(error)}"
            ) from error
        main = _find_main(entries, name)
        folder = main[: -len(MAIN_XML)]
        self.main = main.removeprefix(folder)
        self._entries = {
            path.removeprefix(folder): info
            for path, info in entries.items()
            if path.startswith(folder)
        }

    @property
    def paths(self) -> tuple[str, ...]:
        """Every member, in the order of the archive."""
        return tuple(self._entries)

    def find(self, path: str) -> str:
        """The member of this path, else the only one that differs in case; empty where none."""
        if path in self._entries:
            return path
        alike = [member for member in self._entries if member.lower() == path.lower()]
        return alike[0] if len(alike) == 1 else ""

    def size(self, path: str) -> int:
        """The bytes that a member declares, before any is unpacked."""
        return self._entries[path].file_size

    def unpack(self, path: str, most_bytes: int) -> bytes:
        """The content of a member; it gives no more than it declares, and no more than allowed.

        Raises FormatError: it is damaged, or declares more than `most_bytes`.
        """
        info = self._entries[path]
        if info.file_size > most_bytes:
            raise FormatError(
                f"{self._name}: member {path!r} of at most {most_bytes} bytes needed, "
                f"found {info.file_size}"
            )
        try:
            with self._zip.open(info) as member:
                content = member.read(info.file_size)  # a bound: else a lie is unpacked whole
        except _ZIP_DAMAGE as error:
            raise FormatError(
                f"{self._name}: member {info.filename!r} is damaged, {quoted_error(error)}"
            ) from error
        if len(content) != info.file_size:
            raise FormatError(
                f"{self._name}: member {info.filename!r} must hold {info.file_size} bytes, "
                f"found {len(content)}"
            )
        return content


def pack_archive(members: dict[str, bytes]) -> bytes:
    """An uncompressed archive of these members: what they declare is true by construction."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path, content in members.items():
            archive.writestr(zipfile.ZipInfo(path), content)
    return packed.getvalue()


def member_path(link: str) -> str:
    """A link as the path of a member, with forward slashes."""
    return "/".join(p for p in link.replace("\\", "/").split("/") if p not in ("", "."))


def rename_repair(found: str, path: str) -> tuple[str, ...]:
    """The repair where a member was found under a name in another case."""
    return (f"Member {found!r} read as {path!r}.",) if found != path else ()


def _accept_entries(
    infos: list[zipfile.ZipInfo], name: str, params: ReadParams
) -> dict[str, zipfile.ZipInfo]:
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        path = info.filename.replace("\\", "/")
        if _LEAVES_ARCHIVE.match(path):
            raise FormatError(f"{name}: member {info.filename!r} leads out of the archive")
        if path.endswith("/") or _is_litter(path):
            continue
        if path in entries:
            raise FormatError(f"{name}: member {path!r} occurs twice in the archive")
        if info.flag_bits & _ENCRYPTED:
            raise FormatError(f"{name}: member {path!r} is encrypted")
        # Others can unpack to gigabytes in one step, out of the reader's control.
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FormatError(
                f"{name}: member {path!r} must be stored or deflated, "
                f"found compression method {info.compress_type}"
            )
        entries[path] = info
    total_mib = sum(info.file_size for info in entries.values()) / MIB
    if total_mib > params.max_unpacked_mib:
        raise FormatError(
            f"{name}: the archive unpacks to {total_mib:.0f} MiB, "
            f"at most {params.max_unpacked_mib} MiB allowed"
        )
    return entries


def _is_litter(path: str) -> bool:
    """Whether a desktop put the file there when somebody packed the folder by hand."""
    *folders, last = path.lower().split("/")
    litter = (".ds_store", "thumbs.db", "desktop.ini")
    return "__macosx" in folders or last in litter or last.startswith("._")


def _find_main(entries: dict[str, zipfile.ZipInfo], name: str) -> str:
    if MAIN_XML in entries:
        return MAIN_XML
    at_root = [path for path in entries if path.lower() == MAIN_XML]
    found = at_root or [
        path for path in entries if path.lower().endswith("/" + MAIN_XML) and path.count("/") == 1
    ]
    if len(found) != 1:
        raise FormatError(
            f"{name}: a zip archive with one main.xml (X3P) needed, found {len(found)}"
        )
    return found[0]


# Checksums.


def md5_line(main: bytes) -> bytes:
    """The content of a checksum file that agrees with this main.xml."""
    return f"{_md5(main)} *{MAIN_XML}\n".encode()


def verify_main(main: bytes, stated: bytes, path: str, name: str) -> tuple[str, ...]:
    """Compare main.xml as it came with its checksum file; of a list the line on it counts.

    Returns a note where there is no checksum, so that nothing was verified. Raises FormatError
    where the checksum does not agree: the description was changed or damaged.
    """
    lines = _text(stated).splitlines()
    own = [line for line in lines if MAIN_XML in line.lower() and _SUM.search(line)]
    sums = _sums("\n".join(own or lines))
    if not sums:
        return (f"No MD5 checksum of main.xml in {path!r}: it could not be verified.",)
    found = _md5(main)
    if found not in sums:
        raise FormatError(
            f"{name}: main.xml was changed or damaged, MD5 {sums[0]} needed ({path}), found {found}"
        )
    return ()


def verify_points(content: bytes, stated: str, path: str, what: str, name: str) -> tuple[str, ...]:
    """The same for a linked member and the checksum of it in main.xml.

    Raises FormatError where the checksum does not agree: the numbers were changed or damaged.
    """
    sums = _sums(stated)
    if not sums:
        return (f"No MD5 checksum of {what} in main.xml: they could not be verified.",)
    found = _md5(content)
    if found not in sums:
        raise FormatError(
            f"{name}: the data was changed or damaged, MD5 {sums[0]} of {path!r} needed, "
            f"found {found}"
        )
    return ()


def _text(stated: bytes) -> str:
    wide = stated.startswith((b"\xff\xfe", b"\xfe\xff"))
    return stated.decode("utf-16" if wide else "utf-8-sig", "replace")


def _sums(stated: str) -> list[str]:
    return [found.lower() for found in _SUM.findall(stated)]


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
