"""The review of a recorded list: what a person has seen of each of its candidates."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ribin.cases.leads import ExhibitRef


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
