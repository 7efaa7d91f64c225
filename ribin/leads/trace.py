"""The history of a gun: from one exhibit along confirmed links, through the vaults of members.

Each member is asked and tells by its own rules. A link to an exhibit that its holder does not show
the asker is counted and not shown, but for the asker's own links.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field

from ribin.cases.exhibits import Scope
from ribin.cases.leads import ExhibitRef
from ribin.errors import AccessError, StoreError
from ribin.leads.rules import status_of
from ribin.search.network import Network
from ribin.vault.disclosure import Disclosure, TracedExhibit, as_seen_by
from ribin.vault.people import check_looker
from ribin.vault.vault import Vault, check_log, open_member

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
    with ExitStack() as stack:
        walk = _Walk(own, network, stack)
        walk.follow(as_seen_by(own.member, own, Scope.COUNTRY).ref(name))
        walk.log(who, reason)
        return walk.history(name)


@dataclass
class _Walk:
    vault: Vault
    network: Network | None
    stack: ExitStack
    cards: dict[ExhibitRef, TracedExhibit] = field(default_factory=dict)
    links: dict[str, tuple[str, ExhibitRef, ExhibitRef, str, str]] = field(default_factory=dict)
    holders: dict[str, Disclosure | None] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)

    def follow(self, start: ExhibitRef) -> None:
        """Breadth first, so that each member is told of as few as possible."""
        todo = [start]
        while todo:
            key = todo.pop(0)
            if key in self.cards:
                continue
            holder = self._holder(key.member)
            self.cards[key] = self._card(key)
            if holder is None or not holder.shows_traced(key.exhibit):
                continue
            for file, other in holder.links_of(key.exhibit):
                if self._may_show(key, other):
                    lead, end = file.lead, file.withdrawal or file.link or file.lead
                    # Of leads of others the number would tell how many there are.
                    own = self.vault.member in lead.members
                    number = lead.lead if own else holder.pseudonym(f"lead {lead.pair}")
                    self.links[lead.lead] = (number, key, other, end.at, str(status_of(file)))
                    todo += [other] if file.linked else []
            for other in holder.of_same_firearm(key.exhibit):
                if self._may_show(key, other):
                    pair = sorted((key, other))
                    self.links[f"{pair}"] = ("", pair[0], pair[1], "", SAME_FIREARM)
                    todo.append(other)

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

    def log(self, who: str, reason: str) -> None:
        """Into the audit log of each member that was asked: who traced what, and why.

        Raises StoreError: a log cannot be written; then nothing of the trace is told.
        """
        subject = next(iter(self.cards)).exhibit
        for member, holder in self.holders.items():
            if holder is None:
                continue
            own = holder.is_own
            shown = sum(key.member == member for key in self.cards)
            details = {"asking_member": self.vault.member, "exhibits": shown}
            name = self.cards[next(iter(self.cards))].exhibit if own else subject
            action = "trace" if own else "trace answered"
            holder.vault.record(action, name, who, reason, **details)

    def _may_show(self, key: ExhibitRef, other: ExhibitRef) -> bool:
        if self.vault.member in (key.member, other.member):
            return True
        holder = self._holder(other.member)
        return holder is not None and holder.shows_traced(other.exhibit)

    def _card(self, key: ExhibitRef) -> TracedExhibit:
        holder = self._holder(key.member)
        if holder is None:
            return TracedExhibit(key.member, key.exhibit, known="out of reach")
        return holder.traced(key.exhibit)

    def _named(self, key: ExhibitRef) -> ExhibitRef:
        card = self.cards.get(key) or self._card(key)
        return ExhibitRef(card.member, card.exhibit)

    def _holder(self, member: str) -> Disclosure | None:
        if member not in self.holders:
            self.holders[member] = self._opened(member)
        return self.holders[member]

    def _opened(self, member: str) -> Disclosure | None:
        asker = self.vault.member
        if member == asker:
            return as_seen_by(asker, self.vault, Scope.COUNTRY)
        if self.network is None or member not in self.network.members:
            self.unavailable[member] = "no network names its vault"
            return None
        try:
            reach = self.network.reach(asker, member)
            other = open_member(self.network.members[member].folder, member)
            vault = self.stack.enter_context(other)
            check_log(vault)
        except (StoreError, AccessError) as error:
            self.unavailable[member] = str(error)
            return None
        return as_seen_by(asker, vault, reach)
