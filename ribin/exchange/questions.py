"""What members ask each other, and what is answered: the bodies of messages, and their limits.

Each question of `MessageKind` has a class here, and each answer one. All come from somebody else:
they are decoded straight into these types, and what does not fit is refused with its field.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Literal

from msgspec import Meta, structs

from ribin.cases.exhibits import (
    Candidate,
    ClassFields,
    Counts,
    ExhibitKind,
    Filters,
    Grouping,
    Request,
    Scope,
)
from ribin.errors import FormatError
from ribin.foreign import (
    ExhibitName,
    Finite,
    Hex32,
    Hex32OrEmpty,
    LongText,
    Name,
    ParamsId,
    Printable,
    Pseudonym,
    Statement,
)
from ribin.model import MarkType, Provenance, Template
from ribin.vault.packed import MOST_PACKED_BYTES, pack_template, unpack_template

_MOST_ROWS = 1_000_000
_MOST_SETS = 8  # of parameters, with which a mark is described
_Count = Annotated[int, Meta(ge=0, lt=1 << 53)]


# A template: what a comparison needs of a mark, and of where it comes from a name alone.


class TemplateStatement(Printable, frozen=True):
    """A template on its way, packed. `sha256` names its scan, `source` what it is called: an
    exhibit of the receiver where it is one, else nothing."""

    params_id: ParamsId
    sha256: Hex32
    source: Annotated[str, Meta(max_length=1000)]
    lighting: Name
    packed: Annotated[bytes, Meta(max_length=MOST_PACKED_BYTES)]


# Search.


class SearchQuestion(Printable, frozen=True):
    """A mark that the sender wants compared with those that the receiver shows it. `earlier` are
    templates of the same mark made with other parameters, for a receiver that has only those."""

    template: TemplateStatement
    scope: Scope
    who: LongText
    reason: LongText
    calibre: Name = ""
    date_from: Name = ""
    date_to: Name = ""
    kind: ExhibitKind | None = None
    firing_pin_shape: Name = ""
    breech_face_type: Name = ""
    ammunition: Name = ""
    make: Name = ""
    model: Name = ""
    full: bool = False
    top: Annotated[int, Meta(ge=1, le=_MOST_ROWS)] | None = None
    group: Grouping = Grouping.NONE
    leave_out: Annotated[tuple[ExhibitName, ...], Meta(max_length=100_000)] = ()
    anchor: Hex32OrEmpty = ""
    query: Hex32OrEmpty = ""  # what other members may call the scan
    earlier: Annotated[tuple[TemplateStatement, ...], Meta(max_length=_MOST_SETS)] = ()


class ClassFieldsStatement(Printable, frozen=True):
    calibre: Name
    firing_pin_shape: Name
    breech_face_type: Name
    ammunition: Name
    make: Name
    model: Name


class RowStatement(Printable, frozen=True):
    """A row of a list, as its owner gives it."""

    exhibit: ExhibitName
    event: LongText
    score: Annotated[float, Meta(ge=-1, le=100.1)]
    cmc: Annotated[float, Meta(ge=0, le=1e6)]
    cmc_fraction: Annotated[float, Meta(ge=0, le=1.001)]
    cells: _Count
    ccf: Annotated[float, Meta(ge=-1.001, le=1.001)]
    rotation_deg: Annotated[float, Meta(ge=-360, le=360)]
    shift_um: tuple[Finite, Finite]
    sha256: Hex32
    group: LongText
    others: _Count
    class_fields: ClassFieldsStatement
    known_as: LongText
    same_file: bool
    along: LongText
    note: LongText


class CountsStatement(Printable, frozen=True):
    """The counts of an answer; see `cases.exhibits.Counts`."""

    eligible: _Count
    after_filters: _Count
    after_coarse: _Count
    compared: _Count
    not_compared: Annotated[tuple[tuple[LongText, _Count], ...], Meta(max_length=1000)]


class SearchAnswer(Printable, frozen=True):
    """The list of one member; `template_id` is that of the template that it compared."""

    rows: Annotated[tuple[RowStatement, ...], Meta(max_length=_MOST_ROWS)]
    counts: CountsStatement
    snapshot: Hex32
    notes: Annotated[tuple[LongText, ...], Meta(max_length=100)]
    params_id: ParamsId
    template_id: ParamsId
    version: Annotated[str, Meta(max_length=40)]


# Counts and heads of logs.


class CountsQuestion(Printable, frozen=True):
    """How many of the receiver's exhibits the sender may know of."""

    who: LongText


class CountsAnswer(Printable, frozen=True):
    exhibits: _Count
    scope: Scope  # how near the owner says that the asker is
    version: Annotated[str, Meta(max_length=40)]
    params_id: ParamsId


class HeadsQuestion(Printable, frozen=True):
    """Which heads of the sender's log the receiver keeps."""

    who: LongText


class HeadsAnswer(Printable, frozen=True):
    heads: Annotated[tuple[Hex32, ...], Meta(max_length=1_000_000)]


# Originals, and releases that their receiver is told of.


class OriginalQuestion(Printable, frozen=True):
    """The scans of a released exhibit as they were received."""

    exhibit: ExhibitName
    who: LongText
    reason: LongText


