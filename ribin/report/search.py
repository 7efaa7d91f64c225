"""What a report of a search says: the query, what was searched and what not, the ranked lists."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from ribin.cases.exhibits import Grouping, SearchResult
from ribin.cases.results import SearchLists
from ribin.params.defaults import MethodParams
from ribin.report.document import Block, Document, Facts, Figure, Grid, Paragraph, Section
from ribin.report.json import as_json
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
from ribin.report.search_evidence import candidates_annex, result_section, searched_section


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
            searched_section(lists),
            result_section(lists),
            *_pictures(first, shown),
            limits_section(
                "An exhibit that is not in the list was not shown, not compared, or came after "
                "the last row: that it is missing says nothing about its firearm.",
            ),
            record_section(figures, chain, *_snapshots(first)),
            _seen(first),
            examiner_section(),
            *candidates_annex(lists),
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
            ("Searched by", f"{request.who or 'nobody named'}, for {request.asking_member}"),
            ("Reason", request.reason),
            ("Calibre", filters.calibre and f"{filters.calibre}, and where it is not known"),
            ("Days", f"{days[0] or 'the first'} to {days[1] or 'the last'}" if any(days) else ""),
            ("Kind of exhibit", words(str(filters.kind or ""))),
            ("Rows", f"the first {request.top}" if request.top else ""),
            ("A row for each", str(request.group) if request.group is not Grouping.NONE else ""),
            ("Left out", _reviewed(len(request.leave_out))),
            ("Coarse stage", "left out: everything was compared" if request.full else ""),
        ]
    return Section("Query", (Facts(known([*facts, ("Asked on", first.asked_at)])),))


def _reviewed(number: int) -> str:
    return f"{number} exhibits that two persons have given their verdicts on" if number else ""


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
    rows = tuple((str(c.rank), f"{c.member}:{c.exhibit}", "", "") for c in first.candidates[:10])
    header = ("rank", "exhibit", "looked at on screen: by, day", "items asked for: by, day, remark")
    text = "Which candidates were looked at, by whom, and what was asked for. To be filled in."
    blocks: tuple[Block, ...] = (Paragraph(text), Grid(header, rows, frozenset({0})))
    return Section("Candidates looked at", blocks if rows else (Paragraph("No candidate."),))
