"""What the own vault takes of a lead as another member states it; then links are settled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ribin.cases.leads import (
    Closure,
    Confirmation,
    Lead,
    LeadHistory,
    Link,
    Review,
    ReviewRound,
    Role,
    Withdrawal,
    is_by,
)
from ribin.cases.record import Record, RecordKind
from ribin.errors import AccessError, StoreError
from ribin.exchange.message import MessageKind
from ribin.leads.blindness import check_blindness, reads_all_logs, was_shown
from ribin.leads.both_sides import BothSides, LeadChoice, both_sides
from ribin.leads.entries import Entry, entry_problem
from ribin.leads.rules import ends_the_link, makes_a_link, round_given
from ribin.leads.statements import TheirSide, is_same_lead, lead_for, word_name
from ribin.search.network import Network
from ribin.vault.disclosure import as_seen_by
from ribin.vault.exhibits import find_exhibit
from ribin.vault.leads import entry_sha256, insert_entry, leads_of_pair, read_leads
from ribin.vault.messages import note_delivery, own_questions
from ribin.vault.people import check_looker, check_role
from ribin.vault.records import RECORDS, insert_version
from ribin.vault.rows import RowHash, logged_sha256, record_sha256
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class Settled:
    """What the verdicts of a lead led to just now."""

    link_made: bool = False
    link_ended: bool = False


def merge_stated(both: BothSides) -> int:
    """As `merge_lead`, for every lead that another member stated."""
    stated = [one.history.lead for side in both.theirs.values() for one in side.leads.values()]
    numbers = dict.fromkeys(lead.lead for lead in sorted(stated, key=_age))
    return sum(merge_lead(both, number) for number in numbers)


def _age(lead: Lead) -> tuple[str, str]:
    return lead.at, lead.lead


def merge_lead(both: BothSides, lead: str) -> int:
    """Take the entries of a lead that the own vault lacks; gives how many were taken.

    What no audit log vouches for is left out, and the notes say so.

    Raises StoreError: the two sides know different leads, or reviews, by one number.
    """
    taken = sum(_take(both, lead, other) for other in both.theirs)
    settle(both, lead)
    return taken


def _take(both: BothSides, lead: str, other: str) -> int:
    member = both.own_member
    theirs = both.history(other, lead)
    if theirs is None or member not in theirs.lead.members:
        return 0
    mine = both.history(member, lead)
    theirs = Receiving(both, other).taken(theirs, mine)
    if theirs is None:
        return 0
    if mine is None:
        seen = as_seen_by(other, both.vault)  # named as `other` may name them
        held = [ref for ref in theirs.lead.exhibits if ref.member == member]
        if not all(seen.find(ref.exhibit) for ref in held):
            both.notes.append(f"{member}: lead {lead} not recorded, it holds no such exhibit")
            return 0
    theirs = _without_link_that_is_not_blind(both, mine, theirs)
    records = _given(both.own, member, mine, theirs, _words(both.theirs[other], mine, theirs))
    if records:
        both.log("lead received", lead, "", records, sender=other)
    return len(records)


def settle(both: BothSides, lead: str) -> Settled:
    """Make or end the link that the verdicts call for at the own side."""
    check_blindness(both, lead)
    history = both.history(both.own_member, lead)
    if history is None:
        return Settled()
    makes = makes_a_link(history) and _may_link(both, history)
    if makes and not _linked_otherwise(both.own, history):
        both.log("link", lead, "", [insert_entry(both.own, _link(both.own, history))])
        return Settled(link_made=True)
    if ends_the_link(history):
        last = max(history.current, key=lambda review: review.at)
        reason = f"verdict superseded: {last.note}"
        end = Withdrawal(lead, lead, last.reviewer, last.member, last.at, reason)
        both.log("withdrawal", lead, reason, [insert_entry(both.own, end)])
        return Settled(link_ended=True)
    return Settled()


def _without_link_that_is_not_blind(
    both: BothSides, mine: LeadHistory | None, theirs: LeadHistory
) -> LeadHistory:
    link = theirs.link
    if link is None or (mine and mine.link):
        return theirs
    made_it = [r for r in theirs.reviews if r.review == link.second_review]
    if not any(was_shown(both, theirs, review) for review in made_it):
        return theirs
    why = "a log says it was not blind"
    both.notes.append(f"{both.own_member}: link {link.link} not taken: {why}")
    return replace(theirs, link=None)


def _words(side: TheirSide, mine: LeadHistory | None, theirs: LeadHistory) -> list[Record]:
    """The records of the end of a lead and of its confirmation that are theirs and not mine."""
    said = [
        (RecordKind.CLOSURE, theirs.closure, mine and mine.closure),
        (RecordKind.CONFIRMATION, theirs.confirmation, mine and mine.confirmation),
    ]
    found = [side.word(theirs.lead.lead, kind) for kind, one, own in said if one and not own]
    return [one for one in found if one]


def _given(
    db: Any, member: str, mine: LeadHistory | None, theirs: LeadHistory, words: Iterable[Record]
) -> list[RowHash]:
    """Insert what is theirs and not mine; `words` are their records that I lack.

    A link is left out where the pair has been linked by another lead meanwhile.
    """
    db.execute("PRAGMA defer_foreign_keys = ON")  # a review may come before the one it supersedes
    records = [] if mine else [insert_entry(db, lead_for(member, theirs.lead))]
    mine = mine or LeadHistory(theirs.lead)
    lead = mine.lead.lead
    if not is_same_lead(mine.lead, theirs.lead):
        raise StoreError(f"lead {lead}: the two members know different leads by this number")
    known = {review.review: review for review in mine.reviews}
    written = {review.review: review for review in theirs.given}
    for review in theirs.reviews:
        same = known.get(review.review, review)
        # Place and blindness follow from what else is known.
        if replace(same, place=review.place, blind=review.blind) != review:
            raise StoreError(f"review {review.review}: the two members know different ones by it")
        if review.review not in known:
            records.append(insert_entry(db, written.get(review.review, review)))
    has_link = mine.link is not None
    if theirs.link and not has_link and not _linked_otherwise(db, mine):
        records.append(insert_entry(db, theirs.link))
        has_link = True
    if theirs.withdrawal and has_link and not mine.withdrawal:
        records.append(insert_entry(db, theirs.withdrawal))
    return [*records, *(insert_version(db, one) for one in words)]


def _may_link(both: BothSides, history: LeadHistory) -> bool:
    """Whether all logs were read, and the second verdict is that of a reviewer."""
    if not reads_all_logs(both, history.lead):
        return False
    second = next(review for review in history.current if review.place is ReviewRound.SECOND)
    apart = round_given(history, second) is ReviewRound.FIRST  # given as an examiner's
    problem = _role_problem(both, history, second) if apart else ""
    if problem:
        note = f"lead {history.lead.lead}: no link, the second verdict: {problem}"
        both.notes += [note] if note not in both.notes else []
    return not problem


def _role_problem(both: BothSides, history: LeadHistory, second: Review) -> str:
    """Why who gave a verdict is no reviewer, as the reviewer's own member has it."""
    if second.member != both.own_member:
        giver = both.theirs[second.member].giver(history.lead.lead, second.review)
        return giver.role_problem if giver else f"{second.member} does not say who gave it"
    try:
        check_role(both.own, second.reviewer, (Role.REVIEWER,))
    except AccessError as error:
        return str(error)
    return ""


