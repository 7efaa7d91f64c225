"""manifest.json of a bundle: what it holds, as its sender states it, and every statement checked.

{"format": "ribin bundle", "version": 1, "bundle": ..., "sender": "BLZ", "receiver": "JAM",
 "number": 7, "made_at": ..., "program": ..., "exhibits": [...], "files": [...]}

Each exhibit has an opaque name, its kind and class fields, its scans with their marks, and
`released` where its owner released it: the exhibit as its owner calls it, with its event.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from msgspec import Meta, structs, to_builtins

from ribin.cases.exhibits import ClassFields, Event, Exhibit, ExhibitKind, Scope
from ribin.errors import FormatError, ParameterError
from ribin.foreign import Hex32, LongText, MemberCode, Statement, read_facts
from ribin.model import MarkType, ScanKind, parse_lighting
from ribin.vault.received import ReceivedExhibit, ReceivedMark, ReceivedScan

FORMAT = "ribin bundle"
VERSION = 1
MANIFEST = "manifest.json"


class _Printable(Statement, frozen=True):
    """What a sender states: its texts can be printed."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, str) and not value.isprintable():
                raise ValueError(f"{name} needs a printable text, found {value[:60]!r}")


class BundleFile(_Printable, frozen=True):
    """One file of a bundle beside its manifest."""

    name: LongText
    size: Annotated[int, Meta(ge=0)]
    sha256: Hex32


class _Mark(_Printable, frozen=True):
    position: Annotated[int, Meta(ge=0, lt=100)]
    mark_type: MarkType
    kind: ScanKind
    pitch_um: Annotated[float, Meta(gt=0, le=1000)]
    params_id: Annotated[str, Meta(pattern=r"\A[0-9A-Za-z]{1,40}\Z")]
    template_sha256: Hex32
    file_sha256: Hex32


class _Scan(_Printable, frozen=True):
    sha256: Hex32
    kind: ScanKind
    lighting: str
    original: Annotated[str, Meta(max_length=255, pattern=r'\A[^/\\:*?"<>|]*\Z')]
    marks: tuple[_Mark, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.original in (".", ".."):
            raise ValueError(f"original needs a file name, found {self.original!r}")
        if self.lighting:
            try:
                parse_lighting(self.lighting)
            except ParameterError as error:
                raise ValueError(str(error)) from error
        positions = [mark.position for mark in self.marks]
        if positions != sorted(set(positions)):
            raise ValueError(f"marks in order of their positions needed, found {positions[:9]}")


class _ClassFields(_Printable, frozen=True):
    calibre: LongText
    firing_pin_shape: LongText
    breech_face_type: LongText
    ammunition: LongText


class _Released(_Printable, frozen=True):
    exhibit: Annotated[str, Meta(min_length=1, max_length=1000)]
    event: Annotated[str, Meta(min_length=1, max_length=1000)]
    case_number: LongText
    date: LongText
    place: LongText
    firearm: LongText


class _Exhibit(_Printable, frozen=True):
    exhibit: Annotated[str, Meta(pattern=r"\Ax-[0-9a-f]{16}\Z")]
    kind: ExhibitKind
    class_fields: _ClassFields
    released: _Released | None
    scans: tuple[_Scan, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.released and any(scan.original for scan in self.scans):
            raise ValueError(f"{self.exhibit}: no original without a release needed")


class _Manifest(_Printable, frozen=True):
    bundle: Hex32
    sender: MemberCode
    receiver: MemberCode
    number: Annotated[int, Meta(ge=1, lt=1 << 31)]
    made_at: LongText
    program: LongText
    exhibits: tuple[_Exhibit, ...]
    files: tuple[BundleFile, ...]


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
    exhibits = tuple(_exhibit_facts(*one) for one in contents.exhibits)
    stated = _Manifest(**{**vars(contents), "exhibits": exhibits})
    facts: dict[str, Any] = {"format": FORMAT, "version": VERSION, **to_builtins(stated)}
    return json.dumps(facts, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")


def read_contents(content: bytes, where: str) -> Contents:
    """What the text of a manifest states.

    Raises FormatError: a statement is missing, unknown, of another kind, or contradicts another.
    """
    stated = read_facts(content, _Manifest, where, FORMAT, VERSION)
    made = Contents(
        **{**structs.asdict(stated), "exhibits": tuple(map(_as_exhibit, stated.exhibits))}
    )
    _check_whole(made, where)
    return made


def _exhibit_facts(exhibit: ReceivedExhibit, scans: Iterable[ReceivedScan]) -> _Exhibit:
    release = None
    if exhibit.released:
        name, firearm = exhibit.released.exhibit, exhibit.released.firearm
        release = _Released(name, **asdict(exhibit.released.event), firearm=firearm)
    return _Exhibit(
        exhibit.exhibit,
        exhibit.kind,
        _ClassFields(**asdict(exhibit.class_fields)),
        release,
        tuple(
            _Scan(
                *(scan.sha256, scan.kind, scan.lighting, scan.original),
                tuple(_Mark(**vars(mark)) for mark in scan.marks),
            )
            for scan in scans
        ),
    )


def _as_exhibit(stated: _Exhibit) -> tuple[ReceivedExhibit, tuple[ReceivedScan, ...]]:
    fields, release, released = (
        ClassFields(**structs.asdict(stated.class_fields)),
        stated.released,
        None,
    )
    if release:
        event = Event(release.event, release.case_number, release.date, release.place)
        released = Exhibit(
            release.exhibit, event, stated.kind, fields, Scope.NETWORK, release.firearm
        )
    scans = tuple(
        ReceivedScan(
            *(scan.sha256, stated.exhibit, scan.kind, scan.lighting, scan.original),
            tuple(ReceivedMark(**structs.asdict(mark)) for mark in scan.marks),
        )
        for scan in stated.scans
    )
    return ReceivedExhibit(stated.exhibit, stated.kind, fields, released), scans


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
