"""What a report of a search says: the query, what was searched and what not, the ranked lists."""

from __future__ import annotations

from dataclasses import dataclass

from ribin.cases.calibres import calibre_words
from ribin.cases.exhibits import ClassFields, Counts, Grouping, SearchResult
from ribin.cases.results import SearchLists
from ribin.cases.searches import lists_sha256
from ribin.comparison import score_text
from ribin.params.defaults import MethodParams
from ribin.report.document import (
    SORTS,
    Block,
    ChainHead,
    Document,
    Facts,
    Figure,
    Grid,
    Paragraph,
    Points,
    ReportHead,
    Section,
    examiner_section,
    known,
    limits_section,
    method_section,
    record_section,
    words,
)
from ribin.report.pictures import Picture
from ribin.report.score_plot import largest_drop, score_share
from ribin.report.text import lists_value

_QUESTION = (
    "Which of the exhibits that scope, sharing and filters let the asking member see have marks "
    "most like those of the query, in the figures of the method below?"
)
NOT_TOLD = "not told"  # the event of another member's exhibit before its release


@dataclass(frozen=True, eq=False)
class CandidatePicture:
    """A candidate beside the query; or why there is no picture of it."""

    rank: int
    name: str
    picture: Picture | None
    figures: str = ""  # of the comparison that the picture was drawn from
    why_not: str = ""


def search_document(
    head: ReportHead,
    lists: SearchLists,
    shown: tuple[CandidatePicture, ...] = (),
    chain: ChainHead | None = None,
    method: MethodParams | None = None,
) -> Document:
    """The whole report on lists as the search gave them, or as `lists_of` read them.

    `shown` has candidates of the first list beside the query; `method` is that of the first list,
    None where the search was made with parameters that are not known here.
    """
    first, figures = lists.first, lists_sha256(lists_value(lists))
    return Document(
        title="Search report",
        subject=f"Query {first.query}, scope {first.scope}: {', '.join(first.members)}",
        head=head.facts(),
        footer=f"RIBIN {first.version}, search report, {head.at}, figures {figures[:16]}",
        sections=(
            Section("Question", (Paragraph(head.question or _QUESTION), Paragraph(SORTS))),
            _query(lists),
            method_section(first.params_id, first.version, method, searched=True),
            searched_section(lists),
            result_section(lists),
            *_pictures(first, shown),
            limits_section(
                "An exhibit that is not in the list was not shown, not compared, or came after "
                "the last row: that it is missing says nothing about its firearm."
            ),
            record_section(
                figures,
                chain,
                *known([("Recorded search", lists.search)]),
                *((f"Content of {code}", s) for code, s in sorted(first.snapshot.items())),
            ),
            _seen(first),
            examiner_section(),
            *candidates_annex(lists),
        ),
    )


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
            (
                "Calibre",
                filters.calibre and f"{calibre_words(filters.calibre)}, and where it is not known",
            ),
            *(
                (name.replace("_", " ").capitalize(), f"{text}, and where it is not known")
                for name, text in filters.of_class.items()
                if name != "calibre"
            ),
            ("Days", f"{days[0] or 'the first'} to {days[1] or 'the last'}" if any(days) else ""),
            ("Kind of exhibit", words(str(filters.kind or ""))),
            ("Rows", f"the first {request.top}" if request.top else ""),
            ("A row for each", str(request.group) if request.group is not Grouping.NONE else ""),
            ("Left out", _reviewed(len(request.leave_out))),
            ("Coarse stage", "left out: everything was compared" if request.full else ""),
        ]
    if first.asked_at:
        facts.append(("Asked on", f"{first.asked_at[:19].replace('T', ' ')} (UTC)"))
    return Section("Query", (Facts(known(facts)),))


def _reviewed(number: int) -> str:
    said = "exhibits that were reviewed, or that the person asking is to review without figures"
    return f"{number} {said}" if number else ""


def _pictures(first: SearchResult, shown: tuple[CandidatePicture, ...]) -> tuple[Section, ...]:
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


def _seen(first: SearchResult) -> Section:
    """A row for each candidate near the top, in which people write what they looked at."""
    rows = tuple((str(c.rank), f"{c.member}:{c.exhibit}", "", "") for c in first.candidates[:10])
    header = ("rank", "exhibit", "looked at on screen: by, day", "items asked for: by, day, remark")
    text = "Which candidates were looked at, by whom, and what was asked for. To be filled in."
    blocks: tuple[Block, ...] = (Paragraph(text), Grid(header, rows, frozenset({0})))
    return Section("Candidates looked at", blocks if rows else (Paragraph("No candidate."),))


# What was searched and what not, and the ranked lists.


