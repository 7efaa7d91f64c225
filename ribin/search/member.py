"""The side that is asked: a member answers from its own vault, by its own rules.

The own vault answers at once, another member by its line, or by the last bundle that it sent. All
give the same rows to the same question, so the engine knows `Member` alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, cast

from ribin.cases.exhibits import Candidate, Counts, Request, Scope
from ribin.errors import FormatError, StoreError
from ribin.exchange.line import CheckedAnswer, Line, PreparedQuestion, prepare
from ribin.exchange.message import MessageKind
from ribin.exchange.questions import SearchAnswer, candidate_of, counts_of, search_question
from ribin.model import Template
from ribin.search.compare import FullComparison, compare_shortlist, count_marks, shared_lines
from ribin.search.context import Query, SearchContext
from ribin.search.index import CoarseScorer, Threads
from ribin.search.journal import FullSearchJournal
from ribin.search.rank import group_rows
from ribin.search.rules import check_request, earlier_set_words, eligible_marks, filter_notes
from ribin.search.shortlist import shortlist_marks
from ribin.vault.anchors import own_anchor
from ribin.vault.disclosure import Disclosure, apart_by_event, as_seen_by
from ribin.vault.mark_table import MarkTable
from ribin.vault.received import ReceivedBundle, ReceivedGallery, last_bundle
from ribin.vault.vault import Vault, open_member
from ribin.vault.vocabulary import Vocabulary, read_synonyms


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
    sha256: str = ""  # of what another member answered, as the logs of both sides have it


class Member(Protocol):
    """Anybody who can be asked."""

    def answer(self, query: Query, request: Request) -> Answer:
        """Rows and counts; AccessError where the request is refused, StoreError where it fails or
        the member cannot log it: no log, no answer."""
        ...


def member_of(code: str, home: str, context: SearchContext) -> Member:
    """Who answers for a member: itself where there is a way to it, else its last bundle."""
    if code == home:
        return OwnVault(code, context)
    member = context.network.members[code]
    bundled = None if member.is_reached else bundle_of(code, home, context)
    if bundled is None and not (member.is_reached or member.vault):
        raise StoreError(f"{code}: a bundle of it needed, found none: it is reached {member.place}")
    line = context.network.line
    return bundled or OtherMember(code, line(home, code, context), context.deadline_s)


def bundle_of(code: str, home: str, context: SearchContext) -> BundledMember | None:
    """The last bundle of a member, to answer in its place; None where it has sent none."""
    with Vault.open(context.network.members[home].folder, read_only=True) as vault:
        bundle = last_bundle(vault, code)
    return BundledMember(bundle, code, home, context) if bundle else None


def _as_known_here(query: Template, seen: Disclosure) -> Template:
    """The query of another member under the name that its scan has here, where it is of here; that
    a file of theirs has the bytes of a scan here is told of a row alone that they see anyway."""
    made = query.provenance
    sha256 = seen.scan_called(made.sha256, made.source)
    return replace(query, provenance=replace(made, sha256=sha256 or "0" * 64))


def answer_search(
    vault: Vault, query: Template, request: Request, reach: Scope, context: SearchContext
) -> Answer:
    """What the owner of a vault shows an asker who reaches it in `reach`, compared and ranked; the
    log of it is the caller's. The marks are those of the query's set of parameters.

    Raises AccessError: the scope does not reach this member, or nobody says who asks and why;
    StoreError: the vault cannot be read.
    """
    check_request(request, reach)
    is_own = request.asking_member == vault.member
    seen = as_seen_by(request.asking_member, vault, reach)
    mark_table = seen.mark_table(query.mark_type, query.params_id)
    left_out = seen.marks_of(name for member, name in request.leave_out if member == vault.member)
    known = query if is_own else _as_known_here(query, seen)
    gallery = _Gallery(vault, mark_table, left_out, context.shard_scorer, vault)
    found = _compare(known, request, reach, gallery, context, query.provenance.sha256)
    exhibits = {n: seen.exhibit(e) for n, e in found.full.exhibits.items()}
    ordered = seen.order(found.full.rows)
    rows = group_rows(ordered, apart_by_event(exhibits), request.group, reach)
    shown = seen.rows(rows[: request.top], exhibits)
    snapshot = seen.snapshot(mark_table)
    return Answer(shown, found.counts, snapshot, found.notes, found.journal)


@dataclass(frozen=True)
class OwnVault:
    """The asker's own member; its search is in its log by other ways."""

    code: str
    context: SearchContext

    def answer(self, query: Query, request: Request) -> Answer:
        """As `answer_search`; StoreError also where the vault is another member's."""
        folder = self.context.network.members[self.code].folder
        with open_member(folder, self.code) as vault:
            return answer_search(vault, query.template, request, Scope.COUNTRY, self.context)


@dataclass(frozen=True, eq=False)
class OtherMember:
    """A member that is asked by its line; how near it is, it says itself."""

    code: str
    line: Line
    deadline_s: float

    def prepare(self, query: Query, request: Request) -> PreparedQuestion:
        """The question before it is sent."""
        question = search_question(query.template, request, self.code, query.earlier)
        return prepare(MessageKind.SEARCH, question)

    def answer(self, query: Query, request: Request) -> Answer:
        """The list that the member gives; errors as it refuses, and as `Line.send`."""
        return self.send(self.prepare(query, request), query, request)

    def send(self, asked: PreparedQuestion, query: Query, request: Request) -> Answer:
        """As `answer`, of a question that is prepared already."""
        found = self.line.send(asked, SearchAnswer, self.deadline_s)
        sets = [one.params_id for one in query.earlier]
        return answer_of(self.code, found, query.template, request, sets)


