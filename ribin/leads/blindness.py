"""Whether the second review of a lead is blind, as far as the audit logs can tell.

What the log of the own vault says is read from it (`looks.py`), what the other's says is in its
statement. A verdict on an earlier lead of the same pair counts like one on this lead: two persons
who know where they disagreed are not blind when they start again.
"""

from __future__ import annotations

from ribin.cases.leads import Lead, LeadHistory, Review, ReviewRound
from ribin.leads.both_sides import BothSides
from ribin.leads.looks import EVER, Viewer, giver_of, seen_in_log
from ribin.leads.rules import makes_a_link, verdicts_are_known
from ribin.vault.leads import BLINDNESS, first_of


def reads_all_logs(both: BothSides, lead: Lead) -> bool:
    """Whether what the log of each member concerned says is at hand."""
    return set(lead.members) <= both.in_reach


def saw_a_verdict(
    both: BothSides, lead: Lead, eyes: Viewer, here: str = EVER, there: str = EVER
) -> bool:
    """Whether a log says that a verdict on the pair came before the eyes of a person of the own
    member. `here` and `there` are the moments up to which the own log counts, and that of others.
    """
    if seen_in_log(both.own, both.own_member, lead, eyes, here):
        return True
    return any(side.saw_a_verdict(lead, eyes, there) for side in both.theirs.values())


def was_shown(both: BothSides, history: LeadHistory, review: Review) -> bool | None:
    """Whether logs say that a verdict came before the eyes of who gave this one later.

    None where the log of the reviewer's member does not have it who that was.
    """
    lead, begun = history.lead, first_of(review, {r.review: r for r in history.reviews})
    if review.member == both.own_member:
        eyes = giver_of(both.own, review, lead.pair)
        return None if eyes is None else saw_a_verdict(both, lead, eyes, begun.at, review.at)
    side = both.theirs.get(review.member)
    giver = side.giver(lead.lead, review.review) if side else None
    if giver is None:
        return None
    eyes = Viewer(review.member, review.reviewer, frozenset(giver.logins), giver.host)
    here = seen_in_log(both.own, both.own_member, lead, eyes, review.at)
    return giver.shown_at_home or here


def check_blindness(both: BothSides, lead: str) -> None:
    """Log what the logs of both members say of verdicts that were given without one.

    A verdict that was taken for blind is looked at once more before it makes a link.
    """
    history = both.history(both.own_member, lead)
    if history is None or len(history.lead.members) < 2 or not verdicts_are_known(history):
        return
    for review in history.reviews if reads_all_logs(both, history.lead) else ():
        waits = review.review in history.unchecked
        again = review.place is ReviewRound.SECOND and makes_a_link(history)
        if waits or again:
            blind = was_shown(both, history, review) is False
            if waits or not blind:
                both.log(BLINDNESS, lead, "", [], review=review.review, blind=blind)