class OriginalStatement(Printable, frozen=True):
    """A scan as it was received, and the name of its file, which leads nowhere else."""

    sha256: Hex32
    file: Annotated[str, Meta(min_length=1, max_length=255, pattern=r'\A[^/\\:*?"<>|]*\Z')]
    content: Annotated[bytes, Meta(max_length=1 << 30)]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.file in (".", ".."):
            raise ValueError(f"file needs a file name, found {self.file!r}")
        if hashlib.sha256(self.content).hexdigest() != self.sha256:
            raise ValueError("an original of the SHA-256 that is stated needed")


class OriginalAnswer(Statement, frozen=True):
    files: Annotated[tuple[OriginalStatement, ...], Meta(max_length=1000)]


class ReleaseQuestion(Printable, frozen=True):
    """What the sender released to the receiver, or ended; the release itself stays with the sender,
    who answers by it."""

    exhibit: Pseudonym
    original: bool
    ended: bool
    who: LongText
    reason: LongText


class CorrectionQuestion(Printable, frozen=True):
    """Which fields of an exhibit the sender has corrected, of those the receiver may know. What
    they are now an answer says, and what they were is for nobody else."""

    exhibit: Pseudonym
    changed: Annotated[
        tuple[Annotated[str, Meta(pattern=r"\A[a-z_]{1,30}\Z")], ...],
        Meta(min_length=1, max_length=30),
    ]
    who: LongText


class LoggedAnswer(Statement, frozen=True):
    """It is in the receiver's log."""


# The envelope's body, around what is asked or answered.


class AnswerBody(Statement, frozen=True):
    """An answer: its contents by their hash, and the owner's log head that has the answer."""

    question_sha256: Hex32
    content: bytes
    content_sha256: Hex32
    anchor: Hex32OrEmpty


RefusalWord = Literal["access", "store", "parameter", "format", "scan", "working", "held"]


class RefusalBody(Printable, frozen=True):
    """Why there is no answer. `working` and `held`: there is none yet, the same question again is
    answered later."""

    question_sha256: Hex32
    word: RefusalWord
    text: Annotated[str, Meta(max_length=10_000)]
    hint: Annotated[str, Meta(max_length=2_000)] = ""


# Between these and what the rest of the program knows.


TEMPLATE_ALONE = "template"  # the reader of a provenance that an owner gave with a template


def template_statement(template: Template) -> TemplateStatement:
    """A template as it crosses a border: with nothing of its scan but hash, light, and the name of
    an exhibit that the template alone was given of."""
    made = template.provenance
    return TemplateStatement(
        params_id=template.params_id,
        sha256=made.sha256,
        source=made.source if made.reader == TEMPLATE_ALONE else "",
        lighting=made.lighting,
        packed=pack_template(template),
    )


def stated_template(stated: TemplateStatement, where: str) -> Template:
    """The template; FormatError where the bytes are none, or of other parameters than stated."""
    origin = Provenance(stated.source, stated.sha256, 0, TEMPLATE_ALONE, lighting=stated.lighting)
    template = unpack_template(stated.packed, where, origin)
    if template.params_id != stated.params_id:
        raise FormatError(
            f"{where}: a template of parameters {stated.params_id} needed, "
            f"found {template.params_id}"
        )
    return template


def search_question(
    query: Template, request: Request, receiver: str, earlier: Sequence[Template] = ()
) -> SearchQuestion:
    """A request as it is sent to one member; what is left out of others is not told."""
    filters = request.filters
    return SearchQuestion(
        template=template_statement(query),
        scope=request.scope,
        who=request.who,
        reason=request.reason,
        **asdict(filters),
        full=request.full,
        top=request.top,
        group=request.group,
        leave_out=tuple(name for member, name in request.leave_out if member == receiver),
        anchor=request.anchor,
        query=request.query,
        earlier=tuple(map(template_statement, earlier[:_MOST_SETS])),
    )


def request_of(asked: SearchQuestion, sender: str, owner: str) -> Request:
    """The request that a question states."""
    return Request(
        asking_member=sender,
        scope=asked.scope,
        filters=Filters(**{name: getattr(asked, name) for name in Filters.__dataclass_fields__}),
        who=asked.who,
        reason=asked.reason,
        full=asked.full,
        top=asked.top,
        group=asked.group,
        leave_out=tuple((owner, name) for name in asked.leave_out),
        anchor=asked.anchor,
        query=asked.query,
    )


def row_statement(row: Candidate) -> RowStatement:
    """A row of the owner's list as it is sent."""
    stated = {name: getattr(row, name) for name in RowStatement.__struct_fields__}
    return RowStatement(
        **{**stated, "class_fields": ClassFieldsStatement(**asdict(row.class_fields))}
    )


def candidate_of(row: RowStatement, member: str, mark: MarkType) -> Candidate:
    """A row of another member's list; its rank is known when all have answered."""
    stated = structs.asdict(row)
    stated["class_fields"] = ClassFields(**structs.asdict(row.class_fields))
    return Candidate(rank=0, member=member, mark=mark, **stated)


def counts_statement(counts: Counts) -> CountsStatement:
    """Counts as they are sent."""
    return CountsStatement(**asdict(counts))


def counts_of(stated: CountsStatement, where: str) -> Counts:
    """Counts of another member; FormatError where they do not add up."""
    counts = Counts(**structs.asdict(stated))
    if not counts.adds_up:
        raise FormatError(f"{where}: counts that add up needed, found {counts}")
    return counts
