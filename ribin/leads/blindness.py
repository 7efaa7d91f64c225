"""Whether the second review of a lead is blind, as far as the audit logs can tell.

What the log of the own vault says is read from it (`looks.py`), what the other's says is in its
statement. A verdict on an earlier lead of the same pair counts like one on this lead: two persons
who know where they disagreed are not blind when they start again.
"""

from __future__ import annotations

from ribin.cases.lead_history import first_of, verdicts_are_known
from ribin.cases.leads import Lead, LeadHistory, Review, Role
from ribin.cases.record import RecordKind
from ribin.errors import AccessError
from ribin.leads.both_sides import BothSides
from ribin.leads.looks import EVER, Viewer, giver_of, seen_in_log
from ribin.vault.leads import find_lead, next_word
from ribin.vault.people import check_role
from ribin.vault.records import insert_version


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


def find_blindness(both: BothSides, lead: str) -> None:
    """State what the logs of both members say of the verdicts that wait for them."""
    history = find_lead(both.own, lead)
    if history is None or not verdicts_are_known(history):
        return
    if not reads_all_logs(both, history.lead):
        return
    for review in (one for one in history.counted if one.review in history.unchecked):
        blind = was_shown(both, history, review) is False
        if blind and (problem := _role_problem(both, history, review)):
            both.notes.append(f"lead {lead}: no link, the second verdict: {problem}")
            blind = False
        found = {"review": review.review, "blind": blind}
        said = next_word(both.own, RecordKind.BLINDNESS, lead, both.who, "", **found)
        both.log(str(RecordKind.BLINDNESS), lead, "", [insert_version(both.own, said)])


def is_blind(both: BothSides, lead: str, review: str) -> bool:
    """Whether a verdict that waits for logs is blind by them; one that does not wait is what it
    is."""
    history = find_lead(both.own, lead)
    if history is None or review not in history.unchecked:
        return True
    (one,) = (found for found in history.counted if found.review == review)
    seen = was_shown(both, history, one) is not False
    return not (seen or _role_problem(both, history, one))


def _role_problem(both: BothSides, history: LeadHistory, review: Review) -> str:
    """Why who gave a first verdict that became the second is no reviewer, as the reviewer's own
    member has it."""
    given = {one.review: one.place for one in history.given}
    if review.place is given[review.review]:
        return ""
    if review.member != both.own_member:
        giver = both.theirs[review.member].giver(history.lead.lead, review.review)
        return giver.role_problem if giver else f"{review.member} does not say who gave it"
    try:
        check_role(both.own, review.reviewer, (Role.REVIEWER,))
    except AccessError as error:
        return str(error)
    return ""
