"""What the body of each kind of record may hold: the check decodes every one by its type."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from typing import Annotated, get_type_hints

from msgspec import Meta, Struct, defstruct

from ribin.cases.annotation import AnnotatedPair
from ribin.cases.exhibits import ClassFields, Event, ExhibitKind, Scope
from ribin.cases.leads import LONGEST_NOTE, Conclusion, ReviewBasis, Role
from ribin.cases.record import Record, RecordKind
from ribin.cases.searches import CandidateStatus, SearchStatement
from ribin.foreign import Hex32, MemberCode, Name, Printable, Signature, Statement, as_facts
from ribin.vault.accounts import AccountState
from ribin.vault.records import record_of
from ribin.vault.states import ScanState
from ribin.vault.vouching import Vouchers

MOST = 1_000_000
Count = Annotated[int, Meta(ge=1, le=MOST)]


class AgreementBody(Statement, frozen=True):
    member: MemberCode
    scope: Scope
    questions_an_hour: Count
    at_once: Count
    most_rows: Count
    hold: bool
    ended: bool
    signing: Hex32  # the vault's own key of then
    sealing: Hex32
    signature: Signature


class _ExhibitBody(Printable, frozen=True):
    exhibit: Name
    event: Name
    kind: ExhibitKind
    sharing: Scope
    firearm: Name


class _OnLead(Printable, frozen=True):
    lead: Name


class _Blindness(Printable, frozen=True):
    lead: Name
    review: Name
    blind: bool


class _VerdictBody(Printable, frozen=True):
    conclusion: Conclusion
    examined: ReviewBasis
    note: Annotated[str, Meta(max_length=LONGEST_NOTE)]
    salt: Hex32


class _Account(Statement, frozen=True):
    standing: AccountState
    initial: bool = False
    secret_sha256: Hex32 | None = None


class _Roles(Statement, frozen=True):
    roles: tuple[Role, ...]


class _Release(Printable, frozen=True):
    exhibit: Name
    receiver: MemberCode
    original: bool
    holds: bool


class _Candidate(Printable, frozen=True):
    search: Name
    member: MemberCode
    exhibit: Name
    status: CandidateStatus


class _Assignment(Printable, frozen=True):
    work: Name
    subject: Name
    person: Name
    due: Name


def _strict(kind: type, base: type[Struct] = Printable) -> type[Struct]:
    """A type of the fields of a dataclass that refuses others."""
    hints = get_type_hints(kind)
    return defstruct(kind.__name__, [(f.name, hints[f.name]) for f in fields(kind)], bases=(base,))


@cache
def _types() -> Mapping[RecordKind, type[Struct]]:
    return {
        RecordKind.EVENT: _strict(Event),
        RecordKind.EXHIBIT: _strict(ClassFields, _ExhibitBody),
        RecordKind.SEARCH: _strict(SearchStatement),
        RecordKind.ANNOTATIONS: AnnotatedPair,
        RecordKind.SCAN: _strict(ScanState),
        RecordKind.CLOSURE: _OnLead,
        RecordKind.ACCOUNT: _Account,
        RecordKind.ROLES: _Roles,
        RecordKind.RELEASE: _Release,
        RecordKind.CANDIDATE: _Candidate,
        RecordKind.ASSIGNMENT: _Assignment,
        RecordKind.CONFIRMATION: _OnLead,
        RecordKind.WITHDRAWAL: _OnLead,
        RecordKind.BLINDNESS: _Blindness,
        RecordKind.VERDICT: _VerdictBody,
        RecordKind.AGREEMENT: AgreementBody,
    }


def body_problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[tuple[str, str]]:
    """A sentence for each body that is not as the type of its kind says."""
    for row in db.execute("SELECT * FROM records WHERE body <> '' ORDER BY kind, id, version"):
        if problem := body_problem(record_of(row)):
            yield "", problem


def body_problem(one: Record) -> str:
    """What of a body is not as the type of its kind says; empty where all of it is."""
    try:
        as_facts(dict(one.body or {}), _types()[one.kind], f"record {one.name}", ValueError)
    except ValueError as error:
        return str(error)
    return ""
