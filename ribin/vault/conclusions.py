"""The check of leads: what they came to follows from the verdicts, and who gave them might."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from ribin.cases.leads import Conclusion, LeadHistory, Review, ReviewRound, Role, is_by, same_person
from ribin.cases.record import RecordKind
from ribin.vault.leads import BLINDNESS, blindness_found, read_leads, waits_for_logs
from ribin.vault.records import RECORDS, read_versions
from ribin.vault.vouching import Vouchers

_GIVING = {ReviewRound.FIRST: Role.EXAMINER, ReviewRound.SECOND: Role.REVIEWER}


def conclusion_problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[tuple[str, str]]:
    """One sentence for each link, withdrawal, verdict or role that does not follow; no exhibit is
    named before it."""
    yield from (("", f"catalogue: {text}") for text in _problems(db, vouched))


def _problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[str]:
    histories = read_leads(db)
    yield from _appointment_problems(db, vouched)
    linked = {history.lead.pair for history in histories if history.link}
    for history in histories:
        name = history.lead.lead
        texts = [*_link_problems(history), *_review_problems(history)]
        if _agreed(history) and not history.link and history.lead.pair not in linked:
            texts.append("two blind verdicts that agree make a link, found none")
        yield from (f"lead {name}: {text}" for text in texts)
        yield from _persons_problems(db, history, vouched)
    waiting = {one.review for h in histories for one in waits_for_logs(h.lead, h.given)}
    for review in sorted(blindness_found(db).keys() - waiting):
        yield f"review {review}: {BLINDNESS} was found of it, and no log was awaited"


def _agreed(history: LeadHistory) -> bool:
    """Whether two blind identifications were given within one member, which make a link at once."""
    current = history.current
    return (
        len(history.lead.members) == 1
        and history.closure is None
        and {review.place for review in current} == set(ReviewRound)
        and all(r.blind and r.conclusion is Conclusion.IDENTIFICATION for r in current)
    )


def _link_problems(history: LeadHistory) -> Iterator[str]:
    link, lead = history.link, history.lead
    if link is None:
        return
    given = {review.review: review for review in history.reviews}
    pair = [given[name] for name in (link.first_review, link.second_review) if name in given]
    if len(pair) != 2 or [one.place for one in pair] != list(ReviewRound):
        yield "its link needs a first and a second verdict on it, found others"
        return
    first, second = pair
    if any(one.conclusion is not Conclusion.IDENTIFICATION for one in pair):
        yield "its link needs two verdicts that agree, found another"
    if not all(one.blind for one in pair):
        yield "its link needs two blind verdicts, found one that was not"
    if is_by(second, first.reviewer, first.member):
        yield "its link needs verdicts of two persons, found one person's"
    if is_by(second, lead.examiner, lead.member):
        yield "its link needs a second verdict of another person than who took it up"
    said = history.confirmation
    agreed = [one for one in history.given if one.conclusion is Conclusion.IDENTIFICATION]
    gave = {one.member for one in agreed if one.at <= link.at}
    gave |= {said.member} if said and said.at <= link.at else set()
    if len(lead.members) > 1 and len(gave) == 1:
        yield "its link needs a verdict of each member or a confirmation, found one member's"
    # Two members apart may give two verdicts each: then the last of all four makes the link.
    days = {review.at for review in history.given if review.at >= max(first.at, second.at)}
    days |= {said.at} if said else set()
    if link.pair != lead.pair or link.at not in days:
        yield "its link is not of its exhibits, or not of the day of its verdicts"
    ended = any(one.conclusion is not Conclusion.IDENTIFICATION for one in history.current)
    if ended and history.withdrawal is None:
        yield "a superseding verdict ends its link, found it standing"


def _review_problems(history: LeadHistory) -> Iterator[str]:
    given = {review.review: review for review in history.given}
    for review in history.given:
        over = given.get(review.supersedes)
        own = over and is_by(over, review.reviewer, review.member)
        if review.supersedes and not own and not _is_third(history, review, over):
            yield f"review {review.review} supersedes another person's"
    begun = [
        review
        for review in history.reviews
        if not review.supersedes or _is_third(history, review, given.get(review.supersedes))
    ]
    for number, one in enumerate(begun):
        if any(is_by(one, other.reviewer, other.member) for other in begun[:number]):
            yield f"review {one.review} is a second verdict of one person"


def _is_third(history: LeadHistory, review: Review, over: Review | None) -> bool:
    """Whether a review stands in the place of another person's that was not blind."""
    if over is None or is_by(over, review.reviewer, review.member):
        return False
    read = {one.review: one for one in history.reviews}.get(over.review, over)
    return over.place is review.place is ReviewRound.SECOND and not read.blind


