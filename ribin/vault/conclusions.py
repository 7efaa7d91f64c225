"""The check of leads: what they came to follows from the verdicts, and who gave them might."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator

from ribin.cases.leads import REVIEWING, LeadHistory, Review, ReviewRound, Role, is_by, same_person
from ribin.cases.record import RecordKind
from ribin.vault.leads import WORDS, is_named_as_stated, read_leads, read_words, word_of
from ribin.vault.records import RECORDS, read_versions
from ribin.vault.vouching import Vouchers


def conclusion_problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[tuple[str, str]]:
    """One sentence for each link, withdrawal, verdict or role that does not follow; no exhibit is
    named before it."""
    yield from (("", f"catalogue: {text}") for text in _problems(db, vouched))


def _problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[str]:
    yield from _appointment_problems(db, vouched)
    leads, reviews = dict[str, LeadHistory](), dict[str, LeadHistory]()
    owner = _owner(db)
    for history in read_leads(db):
        leads[history.lead.lead] = history
        reviews.update((review.review, history) for review in history.given)
        yield from (
            f"lead {history.lead.lead}: {text}" for text in _review_problems(history, owner)
        )
        yield from _persons_problems(db, history, vouched)
        words = read_words(db, history.lead.lead)
        if len(history.lead.members) < 2:  # nothing was stated elsewhere meanwhile
            yield from _course_problems(history, {word.kind for word in words}, vouched)
    for said in read_versions(db, RecordKind.VERDICT):
        named = {one.review: one for one in reviews[said.id].reviews} if said.id in reviews else {}
        if said.id not in named or named[said.id].is_sealed:
            yield f"review {said.id}: its content is not what its hash says"
    for said in (one for kind in WORDS for one in read_versions(db, kind)):
        word = word_of(said)
        stated = (said.body or {}).get("lead")
        if word.lead not in leads or stated != word.lead or not is_named_as_stated(word):
            yield f"record {said.name}: it is of no lead, or not named as its member does"
        elif word.kind is RecordKind.BLINDNESS:
            of_review = reviews.get(word.review)
            if of_review is None or of_review.lead.lead != word.lead:
                yield f"record {said.name}: it is of no verdict on its lead"
            elif len(of_review.lead.members) < 2:
                text = "blindness was found of it, and no log was awaited"
                yield f"review {word.review}: {text}"


def _review_problems(history: LeadHistory, owner: str) -> Iterator[str]:
    """Of the reviews given here; what others state and the rules refuse stays on record."""
    given = {review.review: review for review in history.given}
    for review in history.reviews:
        if review.is_sealed and (review.member == owner or len(history.lead.members) < 2):
            yield f"review {review.review}: its content is not what its hash says"
    for review in (one for one in history.given if one.member == owner):
        over = given.get(review.supersedes)
        own = over and is_by(over, review.reviewer, review.member)
        if review.supersedes and not own and not _is_third(history, review, over):
            yield f"review {review.review} supersedes another person's"
    begun = [
        review
        for review in history.reviews
        if review.member == owner
        and (not review.supersedes or _is_third(history, review, given.get(review.supersedes)))
    ]
    for number, one in enumerate(begun):
        if any(is_by(one, other.reviewer, other.member) for other in begun[:number]):
            yield f"review {one.review} is a second verdict of one person"


def _course_problems(
    history: LeadHistory, words: Collection[RecordKind], vouched: Vouchers
) -> Iterator[str]:
    """What the rules would have refused of a lead that one member alone has."""
    lead = history.lead.lead
    places = [review.place for review in history.given if not review.supersedes]
    if len(places) > len(set(places)):
        yield f"lead {lead}: one first and one second verdict needed, found {len(places)}"
    if RecordKind.CLOSURE in words and set(places) == set(ReviewRound):
        yield f"lead {lead}: it was closed, and has both verdicts"
    if RecordKind.WITHDRAWAL in words and history.link is None:
        yield f"lead {lead}: a link was withdrawn that never was"
    if RecordKind.CONFIRMATION in words:
        yield f"lead {lead}: it was confirmed, and concerns no other member"
    by_name, logged = {review.review: review for review in history.given}, dict[str, int]()
    for name in by_name:
        logged[name] = min((said.row.seq for said in vouched.get(f"reviews/{name}", ())), default=0)
    known = sorted(seq for name, seq in logged.items() if not by_name[name].supersedes)[1:2]
    for review in history.given:
        over = by_name.get(review.supersedes)
        own = over and is_by(over, review.reviewer, review.member)
        if own and review.blind and known and logged[review.review] > known[0]:
            yield f"review {review.review} supersedes one after both were known, and is blind"


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
    words = {f"{RECORDS}/{said.name}": word_of(said) for said in read_words(db, lead)}
    members = {f"leads/{lead}": history.lead.member}
    members |= {name: word.member for name, word in words.items()}
    members |= {f"reviews/{review.review}": review.member for review in history.given}
    for name, said in ((one, said) for one in members for said in vouched.get(one, ())):
        others = set(history.lead.members) - {owner}
        received = said.row.action == "lead received"
        if received and said.row.facts.get("sender") not in others:
            yield f"lead {lead}: {name} was received of nobody whom it concerns"
        if received is (members[name] == owner):
            where = "received" if received else "stated here"
            yield f"lead {lead}: {name} is of {members[name]} and was {where}"
    for said in vouched.get(f"leads/{history.lead.lead}", ()):
        if said.row.action == "lead" and not same_person(said.row.who, history.lead.examiner):
            yield f"lead {history.lead.lead}: taken up by {said.row.who}, found another name"
    given = [
        (said.row.seq, r) for r in history.given for said in vouched.get(f"reviews/{r.review}", ())
    ]
    for name, word in ((name, word) for name, word in words.items() if word.member == owner):
        for row in (said.row for said in vouched.get(name, ())):
            if word.kind is RecordKind.CLOSURE:
                opened = history.lead.member == owner and same_person(
                    row.who, history.lead.examiner
                )
                before = all(seq > row.seq for seq, _ in given)
                heads = _holders(db, Role.ADMINISTRATOR, row.seq, vouched)
                if not (opened and before) and row.who not in heads:
                    yield f"lead {lead}: closed by {row.who}, who might not"
            elif word.kind is RecordKind.WITHDRAWAL:
                roles = (Role.EXAMINER, Role.REVIEWER)
                if not any(row.who in _holders(db, role, row.seq, vouched) for role in roles):
                    yield f"lead {lead}: its link was withdrawn by {row.who}, who might not"
            elif word.kind is RecordKind.CONFIRMATION:
                theirs = {r.place for seq, r in given if seq < row.seq and r.member != owner}
                if theirs != set(ReviewRound):
                    yield f"lead {lead}: confirmed by {row.who}, and nobody awaited it"
    for review in history.given:
        for said in vouched.get(f"reviews/{review.review}", ()):
            if said.row.action != "review":
                continue
            if said.row.who != review.reviewer:
                yield f"review {review.review}: given by {said.row.who}, found another name"
            role = REVIEWING[review.place]
            held = _holders(db, role, said.row.seq, vouched)
            if review.member == owner and review.reviewer not in held:
                yield f"review {review.review}: {review.reviewer} was no {role} when it was given"


def _appointment_problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[str]:
    """Each person was appointed to what the log says."""
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
            if row.subject != one.id or rest or changed != set(row.facts.get("roles", ())):
                yield f"the roles of {one.id}, version {one.version}, are not as the audit log says"


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
