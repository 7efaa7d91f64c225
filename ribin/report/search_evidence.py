"""The evidence in a report of a search: what was searched and what not, and the ranked lists."""

from __future__ import annotations

from ribin.cases.exhibits import ClassFields, Counts, SearchResult
from ribin.cases.results import SearchLists
from ribin.report.document import Block, Facts, Grid, Paragraph, Points, Section
from ribin.report.report_words import words
from ribin.report.score_plot import largest_drop

NOT_TOLD = "not told"  # the event of another member's exhibit before its release
_TOP = 100.0  # the most that a score can be


def searched_grid(lists: SearchLists) -> Grid:
    """The counts of every list, by member and in all."""
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
    return Grid(header, tuple(rows), frozenset({2, 3, 4, 5, 6}))


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
    if lists.all_notes:
        blocks.append(Points(lists.all_notes))
    return Section("What was searched, and what was not", tuple(blocks))


def _numbers(counts: Counts) -> tuple[str, ...]:
    left_out = sum(number for _, number in counts.not_compared)
    figures = (counts.eligible, counts.after_filters, counts.after_coarse, counts.compared)
    return tuple(str(number) for number in (*figures, left_out))


def result_section(lists: SearchLists) -> Section:
    """Each list with its scores as bars, and the one of all marks."""
    blocks: list[Block] = []
    for one in lists.lists:
        blocks += list_blocks(one)
    if lists.fused:
        blocks += [
            Paragraph(f"All marks, ordered by the ranks in the lists ({lists.fusion})."),
            fused_grid(lists),
        ]
    return Section("Result", tuple(blocks))


def list_blocks(one: SearchResult) -> list[Block]:
    """One list: what it holds in a sentence, and its rows with the scores as bars."""
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
            *(str(row.rank), row.member, row.exhibit, row.event or NOT_TOLD),
            *(f"{row.cmc:g} of {row.cells}", f"{row.ccf:.3f}", f"{row.score:.3f}"),
        )
        for row in one.candidates
    )
    header = ("rank", "member", "exhibit", "event", "congruent cells", "ccf", "score")
    bars = tuple(min(max(score / _TOP, 0.0), 1.0) for score in scores)
    return [Paragraph(said), Grid(header, rows, frozenset({0, 4, 5, 6}), bars)]


def fused_grid(lists: SearchLists) -> Grid:
    """The exhibits by their ranks in all lists."""
    marks = [one.mark for one in lists.lists]
    rows = []
    for row in lists.fused:
        places = {str(place.mark): f"{place.rank} ({place.score:.1f})" for place in row.places}
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
    named = (
        (fields.firing_pin_shape, "firing pin"),
        (fields.breech_face_type, "breech face"),
    )
    shapes = (f"{value} {name}" for value, name in named if value)
    return ", ".join(part for part in (fields.calibre, *shapes, fields.ammunition) if part)
