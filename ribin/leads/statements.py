"""What a member states of a lead to the other one, and what the statement of the other says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar

import msgspec
from msgspec import structs

from ribin.cases.lead_history import verdicts_are_known
from ribin.cases.leads import ExhibitRef, Lead, LeadHistory, Review, ReviewRound, Role, is_by
from ribin.cases.record import Record, RecordKind, canonical_bytes, reason_sha256
from ribin.errors import AccessError, FormatError
from ribin.exchange.lead_statements import (
    EndStatement,
    Giver,
    LeadFacts,
    LeadStatement,
    LookStatement,
    NoticedEnd,
    ReviewFacts,
    WordFacts,
)
from ribin.exchange.questions import ClassFieldsStatement
from ribin.foreign import read_object, read_packed
from ribin.leads.looks import Viewer, giver_of, looks_at, seen_at_home
from ribin.vault.disclosure import as_seen_by
from ribin.vault.leads import find_lead, read_words
from ribin.vault.people import check_role
from ribin.vault.records import RECORDS
from ribin.vault.rows import logged_of_subject, record_sha256
from ribin.vault.vault import Vault

_OF_RECORDS = (
    *("id", "version", "member", "person", "at", "reason"),
    *("body_sha256", "previous_sha256"),
)
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(frozen=True)
class StatedLeads:
    """Leads as they are sent; `notes` name those that the own vault cannot read."""

    leads: tuple[bytes, ...]
    notes: tuple[str, ...]


def state_leads(own: Vault, db: Any, receiver: str, numbers: Iterable[str]) -> StatedLeads:
    """What is stated to another member of these leads between the two."""
    stated, notes = [], []
    for number in numbers:
        try:
            history = find_lead(db, number)
            if history and receiver in history.lead.members:
                stated.append(msgspec.msgpack.encode(_statement(own, db, receiver, history)))
        except _UNREADABLE as error:
            notes.append(_unreadable(own.member, error))
    return StatedLeads(tuple(stated), tuple(dict.fromkeys(notes)))


def _unreadable(member: str, error: Exception) -> str:
    why = " ".join(str(error).split())[:200]
    return f"{member}: a lead of its vault cannot be read, and is left out: {why}"


def _statement(own: Vault, db: Any, receiver: str, history: LeadHistory) -> LeadStatement:
    lead = lead_for(receiver, history.lead)
    mine = [review for review in history.reviews if review.member == own.member]
    # A second verdict crosses opened, whether or not it counts; a first one once both are in.
    seconds = {
        review.review
        for review in history.given
        if (review.member, review.place) == (own.member, ReviewRound.SECOND)
    }
    words = [
        one
        for one in read_words(db, lead.lead)
        if one.kind is not RecordKind.VERDICT or one.id in seconds or verdicts_are_known(history)
    ]
    givers = {r.review: one for r in mine if (one := _giver(own, db, history, r))}
    looks = [
        LookStatement(at, host, tuple(sorted(logins))) for at, host, logins in looks_at(db, lead)
    ]
    return LeadStatement(
        lead=LeadFacts(
            **{
                **vars(lead),
                "reference": EndStatement(**vars(lead.reference)),
                "comparison": EndStatement(**vars(lead.comparison)),
                "figures": json.dumps(lead.figures, sort_keys=True, ensure_ascii=False),
            }
        ),
        reviews=tuple(map(_review_facts, history.given)),
        words=tuple(map(_word_facts, words)),
        vouched=tuple(_vouched(db, history, words)),
        looks=tuple(looks),
        givers=givers,
        own_end=_own_end(own, receiver, lead),
    )


def _review_facts(review: Review) -> ReviewFacts:
    return ReviewFacts(**{n: getattr(review, n) for n in ReviewFacts.__struct_fields__})


def _word_facts(said: Record) -> WordFacts:
    facts = {name: getattr(said, name) for name in _OF_RECORDS}
    return WordFacts(said.kind, **facts, body=canonical_bytes(said.body or {}).decode())


def _record_of(said: WordFacts) -> Record:
    """The record that the sender has of a word."""
    facts = {name: getattr(said, name) for name in _OF_RECORDS}
    body = read_object(said.body.encode("utf-8", "surrogatepass"), "body")
    reason = reason_sha256(said.reason)
    return Record(said.kind, body=body, reason_sha256=reason, identity="", **facts)


def _giver(own: Vault, db: Any, history: LeadHistory, review: Review) -> Giver | None:
    eyes = giver_of(db, review, history.lead.pair)
    if eyes is None:
        return None
    try:
        check_role(db, review.reviewer, (Role.REVIEWER,))
        problem = ""
    except AccessError as error:
        problem = str(error)
    shown = bool(seen_at_home(db, own.member, history, review))
    return Giver(eyes.host, tuple(sorted(eyes.logins)), shown, problem)


def _vouched(db: Any, history: LeadHistory, words: Iterable[Record]) -> Iterable[str]:
    """Names of the records that the own log has as they are."""
    logged = logged_of_subject(db, history.lead.lead)
    names = [("leads", history.lead.lead), *(("reviews", r.review) for r in history.given)]
    for table, key in (*names, *((RECORDS, word.name) for word in words)):
        name, sha256 = f"{table}/{key}", record_sha256(db, table, key)
        if sha256 is not None and logged.get(name) == sha256:
            yield name


def _own_end(own: Vault, receiver: str, lead: Lead) -> NoticedEnd | None:
    """What a notice may say of the own exhibit of a lead; None where it was purged."""
    ref = next((one for one in lead.exhibits if one.member == own.member), None)
    exhibit = as_seen_by(own.member, own).find(ref.exhibit) if ref else None
    if exhibit is None:
        return None
    known = as_seen_by(receiver, own).knows(exhibit.exhibit)
    fields = ClassFieldsStatement(**asdict(exhibit.class_fields))
    return NoticedEnd(fields, exhibit.event.date if known else "")


# What of a lead crosses the border to the other member that it concerns.

# Of the whole search, which counts what other members and the own one alone hold; how many searches
# were made before; and of a scan.
_OF_THE_ASKER = (
    *("counts", "snapshot", "scope", "search", "rank", "others", "list_sha256", "sha256"),
)


def lead_for(member: str, lead: Lead) -> Lead:
    """The lead as a member keeps it: where it was taken up with what the whole search counted."""
    if member == lead.member:
        return lead
    return replace(lead, figures=without(lead.figures, _OF_THE_ASKER))


def is_same_lead(one: Lead, other: Lead) -> bool:
    """Whether two members know one lead by its number, each as it keeps it."""
    figures = [without(lead.figures, _OF_THE_ASKER) for lead in (one, other)]
    return one == replace(other, figures=one.figures) and figures[0] == figures[1]


def without(figures: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Figures without some of them."""
    return {name: value for name, value in figures.items() if name not in names}


