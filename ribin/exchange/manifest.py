"""manifest.json of a bundle: what it holds, as its sender states it, and every statement checked.

{"format": "ribin bundle", "version": 1, "bundle": ..., "sender": "BLZ", "receiver": "JAM",
 "number": 7, "made_at": ..., "program": ..., "exhibits": [...], "files": [...],
 "searches": [...], "received": 4, "anchor": ..., "anchor_kept": ...}

Each exhibit has a pseudonym, its kind and class fields, its scans with their marks, and
`released` where its owner released it: the exhibit as its owner calls it, with its event.
`searches` are those that its sender made in bundles of the receiver, `received` is the number of
the last of these bundles, `anchor` and `anchor_kept` are the log heads of `vault/anchors.py`.
`messages` are questions and answers that travel in the bundle, each sealed as over a line.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from msgspec import Meta, structs, to_builtins

from ribin.cases.exhibits import ClassFields, Event, Exhibit, ExhibitKind, Scope
from ribin.cases.plausible import checked_past_day
from ribin.errors import FormatError, ParameterError
from ribin.foreign import (
    Hex32,
    Hex32OrEmpty,
    LongText,
    MemberCode,
    Name,
    Printable,
    Pseudonym,
    as_facts,
    read_facts,
)
from ribin.text import NAME_LENGTH
from ribin.vault.enrol import exhibit_problems
from ribin.vault.received import BundledSearch, ReceivedExhibit, ReceivedScan

FORMAT = "ribin bundle"
VERSION = 1
MANIFEST = "manifest.json"
MESSAGES = "messages"  # the folder of those that travel in it


_MOMENT = r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00\Z"


class BundleFile(Printable, frozen=True):
    """One file of a bundle beside its manifest."""

    name: LongText
    size: Annotated[int, Meta(ge=0)]
    sha256: Hex32


class _ClassFields(Printable, frozen=True):
    calibre: Name
    firing_pin_shape: Name
    breech_face_type: Name
    ammunition: Name
    make: Name
    model: Name


class _Released(Printable, frozen=True):
    exhibit: Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH)]
    event: Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH)]
    case_number: Name
    date: LongText
    place: LongText
    firearm: Name


class _Exhibit(Printable, frozen=True):
    exhibit: Pseudonym
    kind: ExhibitKind
    class_fields: _ClassFields
    released: _Released | None
    scans: tuple[ReceivedScan, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.released and any(scan.original for scan in self.scans):
            raise ValueError(f"{self.exhibit}: no original without a release needed")


class _Manifest(Printable, frozen=True):
    bundle: Hex32
    sender: MemberCode
    receiver: MemberCode
    number: Annotated[int, Meta(ge=1, lt=1 << 31)]
    made_at: Annotated[str, Meta(pattern=_MOMENT)]
    program: LongText
    exhibits: tuple[_Exhibit, ...]
    files: tuple[BundleFile, ...]
    searches: Annotated[tuple[BundledSearch, ...], Meta(max_length=100_000)]
    received: Annotated[int, Meta(ge=0, lt=1 << 31)]
    anchor: Hex32
    anchor_kept: Hex32OrEmpty
    messages: Annotated[tuple[Hex32, ...], Meta(max_length=100_000)]


@dataclass(frozen=True)
class BundleContents:
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
    searches: tuple[BundledSearch, ...]
    received: int
    anchor: str
    anchor_kept: str
    messages: tuple[str, ...] = ()  # SHA-256 of each


def write_contents(contents: BundleContents) -> bytes:
    """The text of the manifest."""
    exhibits = tuple(_exhibit_facts(*one) for one in contents.exhibits)
    stated = _Manifest(**{**vars(contents), "exhibits": exhibits})
    facts: dict[str, Any] = {"format": FORMAT, "version": VERSION, **to_builtins(stated)}
    return json.dumps(facts, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")


def statement_problem(exhibit: ReceivedExhibit) -> str:
    """Why no receiver could read what is stated of an exhibit; empty where it can."""
    try:
        as_facts(to_builtins(_exhibit_facts(exhibit, ())), _Exhibit, exhibit.exhibit)
    except (ValueError, FormatError) as error:
        return str(error)
    return ""


def read_contents(content: bytes, where: str) -> BundleContents:
    """What the text of a manifest states.

    Raises FormatError: a statement is missing, unknown, of another kind, or contradicts another.
    """
    stated = read_facts(content, _Manifest, where, FORMAT, VERSION)
    made = BundleContents(
        **{**structs.asdict(stated), "exhibits": tuple(map(_as_exhibit, stated.exhibits))}
    )
    _check_whole(made, where)
    return made


def _exhibit_facts(exhibit: ReceivedExhibit, scans: tuple[ReceivedScan, ...]) -> _Exhibit:
    release = None
    if exhibit.released:
        name, firearm = exhibit.released.exhibit, exhibit.released.firearm
        release = _Released(name, **asdict(exhibit.released.event), firearm=firearm)
    fields = _ClassFields(**asdict(exhibit.class_fields))
    return _Exhibit(exhibit.exhibit, exhibit.kind, fields, release, scans)


def _as_exhibit(stated: _Exhibit) -> tuple[ReceivedExhibit, tuple[ReceivedScan, ...]]:
    fields, released = ClassFields(**structs.asdict(stated.class_fields)), None
    if release := stated.released:
        event = Event(release.event, release.case_number, release.date, release.place)
        name, firearm = release.exhibit, release.firearm
        released = Exhibit(name, event, stated.kind, fields, Scope.NETWORK, firearm)
    return ReceivedExhibit(stated.exhibit, stated.kind, fields, released), stated.scans


def _check_whole(made: BundleContents, where: str) -> None:
    """Every file is named by the exhibits, and the other way round; every name is there once."""
    named: list[str] = []
    for _, scans in made.exhibits:
        for scan in scans:
            named += [f"originals/{scan.sha256}"] if scan.original else []
            named += [f"templates/{mark.file_sha256}.packed" for mark in scan.marks]
    named += [f"{MESSAGES}/{sha256}" for sha256 in made.messages]
    names = {
        "exhibit": [exhibit.exhibit for exhibit, _ in made.exhibits],
        "scan": [scan.sha256 for _, scans in made.exhibits for scan in scans],
        "file": [file.name for file in made.files],
        "released exhibit": [e.released.exhibit for e, _ in made.exhibits if e.released],
    }
    for what, stated in names.items():
        for name, times in Counter(stated).items():
            if times > 1:
                raise FormatError(f"{where}: {what} {name} occurs twice")
    _check_released(made, where)
    listed = set(names["file"])
    for name in sorted(listed ^ set(named)):
        found = "is named by no exhibit" if name in listed else "is not among the files"
        raise FormatError(f"{where}: {name} {found}")
    for file in made.files:
        if file.sha256 not in file.name:
            raise FormatError(f"{where}: {file.name} needs the SHA-256 in its name")


def _check_released(made: BundleContents, where: str) -> None:
    """What is released could be an exhibit of its owner: names, days, and one event said once."""
    try:
        checked_past_day(made.made_at[:10], f"{where}: made_at")
    except ParameterError as error:
        raise FormatError(str(error)) from error
    pseudonyms = {exhibit.exhibit for exhibit, _ in made.exhibits}
    events: dict[str, Event] = {}
    for released in (exhibit.released for exhibit, _ in made.exhibits if exhibit.released):
        for problem in exhibit_problems(released, where):
            raise FormatError(problem if where in problem else f"{where}: {problem}")
        if released.exhibit in pseudonyms:
            raise FormatError(f"{where}: exhibit {released.exhibit} occurs twice")
        if events.setdefault(released.event.event, released.event) != released.event:
            raise FormatError(f"{where}: event {released.event.event} is stated in two ways")
