"""How much a laboratory did, how long it took, and what waits: for a person and for a CSV."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from statistics import median

from ribin.cases.csv_files import write_csv
from ribin.cases.leads import LeadHistory, LeadStatus, ReviewRound
from ribin.cases.plausible import checked_day
from ribin.leads.rules import status_of
from ribin.report.table import table
from ribin.vault.activity import Activity, ActivityKind, Course, read_activities, read_courses
from ribin.vault.leads import read_leads
from ribin.vault.people import check_looker
from ribin.vault.vault import Vault

ALL = "all"
NOT_STATED = "not stated"
_UNSEARCHED = "exhibits never searched with"
# What awaits somebody, by how far a lead has come.
_WAITING = {
    None: _UNSEARCHED,
    LeadStatus.LEAD: "leads without a verdict",
    LeadStatus.SECOND_REVIEW_DUE: "second verdicts due",
    LeadStatus.FIRST_VERDICT_SEALED: "first verdicts whose content has not come",
    LeadStatus.BLINDNESS_DUE: "agreed, the other member's log not read",
    LeadStatus.CONFIRMATION_DUE: "agreed by one member, the other's word due",
    LeadStatus.NOT_BLIND: "agreed, not blind: a third verdict is possible",
}
_DAY_S = 86_400.0
_CUT = 0.9  # of the slow ones that are named beside the median


@dataclass(frozen=True)
class MonthCount:
    """How many of a kind in a month, by member and type of mark. Each is counted once under `all`
    of both, and once under each member and each mark that it concerns."""

    month: str  # YYYY-MM
    kind: str
    member: str
    mark: str
    number: int


@dataclass(frozen=True)
class Turnaround:
    """How long a step took, in days, of what entered in the period; `open` are those to come."""

    step: str
    done: int
    open: int
    median_days: float | None
    slow_days: float | None  # nine of ten took no longer


@dataclass(frozen=True)
class Backlog:
    """What waits, and since when the oldest of it does; empty where nothing waits."""

    what: str
    number: int
    since: str


@dataclass(frozen=True)
class Statistics:
    """Those of a vault; `first` and `last` are days, empty where the period is open."""

    member: str
    first: str
    last: str
    months: tuple[MonthCount, ...]
    turnaround: tuple[Turnaround, ...]
    backlog: tuple[Backlog, ...]


def vault_statistics(vault: Vault, who: str, first: str = "", last: str = "") -> Statistics:
    """What was done from a day to a day, and what waits now.

    Raises AccessError: the vault's people have roles, and `who` has none; ParameterError: a day is
    none.
    """
    check_looker(vault.catalogue, who)
    for name, day in (("from", first), ("to", last)):
        if day:
            checked_day(day, name)
    with vault.catalogue.reading() as db:
        done = list(read_activities(db)), read_courses(db), read_leads(db)
    return statistics_of(vault.member, *done, first, last)


def statistics_of(
    member: str,
    activities: Iterable[Activity],
    courses: Sequence[Course],
    histories: Sequence[LeadHistory],
    first: str = "",
    last: str = "",
) -> Statistics:
    """The same of what was read: what was done from a day to a day, and what waits at the end."""
    entered = [one for one in courses if _within(one.entered, first, last)]
    begun = [
        h
        for h in histories
        if _within(h.lead.at, first, last) and status_of(h) is not LeadStatus.CLOSED
    ]
    rounds = [(h.lead.at, *_days_of_rounds(h)) for h in begun]
    reviewed = [(c.entered, c.reviewed) for c in entered if c.reviewed]
    steps = (
        _turnaround("entry to first search", [(c.entered, c.searched) for c in entered]),
        _turnaround("entry to first verdict", reviewed),
        _turnaround("lead to first verdict", [(at, one) for at, one, _ in rounds]),
        _turnaround("first to second verdict", [(one, two) for _, one, two in rounds if one]),
    )
    counts = _count(a for a in activities if _within(a.at, first, last))
    return Statistics(member, first, last, tuple(counts), steps, _backlog(courses, histories))


def _days_of_rounds(history: LeadHistory) -> tuple[str, str]:
    """When the first verdict was given, and the second; empty where it was not."""
    given = {place: [r.at for r in history.reviews if r.place is place] for place in ReviewRound}
    first, second = (min(given[place], default="") for place in ReviewRound)
    return first, second


def _count(activities: Iterable[Activity]) -> list[MonthCount]:
    counted: Counter[tuple[str, str, str, str]] = Counter()
    for one in activities:
        for member in (ALL, *(one.members or (NOT_STATED,))):
            for mark in (ALL, *(one.marks or (NOT_STATED,))):
                counted[one.at[:7], str(one.kind), member, mark] += 1
    order = {str(kind): number for number, kind in enumerate(ActivityKind)}

    def place(key: tuple[str, str, str, str]) -> tuple[object, ...]:
        month, kind, member, mark = key
        return month, order[kind], member != ALL, member, mark != ALL, mark

    return [MonthCount(*key, counted[key]) for key in sorted(counted, key=place)]


def _turnaround(step: str, pairs: Sequence[tuple[str, str]]) -> Turnaround:
    days = sorted(max(0.0, _days(begun, ended)) for begun, ended in pairs if ended)
    slow = days[min(len(days) - 1, int(_CUT * len(days)))] if days else None
    return Turnaround(step, len(days), len(pairs) - len(days), median(days) if days else None, slow)


def _backlog(courses: Sequence[Course], histories: Sequence[LeadHistory]) -> tuple[Backlog, ...]:
    """What waits now, whatever the period."""
    waits: dict[str, list[str]] = {what: [] for what in _WAITING.values()}
    waits[_UNSEARCHED] += [one.entered for one in courses if not one.searched]
    for history in histories:
        if what := _WAITING.get(status_of(history)):
            waits[what].append(max([history.lead.at, *(r.at for r in history.reviews)]))
    return tuple(Backlog(what, len(at), min(at, default="")[:10]) for what, at in waits.items())


def _within(at: str, first: str, last: str) -> bool:
    day = at[:10]
    return (not first or day >= first) and (not last or day <= last)


def _days(begun: str, ended: str) -> float:
    one, other = (datetime.fromisoformat(at).astimezone(UTC) for at in (begun, ended))
    return (other - one).total_seconds() / _DAY_S


# For a person, and for a spreadsheet.


def months_table(counts: Sequence[MonthCount]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of one line a month, one column a kind, of counts of one member and mark."""
    kinds = [str(kind) for kind in ActivityKind]
    by = {(one.month, one.kind): one.number for one in counts}
    months = sorted({one.month for one in counts})
    return ["month", *kinds], [[m, *(str(by.get((m, k), 0)) for k in kinds)] for m in months]


def statistics_csv(found: Statistics) -> str:
    """The counts of months, a line each."""
    lines = io.StringIO()
    write_csv(lines, [f.name for f in fields(MonthCount)], map(astuple, found.months))
    return lines.getvalue()


def statistics_text(found: Statistics, member: str = ALL, mark: str = ALL) -> str:
    """Months, turnaround and backlog, for a terminal."""
    chosen = [one for one in found.months if (one.member, one.mark) == (member, mark)]
    header, rows = months_table(chosen)
    steps = [
        (t.step, t.done, t.open, *(_figure(d) for d in (t.median_days, t.slow_days)))
        for t in found.turnaround
    ]
    waiting = [(w.what, w.number, w.since or "-") for w in found.backlog]
    return "\n\n".join(
        (
            table(header, rows) if rows else "nothing was done in this time",
            table(("turnaround", "done", "to come", "median days", "9 of 10 within"), steps),
            table(("waiting", "number", "oldest"), waiting),
        )
    )


def _figure(days: float | None) -> str:
    return "-" if days is None else f"{days:.1f}"
