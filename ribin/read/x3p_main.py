"""main.xml of an archive: unpacked, verified as it came, decoded and repaired."""

from __future__ import annotations

from dataclasses import dataclass

from ribin.errors import FormatError
from ribin.params_limits import ReadParams
from ribin.read.x3p_archive import MAIN_XML, Archive, pack_archive
from ribin.read.x3p_checksum import CHECKSUM_FILE, md5_line, verify_main
from ribin.read.x3p_points import member_path, renamed
from ribin.read.x3p_repair import repair_main
from ribin.read.x3p_text import decode_main, stated_text

_MIB = 1 << 20
_LONGEST_CHECKSUM = 64 << 10  # bytes; one line is usual
_LONGEST_LINK = 260


@dataclass(frozen=True, eq=False)
class Description:
    """What is given to the decoder in place of the main.xml of the file, in UTF-8."""

    main: bytes
    checksum_path: str
    notes: tuple[str, ...]
    repairs: tuple[str, ...]

    def packed_with(self, members: dict[str, bytes]) -> bytes:
        """An archive of this description, its checksum and these members."""
        own = {MAIN_XML: self.main, self.checksum_path: md5_line(self.main)}
        return pack_archive({**members, **own})


def read_description(archive: Archive, name: str, params: ReadParams) -> Description:
    """Unpack main.xml, verify it before anything is repaired, and repair it.

    Raises
    ------
    FormatError
        It is too large, damaged, against its checksum, or in an unknown encoding.
    """
    main_mib = archive.size(archive.main) / _MIB
    if main_mib > params.max_main_xml_mib:
        raise FormatError(
            f"{name}: main.xml of at most {params.max_main_xml_mib} MiB needed, "
            f"found {main_mib:.0f} MiB"
        )
    stored = archive.unpack(archive.main, archive.size(archive.main))
    text = decode_main(stored, name)
    checksum_path = member_path(stated_text(text, "ChecksumFile", _LONGEST_LINK)) or CHECKSUM_FILE
    found = archive.find(checksum_path)
    stated = archive.unpack(found, _LONGEST_CHECKSUM) if found else b""
    notes = verify_main(stored, stated, found or checksum_path, name)
    text, repairs = repair_main(text)
    names = (*renamed(archive.main, MAIN_XML), *(renamed(found, checksum_path) if found else ()))
    return Description(text.encode(), checksum_path, notes, (*names, *repairs))
