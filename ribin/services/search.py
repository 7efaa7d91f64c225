"""A search as a laboratory makes it: all marks of a case, and what went wrong in the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ribin.cases.exhibits import Filters, Grouping, Request, Scope, SearchResult
from ribin.cases.leads import ExhibitRef, LeadHistory, LeadStatus
from ribin.cases.results import SearchLists
from ribin.errors import ParameterError, RibinError, ScanError
from ribin.leads.rules import lacks_a_blind_verdict, status_of
from ribin.search.engine import search, search_marks
from ribin.search.rules import OTHER_PARAMETERS
from ribin.services.marks import draw_candidate
from ribin.services.reading import ReadOptions, Side
from ribin.services.session import Session, first_of_each_type
from ribin.vault.exhibits import find_scan_owner
from ribin.vault.leads import leads_of_exhibit
from ribin.vault.people import check_searcher
from ribin.vault.sharing import pseudonym
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class SearchOptions:
    """What a person wants to have searched: for whom and why, how wide, and which rows.

    Attributes
    ----------
    scope, members : Scope or None, tuple of str
        How wide, by default in the country; or who is asked instead of a scope.
    top : int, optional
        How many rows; all that were compared where None.
    mark_type : str, optional
        By default every mark of the query is searched with.
    leave_out_reviewed : bool
        Whether pairs that need no look any more are left out; the counts say how many.
    """

    who: str
    reason: str = ""
    scope: Scope | None = None
    members: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    full: bool = False
    top: int | None = 20
    group: Grouping = Grouping.NONE
    mark_type: str | None = None
    leave_out_reviewed: bool = False
    reading: ReadOptions = field(default_factory=ReadOptions)

    def request(self, member: str) -> Request:
        """What the member asks others.

        Raises
        ------
        ParameterError
            Both a scope and members are named: the one says whom to ask, and so does the other.
        """
        if self.scope and self.members:
            named = ", ".join(self.members)
            raise ParameterError(
                f"search: either --scope or --member needed, found {self.scope} and {named}"
            )
        return Request(
            asking_member=member,
            scope=self.scope or Scope.COUNTRY,
            filters=self.filters,
            who=self.who,
            reason=self.reason,
            full=self.full,
            top=self.top,
            group=self.group,
        )


def search_for(
    session: Session,
    query: str | ExhibitRef,
    reading: ReadOptions,
    request: Request,
    mark_type: str | None = None,
    members: Sequence[str] = (),
    leave_out_reviewed: bool = False,
) -> tuple[list[Side], SearchLists]:
    """Search with all marks, or those of one type, of a file or of an exhibit of the own vault.

    An `ExhibitRef` means an exhibit alone, whatever files there are.

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
        As `Session.read_queries`, `check_reach` and `search`.
    """
    check_reach(session, request, members)
    if isinstance(query, ExhibitRef):
        marks = session.marks_of(query.exhibit, mark_type)
        sides = first_of_each_type(session.vault, marks)
        notes: tuple[str, ...] = ()
        name = query.exhibit
    else:
        sides, notes = session.read_queries(query, reading, mark_type)
        name = "" if Path(query).is_file() else query
    if leave_out_reviewed:
        scans = dict.fromkeys(side.template.provenance.sha256 for side in sides)
        pairs = {pair for sha256 in scans for pair in reviewed_with(session.vault, sha256)}
        request = replace(request, leave_out=tuple(sorted(pairs)))
    return sides, replace(_search(session, sides, request, members, name), notes=notes)


def search_scan(session: Session, exhibit: str, sha256: str, request: Request) -> SearchLists:
    """Search with one enrolled scan of an exhibit of the own vault; errors as `search_for`."""
    check_reach(session, request)
    marks = [mark for mark in session.marks_of(exhibit) if mark.scan.sha256 == sha256]
    if not marks:
        raise ScanError(f"{exhibit}: a mark of the scan {sha256[:12]} needed, found none")
    return _search(session, first_of_each_type(session.vault, marks), request, (), exhibit)


def _search(
    session: Session, sides: Sequence[Side], request: Request, members: Sequence[str], name: str
) -> SearchLists:
    """Search with these marks; the lists name the query so, or by its file where empty."""
    found = search_marks([side.template for side in sides], request, session.context, members)
    if not name:
        return found
    return replace(found, lists=tuple(replace(one, query=name) for one in found.lists))


def search_problems(
    session: Session,
    sides: Sequence[Side],
    request: Request,
    result: SearchLists,
    picture: Path | None,
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
            draw_candidate(session, sides[0], request, result.first.candidates[0], picture)
        except RibinError as error:
            text = str(error)
            problems.append(text if str(picture) in text else f"{picture}: {text}")
    return list(dict.fromkeys(problems))


# What is asked, of whom, and whether this person may: requests made from the session.


def request_of(member: str, asked: Mapping[str, Any]) -> Request:
    """The request that the options of `ribin search` make.

    Raises
    ------
    ParameterError
        Both a scope and members are named: the one says whom to ask, and so does the other.
    """
    if asked["scope"] and asked["members"]:
        named = ", ".join(asked["members"])
        raise ParameterError(
            f"search: either --scope or --member needed, found {asked['scope']} and {named}"
        )
    return Request(
        asking_member=member,
        scope=Scope(asked["scope"] or Scope.COUNTRY),
        filters=Filters(asked["calibre"], asked["date_from"], asked["date_to"]),
        who=asked["who"],
        reason=asked["reason"],
        full=asked["full"],
        top=asked["top"],
        group=Grouping(asked["group"] or Grouping.NONE),
    )


def check_reach(session: Session, request: Request, members: Sequence[str] = ()) -> None:
    """Refuse who may not search, and to ask others where no network says who they are.

    Raises
    ------
    AccessError
        The vault's people have roles, and this person has none that searches.
    ParameterError
        A wider scope, or other members, are asked for without a network.
    """
    check_searcher(session.vault.catalogue, request.who)
    if not session.networked and (
        request.scope is not Scope.COUNTRY or set(members) - {session.member}
    ):
        raise ParameterError(f"scope {request.scope}: --network or RIBIN_NETWORK needed")


def run_search(
    session: Session, side: Side, request: Request, members: Sequence[str] = ()
) -> SearchResult:
    """Search with the mark of a query; errors as `check_reach` and `search`."""
    check_reach(session, request, members)
    return search(side.template, request, session.context, members)


# Which exhibits have both verdicts on record against the one that is searched with.


def reviewed_with(vault: Vault, sha256: str) -> tuple[tuple[str, str], ...]:
    """Member and exhibit of each pair that needs no look any more.

    The latest lead of a pair decides. One that still awaits a verdict is not among them, nor one
    that lacks a blind one, nor one whose link was withdrawn: there, something was wrong.

    Parameters
    ----------
    sha256 : str
        Of the scan that is searched with. One that is not enrolled has been reviewed with nothing.
    """
    with vault.catalogue.reading() as db:
        exhibit = find_scan_owner(db, sha256)
        if exhibit is None:
            return ()
        # A lead that crosses a border names the own exhibit as the other member knows it.
        own = [ExhibitRef(vault.member, name) for name in (exhibit, pseudonym(db, exhibit))]
        files = [file for held in own for file in leads_of_exhibit(db, held)]
    latest = {file.lead.pair: file for file in sorted(files, key=lambda file: file.lead.at)}
    settled = [file for file in latest.values() if not _wants_a_look(file)]
    others = {held for file in settled for held in file.lead.exhibits if held not in own}
    return tuple(sorted((held.member, held.exhibit) for held in others))


def _wants_a_look(file: LeadHistory) -> bool:
    standing = status_of(file)
    return standing.is_open or standing is LeadStatus.WITHDRAWN or lacks_a_blind_verdict(file)
