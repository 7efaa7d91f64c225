"""manifest.json of a bundle: what it holds, as its sender states it, and every statement checked.

{"format": "ribin bundle", "version": 1, "bundle": ..., "sender": "BLZ", "receiver": "JAM",
 "number": 7, "made_at": ..., "program": ..., "exhibits": [...], "files": [...]}

Each exhibit has an opaque name, its kind and class fields, its scans with their marks, and
`released` where its owner released it: the exhibit as its owner calls it, with its event.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, TypeVar

from ribin.cases.exhibits import ClassFields, Event, Exhibit, ExhibitKind, Scope
from ribin.errors import FormatError, ParameterError
from ribin.json_fields import field_of, hex_of, objects_of, only_fields, read_object
from ribin.model import MarkType, ScanKind, parse_lighting
from ribin.vault.received import ReceivedExhibit, ReceivedMark, ReceivedScan

FORMAT = "ribin bundle"
VERSION = 1
MANIFEST = "manifest.json"
_KEYS = ("format", "version", "bundle", "sender", "receiver", "number", "made_at", "program")
_EXHIBIT_KEYS = ("exhibit", "kind", "class_fields", "released", "scans")
_RELEASED_KEYS = ("exhibit", "event", "case_number", "date", "place", "firearm")
_OPAQUE = re.compile(r"x-[0-9a-f]{16}")
_MEMBER = re.compile(r"[A-Z]{3}")
_LONGEST_TEXT = 1000


@dataclass(frozen=True)
class BundleFile:
    """One file of a bundle beside its manifest."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Contents:
    """What a bundle states: all that its sender shares with its receiver when it was made.

    `number` counts the bundles of this sender to this receiver; a later one takes the place of
    those before.
    """

    bundle: str
    sender: str
    receiver: str
    number: int
    made_at: str
    program: str
    exhibits: tuple[tuple[ReceivedExhibit, tuple[ReceivedScan, ...]], ...]
    files: tuple[BundleFile, ...]