def _linked_otherwise(db: Any, history: LeadHistory) -> bool:
    return any(other.linked for other in leads_of_pair(db, history.lead.pair))


def _link(db: Any, history: LeadHistory) -> Link:
    first, second = (
        next(review for review in history.current if review.place is place) for place in ReviewRound
    )
    lead, days = history.lead, []
    for ref, event in zip(
        lead.exhibits, (lead.reference_event, lead.comparison_event), strict=True
    ):
        exhibit = find_exhibit(db, ref.exhibit) if event else None  # none across a border
        days.append(exhibit.event.date if exhibit else "")
    confirmed = [history.confirmation.at] if history.confirmation else []
    at = max(*(review.at for review in history.current), *confirmed)
    verdicts = first.review, second.review
    return Link(lead.lead, lead.lead, lead.pair, *verdicts, days[0], days[1], at)


_LEADS = str(MessageKind.LEADS)


def sync_leads(own: Vault, network: Network, *, who: str) -> tuple[int, tuple[str, ...]]:
    """Bring every lead that concerns other members up to date at both sides.

    Gives how many entries were carried over in either direction; and who could not be reached, and
    which entries were not taken because no audit log vouches for them. Raises AccessError: the
    vault's people have roles, and `who` has none.
    """
    check_looker(own.catalogue, who)
    with own.catalogue.reading() as db:
        concerned = {m for history in read_leads(db) for m in history.lead.members}
    carried, notes = 0, []
    for member in sorted((concerned | set(network.members)) - {own.member}):
        with both_sides(own, network, (member,), who, LeadChoice(every=True)) as both:
            side = both.theirs.get(member)
            carried += (side.taken if side else 0) + merge_stated(both)
            notes += both.notes if member in concerned or side else []
        if side:
            for one in own_questions(own, receiver=member, kind=_LEADS, waiting=True):
                note_delivery(own, member, _LEADS, one.subject, one.id)
    return carried, tuple(dict.fromkeys(notes))


# Which entries of a lead one member takes from another: what audit logs vouch for.
#
# The sender's log must have an entry as it is. An entry in the name of the receiving member is its
# own word, so its own log must have it too: nobody puts a verdict into another laboratory's mouth.
# A vault that came back from a backup may lack entries of its own, and is told which.


_Word = TypeVar("_Word", Closure, Confirmation)


