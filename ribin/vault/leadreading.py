"""Reviews as they are read: a row is never changed, what came to be known later stands beside it.

Two first verdicts of two members that could not reach each other are a first and a second one, each
given without the other: the later one is the second, but never that of who took the lead up. Across
a border a verdict counts as blind once the logs of both members have been read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ribin.cases.leads import Lead, LeadFile, Place, Review
from ribin.people import same_person

# In the audit log: what the logs of both members say of a verdict, once both were in reach.
BLINDNESS = "blindness"


def blindness_found(db: sqlite3.Connection) -> dict[str, bool]:
    """By review, whether the logs of both members have it that the verdict was blind."""
    rows = db.execute("SELECT details FROM audit WHERE action = ? ORDER BY seq", (BLINDNESS,))
    found: list[dict[str, Any]] = [json.loads(row[0]) for row in rows]
    return {said["review"]: said["blind"] for said in found}


def waits_for_logs(lead: Lead, written: tuple[Review, ...]) -> tuple[Review, ...]:
    """The reviews that count as blind only once the logs of both members say so."""
    if len(lead.members) < 2:
        return ()
    apart = _two_firsts(written)
    return tuple(
        review
        for review in written
        if (apart and review.blind)
        or (review.place is Place.SECOND and not review.blind and not review.supersedes)
    )


def as_read(lead: Lead, written: tuple[Review, ...], found: Mapping[str, bool]) -> LeadFile:
    """A lead with its reviews, oldest first, given what was found of their blindness."""
    waiting = {review.review for review in waits_for_logs(lead, written)}
    second = max(_two_firsts(written), key=lambda r: _order(lead, r), default=None)
    by_name = {review.review: review for review in written}

    def read(review: Review) -> Review:
        place = Place.SECOND if first_of(review, by_name) is second else review.place
        blind = found.get(review.review, review.blind and review.review not in waiting)
        return replace(review, place=place, blind=blind)

    return LeadFile(
        lead=lead,
        reviews=tuple(read(review) for review in written),
        written=written,
        unchecked=tuple(sorted(waiting - found.keys())),
    )


def first_of(review: Review, by_name: Mapping[str, Review]) -> Review:
    """The review that a chain of superseding ones began with."""
    for _ in by_name:  # never in a circle, whatever a catalogue says
        review = by_name.get(review.supersedes, review)
    return review


def _two_firsts(written: tuple[Review, ...]) -> tuple[Review, ...]:
    """Two first verdicts of two members, where nobody gave a second; else none."""
    given = [review for review in written if not review.supersedes]
    apart = len(given) == 2 and {r.place for r in given} == {Place.FIRST}
    return tuple(given) if apart and given[0].member != given[1].member else ()


def _order(lead: Lead, review: Review) -> tuple[bool, str, str]:
    took_up = review.member == lead.member and same_person(review.reviewer, lead.examiner)
    return not took_up, review.at, review.review
