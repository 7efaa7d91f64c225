"""Leads, reviews, links and withdrawals as rows of the catalogue."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from ribin.cases.leads import (
    Closure,
    Confirmation,
    ExhibitRef,
    Lead,
    LeadHistory,
    Link,
    Review,
    ReviewRound,
    Withdrawal,
    is_by,
    same_person,
)
from ribin.cases.record import RecordKind
from ribin.errors import StoreError
from ribin.vault.records import last_version, restored_suffix
from ribin.vault.rows import RowHash, columns_sha256, from_row, insert_record

# In a row of the audit log: leads whose verdicts came before somebody's eyes; of an export or a
# backup, those that awaited the second one.
VERDICTS_OF = "verdicts_of"
_TABLES = {Lead: "leads", Review: "reviews", Link: "links", Withdrawal: "withdrawals"}


def insert_entry(db: sqlite3.Connection, entry: Lead | Review | Link | Withdrawal) -> RowHash:
    """Add a lead, a review (one that supersedes another names it), a link or the end of one.

    The catalogue itself refuses a second link of a pair that is linked: StoreError.
    """
    try:
        return insert_record(db, _TABLES[type(entry)], _columns(entry))
    except sqlite3.IntegrityError as error:
        if not isinstance(entry, Link):
            raise
        raise StoreError(f"lead {entry.lead}: {error}") from error


def entry_sha256(entry: Lead | Review | Link | Withdrawal) -> str:
    """SHA-256 that the record of an entry has, or would have."""
    return columns_sha256(_TABLES[type(entry)], _columns(entry))


def _columns(entry: Lead | Review | Link | Withdrawal) -> dict[str, Any]:
    columns = dict(vars(entry))
    if isinstance(entry, Lead):
        for name, end in (("reference", entry.reference), ("comparison", entry.comparison)):
            columns |= {f"{name}_member": end.member, name: end.exhibit}
        columns["pair"] = entry.pair
        columns["figures"] = json.dumps(entry.figures, sort_keys=True, ensure_ascii=False)
    if isinstance(entry, Review):
        columns["supersedes"] = entry.supersedes or None
    return columns


def find_lead(db: sqlite3.Connection, lead: str) -> LeadHistory | None:
    """A lead with all that followed, or None."""
    return next(iter(_histories(db, "lead = ?", lead)), None)


def read_lead(db: sqlite3.Connection, lead: str, where: str) -> LeadHistory:
    """As `find_lead`; StoreError where there is none, naming the vault as `where`."""
    found = find_lead(db, lead)
    if found is None:
        raise StoreError(
            f"{where}: lead {lead} needed, found none of this number",
            hint="`ribin lead list` lists the leads",
        )
    return found


def read_leads(db: sqlite3.Connection) -> list[LeadHistory]:
    """Every lead, oldest first."""
    return _histories(db, "true")


def lead_numbers(db: sqlite3.Connection, where: str, *values: str) -> list[tuple[str, str]]:
    """Moment and number of the leads that a condition chooses, without what they say."""
    query = f"SELECT at, lead FROM leads WHERE {where}"
    return [(str(at), str(lead)) for at, lead in db.execute(query, values)]


def leads_with_second_due(db: sqlite3.Connection) -> list[str]:
    """Leads that have a first verdict and no second one, or none that was blind and no link."""
    query = (
        "SELECT lead FROM reviews GROUP BY lead HAVING max(place = ? AND blind) = 0 "
        "AND lead NOT IN (SELECT lead FROM links) ORDER BY lead"
    )
    return [str(row[0]) for row in db.execute(query, (str(ReviewRound.SECOND),))]


def leads_of_pair(db: sqlite3.Connection, pair: str) -> list[LeadHistory]:
    """Every lead on two exhibits, oldest first."""
    return _histories(db, "pair = ?", pair)


def leads_of_exhibit(db: sqlite3.Connection, ref: ExhibitRef) -> list[LeadHistory]:
    """Every lead on an exhibit, oldest first."""
    reference = "reference_member = ?1 AND reference = ?2"
    comparison = "comparison_member = ?1 AND comparison = ?2"
    return _histories(db, f"({reference}) OR ({comparison})", ref.member, ref.exhibit)


def next_lead_number(db: sqlite3.Connection, member: str, other: str) -> str:
    """A number that no lead of this member has had.

    Leads with another member are counted by themselves: their numbers would tell it how many leads
    there are within the country, and with others.
    """
    series = f"{member}-L" if other == member else f"{member}-{other}-L"
    query = "SELECT count(*) FROM leads WHERE member = ? AND substr(lead, 1, ?) = ?"
    count = db.execute(query, (member, len(series), series)).fetchone()[0]
    return f"{series}{count + 1}{restored_suffix(db)}"


def next_review_number(db: sqlite3.Connection, lead: str, member: str) -> str:
    """A number that no review of this member has had, as `next_lead_number`."""
    query = "SELECT count(*) FROM reviews WHERE lead = ? AND member = ?"
    count = db.execute(query, (lead, member)).fetchone()[0]
    return f"{lead}/{member}{count + 1}{restored_suffix(db)}"


def _histories(db: sqlite3.Connection, where: str, *values: str) -> list[LeadHistory]:
    query = f"SELECT * FROM leads WHERE {where} ORDER BY at, lead"
    of_lead = "SELECT * FROM reviews WHERE lead = ? ORDER BY at, review"
    given: list[tuple[Lead, tuple[Review, ...]]] = []
    for row in db.execute(query, values).fetchall():
        ends = {e: ExhibitRef(row[f"{e}_member"], row[e]) for e in ("reference", "comparison")}
        lead = from_row(Lead, row, **ends, figures=json.loads(row["figures"]))
        rows = db.execute(of_lead, (lead.lead,))
        reviews = (from_row(Review, one, supersedes=one["supersedes"] or "") for one in rows)
        given.append((lead, tuple(reviews)))
    waiting = any(waits_for_logs(lead, reviews) for lead, reviews in given)
    found = blindness_found(db) if waiting else {}
    return [_with_end(db, as_read(lead, reviews, found)) for lead, reviews in given]


def _with_end(db: sqlite3.Connection, history: LeadHistory) -> LeadHistory:
    lead = history.lead.lead
    link = db.execute("SELECT * FROM links WHERE lead = ?", (lead,)).fetchone()
    end = db.execute("SELECT * FROM withdrawals WHERE link = ?", (lead,)).fetchone()
    return replace(
        history,
        link=from_row(Link, link) if link else None,
        withdrawal=from_row(Withdrawal, end) if end else None,
        closure=_word(db, RecordKind.CLOSURE, Closure, lead),
        confirmation=_word(db, RecordKind.CONFIRMATION, Confirmation, lead),
    )


_Word = TypeVar("_Word", Closure, Confirmation)


def _word(
    db: sqlite3.Connection, kind: RecordKind, made: Callable[..., _Word], lead: str
) -> _Word | None:
    said = last_version(db, kind, lead)
    return made(lead, said.person, said.member, said.at, said.reason) if said else None


# Reviews as they are read: a row is never changed, what came to be known later stands beside it.
#
# Two first verdicts of two members that could not reach each other are a first and a second one,
# each given without the other: the later one is the second, but never that of who took the lead
# up. Across a border a verdict counts as blind once the logs of both members have been read.

# In the audit log: what the logs of both members say of a verdict, once both were in reach.
BLINDNESS = "blindness"


def blindness_found(db: sqlite3.Connection) -> dict[str, bool]:
    """By review, whether the logs of both members have it that the verdict was blind."""
    rows = db.execute("SELECT details FROM audit WHERE action = ? ORDER BY seq", (BLINDNESS,))
    found: list[dict[str, Any]] = [json.loads(row[0]) for row in rows]
    return {said["review"]: said["blind"] for said in found}


def waits_for_logs(lead: Lead, given: tuple[Review, ...]) -> tuple[Review, ...]:
    """The reviews that count as blind only once the logs of both members say so."""
    if len(lead.members) < 2:
        return ()
    apart = _two_firsts(given)
    return tuple(
        review
        for review in given
        if (apart and review.blind)
        or (review.place is ReviewRound.SECOND and not review.blind and not review.supersedes)
    )


def as_read(lead: Lead, given: tuple[Review, ...], found: Mapping[str, bool]) -> LeadHistory:
    """A lead with its reviews, oldest first, given what was found of their blindness."""
    waiting = {review.review for review in waits_for_logs(lead, given)}
    second = max(_two_firsts(given), key=lambda r: _order(lead, r), default=None)
    by_name = {review.review: review for review in given}

    def read(review: Review) -> Review:
        place = ReviewRound.SECOND if first_of(review, by_name) is second else review.place
        blind = found.get(review.review, review.blind and review.review not in waiting)
        return replace(review, place=place, blind=blind)

    return LeadHistory(
        lead=lead,
        reviews=tuple(read(review) for review in given),
        given=given,
        unchecked=tuple(sorted(waiting - found.keys())),
    )


def first_of(review: Review, by_name: Mapping[str, Review]) -> Review:
    """The review that a person's chain of superseding ones began with."""
    for _ in by_name:  # never in a circle, whatever a catalogue says
        before = by_name.get(review.supersedes, review)
        if not is_by(before, review.reviewer, review.member):
            break  # a third person's stands in the place of another's
        review = before
    return review


def _two_firsts(given: tuple[Review, ...]) -> tuple[Review, ...]:
    """Two first verdicts of two members, where nobody gave a second; else none."""
    begun = tuple(review for review in given if not review.supersedes)
    apart = len(begun) == 2 and {r.place for r in begun} == {ReviewRound.FIRST}
    return begun if apart and begun[0].member != begun[1].member else ()


def _order(lead: Lead, review: Review) -> tuple[bool, str, str]:
    took_up = review.member == lead.member and same_person(review.reviewer, lead.examiner)
    return not took_up, review.at, review.review
