"""What the leads on a pair have come to: one function of all that was stated of them.

Each member holds a set of statements: leads, verdicts and words (`LeadWord`), each made by one
person of one member under a name of its own. Two members bring theirs together by taking the union.
Nothing here asks what arrived when: the statements are read in an order that both members share, by
moment, member and name, and each is held against the rules as they stood then. What the rules would
have refused, had both sides been in touch, stays on record and does not count. So the same
statements give the same verdicts, links and ends of links in both vaults.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ribin.cases.leads import (
    Conclusion,
    Lead,
    LeadHistory,
    LeadWord,
    Link,
    Review,
    ReviewRound,
    is_by,
    same_person,
)
from ribin.cases.record import RecordKind


@dataclass(frozen=True)
class LeadStatements:
    """All that was stated of one lead, in any order."""

    lead: Lead
    reviews: tuple[Review, ...] = ()  # as they were given
    words: tuple[LeadWord, ...] = ()


def read_pair(stated: Iterable[LeadStatements]) -> list[LeadHistory]:
    """What each lead on one pair has come to, oldest lead first.

    The leads are read together, because a pair is linked once.
    """
    leads = sorted(stated, key=lambda one: (one.lead.at, one.lead.lead))
    courses = [_Course.of(one) for one in leads]
    steps = [
        (key, course, statement)
        for one, course in zip(leads, courses, strict=True)
        for key, statement in _in_order(one)
    ]
    for _, course, statement in sorted(steps, key=lambda step: step[0]):
        linked = any(one.link and not one.withdrawal for one in courses if one is not course)
        course.take(statement, linked_otherwise=linked)
    return [course.now for course in courses]


_Key = tuple[str, int, str, str, str]  # moment, place in a chain, lead, member, name


def _in_order(stated: LeadStatements) -> Iterable[tuple[_Key, Review | LeadWord]]:
    """Each statement with what it is sorted by: a verdict never comes before the one that it
    supersedes, whatever the clocks of two members say."""
    lead, by_name = stated.lead.lead, {review.review: review for review in stated.reviews}
    for review in stated.reviews:
        chain = _chain(review, by_name)
        at = max(one.at for one in chain)
        yield (at, len(chain), lead, review.member, review.review), review
    for word in stated.words:
        yield (word.at, 0, lead, word.member, f"{word.kind}/{word.id}"), word


def _chain(review: Review, by_name: Mapping[str, Review]) -> list[Review]:
    """A review and those before it that it supersedes, the last first."""
    chain = {review.review: review}
    while (before := by_name.get(review.supersedes)) and before.review not in chain:
        chain[before.review] = review = before
    return list(chain.values())


@dataclass
class _Course:
    """A lead as its statements are taken one by one."""

    lead: Lead
    by_name: Mapping[str, Review]
    given: tuple[Review, ...]
    found: dict[str, bool]  # of reviews: whether they were blind, as far as logs said it
    counted: list[Review] = field(default_factory=list)
    link: Link | None = None
    withdrawal: LeadWord | None = None
    closure: LeadWord | None = None
    confirmations: list[LeadWord] = field(default_factory=list)
    taken_back: list[LeadWord] = field(default_factory=list)
    now: LeadHistory = field(init=False)  # what it has come to so far

    @classmethod
    def of(cls, stated: LeadStatements) -> _Course:
        given = tuple(sorted(stated.reviews, key=lambda r: (r.at, r.review)))
        # A verdict that one log has as not blind never was, whenever that came to be known.
        said = (one for one in stated.words if one.kind is RecordKind.BLINDNESS and not one.blind)
        seen = {one.review: False for one in said}
        course = cls(stated.lead, {r.review: r for r in given}, given, seen)
        course.now = course._read()
        return course

    def take(self, statement: Review | LeadWord, *, linked_otherwise: bool) -> None:
        """Take the next statement, as far as it counts, and what follows from it."""
        if isinstance(statement, Review):
            self.counted += [statement] if self._counts(statement) else []
        elif statement.kind is RecordKind.BLINDNESS:
            self.found.setdefault(statement.review, statement.blind)
        elif statement.kind is RecordKind.CONFIRMATION:
            self.confirmations.append(statement)
        elif statement.kind is RecordKind.WITHDRAWAL:
            self.taken_back.append(statement)
        elif statement.kind is RecordKind.CLOSURE and not (self.link or self.closure):
            self.closure = statement
        self.now = self._read()
        if not linked_otherwise and makes_a_link(self.now):
            self.link = _link(self.now, statement.at)
        if self.link and not self.withdrawal:
            self.withdrawal = _end_of_link(self.now, self.taken_back)
        self.now = replace(self.now, link=self.link, withdrawal=self.withdrawal)

    def _counts(self, review: Review) -> bool:
        now = self.now
        if self.closure or self.withdrawal:
            return False
        again = any(is_by(one, review.reviewer, review.member) for one in self.counted)
        own = review.place is ReviewRound.SECOND and _took_up(self.lead, review)
        if review.supersedes:
            over = {one.review: one for one in now.current}.get(review.supersedes)
            if over is None:  # unknown, of no account, or superseded by another
                return False
            third = over == not_blind_second(now) and not (again or own)
            return third or is_by(over, review.reviewer, review.member)
        return not (self.link or again or own)

    def _read(self) -> LeadHistory:
        """What the lead has come to so far, from what was taken."""
        waiting = {review.review for review in waits_for_logs(self.lead, self.counted)}
        begun_second = _seconds_apart(self.lead, self.counted)

        def read(review: Review) -> Review:
            apart = first_of(review, self.by_name).review in begun_second
            blind = review.blind
            if review.review in waiting:
                blind = self.found.get(review.review, False)
            place = ReviewRound.SECOND if apart else review.place
            if (place, blind) == (review.place, review.blind):
                return review
            return replace(review, place=place, blind=blind)

        counted = {review.review for review in self.counted}
        now = LeadHistory(
            lead=self.lead,
            reviews=tuple(read(review) for review in self.given),
            link=self.link,
            withdrawal=self.withdrawal,
            closure=self.closure,
            given=self.given,
            unchecked=tuple(sorted(waiting - self.found.keys())),
            without_account=tuple(r.review for r in self.given if r.review not in counted),
        )
        gave = {review.member for review in now.current}
        of_others = [one for one in self.confirmations if one.member not in gave]
        confirmation = next(iter((*of_others, *self.confirmations)), None)
        return replace(now, confirmation=confirmation)


def _link(history: LeadHistory, at: str) -> Link:
    first, second = (
        next(review.review for review in history.current if review.place is place)
        for place in ReviewRound
    )
    lead = history.lead
    return Link(lead.lead, lead.pair, first, second, at)


def _end_of_link(history: LeadHistory, taken_back: Sequence[LeadWord]) -> LeadWord | None:
    """The word that ends a link, or that of a verdict that takes the ground from it."""
    if taken_back:
        return taken_back[0]
    opened = [review for review in history.current if not review.is_sealed]
    others = [r for r in opened if r.conclusion is not Conclusion.IDENTIFICATION]
    if not others:
        return None
    last = max(others, key=lambda review: (review.at, review.review))
    reason = f"verdict superseded: {last.note}"
    said = (last.review, last.lead, last.reviewer, last.member, last.at, reason)
    return LeadWord(RecordKind.WITHDRAWAL, *said)


# Verdicts of two members.
#
# Two first verdicts of two members that could not reach each other are a first and a second one,
# each given without the other: the later one is the second, but never that of who took the lead
# up. Across a border a second verdict counts as blind once the logs of both members were read.


def waits_for_logs(lead: Lead, given: Collection[Review]) -> tuple[Review, ...]:
    """The reviews that count as blind only once the logs of both members say so."""
    if len(lead.members) < 2:
        return ()
    apart = len({r.member for r in given if r.place is ReviewRound.FIRST}) > 1
    return tuple(
        review
        for review in given
        if (review.blind and (apart or review.place is ReviewRound.SECOND))
        or (review.place is ReviewRound.SECOND and not review.supersedes)
    )


def first_of(review: Review, by_name: Mapping[str, Review]) -> Review:
    """The review that a person's chain of superseding ones began with."""
    for before in _chain(review, by_name)[1:]:
        if not is_by(before, review.reviewer, review.member):
            break  # a third person's stands in the place of another's
        review = before
    return review


