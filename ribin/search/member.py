"""The side that is asked: a member answers from its own vault, by its own rules.

Today a member is a vault in a folder, or a bundle that it sent. A node of another country answers
the same question with the same rows, so the engine knows `Member` alone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol, cast

from ribin.cases.exhibits import Candidate, Counts, Request
from ribin.errors import StoreError
from ribin.model import Template
from ribin.search.compare import FullComparison, compare_shortlist, count_marks
from ribin.search.context import SearchContext
from ribin.search.index import CoarseScorer, Threads
from ribin.search.journal import FullSearchJournal
from ribin.search.rank import group_rows
from ribin.search.rules import calibre_note, check_request, eligible_marks
from ribin.search.shortlist import shortlist_marks
from ribin.vault.catalogue import IDENTITY_FILE
from ribin.vault.disclosure import apart_by_event, as_seen_by
from ribin.vault.mark_table import MarkTable
from ribin.vault.received import ReceivedBundle, ReceivedGallery, last_bundle
from ribin.vault.vault import Vault, open_member


@dataclass(frozen=True)
class Answer:
    """What one member gives back: rows best first, without ranks, and how they came about.

    `journal` is what a full search can go on with until all members have answered.
    """

    rows: tuple[Candidate, ...]
    counts: Counts
    snapshot: str  # of the vault when asked: equal snapshots, equal content
    notes: tuple[str, ...] = ()
    journal: FullSearchJournal | None = None


class Member(Protocol):
    """Anybody who can be asked."""

    def answer(self, query: Template, request: Request) -> Answer:
        """Rows and counts; AccessError where the request is refused, StoreError where it fails."""
        ...

    def log(self, action: str, query: Template, request: Request, **facts: Any) -> tuple[str, ...]:
        """Log a request in this member's audit log; gives a note where that is not possible."""
        ...


def member_of(code: str, home: str, context: SearchContext) -> Member:
    """Who answers for a member: its vault where that can be reached, else its last bundle."""
    online = MemberVault(code, context)
    folders = context.network.members
    if code == home or (folders[code].vault / IDENTITY_FILE).is_file():
        return online
    try:
        with Vault.open(folders[home].vault, read_only=True) as vault:
            bundle = last_bundle(vault, code)
    except StoreError:
        return online
    return BundledMember(bundle, code, home, context) if bundle else online


@dataclass(frozen=True)
class MemberVault:
    """A member whose vault is a folder that this process can open."""

    code: str
    context: SearchContext

    def answer(self, query: Template, request: Request) -> Answer:
        """Apply the owner's rules, compare, and log what was shown to whom.

        Raises AccessError: the scope does not reach this member, or nobody says who asks and why;
        StoreError: the vault cannot be opened or read, or is another member's.
        """
        asker = request.asking_member
        reach = self.context.network.reach(asker, self.code)
        check_request(request, reach)
        with self._opened() as vault:
            seen = as_seen_by(request.asking_member, vault, reach)
            mark_table = seen.mark_table(query.mark_type)
            left_out = seen.marks_of(
                name for member, name in request.leave_out if member == self.code
            )
            scorer = self.context.shard_scorer
            found = _compare(query, request, vault, mark_table, left_out, self.context, scorer)
            exhibits = {n: seen.exhibit(e) for n, e in found.full.exhibits.items()}
            rows = group_rows(found.full.rows, apart_by_event(exhibits), request.group, reach)
            shown = seen.rows(rows[: request.top], exhibits)
        notes = found.notes
        if not seen.is_own:  # a member's own search is in its log already
            notes += self.log("answer", query, request, rows=len(shown))
        return Answer(shown, found.counts, mark_table.snapshot, notes, found.journal)

    def log(self, action: str, query: Template, request: Request, **facts: Any) -> tuple[str, ...]:
        """As `Member.log`: the asking member, the scope and `facts` become the details."""
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
            return (f"{self.code}: not written to its audit log: {error}",)
        return ()

    def _opened(self) -> Vault:
        return open_member(self.context.network.members[self.code].vault, self.code)


@dataclass(frozen=True)
class BundledMember:
    """A member without a line: the last bundle that the asker holds of it answers in its place.

    What a bundle left at home cannot be found in it, so nothing more than the owner allowed is
    shown; a day of an event that was not released is not known, and passes a filter by days.
    """

    bundle: ReceivedBundle
    code: str
    home: str  # the asker, who holds it
    context: SearchContext

    def answer(self, query: Template, request: Request) -> Answer:
        """As `MemberVault.answer`, from what the bundle brought; errors alike."""
        network = self.context.network
        reach = network.reach(request.asking_member, self.code)
        check_request(request, reach)
        with Vault.open(network.members[self.home].vault) as own:
            # It has what a search needs of a vault: folder, member, holdings and templates.
            received = ReceivedGallery(own, self.code)
            gallery = cast(Vault, received)
            mark_table = gallery.mark_table(query.mark_type)
            names = {exhibit for member, exhibit in request.leave_out if member == self.code}
            left_out = received.marks_known_as(names) if names else []
            scorer = Threads(self.context.threads)  # workers elsewhere have no bundle
            found = _compare(query, request, gallery, mark_table, left_out, self.context, scorer)
        known = apart_by_event(found.full.exhibits)
        rows = tuple(group_rows(found.full.rows, known, request.group, reach)[: request.top])
        note = f"{self.code}: no line; answered by its bundle {self.bundle.number}"
        notes = (*found.notes, f"{note} of {self.bundle.made_at[:10]}")
        return Answer(rows, found.counts, mark_table.snapshot, notes, found.journal)

    def log(self, action: str, query: Template, request: Request, **facts: Any) -> tuple[str, ...]:
        """Nothing: there is no line to its audit log, and the asker's own log has the search."""
        return ()


@dataclass(frozen=True)
class _Compared:
    full: FullComparison
    counts: Counts
    notes: tuple[str, ...]
    journal: FullSearchJournal | None


def _compare(
    query: Template,
    request: Request,
    gallery: Vault,
    mark_table: MarkTable,
    left_out: Collection[int],
    context: SearchContext,
    scorer: CoarseScorer,
) -> _Compared:
    """What is eligible -> coarse scores, unless all is to be compared -> full comparison."""
    reach = context.network.reach(request.asking_member, gallery.member)
    eligible = eligible_marks(query, mark_table, request, reach, left_out)
    chosen, journal = mark_table.ids[eligible.wanted], None
    notes: tuple[str, ...] = ()
    if request.full:
        journal = FullSearchJournal.beside(gallery, query, context.params)
    else:
        chosen, notes = shortlist_marks(
            query, gallery, mark_table, eligible, context.params, scorer
        )
    if note := calibre_note(mark_table, request, reach):
        notes += (f"{gallery.member}: {note}",)
    full = compare_shortlist(query, gallery, chosen, context, journal)
    return _Compared(full, count_marks(eligible, len(chosen), full), notes, journal)
