"""Entries of a lead as data: what another member's vault has, and the row of a list, are decoded by
a schema with limits before they are taken. What does not fit is refused, and never shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from ribin.cases.exhibits import ClassFields
from ribin.cases.leads import (
    LONGEST_NOTE,
    Conclusion,
    Lead,
    LeadWord,
    Review,
    ReviewBasis,
    ReviewRound,
    VerdictContent,
)
from ribin.cases.record import RecordKind
from ribin.errors import FormatError, ParameterError
from ribin.foreign import (
    ExhibitName,
    Hex32,
    Hex32OrEmpty,
    LongText,
    MemberCode,
    Printable,
    Statement,
    as_facts,
)
from ribin.model import MarkType
from ribin.text import NAME_LENGTH
from ribin.vault.leads import WORDS

_Number = Annotated[str, Meta(pattern=r"\A[A-Z]{3}(-[A-Z]{3})?-L\d{1,9}(-R\d{1,9})?\Z")]
_ReviewNumber = Annotated[str, Meta(max_length=80, pattern=r"\A[A-Z][A-Z0-9-]+/[A-Z0-9-]+\Z")]
_Moment = Annotated[str, Meta(pattern=r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00\Z")]
_Person = Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH)]
_Note = Annotated[str, Meta(max_length=LONGEST_NOTE)]
_Angle = Annotated[float, Meta(ge=-360, le=360)]
_Micrometre = Annotated[float, Meta(ge=-1e6, le=1e6)]
_Count = Annotated[int, Meta(ge=0, lt=1 << 31)]
_AHEAD = timedelta(days=1)  # of the clock here, that of a member without a line may be
_MOST_MEMBERS = 300  # of a network
_MOST_BYTES = 65_536  # of figures as JSON
MOST_REVIEWS = 50  # of one member on one lead; what a lead came to is read from all of them


class _Figures(Statement, frozen=True, kw_only=True):
    """The row of a candidate, and where its list came from."""

    rank: _Count | UnsetType = UNSET
    member: MemberCode | UnsetType = UNSET
    exhibit: LongText | UnsetType = UNSET
    event: LongText | UnsetType = UNSET
    mark: MarkType | UnsetType = UNSET
    score: Annotated[float, Meta(ge=0, le=100)] | UnsetType = UNSET
    cmc: Annotated[float, Meta(ge=0, le=1e6)] | UnsetType = UNSET
    cmc_fraction: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    cells: _Count | UnsetType = UNSET
    ccf: Annotated[float, Meta(ge=-1, le=1)] | UnsetType = UNSET
    rotation_deg: _Angle | UnsetType = UNSET
    shift_um: tuple[_Micrometre, _Micrometre] | UnsetType = UNSET
    sha256: Hex32OrEmpty | UnsetType = UNSET
    group: LongText | UnsetType = UNSET
    others: _Count | UnsetType = UNSET
    same_file: bool | UnsetType = UNSET
    along: LongText | UnsetType = UNSET
    note: LongText | UnsetType = UNSET
    class_fields: ClassFields | UnsetType = UNSET
    known_as: LongText | UnsetType = UNSET
    params_id: Annotated[str, Meta(max_length=40)] | UnsetType = UNSET
    version: Annotated[str, Meta(max_length=40)] | UnsetType = UNSET
    snapshot: Annotated[dict[MemberCode, LongText], Meta(max_length=_MOST_MEMBERS)] | UnsetType = (
        UNSET
    )
    scope: LongText | UnsetType = UNSET
    counts: dict[str, Any] | UnsetType = UNSET  # kept where the list was made
    list_sha256: Hex32 | UnsetType = UNSET
    search: Annotated[str, Meta(max_length=40)] | UnsetType = UNSET


class _LeadExhibit(Printable, frozen=True):
    member: MemberCode
    exhibit: ExhibitName


class _Dated(Printable, frozen=True):
    at: _Moment

    def __post_init__(self) -> None:
        super().__post_init__()
        if datetime.fromisoformat(self.at) > datetime.now(UTC) + _AHEAD:
            raise ValueError(f"a moment that has come needed, found {self.at}")


class _Lead(_Dated, frozen=True, kw_only=True):
    lead: _Number
    member: MemberCode
    reference: _LeadExhibit
    reference_event: LongText
    comparison: _LeadExhibit
    comparison_event: LongText
    examiner: _Person
    figures: _Figures

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.lead.startswith(f"{self.member}-"):
            raise ValueError(f"a number of {self.member} needed, found {self.lead}")


class _Review(_Dated, frozen=True, kw_only=True):
    review: _ReviewNumber
    lead: _Number
    place: ReviewRound
    blind: bool
    reviewer: _Person
    member: MemberCode
    supersedes: Annotated[str, Meta(max_length=80)]
    content_sha256: Hex32

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.review.startswith(f"{self.lead}/{self.member}"):
            needed = f"a number of {self.member} on lead {self.lead}"
            raise ValueError(f"{needed} needed, found {self.review}")


class _Content(_Dated, frozen=True, kw_only=True):
    review: _ReviewNumber
    lead: _Number
    member: MemberCode
    conclusion: Conclusion
    examined: ReviewBasis
    salt: Hex32


class _LeadWord(_Dated, frozen=True, kw_only=True):
    kind: RecordKind
    id: Annotated[str, Meta(max_length=160, pattern=r"\A[A-Z][A-Z0-9-]+(/[A-Z0-9-]+){1,2}\Z")]
    lead: _Number
    person: _Person
    member: MemberCode
    review: Annotated[str, Meta(max_length=80)]
    blind: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind not in WORDS:
            raise ValueError(f"{', '.join(WORDS)} needed, found {self.kind}")


class _Text(Printable, frozen=True):
    """What a person wrote: longer than a name."""

    text: _Note


Entry = Lead | Review | VerdictContent | LeadWord
_KINDS: dict[type, Any] = {
    Lead: _Lead,
    Review: _Review,
    VerdictContent: _Content,
    LeadWord: _LeadWord,
}
_WRITTEN = ("note", "reason")


def entry_problem(entry: Entry) -> str:
    """What of an entry is no data of its kind; empty where all of it is."""
    facts = asdict(entry)
    if isinstance(entry, Lead) and (problem := _too_large(entry.figures)):
        return problem
    if isinstance(entry, Review):  # its content is held against a kind of its own
        del facts["conclusion"], facts["examined"]
    written = {name: facts.pop(name) for name in _WRITTEN if name in facts}
    try:
        as_facts(facts, _KINDS[type(entry)], type(entry).__name__.lower())
        for name, text in written.items():
            as_facts({"text": text}, _Text, name)
    except (FormatError, TypeError) as error:
        return str(error)
    return ""


def check_figures(figures: Mapping[str, Any]) -> None:
    """Refuse what is no row of a list; ParameterError names the field."""
    if problem := _too_large(figures):
        raise ParameterError(f"figures of the candidate: {problem}")
    as_facts(dict(figures), _Figures, "figures of the candidate", ParameterError)


def _too_large(figures: object) -> str:
    size = len(json.dumps(figures, default=str))
    return f"figures of at most {_MOST_BYTES} bytes needed, found {size}" * (size > _MOST_BYTES)
