"""Whether the second review of a lead is blind, as far as the audit logs can tell.

A first verdict is shown to the person who gave it, and a name is taken as it is stated. So a look
counts for the name and for the login behind it: whoever borrows another's name to look is not blind
under the own one. Exports and backups hold every verdict, and count as looks at those that await
the second.
"""

from __future__ import annotations

import json
import socket
from typing import Any

from ribin.people import account_name, login_name, logins_behind, same_person
from ribin.review.bothsides import BothSides
from ribin.store.leadrecords import VERDICTS_OF

_LOOKS = (
    "SELECT who, identity, host, action, subject, details FROM audit "
    "WHERE (action = 'view' AND subject = ?) OR instr(details, ?) > 0"
)


def saw_first_verdict(sides: BothSides, lead: str, who: str) -> bool:
    """Whether a log in reach says that the verdict came before this person's eyes, or before those
    of somebody who acted from the login of this process."""
    logins = {login_name(), account_name()} - {""}
    return any(
        same_person(row["who"], who)
        or bool(logins & _logins_of(row, here=member == sides.own_member))
        for member, db in sides.transactions.items()
        for row in db.execute(_LOOKS, (lead, f'"{VERDICTS_OF}"'))
        if _showed(row, lead)
    )


def _showed(row: Any, lead: str) -> bool:
    details: dict[str, Any] = json.loads(row["details"])
    seen = row["action"] == "view" and row["subject"] == lead and bool(details.get("verdicts"))
    return seen or lead in details.get(VERDICTS_OF, ())


def _logins_of(row: Any, here: bool) -> set[str]:
    """Logins behind a row; of another member's log only those of this machine, because elsewhere
    the same login is another person's."""
    if not here and row["host"] != socket.gethostname():
        return set()
    return logins_behind(row["who"], row["identity"])