def _persons_problems(
    db: sqlite3.Connection, history: LeadHistory, vouched: Vouchers
) -> Iterator[str]:
    """Who took a lead up or gave a verdict is who acted, and held the role for it."""
    lead, owner = history.lead.lead, _owner(db)
    entries = [f"leads/{lead}", f"links/{lead}"]
    entries += [f"withdrawals/{history.withdrawal.withdrawal}"] if history.withdrawal else []
    entries += [f"records/{kind}/{lead}/1" for kind in ("closure", "confirmation")]
    for name in (*entries, *(f"reviews/{review.review}" for review in history.given)):
        for said in vouched.get(name, ()):
            others = set(history.lead.members) - {owner}
            if said.row.action == "lead received" and said.row.facts.get("sender") not in others:
                yield f"lead {lead}: {name} was received of nobody whom it concerns"
    for said in vouched.get(f"leads/{history.lead.lead}", ()):
        if said.row.action == "lead" and not same_person(said.row.who, history.lead.examiner):
            yield f"lead {history.lead.lead}: taken up by {said.row.who}, found another name"
    given = [said.row.seq for r in history.given for said in vouched.get(f"reviews/{r.review}", ())]
    for said in vouched.get(f"records/closure/{lead}/1", ()):
        opened = history.lead.member == owner and same_person(said.row.who, history.lead.examiner)
        before = all(seq > said.row.seq for seq in given)
        heads = _holders(db, Role.ADMINISTRATOR, said.row.seq, vouched)
        closed_here = history.closure is not None and history.closure.member == owner
        if closed_here and not (opened and before) and said.row.who not in heads:
            yield f"lead {lead}: closed by {said.row.who}, who might not"
    for said in vouched.get(f"records/confirmation/{lead}/1", ()):
        here = history.confirmation is not None and history.confirmation.member == owner
        if here and said.row.who not in _holders(db, Role.EXAMINER, said.row.seq, vouched):
            yield f"lead {lead}: confirmed by {said.row.who}, who was no examiner"
    if end := history.withdrawal:
        ended = [r for r in history.current if r.conclusion is not Conclusion.IDENTIFICATION]
        superseded = any(is_by(review, end.person, end.member) for review in ended)
        for said in vouched.get(f"withdrawals/{end.withdrawal}", ()):
            if said.row.action == "withdrawal" and said.row.who != end.person and not superseded:
                text = f"withdrawn by {said.row.who}, found another name"
                yield f"lead {history.lead.lead}: its link was {text}"
    for review in history.given:
        for said in vouched.get(f"reviews/{review.review}", ()):
            if said.row.action != "review":
                continue
            if said.row.who != review.reviewer:
                yield f"review {review.review}: given by {said.row.who}, found another name"
            role = _GIVING[review.place]
            held = _holders(db, role, said.row.seq, vouched)
            if review.member == owner and review.reviewer not in held:
                yield f"review {review.review}: {review.reviewer} was no {role} when it was given"


def _appointment_problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[str]:
    """An administrator appointed each person, where there was one, and the log says to what."""
    held: dict[str, set[str]] = {}
    for one in read_versions(db, RecordKind.ROLES):
        before, now = held.get(one.id, set()), set((one.body or {}).get("roles", ()))
        held[one.id] = now
        for said in vouched.get(f"{RECORDS}/{one.name}", ()):
            row = said.row
            if row.action == "create":
                continue
            changed = now - before if row.action == "appointed" else before - now
            rest = before - now if row.action == "appointed" else now - before
            heads = _holders(db, Role.ADMINISTRATOR, row.seq, vouched)
            if row.subject != one.id or rest or changed != set(row.facts.get("roles", ())):
                yield f"the roles of {one.id}, version {one.version}, are not as the audit log says"
            elif heads and row.who not in heads:
                yield f"the roles of {one.id}: {row.who} was no administrator"


def _holders(db: sqlite3.Connection, role: Role, seq: int, vouched: Vouchers) -> set[str]:
    """Who held a role when a row of the log was written."""
    held: dict[str, bool] = {}
    for one in read_versions(db, RecordKind.ROLES):
        said = vouched.get(f"{RECORDS}/{one.name}", ())
        if said and said[0].row.seq < seq:
            held[one.id] = role in (one.body or {}).get("roles", ())
    return {person for person, holds in held.items() if holds}


def _owner(db: sqlite3.Connection) -> str:
    return str(db.execute("SELECT subject FROM audit WHERE seq = 1").fetchone()[0])
