"""Annotations of an examiner on a pair of marks: as a comparison page saves them, and as recorded.

Places are (row, col) in um from the centre of the reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from ribin.errors import FormatError
from ribin.foreign import Finite, Statement, as_facts, read_object

FORMAT = "ribin annotations 1"
_Place = Annotated[list[Finite], Meta(min_length=2, max_length=2)]
_Name = Annotated[str, Meta(max_length=300)]


class Annotation(Statement, frozen=True):
    """Where an examiner sees agreement, or disagreement."""

    kind: Literal["agreement", "disagreement"]
    center_um: _Place
    size_um: _Place  # an ellipse's, along rows and columns
    text: Annotated[str, Meta(max_length=5000)]
    examiner: _Name
    made_on: _Name


class AnnotatedSide(Statement, frozen=True):
    """One of the two marks: what the page called it, and the SHA-256 of its scan."""

    label: _Name
    sha256: str


class AnnotatedPair(Statement, frozen=True):
    """What a page saves."""

    format: str
    reference: AnnotatedSide
    comparison: AnnotatedSide
    annotations: Annotated[list[Annotation], Meta(max_length=1000)]
    mark: _Name = ""  # its type; empty where the page did not say it

    @property
    def scans(self) -> tuple[str, str]:
        return self.reference.sha256, self.comparison.sha256


@dataclass(frozen=True)
class SavedAnnotations:
    """The annotations of one person on a pair, under a number such as JAM-A3."""

    number: str
    version: int
    person: str
    at: str  # UTC, ISO 8601
    pair: AnnotatedPair


def decode_annotations(content: bytes, where: str) -> AnnotatedPair:
    """The annotations in a file that a comparison page saved; `where` names it in messages.

    Raises FormatError: it holds something else.
    """
    table = read_object(content, where)
    if table.get("format") != FORMAT:
        raise FormatError(f'{where}: "{FORMAT}" needed, found {table.get("format")}')
    return as_facts(table, AnnotatedPair, where)
