"""The side that is asked: a member answers from its own vault, by its own rules.

Today a member is a vault in a folder, or a bundle that it sent. A node of another country answers
the same question with the same rows, so the engine knows `Member` alone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
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
from ribin.vault.anchors import own_anchor
from ribin.vault.catalogue import IDENTITY_FILE
from ribin.vault.disclosure import Disclosure, apart_by_event, as_seen_by
from ribin.vault.mark_table import MarkTable
from ribin.vault.received import ReceivedBundle, ReceivedGallery, last_bundle
from ribin.vault.vault import Vault, check_log, open_member


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
    bundle: int = 0  # the number of the bundle that answered in place of its sender
    anchor: str = ""  # of the owner's log, once it has the answer; see vault/anchors.py


class Member(Protocol):
    """Anybody who can be asked."""

    def answer(self, query: Template, request: Request) -> Answer:
        """Rows and counts; AccessError where the request is refused, StoreError where it fails or
        the member cannot log it: no log, no answer."""
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


def _as_known_here(query: Template, seen: Disclosure) -> Template:
    """The query of another member under the name that its scan has here, where it is of here; that
    a file of theirs has the bytes of a scan here is told of a row alone that they see anyway."""
    made = query.provenance
    sha256 = seen.scan_called(made.sha256, made.source)
    return replace(query, provenance=replace(made, sha256=sha256 or "0" * 64))


def log_request(vault: Vault, action: str, query: Template, request: Request, **facts: Any) -> str:
    """Log a request; the asking member, the scope and `facts` become the details. Gives the anchor
    of the log that has it.

    Raises StoreError: the vault is read-only or locked.
    """
    details = {
        "asking_member": request.asking_member,
        "scope": str(request.scope),
        "mark": str(query.mark_type),
        **facts,
    }
    with vault.act(action, request.who, request.reason, ()) as act:
        is_own = vault.member == request.asking_member
        act.log(query.provenance.sha256 if is_own else request.query, **details)
        return own_anchor(act.db)


@dataclass(frozen=True)
class MemberVault:
    """A member whose vault is a folder that this process can open."""

    code: str
    context: SearchContext

    def answer(self, query: Template, request: Request) -> Answer:
        """Apply the owner's rules, compare, and log what was shown to whom.

        Raises AccessError: the scope does not reach this member, or nobody says who asks and why;
        StoreError: the vault cannot be opened or read, is another member's, or its audit log
        cannot be written.
        """
        asker = request.asking_member
        reach = self.context.network.reach(asker, self.code)
        check_request(request, reach)
        with open_member(self.context.network.members[self.code].vault, self.code) as vault:
            is_own = asker == self.code  # a member's own search is in its log already
            if not is_own:
                check_log(vault)
            seen = as_seen_by(request.asking_member, vault, reach)
            mark_table = seen.mark_table(query.mark_type)
            left_out = seen.marks_of(
                name for member, name in request.leave_out if member == self.code
            )
            scorer = self.context.shard_scorer
            known = query if is_own else _as_known_here(query, seen)
            asked = (request, vault, mark_table, left_out, self.context, scorer)
            found = _compare(known, *asked, query.provenance.sha256)
            exhibits = {n: seen.exhibit(e) for n, e in found.full.exhibits.items()}
            ordered = seen.order(found.full.rows)
            rows = group_rows(ordered, apart_by_event(exhibits), request.group, reach)
            shown = seen.rows(rows[: request.top], exhibits)
            anchor = ""
            if not is_own:
                kept = {"anchors": {asker: request.anchor}}
                anchor = log_request(vault, "answer", query, request, rows=len(shown), **kept)
            snapshot = seen.snapshot(mark_table)
        told = (shown, found.counts, snapshot, found.notes, found.journal)
        return Answer(*told, anchor=anchor)


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
            asked = (request, gallery, mark_table, left_out, self.context, scorer)
            found = _compare(query, *asked, query.provenance.sha256)
        known = apart_by_event(found.full.exhibits)
        rows = tuple(group_rows(found.full.rows, known, request.group, reach)[: request.top])
        note = f"{self.code}: no line; answered by its bundle {self.bundle.number}"
        notes = (*found.notes, f"{note} of {self.bundle.made_at[:10]}")
        told = (rows, found.counts, mark_table.snapshot, notes, found.journal)
        return Answer(*told, bundle=self.bundle.number)


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
    file_sha256: str,
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
    full = compare_shortlist(query, gallery, chosen, context, journal, file_sha256)
    return _Compared(full, count_marks(eligible, len(chosen), full), notes, journal)
