"""What the log of one vault says of who was shown a verdict.

A first verdict is shown to the person who gave it, and a name is taken as it is stated. So a look
counts for the name and for the login behind it: whoever borrows another's name to look is not blind
under the own one. Who gave a verdict on the lead may look again from the login that gave it: that
is no look of others who share this login. A person who is known by an account, in a browser, has no
login behind the name: looks count for the account, never for the login of the server. Exports and
backups hold every verdict, and count as looks at those that await the second. Logins and machines
are compared by digests, so that they may cross a border.
"""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ribin.cases.lead_history import first_of
from ribin.cases.leads import (
    Lead,
    LeadHistory,
    Review,
    is_by,
    logins_behind,
    logins_here,
    same_person,
)
from ribin.vault.leads import VERDICTS_OF, leads_of_pair

_LOOKS = (
    "SELECT at, who, identity, host, action, subject, details FROM audit "
    "WHERE action = 'view' AND subject = ?1 AND at <= ?2 UNION ALL "
    "SELECT at, who, identity, host, action, subject, details FROM audit "
    f"WHERE instr(details, '\"{VERDICTS_OF}\"') > 0 AND NOT (action = 'view' AND subject = ?1) "
    "AND at <= ?2"
)
_GIVEN = (
    "SELECT who, identity, host FROM audit "
    "WHERE action = 'review' AND subject = ? AND instr(details, ?) > 0"
)
EVER = "9"  # later than any day


@dataclass(frozen=True)
class Viewer:
    """Before whose eyes a verdict may have come: a person, and digests of the machine and of the
    logins behind the name."""

    member: str
    who: str
    logins: frozenset[str]
    host: str


def digest(pair: str, text: str) -> str:
    """A login or a machine as it crosses a border, other for each pair of exhibits."""
    return hashlib.sha256(f"ribin look 1\n{pair}\n{text}".encode()).hexdigest()


def digests(pair: str, texts: Iterable[str]) -> frozenset[str]:
    return frozenset(digest(pair, text) for text in texts)


def viewer_of_this_process(member: str, who: str, pair: str) -> Viewer:
    """Whoever acts now."""
    logins = digests(pair, logins_here(who))
    return Viewer(member, who, logins, digest(pair, socket.gethostname()))


def giver_of(db: Any, review: Review, pair: str) -> Viewer | None:
    """Whoever gave a verdict, as the log of the own vault has it; None where it does not."""
    name = json.dumps(f"reviews/{review.review}", ensure_ascii=False)
    row = db.execute(_GIVEN, (review.lead, name)).fetchone()
    if row is None:
        return None
    logins = digests(pair, logins_behind(row["who"], row["identity"]))
    return Viewer(review.member, review.reviewer, logins, digest(pair, row["host"]))


def seen_in_log(db: Any, member: str, lead: Lead, eyes: Viewer, until: str) -> bool:
    """Whether the vault of a member has it that a verdict on the pair came before these eyes until
    a moment. A person who gave one on another lead of the pair has seen one."""
    for history in leads_of_pair(db, lead.pair):
        given = history.reviews if history.lead.lead != lead.lead else ()
        if any(is_by(r, eyes.who, eyes.member) and r.at <= until for r in given):
            return True
        for row in _looks_at(db, history.lead.lead, until):
            if member == eyes.member and _is_own_look(db, history, row):
                continue
            if _is_look_of(eyes, row, member, lead.pair):
                return True
    return False


def looks_at(db: Any, lead: Lead) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Moment, machine and logins of each look at a verdict of a lead, the two last as digests."""
    for row in _looks_at(db, lead.lead, EVER):
        logins = digests(lead.pair, logins_behind(row["who"], row["identity"]))
        yield row["at"], digest(lead.pair, row["host"]), logins


def seen_at_home(db: Any, member: str, history: LeadHistory, review: Review) -> bool | None:
    """Whether the log of a reviewer's own member has it that a verdict came before the reviewer's
    eyes; None where it does not have who that was."""
    eyes = giver_of(db, review, history.lead.pair)
    if eyes is None:
        return None
    # Who changes an own first verdict has seen that one, at home.
    begun = first_of(review, {r.review: r for r in history.reviews})
    return seen_in_log(db, member, history.lead, eyes, begun.at)


def looks_at_own_verdict(
    db: Any, history: LeadHistory, who: str, logins: set[str], at: str = EVER
) -> bool:
    """Whether a person had given a verdict on a lead before, from the login that looks."""
    for review in history.given:
        if same_person(review.reviewer, who) and review.at <= at:
            name = json.dumps(f"reviews/{review.review}", ensure_ascii=False)
            row = db.execute(_GIVEN, (review.lead, name)).fetchone()
            if row and logins <= logins_behind(row["who"], row["identity"]):
                return True
    return False


def _looks_at(db: Any, lead: str, until: str) -> Iterator[Any]:
    for row in db.execute(_LOOKS, (lead, until)):
        details: dict[str, Any] = json.loads(row["details"])
        viewed = row["action"] == "view" and row["subject"] == lead
        shown = viewed and details.get("verdicts")
        if shown or lead in details.get(VERDICTS_OF, ()):
            yield row


def _is_own_look(db: Any, history: LeadHistory, row: Any) -> bool:
    logins = logins_behind(row["who"], row["identity"])
    return row["action"] == "view" and looks_at_own_verdict(
        db, history, row["who"], logins, row["at"]
    )


def _is_look_of(eyes: Viewer, row: Any, member: str, pair: str) -> bool:
    """In another member's log a name is a namesake's, and a login counts only on one machine:
    elsewhere the same login is another person's."""
    here = member == eyes.member
    if here and same_person(row["who"], eyes.who):
        return True
    if not here and digest(pair, row["host"]) != eyes.host:
        return False
    return bool(eyes.logins & digests(pair, logins_behind(row["who"], row["identity"])))
