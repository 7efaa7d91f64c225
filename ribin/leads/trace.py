"""The history of a gun: from one exhibit along confirmed links, from member to member.

Each member is asked and tells by its own rules. A link to an exhibit that its holder does not show
the asker is counted and not shown, but for the asker's own links.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec import structs

from ribin.cases.exhibits import Scope
from ribin.cases.leads import ExhibitRef, Lead
from ribin.errors import AccessError, FormatError, StoreError
from ribin.exchange.message import MessageKind
from ribin.exchange.trace_statements import (
    CardStatement,
    LinkStatement,
    NodeStatement,
    TraceAnswer,
    TraceQuestion,
)
from ribin.leads.rules import status_of
from ribin.search.network import Network
from ribin.vault.disclosure import Disclosure, TracedExhibit, as_seen_by
from ribin.vault.leads import read_leads
from ribin.vault.people import check_looker
from ribin.vault.vault import Vault, check_log

SAME_FIREARM = "test fires of one firearm"


@dataclass(frozen=True)
class TracedLink:
    """Two exhibits of a history and what joins them, or joined them."""

    lead: str  # empty where a record joins them and no link
    one: ExhibitRef
    other: ExhibitRef
    at: str
    standing: str


@dataclass(frozen=True)
class History:
    """All that is joined to an exhibit, in the order of time; events without a day come last.

    What is linked on and not shown to the asker is not counted either: `withheld` is empty.
    """

    exhibit: str
    exhibits: tuple[TracedExhibit, ...]
    links: tuple[TracedLink, ...]
    withdrawn: tuple[TracedLink, ...]
    unavailable: tuple[tuple[str, str], ...]  # member, why it could not be asked
    withheld: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def trace_exhibit(
    own: Vault, network: Network | None, exhibit: str, *, who: str, reason: str
) -> History:
    """Follow the links of an own exhibit as far as they lead.

    `network`: without one, only what the own vault knows is told. Raises StoreError: there is no
    such exhibit; AccessError: others would be asked and nobody says who and why; or `who` has no
    role in use.
    """
    check_looker(own.catalogue, who)
    check_log(own)
    name = own.exhibit(exhibit).exhibit
    if network and not (who.strip() and reason.strip()):
        raise AccessError("trace: who and reason needed beyond the country, found one missing")
    walk = _Walk(own, network, who, reason)
    walk.follow(as_seen_by(own.member, own, Scope.COUNTRY).ref(name))
    walk.log(name)
    return walk.history(name)


@dataclass(frozen=True)
class _Pending:
    """A link of which one end is known, until the other end's holder tells its own."""

    number: str
    one: ExhibitRef
    at: str
    standing: str
    stands: bool


