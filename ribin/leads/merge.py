"""What the own vault takes of leads as another member states them: the statements that it lacks.

What became of a lead follows from the statements (`cases/lead_history.py`), at both sides alike.
"""

from __future__ import annotations

from dataclasses import dataclass

from ribin.cases.lead_history import verdicts_are_known
from ribin.cases.leads import Lead, LeadHistory, Review, ReviewRound
from ribin.cases.record import Record, RecordKind, version_problem
from ribin.errors import RibinError, StoreError
from ribin.leads.blindness import find_blindness, is_blind
from ribin.leads.both_sides import BothSides, LeadChoice, both_sides, exchange, not_recorded
from ribin.leads.entries import MOST_REVIEWS, Entry, entry_problem
from ribin.leads.statements import TheirSide, is_same_lead, lead_for
from ribin.search.network import Network
from ribin.vault.bodies import body_problem
from ribin.vault.disclosure import as_seen_by
from ribin.vault.leads import (
    content_of,
    entry_sha256,
    find_lead,
    insert_entry,
    is_named_as_stated,
    read_leads,
    word_of,
)
from ribin.vault.people import check_looker
from ribin.vault.records import RECORDS, insert_version, last_version
from ribin.vault.rows import RowHash, logged_sha256, record_sha256
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class Settled:
    """What the statements of a lead led to just now."""

    link_made: bool = False
    link_ended: bool = False


def merge_stated(both: BothSides) -> int:
    """As `merge_lead`, for every lead that another member stated."""
    stated = (one.lead for side in both.theirs.values() for one in side.leads.values())
    numbers = dict.fromkeys(number for _, number in sorted((one.at, one.lead) for one in stated))
    return sum(merge_lead(both, number) for number in numbers)


def merge_lead(both: BothSides, lead: str) -> int:
    """Take the statements of a lead that the own vault lacks; gives how many were taken.

    What no audit log vouches for is left out, and the notes say so.

    Raises StoreError: the two sides know different leads, or reviews, by one number.
    """
    before = find_lead(both.own, lead)
    taken = sum(_Receiving(both, other, lead).take() for other in both.theirs)
    settle(both, lead, before)
    return taken


def settle(both: BothSides, lead: str, before: LeadHistory | None) -> Settled:
    """State what logs say of the verdicts; log whether the link came about or ended since
    `before`."""
    find_blindness(both, lead)
    history = find_lead(both.own, lead)
    if history is None:
        return Settled()
    made = history.link is not None and not (before and before.link)
    end = history.withdrawal if not (before and before.withdrawal) else None
    if made:
        both.log("link", lead, "", [])
    if end and last_version(both.own, RecordKind.WITHDRAWAL, end.id) is None:  # by a verdict
        both.log("withdrawal", lead, end.reason, [])
    return Settled(made, end is not None)


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
            opened = side is not None and opens_a_verdict(both, side)
            notes += both.notes if member in concerned or side else []
        try:
            again = LeadChoice(every=True)
            carried += exchange(own, network, member, who, again).taken if opened else 0
        except (RibinError, OSError) as error:
            notes.append(not_recorded(member, str(error)))
    return carried, tuple(dict.fromkeys(notes))


def opens_a_verdict(both: BothSides, side: TheirSide) -> bool:
    """Whether an own verdict that the other has sealed may be opened now that both are in."""
    for number, one in side.leads.items():
        history = find_lead(both.own, number)
        known = {word.id for word in one.words if word.kind is RecordKind.VERDICT}
        for review in history.reviews if history and verdicts_are_known(history) else ():
            if review.member == both.own_member and review.review not in known:
                return True
    return False


# Which statements on a lead one member takes from another: what audit logs vouch for.
#
# The sender's log must have a statement as it is. One in the name of the receiving member is its
# own word, so its own log must have it too: nobody puts a verdict into another laboratory's mouth.
# A vault that came back from a backup may lack statements of its own, and is told which.


