"""A search that is made again and again for an open case, and what it has brought up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ribin.cases.exhibits import Scope


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