def write_contents(contents: Contents) -> bytes:
    """The text of the manifest."""
    facts: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    facts |= {name: getattr(contents, name) for name in _KEYS[2:]}
    facts["exhibits"] = [_exhibit_facts(*one) for one in contents.exhibits]
    facts["files"] = [asdict(file) for file in contents.files]
    return json.dumps(facts, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")


def read_contents(content: bytes, where: str) -> Contents:
    """What the text of a manifest states.

    Raises
    ------
    FormatError
        A statement is missing, unknown, of another kind, or contradicts another.
    """
    table = read_object(content, where)
    if (table.get("format"), table.get("version")) != (FORMAT, VERSION):
        raise FormatError(f"{where}: a {FORMAT} of version {VERSION} needed")
    only_fields(table, (*_KEYS, "exhibits", "files"), where)
    number = field_of(table, "number", int, where)
    if not 0 < number < 1 << 31:
        raise FormatError(f"{where}: number of 1 or more needed, found {number}")
    exhibits = [_read_exhibit(one, where) for one in objects_of(table, "exhibits", where)]
    files = [_read_file(one, where) for one in objects_of(table, "files", where)]
    made = Contents(
        bundle=hex_of(table, "bundle", 32, where),
        sender=_member(table, "sender", where),
        receiver=_member(table, "receiver", where),
        number=number,
        made_at=text_of(table, "made_at", where),
        program=text_of(table, "program", where),
        exhibits=tuple(exhibits),
        files=tuple(files),
    )
    _check_whole(made, where)
    return made


def text_of(table: dict[str, Any], name: str, where: str) -> str:
    """A printable text of reasonable length."""
    text = field_of(table, name, str, where)
    if len(text) > _LONGEST_TEXT or not (text.isprintable() or not text):
        raise FormatError(f"{where}: {name} needs a printable text, found {text[:60]!r}")
    return text


def _check_whole(made: Contents, where: str) -> None:
    """Every file is named by the exhibits, and the other way round; every name is there once."""
    named: list[str] = []
    for _, scans in made.exhibits:
        for scan in scans:
            named += [f"originals/{scan.sha256}"] if scan.original else []
            named += [f"templates/{mark.file_sha256}.npz" for mark in scan.marks]
    _once("exhibit", (exhibit.exhibit for exhibit, _ in made.exhibits), where)
    _once("scan", (scan.sha256 for _, scans in made.exhibits for scan in scans), where)
    _once("file", (file.name for file in made.files), where)
    listed = {file.name for file in made.files}
    for name in sorted(listed ^ set(named)):
        found = "is named by no exhibit" if name in listed else "is not among the files"
        raise FormatError(f"{where}: {name} {found}")
    for file in made.files:
        if file.sha256 not in file.name:
            raise FormatError(f"{where}: {file.name} needs the SHA-256 in its name")


def _once(what: str, names: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise FormatError(f"{where}: {what} {name} occurs twice")
        seen.add(name)


def _member(table: dict[str, Any], name: str, where: str) -> str:
    code = field_of(table, name, str, where)
    if not _MEMBER.fullmatch(code):
        raise FormatError(f"{where}: {name} of three capital letters needed, found {code[:40]!r}")
    return code


def _read_file(table: dict[str, Any], where: str) -> BundleFile:
    only_fields(table, ("name", "size", "sha256"), where)
    size = field_of(table, "size", int, where)
    if size < 0:
        raise FormatError(f"{where}: size of 0 or more needed, found {size}")
    return BundleFile(text_of(table, "name", where), size, hex_of(table, "sha256", 32, where))


def _exhibit_facts(exhibit: ReceivedExhibit, scans: Iterable[ReceivedScan]) -> dict[str, Any]:
    released = exhibit.released
    told = None
    if released:
        told = {"exhibit": released.exhibit, **asdict(released.event), "firearm": released.firearm}
    return {
        "exhibit": exhibit.exhibit,
        "kind": str(exhibit.kind),
        "class_fields": asdict(exhibit.class_fields),
        "released": told,
        "scans": [write_scan_facts(scan) for scan in scans],
    }


def _read_exhibit(
    table: dict[str, Any], where: str
) -> tuple[ReceivedExhibit, tuple[ReceivedScan, ...]]:
    only_fields(table, _EXHIBIT_KEYS, where)
    opaque = text_of(table, "exhibit", where)
    if not _OPAQUE.fullmatch(opaque):
        raise FormatError(f"{where}: an opaque name of an exhibit needed, found {opaque[:40]!r}")
    classes = field_of(table, "class_fields", dict, where)
    names = tuple(ClassFields.__dataclass_fields__)
    only_fields(classes, names, where)
    fields = ClassFields(**{name: text_of(classes, name, where) for name in names})
    kind = word_of(ExhibitKind, table, "kind", where)
    told = table.get("released")
    released = None
    if told is not None:
        facts = field_of(table, "released", dict, where)
        only_fields(facts, _RELEASED_KEYS, where)
        name, *event, firearm = (text_of(facts, key, where) for key in _RELEASED_KEYS)
        if not name or not event[0]:
            raise FormatError(f"{where}: {opaque}: exhibit and event of a release needed")
        released = Exhibit(name, Event(*event), kind, fields, Scope.NETWORK, firearm)
    scans = [read_scan_facts(one, opaque, where) for one in objects_of(table, "scans", where)]
    if any(scan.original for scan in scans) and not released:
        raise FormatError(f"{where}: {opaque}: no original without a release needed")
    return ReceivedExhibit(opaque, kind, fields, released), tuple(scans)


# Scans and marks in the manifest of a bundle.

_SCAN_KEYS = ("sha256", "kind", "lighting", "original", "marks")
_MARK_KEYS = (
    *("position", "mark_type", "kind", "pitch_um", "params_id"),
    *("template_sha256", "file_sha256"),
)
_MOST_MARKS = 100  # of one scan
_LARGEST_PITCH_UM = 1000.0
_LONGEST_NAME = 255
_LONGEST_ID = 40
_Word = TypeVar("_Word", bound=StrEnum)


def write_scan_facts(scan: ReceivedScan) -> dict[str, Any]:
    """A scan as an object of the manifest."""
    marks = [
        {**vars(mark), "mark_type": str(mark.mark_type), "kind": str(mark.kind)}
        for mark in scan.marks
    ]
    facts = {"sha256": scan.sha256, "kind": str(scan.kind), "lighting": scan.lighting}
    return {**facts, "original": scan.original, "marks": marks}


def read_scan_facts(table: dict[str, Any], exhibit: str, where: str) -> ReceivedScan:
    """A scan of an exhibit; FormatError where an object does not state one."""
    only_fields(table, _SCAN_KEYS, where)
    lighting = field_of(table, "lighting", str, where)
    if lighting:
        try:
            parse_lighting(lighting)
        except ParameterError as error:
            raise FormatError(f"{where}: {error}") from error
    marks = tuple(_read_mark(one, where) for one in objects_of(table, "marks", where))
    if [mark.position for mark in marks] != sorted({mark.position for mark in marks}):
        raise FormatError(f"{where}: marks in order of their positions needed")
    return ReceivedScan(
        sha256=hex_of(table, "sha256", 32, where),
        exhibit=exhibit,
        kind=word_of(ScanKind, table, "kind", where),
        lighting=lighting,
        original=_file_name(table, where),
        marks=marks,
    )


def word_of(words: type[_Word], table: dict[str, Any], name: str, where: str) -> _Word:
    """The value of a key that is one of these words."""
    text = field_of(table, name, str, where)
    try:
        return words(text)
    except ValueError as error:
        raise FormatError(
            f"{where}: {name} needs one of {', '.join(words)}, found {text[:40]!r}"
        ) from error


def _file_name(table: dict[str, Any], where: str) -> str:
    """A name that leads nowhere else, or none."""
    name = field_of(table, "original", str, where)
    plain = name.isprintable() and not set(name) & set('/\\:*?"<>|') and name not in (".", "..")
    if name and (not plain or len(name) > _LONGEST_NAME):
        raise FormatError(f"{where}: original needs a file name, found {name[:60]!r}")
    return name


def _read_mark(table: dict[str, Any], where: str) -> ReceivedMark:
    only_fields(table, _MARK_KEYS, where)
    position = field_of(table, "position", int, where)
    pitch_um = field_of(table, "pitch_um", float, where)
    params_id = field_of(table, "params_id", str, where)
    if not 0 <= position < _MOST_MARKS:
        raise FormatError(f"{where}: position of 0 to {_MOST_MARKS - 1} needed, found {position}")
    if not (math.isfinite(pitch_um) and 0 < pitch_um <= _LARGEST_PITCH_UM):
        raise FormatError(f"{where}: pitch_um to {_LARGEST_PITCH_UM:g} needed, found {pitch_um:g}")
    if not (params_id.isalnum() and params_id.isascii() and len(params_id) <= _LONGEST_ID):
        raise FormatError(f"{where}: params_id needs letters and digits, found {params_id[:60]!r}")
    return ReceivedMark(
        position=position,
        mark_type=word_of(MarkType, table, "mark_type", where),
        kind=word_of(ScanKind, table, "kind", where),
        pitch_um=pitch_um,
        params_id=params_id,
        template_sha256=hex_of(table, "template_sha256", 32, where),
        file_sha256=hex_of(table, "file_sha256", 32, where),
    )