def _seconds_apart(lead: Lead, given: Collection[Review]) -> set[str]:
    """Of first verdicts of two members, where nobody gave a second, those that are one."""
    begun = [review for review in given if not review.supersedes]
    if len({r.member for r in begun}) < 2 or {r.place for r in begun} != {ReviewRound.FIRST}:
        return set()
    begun.sort(key=lambda review: (not _took_up(lead, review), review.at, review.review))
    return {review.review for review in begun[1:]}


def _took_up(lead: Lead, review: Review) -> bool:
    return is_by(review, lead.examiner, lead.member)


# What follows from a lead as it is read.


def verdicts_are_known(history: LeadHistory) -> bool:
    """Whether both verdicts are in, so that each person may see the other's."""
    return {review.place for review in history.counted} == set(ReviewRound)


def makes_a_link(history: LeadHistory) -> bool:
    """Whether the verdicts confirm a link: by two persons who did not know of each other's."""
    return agreed_blindly(history) and not history.lacks_a_member


def agreed_blindly(history: LeadHistory) -> bool:
    """Whether two blind identifications have made no link so far."""
    ended = history.link is not None or history.closure is not None
    return not ended and history.agreed and all(review.blind for review in history.current)


def lacks_a_blind_verdict(history: LeadHistory) -> bool:
    """Whether two identifications make no link because one was given knowing of the other."""
    blind = all(r.blind for r in history.current)
    ended = history.link is not None or history.closure is not None
    return not ended and history.agreed and not blind


def awaits_logs(history: LeadHistory) -> bool:
    """Whether two identifications may make a link once the logs of both members were read."""
    return lacks_a_blind_verdict(history) and all(
        review.blind or review.review in history.unchecked for review in history.current
    )


def not_blind_second(history: LeadHistory) -> Review | None:
    """The second verdict of two identifications, where it alone was not blind: a third reviewer may
    give a blind one in its place."""
    if not lacks_a_blind_verdict(history) or awaits_logs(history):
        return None
    (odd, *others) = [review for review in history.current if not review.blind]
    return odd if odd.place is ReviewRound.SECOND and not others else None


def had_a_part(history: LeadHistory, who: str, member: str) -> bool:
    """Whether a person of this member took the lead up, or gave a verdict on it."""
    took_up = history.lead.member == member and same_person(history.lead.examiner, who)
    return took_up or any(is_by(review, who, member) for review in history.reviews)
