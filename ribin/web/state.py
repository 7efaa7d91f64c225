"""What the pages work with: one vault, one person, and the searches of this session."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

from ribin.cases.exhibits import Filters, Grouping, Scope
from ribin.cases.leads import ExhibitRef
from ribin.errors import AccessError, StoreError
from ribin.params.defaults import Params
from ribin.report.document import Document
from ribin.services.list_review import OpenList, check_still_shown, list_now, open_list
from ribin.services.recorded_searches import NOT_RECORDED, is_search_number
from ribin.services.search import SearchOptions, make_search, search_for
from ribin.services.search_queue import QueuedSearch, SearchQueue
from ribin.services.session import Session
from ribin.vault.accounts import find_account
from ribin.vault.mark_table import content_token
from ribin.web.uploads import Uploads
from ribin.workers import OnProgress

# What a session keeps in memory: the last few of a kind, each under a key that nobody guesses.

_KEPT = 20  # the oldest is forgotten first

T = TypeVar("T")


@dataclass(frozen=True)
class KeptReport:
    """A report of this session, and the leads that its reader was due to examine blind when it was
    made: what it shows had nothing of them."""

    document: Document
    due: frozenset[str]


class RecentItems(Generic[T]):
    """The last ones of a kind, `what` in refusals; safe in several threads."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, one: T, key: str = "") -> str:
        """Keep one more; its key."""
        key = key or secrets.token_urlsafe(8)
        with self._lock:
            self._kept[key] = one
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return key

    def find(self, key: str) -> T | None:
        """The one of a key, None where there is none such, or no more."""
        with self._lock:
            return self._kept.get(key)

    def get(self, key: str) -> T:
        """As `find`; StoreError where there is none."""
        found = self.find(key)
        if found is None:
            raise StoreError(
                f"{self._what} {key[:20]}: not of this session, or forgotten",
                hint="search again from the page of the exhibit",
            )
        return found

    def newest_first(self) -> list[tuple[str, T]]:
        with self._lock:
            return list(reversed(self._kept.items()))


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
    lists: RecentItems[OpenList] = field(default_factory=lambda: RecentItems("search"))
    reports: RecentItems[KeptReport] = field(default_factory=lambda: RecentItems("report"))
    notes: RecentItems[tuple[str, ...]] = field(default_factory=lambda: RecentItems("notes"))
    queue: SearchQueue = field(default_factory=SearchQueue)
    uploads: Uploads = field(default_factory=Uploads)
    _people: dict[str, ApplicationState] = field(default_factory=dict)
    _people_lock: threading.Lock = field(default_factory=threading.Lock)

    def of_person(self, who: str) -> ApplicationState:
        """The state of a person: lists, reports and notes of one are not kept for another; the
        queue of searches is all people's."""
        if who == self.who:
            return self
        with self._people_lock:
            if who not in self._people:
                self._people[who] = replace(
                    self,
                    who=who,
                    lists=RecentItems("search"),
                    reports=RecentItems("report"),
                    notes=RecentItems("notes"),
                )
            return self._people[who]

    @property
    def has_account(self) -> bool:
        """Whether the person has an account, with whose password verdicts are signed."""
        with self.session() as session, session.vault.catalogue.reading() as db:
            return find_account(db, self.who) is not None

    def session(self) -> Session:
        """The session of one request, to be used in a `with` block."""
        return Session.open(self.vault, self.network_file, self.params, self.threads)

    def list(self, key: str) -> OpenList:
        """The list of a recorded search by its number, or one of this session by its key.

        Raises StoreError: there is none such, or no more; AccessError: as `open_list`, or it has a
        pair that this person is to examine blind.
        """
        found = self.lists.find(key)
        if found is None and is_search_number(key):
            with self.session() as session:
                found = open_list(session, key, self.who)
            self.lists.put(found, key)
        opened = found or self.lists.get(key)
        with self.session() as session:  # since it was opened marks may have been redone,
            now = list_now(session, opened, self.who)
            check_still_shown(session, now, self.who)  # or a first verdict given
        if now is not opened:
            self.lists.put(now, key)
        return now

    def search(self, exhibit: str, asked: Mapping[str, str]) -> QueuedSearch:
        """Search with an exhibit of the own vault, as `ribin search` does, when its turn comes.

        Its result is the key of the list. What is read-only records none.

        Raises ValueError: a word of the form is none of those there are; AccessError: the search
        goes beyond the country, into the logs of others, and this is read-only.
        """
        options = replace(search_options(asked, self.who), unlogged=self.unlogged)
        if self.read_only and options.scope is not Scope.COUNTRY:
            raise AccessError(f"scope {options.scope}: not with --read-only")

        def work(tick: OnProgress) -> str:
            with self.session() as session:
                return self._search(replace(session, tick=tick), exhibit, options)

        fields = {name: text for name, text in asked.items() if name != "csrf"}
        return self.queue.put(self.who, exhibit, fields, work)

    def _search(self, session: Session, exhibit: str, options: SearchOptions) -> str:
        # An exhibit and nothing else: no file takes its place.
        own = ExhibitRef(session.member, exhibit)
        if not self.read_only:
            made = search_for(session, own, options)
        else:
            made = make_search(session, own, options)
            notes = (*made.lists.notes, NOT_RECORDED)
            made = replace(made, lists=replace(made.lists, notes=notes))
        key = made.lists.search or secrets.token_urlsafe(8)
        with session.vault.catalogue.reading() as db:
            content = content_token(db)
        self.lists.put(OpenList(made, exhibit, options.who, content=content), key)
        return key


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
        top=top if 0 < top <= MOST_ROWS else 20,
        group=Grouping(form.get("group") or Grouping.NONE),
        mark_type=form.get("mark") or None,
        leave_out_reviewed=form.get("leave_out_reviewed") == "yes",
        fuse_all=form.get("fuse_all") == "yes",
    )


MOST_ROWS = 400  # of a list in a browser


# Numbers as they come in an address or a form.

DIGITS = 9


def whole_number(text: str) -> int:
    """The number; 0 where it is none, or longer than any of ours."""
    return int(text) if text.isdecimal() and len(text) <= DIGITS else 0
