"""Whether the second review of a lead is blind, as far as the audit logs can tell.

A first verdict is shown to the person who gave it, and a name is taken as it is stated. So a look
counts for the name and for the login behind it: whoever borrows another's name to look is not blind
under the own one. Exports and backups hold every verdict, and count as looks at those that await
the second. A verdict on an earlier lead of the same pair counts like one on this lead: two persons
who know where they disagreed are not blind when they start again.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ribin.leads import Lead
from ribin.people import account_name, login_name, logins_behind, same_person
from ribin.review.bothsides import BothSides
from ribin.review.rules import is_by
from ribin.store.leadrecords import VERDICTS_OF, lead_files_of_pair

_LOOKS = (
    "SELECT who, identity, host, action, subject, details FROM audit "
    "WHERE ((action = 'view' AND subject = ?) OR instr(details, ?) > 0) AND at <= ?"
)
_EVER = "9"  # later than any day


@dataclass(frozen=True)
class Eyes:
    """Before whose eyes a verdict may have come: a person, and the logins behind the name."""

    member: str
    who: str
    logins: frozenset[str]
    host: str


def eyes_of_this_process(sides: BothSides) -> Eyes:
    """Those of whoever acts now."""
    logins = frozenset({login_name(), account_name()} - {""})
    return Eyes(sides.own_member, sides.who, logins, socket.gethostname())


def saw_a_verdict(sides: BothSides, lead: Lead, eyes: Eyes, until: str = _EVER) -> bool:
    """Whether a log in reach says that a verdict on the pair came before these eyes.

    A person who gave one on another lead of the pair has seen one.
    """
    for member, db in sides.transactions.items():
        for file in lead_files_of_pair(db, lead.pair):
            given = file.reviews if file.lead.lead != lead.lead else ()
            if any(is_by(r, eyes.who, eyes.member) and r.at <= until for r in given):
                return True
            looks = _looks(db, file.lead.lead, until)
            if any(_is_look_of(eyes, row, member) for row in looks):
                return True
    return False


def _looks(db: Any, lead: str, until: str) -> Iterator[Any]:
    for row in db.execute(_LOOKS, (lead, f'"{VERDICTS_OF}"', until)):
        details: dict[str, Any] = json.loads(row["details"])
        seen = row["action"] == "view" and row["subject"] == lead and details.get("verdicts")
        if seen or lead in details.get(VERDICTS_OF, ()):
            yield row


def _is_look_of(eyes: Eyes, row: Any, member: str) -> bool:
    """In another member's log a name is a namesake's, and a login counts only on one machine:
    elsewhere the same login is another person's."""
    here = member == eyes.member
    if here and same_person(row["who"], eyes.who):
        return True
    if not here and row["host"] != eyes.host:
        return False
    return bool(eyes.logins & logins_behind(row["who"], row["identity"]))
