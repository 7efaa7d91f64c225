"""What may follow on what: the rules of leads, reviews and links, without any vault.

    candidate -> lead -> first review -> second review, blind -> confirmed link
                                                              -> not confirmed
                                                              -> inconclusive a, b or c
    confirmed link -> link withdrawn

A verdict may be superseded by the person who gave it. After both verdicts are known, a superseding
one can end a link and never make one: for that, the pair needs a new lead.
"""

from __future__ import annotations

from collections.abc import Iterable

from ribin.cases.leads import Conclusion, LeadHistory, LeadStatus, Review, ReviewRound, same_person
from ribin.errors import AccessError, ParameterError, StoreError, ThereAlreadyError
from ribin.text import checked_text


def status_of(history: LeadHistory) -> LeadStatus:
    """How far a lead has come."""
    if history.withdrawal:
        return LeadStatus.WITHDRAWN
    if history.link:
        return LeadStatus.CONFIRMED_LINK
    if not verdicts_are_known(history):
        return LeadStatus.SECOND_REVIEW_DUE if history.reviews else LeadStatus.LEAD
    if awaits_logs(history):
        return LeadStatus.BLINDNESS_DUE
    first, *others = {review.conclusion.name for review in history.current}
    known = {} if others else LeadStatus.__members__  # of the same names: inconclusive a, b and c
    return known.get(first, LeadStatus.NOT_CONFIRMED)


def verdicts_are_known(history: LeadHistory) -> bool:
    """Whether both verdicts are in, so that each person may see the other's."""
    return {review.place for review in history.reviews} == set(ReviewRound)


def makes_a_link(history: LeadHistory) -> bool:
    """Whether the verdicts confirm a link: by two persons who did not know of each other's."""
    return (
        history.link is None
        and {review.place for review in history.current} == set(ReviewRound)
        and all(r.blind and r.conclusion is Conclusion.IDENTIFICATION for r in history.current)
    )


def lacks_a_blind_verdict(history: LeadHistory) -> bool:
    """Whether two identifications make no link because one was given knowing of the other."""
    agreed = all(r.conclusion is Conclusion.IDENTIFICATION for r in history.current)
    blind = all(r.blind for r in history.current)
    return verdicts_are_known(history) and history.link is None and agreed and not blind


def awaits_logs(history: LeadHistory) -> bool:
    """Whether two identifications may make a link once the logs of both members were read."""
    return lacks_a_blind_verdict(history) and all(
        review.blind or review.review in history.unchecked for review in history.current
    )


def ends_the_link(history: LeadHistory) -> bool:
    """Whether a superseding verdict has taken the ground from a link that stands."""
    return history.linked and any(
        review.conclusion is not Conclusion.IDENTIFICATION for review in history.current
    )


def is_by(review: Review, who: str, member: str) -> bool:
    """Whether a person of this member gave it: one name in two countries is two persons."""
    return review.member == member and same_person(review.reviewer, who)


def had_a_part(history: LeadHistory, who: str, member: str) -> bool:
    """Whether a person of this member took the lead up, or gave a verdict on it."""
    took_up = history.lead.member == member and same_person(history.lead.examiner, who)
    return took_up or any(is_by(review, who, member) for review in history.reviews)


def visible_reviews(history: LeadHistory, who: str, member: str) -> tuple[Review, ...]:
    """The reviews that a person of this member may see: the own ones, and all once both verdicts
    are known."""
    if verdicts_are_known(history):
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
        if status.is_open or history.linked or awaits_logs(history):
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
    if not status.is_open:
        raise StoreError(
            f"lead {lead}: both reviews are there ({status}); --supersede changes one's own"
        )
    if next_round(history) is ReviewRound.FIRST:
        return
    if any(is_by(review, who, member) for review in history.reviews):
        raise AccessError(f"lead {lead}: another person needed for the second review, found {who}")
    if had_a_part(history, who, member):
        raise AccessError(
            f"lead {lead}: another person than who took it up needed for the second review, "
            f"found {who}"
        )


def own_review(history: LeadHistory, who: str, member: str) -> Review:
    """The review of this member's person that a new one would supersede.

    Raises StoreError: the person gave none, or the link of the lead is withdrawn: then nothing
    changes any more.
    """
    if history.withdrawal:
        raise StoreError(f"lead {history.lead.lead}: the link is withdrawn; take up a new lead")
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
