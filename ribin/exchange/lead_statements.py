"""Leads as two members state them to each other: entries, and what the log of each says of them.

Entries are those of the sender's vault; whoever receives them checks each by `leads/entries.py`
before it is taken. Of who looked at a verdict nothing crosses but digests of machine and login, by
which the other side can tell whether it was somebody that it knows by both.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ribin.cases.record import RecordKind
from ribin.exchange.questions import ClassFieldsStatement
from ribin.foreign import Hex32, LongText, MemberCode, Printable, Statement

_Text = Annotated[str, Meta(max_length=20_000)]
_Name = Annotated[str, Meta(max_length=1_000)]
_Few = Meta(max_length=1_000)
_Digests = Annotated[tuple[Hex32, ...], Meta(max_length=8)]


class EndStatement(Statement, frozen=True):
    """An exhibit of a lead."""

    member: _Name
    exhibit: _Name


class LeadFacts(Statement, frozen=True):
    """The lead itself; `figures` is JSON."""

    lead: _Name
    member: _Name
    reference: EndStatement
    reference_event: _Name
    comparison: EndStatement
    comparison_event: _Name
    examiner: _Name
    at: _Name
    note: _Text
    figures: Annotated[str, Meta(max_length=100_000)]


class ReviewFacts(Statement, frozen=True):
    """A verdict as it was given, without its content: that is a record, and follows."""

    review: _Name
    lead: _Name
    place: _Name
    blind: bool
    reviewer: _Name
    member: _Name
    at: _Name
    supersedes: _Name
    content_sha256: _Name


class WordFacts(Statement, frozen=True):
    """The record of a person's word on a lead, or of the content of a verdict, which crosses once
    both verdicts are in; `body` is JSON."""

    kind: RecordKind
    id: _Name
    version: Annotated[int, Meta(ge=1, le=1)]
    member: _Name
    person: _Name
    at: _Name
    reason: _Text
    body: Annotated[str, Meta(max_length=100_000)]
    body_sha256: Hex32
    previous_sha256: Hex32


class LookStatement(Statement, frozen=True):
    """A verdict of a lead came before the eyes of somebody at the sender's."""

    at: _Name
    host: Hex32
    logins: _Digests


class Giver(Statement, frozen=True):
    """Who gave a verdict of the sender's: machine and logins; whether the sender's own log has it
    that a verdict on the pair came before their eyes until then; what hinders it as a second."""

    host: Hex32
    logins: _Digests
    shown_at_home: bool
    role_problem: LongText


class NoticedEnd(Printable, frozen=True):
    """What a notice may say of the sender's exhibit; `day` where the receiver knows the event."""

    class_fields: ClassFieldsStatement
    day: Annotated[str, Meta(max_length=40)]


class LeadStatement(Statement, frozen=True):
    """A lead as the sender has it. `vouched` are the records that its log has as they are."""

    lead: LeadFacts
    reviews: Annotated[tuple[ReviewFacts, ...], _Few]
    words: Annotated[tuple[WordFacts, ...], _Few]
    vouched: Annotated[tuple[_Name, ...], _Few]
    looks: Annotated[tuple[LookStatement, ...], Meta(max_length=10_000)]
    givers: Annotated[dict[_Name, Giver], _Few]
    own_end: NoticedEnd | None


# Each is a `LeadStatement` by itself, so that one that cannot be read spoils no other.
Leads = Annotated[tuple[bytes, ...], Meta(max_length=100_000)]


class LeadsQuestion(Statement, frozen=True):
    """What the sender has of leads between the two, for the receiver to take what it lacks; and
    what is wanted back: those of a pair, those of these numbers, or all.

    `exhibits` are names of the receiver's that the sender would have in a lead.
    """

    who: LongText
    leads: Leads = ()
    pair: Annotated[str, Meta(max_length=10_000)] = ""
    numbers: Annotated[tuple[_Name, ...], _Few] = ()
    every: bool = False
    exhibits: Annotated[tuple[_Name, ...], Meta(max_length=2)] = ()


class LeadsAnswer(Statement, frozen=True):
    """What the owner has of them now, how many entries it took, and what it did not take and why;
    `exhibits` are the names that cross the border of those it shows."""

    leads: Leads
    taken: Annotated[int, Meta(ge=0, lt=1 << 31)]
    notes: Annotated[tuple[_Text, ...], Meta(max_length=10_000)]
    exhibits: Annotated[dict[_Name, _Name], Meta(max_length=2)]
    member: MemberCode
