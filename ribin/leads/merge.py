"""One lead in the vaults of both members: each is given what it lacks, then links are settled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ribin.cases.leads import (
    Closure,
    Confirmation,
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
from ribin.leads.blindness import check_blindness, reads_all_logs, was_shown
from ribin.leads.entries import Entry, entry_problem
from ribin.leads.rules import ends_the_link, makes_a_link, round_given
from ribin.leads.two_vaults import BothVaults, both_vaults, is_same_lead, lead_for
from ribin.search.network import Network
from ribin.vault.disclosure import as_seen_by
from ribin.vault.exhibits import find_exhibit
from ribin.vault.leads import insert_entry, lead_numbers, leads_of_pair, read_leads
from ribin.vault.people import check_looker, check_role
from ribin.vault.records import RECORDS, insert_version, last_version
from ribin.vault.rows import RowHash, logged_sha256, record_sha256
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class Settled:
    """What the verdicts of a lead led to just now."""

    link_made: bool = False
    link_ended: bool = False


def merge_pair(both: BothVaults, pair: str) -> None:
    """As `merge_lead`, for every lead on two exhibits that one of the sides knows."""
    known = {
        number for db in both.transactions.values() for number in lead_numbers(db, "pair = ?", pair)
    }
    for _, lead in sorted(known):
        merge_lead(both, lead)


def merge_lead(both: BothVaults, lead: str) -> int:
    """Give each side the entries of a lead that it lacks; gives how many were carried over.

    What no audit log vouches for is left out, and the notes say so.

    Raises StoreError: the two sides know different leads, or reviews, by one number.
    """
    carried = 0
    for member, db in both.transactions.items():
        for other in both.transactions:
            theirs = both.history(other, lead)
            if other == member or theirs is None or member not in theirs.lead.members:
                continue
            mine = both.history(member, lead)
            theirs = Receiving(both, member, other).taken(theirs, mine)
            if theirs is None:
                continue
            if mine is None:
                seen = as_seen_by(other, both.vaults[member])  # named as `other` may name them
                held = [ref for ref in theirs.lead.exhibits if ref.member == member]
                if not all(seen.find(ref.exhibit) for ref in held):
                    note = f"{member}: lead {lead} not recorded, it holds no such exhibit"
                    both.notes.append(note)
                    continue
            theirs = _without_link_that_is_not_blind(both, member, mine, theirs)
            words = _words(both.transactions[other], mine, theirs)
            records = _given(db, member, mine, theirs, words)
            if records:
                both.log(member, "lead received", lead, "", records, sender=other)
                carried += len(records)
    settle(both, lead)
    return carried


def settle(both: BothVaults, lead: str) -> Settled:
    """Make or end the link that the verdicts call for on every side; what the own side did."""
    done = Settled()
    check_blindness(both, lead)
    for member, db in both.transactions.items():
        history = both.history(member, lead)
        if history is None:
            continue
        makes = makes_a_link(history) and _may_link(both, history)
        if makes and not _linked_otherwise(db, history):
            record = insert_entry(db, _link(db, history))
            both.log(member, "link", lead, "", [record])
            done = Settled(link_made=True) if member == both.own_member else done
        elif ends_the_link(history):
            last = max(history.current, key=lambda review: review.at)
            reason = f"verdict superseded: {last.note}"
            end = Withdrawal(lead, lead, last.reviewer, last.member, last.at, reason)
            both.log(member, "withdrawal", lead, reason, [insert_entry(db, end)])
            done = Settled(link_ended=True) if member == both.own_member else done
    return done


def _without_link_that_is_not_blind(
    both: BothVaults, member: str, mine: LeadHistory | None, theirs: LeadHistory
) -> LeadHistory:
    link = theirs.link
    if link is None or (mine and mine.link):
        return theirs
    made_it = [r for r in theirs.reviews if r.review == link.second_review]
    if not any(was_shown(both, theirs, review) for review in made_it):
        return theirs
    both.notes.append(f"{member}: link {link.link} not taken: a log says it was not blind")
    return replace(theirs, link=None)


def _words(db: Any, mine: LeadHistory | None, theirs: LeadHistory) -> list[Record]:
    """The records of the end of a lead and of its confirmation that are theirs and not mine."""
    said = [
        (RecordKind.CLOSURE, theirs.closure, mine and mine.closure),
        (RecordKind.CONFIRMATION, theirs.confirmation, mine and mine.confirmation),
    ]
    found = [last_version(db, kind, theirs.lead.lead) for kind, one, own in said if one and not own]
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


def _may_link(both: BothVaults, history: LeadHistory) -> bool:
    """Whether all logs were read, and the second verdict is that of a reviewer."""
    if not reads_all_logs(both, history.lead):
        return False
    second = next(review for review in history.current if review.place is ReviewRound.SECOND)
    if round_given(history, second) is ReviewRound.FIRST:  # given apart, as an examiner's
        try:
            check_role(both.transactions[second.member], second.reviewer, (Role.REVIEWER,))
        except AccessError as error:
            note = f"lead {history.lead.lead}: no link, the second verdict: {error}"
            both.notes += [note] if note not in both.notes else []
            return False
    return True


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
        with both_vaults(own, network, (member,), who) as both:
            between = "(reference_member, comparison_member) IN (VALUES (?1, ?2), (?2, ?1))"
            known = {
                number
                for db in both.transactions.values()
                for number in lead_numbers(db, between, own.member, member)
            }
            if len(both.transactions) > 1:
                carried += sum(merge_lead(both, lead) for _, lead in sorted(known))
            notes += both.notes if member in concerned or known else []
    return carried, tuple(notes)


# Which entries of a lead one member takes from another: what audit logs vouch for.
#
# The sender's log must have an entry as it is. An entry in the name of the receiving member is its
# own word, so its own log must have it too: nobody puts a verdict into another laboratory's mouth.
# A vault that came back from a backup may lack entries of its own, and is told which.


_Word = TypeVar("_Word", Closure, Confirmation)


@dataclass(frozen=True)
class Receiving:
    """One member that takes entries of a lead from another; refusals go into the notes."""

    both: BothVaults
    receiver: str
    sender: str

    def taken(self, theirs: LeadHistory, mine: LeadHistory | None) -> LeadHistory | None:
        """The sender's lead without what is refused; None where the lead itself is."""
        lead = theirs.lead
        is_known = mine is not None and is_same_lead(mine.lead, lead)
        if not is_known and not self._sound(lead, f"lead {lead.lead}"):
            return None
        if not is_known and not self._vouched("leads", lead.lead, "lead", lead.member, theirs):
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
            said = ("withdrawals", end.withdrawal, "withdrawal", end.member)
            sound = self._sound(end, f"withdrawal {end.withdrawal}")
            end = end if sound and self._vouched(*said, theirs) else None
        if closed and not (mine and mine.closure):
            closed = self._word(closed, RecordKind.CLOSURE, theirs)
        taken = replace(theirs, reviews=reviews, link=link, withdrawal=end)
        return replace(taken, closure=closed, confirmation=confirmed)

    def _word(self, word: _Word, kind: RecordKind, history: LeadHistory) -> _Word | None:
        said = (RECORDS, f"{kind}/{history.lead.lead}/1", str(kind), word.member)
        sound = self._sound(word, f"{kind} of {history.lead.lead}")
        return word if sound and self._vouched(*said, history) else None

    def _review(self, review: Review, known: Mapping[str, Review], history: LeadHistory) -> bool:
        ends = self.both.transactions[self.sender], self.both.transactions[self.receiver]
        one, other = (record_sha256(db, "reviews", review.review) for db in ends)
        if review.review in known and one == other:  # here already, written as the sender has it
            return True
        if not self._sound(review, f"review {review.review}"):
            return False
        given = {one.review: one for one in history.reviews}
        over = given.get(review.supersedes)
        if review.supersedes and not (over and is_by(over, review.reviewer, review.member)):
            return self._refused(f"review {review.review}", "it supersedes another's verdict")
        return self._vouched("reviews", review.review, "review", review.member, history)

    def _link(self, link: Link, history: LeadHistory) -> bool:
        sound = self._sound(link, f"link {link.link}")
        if not (sound and self._vouched("links", link.link, "link", self.sender, history)):
            return False
        given = (review for review in history.reviews if review.at <= link.at)
        then = tuple(sorted(given, key=lambda r: (r.at, r.review)))
        if makes_a_link(LeadHistory(history.lead, then, confirmation=history.confirmation)):
            return True
        return self._refused(f"link {link.link}", "two verdicts that make it needed")

    def _vouched(self, table: str, key: str, what: str, member: str, history: LeadHistory) -> bool:
        """Whether the logs have the entry that says it is of this member."""
        name, named = f"{table}/{key}", f"{what} {key}"
        sender_db = self.both.transactions[self.sender]
        sha256 = record_sha256(sender_db, table, key)
        if logged_sha256(sender_db, name) != sha256:
            return self._refused(named, f"it is not as the audit log of {self.sender} has it")
        if member not in history.lead.members:
            why = f"it says to be of {member}, whom the lead does not concern"
            return self._refused(named, why)
        receiver_db = self.both.transactions[self.receiver]
        if member == self.receiver and logged_sha256(receiver_db, name) != sha256:
            why = f"it says to be of {member}, whose own audit log lacks it (as that of a vault "
            return self._refused(named, f"{why}that came back from a backup may)")
        return True

    def _sound(self, entry: Entry, named: str) -> bool:
        """Whether an entry is data of its kind, within its limits."""
        problem = entry_problem(entry)
        return not problem or self._refused(named[:80], problem)

    def _refused(self, entry: str, why: str) -> bool:
        self.both.notes.append(f"{self.receiver}: {entry} not taken from {self.sender}: {why}")
        return False
