"""A list as a person works through it: opened by its number, each candidate with its status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ribin.cases.exhibits import Candidate, Request, Scope, SearchResult
from ribin.cases.leads import ExhibitRef, LeadHistory
from ribin.cases.searches import CandidateStatus, RecordedSearch, ReviewedCandidate, SearchedMark
from ribin.cases.side import Side
from ribin.errors import ParameterError, RibinError, StoreError
from ribin.leads.rules import status_of
from ribin.report.pictures import Motion
from ribin.services.blind_pairs import (
    check_list_shown,
    check_search_shown,
    withheld_searches,
    withheld_text,
)
from ribin.services.marks import Asker, candidate_side, exhibit_source, side_of
from ribin.services.recorded_searches import recorded_search
from ribin.services.redone_marks import lists_now
from ribin.services.search import FinishedSearch
from ribin.services.session import Session
from ribin.vault.exhibits import find_scan_owner, first_name
from ribin.vault.leads import leads_of_exhibit
from ribin.vault.list_review import count_candidates, read_candidates, state_candidate
from ribin.vault.mark_table import content_token
from ribin.vault.people import check_looker
from ribin.vault.recorded_searches import list_sizes, read_searches
from ribin.vault.sharing import named_in_lead, pseudonym
from ribin.vault.vault import Vault
from ribin.view import thumbnail_png


@dataclass(frozen=True, eq=False)
class OpenList:
    """A finished search as a person works through it.

    `exhibit` is the own one that was searched with, empty where the query is none of the vault.
    `lacking` says why a mark of the query cannot be shown any more.
    """

    made: FinishedSearch
    exhibit: str
    person: str
    lacking: str = ""
    recorded: RecordedSearch | None = None  # where it was opened by its number
    content: str = ""  # the `content_token` of the vault when it was opened
    thumbnails: dict[tuple[str, int], bytes] = field(default_factory=dict)

    @property
    def number(self) -> str:
        """Under which the vault recorded it; empty where it did not."""
        return self.made.lists.search

    @property
    def at(self) -> str:
        """When it was made: UTC, ISO 8601."""
        return self.recorded.at if self.recorded else self.made.lists.first.asked_at

    @property
    def query(self) -> str:
        """What was searched with, as it is called now."""
        return self.exhibit or self.made.lists.first.query

    def side(self, mark: str) -> Side:
        """The mark of the query of a type; StoreError where it is not at hand."""
        for side in self.made.sides:
            if side.mark.mark_type == mark:
                return side
        raise StoreError(self.lacking or f"search with {self.query}: no list by {mark[:20]}")

    def place(self, mark: str, rank: int) -> tuple[SearchResult, Candidate]:
        """The list of a type of mark, and the candidate of a rank in it."""
        for one in self.made.lists.lists:
            for candidate in one.candidates if one.mark == mark else ():
                if candidate.rank == rank:
                    return one, candidate
        raise StoreError(f"search with {self.query}: no rank {rank} in a list by {mark[:20]}")

    def candidates(self, ref: ExhibitRef) -> list[Candidate]:
        """Where an exhibit stands, list by list."""
        rows = [row for one in self.made.lists.lists for row in one.candidates]
        return [row for row in rows if (row.member, row.exhibit) == (ref.member, ref.exhibit)]


def open_list(session: Session, number: str, who: str) -> OpenList:
    """A recorded search with its lists, and the marks that it was made with as they are now.

    Raises StoreError: there is none of this number, or its lists have ended; AccessError: the
    vault's people have roles, and `who` has none.
    """
    found = recorded_search(session.vault, number, who)
    lists = lists_now(session.vault, found)
    scope = Scope(lists.first.scope) if lists.first.scope in list(Scope) else Scope.COUNTRY
    made_with = lists.first.request or Request(session.member, scope, who=found.person)
    request = replace(made_with, who=who)
    with session.vault.catalogue.reading() as db:
        exhibit, content = find_scan_owner(db, found.stated.query_sha256) or "", content_token(db)
    sides, lacking = _sides_now(session, found, request, exhibit)
    return OpenList(
        FinishedSearch(tuple(sides), request, lists),
        *(exhibit, found.person, lacking, found),
        content=content,
    )


def list_now(session: Session, opened: OpenList, who: str) -> OpenList:
    """The list with the marks and pictures of now, where the vault has changed since it was opened.

    Errors as `open_list` and `side_of`.
    """
    with session.vault.catalogue.reading() as db:
        content = content_token(db)
    if content == opened.content:
        return opened
    if opened.number:
        return open_list(session, opened.number, who)
    made, ref = opened.made, ExhibitRef(session.member, opened.exhibit)
    asker = Asker(session.params, session, made.request)
    sides = tuple(
        side_of(ref, asker, mark_type=str(side.mark.mark_type), sha256=side.mark.provenance.sha256)
        for side in made.sides
    )
    made = replace(made, sides=sides)
    return OpenList(made, opened.exhibit, opened.person, content=content)


def note_look(session: Session, opened: OpenList, who: str) -> None:
    """Keep in the audit log who was shown the figures of a recorded list."""
    if opened.number and session.vault.writable:
        session.vault.record("view", opened.number, who, "")


def check_still_shown(session: Session, opened: OpenList, who: str) -> None:
    """Refuse a list with a pair that its person has come to examine blind since it was opened.

    Raises AccessError: it names the lead.
    """
    if opened.recorded:
        check_list_shown(session.vault, who, opened.recorded)
    else:
        check_search_shown(session, who, opened.made.sides, opened.made.request)


def _sides_now(
    session: Session, found: RecordedSearch, request: Request, exhibit: str
) -> tuple[list[Side], str]:
    """The marks of the query that can be shown, and why others cannot."""
    sides: list[Side] = []
    lacking = "" if exhibit or ":" in found.stated.query else _NOT_ENROLLED.format(found)
    asker = Asker(session.params, session, request)
    for mark in () if lacking else found.stated.marks:
        try:
            sides.append(_side_now(session, found, mark, asker, exhibit))
        except RibinError as error:
            lacking = str(error)
    return sides, lacking


_NOT_ENROLLED = "search {0.number}: it was made with a file that is not enrolled, {0.stated.query}"


def _side_now(
    session: Session, found: RecordedSearch, mark: SearchedMark, asker: Asker, exhibit: str
) -> Side:
    name = exhibit or found.stated.query
    source = ExhibitRef(session.member, exhibit) if exhibit else exhibit_source(name, session)
    sha256 = mark.sha256 if exhibit else ""
    return side_of(source, asker, mark_type=mark.mark, sha256=sha256)


def list_thumbnail(session: Session, opened: OpenList, candidate: Candidate) -> bytes:
    """A small PNG of a candidate, turned as the search found that the query lies on it."""
    key = (str(candidate.mark), candidate.rank)
    if key not in opened.thumbnails:
        side = candidate_side(session, opened.made.request, candidate, "picture")
        motion = Motion(candidate.rotation_deg, candidate.shift_um)
        opened.thumbnails[key] = thumbnail_png(side.mark, motion=motion)
    return opened.thumbnails[key]


# What persons have said of the candidates.


@dataclass(frozen=True)
class CandidateReview:
    """What a person is shown of the review of a candidate.

    `others` are empty until there is an own status, so that nobody is led; `lead` is the latest on
    the pair.
    """

    status: CandidateStatus | None = None
    others: tuple[ReviewedCandidate, ...] = ()
    lead: str = ""
    standing: str = ""


def candidate_reviews(
    vault: Vault, opened: OpenList, who: str
) -> dict[ExhibitRef, CandidateReview]:
    """The review of each candidate of the lists, as this person may see it."""
    rows = [row for one in opened.made.lists.lists for row in one.candidates]
    with vault.catalogue.reading() as db:
        said = read_candidates(db, opened.number) if opened.number else []
    leads = _leads_of_pairs(vault, opened.exhibit) if opened.exhibit else {}
    reviews: dict[ExhibitRef, CandidateReview] = {}
    for row in rows:
        ref = ExhibitRef(row.member, row.exhibit)
        if ref not in reviews:
            history = leads.get(ref) or leads.get(ExhibitRef(row.member, row.known_as))
            reviews[ref] = _review(ref, said, history, who)
    return reviews


def _review(
    ref: ExhibitRef, said: Sequence[ReviewedCandidate], history: LeadHistory | None, who: str
) -> CandidateReview:
    own = [one for one in said if one.candidate == ref and one.person == who]
    others = [one for one in said if one.candidate == ref and one.person != who]
    return CandidateReview(
        own[-1].status if own else None,
        tuple(others) if own else (),
        history.lead.lead if history else "",
        str(status_of(history)) if history else "",
    )


def _leads_of_pairs(vault: Vault, exhibit: str) -> dict[ExhibitRef, LeadHistory]:
    """The latest lead of an own exhibit with each other, as lists name that other."""
    found: dict[ExhibitRef, LeadHistory] = {}
    with vault.catalogue.reading() as db:
        names = first_name(db, exhibit), pseudonym(db, exhibit)
        own = [ExhibitRef(vault.member, name) for name in names]
        histories = {h.lead.lead: h for ref in own for h in leads_of_exhibit(db, ref)}
        for history in sorted(histories.values(), key=lambda one: one.lead.at):
            for other in history.lead.exhibits:
                if other.member == vault.member and other not in own:
                    found[replace(other, exhibit=named_in_lead(db, other.exhibit))] = history
                elif other not in own:
                    found[other] = history
    return found


def review_candidate(
    session: Session, opened: OpenList, candidate: ExhibitRef, status: CandidateStatus, who: str
) -> ReviewedCandidate:
    """Keep what a person says of a candidate of a recorded list.

    Raises ParameterError: the search is not recorded, or has no such candidate; else as
    `state_candidate`.
    """
    if not opened.number:
        raise ParameterError(
            f"search with {opened.query}: a recorded one needed to keep what was seen, found none"
        )
    if not opened.candidates(candidate):
        raise ParameterError(
            f"search {opened.number}: candidate {candidate} needed in a list, found none"
        )
    return state_candidate(session.vault, opened.number, candidate, status, who)


# All recorded searches, and how far their lists are reviewed.


@dataclass(frozen=True)
class ListProgress:
    """A recorded search, and of how many of its candidates persons have spoken."""

    search: RecordedSearch
    exhibit: str  # the own one that was searched with; empty where it is none
    candidates: int  # exhibits in the lists, each once; rows where the lists have ended
    mine: int
    others: int  # of the other person who has spoken of most
    withheld: str = ""  # why this person is not shown the lists now

    @property
    def reviewed(self) -> bool:
        """Whether somebody has spoken of every candidate."""
        return max(self.mine, self.others) >= self.candidates


def list_progress(vault: Vault, who: str, exhibit: str = "") -> list[ListProgress]:
    """Every recorded search, newest first, or those with an own exhibit.

    Raises AccessError: the vault's people have roles, and `who` has none.
    """
    check_looker(vault.catalogue, who)
    with vault.catalogue.reading() as db:
        searches, spoken = read_searches(db), count_candidates(db)
        sizes = list_sizes(db)
        owners: dict[str, str] = dict(db.execute("SELECT sha256, exhibit FROM scans").fetchall())
    shut = withheld_searches(vault, who, searches)
    found = []
    for one in reversed(searches):
        by = spoken.get(one.number, {})
        others = max((n for person, n in by.items() if person != who), default=0)
        owner = owners.get(one.stated.query_sha256, "")
        size = sizes.get(one.number, one.stated.rows)
        if exhibit in ("", owner):
            why = withheld_text(shut[one.number]) if one.number in shut else ""
            found.append(ListProgress(one, owner, size, by.get(who, 0), others, why))
    return found
