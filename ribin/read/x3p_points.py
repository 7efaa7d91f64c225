"""The members that hold the numbers of a surface, unpacked where their size is the one needed.

A zip of one megabyte may declare a gigabyte. What main.xml does not link stays packed, and what it
links must hold as many bytes as the matrix has points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ribin.errors import FormatError
from ribin.read.x3p_archive import Archive, verify_points
from ribin.read.x3p_header import StatedHeader

_BYTES = {"I": 2, "L": 4, "F": 4, "D": 8}  # of a height, by the data type of the axis


@dataclass(frozen=True, eq=False)
class PointRecord:
    """Linked members by the path that main.xml gives them, and what was met on the way."""

    members: dict[str, bytes]
    notes: tuple[str, ...]
    repairs: tuple[str, ...]


def member_path(link: str) -> str:
    """A link as the path of a member, with forward slashes."""
    return "/".join(p for p in link.replace("\\", "/").split("/") if p not in ("", "."))


def unpack_points(archive: Archive, header: StatedHeader, info: Any, name: str) -> PointRecord:
    """Unpack and verify what main.xml links; a link to nothing is left for the decoder to refuse.

    Raises
    ------
    FormatError
        A member is damaged, of another size than the matrix needs, or against its checksum.
    """
    count = math.prod(info.shape)
    point_bytes = count * _BYTES[info.header.z.data_type.value]
    linked = (
        (header.point_link, header.point_md5, "the heights", point_bytes),
        (header.valid_link, header.valid_md5, "the valid points", (count + 7) // 8),
    )
    members: dict[str, bytes] = {}
    notes: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    for link, md5, what, needed in linked:
        path = member_path(link)
        found = archive.find(path) if path else ""
        if not found:
            continue
        if archive.size(found) != needed:
            raise FormatError(
                f"{name}: member {found!r} of {needed} bytes for {info.shape[0]} x "
                f"{info.shape[1]} points needed, found {archive.size(found)}"
            )
        members[path] = archive.unpack(found, needed)
        notes += verify_points(members[path], md5, found, what, name)
        repairs += renamed(found, path)
    return PointRecord(members, notes, repairs)


def renamed(found: str, path: str) -> tuple[str, ...]:
    """The repair where a member was found under a name in another case."""
    return (f"Member {found!r} read as {path!r}.",) if found != path else ()