@dataclass(frozen=True)
class _Receiving:
    """One member that takes statements on a lead from another; refusals go into the notes."""

    both: BothSides
    sender: str
    lead: str

    @property
    def receiver(self) -> str:
        return self.both.own_member

    def take(self) -> int:
        """Take what the own vault lacks; gives how many statements that were."""
        theirs = self.both.theirs[self.sender].leads.get(self.lead)
        if theirs is None or self.receiver not in theirs.lead.members:
            return 0
        rows = self._take_lead(theirs.lead)
        if rows is None:
            return 0
        for review in theirs.reviews:
            rows += self._take_review(review)
        for record in theirs.words:
            rows += self._take_word(record)
        if rows:
            self.both.log("lead received", self.lead, "", rows, sender=self.sender)
        return len(rows)

    def _take_lead(self, theirs: Lead) -> list[RowHash] | None:
        """The lead itself where it is not known; None where it is refused."""
        mine = find_lead(self.both.own, self.lead)
        if mine and is_same_lead(mine.lead, theirs):
            return []
        sha256 = entry_sha256(theirs)
        if not self._vouched(theirs, f"leads/{self.lead}", f"lead {self.lead}", sha256):
            return None
        if mine:
            text = "the two members know different leads by this number"
            raise StoreError(f"lead {self.lead}: {text}")
        seen = as_seen_by(self.sender, self.both.vault)  # named as the sender may name them
        held = [ref for ref in theirs.exhibits if ref.member == self.receiver]
        if not all(seen.find(ref.exhibit) for ref in held):
            text = f"lead {self.lead} not recorded, it holds no such exhibit"
            self.both.notes.append(f"{self.receiver}: {text}")
            return None
        return [insert_entry(self.both.own, lead_for(self.receiver, theirs))]

    def _take_review(self, review: Review) -> list[RowHash]:
        sha256, name = entry_sha256(review), f"reviews/{review.review}"
        here = record_sha256(self.both.own, "reviews", review.review)
        if here == sha256:  # as the sender has it
            return []
        if not self._vouched(review, name, f"review {review.review}", sha256):
            return []
        if here:
            raise StoreError(f"review {review.review}: the two members know different ones by it")
        mine = find_lead(self.both.own, self.lead)
        if mine and sum(one.member == review.member for one in mine.given) >= MOST_REVIEWS:
            text = f"at most {MOST_REVIEWS} verdicts of {review.member} needed on a lead"
            self._refused(f"review {review.review}", text)
            return []
        words = self.both.theirs[self.sender].leads[self.lead].words
        opened = any(self._opens(w, review) for w in words if w.kind is RecordKind.VERDICT)
        if review.place is ReviewRound.SECOND and not opened:  # the first one is opened for it
            self._refused(f"review {review.review}", "a second verdict with its content needed")
            return []
        return [insert_entry(self.both.own, review)]

    def _opens(self, said: Record, review: Review) -> bool:
        """Whether this is the content of a review, and will be taken with it."""
        vouched = self.both.theirs[self.sender].vouches(self.lead, f"{RECORDS}/{said.name}")
        problem = body_problem(said) or entry_problem(content_of(said))
        return vouched and not problem and _is_content_of(said, review)

    def _take_word(self, said: Record) -> list[RowHash]:
        here = record_sha256(self.both.own, RECORDS, said.name)
        if here == said.sha256:
            return []
        is_content = said.kind is RecordKind.VERDICT
        named = f"{'content of' if is_content else said.kind} {said.id}"
        if problem := body_problem(said):
            self._refused(named[:80], problem)
            return []
        if is_content:
            return self._take_content(said)
        word, stated = word_of(said), (said.body or {}).get("lead")
        if stated != word.lead:
            self._refused(
                named[:80], f"lead {word.lead[:40]} needed in it, found {str(stated)[:40]}"
            )
            return []
        if word.review and record_sha256(self.both.own, "reviews", word.review) is None:
            return []  # of a verdict that was not taken
        if not is_named_as_stated(word):
            self._refused(named[:80], f"a name of {word.member[:3]} needed for it")
            return []
        if problem := version_problem(said, None):
            self._refused(named[:80], problem)
            return []
        if not self._vouched(word, f"{RECORDS}/{said.name}", named, said.sha256):
            return []
        if here:
            raise StoreError(f"{named}: the two members know different ones by it")
        if word.blind and not is_blind(self.both, self.lead, word.review):
            self._refused(named[:80], "a log says that it was not blind")
            return []
        return [insert_version(self.both.own, said)]

    def _take_content(self, said: Record) -> list[RowHash]:
        """The content of a verdict, where it is what its giver bound itself to."""
        content, named = content_of(said), f"content of {said.id}"
        mine = find_lead(self.both.own, self.lead)
        sealed = {one.review: one for one in mine.reviews if one.is_sealed} if mine else {}
        if said.id not in sealed:
            return []  # of a verdict that was not taken
        if not _is_content_of(said, sealed[said.id]):
            self._refused(named[:80], "it differs from the salted hash that came first")
            return []
        if not self._vouched(content, f"{RECORDS}/{said.name}", named, said.sha256):
            return []
        return [insert_version(self.both.own, said)]

    def _vouched(self, entry: Entry, name: str, named: str, sha256: str) -> bool:
        """Whether the entry is data of its kind, of this lead, and the logs have it as it is."""
        named = named[:80]
        if problem := entry_problem(entry):
            return self._refused(named, problem)
        if entry.lead != self.lead:
            return self._refused(named, f"it is of lead {entry.lead}")
        if not self.both.theirs[self.sender].vouches(self.lead, name):
            return self._refused(named, f"it is not as the audit log of {self.sender} has it")
        if entry.member not in self.both.theirs[self.sender].leads[self.lead].lead.members:
            why = f"it says to be of {entry.member}, whom the lead does not concern"
            return self._refused(named, why)
        if entry.member == self.receiver and logged_sha256(self.both.own, name) != sha256:
            why = f"it says to be of {entry.member}, whose own audit log lacks it (as that of a "
            return self._refused(named, f"{why}vault that came back from a backup may)")
        return True

    def _refused(self, entry: str, why: str) -> bool:
        self.both.notes.append(f"{self.receiver}: {entry} not taken from {self.sender}: {why}")
        return False


def _is_content_of(said: Record, review: Review) -> bool:
    """Whether a record is what the giver of a review bound itself to, stated by that person."""
    stated = said.id, said.member, said.person, said.body_sha256
    bound = review.review, review.member, review.reviewer, review.content_sha256
    return stated == bound and not (said.reason or version_problem(said, None))
