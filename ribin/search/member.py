"""The side that is asked: a member answers from its own vault, by its own rules.

Today a member is a vault in a folder. A node of another country answers the same question with
the same rows, so the engine knows `Member` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ribin.cases.exhibits import Candidate, Counts, Request, Scope
from ribin.errors import StoreError
from ribin.model import Template
from ribin.params.defaults import Params
from ribin.search.compare import SearchContext, compare_shortlist, count_marks
from ribin.search.index import Threads
from ribin.search.journal import FullSearchJournal
from ribin.search.network import Network
from ribin.search.rank import group_rows
from ribin.search.rules import Eligibility, check_request, eligible_marks
from ribin.search.shortlist import shortlist_marks
from ribin.vault.catalogue import IDENTITY_FILE
from ribin.vault.disclosure import apart_by_event, disclosed_exhibits, disclosed_rows, reviewed_here
from ribin.vault.mark_table import MarkTable
from ribin.vault.received import ReceivedBundle, ReceivedGallery, last_bundle
from ribin.vault.sharing import mark_table_abroad
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class Answer:
    """What one member gives back: rows best first, without ranks, and how they came about."""

    rows: tuple[Candidate, ...]
    counts: Counts
    snapshot: str  # of the vault when asked: equal snapshots, equal content
    notes: tuple[str, ...] = ()


class Member(Protocol):
    """Anybody who can be asked."""

    def answer(self, query: Template, request: Request) -> Answer:
        """Rows and counts; AccessError where the request is refused, StoreError where it fails."""
        ...

    def write_down(
        self, action: str, query: Template, request: Request, **facts: Any
    ) -> tuple[str, ...]:
        """Put a request into this member's audit log; gives a note where that is not possible."""
        ...


class MemberVault:
    """A member whose vault is a folder that this process can open."""

    def __init__(
        self,
        code: str,
        network: Network,
        params: Params,
        means: SearchContext,
    ) -> None:
        self._code = code
        self._network = network
        self._params = params
        self._means = means

    def answer(self, query: Template, request: Request) -> Answer:
        """Apply the owner's rules, cut, compare, and write down what was shown to whom.

        Raises
        ------
        AccessError
            The scope does not reach this member, or nobody says who asks and why.
        StoreError
            The vault cannot be opened or read, or is another member's.
        """
        reach = self._network.reach(request.asking_member, self._code)
        check_request(request, reach)
        asker, abroad = request.asking_member, reach is not Scope.COUNTRY
        with self._opened() as vault:
            mark_table = (
                mark_table_abroad(vault, query.mark_type, asker)
                if abroad
                else vault.mark_table(query.mark_type)
            )
            left_out = reviewed_here(request, vault, reach)
            sifted = eligible_marks(query, mark_table, request, reach, left_out)
            chosen, notes = self._shortlist(query, vault, mark_table, sifted, request.full)
            journal = FullSearchJournal.beside(vault, query, self._params) if request.full else None
            found = compare_shortlist(query, vault, chosen, self._params, self._means, journal)
            told = disclosed_exhibits(found.exhibits, vault, asker) if abroad else found.exhibits
            known = apart_by_event(told) if abroad else told
            shown = tuple(group_rows(found.rows, known, request.group, reach)[: request.top])
            if abroad:
                shown = disclosed_rows(shown, told, vault)
        if abroad:  # a member's own search is in its log already
            notes += self.write_down("answer", query, request, rows=len(shown))
        return Answer(shown, count_marks(sifted, len(chosen), found), mark_table.snapshot, notes)

    def write_down(
        self, action: str, query: Template, request: Request, **facts: Any
    ) -> tuple[str, ...]:
        """As `Member.write_down`: the asking member, the scope and `facts` become the details."""
        details = {
            "asking_member": request.asking_member,
            "scope": str(request.scope),
            "mark": str(query.mark_type),
            **facts,
        }
        try:
            with self._opened() as vault:
                subject = query.provenance.sha256
                vault.record(action, subject, request.who, request.reason, **details)
        except (StoreError, OSError) as error:
            return (f"{self._code}: not written to its audit log: {error}",)
        return ()

    def _shortlist(
        self, query: Template, vault: Vault, mark_table: MarkTable, sifted: Eligibility, full: bool
    ) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        if full:
            return mark_table.ids[sifted.wanted], ()
        return shortlist_marks(query, vault, mark_table, sifted, self._params, self._means.looking)

    def _opened(self) -> Vault:
        folder = self._network.members[self._code].vault
        vault = Vault.open(folder)
        if vault.member != self._code:
            vault.close()
            raise StoreError(f"{folder}: the vault of {self._code} needed, found {vault.member}'s")
        return vault


# A member without a line: its last bundle answers in its place, as far as it goes.
#
# What a bundle left at home cannot be found in it, so nothing more than the owner allowed is shown;
# a day of an event that was not released is not known, and passes a filter by days.


def member_of(
    code: str,
    home: str,
    network: Network,
    params: Params,
    means: SearchContext,
) -> Member:
    """Who answers for a member: its vault where that can be reached, else its last bundle."""
    online = MemberVault(code, network, params, means)
    if code == home or (network.members[code].vault / IDENTITY_FILE).is_file():
        return online
    try:
        with Vault.open(network.members[home].vault, read_only=True) as vault:
            bundle = last_bundle(vault, code)
    except StoreError:
        return online
    return BundledMember(code, home, network, params, means, bundle) if bundle else online


class BundledMember:
    """A member of whom the asker holds a bundle."""

    def __init__(
        self,
        code: str,
        home: str,
        network: Network,
        params: Params,
        means: SearchContext,
        bundle: ReceivedBundle,
    ) -> None:
        self._code, self._home, self._network = code, home, network
        self._params, self._means, self._bundle = params, means, bundle

    def answer(self, query: Template, request: Request) -> Answer:
        """As `MemberVault.answer`, from what the bundle brought; errors alike."""
        reach = self._network.reach(request.asking_member, self._code)
        check_request(request, reach)
        with Vault.open(self._network.members[self._home].vault) as own:
            # It has what a search needs of a vault: folder, member, holdings and templates.
            received = ReceivedGallery(own, self._code)
            gallery = cast(Vault, received)
            mark_table = gallery.mark_table(query.mark_type)
            names = {exhibit for member, exhibit in request.leave_out if member == self._code}
            left_out = received.marks_known_as(names) if names else []
            sifted = eligible_marks(query, mark_table, request, reach, left_out)
            chosen = mark_table.ids[sifted.wanted]
            notes: tuple[str, ...] = ()
            if not request.full:
                scorer = Threads(self._means.threads)
                chosen, notes = shortlist_marks(
                    query, gallery, mark_table, sifted, self._params, scorer
                )
            journal = (
                FullSearchJournal.beside(gallery, query, self._params) if request.full else None
            )
            found = compare_shortlist(query, gallery, chosen, self._params, self._means, journal)
        grouped = group_rows(found.rows, apart_by_event(found.exhibits), request.group, reach)
        told = f"{self._code}: no line; answered by its bundle {self._bundle.number}"
        notes += (f"{told} of {self._bundle.made_at[:10]}",)
        counts = count_marks(sifted, len(chosen), found)
        return Answer(tuple(grouped[: request.top]), counts, mark_table.snapshot, notes)

    def write_down(
        self, action: str, query: Template, request: Request, **facts: Any
    ) -> tuple[str, ...]:
        """Nothing: there is no line to its audit log, and the asker's own log has the search."""
        return ()
