"""Known deviations of main.xml in field files, mended in memory; its checksum is verified first.

No XML is parsed here. Single, simple elements are found by bounded patterns outside of comments,
and only the two deviations that stop x3pio are rewritten: the spelling of a known revision
and the name of the root element. About half of the X3P files met in the field spell the revision
their own way.
"""

from __future__ import annotations

import hashlib
import re

from ribin.errors import FormatError
from ribin.read.x3p_archive import MAIN_XML

_CHECKSUM_FILE = "md5checksum.hex"  # the name that ISO 25178-72 recommends
_REVISIONS = {
    "ISO5436-2000": "ISO5436 - 2000",
    "ISO25178-72:2017/DAM1": "ISO25178-72:2017/DAM1",
}
_DASHES = str.maketrans("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-------")
_ROOT = "ISO5436_2"
_KNOWN_ROOTS = re.compile(rb"(?i:ISO ?5436(?:[-_ ]?2)?)")
_OPENING_TAG = re.compile(rb"<(?P<prefix>[A-Za-z_][\w.-]{0,30}:)?(?P<name>[A-Za-z_][\w.-]{0,60})")
_MD5 = re.compile(rb"\s*(?:\xef\xbb\xbf)?([0-9a-fA-F]{32})(?![0-9a-zA-Z])")


def stated_text(main: bytes, element: str, longest: int = 80) -> str:
    """The text of the first element of this name in main.xml; empty where there is none."""
    found = _element(element, longest).search(_without_comments(main))
    return found["text"].decode("utf-8", "replace").strip() if found else ""


def verify_main(members: dict[str, bytes], name: str) -> tuple[str, ...]:
    """Compare the original main.xml with the MD5 that the archive states for it.

    Returns
    -------
    tuple of str
        A note for each checksum that is missing, so could not be verified.

    Raises
    ------
    FormatError
        The checksum does not agree: the description was changed or damaged.
    """
    notes = []
    path = _checksum_path(members)
    stated = _MD5.match(members.get(path, b""))
    found = _md5(members[MAIN_XML])
    if stated is None:
        notes.append(f"No MD5 checksum of main.xml in {path!r}: it could not be verified.")
    elif stated[1].decode().lower() != found:
        raise FormatError(
            f"{name}: main.xml was changed or damaged, MD5 {stated[1].decode().lower()} needed "
            f"({path}), found {found}"
        )
    main = members[MAIN_XML]
    linked = bool(stated_text(main, "PointDataLink", 260))
    if linked and not re.fullmatch("[0-9a-fA-F]{32}", stated_text(main, "MD5ChecksumPointData")):
        notes.append("No MD5 checksum of the heights in main.xml: they could not be verified.")
    return tuple(notes)


def repair_main(members: dict[str, bytes]) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Rewrite the known deviations of main.xml, and its checksum to agree with it.

    Returns
    -------
    dict
        The members to decode; the ones given where nothing was to be repaired.
    tuple of str
        One sentence for each repair. What is not known stays, for the decoder to refuse.
    """
    main, revision = _repair_revision(_without_comments(members[MAIN_XML]))
    main, root = _repair_root(main)
    repairs = tuple(sentence for sentence in (revision, root) if sentence)
    if not repairs:
        return members, ()
    digest = f"{_md5(main)} *{MAIN_XML}\n".encode()
    return {**members, MAIN_XML: main, _checksum_path(members): digest}, repairs


def _repair_revision(main: bytes) -> tuple[bytes, str]:
    found = _element("Revision", 80).search(main)
    if not found:
        return main, ""
    stated = found["text"].decode("utf-8", "replace").strip()
    known = _REVISIONS.get("".join(stated.translate(_DASHES).upper().split()))
    if known is None or stated == known:
        return main, ""
    start, end = found.span("text")
    repaired = main[:start] + known.encode() + main[end:]
    return repaired, f"Revision {stated!r} read as {known!r}."


def _repair_root(main: bytes) -> tuple[bytes, str]:
    opening = _OPENING_TAG.search(main)
    if not opening or not _KNOWN_ROOTS.fullmatch(opening["name"]):
        return main, ""
    stated = opening["name"].decode()
    closing = b"</" + (opening["prefix"] or b"") + opening["name"]
    last = main.rfind(closing)
    if stated == _ROOT or last < 0:
        return main, ""
    after_last = last + len(closing)
    repaired = (
        main[: opening.start("name")]
        + _ROOT.encode()
        + main[opening.end("name") : after_last - len(opening["name"])]
        + _ROOT.encode()
        + main[after_last:]
    )
    return repaired, f"Root element {stated!r} read as {_ROOT!r}."


def _element(name: str, longest: int) -> re.Pattern[bytes]:
    tag = rb"(?:[A-Za-z_][\w.-]{0,30}:)?" + name.encode()
    return re.compile(
        rb"<" + tag + rb"(?:\s[^<>]{0,200})?>(?P<text>[^<>]{0,%d})</" % longest + tag + rb"\s*>"
    )


def _without_comments(main: bytes) -> bytes:
    # A plain loop: a lazy pattern takes quadratic time on comments that never close.
    kept, at = [], 0
    while (start := main.find(b"<!--", at)) >= 0:
        end = main.find(b"-->", start + 4)
        if end < 0:
            break
        kept.append(main[at:start])
        at = end + 3
    return b"".join([*kept, main[at:]])


def _checksum_path(members: dict[str, bytes]) -> str:
    stated = stated_text(members[MAIN_XML], "ChecksumFile", 260)
    path = "/".join(p for p in stated.replace("\\", "/").split("/") if p not in ("", "."))
    return path or _CHECKSUM_FILE


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