def searched_grid(lists: SearchLists) -> Grid:
    """The counts of every list, by member and in all."""
    counted = ("eligible", "after filters", "after coarse", "compared", "not compared")
    rows = []
    for one in lists.lists:
        for member, counts in sorted(one.counts_by_member.items()):
            rows.append((words(one.mark), member, *_numbers(counts)))
        if len(one.counts_by_member) > 1:
            rows.append((words(one.mark), "all", *_numbers(one.counts)))
    return Grid(("marks", "member", *counted), tuple(rows), frozenset({2, 3, 4, 5, 6}))


def searched_section(lists: SearchLists) -> Section:
    """The counts of every list and member, and the reasons why marks were not compared."""
    text = (
        "Eligible are the marks that scope and the owners' sharing let the asking member see; "
        "hidden ones are in none of the numbers. After coarse: not set aside as too unlike the "
        "query. What was not compared has its reasons below."
    )
    blocks: list[Block] = [Paragraph(text), searched_grid(lists)]
    reasons = [
        (f"{words(one.mark)}, {number} not compared", why)
        for one in lists.lists
        for why, number in one.counts.not_compared
    ]
    reasons += [(f"{member} could not answer", why) for member, why in lists.unavailable]
    if reasons:
        blocks.append(Facts(tuple(reasons)))
    if notes := (*lists.since, *lists.all_notes):
        blocks.append(Points(notes))
    return Section("What was searched, and what was not", tuple(blocks))


def _numbers(counts: Counts) -> tuple[str, ...]:
    left_out = sum(number for _, number in counts.not_compared)
    figures = (counts.eligible, counts.after_filters, counts.after_coarse, counts.compared)
    return tuple(str(number) for number in (*figures, left_out))


def result_section(lists: SearchLists) -> Section:
    """Each list with its scores as bars, and the one of all marks."""
    blocks = [block for one in lists.lists for block in list_blocks(one)]
    if lists.fused:
        blocks += [
            Paragraph(f"All marks, ordered by the ranks in the lists ({lists.fusion})."),
            fused_grid(lists),
        ]
    return Section("Result", tuple(blocks))


def list_blocks(one: SearchResult) -> list[Block]:
    """One list: what it holds in a sentence, and its rows with the scores as bars."""
    scores = [row.score for row in one.candidates]
    summary = (
        f"List by {words(one.mark)}: {len(scores)} rows of {one.counts.compared} marks compared, "
        "ordered by score."
    )
    if not scores:
        return [Paragraph(f"List by {words(one.mark)}: no candidate.")]
    drop = largest_drop(scores)
    if drop:
        summary += f" The largest drop in the scores, {drop[1]:.3f}, comes after rank {drop[0]}."
    rows = tuple(
        (
            *(str(row.rank), row.member, row.exhibit_words, row.event or NOT_TOLD),
            *(f"{row.cmc:g} of {row.cells}", f"{row.ccf:.3f}", score_text(row.score)),
        )
        for row in one.candidates
    )
    header = ("rank", "member", "exhibit", "event", "congruent cells", "ccf", "score")
    bars = tuple(map(score_share, scores))
    return [Paragraph(summary), Grid(header, rows, frozenset({0, 4, 5, 6}), bars)]


def fused_grid(lists: SearchLists) -> Grid:
    """The exhibits by their ranks in all lists."""
    marks = [one.mark for one in lists.lists]
    rows = []
    for row in lists.fused:
        places = {
            str(place.mark): f"{place.rank} ({score_text(place.score)})" for place in row.places
        }
        shown = (places.get(mark, "-") for mark in marks)
        rows.append((str(row.rank), row.member, row.exhibit, row.event or NOT_TOLD, *shown))
    header = ("rank", "member", "exhibit", "event", *(f"{words(m)}: rank (score)" for m in marks))
    return Grid(header, tuple(rows), frozenset({0, *range(4, 4 + len(marks))}))


def candidates_annex(lists: SearchLists) -> tuple[Section, ...]:
    """The hash and the class fields of each candidate, by which it can be asked for."""
    rows = tuple(
        (
            *(words(str(row.mark)), str(row.rank), f"{row.member}:{row.exhibit}"),
            *(class_text(row.class_fields) or "not known", row.sha256),
        )
        for one in lists.lists
        for row in one.candidates
    )
    if not rows:
        return ()
    text = (
        "SHA-256 of the scan of each candidate, and what is known of its class. Of another "
        "member's exhibit both are as its owner told them: the file was not read here."
    )
    header = ("marks", "rank", "exhibit", "class fields", "SHA-256")
    grid = Grid(header, rows, frozenset({1}), small=True)
    return (Section("Candidates: hashes and class", (Paragraph(text), grid), annex=True),)


def class_text(fields: ClassFields) -> str:
    """The class fields that are known, in words."""
    named = ((fields.firing_pin_shape, "firing pin"), (fields.breech_face_type, "breech face"))
    shapes = (f"{value} {name}" for value, name in named if value)
    firearm = " ".join(filter(None, (fields.make, fields.model)))
    parts = (fields.calibre, *shapes, fields.ammunition, firearm)
    return ", ".join(part for part in parts if part)
