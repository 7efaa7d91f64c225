"""main.xml of an X3P file: unpacked, verified as it came, decoded, repaired, and what it states.

x3pio reads a file without a revision, a namespace, an increment, or with the wrong feature type,
and does not say so. Here what is harmless becomes a repair of the scan, and what would invent a
measure is refused. Deviations that stop x3pio are rewritten before, in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from ribin.errors import FormatError
from ribin.input_file import MIB
from ribin.params.defaults import ReadParams
from ribin.read.file import quoted_error
from ribin.read.x3p.archive import (
    CHECKSUM_FILE,
    MAIN_XML,
    Archive,
    md5_line,
    member_path,
    pack_archive,
    rename_repair,
    verify_main,
)

_LONGEST_CHECKSUM = 64 << 10  # bytes; one line is usual
_LONGEST_LINK = 260
_NAMESPACE = "http://www.opengps.eu/2008/ISO5436_2"
_WHOLE = ("I", "L")  # data types of whole numbers
_REVISIONS = {"ISO5436-2000": "ISO5436 - 2000", "ISO25178-72:2017/DAM1": "ISO25178-72:2017/DAM1"}
_DASHES = str.maketrans("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-------")
_ROOT = "ISO5436_2"
_KNOWN_ROOTS = re.compile(r"(?i:ISO ?5436(?:[-_ ]?2)?)", re.ASCII)
_OPENING_TAG = re.compile(
    r"<(?P<prefix>[A-Za-z_][\w.-]{0,30}:)?(?P<name>[A-Za-z_][\w.-]{0,60})", re.ASCII
)
# The start of "<?xml", or of "<", in each encoding (XML 1.0, appendix F).
_STARTS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARED = re.compile(rb"<\?xml\b[^<>]{0,200}?\bencoding\s{0,9}=\s{0,9}[\"']([\w.:-]{1,40})[\"']")
_DECLARATION = re.compile(r"\s*<\?xml\b[^<>]{0,200}\?>")
# Others exist in Python that no XML file has, and some of them cost more than linear time.
_KNOWN = re.compile(
    r"utf-?8|us-ascii|iso[-_]?8859[-_]\d{1,2}|latin-?1|(windows-|cp)125\d", re.ASCII
)
_COMMENT, _COMMENT_END = "<!--", "-->"


@dataclass(frozen=True, eq=False)
class X3pDescription:
    """What is given to the decoder in place of the main.xml of the file, in UTF-8."""

    main: bytes
    checksum_path: str
    notes: tuple[str, ...]
    repairs: tuple[str, ...]

    def packed_with(self, members: dict[str, bytes]) -> bytes:
        """An archive of this description, its checksum and these members."""
        own = {MAIN_XML: self.main, self.checksum_path: md5_line(self.main)}
        return pack_archive({**members, **own})


def read_description(archive: Archive, name: str, params: ReadParams) -> X3pDescription:
    """Unpack main.xml, verify it before anything is repaired, and repair it.

    Raises FormatError: it is too large, damaged, against its checksum, or in an unknown encoding.
    """
    main_mib = archive.size(archive.main) / MIB
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
    names = (
        *rename_repair(archive.main, MAIN_XML),
        *(rename_repair(found, checksum_path) if found else ()),
    )
    return X3pDescription(text.encode(), checksum_path, notes, (*names, *repairs))


# What the header of a file states.


@dataclass(frozen=True)
class StatedHeader:
    """The own words of a file, stripped; empty where it states none."""

    origin: str
    date: str
    point_link: str
    point_md5: str
    valid_link: str
    valid_md5: str
    background: str
    annotations: tuple[tuple[str, str], ...]  # colour and meaning of each region of a mask
    repairs: tuple[str, ...]  # a sentence for each deviation that the decoder corrects silently


def read_header(main: bytes, info: Any, name: str) -> StatedHeader:
    """Read the header of a surface that x3pio has accepted, so well-formed and without entities.

    `main`: main.xml as it was given to x3pio. `info`: what x3pio made of it. Raises FormatError:
    the increment of x or y is missing, or that of z where heights are whole numbers.
    """
    root = ElementTree.fromstring(main)

    def text(*path: str) -> str:
        """Of the first child of each name; namespaces are left out, as x3pio does."""
        found: ElementTree.Element | None = root
        for name in path:
            found = None if found is None else found.find(f"{{*}}{name}")
        return (found.text or "").strip() if found is not None else ""

    def first(element: str) -> str:
        return (root.findtext(f".//{{*}}{element}") or "").strip()

    steps = {axis: text("Record1", "Axes", f"C{axis.upper()}", "Increment") for axis in "xyz"}
    _check_increments(steps, info.header.z.data_type.value in _WHOLE, name)
    link = ("Record3", "DataLink")
    return StatedHeader(
        origin=first("Origin"),
        date=text("Record2", "Date"),
        point_link=text(*link, "PointDataLink"),
        point_md5=text(*link, "MD5ChecksumPointData"),
        valid_link=text(*link, "ValidPointsLink"),
        valid_md5=text(*link, "MD5ChecksumValidPoints"),
        background=first("Background"),
        annotations=tuple(
            ((found.get("color") or "").strip(), " ".join((found.text or "").split())[:80])
            for found in root.iterfind(".//{*}Annotation")
        ),
        repairs=tuple(
            _silent_repairs(
                root.tag, text("Record1", "Revision"), text("Record1", "FeatureType"), steps, info
            )
        ),
    )


def _check_increments(steps: dict[str, str], whole: bool, name: str) -> None:
    needed = [axis for axis in "xyz" if not steps[axis] and (axis != "z" or whole)]
    if needed:
        what = "heights in whole numbers" if needed == ["z"] else "a pitch"
        raise FormatError(
            f"{name}: an Increment of {' and '.join(needed)} needed for {what}, found none"
        )


def _silent_repairs(
    tag: str, revision: str, feature: str, steps: dict[str, str], info: Any
) -> Iterator[str]:
    namespace = tag[1:].partition("}")[0] if tag.startswith("{") else ""
    if namespace != _NAMESPACE:
        stated = f"of namespace {namespace[:80]!r}" if namespace else "without a namespace"
        yield f"Root element {stated} read as of {_NAMESPACE!r}."
    if not revision:
        yield f"No Revision stated: read as {info.revision.value!r}."
    read_as = info.feature_type.value
    if feature != read_as:
        rows, cols = info.shape
        why = "" if feature.upper() == read_as else f": the file holds {rows} x {cols} points"
        yield f"FeatureType {feature[:80]!r} read as {read_as!r}{why}."
    if not steps["z"]:
        yield "No increment of z stated: read as 1."


# Known deviations of field files. About half of the files met in the field spell the revision their
# own way.


def repair_main(main: str) -> tuple[str, tuple[str, ...]]:
    """Rewrite the known deviations of main.xml.

    Returns the text to decode, the one given where nothing was to be repaired, and one sentence for
    each repair. What is not known stays, for the decoder to refuse.
    """
    repaired, revision = _repair_revision(without_comments(main))
    repaired, root = _repair_root(repaired)
    repairs = tuple(sentence for sentence in (revision, root) if sentence)
    return (repaired, repairs) if repairs else (main, ())


def _repair_revision(main: str) -> tuple[str, str]:
    found = element_pattern("Revision").search(main)
    if not found:
        return main, ""
    stated = found["text"].strip()
    known = _REVISIONS.get("".join(stated.translate(_DASHES).upper().split()))
    if known is None or stated == known:
        return main, ""
    start, end = found.span("text")
    return main[:start] + known + main[end:], f"Revision {stated!r} read as {known!r}."


def _repair_root(main: str) -> tuple[str, str]:
    opening = _OPENING_TAG.search(main)
    if not opening or not _KNOWN_ROOTS.fullmatch(opening["name"]):
        return main, ""
    stated = opening["name"]
    closing = "</" + (opening["prefix"] or "") + stated
    last = main.rfind(closing)
    if stated == _ROOT or last < 0:
        return main, ""
    after_last = last + len(closing)
    repaired = (
        main[: opening.start("name")]
        + _ROOT
        + main[opening.end("name") : after_last - len(stated)]
        + _ROOT
        + main[after_last:]
    )
    return repaired, f"Root element {stated!r} read as {_ROOT!r}."


# Text that no parser accepts yet: its encoding, and single elements by bounded patterns, outside of
# comments.


def decode_main(main: bytes, name: str) -> str:
    """main.xml without byte order mark and declaration, which holds for its bytes only.

    Raises FormatError: the encoding is unknown, or the bytes are not of it.
    """
    encoding = next((known for start, known in _STARTS if main.startswith(start)), "")
    if not encoding:
        declared = _DECLARED.match(main.lstrip()[:400])
        encoding = declared[1].decode("ascii").lower() if declared else "utf-8"
        if not _KNOWN.fullmatch(encoding):
            raise FormatError(f"{name}: not readable as X3P, unknown encoding {encoding!r}")
    try:
        text = main.decode(encoding)
    except (UnicodeError, LookupError) as error:
        raise FormatError(
            f"{name}: main.xml is not in its encoding, {quoted_error(error)}"
        ) from error
    return _DECLARATION.sub("", text, count=1) if _DECLARATION.match(text) else text


def stated_text(main: str, element: str, longest: int = 80) -> str:
    """The text of the first element of this name in main.xml; empty where there is none."""
    found = element_pattern(element, longest).search(without_comments(main))
    return found["text"].strip() if found else ""


def element_pattern(name: str, longest: int = 80) -> re.Pattern[str]:
    """A simple element of this name with a text of up to `longest` letters."""
    tag = r"(?:[A-Za-z_][\w.-]{0,30}:)?" + name
    return re.compile(
        rf"<{tag}(?:\s[^<>]{{0,200}})?>(?P<text>[^<>]{{0,{longest}}})</{tag}\s*>", re.ASCII
    )


def without_comments(main: str) -> str:
    """main.xml with comments cut out; one that never closes stays."""
    # A plain loop: a lazy pattern takes quadratic time on comments that never close.
    parts, at = [], 0
    while (start := main.find(_COMMENT, at)) >= 0:
        end = main.find(_COMMENT_END, start + len(_COMMENT))
        if end < 0:
            break
        parts.append(main[at:start])
        at = end + len(_COMMENT_END)
    return "".join([*parts, main[at:]])
