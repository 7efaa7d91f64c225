"""What the pages work with: one vault, one person, and the searches of this session."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

from ribin.cases.exhibits import Candidate, Filters, Grouping, Scope, SearchResult
from ribin.cases.leads import ExhibitRef
from ribin.cases.side import Side
from ribin.errors import AccessError, StoreError
from ribin.params.defaults import Params
from ribin.report.document import Document
from ribin.services.recorded_searches import NOT_RECORDED
from ribin.services.search import FinishedSearch, SearchOptions, make_search, search_for
from ribin.services.session import Session
from ribin.vault.accounts import find_account

# What a session keeps in memory: the last few of a kind, each under a key that nobody guesses.

_KEPT = 20  # the oldest is forgotten first

T = TypeVar("T")


class RecentItems(Generic[T]):
    """The last ones of a kind, `what` in refusals; safe in several threads."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, one: T) -> str:
        """Keep one more; its key."""
        key = secrets.token_urlsafe(8)
        with self._lock:
            self._kept[key] = one
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return key

    def get(self, key: str) -> T:
        """The one of a key; StoreError where there is none such, or no more."""
        with self._lock:
            if key not in self._kept:
                raise StoreError(
                    f"{self._what} {key[:20]}: not of this session, or forgotten",
                    hint="search again from the page of the exhibit",
                )
            return self._kept[key]

    def newest_first(self) -> list[tuple[str, T]]:
        with self._lock:
            return list(reversed(self._kept.items()))


@dataclass(frozen=True, eq=False)
class RecentSearch:
    """A search of this session, as it was shown."""

    exhibit: str
    made: FinishedSearch
    thumbnails: dict[tuple[str, int], bytes] = field(default_factory=dict)

    def place(self, mark: str, rank: int) -> tuple[SearchResult, Side, Candidate]:
        """The list of a type of mark, the query's mark, and the candidate of a rank."""
        for one, side in zip(self.made.lists.lists, self.made.sides, strict=True):
            for candidate in one.candidates:
                if (one.mark, candidate.rank) == (mark, rank):
                    return one, side, candidate
        raise StoreError(f"search of {self.exhibit}: no rank {rank} in a list by {mark}")


@dataclass(eq=False)
class ApplicationState:
    """The settings of `ribin serve`. Every page opens its own session, in its own thread.

    In a laboratory's server, where `who` is empty, each person has a state of the own.
    """

    vault: Path
    network_file: Path | None
    params: Params
    who: str
    threads: int = 1
    read_only: bool = False
    unlogged: bool = False
    searches: RecentItems[RecentSearch] = field(default_factory=lambda: RecentItems("search"))
    reports: RecentItems[Document] = field(default_factory=lambda: RecentItems("report"))
    _one_search: threading.Lock = field(default_factory=threading.Lock)
    _people: dict[str, ApplicationState] = field(default_factory=dict)
    _people_lock: threading.Lock = field(default_factory=threading.Lock)

    def of_person(self, who: str) -> ApplicationState:
        """The state of a person: what one searched for is not kept for another."""
        if who == self.who:
            return self
        with self._people_lock:
            if who not in self._people:
                own = RecentItems[RecentSearch]("search"), RecentItems[Document]("report")
                made = replace(self, who=who, searches=own[0], reports=own[1])
                self._people[who] = made
            return self._people[who]

    @property
    def has_account(self) -> bool:
        """Whether the person has an account, with whose password verdicts are signed."""
        with self.session() as session, session.vault.catalogue.reading() as db:
            return find_account(db, self.who) is not None

    def session(self) -> Session:
        """The session of one request, to be used in a `with` block."""
        return Session.open(self.vault, self.network_file, self.params, self.threads)

    def search(self, exhibit: str, asked: Mapping[str, str]) -> str:
        """Search with an exhibit of the own vault, as `ribin search` does; the key of the search.

        What is read-only records none.

        Raises AccessError: the search goes beyond the country, into the logs of others, and this is
        read-only; RibinError: as `search_for`.
        """
        with self._one_search, self.session() as session:
            options = replace(search_options(asked, self.who), unlogged=self.unlogged)
            if self.read_only and options.scope is not Scope.COUNTRY:
                raise AccessError(f"scope {options.scope}: not with --read-only")
            # An exhibit and nothing else: no file takes its place.
            own = ExhibitRef(session.member, exhibit)
            if self.read_only:
                made = make_search(session, own, options)
                notes = (*made.lists.notes, NOT_RECORDED)
                made = replace(made, lists=replace(made.lists, notes=notes))
            else:
                made = search_for(session, own, options)
        return self.searches.put(RecentSearch(exhibit, made))


def search_options(form: Mapping[str, str], who: str) -> SearchOptions:
    """What the fields of the search form say; ValueError where a word is none of those there."""
    top = whole_number(form.get("top", ""))
    return SearchOptions(
        who=who,
        reason=form.get("reason", ""),
        scope=Scope(form.get("scope") or Scope.COUNTRY),
        filters=Filters(
            form.get("calibre", ""), form.get("date_from", ""), form.get("date_to", "")
        ),
        full=form.get("full") == "yes",
        top=top if 0 < top <= 200 else 20,
        group=Grouping(form.get("group") or Grouping.NONE),
        mark_type=form.get("mark") or None,
    )


# Numbers as they come in an address or a form.

_DIGITS = 9


def whole_number(text: str) -> int:
    """The number; 0 where it is none, or longer than any of ours."""
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else 0
