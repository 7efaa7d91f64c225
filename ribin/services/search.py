"""A search as a laboratory makes it: all marks of a case, and what went wrong in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ribin.cases.exhibits import Request
from ribin.cases.results import SearchLists
from ribin.errors import RibinError, ScanError
from ribin.search.engine import search_marks
from ribin.search.rules import OTHER_PARAMETERS
from ribin.services.asking import check_reach
from ribin.services.marks import draw_candidate
from ribin.services.reading import Reading
from ribin.services.reviewed import reviewed_with
from ribin.services.session import Desk, first_of_each_type
from ribin.services.sides import Side


def search_for(
    desk: Desk,
    query: str,
    reading: Reading,
    request: Request,
    mark_type: str | None = None,
    members: Sequence[str] = (),
    leave_out_reviewed: bool = False,
) -> tuple[list[Side], SearchLists]:
    """Search with all marks, or those of one type, of a file or of an exhibit of the own vault.

    Parameters
    ----------
    leave_out_reviewed : bool
        Whether pairs that need no look any more are left out; the counts say how many.

    Returns
    -------
    list of Side, SearchLists
        The marks that were searched with, and their lists, which name the query as it was asked
        for: a file or an exhibit.

    Raises
    ------
    RibinError
        As `Desk.read_queries`, `check_reach` and `search`.
    """
    check_reach(desk, request, members)
    sides, notes = desk.read_queries(query, reading, mark_type)
    if leave_out_reviewed:
        scans = dict.fromkeys(side.template.provenance.sha256 for side in sides)
        pairs = {pair for sha256 in scans for pair in reviewed_with(desk.vault, sha256)}
        request = replace(request, leave_out=tuple(sorted(pairs)))
    name = "" if Path(query).is_file() else query
    return sides, replace(_search(desk, sides, request, members, name), notes=notes)


def search_scan(desk: Desk, exhibit: str, sha256: str, request: Request) -> SearchLists:
    """Search with one enrolled scan of an exhibit of the own vault; errors as `search_for`."""
    check_reach(desk, request)
    marks = [mark for mark in desk.marks_of(exhibit) if mark.scan.sha256 == sha256]
    if not marks:
        raise ScanError(f"{exhibit}: a mark of the scan {sha256[:12]} needed, found none")
    return _search(desk, first_of_each_type(desk.vault, marks), request, (), exhibit)


def _search(
    desk: Desk, sides: Sequence[Side], request: Request, members: Sequence[str], name: str
) -> SearchLists:
    """Search with these marks; the lists name the query so, or by its file where empty."""
    found = search_marks(
        [side.template for side in sides],
        request,
        desk.network,
        desk.params,
        members=members,
        threads=desk.threads,
        looker=desk.looker,
        tick=desk.tick,
    )
    if not name:
        return found
    return replace(found, lists=tuple(replace(one, query=name) for one in found.lists))


def search_problems(
    desk: Desk, sides: Sequence[Side], request: Request, result: SearchLists, picture: Path | None
) -> list[str]:
    """Draw the query beside the first candidate; what went wrong with that, or with the search."""
    problems = []
    for side, one in zip(sides, result.lists, strict=True):
        counts = one.counts
        unequal = sum(n for why, n in counts.not_compared if why.startswith(OTHER_PARAMETERS))
        if unequal and not counts.compared:
            problems.append(
                f"{one.query}: 0 of {counts.after_filters} marks compared, {unequal} of them "
                f"{OTHER_PARAMETERS} other than {side.template.params_id}"
            )
    if picture and not result.first.candidates:
        problems.append(f"{picture}: no candidate to draw")
    elif picture:
        try:
            draw_candidate(desk, sides[0], request, result.first.candidates[0], picture)
        except RibinError as error:
            text = str(error)
            problems.append(text if str(picture) in text else f"{picture}: {text}")
    return list(dict.fromkeys(problems))
