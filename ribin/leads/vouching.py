"""Which entries of a lead one member takes from another: what audit logs vouch for.

The sender's log must have an entry as it is. An entry in the name of the receiving member is its
own word, so its own log must have it too: nobody puts a verdict into another laboratory's mouth.
A vault that came back from a backup may lack entries of its own, and is told which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ribin.cases.leads import LeadFile, Link, Review
from ribin.leads.crossing import is_same_lead
from ribin.leads.rules import is_by, makes_a_link
from ribin.leads.two_vaults import BothSides
from ribin.vault.audit import logged_sha256, record_sha256


@dataclass(frozen=True)
class Receiving:
    """One member that takes entries of a lead from another; refusals go into the notes."""

    sides: BothSides
    receiver: str
    sender: str

    def taken(self, theirs: LeadFile, mine: LeadFile | None) -> LeadFile | None:
        """The sender's lead without what is refused; None where the lead itself is."""
        lead = theirs.lead
        is_known = mine is not None and is_same_lead(mine.lead, lead)
        if not is_known and not self._vouched("leads", lead.lead, "lead", lead.member, theirs):
            return None
        known = {review.review: review for review in mine.reviews} if mine else {}
        reviews = tuple(
            r for r in theirs.reviews if self._is_here(r, known) or self._review(r, theirs)
        )
        link, end = theirs.link, theirs.withdrawal
        if link and not (mine and mine.link):
            both = {**known, **{review.review: review for review in reviews}}
            link = link if self._link(link, theirs, both.values()) else None
        if end and not (mine and mine.withdrawal):
            said = ("withdrawals", end.withdrawal, "withdrawal", end.member)
            end = end if self._vouched(*said, theirs) else None
        return replace(theirs, reviews=reviews, link=link, withdrawal=end)

    def _is_here(self, review: Review, known: Mapping[str, Review]) -> bool:
        """Whether the receiver has it, written as the sender has it."""
        ends = self.sides.transactions[self.sender], self.sides.transactions[self.receiver]
        one, other = (record_sha256(db, "reviews", review.review) for db in ends)
        return review.review in known and one == other

    def _review(self, review: Review, file: LeadFile) -> bool:
        given = {one.review: one for one in file.reviews}
        over = given.get(review.supersedes)
        if review.supersedes and not (over and is_by(over, review.reviewer, review.member)):
            return self._refused(f"review {review.review}", "it supersedes another's verdict")
        return self._vouched("reviews", review.review, "review", review.member, file)

    def _link(self, link: Link, file: LeadFile, reviews: Iterable[Review]) -> bool:
        if not self._vouched("links", link.link, "link", self.sender, file):
            return False
        then = sorted((r for r in reviews if r.at <= link.at), key=lambda r: (r.at, r.review))
        if makes_a_link(LeadFile(file.lead, tuple(then))):
            return True
        return self._refused(f"link {link.link}", "two verdicts that make it needed")

    def _vouched(self, table: str, key: str, what: str, member: str, file: LeadFile) -> bool:
        """Whether the logs have the entry that says it is of this member."""
        name, named = f"{table}/{key}", f"{what} {key}"
        sender_db = self.sides.transactions[self.sender]
        sha256 = record_sha256(sender_db, table, key)
        if logged_sha256(sender_db, name) != sha256:
            return self._refused(named, f"it is not as the audit log of {self.sender} has it")
        if member not in file.lead.members:
            return self._refused(
                named, f"it says to be of {member}, whom the lead does not concern"
            )
        receiver_db = self.sides.transactions[self.receiver]
        if member == self.receiver and logged_sha256(receiver_db, name) != sha256:
            return self._refused(
                named,
                f"it says to be of {member}, whose own audit log lacks it (as that of a vault "
                "that came back from a backup may)",
            )
        return True

    def _refused(self, entry: str, why: str) -> bool:
        self.sides.notes.append(f"{self.receiver}: {entry} not taken from {self.sender}: {why}")
        return False
