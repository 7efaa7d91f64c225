"""What was done in a vault, as moments: entries, searches, questions, leads, verdicts, links.

Taken from the records and the audit log, which keep what ended or was purged; no verdict is in it,
only that one was given.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ribin.cases.record import RecordKind
from ribin.vault.leads import read_leads
from ribin.vault.sharing import named_in_lead


class ActivityKind(StrEnum):
    """What is counted."""

    ENTRY = "entries"  # scans that were enrolled
    SEARCH = "searches"  # by this member
    QUESTION = "questions"  # searches by other members in this vault
    LEAD = "leads"
    VERDICT = "verdicts"
    LINK = "links"
    WITHDRAWAL = "links withdrawn"


@dataclass(frozen=True)
class Activity:
    """One of them: when, whom it concerns, and by which types of mark; none where nobody said."""

    kind: ActivityKind
    at: str  # UTC, ISO 8601
    members: tuple[str, ...]
    marks: tuple[str, ...]


@dataclass(frozen=True)
class Course:
    """How far an exhibit came: moments in UTC, empty where it has not come so far."""

    exhibit: str
    entered: str
    searched: str
    reviewed: str


def read_activities(db: sqlite3.Connection) -> Iterator[Activity]:
    """Everything that is counted, kind by kind."""
    owner = str(db.execute("SELECT subject FROM audit WHERE seq = 1").fetchone()[0])
    yield from _entries(db, owner)
    yield from _searches(db)
    yield from _questions(db, owner)
    yield from _of_leads(db)


def read_courses(db: sqlite3.Connection) -> list[Course]:
    """Each exhibit: its first scan, the first search with one of its scans, its first verdict."""
    searched: dict[str, str] = {}
    query = "SELECT subject, min(at) AS at FROM audit WHERE action = 'search recorded' GROUP BY 1"
    for row in db.execute(query):
        searched[row["subject"]] = row["at"]
    reviewed: dict[str, str] = {}
    owner = str(db.execute("SELECT subject FROM audit WHERE seq = 1").fetchone()[0])
    query = (
        "SELECT leads.*, min(reviews.at) AS reviewed FROM leads JOIN reviews USING (lead) "
        "GROUP BY lead ORDER BY reviewed DESC"
    )
    for row in db.execute(query).fetchall():
        for side in ("reference", "comparison"):
            if row[f"{side}_member"] == owner:
                reviewed[named_in_lead(db, row[side])] = row["reviewed"]
    found: dict[str, Course] = {}
    for row in db.execute("SELECT exhibit, sha256, enrolled_at FROM scans ORDER BY enrolled_at"):
        name, at = row["exhibit"], searched.get(row["sha256"], "")
        known = found.get(name)
        entered = known.entered if known else row["enrolled_at"]
        first = min((m for m in (at, known.searched if known else "") if m), default="")
        found[name] = Course(name, entered, first, reviewed.get(name, ""))
    return list(found.values())


def _entries(db: sqlite3.Connection, owner: str) -> Iterator[Activity]:
    """Each scan, with the types of the marks that count."""
    query = (
        "SELECT enrolled_at, group_concat(DISTINCT mark_type) AS types FROM scans "
        "LEFT JOIN marks ON marks.sha256 = scans.sha256 "
        "AND marks.description IS scans.description "
        "GROUP BY scans.sha256 ORDER BY enrolled_at"
    )
    for row in db.execute(query):
        types = tuple(sorted((row["types"] or "").split(","))) if row["types"] else ()
        yield Activity(ActivityKind.ENTRY, row["enrolled_at"], (owner,), types)


def _searches(db: sqlite3.Connection) -> Iterator[Activity]:
    """Each recorded search; of one whose lists ended, the types of mark are not kept."""
    query = (
        "SELECT first.at AS at, json_extract(CASE first.body WHEN '' THEN last.body "
        "ELSE first.body END, '$.members', '$.marks') AS said FROM records AS first "
        "LEFT JOIN records AS last ON last.kind = first.kind AND last.id = first.id "
        "AND last.version = 2 WHERE first.kind = ? AND first.version = 1 ORDER BY first.rowid"
    )
    for row in db.execute(query, (str(RecordKind.SEARCH),)):
        members, marks = json.loads(row["said"]) if row["said"] else ((), ())
        types = tuple(sorted({one["mark"] for one in marks or ()}))
        yield Activity(ActivityKind.SEARCH, row["at"], tuple(sorted(members or ())), types)


def _questions(db: sqlite3.Connection, owner: str) -> Iterator[Activity]:
    query = (
        "SELECT at, json_extract(details, '$.asking_member') AS member, "
        "json_extract(details, '$.mark') AS mark FROM audit "
        "WHERE action IN ('answer', 'answer by bundle') AND member IS NOT NULL "
        "AND member <> ? AND mark IS NOT NULL ORDER BY seq"
    )
    for row in db.execute(query, (owner,)):
        yield Activity(ActivityKind.QUESTION, row["at"], (row["member"],), (row["mark"],))


def _of_leads(db: sqlite3.Connection) -> Iterator[Activity]:
    """Leads and what followed, under the members concerned and the mark of the candidate."""
    for history in read_leads(db):
        lead, mark = history.lead, history.lead.figures.get("mark")
        ends = (history.link, ActivityKind.LINK), (history.withdrawal, ActivityKind.WITHDRAWAL)
        moments = [(lead.at, ActivityKind.LEAD)]
        moments += [(review.at, ActivityKind.VERDICT) for review in history.given]
        moments += [(one.at, kind) for one, kind in ends if one]
        for at, kind in moments:
            yield Activity(kind, at, lead.members, (mark,) if mark else ())
