"""Whether the second review of a lead is blind, as far as the audit logs can tell.

A first verdict is shown to the person who gave it, and a name is taken as it is stated. So a look
counts for the name and for the login behind it: whoever borrows another's name to look is not blind
under the own one. Who gave a verdict on the lead may look again from the login that gave it: that
is no look of others who share this login. A person who is known by an account, in a browser, has no
login behind the name: looks count for the account, never for the login of the server. Exports and
backups hold every verdict, and count as looks at those that await the second. A verdict on an
earlier lead of the same pair counts like one on this lead: two persons who know where they
disagreed are not blind when they start again.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any

from ribin.cases.leads import (
    Lead,
    LeadHistory,
    Review,
    ReviewRound,
    is_by,
    logins_behind,
    logins_here,
    same_person,
)
from ribin.leads.rules import makes_a_link, verdicts_are_known
from ribin.leads.two_vaults import BothVaults
from ribin.vault.leads import BLINDNESS, VERDICTS_OF, first_of

_LOOKS = (
    "SELECT at, who, identity, host, action, subject, details FROM audit "
    "WHERE ((action = 'view' AND subject = ?) OR instr(details, ?) > 0) AND at <= ?"
)
_GIVEN = (
    "SELECT who, identity, host FROM audit "
    "WHERE action = 'review' AND subject = ? AND instr(details, ?) > 0"
)
_EVER = "9"  # later than any day


@dataclass(frozen=True)
class Viewer:
    """Before whose eyes a verdict may have come: a person, and the logins behind the name."""

    member: str
    who: str
    logins: frozenset[str]
    host: str


def viewer_of_this_process(both: BothVaults) -> Viewer:
    """Those of whoever acts now."""
    return Viewer(both.own_member, both.who, logins_here(both.who), socket.gethostname())


def reads_all_logs(both: BothVaults, lead: Lead) -> bool:
    """Whether the log of each member concerned is in reach."""
    return set(lead.members) <= both.transactions.keys()


def saw_a_verdict(
    both: BothVaults, lead: Lead, eyes: Viewer, here: str = _EVER, there: str = _EVER
) -> bool:
    """Whether a log in reach says that a verdict on the pair came before these eyes.

    A person who gave one on another lead of the pair has seen one. `here` and `there` are the
    moments up to which the log of the person's own member counts, and those of others.
    """
    for member, db in both.transactions.items():
        until = here if member == eyes.member else there
        for history in both.of_pair(member, lead.pair):
            given = history.reviews if history.lead.lead != lead.lead else ()
            if any(is_by(r, eyes.who, eyes.member) and r.at <= until for r in given):
                return True
            lead_seen = history.lead.lead
            for row in db.execute(_LOOKS, (lead_seen, f'"{VERDICTS_OF}"', until)):
                details: dict[str, Any] = json.loads(row["details"])
                viewed = row["action"] == "view" and row["subject"] == lead_seen
                shown = viewed and details.get("verdicts")
                shown = shown or lead_seen in details.get(VERDICTS_OF, ())
                if member == eyes.member and _is_own_look(db, history, row):
                    continue
                if shown and _is_look_of(eyes, row, member):
                    return True
    return False


def was_shown(both: BothVaults, history: LeadHistory, review: Review) -> bool | None:
    """Whether logs in reach say that a verdict came before the eyes of who gave this one later.

    None where the log of the reviewer's member does not have it who that was.
    """
    db = both.transactions.get(review.member)
    given = _GIVEN, (review.lead, json.dumps(f"reviews/{review.review}", ensure_ascii=False))
    row = db.execute(*given).fetchone() if db else None
    if row is None:
        return None
    logins = frozenset(logins_behind(row["who"], row["identity"]))
    eyes = Viewer(review.member, review.reviewer, logins, row["host"])
    # Who changes an own first verdict has seen that one, at home.
    begun = first_of(review, {r.review: r for r in history.reviews})
    return saw_a_verdict(both, history.lead, eyes, begun.at, review.at)


def check_blindness(both: BothVaults, lead: str) -> None:
    """Log what the logs of both members say of verdicts that were given without one.

    A verdict that was taken for blind is looked at once more before it makes a link.
    """
    for member in both.transactions:
        history = both.history(member, lead)
        if history is None or len(history.lead.members) < 2 or not verdicts_are_known(history):
            continue
        for review in history.reviews if reads_all_logs(both, history.lead) else ():
            waits = review.review in history.unchecked
            again = review.place is ReviewRound.SECOND and makes_a_link(history)
            if waits or again:
                blind = was_shown(both, history, review) is False
                if waits or not blind:
                    said = {"review": review.review, "blind": blind}
                    both.log(member, BLINDNESS, lead, "", [], **said)


def looks_at_own_verdict(
    db: Any, history: LeadHistory, who: str, logins: set[str], at: str = _EVER
) -> bool:
    """Whether a person had given a verdict on a lead before, from the login that looks."""
    for review in history.given:
        if same_person(review.reviewer, who) and review.at <= at:
            name = json.dumps(f"reviews/{review.review}", ensure_ascii=False)
            row = db.execute(_GIVEN, (review.lead, name)).fetchone()
            if row and logins <= logins_behind(row["who"], row["identity"]):
                return True
    return False


def _is_own_look(db: Any, history: LeadHistory, row: Any) -> bool:
    logins = logins_behind(row["who"], row["identity"])
    return row["action"] == "view" and looks_at_own_verdict(
        db, history, row["who"], logins, row["at"]
    )


def _is_look_of(eyes: Viewer, row: Any, member: str) -> bool:
    """In another member's log a name is a namesake's, and a login counts only on one machine:
    elsewhere the same login is another person's."""
    here = member == eyes.member
    if here and same_person(row["who"], eyes.who):
        return True
    if not here and row["host"] != eyes.host:
        return False
    return bool(eyes.logins & logins_behind(row["who"], row["identity"]))
