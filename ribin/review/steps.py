"""The steps of a lead: taken up, reviewed, reviewed again blind, linked, withdrawn.

Each one is checked and recorded in one go at both members concerned, where they can be reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ribin.leads import (
    Conclusion,
    Examined,
    HeldExhibit,
    Lead,
    LeadFile,
    Place,
    Review,
    Standing,
    Withdrawal,
    pair_of,
)
from ribin.people import Role
from ribin.review.bothsides import BothSides, both_sides
from ribin.review.concerned import check_pair, names_in_lead
from ribin.review.merging import Settled, merge_lead, merge_pair, settle
from ribin.review.rules import (
    check_new_lead,
    check_review,
    check_withdrawal,
    checked_text,
    next_place,
    own_review,
    standing_of,
    verdicts_are_known,
)
from ribin.search.network import Network
from ribin.store.audit import now_utc
from ribin.store.leadrecords import (
    insert_lead,
    insert_review,
    insert_withdrawal,
    lead_files_of_pair,
    next_lead_number,
    read_lead_file,
    read_lead_files,
)
from ribin.store.roles import check_role
from ribin.store.vault import Vault

_REVIEWING = {Place.FIRST: Role.EXAMINER, Place.SECOND: Role.REVIEWER}


@dataclass(frozen=True)
class Step:
    """What a step led to; `notes` says which member has not got it yet."""

    file: LeadFile
    notes: tuple[str, ...] = ()
    link_made: bool = False
    link_ended: bool = False

    @property
    def standing(self) -> Standing:
        return standing_of(self.file)


def take_up_lead(
    own: Vault,
    network: Network | None,
    reference: HeldExhibit,
    comparison: HeldExhibit,
    *,
    who: str,
    note: str,
    figures: Mapping[str, Any] | None = None,
) -> Step:
    """Make a candidate a lead.

    Parameters
    ----------
    reference, comparison : HeldExhibit
        At least one of them is held by the own member.
    figures : mapping, optional
        The row of the candidate as the examiner saw it.

    Raises
    ------
    AccessError
        `who` is no examiner, or the holder of an exhibit does not show it to this member.
    ParameterError
        Both exhibits are the same, neither is an own one, or there is no note.
    StoreError
        An exhibit is unknown, or the pair has a lead that is open or a link that stands.
    """
    note = checked_text(note, "note: why these two should be examined")
    check_pair(own.member, reference, comparison)
    with both_sides(own, network, (reference.member, comparison.member), who) as sides:
        check_role(sides.own, who, (Role.EXAMINER,))
        named = names_in_lead(sides, network, reference, comparison)
        (reference, reference_event), (comparison, comparison_event) = named
        check_pair(own.member, reference, comparison)
        pair = pair_of(reference, comparison)
        merge_pair(sides, pair)
        check_new_lead(lead_files_of_pair(sides.own, pair))
        number = next_lead_number(sides.own, own.member)
        lead = Lead(
            lead=number,
            member=own.member,
            reference=reference,
            reference_event=reference_event,
            comparison=comparison,
            comparison_event=comparison_event,
            examiner=who,
            at=now_utc(),
            note=note,
            figures=dict(figures or {}),
        )
        for member in _concerned(sides, lead):
            record = insert_lead(sides.transactions[member], lead)
            sides.write_down(member, "lead", number, note, [record])
        return _step(sides, number)


def give_review(
    own: Vault,
    network: Network | None,
    lead: str,
    conclusion: Conclusion,
    examined: Examined,
    *,
    who: str,
    note: str,
    supersede: bool = False,
) -> Step:
    """Add a verdict on the items: the first, the second, or one that supersedes one's own.

    Raises
    ------
    AccessError
        `who` is no examiner (first review) or no reviewer (second), or would review their own.
    ParameterError
        There is no note.
    StoreError
        The lead is unknown, or has both reviews already.
    """
    note = checked_text(note, "note: what the verdict rests on")
    with both_sides(own, network, _members_of(own, lead), who) as sides:
        merge_lead(sides, lead)
        file = read_lead_file(sides.own, lead, str(own.path))
        earlier = own_review(file, who) if supersede else None
        place = earlier.place if earlier else next_place(file)
        check_role(sides.own, who, (_REVIEWING[place],))
        if not earlier:
            check_review(file, who)
        given = sum(review.member == own.member for review in file.reviews)
        review = Review(
            review=f"{lead}/{own.member}{given + 1}",
            lead=lead,
            place=place,
            conclusion=conclusion,
            examined=examined,
            blind=not verdicts_are_known(file),
            reviewer=who,
            member=own.member,
            at=now_utc(),
            note=note,
            supersedes=earlier.review if earlier else "",
        )
        for member in _concerned(sides, file.lead):
            record = insert_review(sides.transactions[member], review)
            # Not the verdict: the log can be read before the second one is in.
            sides.write_down(member, "review", lead, "", [record], place=str(place))
        return _step(sides, lead, settle(sides, lead))


def withdraw_link(own: Vault, network: Network | None, lead: str, *, who: str, reason: str) -> Step:
    """End a link; both reviews and the link itself stay on record.

    Raises
    ------
    AccessError
        `who` is neither examiner nor reviewer.
    ParameterError
        There is no reason.
    StoreError
        The lead is unknown, or no link that stands.
    """
    reason = checked_text(reason, "reason: why the link is withdrawn")
    with both_sides(own, network, _members_of(own, lead), who) as sides:
        check_role(sides.own, who, (Role.EXAMINER, Role.REVIEWER))
        merge_lead(sides, lead)
        file = read_lead_file(sides.own, lead, str(own.path))
        check_withdrawal(file)
        end = Withdrawal(lead, lead, who, own.member, now_utc(), reason)
        for member in _concerned(sides, file.lead):
            record = insert_withdrawal(sides.transactions[member], end)
            sides.write_down(member, "withdrawal", lead, reason, [record])
        return _step(sides, lead, Settled(link_ended=True))


def sync_leads(own: Vault, network: Network, *, who: str) -> tuple[int, tuple[str, ...]]:
    """Bring every lead that concerns other members up to date at both sides.

    Returns
    -------
    int, tuple of str
        Entries carried over in either direction, and who could not be reached.
    """
    with own.catalogue.reading() as db:
        concerned = {m for file in read_lead_files(db) for m in file.lead.members}
    carried, notes = 0, []
    for member in sorted((concerned | set(network.members)) - {own.member}):
        with both_sides(own, network, (member,), who) as sides:
            known = {
                (file.lead.at, file.lead.lead)
                for db in sides.transactions.values()
                for file in read_lead_files(db)
                if set(file.lead.members) == {own.member, member}
            }
            if len(sides.transactions) > 1:
                carried += sum(merge_lead(sides, lead) for _, lead in sorted(known))
            notes += sides.notes if member in concerned else []
    return carried, tuple(notes)


def _members_of(own: Vault, lead: str) -> tuple[str, ...]:
    with own.catalogue.reading() as db:
        return read_lead_file(db, lead, str(own.path)).lead.members


def _concerned(sides: BothSides, lead: Lead) -> list[str]:
    """Members concerned whose vault is in reach; the lead is there, because it was merged."""
    return [member for member in sides.transactions if member in lead.members]


def _step(sides: BothSides, lead: str, settled: Settled | None = None) -> Step:
    settled = settled or Settled()
    file = read_lead_file(sides.own, lead, sides.own_member)
    return Step(file, tuple(sides.notes), settled.link_made, settled.link_ended)
