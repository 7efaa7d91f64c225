"""Searches as a laboratory records them: what was found, what was seen of it, what is awaited."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ribin.cases.exhibits import Scope
from ribin.cases.leads import ExhibitRef
from ribin.cases.record import canonical_bytes

# A search under the number by which reports, leads and pages name it.


@dataclass(frozen=True)
class SearchedMark:
    """A mark that was searched with: of which scan, and in which description."""

    mark: str
    sha256: str  # of the scan
    template_sha256: str
    params_id: str


@dataclass(frozen=True)
class SearchStatement:
    """What the record of a search states.

    `lists` is what `ribin search --json` printed, None once they ended; then `ended` says why.
    Hash and counts stay.
    """

    query: str
    query_sha256: str  # of the scan
    scope: str
    members: tuple[str, ...]
    rows: int  # of all lists
    counts: Mapping[str, Any]  # sums over the lists
    lists_sha256: str
    marks: tuple[SearchedMark, ...] = ()
    lists: Mapping[str, Any] | None = None
    ended: str = ""


@dataclass(frozen=True)
class RecordedSearch:
    """A search under its number, such as JAM-Q17."""

    number: str
    person: str
    at: str  # UTC, ISO 8601
    reason: str
    stated: SearchStatement
    ended_at: str = ""
    unanswered: tuple[str, ...] = ()  # members that gave no answer; known while its lists are kept


def lists_sha256(lists: Mapping[str, Any]) -> str:
    """SHA-256 of the lists of a search, as they are recorded, without the time that they took."""
    timeless = [{**one, "elapsed_s": 0.0} for one in lists["lists"]]
    content = canonical_bytes({**lists, "elapsed_s": 0.0, "lists": timeless})
    return hashlib.sha256(content).hexdigest()


# The review of its list: what a person has seen of each of its candidates.


class CandidateStatus(StrEnum):
    """How far a person has come with a candidate of a list."""

    LOOKED_AT = "looked at"  # nothing is said yet
    NOTHING_SEEN = "nothing seen"  # no reason to examine the items
    LEAD = "lead"  # taken up


@dataclass(frozen=True)
class ReviewedCandidate:
    """What one person said of a candidate last, under a number such as JAM-C5."""

    number: str
    search: str
    candidate: ExhibitRef
    status: CandidateStatus
    person: str
    at: str  # UTC, ISO 8601


# A search that is made again and again for an open case, and what it has brought up.


@dataclass(frozen=True)
class SavedSearch:
    """What an open case waits for: exhibits that rank among the first of a list.

    A row counts where it is within the first `top` of the list of one type of mark, with a score
    of `min_score` or more.
    """

    standing: str  # its number, such as JAM-S1
    exhibit: str  # of the own vault, searched with
    scope: Scope
    top: int
    min_score: float
    who: str
    reason: str
    at: str
    ended_at: str = ""  # empty while it stands


@dataclass(frozen=True)
class SearchFinding:
    """An exhibit that a saved search brought up for the first time; it is told once.

    `candidate` is the row as it was listed.
    """

    standing: str
    member: str
    exhibit: str
    sha256: str
    candidate: dict[str, Any] = field(hash=False)
    at: str = ""
    told_at: str = ""  # empty until somebody was told
    finding: int = 0  # counts up
