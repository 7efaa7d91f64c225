"""The first and the last step of a lead: taken up, and its link withdrawn.

Each one is checked and recorded in one go at both members concerned, where they can be reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ribin.cases.leads import HeldExhibit, Lead, Withdrawal, pair_of
from ribin.leads.concerned import check_pair, names_in_lead
from ribin.leads.crossing import figures_of_both, lead_for
from ribin.leads.done import Step, concerned_in_reach, members_of_lead, step_done
from ribin.leads.merge import Settled, merge_lead, merge_pair
from ribin.leads.rules import check_new_lead, check_withdrawal, checked_text
from ribin.leads.two_vaults import both_sides
from ribin.people import Role
from ribin.search.network import Network
from ribin.vault.audit import now_utc
from ribin.vault.leads import (
    insert_lead,
    insert_withdrawal,
    lead_files_of_pair,
    next_lead_number,
    read_lead_file,
)
from ribin.vault.people import check_role
from ribin.vault.vault import Vault


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
        The row of the candidate as the examiner saw it. What its list counted and where is kept
        by the own vault alone; note and row cross the border to the member concerned.

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
            figures=figures_of_both(figures or {}, reference.member != comparison.member),
        )
        for member in concerned_in_reach(sides, lead):
            record = insert_lead(sides.transactions[member], lead_for(member, lead))
            sides.write_down(member, "lead", number, note, [record])
        return step_done(sides, number)


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
    with both_sides(own, network, members_of_lead(own, lead), who) as sides:
        check_role(sides.own, who, (Role.EXAMINER, Role.REVIEWER))
        merge_lead(sides, lead)
        file = read_lead_file(sides.own, lead, str(own.path))
        check_withdrawal(file)
        end = Withdrawal(lead, lead, who, own.member, now_utc(), reason)
        for member in concerned_in_reach(sides, file.lead):
            record = insert_withdrawal(sides.transactions[member], end)
            sides.write_down(member, "withdrawal", lead, reason, [record])
        return step_done(sides, lead, Settled(link_ended=True))
