"""The check of leads: what they came to follows from the verdicts, and who gave them might."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence

from ribin.cases.leads import Conclusion, LeadHistory, Review, ReviewRound, Role, is_by, same_person
from ribin.vault.leads import BLINDNESS, blindness_found, read_leads, waits_for_logs
from ribin.vault.vouching import Vouched, read_vouched

_GIVING = {ReviewRound.FIRST: Role.EXAMINER, ReviewRound.SECOND: Role.REVIEWER}


def conclusion_problems(db: sqlite3.Connection) -> Iterator[str]:
    """One sentence for each link, withdrawal, verdict or closure that does not follow."""
    histories, vouched = read_leads(db), read_vouched(db)
    linked = {history.lead.pair for history in histories if history.link}
    for history in histories:
        name = history.lead.lead
        texts = [*_link_problems(history), *_review_problems(history)]
        if _agreed(history) and not history.link and history.lead.pair not in linked:
            texts.append("two blind identifications make a link, found none")
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
        yield "its link needs two identifications, found another verdict"
    if not all(one.blind for one in pair):
        yield "its link needs two blind verdicts, found one that was not"
    if is_by(second, first.reviewer, first.member):
        yield "its link needs verdicts of two persons, found one person's"
    if is_by(second, lead.examiner, lead.member):
        yield "its link needs a second verdict of another person than who took it up"
    if (link.pair, link.at) != (lead.pair, max(first.at, second.at)):
        yield "its link is not of its exhibits, or not of the day of its verdicts"
    ended = any(one.conclusion is not Conclusion.IDENTIFICATION for one in history.current)
    if ended and history.withdrawal is None:
        yield "a superseding verdict ends its link, found it standing"


def _review_problems(history: LeadHistory) -> Iterator[str]:
    given = {review.review: review for review in history.given}
    for review in history.given:
        over = given.get(review.supersedes)
        if review.supersedes and not (over and is_by(over, review.reviewer, review.member)):
            yield f"review {review.review} supersedes another person's"
    begun = [review for review in history.reviews if not review.supersedes]
    for number, one in enumerate(begun):
        if any(is_by(one, other.reviewer, other.member) for other in begun[:number]):
            yield f"review {one.review} is a second verdict of one person"


def _persons_problems(
    db: sqlite3.Connection, history: LeadHistory, vouched: Mapping[str, Sequence[Vouched]]
) -> Iterator[str]:
    """Who took a lead up or gave a verdict is who acted, and held the role for it."""
    for said in vouched.get(f"leads/{history.lead.lead}", ()):
        if said.action == "lead" and not same_person(said.who, history.lead.examiner):
            yield f"lead {history.lead.lead}: taken up by {said.who}, found another name"
    for review in history.given:
        for said in vouched.get(f"reviews/{review.review}", ()):
            if said.action != "review":
                continue
            if said.who != review.reviewer:
                yield f"review {review.review}: given by {said.who}, found another name"
            elif review.member == _owner(db) and not _held(db, review, said.seq, vouched):
                role = _GIVING[review.place]
                yield f"review {review.review}: {review.reviewer} was no {role} when it was given"


def _held(
    db: sqlite3.Connection, review: Review, seq: int, vouched: Mapping[str, Sequence[Vouched]]
) -> bool:
    """Whether the person held the role when the row of the log was written."""
    query = "SELECT appointment, standing FROM appointments WHERE person = ? AND role = ?"
    standing = ""
    rows = db.execute(f"{query} ORDER BY appointment", (review.reviewer, _GIVING[review.place]))
    for appointment, stands in rows.fetchall():
        said = vouched.get(f"appointments/{appointment}", ())
        if said and said[0].seq < seq:
            standing = stands
    return standing == "appointed"


def _owner(db: sqlite3.Connection) -> str:
    return str(db.execute("SELECT subject FROM audit WHERE seq = 1").fetchone()[0])