def answer_of(
    code: str,
    found: CheckedAnswer[SearchAnswer],
    query: Template,
    request: Request,
    earlier: Sequence[str],
) -> Answer:
    """What a member answered, held against what it was asked; a note says so where it compared one
    of the templates of `earlier` sets of parameters.

    Raises FormatError: more rows than were asked for, counts that do not add up, or a set of
    parameters that the question had not.
    """
    told, where, notes = found.content, f"{code}: answer", found.content.notes
    if told.template_id not in (query.params_id, *earlier):
        sets = " or ".join((query.params_id, *earlier))
        raise FormatError(f"{where}: template parameters {sets} needed, found {told.template_id}")
    if told.template_id != query.params_id:
        notes += (f"{code}: {earlier_set_words(told.template_id, query.params_id)}",)
    if request.top is not None and len(told.rows) > request.top:
        raise FormatError(f"{where}: at most {request.top} rows needed, found {len(told.rows)}")
    rows = tuple(candidate_of(row, code, query.mark_type) for row in told.rows)
    counts = counts_of(told.counts, where)
    head, sha256 = found.anchor, found.sha256
    return Answer(rows, counts, told.snapshot, notes, anchor=head, sha256=sha256)


def log_request(vault: Vault, action: str, query: Template, request: Request, **facts: Any) -> str:
    """Log a request of the own member; scope and `facts` become the details. Gives the anchor of
    the log that has it.

    Raises StoreError: the vault is read-only or locked.
    """
    details = {
        "asking_member": request.asking_member,
        "scope": str(request.scope),
        "mark": str(query.mark_type),
        **facts,
    }
    with vault.act(action, request.who, request.reason) as act:
        act.log(query.provenance.sha256, **details)
        return own_anchor(act.db)


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

    def answer(self, query: Query, request: Request) -> Answer:
        """As `OtherMember.answer`, from what the bundle brought; errors alike."""
        network = self.context.network
        reach = network.reach(request.asking_member, self.code)
        check_request(request, reach)
        with Vault.open(network.members[self.home].folder) as own:
            # It has what a search needs of a vault: folder, member, holdings and templates.
            received = ReceivedGallery(own, self.code)
            mark_table = received.mark_table(query.template.mark_type)
            names = {exhibit for member, exhibit in request.leave_out if member == self.code}
            left_out = received.marks_known_as(names) if names else []
            scorer = Threads(self.context.threads)  # workers elsewhere have no bundle
            gallery = _Gallery(cast(Vault, received), mark_table, left_out, scorer, own)
            template, file_sha256 = query.template, query.template.provenance.sha256
            found = _compare(template, request, reach, gallery, self.context, file_sha256)
        known = apart_by_event(found.full.exhibits)
        rows = tuple(group_rows(found.full.rows, known, request.group, reach)[: request.top])
        note = f"{self.code}: no line; answered by its bundle {self.bundle.number}"
        return Answer(
            rows,
            found.counts,
            mark_table.snapshot,
            notes=(*found.notes, f"{note} of {self.bundle.made_at[:10]}"),
            journal=found.journal,
            bundle=self.bundle.number,
        )


@dataclass(frozen=True, eq=False)
class _Gallery:
    """What a query is compared with: the marks of a vault, or those that a bundle brought."""

    vault: Vault  # of the marks, or what stands in for one
    mark_table: MarkTable
    left_out: Collection[int]  # marks that are not for this request
    scorer: CoarseScorer
    own: Vault  # whose synonyms count


@dataclass(frozen=True)
class _MemberRows:
    """Rows and counts before it is decided what of them the asker is shown."""

    full: FullComparison
    counts: Counts
    notes: tuple[str, ...]
    journal: FullSearchJournal | None


def _compare(
    query: Template,
    request: Request,
    reach: Scope,
    gallery: _Gallery,
    context: SearchContext,
    file_sha256: str,
) -> _MemberRows:
    """What is eligible -> coarse scores, unless all is to be compared -> full comparison.

    `file_sha256`: of the scan that the asker searches with, as it is there.
    """
    vault, mark_table = gallery.vault, gallery.mark_table
    with gallery.own.catalogue.reading() as db:
        words = Vocabulary({}, read_synonyms(db))
    eligible = eligible_marks(query, mark_table, request, reach, gallery.left_out, words)
    chosen, journal = mark_table.ids[eligible.wanted], None
    notes: tuple[str, ...] = ()
    if request.full:
        journal = FullSearchJournal.beside(vault, query, context.params)
    else:
        tick = partial(context.progress, f"{vault.member}: coarse stage")
        chosen, notes = shortlist_marks(
            query, vault, mark_table, eligible, context.params, gallery.scorer, tick
        )
    found = filter_notes(mark_table, request, reach, words)
    notes += tuple(f"{vault.member}: {note}" for note in found)
    full = compare_shortlist(query, vault, chosen, context, journal, file_sha256)
    if reach is Scope.COUNTRY:  # which firearms are known is not for others
        notes += shared_lines(full)
    return _MemberRows(full, count_marks(eligible, len(chosen), full), notes, journal)
