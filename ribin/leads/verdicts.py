"""The step between: a person examines the items and writes down a verdict."""

from __future__ import annotations

from ribin.cases.leads import Conclusion, Examined, LeadFile, Place, Review
from ribin.leads.blindness import eyes_of_this_process, reads_all_logs, saw_a_verdict
from ribin.leads.done import Step, concerned_in_reach, members_of_lead, step_done
from ribin.leads.merge import merge_lead, settle
from ribin.leads.rules import (
    check_review,
    checked_text,
    next_place,
    own_review,
    verdicts_are_known,
    written_place,
)
from ribin.leads.two_vaults import BothSides, both_sides
from ribin.people import Role
from ribin.search.network import Network
from ribin.vault.audit import now_utc
from ribin.vault.leads import insert_review, next_review_number, read_lead_file
from ribin.vault.people import check_role
from ribin.vault.vault import Vault

_REVIEWING = {Place.FIRST: Role.EXAMINER, Place.SECOND: Role.REVIEWER}


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

    The second one counts as blind unless an audit log in reach says that a verdict on the pair, on
    this lead or an earlier one, was given by this person or shown to this name or login. Across a
    border it counts, and makes a link, once the logs of both members were read.

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
    with both_sides(own, network, members_of_lead(own, lead), who) as sides:
        merge_lead(sides, lead)
        file = read_lead_file(sides.own, lead, str(own.path))
        earlier = own_review(file, who, own.member) if supersede else None
        place = earlier.place if earlier else next_place(file)
        check_role(sides.own, who, (_REVIEWING[written_place(file, earlier) or place],))
        if not earlier:
            check_review(file, who, own.member)
        review = Review(
            review=next_review_number(sides.own, lead, own.member),
            lead=lead,
            place=place,
            conclusion=conclusion,
            examined=examined,
            blind=_is_blind(sides, file, place),
            reviewer=who,
            member=own.member,
            at=now_utc(),
            note=note,
            supersedes=earlier.review if earlier else "",
        )
        for member in concerned_in_reach(sides, file.lead):
            record = insert_review(sides.transactions[member], review)
            # Not the verdict: the log can be read before the second one is in.
            sides.write_down(member, "review", lead, "", [record], place=str(place))
        return step_done(sides, lead, settle(sides, lead))


def _is_blind(sides: BothSides, file: LeadFile, place: Place) -> bool:
    """A second verdict that not all logs are in reach for is checked when they are."""
    if verdicts_are_known(file):
        return False
    if place is Place.FIRST:
        return True
    eyes = eyes_of_this_process(sides)
    return reads_all_logs(sides, file.lead) and not saw_a_verdict(sides, file.lead, eyes)
