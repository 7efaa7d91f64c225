"""The MD5 that an X3P file states for its description and its numbers, in any spelling.

Programs write the sum alone, as md5sum does, in quotes, or as `MD5 (main.xml) = ...`: it is the
one word of 32 hexadecimal digits, wherever it stands.
"""

from __future__ import annotations

import hashlib
import re

from ribin.errors import FormatError
from ribin.read.x3p_archive import MAIN_XML

CHECKSUM_FILE = "md5checksum.hex"  # the name that ISO 25178-72 recommends
_SUM = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{32}(?![0-9A-Za-z])")


def md5_line(main: bytes) -> bytes:
    """The content of a checksum file that agrees with this main.xml."""
    return f"{_md5(main)} *{MAIN_XML}\n".encode()


def verify_main(main: bytes, stated: bytes, path: str, name: str) -> tuple[str, ...]:
    """Compare main.xml as it came with its checksum file; of a list the line on it counts.

    Returns
    -------
    tuple of str
        A note where there is no checksum, so that nothing was verified.

    Raises
    ------
    FormatError
        The checksum does not agree: the description was changed or damaged.
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

    Raises
    ------
    FormatError
        The checksum does not agree: the numbers were changed or damaged.
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
