"""The full comparison of one member's shortlist: a row for each mark, and the counts of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ribin.cases.exhibits import Candidate, Counts, Exhibit
from ribin.comparison import Comparison
from ribin.model import Template
from ribin.pipeline import compare_many, look_again, on_threads
from ribin.search.context import SearchContext
from ribin.search.journal import FullSearchJournal, PairFigures
from ribin.search.rank import row_order
from ribin.search.rules import Eligibility
from ribin.vault.exhibits import StoredMark
from ribin.vault.vault import Vault

MISSING = "scan file missing or damaged"


@dataclass(frozen=True)
class FullComparison:
    """A row for each mark that could be compared, best first; why the others could not."""

    rows: tuple[Candidate, ...]
    reasons: Counter[str]
    exhibits: Mapping[str, Exhibit]  # of the rows, by their id


def compare_shortlist(
    query: Template,
    vault: Vault,
    ids: NDArray[np.int64],
    context: SearchContext,
    journal: FullSearchJournal | None = None,
    file_sha256: str = "",
) -> FullComparison:
    """Compare the query in full with the marks of these ids, some at a time.

    What the journal holds is not compared again; what is compared goes there. A row says so where
    its scan is the file of `file_sha256`, which the asker sent.
    """
    found: list[_MarkRow] = []
    reasons: Counter[str] = Counter()
    exhibits: dict[str, Exhibit] = {}
    portion = context.params.search.batch_marks
    for first in range(0, len(ids), portion):
        some = ids[first : first + portion].tolist()
        marks = vault.stored_marks(some)
        figures = _figures(query, vault, marks, context, journal)
        reasons[MISSING] += len(some) - len(figures)
        for mark in marks:
            one = figures.get(mark.mark_id)
            if one and not one.reason:
                same = mark.scan.sha256 == file_sha256
                row = replace(_row(vault.member, mark, one), same_file=same)
                found.append(_MarkRow(row, mark))
                exhibits[mark.scan.exhibit.exhibit] = mark.scan.exhibit
            elif one:
                reasons[one.reason] += 1
        context.progress(f"{vault.member}: marks", first + len(some), len(ids))
    rows = tuple(one.row for one in _look_at_best(query, vault, found, context))
    return FullComparison(rows, +reasons, exhibits)


@dataclass(frozen=True)
class _MarkRow:
    row: Candidate
    mark: StoredMark


def _look_at_best(
    query: Template, vault: Vault, found: Sequence[_MarkRow], context: SearchContext
) -> list[_MarkRow]:
    """The rows, best first; the best of those that score low as they agree at another scale or
    mirrored, where that is better."""
    ordered = sorted(found, key=lambda one: row_order(one.row))
    limits = context.params.looks
    low = [one for one in ordered if one.row.score < limits.low_score][: limits.shortlist_rows]
    templates = vault.templates([one.mark for one in low])
    low = [one for one in low if one.mark.mark_id in templates]

    def look(one: _MarkRow) -> Comparison | None:
        return look_again(query, templates[one.mark.mark_id], one.row.score, context.params)

    again: dict[int, Candidate] = {}
    for one, seen in zip(low, on_threads(look, low, context.threads), strict=True):
        if seen:
            row = _row(vault.member, one.mark, PairFigures.of(seen))
            again[one.mark.mark_id] = replace(row, same_file=one.row.same_file)
    rows = [_MarkRow(again.get(one.mark.mark_id, one.row), one.mark) for one in ordered]
    return sorted(rows, key=lambda one: row_order(one.row))


def _figures(
    query: Template,
    vault: Vault,
    marks: Sequence[StoredMark],
    context: SearchContext,
    journal: FullSearchJournal | None,
) -> dict[int, PairFigures]:
    """Of each mark that could be read, by its id."""
    known: dict[int, PairFigures] = {}
    templates = vault.templates(marks)  # of a known one too: its file may be damaged by now
    for mark in marks:
        if mark.mark_id in templates and journal and (one := journal.get(mark)):
            known[mark.mark_id] = one
    read = [mark for mark in marks if mark.mark_id in templates and mark.mark_id not in known]
    others = [templates[mark.mark_id] for mark in read]
    compared = compare_many(query, others, context.params, context.threads) if others else []
    new = [PairFigures.of(comparison) for comparison in compared]
    if journal:
        journal.put(read, new)
    return known | {mark.mark_id: one for mark, one in zip(read, new, strict=True)}


def shared_lines(compared: FullComparison) -> tuple[str, ...]:
    """A note where exhibits of several known firearms agree with the query along lines.

    Then the lines are what a production run shares, and say little about one firearm.
    """
    firearms: dict[str, set[str]] = {}
    rows: Counter[str] = Counter()
    for row in compared.rows:
        firearm = compared.exhibits[row.exhibit].firearm
        if row.along and firearm:
            firearms.setdefault(row.along, set()).add(firearm)
            rows[row.along] += 1
    return tuple(
        f"{rows[along]} exhibits of {len(known)} known firearms agree with the query along "
        f"{along}: firearms of one make may share them"
        for along, known in sorted(firearms.items())
        if len(known) > 1
    )


def _row(member: str, mark: StoredMark, figures: PairFigures) -> Candidate:
    shown = {name: value for name, value in vars(figures).items() if name != "reason"}
    return Candidate(
        rank=0,  # known when all members have answered
        member=member,
        exhibit=mark.scan.exhibit.exhibit,
        event=mark.scan.exhibit.event.event,
        mark=mark.mark_type,
        **shown,
        sha256=mark.scan.sha256,
        class_fields=mark.scan.exhibit.class_fields,
    )


# The counts of a search: what was set aside where, added up over members.


def count_marks(eligibility: Eligibility, shortlisted: int, compared: FullComparison) -> Counts:
    """The counts of one member's answer."""
    return Counts(
        eligible=eligibility.eligible,
        after_filters=eligibility.after_filters,
        after_coarse=eligibility.not_compared.total() + shortlisted,
        compared=len(compared.rows),
        not_compared=in_order(eligibility.not_compared + compared.reasons),
    )


def sum_counts(counts: Iterable[Counts]) -> Counts:
    """The counts of several members as those of one."""
    listed = list(counts)
    reasons: Counter[str] = Counter()
    for one in listed:
        reasons.update(dict(one.not_compared))
    return Counts(
        eligible=sum(c.eligible for c in listed),
        after_filters=sum(c.after_filters for c in listed),
        after_coarse=sum(c.after_coarse for c in listed),
        compared=sum(c.compared for c in listed),
        not_compared=in_order(reasons),
    )


def in_order(reasons: Counter[str]) -> tuple[tuple[str, int], ...]:
    """Reasons and their numbers, the same order always."""
    return tuple(sorted(reasons.items()))
