"""What a report of a search says: the query, what was searched and what not, the ranked lists."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from ribin.casework import Counts, SearchResult
from ribin.lists import SearchLists
from ribin.params import MethodParams
from ribin.report.document import Block, Document, Facts, Figure, Grid, Paragraph, Points, Section
from ribin.report.json_text import as_json
from ribin.report.lists_text import lists_value
from ribin.report.relief import Picture
from ribin.report.report_words import (
    SORTS,
    ChainHead,
    ReportHead,
    examiner_section,
    known,
    limits_section,
    method_section,
    record_section,
    words,
)
from ribin.report.score_plot import largest_drop

_TOP = 100.0  # the most that a score can be


@dataclass(frozen=True, eq=False)
class Shown:
    """A candidate beside the query; or why there is no picture of it."""

    rank: int
    name: str
    picture: Picture | None
    figures: str = ""  # of the comparison that the picture was drawn from
    why_not: str = ""


def search_document(
    head: ReportHead,
    lists: SearchLists,
    shown: tuple[Shown, ...] = (),
    chain: ChainHead | None = None,
    method: MethodParams | None = None,
) -> Document:
    """The whole report.

    Parameters
    ----------
    lists : SearchLists
        As the search gave them, or as `lists_of` read them.
    shown : tuple of Shown
        Candidates of the first list beside the query.
    method : MethodParams or None
        Of the first list; None where the search was made with parameters that are not known here.
    """
    first, figures = lists.first, lists_sha256(lists)
    return Document(
        title="Search report",
        subject=f"Query {first.query}, scope {first.scope}: {', '.join(first.members)}",
        head=head.facts(),
        footer=f"RIBIN {first.version}, search report, {head.at}, figures {figures[:16]}",
        sections=(
            _question(head, first),
            _query(lists),
            method_section(first.params_id, first.version, method, searched=True),
            _searched(lists),
            _result(lists),
            *_pictures(first, shown),
            limits_section(
                "An exhibit that is not in the list was not shown, not compared, or came after "
                "the last row: that it is missing says nothing about its firearm.",
            ),
            record_section(figures, chain, *_snapshots(first)),
            _seen(first),
            examiner_section(),
        ),
    )


def lists_sha256(lists: SearchLists) -> str:
    """SHA-256 of the lists as JSON, without the time that they took."""
    timeless = replace(lists, lists=tuple(replace(one, elapsed_s=0.0) for one in lists.lists))
    return hashlib.sha256(as_json(lists_value(timeless)).encode()).hexdigest()


def _question(head: ReportHead, first: SearchResult) -> Section:
    asked = head.question or (
        "Which of the exhibits that scope, sharing and filters let the asking member see have "
        "marks most like those of the query, in the figures of the method below?"
    )
    return Section("Question", (Paragraph(asked), Paragraph(SORTS)))


def _query(lists: SearchLists) -> Section:
    first, request = lists.first, lists.first.request
    facts = [
        ("Query", first.query),
        ("SHA-256", first.query_sha256),
        ("Marks", ", ".join(words(one.mark) for one in lists.lists)),
        ("Scope", first.scope),
        ("Members asked", ", ".join(first.members)),
    ]
    if request:
        filters, days = request.filters, (request.filters.date_from, request.filters.date_to)
        facts += [
            ("Asked by", ", ".join(part for part in (request.who, request.asking_member) if part)),
            ("Reason", request.reason),
            ("Calibre", filters.calibre and f"{filters.calibre}, and where it is not known"),
            ("Days", f"{days[0] or 'the first'} to {days[1] or 'the last'}" if any(days) else ""),
            ("Coarse stage", "left out: everything was compared" if request.full else ""),
        ]
    return Section("Query", (Facts(known([*facts, ("Asked on", first.asked_at)])),))


def _searched(lists: SearchLists) -> Section:
    header = (
        "marks",
        "member",
        "eligible",
        "after filters",
        "after coarse",
        "compared",
        "not compared",
    )
    rows = []
    for one in lists.lists:
        for member, counts in sorted(one.counts_by_member.items()):
            rows.append((words(one.mark), member, *_numbers(counts)))
        if len(one.counts_by_member) > 1:
            rows.append((words(one.mark), "all", *_numbers(one.counts)))
    text = (
        "Eligible are the marks that scope and the owners' sharing let the asking member see; "
        "hidden ones are in none of the numbers. After coarse: not set aside as too unlike the "
        "query. What was not compared has its reasons below."
    )
    blocks: list[Block] = [Paragraph(text), Grid(header, tuple(rows), frozenset({2, 3, 4, 5, 6}))]
    reasons = [
        (f"{words(one.mark)}, {number} not compared", why)
        for one in lists.lists
        for why, number in one.counts.not_compared
    ]
    reasons += [(f"{member} could not answer", why) for member, why in lists.unavailable]
    if reasons:
        blocks.append(Facts(tuple(reasons)))
    if lists.all_notes:
        blocks.append(Points(lists.all_notes))
    return Section("What was searched, and what was not", tuple(blocks))


def _numbers(counts: Counts) -> tuple[str, ...]:
    left_out = sum(number for _, number in counts.not_compared)
    figures = (counts.eligible, counts.after_filters, counts.after_coarse, counts.compared)
    return tuple(str(number) for number in (*figures, left_out))


def _result(lists: SearchLists) -> Section:
    blocks: list[Block] = []
    for one in lists.lists:
        blocks += _list_blocks(one)
    if lists.fused:
        blocks += [
            Paragraph(f"All marks, ordered by the ranks in the lists ({lists.fusion})."),
            _fused(lists),
        ]
    return Section("Result", tuple(blocks))


def _list_blocks(one: SearchResult) -> list[Block]:
    scores = [row.score for row in one.candidates]
    said = (
        f"List by {words(one.mark)}: {len(scores)} rows of {one.counts.compared} marks compared, "
        "ordered by score."
    )
    if not scores:
        return [Paragraph(f"List by {words(one.mark)}: no candidate.")]
    drop = largest_drop(scores)
    if drop:
        said += f" The largest drop in the scores, {drop[1]:.1f}, comes after rank {drop[0]}."
    rows = tuple(
        (
            *(str(row.rank), row.member, row.exhibit, row.event),
            *(f"{row.cmc:g} of {row.cells}", f"{row.ccf:.3f}", f"{row.score:.3f}"),
        )
        for row in one.candidates
    )
    header = ("rank", "member", "exhibit", "event", "congruent cells", "ccf", "score")
    bars = tuple(min(max(score / _TOP, 0.0), 1.0) for score in scores)
    return [Paragraph(said), Grid(header, rows, frozenset({0, 4, 5, 6}), bars)]


def _fused(lists: SearchLists) -> Grid:
    marks = [one.mark for one in lists.lists]
    rows = []
    for row in lists.fused:
        places = {str(place.mark): f"{place.rank} ({place.score:.1f})" for place in row.places}
        shown = (places.get(mark, "-") for mark in marks)
        rows.append((str(row.rank), row.member, row.exhibit, row.event, *shown))
    header = ("rank", "member", "exhibit", "event", *(f"{words(m)}: rank (score)" for m in marks))
    return Grid(header, tuple(rows), frozenset({0, *range(4, 4 + len(marks))}))


def _pictures(first: SearchResult, shown: tuple[Shown, ...]) -> tuple[Section, ...]:
    blocks: list[Block] = []
    for one in shown:
        if one.picture is None:
            blocks.append(Paragraph(f"Rank {one.rank}, {one.name}: not shown, {one.why_not}."))
            continue
        caption = (
            f"Left the query, right {one.name} (rank {one.rank}), moved onto it. {one.figures} "
            "Solid and numbered: congruent cells, the same number on both sides; dotted: not."
        )
        blocks.append(Figure(one.picture, caption))
    return (Section(f"Pictures: {words(first.mark)}", tuple(blocks)),) if blocks else ()


def _snapshots(first: SearchResult) -> tuple[tuple[str, str], ...]:
    return tuple((f"Content of {code}", text) for code, text in sorted(first.snapshot.items()))


def _seen(first: SearchResult) -> Section:
    """A row for each candidate near the top, in which people write what they looked at."""
    rows = tuple((str(c.rank), f"{c.member} {c.exhibit}", "", "") for c in first.candidates[:10])
    header = ("rank", "exhibit", "looked at on screen: by, day", "items asked for: by, day, remark")
    text = "Which candidates were looked at, by whom, and what was asked for. To be filled in."
    blocks: tuple[Block, ...] = (Paragraph(text), Grid(header, rows, frozenset({0})))
    return Section("Candidates looked at", blocks if rows else (Paragraph("No candidate."),))