# Steps of a lead: whether the other member has what was done here.

_STEPS = (RecordKind.CLOSURE, RecordKind.CONFIRMATION, RecordKind.WITHDRAWAL)


def own_steps(db: Any, member: str, lead: str) -> frozenset[str]:
    """What persons of the own member did on a lead; what a verdict says crosses at its own time."""
    history = find_lead(db, lead)
    return _steps(member, history.given if history else (), read_words(db, lead))


def _steps(member: str, reviews: Iterable[Review], words: Iterable[Record]) -> frozenset[str]:
    verdicts = {review.review for review in reviews if review.member == member}
    others = {one.name for one in words if one.member == member and one.kind in _STEPS}
    return frozenset(verdicts | others)


# What the other member stated.


@dataclass(frozen=True)
class _Theirs:
    stated: LeadStatement
    lead: Lead
    reviews: tuple[Review, ...]
    words: tuple[Record, ...]


@dataclass
class TheirSide:
    """What another member stated of leads between the two: each as it has it, and what its log says
    of it. Entries are data of somebody else until `merge.py` has taken them."""

    member: str
    leads: dict[str, _Theirs]
    notes: list[str] = field(default_factory=list)
    taken: int = 0  # entries that it took of ours
    exhibits: dict[str, str] = field(default_factory=dict)  # names of those that it shows

    @classmethod
    def of(cls, member: str, sent: Iterable[bytes]) -> TheirSide:
        """What was sent, a lead at a time; one that is no lead is left out, and a note says so."""
        side = cls(member, {})
        for content in sent:
            try:
                stated = read_packed(content, LeadStatement, f"lead of {member}")
                side.leads[stated.lead.lead] = _theirs(stated)
            except (*_UNREADABLE, FormatError) as error:
                side.notes.append(_unreadable(member, error))
        return side

    def vouches(self, lead: str, record: str) -> bool:
        """Whether it says that its log has a record as it is."""
        return lead in self.leads and record in self.leads[lead].stated.vouched

    def steps_of(self, member: str, lead: str) -> frozenset[str] | None:
        """What it has of what persons of a member did on a lead; None where it has no such lead."""
        found = self.leads.get(lead)
        return _steps(member, found.reviews, found.words) if found else None

    def giver(self, lead: str, review: str) -> Giver | None:
        return self.leads[lead].stated.givers.get(review) if lead in self.leads else None

    def own_end(self, lead: str) -> NoticedEnd | None:
        return self.leads[lead].stated.own_end if lead in self.leads else None

    def saw_a_verdict(self, lead: Lead, eyes: Viewer, until: str) -> bool:
        """Whether its log says that a verdict on the pair came before the eyes of a person of ours
        until a moment."""
        for one in (one for one in self.leads.values() if one.lead.pair == lead.pair):
            given = one.reviews if one.lead.lead != lead.lead else ()
            if any(is_by(r, eyes.who, eyes.member) and r.at <= until for r in given):
                return True
            for look in one.stated.looks:
                same = look.host == eyes.host and eyes.logins & set(look.logins)
                if same and look.at <= until:
                    return True
        return False


def _theirs(stated: LeadStatement) -> _Theirs:
    facts = structs.asdict(stated.lead)
    ends = {end: ExhibitRef(**structs.asdict(facts[end])) for end in ("reference", "comparison")}
    figures = read_object(facts["figures"].encode("utf-8", "surrogatepass"), "figures")
    lead = Lead(**{**facts, **ends, "figures": figures})
    reviews = tuple(map(_review, stated.reviews))
    return _Theirs(stated, lead, reviews, tuple(map(_record_of, stated.words)))


def _review(stated: ReviewFacts) -> Review:
    place = _choice(ReviewRound, stated.place)
    facts = structs.asdict(stated) | {"place": place}
    return Review(**facts, conclusion=None, examined=None, note="")


def _choice(words: type[_Word], found: str) -> _Word:
    """A word of a list; any other as it is: it is refused when the entry is to be taken."""
    return words(found) if found in tuple(words) else found  # type: ignore[return-value]
