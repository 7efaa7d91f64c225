"""A look at an exhibit of another member: what is asked, what its owner gives, and how it is read.

Of an exhibit that is not released its owner gives templates; of a released original, the marks as
they were cut and the file as it was received.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta, structs
from numpy.typing import NDArray

from ribin.cases.exhibits import ClassFields, Event, Exhibit, ExhibitKind, LookPurpose, Scope
from ribin.cases.leads import ExhibitRef
from ribin.cases.side import Side
from ribin.describe.soundness import check_described
from ribin.describe.steps import template_mark
from ribin.errors import FormatError
from ribin.exchange.questions import (
    ClassFieldsStatement,
    TemplateStatement,
    stated_template,
    template_statement,
)
from ribin.foreign import (
    ExhibitName,
    Hex32,
    Hex32OrEmpty,
    LongText,
    Name,
    ParamsId,
    Printable,
    Pseudonym,
    Statement,
    as_facts,
)
from ribin.model import LeftOut, Mark, MarkType, Provenance, ScanKind, Template
from ribin.text import escaped
from ribin.vault.packed import MOST_PACKED_BYTES, NOWHERE, pack_template, unpack_template
from ribin.vault.scanfile import ScanContents

ScanWish = Literal["no", "if whole", "needed"]
_MOST_ORIGINAL_BYTES = 1 << 30
_Text = Annotated[str, Meta(max_length=10_000)]
_Words = Annotated[tuple[_Text, ...], Meta(max_length=1000)]
_Arrays = Annotated[bytes, Meta(max_length=MOST_PACKED_BYTES)]
_Pitch = Annotated[float, Meta(gt=0, le=10_000)]
_Place = Annotated[float, Meta(ge=-1e9, le=1e9)]


class LookQuestion(Printable, frozen=True):
    """An exhibit that the sender wants to see, and what for: `action` is how the log names it."""

    exhibit: ExhibitName
    scope: Scope
    who: LongText
    reason: LongText
    action: LookPurpose
    params_id: ParamsId
    mark: MarkType | None = None
    sha256: Hex32OrEmpty = ""
    every: bool = False
    scan: ScanWish = "no"
    any_params: bool = False
    earlier: Annotated[  # other sets of parameters that the sender has, where there is none of it
        tuple[ParamsId, ...], Meta(max_length=8)
    ] = ()


class _Event(Printable, frozen=True):
    event: Name
    case_number: Name
    date: LongText
    place: LongText


class ExhibitStatement(Printable, frozen=True):
    """An exhibit as it crosses the border."""

    exhibit: ExhibitName
    event: _Event
    kind: ExhibitKind
    class_fields: ClassFieldsStatement
    firearm: Name


class ProvenanceStatement(Statement, frozen=True):
    """What the file of a released original says of itself; its texts are shown escaped."""

    source: _Text
    sha256: Hex32
    size_bytes: Annotated[int, Meta(ge=0)]
    reader: _Text
    instrument: _Text
    creator: _Text
    measured_on: _Text
    repairs: _Words
    notes: _Words
    lighting: _Text
    replica: bool
    keep_all: bool


class MarkStatement(Statement, frozen=True):
    """A mark as it was cut: surface and masks, where it lies, and what its file says."""

    pitch_um: _Pitch
    origin_um: tuple[_Place, _Place]
    arrays: _Arrays
    provenance: ProvenanceStatement


class SideStatement(Statement, frozen=True):
    """A mark that is shown; `mark` where its original is released."""

    template: TemplateStatement
    known_as: Pseudonym
    others: Annotated[tuple[MarkType, ...], Meta(max_length=1000)]
    mark: MarkStatement | None


class ScanStatement(Statement, frozen=True):
    """A scan as a person had it read."""

    sha256: Hex32
    kind: Literal["topography", "image"]
    row_pitch_um: _Pitch
    col_pitch_um: _Pitch
    provenance: ProvenanceStatement
    outlines: _Arrays


class LookAnswer(Statement, frozen=True):
    """What its owner shows of an exhibit: sides, or the scan; originals by their SHA-256."""

    exhibit: ExhibitStatement
    whole: bool
    sides: Annotated[tuple[SideStatement, ...], Meta(max_length=100)]
    scan: ScanStatement | None
    originals: Annotated[
        dict[Hex32, Annotated[bytes, Meta(max_length=_MOST_ORIGINAL_BYTES)]], Meta(max_length=100)
    ]


@dataclass(frozen=True, eq=False)
class ExhibitView:
    """An exhibit as somebody is shown it: its sides, or the scan that they are cut from.

    `scans` are the SHA-256 of those that were shown, as the owner has them.
    """

    name: str
    exhibit: Exhibit
    whole: bool
    sides: tuple[Side, ...]
    scan: ScanContents | None
    scans: tuple[str, ...] = ()


# From what the owner has to what is sent.


def look_answer(shown: ExhibitView) -> LookAnswer:
    """What is sent of what is shown."""
    originals = {
        side.template.provenance.sha256: side.original for side in shown.sides if side.original
    }
    scan = None
    if kept := shown.scan:
        outlines = {str(kind): drawn for kind, drawn in kept.outlines.items()}
        scan = ScanStatement(
            sha256=kept.provenance.sha256,
            kind=str(kept.kind),  # type: ignore[arg-type]
            row_pitch_um=kept.row_pitch_um,
            col_pitch_um=kept.col_pitch_um,
            provenance=_provenance_statement(kept.provenance),
            outlines=_pack_arrays(outlines) if outlines else b"",
        )
        originals[kept.provenance.sha256] = kept.original
    return LookAnswer(
        exhibit=exhibit_statement(shown.exhibit),
        whole=shown.whole,
        sides=tuple(map(_side_statement, shown.sides)),
        scan=scan,
        originals=originals,
    )


def exhibit_statement(exhibit: Exhibit) -> ExhibitStatement:
    """An exhibit as it is sent."""
    return ExhibitStatement(
        exhibit=exhibit.exhibit,
        event=_Event(**asdict(exhibit.event)),
        kind=exhibit.kind,
        class_fields=ClassFieldsStatement(**asdict(exhibit.class_fields)),
        firearm=exhibit.firearm,
    )


def _side_statement(side: Side) -> SideStatement:
    mark = side.mark
    arrays = {"surface": mark.surface, "valid": mark.valid}
    if mark.left_out is not None:
        arrays["left_out"] = mark.left_out
    stated = MarkStatement(
        pitch_um=mark.pitch_um,
        origin_um=mark.origin_um,
        arrays=_pack_arrays(arrays),
        provenance=_provenance_statement(mark.provenance),
    )
    return SideStatement(
        template=template_statement(side.template),
        known_as=side.known_as,
        others=side.others,
        mark=stated if side.whole else None,
    )


def _pack_arrays(arrays: Mapping[str, NDArray]) -> bytes:
    """Arrays in the form of a packed template, which is one of arrays; what they are stands beside
    them."""
    named = (MarkType.BREECH_FACE, ScanKind.IMAGE, 1.0, "arrays", NOWHERE)
    return pack_template(Template(*named, dict(arrays)))


def _provenance_statement(made: Provenance) -> ProvenanceStatement:
    return ProvenanceStatement(**asdict(made))


# From what came to what a comparison takes.


def shown_of(told: LookAnswer, ref: ExhibitRef) -> ExhibitView:
    """What another member shows; FormatError where it is not what such a member can show."""
    where = f"{ref}: answer"
    exhibit = exhibit_of_statement(told.exhibit)
    for sha256, content in told.originals.items():
        if hashlib.sha256(content).hexdigest() != sha256:
            raise FormatError(f"{where}: an original of SHA-256 {sha256[:12]} needed")
    scan = _scan_contents(told, where) if told.scan else None
    sides = tuple(_side(one, told, exhibit, ref, where) for one in told.sides)
    if not sides and scan is None:
        raise FormatError(f"{where}: a mark or a scan needed, found neither")
    return ExhibitView(str(ref), exhibit, told.whole, sides, scan)


def exhibit_of_statement(told: ExhibitStatement) -> Exhibit:
    """An exhibit of another member."""
    return Exhibit(
        exhibit=told.exhibit,
        event=Event(**structs.asdict(told.event)),
        kind=told.kind,
        class_fields=ClassFields(**structs.asdict(told.class_fields)),
        sharing=Scope.NETWORK,
        firearm=told.firearm,
    )


def _side(
    one: SideStatement, told: LookAnswer, exhibit: Exhibit, ref: ExhibitRef, where: str
) -> Side:
    template = stated_template(one.template, where)
    check_described(template.arrays, where)  # before a kernel runs on what somebody sent
    facts: dict[str, Any] = {"others": one.others, "member": ref.member, "exhibit": exhibit}
    facts["known_as"] = one.known_as
    if one.mark is None:
        return Side(str(ref), template_mark(template), template, whole=False, **facts)
    provenance = _provenance(one.mark.provenance)
    template = replace(template, provenance=provenance)
    arrays = unpack_template(one.mark.arrays, where).arrays
    mark = Mark(
        mark_type=template.mark_type,
        kind=template.kind,
        surface=_array(arrays, "surface", np.float32, where),
        valid=_array(arrays, "valid", np.bool_, where),
        pitch_um=one.mark.pitch_um,
        origin_um=one.mark.origin_um,
        provenance=provenance,
        left_out=_array(arrays, "left_out", np.uint8, where) if "left_out" in arrays else None,
    )
    masks = [mask for mask in (mark.valid, mark.left_out) if mask is not None]
    if any(mask.shape != mark.surface.shape for mask in masks):
        raise FormatError(f"{where}: a mask of the shape of its surface needed")
    if mark.left_out is not None and mark.left_out.max(initial=0) > max(LeftOut):
        raise FormatError(f"{where}: kinds of what is left out from 0 to {max(LeftOut)} needed")
    original = told.originals.get(provenance.sha256)
    return Side(str(ref), mark, template, original=original, **facts)


def _scan_contents(told: LookAnswer, where: str) -> ScanContents:
    stated = told.scan
    assert stated is not None
    if stated.sha256 not in told.originals:
        raise FormatError(f"{where}: the original of the scan needed, found none")
    outlines = unpack_template(stated.outlines, where).arrays if stated.outlines else {}
    return ScanContents(
        original=told.originals[stated.sha256],
        kind=ScanKind(stated.kind),
        row_pitch_um=stated.row_pitch_um,
        col_pitch_um=stated.col_pitch_um,
        provenance=_provenance(stated.provenance),
        outlines={
            as_facts(name, MarkType, where): _array(outlines, name, np.bool_, where)
            for name in outlines
        },
    )


def _array(arrays: Mapping[str, NDArray], name: str, kind: type, where: str) -> NDArray:
    found = arrays.get(name)
    if found is None or found.ndim != 2 or found.dtype != kind:
        raise FormatError(f"{where}: {name} of {np.dtype(kind)} with 2 axes needed")
    return found


def _provenance(told: ProvenanceStatement) -> Provenance:
    """With texts that steer no terminal and no page."""
    facts = structs.asdict(told)
    for name, value in facts.items():
        if isinstance(value, str):
            facts[name] = escaped(value)
        elif isinstance(value, tuple):
            facts[name] = tuple(map(escaped, value))
    return Provenance(**facts)