@dataclass
class _Walk:
    vault: Vault
    network: Network | None
    who: str
    reason: str
    start: str = ""
    cards: dict[ExhibitRef, TracedExhibit] = field(default_factory=dict)
    names: dict[ExhibitRef, TracedExhibit] = field(
        default_factory=dict
    )  # also of what is not followed
    links: dict[str, tuple[str, ExhibitRef, ExhibitRef, str, str]] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)

    def follow(self, start: ExhibitRef) -> None:
        """Breadth first, a question to each member of each step, so that each is told of as few as
        possible."""
        self.start = start.exhibit
        level: set[ExhibitRef] = {start}
        pending: dict[str, dict[str, _Pending]] = {}
        while level or pending:
            following: set[ExhibitRef] = set()
            unknown: dict[str, dict[str, _Pending]] = {}
            for member in sorted({ref.member for ref in level} | pending.keys()):
                asked = sorted(ref.exhibit for ref in level if ref.member == member)
                waiting = pending.get(member, {})
                told = self._ask(member, asked, sorted(waiting))
                if told is None:
                    out = {ExhibitRef(member, one): "out of reach" for one in asked}
                    self.cards |= {
                        r: TracedExhibit(member, r.exhibit, known=k) for r, k in out.items()
                    }
                    continue
                for token, exhibit in told.ends.items():
                    if token in waiting and token not in self.links:
                        other = ExhibitRef(member, exhibit)
                        self._join(token, waiting[token], other, following)
                for node in told.nodes:
                    self._take(ExhibitRef(member, node.asked), node, following, unknown)
            level = {ref for ref in following if ref not in self.cards}
            pending = {
                member: left
                for member, links in unknown.items()
                if (left := {t: one for t, one in links.items() if t not in self.links})
            }
        self._name_ends()

    def _take(
        self,
        key: ExhibitRef,
        node: NodeStatement,
        following: set[ExhibitRef],
        unknown: dict[str, dict[str, _Pending]],
    ) -> None:
        self.cards[key] = TracedExhibit(key.member, **structs.asdict(node.card))
        if not node.shown:
            return
        for link in node.links:
            one = _Pending(link.number, key, link.at, link.standing, link.stands)
            if link.token in self.links:
                continue
            if link.exhibit:
                self._join(link.token, one, ExhibitRef(link.member, link.exhibit), following)
            else:
                unknown.setdefault(link.member, {})[link.token] = one
        for exhibit in node.same_firearm:
            other = ExhibitRef(key.member, exhibit)
            pair = sorted((key, other))
            self.links[f"{pair}"] = ("", pair[0], pair[1], "", SAME_FIREARM)
            following.add(other)

    def _join(
        self, token: str, one: _Pending, other: ExhibitRef, following: set[ExhibitRef]
    ) -> None:
        self.links[token] = (one.number, one.one, other, one.at, one.standing)
        if one.stands:
            following.add(other)

    def _name_ends(self) -> None:
        """What the ends of links that stand no more are called."""
        ends = {end for _, *pair, _, _ in self.links.values() for end in pair} - self.cards.keys()
        for member in sorted({end.member for end in ends}):
            asked = sorted(end.exhibit for end in ends if end.member == member)
            told = self._ask(member, asked, [])
            for node in told.nodes if told else ():
                card = TracedExhibit(member, **structs.asdict(node.card))
                self.names[ExhibitRef(member, node.asked)] = card

    def history(self, exhibit: str) -> History:
        """What was found, under the names that the asker may use."""
        order = sorted(self.cards.values(), key=lambda c: (c.date or "9", c.member, c.exhibit))
        links = [
            TracedLink(lead, self._named(one), self._named(other), at, standing)
            for lead, one, other, at, standing in self.links.values()
        ]
        links.sort(key=lambda link: (link.at, link.lead, link.one))
        withdrawn = tuple(link for link in links if link.standing == "link withdrawn")
        return History(
            exhibit=exhibit,
            exhibits=tuple(order),
            links=tuple(link for link in links if link not in withdrawn),
            withdrawn=withdrawn,
            unavailable=tuple(
                (member, why)
                for member, why in sorted(self.unavailable.items())
                if any(card.member == member for card in self.cards.values())
            ),
        )

    def log(self, exhibit: str) -> None:
        """Into the own audit log: who traced what, and why; each member that was asked has it in
        its own. Raises StoreError: it cannot be written; then nothing of the trace is told."""
        shown = sum(key.member == self.vault.member for key in self.cards)
        details = {"asking_member": self.vault.member, "exhibits": shown}
        self.vault.record("trace", exhibit, self.who, self.reason, **details)

    def _named(self, key: ExhibitRef) -> ExhibitRef:
        card = self.cards.get(key) or self.names.get(key)
        return ExhibitRef(card.member, card.exhibit) if card else key

    def _ask(
        self, member: str, exhibits: Sequence[str], tokens: Sequence[str]
    ) -> TraceAnswer | None:
        """What a member tells; None where it is out of reach, or refuses."""
        asker = self.vault.member
        if member == asker:
            seen = as_seen_by(asker, self.vault, Scope.COUNTRY)
            return tell_of(seen, exhibits, tokens)
        if self.network is None or member not in self.network.members:
            self.unavailable[member] = "no network names its vault"
            return None
        if member in self.unavailable:
            return None
        words = (self.start, tuple(exhibits), tuple(tokens), self.who, self.reason)
        try:
            line = self.network.line(asker, member)
            return line.ask(MessageKind.TRACE, TraceQuestion(*words), TraceAnswer).content
        except (StoreError, AccessError, FormatError) as error:
            self.unavailable[member] = str(error)
            return None


# What the holder of exhibits tells of them, to its own member or to another.


def tell_of(seen: Disclosure, exhibits: Iterable[str], tokens: Iterable[str]) -> TraceAnswer:
    """What the receiver of `seen` may know of exhibits, and of own ends of links by tokens."""
    nodes = tuple(_node(seen, name) for name in exhibits)
    return TraceAnswer(nodes, dict(_ends(seen, set(tokens))))


def _node(seen: Disclosure, name: str) -> NodeStatement:
    card = {n: v for n, v in vars(seen.traced(name)).items() if n != "member"}
    shown = seen.shows_traced(name)
    links = tuple(_links(seen, name)) if shown else ()
    fired = (ref.exhibit for ref in seen.of_same_firearm(name)) if shown else ()
    same = tuple(one for one in fired if seen.is_own or seen.shows_traced(one))
    return NodeStatement(name, CardStatement(**card), shown, links, same)


def _links(seen: Disclosure, name: str) -> Iterator[LinkStatement]:
    holder = seen.vault.member
    for file, other in seen.links_of(name):
        lead, end = file.lead, file.withdrawal or file.link or file.lead
        here = other.member == holder
        if here and not (seen.is_own or seen.shows_traced(other.exhibit)):
            continue
        # Of leads of others the number would tell how many there are.
        own = seen.receiver in lead.members
        number = lead.lead if own else seen.pseudonym(f"lead {lead.pair}")
        told = other.exhibit if here or own else ""
        yield LinkStatement(
            token=_token(lead),
            number=number,
            member=other.member,
            exhibit=told,
            at=end.at,
            standing=str(status_of(file)),
            stands=file.linked,
        )


def _token(lead: Lead) -> str:
    """By which both members of a lead know it, and nobody can tell its ends."""
    return hashlib.sha256(f"ribin link 1\n{lead.lead}\n{lead.pair}\n{lead.at}".encode()).hexdigest()


def _ends(seen: Disclosure, tokens: set[str]) -> Iterator[tuple[str, str]]:
    """Own ends of these links, of exhibits that the receiver may know of."""
    if not tokens:
        return
    with seen.vault.catalogue.reading() as db:
        known = [history for history in read_leads(db) if history.link]
    for history in known:
        token = _token(history.lead)
        own = next((r for r in history.lead.exhibits if r.member == seen.vault.member), None)
        if token in tokens and own and seen.shows_traced(own.exhibit):
            yield token, seen.ref(own.exhibit).exhibit
