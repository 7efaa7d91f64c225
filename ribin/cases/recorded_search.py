"""A search as a laboratory made it, under the number by which reports, leads and pages name it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ribin.cases.record import canonical_bytes


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
