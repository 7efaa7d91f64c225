"""A lead as a case file: what is known of its two exhibits, what was done, and what may be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from ribin.cases.leads import (
    CLOSING,
    CONCLUDING,
    EXAMINING,
    KEEPING,
    REVIEWING,
    ExhibitRef,
    LeadHistory,
    ReviewRound,
    Role,
)
from ribin.errors import AccessError, StoreError
from ribin.leads import rules
from ribin.leads.both_sides import deliveries
from ribin.leads.text import LeadView
from ribin.services.blind_pairs import lists_seen
from ribin.services.corrections import corrections_told
from ribin.services.redone_marks import redone_since_lead
from ribin.vault.audit import read_rows_of
from ribin.vault.exhibits import fields_of, find_exhibit
from ribin.vault.people import check_role
from ribin.vault.vault import Vault


class LeadStep(StrEnum):
    """What a person may do with a lead."""

    REVIEW = "review"
    SUPERSEDE = "supersede"  # an own verdict, which is kept
    CONFIRM = "confirm"  # two verdicts of the other member
    CLOSE = "close"
    WITHDRAW = "withdraw"


@dataclass(frozen=True)
class LeadEnd:
    """One of the two exhibits: its fields as far as this laboratory may know them."""

    role: str  # reference or comparison
    ref: ExhibitRef
    own: bool
    fields: Mapping[str, str]


@dataclass(frozen=True)
class LeadEvent:
    """One moment of a lead."""

    at: str
    words: str
    person: str


@dataclass(frozen=True)
class LeadFile:
    """What a person is shown beside the two marks of a lead."""

    ends: tuple[LeadEnd, LeadEnd]
    events: tuple[LeadEvent, ...]
    steps: frozenset[LeadStep]
    place: ReviewRound  # of the verdict that is due
    deliveries: tuple[tuple[str, str], ...]  # each other member, and whether it got the last step
    redone: tuple[str, ...]  # of which exhibits the marks are others than its figures are of
    lists_seen: tuple[str, ...]  # by who is to examine the pair blind, before it was a lead


def lead_file(vault: Vault, view: LeadView, who: str) -> LeadFile:
    """The case file of a lead that this person looks at.

    `view` says what may be shown: of hidden verdicts there is nothing here either.
    """
    one, other = view.history.lead.exhibits
    ends = (_end(vault, view, "reference", one), _end(vault, view, "comparison", other))
    steps = possible_steps(vault, view.history, who)
    seen = lists_seen(vault, who, view.history.lead.lead) if view.marks_alone else ()
    place, told = rules.next_round(view.history), deliveries(vault, view.history.lead.lead)
    return LeadFile(
        ends=ends,
        events=_events(vault, view),
        steps=steps,
        place=place,
        deliveries=tuple(told),
        redone=redone_since_lead(vault, view),
        lists_seen=seen,
    )


def _end(vault: Vault, view: LeadView, role: str, ref: ExhibitRef) -> LeadEnd:
    fields: dict[str, str] = {}
    if ref.member == vault.member:
        with vault.catalogue.reading() as db:
            known = find_exhibit(db, ref.exhibit)
        if known:
            fields = {**fields_of(known), **asdict(known.event)}
    else:  # what its list said of it, where that may be shown
        figures: Mapping[str, Any] = view.history.lead.figures
        beside = (figures.get("member"), figures.get("exhibit")) == (ref.member, ref.exhibit)
        fields = dict(figures.get("class_fields") or {}) if beside else {}
    kept = {name: str(text) for name, text in fields.items() if text and name != "exhibit"}
    return LeadEnd(role, ref, ref.member == vault.member, kept)


def _events(vault: Vault, view: LeadView) -> tuple[LeadEvent, ...]:
    history = view.history
    lead = history.lead
    found = [LeadEvent(lead.at, "taken up", f"{lead.examiner} ({lead.member})")]
    for review in view.reviews:
        by = f"{review.reviewer} ({review.member})"
        found.append(LeadEvent(review.at, f"{review.place} review {review.review}", by))
    found += [LeadEvent(at, words, "") for at, words in corrections_told(vault, history)]
    known = rules.verdicts_are_known(history) and not view.marks_alone
    if known and history.link:
        found.append(LeadEvent(history.link.at, "link confirmed", ""))
    for end, words in ((history.withdrawal, "link withdrawn"), (history.closure, "closed")):
        if end and known | (end is history.closure):
            found.append(LeadEvent(end.at, words, f"{end.person} ({end.member})"))
    if known:
        with vault.catalogue.reading() as db:
            for row in read_rows_of(db, "notice", lead.lead):
                words = f"notice to {row.details['to']}: {row.reason}"
                found.append(LeadEvent(row.at, words, row.who))
    return tuple(sorted(found, key=lambda one: one.at))


def possible_steps(vault: Vault, history: LeadHistory, who: str) -> frozenset[LeadStep]:
    """The steps that the rules and this person's roles allow now."""
    return frozenset(step for step in LeadStep if _may(vault, history, who, step))


def _may(vault: Vault, history: LeadHistory, who: str, step: LeadStep) -> bool:
    try:
        roles = _roles_for(history, who, vault.member, step)
        with vault.catalogue.reading() as db:
            check_role(db, who, roles)
    except (AccessError, StoreError):
        return False
    return True


def _roles_for(history: LeadHistory, who: str, member: str, step: LeadStep) -> tuple[Role, ...]:
    """Who may take a step by role; AccessError or StoreError where the rules allow it to nobody."""
    if step is LeadStep.REVIEW:
        rules.check_review(history, who, member)
        return (REVIEWING[rules.next_round(history)],)
    if step is LeadStep.SUPERSEDE:
        own = rules.own_review(history, who, member)
        return (REVIEWING[rules.round_given(history, own) or own.place],)
    if step is LeadStep.CONFIRM:
        rules.check_confirmation(history, member)
        return EXAMINING
    if step is LeadStep.CLOSE:
        opened = rules.may_close(history, who, member)
        return CLOSING if opened else KEEPING
    if not history.linked:
        raise StoreError(f"lead {history.lead.lead}: a confirmed link needed to withdraw it")
    return CONCLUDING
