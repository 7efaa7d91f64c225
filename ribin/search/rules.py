"""What a search may ask, what an owner shows, and which exhibits pass the class gates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from ribin.cases.calibres import calibre_code, calibre_words, same_calibre
from ribin.cases.exhibits import (
    CLASS_FIELDS,
    ClassFields,
    Event,
    Exhibit,
    ExhibitKind,
    Filters,
    Request,
    Scope,
)
from ribin.cases.plausible import checked_day
from ribin.errors import AccessError, ParameterError
from ribin.model import BoolArray, ScanKind, Template, known_lighting, light_hindrance
from ribin.text import TEXT_LENGTH
from ribin.vault.disclosure import may_see
from ribin.vault.mark_table import MarkFacts, MarkTable
from ribin.vault.vocabulary import Vocabulary


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


NO_SYNONYMS = Vocabulary({}, {})


def passes(exhibit: Exhibit, filters: Filters, words: Vocabulary = NO_SYNONYMS) -> bool:
    """Whether an exhibit passes every gate; what is not known of it cannot stop it, nor can a
    calibre that the table lacks.

    Class fields are compared by what their spellings mean in the `words` of the owner: calibres by
    their codes, all else without regard to capitals and blanks. Days are inclusive.
    """
    day = exhibit.event.date
    if filters.kind and exhibit.kind is not filters.kind:
        return False
    for name, wanted in filters.of_class.items():
        found = getattr(exhibit.class_fields, name)
        if not found or _lacks(words, name, found, wanted):
            continue
        if not _same(words, name, found, wanted):
            return False
    if not day:
        return True
    return (filters.date_from or day) <= day <= (filters.date_to or day)


def _same(words: Vocabulary, name: str, found: str, wanted: str) -> bool:
    if name == "calibre":
        return same_calibre(words.value(name, found), words.value(name, wanted))
    return words.meaning(name, found) == words.meaning(name, wanted)


def _lacks(words: Vocabulary, name: str, found: str, wanted: str) -> bool:
    """Whether a calibre is none of the table, "9 mm" say, where one of the table is asked for: it
    may be that one."""
    known = [calibre_code(words.value(name, text)) for text in (found, wanted)]
    return name == "calibre" and not known[0] and bool(known[1])


# What of a vault a query may be compared with, and why not the rest.

REVIEWED = "reviewed already"
LIGHT_UNKNOWN = "light unknown"
OTHER_PARAMETERS = "described with template parameters"  # how a reason begins


def earlier_set_words(used: str, wanted: str) -> str:
    """That another set of parameters was used than was wanted."""
    return (
        f"compared with the earlier template parameters {used}, which both have; such scores are "
        f"no measure beside those of {wanted}"
    )


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
    words: Vocabulary = NO_SYNONYMS,
) -> Eligibility:
    """Apply sharing, class gates and comparability, in this order.

    The rules are asked once for each combination of facts. `reach`: the narrowest scope in which
    the asker reaches the owner. `left_out`: ids of marks that the asker has reviewed against the
    query and does not want again; `words` are the owner's.
    """
    asked = (request, reach, words)
    verdicts = [_verdict(query, facts, *asked) for facts in mark_table.facts]
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
    bare = [(_verdict(query, facts, *asked), n) for facts, n in mark_table.bare]
    bare_passing = sum(n for v, n in bare if v.passing)
    not_compared[f"no {query.mark_type} mark in the scan"] += bare_passing
    return Eligibility(
        eligible=int(shown.sum()) + sum(n for v, n in bare if v.shown),
        after_filters=int(passing.sum()) + bare_passing,
        wanted=others & fit,
        indexed=_each(mark_table, [_same_making(query, facts) for facts in mark_table.facts]),
        not_compared=+not_compared,
    )


def filter_notes(
    mark_table: MarkTable, request: Request, reach: Scope, words: Vocabulary
) -> list[str]:
    """For each class field of which no mark shown has the value asked for: what there is; which
    calibres, that the table lacks, were kept beside the one asked for; and where the table lacks
    that one, which were left out."""
    marks = np.bincount(mark_table.which, minlength=len(mark_table.facts))
    shown = [
        (facts, int(number))
        for facts, number in zip(mark_table.facts, marks, strict=True)
        if number and may_see(_seen(facts), request.scope, reach)
    ]
    notes = []
    for name, wanted in request.filters.of_class.items():
        held, kept = Counter[str](), Counter[str]()
        for facts, number in shown:
            said = getattr(facts, name)
            held[_words(name, said) or _NOT_KNOWN] += number
            if said and _lacks(words, name, said, wanted):
                kept[said] += number
        if kept:
            why = "kept, since the table of calibres lacks what is stated of them"
            notes.append(f"{why}: {_listed(kept)}")
        unknown = name == "calibre" and not calibre_code(words.value(name, wanted))
        others = {one: n for one, n in held.items() if not _same(words, name, one, wanted)}
        if len(others) < len(held):
            others.pop(_NOT_KNOWN, None)
            if unknown and others:
                only = f"the table of calibres lacks {wanted}: only what is stated so is kept"
                notes.append(f"{only}; left out are {_listed(Counter(others))}")
            continue
        if not held:
            continue
        lacks = ", which the table of calibres lacks" if unknown else ""
        what = f"{name.replace('_', ' ')} {_words(name, wanted)}"
        notes.append(f"no mark of {what}{lacks}; there are {_listed(held)}")
    return notes


def _listed(held: Counter[str]) -> str:
    """The most frequent values with their numbers, no more than a note may hold."""
    most, length = list[tuple[str, int]](), 0
    for value, n in held.most_common(_MOST_VALUES):
        length += len(f"{value} ({n}), ")
        if most and length > _LONGEST_LIST:
            break
        most.append((value, n))
    more = f" and {len(held) - len(most)} more" if len(held) > len(most) else ""
    return ", ".join(f"{value} ({n})" for value, n in sorted(most)) + more


_MOST_VALUES = 30  # of a field that a note lists
_LONGEST_LIST = TEXT_LENGTH // 2  # characters; a longer note would be refused with its answer
_NOT_KNOWN = "not known"


def _words(name: str, text: str) -> str:
    return calibre_words(text) if name == "calibre" else text


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
        class_fields=ClassFields(**{name: getattr(facts, name) for name in CLASS_FIELDS}),
        sharing=Scope(facts.sharing),
    )


def _verdict(
    query: Template, facts: MarkFacts, request: Request, reach: Scope, words: Vocabulary
) -> _Verdict:
    exhibit = _seen(facts)
    shown = may_see(exhibit, request.scope, reach)
    passing = shown and passes(exhibit, request.filters, words)
    return _Verdict(shown, passing, _why_not(query, facts))


def _why_not(query: Template, facts: MarkFacts) -> str:
    """Why a mark of the query's type cannot be compared with it; empty where it can."""
    if facts.kind != query.kind:
        return f"{facts.kind} enrolled, {query.kind} asked"
    if query.kind is ScanKind.IMAGE and (
        known_lighting(facts.lighting) is None or known_lighting(query.provenance.lighting) is None
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
