"""Standing searches and what they brought up, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ribin.cases.saved_search import Finding, StandingSearch
from ribin.report.text import NOTICE, table


def standing_table(searches: Sequence[StandingSearch], found: Mapping[str, int]) -> str:
    """A row for each search; `found` has the number of findings by search."""
    if not searches:
        return "no standing search"
    header = ("standing", "exhibit", "scope", "top", "from score", "since", "by", "found", "state")
    rows = [
        (
            *(s.standing, s.exhibit, s.scope, s.top, s.min_score, s.at[:10], s.who),
            found.get(s.standing, 0),
            f"ended {s.ended_at[:10]}" if s.ended_at else "stands",
        )
        for s in searches
    ]
    return table(header, rows)


def findings_table(findings: Sequence[Finding], exhibits: Mapping[str, str]) -> str:
    """A row for each finding; `exhibits` has the own exhibit of each search."""
    if not findings:
        return "nothing new"
    header = ("standing", "exhibit", "rank", "member", "candidate", "event", "mark", "score", "on")
    rows = [
        (
            f.standing,
            exhibits[f.standing],
            *(f.candidate["rank"], f.member, f.exhibit, f.candidate["event"]),
            *(f.candidate["mark"], f.candidate["score"], f.at[:10]),
        )
        for f in findings
    ]
    return f"{table(header, rows)}\n{NOTICE}"