@dataclass(frozen=True)
class Receiving:
    """One member that takes entries of a lead from another; refusals go into the notes."""

    both: BothSides
    sender: str

    @property
    def receiver(self) -> str:
        return self.both.own_member

    def taken(self, theirs: LeadHistory, mine: LeadHistory | None) -> LeadHistory | None:
        """The sender's lead without what is refused; None where the lead itself is."""
        lead = theirs.lead
        is_known = mine is not None and is_same_lead(mine.lead, lead)
        if not is_known and not self._sound(lead, f"lead {lead.lead}"):
            return None
        if not is_known and not self._vouched(lead, f"leads/{lead.lead}", "lead", theirs):
            return None
        known = {review.review: review for review in mine.reviews} if mine else {}
        reviews = tuple(r for r in theirs.reviews if self._review(r, known, theirs))
        link, end, closed = theirs.link, theirs.withdrawal, theirs.closure
        confirmed = theirs.confirmation
        if confirmed and not (mine and mine.confirmation):
            confirmed = self._word(confirmed, RecordKind.CONFIRMATION, theirs)
        if link and not (mine and mine.link):
            given = {**known, **{review.review: review for review in reviews}}
            told = replace(theirs, reviews=tuple(given.values()), confirmation=confirmed)
            link = link if self._link(link, told) else None
        if end and not (mine and mine.withdrawal):
            said = (f"withdrawals/{end.withdrawal}", "withdrawal")
            sound = self._sound(end, f"withdrawal {end.withdrawal}")
            end = end if sound and self._vouched(end, *said, theirs) else None
        if closed and not (mine and mine.closure):
            closed = self._word(closed, RecordKind.CLOSURE, theirs)
        taken = replace(theirs, reviews=reviews, link=link, withdrawal=end)
        return replace(taken, closure=closed, confirmation=confirmed)

    def _word(self, word: _Word, kind: RecordKind, history: LeadHistory) -> _Word | None:
        name, lead = f"{RECORDS}/{word_name(kind, history.lead.lead)}", history.lead.lead
        sound = self._sound(word, f"{kind} of {lead}")
        return word if sound and self._vouched(word, name, str(kind), history) else None

    def _review(self, review: Review, known: Mapping[str, Review], history: LeadHistory) -> bool:
        named = f"review {review.review}"[:80]
        given = {one.review: one for one in history.given}
        written = given[review.review]
        here = record_sha256(self.both.own, "reviews", review.review)
        if review.review in known and here == entry_sha256(written):  # as the sender has it
            return True
        if not self._sound(review, named):
            return False
        over = {one.review: one for one in history.reviews}.get(review.supersedes)
        if review.supersedes and not (over and is_by(over, review.reviewer, review.member)):
            return self._refused(named, "it supersedes another's verdict")
        return self._vouched(written, f"reviews/{review.review}", "review", history)

    def _link(self, link: Link, history: LeadHistory) -> bool:
        sound = self._sound(link, f"link {link.link}")
        if not (sound and self._vouched(link, f"links/{link.link}", "link", history)):
            return False
        given = (review for review in history.reviews if review.at <= link.at)
        then = tuple(sorted(given, key=lambda r: (r.at, r.review)))
        if makes_a_link(LeadHistory(history.lead, then, confirmation=history.confirmation)):
            return True
        return self._refused(f"link {link.link}", "two verdicts that make it needed")

    def _vouched(self, entry: Entry, name: str, what: str, history: LeadHistory) -> bool:
        """Whether the logs have the entry that says it is of this member."""
        named = f"{what} {name.partition('/')[2]}"
        if isinstance(entry, Closure | Confirmation):
            named = f"{what} of {entry.lead}"
        member = self.sender if isinstance(entry, Link) else entry.member
        if not self.both.theirs[self.sender].vouches(history.lead.lead, name):
            return self._refused(named, f"it is not as the audit log of {self.sender} has it")
        if member not in history.lead.members:
            why = f"it says to be of {member}, whom the lead does not concern"
            return self._refused(named, why)
        if member == self.receiver and not self._own_log_has(entry, name):
            why = f"it says to be of {member}, whose own audit log lacks it (as that of a vault "
            return self._refused(named, f"{why}that came back from a backup may)")
        return True

    def _own_log_has(self, entry: Entry, name: str) -> bool:
        if isinstance(entry, Closure | Confirmation):
            kind = RecordKind.CLOSURE if isinstance(entry, Closure) else RecordKind.CONFIRMATION
            said = self.both.theirs[self.sender].word(entry.lead, kind)
            return said is not None and logged_sha256(self.both.own, name) == said.sha256
        return logged_sha256(self.both.own, name) == entry_sha256(entry)

    def _sound(self, entry: Entry, named: str) -> bool:
        """Whether an entry is data of its kind, within its limits."""
        problem = entry_problem(entry)
        return not problem or self._refused(named[:80], problem)

    def _refused(self, entry: str, why: str) -> bool:
        self.both.notes.append(f"{self.receiver}: {entry} not taken from {self.sender}: {why}")
        return False
