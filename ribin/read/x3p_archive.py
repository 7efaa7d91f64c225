"""The zip container of an X3P file, opened as if it had been made to do harm."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib

from ribin.errors import FormatError
from ribin.params_limits import ReadParams
from ribin.read.reading import quoted_error

MAIN_XML = "main.xml"

_MIB = 1 << 20
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


def unpack_archive(data: bytes, name: str, params: ReadParams) -> dict[str, bytes]:
    """Unpack the members that lie in the folder of main.xml, normally the root.

    Nothing is unpacked before all names and declared sizes are accepted, and no member gives more
    bytes than it declares.

    Parameters
    ----------
    data : bytes
        The whole archive.
    name : str
        Its file name, for messages.

    Returns
    -------
    dict
        Content by path relative to main.xml, with forward slashes.

    Raises
    ------
    FormatError
        The archive is damaged, encrypted, too large when unpacked, holds a path that leaves it or
        a name twice, or has no main.xml.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = _accept_entries(archive.infolist(), name, params)
            folder = _find_main(entries, name)
            return {
                path.removeprefix(folder): _unpack(archive, info, name)
                for path, info in entries.items()
                if path.startswith(folder)
            }
    except _ZIP_DAMAGE as error:
        raise FormatError(
            f"{name}: the zip archive is truncated or damaged, {quoted_error(error)}"
        ) from error


def pack_archive(members: dict[str, bytes]) -> bytes:
    """An uncompressed archive of these members: what they declare is true by construction."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path, content in members.items():
            archive.writestr(zipfile.ZipInfo(path), content)
    return packed.getvalue()


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
    total_mib = sum(info.file_size for info in entries.values()) / _MIB
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
        return ""
    nested = [path for path in entries if path.endswith("/" + MAIN_XML) and path.count("/") == 1]
    if len(nested) != 1:
        raise FormatError(
            f"{name}: a zip archive with one main.xml (X3P) needed, found {len(nested)}"
        )
    return nested[0].removesuffix(MAIN_XML)


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    try:
        with archive.open(info) as member:
            content = member.read(info.file_size)  # a bound: without it a lie is unpacked whole
    except _ZIP_DAMAGE as error:
        raise FormatError(
            f"{name}: member {info.filename!r} is damaged, {quoted_error(error)}"
        ) from error
    if len(content) != info.file_size:
        raise FormatError(
            f"{name}: member {info.filename!r} must hold {info.file_size} bytes, "
            f"found {len(content)}"
        )
    return content
