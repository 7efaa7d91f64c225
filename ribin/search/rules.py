"""What a search may ask, what an owner shows, and which exhibits pass the class gates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from ribin.cases.calibres import calibre_code, calibre_words, same_calibre
from ribin.cases.exhibits import ClassFields, Event, Exhibit, ExhibitKind, Filters, Request, Scope
from ribin.cases.plausible import checked_day
from ribin.errors import AccessError, ParameterError
from ribin.model import (
    UNKNOWN_LIGHT,
    BoolArray,
    ScanKind,
    Template,
    known_lighting,
    light_hindrance,
)
from ribin.vault.disclosure import may_see
from ribin.vault.mark_table import MarkFacts, MarkTable


def check_request(request: Request, reach: Scope) -> None:
    """Refuse a request that no owner at this distance may answer.

    Raises AccessError: the scope is too narrow to reach that far, or wider than the country without
    naming who asks and why; ParameterError: a day of the filters cannot be one, the first comes
    after the last, or fewer than one row is wanted.
    """
    if request.scope.width < reach.width:
        raise AccessError(f"scope {request.scope}: scope {reach} needed to ask this member")
    for name in ("who", "reason"):
        if request.scope is not Scope.COUNTRY and not getattr(request, name).strip():
            raise AccessError(
                f"scope {request.scope}: {name} needed beyond the country, found none",
                hint="--reason, or the field Reason of a page, says it" if name == "reason" else "",
            )
    for name in ("date_from", "date_to"):
        day = getattr(request.filters, name)
        if day:
            checked_day(day, name)
    first, last = request.filters.date_from, request.filters.date_to
    if first and last and first > last:
        raise ParameterError(f"date_from: {last} (date_to) or before needed, found {first}")
    if request.top is not None and request.top < 1:
        raise ParameterError(f"top: at least 1 row needed, found {request.top}")


def passes(exhibit: Exhibit, filters: Filters) -> bool:
    """Whether an exhibit passes every gate; what is not known of it cannot stop it.

    Calibres are compared by their codes, else without regard to capitals, blanks and dashes. Days
    are inclusive.
    """
    calibre, day = exhibit.class_fields.calibre, exhibit.event.date
    if filters.kind and exhibit.kind is not filters.kind:
        return False
    if filters.calibre and calibre and not same_calibre(calibre, filters.calibre):
        return False
    if not day:
        return True
    return (filters.date_from or day) <= day <= (filters.date_to or day)


# What of a vault a query may be compared with, and why not the rest.

REVIEWED = "reviewed already"
LIGHT_UNKNOWN = "light unknown"
OTHER_PARAMETERS = "described with parameters"  # how a reason begins


@dataclass(frozen=True, eq=False)
class Eligibility:
    """Every eligible mark of a vault before the coarse cut, accounted for once."""

    eligible: int
    after_filters: int
    wanted: BoolArray  # (N,), marks of the mark table that can be compared
    indexed: BoolArray  # (N,), all of the query's kind and parameters
    not_compared: Counter[str]  # the others that passed the filters, by reason


def eligible_marks(
    query: Template,
    mark_table: MarkTable,
    request: Request,
    reach: Scope,
    left_out: Collection[int] = (),
) -> Eligibility:
    """Apply sharing, class gates and comparability, in this order.

    The rules are asked once for each combination of facts. `reach`: the narrowest scope in which
    the asker reaches the owner. `left_out`: ids of marks that the asker has reviewed against the
    query and does not want again.
    """
    verdicts = [_verdict(query, facts, request, reach) for facts in mark_table.facts]
    shown = _each(mark_table, [v.shown for v in verdicts])
    passing = _each(mark_table, [v.passing for v in verdicts])
    fit = _each(mark_table, [not v.reason for v in verdicts])
    itself = mark_table.of_scan(query.provenance.sha256) & passing
    reviewed = np.isin(mark_table.ids, np.array(sorted(left_out), np.int64)) & passing & ~itself
    others = passing & ~itself & ~reviewed

    not_compared = Counter({"the query itself": int(itself.sum()), REVIEWED: int(reviewed.sum())})
    hindered = np.bincount(mark_table.which[others & ~fit], minlength=len(verdicts))
    for verdict, number in zip(verdicts, hindered, strict=True):
        not_compared[verdict.reason] += int(number)
    bare = [(_verdict(query, facts, request, reach), n) for facts, n in mark_table.bare]
    bare_passing = sum(n for v, n in bare if v.passing)
    not_compared[f"no {query.mark_type} mark in the scan"] += bare_passing
    return Eligibility(
        eligible=int(shown.sum()) + sum(n for v, n in bare if v.shown),
        after_filters=int(passing.sum()) + bare_passing,
        wanted=others & fit,
        indexed=_each(mark_table, [_same_making(query, facts) for facts in mark_table.facts]),
        not_compared=+not_compared,
    )


def calibre_note(mark_table: MarkTable, request: Request, reach: Scope) -> str:
    """Where no mark that is shown is of the calibre asked for: the calibres that there are."""
    wanted, held = request.filters.calibre, Counter[str]()
    if not wanted:
        return ""
    marks = np.bincount(mark_table.which, minlength=len(mark_table.facts))
    for facts, number in zip(mark_table.facts, marks, strict=True):
        if may_see(_seen(facts), request.scope, reach):
            held[calibre_words(facts.calibre) or "not known"] += int(number)
    if any(same_calibre(one, wanted) for one in held) or not held.total():
        return ""
    listed = ", ".join(f"{words} ({n})" for words, n in sorted(held.items()))
    unknown = "" if calibre_code(wanted) else ", which the table of calibres lacks"
    return f"no mark of calibre {calibre_words(wanted)}{unknown}; there are {listed}"


@dataclass(frozen=True)
class _Verdict:
    """What the rules say of a combination of facts; `reason` is empty where it can be compared."""

    shown: bool
    passing: bool
    reason: str


def _seen(facts: MarkFacts) -> Exhibit:
    return Exhibit(
        exhibit="any",
        event=Event("any", date=facts.date),
        kind=ExhibitKind(facts.exhibit_kind),
        class_fields=ClassFields(calibre=facts.calibre),
        sharing=Scope(facts.sharing),
    )


def _verdict(query: Template, facts: MarkFacts, request: Request, reach: Scope) -> _Verdict:
    exhibit = _seen(facts)
    shown = may_see(exhibit, request.scope, reach)
    return _Verdict(shown, shown and passes(exhibit, request.filters), _why_not(query, facts))


def _why_not(query: Template, facts: MarkFacts) -> str:
    """Why a mark of the query's type cannot be compared with it; empty where it can."""
    if facts.kind != query.kind:
        return f"{facts.kind} enrolled, {query.kind} asked"
    if query.kind is ScanKind.IMAGE and (
        known_lighting(facts.lighting) is None or query.provenance.lighting == UNKNOWN_LIGHT
    ):
        return LIGHT_UNKNOWN
    unlike = light_hindrance(facts.lighting, query.provenance.lighting)
    if unlike:
        return unlike
    if facts.params_id != query.params_id:
        return f"{OTHER_PARAMETERS} {facts.params_id}, {query.params_id} asked"
    return ""


def _same_making(query: Template, facts: MarkFacts) -> bool:
    return facts.kind == query.kind and facts.params_id == query.params_id


def _each(mark_table: MarkTable, of_facts: list[bool]) -> BoolArray:
    """For each mark, what holds of its facts."""
    return np.array(of_facts, np.bool_)[mark_table.which] if of_facts else np.zeros(0, np.bool_)
