"""A step of a trace: exhibits that are asked for, and what their owner tells of each."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ribin.foreign import ExhibitName, Hex32, LongText, MemberCode, Name, Printable, Statement

_Many = Meta(max_length=100_000)


class TraceQuestion(Printable, frozen=True):
    """Exhibits of the receiver, by the names that cross the border, and tokens of links of which
    the sender does not know the receiver's end. `start` is the exhibit that is traced."""

    start: ExhibitName
    exhibits: Annotated[tuple[ExhibitName, ...], _Many]
    tokens: Annotated[tuple[Hex32, ...], _Many]
    who: LongText
    reason: LongText


class CardStatement(Printable, frozen=True):
    """An exhibit of a history, as far as the sender of the question may know it."""

    exhibit: ExhibitName
    event: LongText
    case_number: LongText
    date: Name
    place: LongText
    kind: Name
    calibre: LongText
    firearm: LongText
    known: Name


class LinkStatement(Printable, frozen=True):
    """A link on an exhibit. Of one to a third member its other end is not told: `token` is, by
    which that member knows the link and tells its end, if it shows it."""

    token: Hex32
    number: Name
    member: MemberCode
    exhibit: Annotated[str, Meta(max_length=1000)]
    at: Name
    standing: Name
    stands: bool


class NodeStatement(Statement, frozen=True):
    """What is told of one exhibit; neither links nor test fires of one that is not shown."""

    asked: ExhibitName
    card: CardStatement
    shown: bool
    links: Annotated[tuple[LinkStatement, ...], _Many]
    same_firearm: Annotated[tuple[ExhibitName, ...], _Many]


class TraceAnswer(Statement, frozen=True):
    """What is told, and the ends of links by their tokens."""

    nodes: Annotated[tuple[NodeStatement, ...], _Many]
    ends: Annotated[dict[Hex32, ExhibitName], _Many]
