"""What may follow on what: the rules of leads, reviews and links, without any vault.

    candidate -> lead -> first review -> second review, blind -> confirmed link
                                                              -> not confirmed
                                                              -> inconclusive a, b or c
    across a border, both verdicts of one member -> confirmation by the other -> confirmed link
    confirmed link -> link withdrawn

A verdict may be superseded by the person who gave it. After both verdicts are known, a superseding
one can end a link and never make one: for that, the pair needs a new lead.
"""

from __future__ import annotations

from collections.abc import Iterable

from ribin.cases.lead_history import (
    agreed_blindly,
    awaits_logs,
    had_a_part,
    lacks_a_blind_verdict,
    not_blind_second,
    verdicts_are_known,
)
from ribin.cases.leads import LeadHistory, LeadStatus, Review, ReviewRound, is_by, same_person
from ribin.errors import AccessError, ParameterError, StoreError, ThereAlreadyError
from ribin.text import checked_text


def status_of(history: LeadHistory) -> LeadStatus:
    """How far a lead has come."""
    if history.withdrawal:
        return LeadStatus.WITHDRAWN
    if history.link:
        return LeadStatus.CONFIRMED_LINK
    if history.closure:
        return LeadStatus.CLOSED
    if not verdicts_are_known(history):
        return LeadStatus.SECOND_REVIEW_DUE if history.reviews else LeadStatus.LEAD
    if history.awaits_content:
        return LeadStatus.FIRST_VERDICT_SEALED
    if lacks_a_blind_verdict(history):
        return LeadStatus.BLINDNESS_DUE if awaits_logs(history) else LeadStatus.NOT_BLIND
    if awaits_confirmation(history):
        return LeadStatus.CONFIRMATION_DUE
    first, *others = {review.conclusion.name for review in history.current if review.conclusion}
    known = {} if others else LeadStatus.__members__  # of the same names: inconclusive a, b and c
    return known.get(first, LeadStatus.NOT_CONFIRMED)


def awaits_confirmation(history: LeadHistory) -> bool:
    """Whether two blind identifications of one member await the other member's word."""
    return agreed_blindly(history) and history.lacks_a_member


def shows_the_marks_alone(history: LeadHistory, who: str, member: str) -> bool:
    """Whether this person may come to give the second verdict, and so is shown neither the figures
    and the note of the lead nor a verdict of others."""
    due = history.reviews and status_of(history).is_open
    awaits_another = due or not_blind_second(history) is not None
    return bool(awaits_another) and not had_a_part(history, who, member)


def visible_reviews(history: LeadHistory, who: str, member: str) -> tuple[Review, ...]:
    """The reviews that a person of this member may see: the own ones, and all once both verdicts
    are known; but not before a third one, which is to be blind too."""
    if verdicts_are_known(history) and not shows_the_marks_alone(history, who, member):
        return history.reviews
    return tuple(review for review in history.reviews if is_by(review, who, member))


def next_round(history: LeadHistory) -> ReviewRound:
    """Which examination a new review of this lead is."""
    return ReviewRound.SECOND if history.reviews else ReviewRound.FIRST


def check_new_lead(pair_histories: Iterable[LeadHistory]) -> None:
    """Refuse a second lead on a pair that is linked or being examined; given its leads so far.

    Raises ThereAlreadyError: such a lead is there; the message names it.
    """
    for history in pair_histories:
        status = status_of(history)
        awaited = history.awaits_content or awaits_logs(history) or awaits_confirmation(history)
        if status.is_open or history.linked or awaited:
            found = f"lead {history.lead.lead}: this pair is there already ({status})"
            hint = f"`ribin lead show {history.lead.lead}` shows it"
            raise ThereAlreadyError(found, history.lead.lead, hint=hint)


def check_review(history: LeadHistory, who: str, member: str) -> None:
    """Refuse a new review of a lead that has both, or by somebody of this member who had a part.

    Raises StoreError: both reviews are there; AccessError: the person took the lead up, where this
    is the second review; or gave the first.
    """
    lead = history.lead.lead
    status = status_of(history)
    if status is LeadStatus.CLOSED:
        raise StoreError(f"lead {lead}: an open lead needed, found one that was closed")
    third = not_blind_second(history)
    if not (status.is_open or third):
        raise StoreError(
            f"lead {lead}: both reviews are there ({status}); --supersede changes one's own"
        )
    if next_round(history) is ReviewRound.FIRST:
        return
    if any(is_by(review, who, member) for review in history.reviews):
        needed = f"another person needed for the {'third' if third else 'second'} review"
        raise AccessError(f"lead {lead}: {needed}, found {who}")
    if had_a_part(history, who, member):
        raise AccessError(
            f"lead {lead}: another person than who took it up needed for the "
            f"{'third' if third else 'second'} review, found {who}"
        )


def may_confirm(history: LeadHistory, member: str) -> bool:
    """Whether a lead awaits the word of this member."""
    gave = {review.member for review in history.current}
    return awaits_confirmation(history) and member in history.lead.members and member not in gave


def check_confirmation(history: LeadHistory, member: str) -> None:
    """Refuse a confirmation that no lead awaits, or that is another member's to give.

    Raises StoreError: the lead awaits none; AccessError: both verdicts are of this member.
    """
    lead, status = history.lead.lead, status_of(history)
    if status is not LeadStatus.CONFIRMATION_DUE:
        raise StoreError(f"lead {lead}: one that awaits a confirmation needed, found: {status}")
    if not may_confirm(history, member):
        (other,) = set(history.lead.members) - {member}
        raise AccessError(
            f"lead {lead}: an examiner of {other} needed to confirm it, because both verdicts are "
            f"of {member}"
        )


def may_close(history: LeadHistory, who: str, member: str) -> bool:
    """Whether who is no administrator may close an open lead: who opened it, before a verdict.

    Raises StoreError: it is not open.
    """
    if not history.is_open:
        lead, status = history.lead.lead, status_of(history)
        raise StoreError(
            f"lead {lead}: an open lead needed to close it, found: {status}",
            hint=f"`ribin link withdraw {lead}` ends a link" if history.linked else "",
        )
    opened = history.lead.member == member and same_person(history.lead.examiner, who)
    return opened and not history.reviews


def own_review(history: LeadHistory, who: str, member: str) -> Review:
    """The review of this member's person that a new one would supersede.

    Raises StoreError: the person gave none, or the link of the lead is withdrawn: then nothing
    changes any more.
    """
    if history.withdrawal:
        raise StoreError(f"lead {history.lead.lead}: the link is withdrawn; take up a new lead")
    if history.closure and not history.link:
        raise StoreError(f"lead {history.lead.lead}: the lead is closed; take up a new lead")
    for review in history.current:
        if is_by(review, who, member):
            return review
    raise StoreError(
        f"lead {history.lead.lead}: a review by {who} needed to supersede it, found none"
    )


def round_given(history: LeadHistory, review: Review | None) -> ReviewRound | None:
    """Which examination a review was given as; a first one given apart may have become another."""
    return next((r.place for r in history.given if review and r.review == review.review), None)


def stated_text(text: str, what: str) -> str:
    """The text, cleaned; ParameterError where nothing is left or it holds what a text may not."""
    cleaned = checked_text(text, what)
    if not cleaned:
        raise ParameterError(f"{what} needed, found none")
    return cleaned
