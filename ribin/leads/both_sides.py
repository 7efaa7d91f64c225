"""The two sides of a lead: the own vault, and what the other member states of its own.

The own side is changed in one transaction. What the other lacks it is told afterwards, and takes by
its own rules; a member that could not be reached catches up with the next step, or with `ribin lead
sync`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ribin.cases.exhibits import Exhibit
from ribin.cases.leads import ExhibitRef, Lead, LeadHistory
from ribin.errors import AccessError, FormatError, ParameterError, RibinError, StoreError
from ribin.exchange.lead_statements import LeadsAnswer, LeadsQuestion
from ribin.exchange.message import MessageKind
from ribin.leads.entries import check_figures
from ribin.leads.statements import TheirSide, own_steps, state_leads, without
from ribin.search.network import Network
from ribin.text import clean_text, escaped
from ribin.vault.audit import append_row
from ribin.vault.disclosure import as_seen_by
from ribin.vault.exhibits import first_name
from ribin.vault.leads import find_lead, lead_numbers, read_lead
from ribin.vault.messages import (
    REFUSED,
    note_delivered,
    note_not_delivered,
    note_try,
    own_questions,
    problem_of,
)
from ribin.vault.rows import RowHash
from ribin.vault.sharing import PSEUDONYM
from ribin.vault.vault import Vault

DELIVERY_S = 30.0
_LEADS = str(MessageKind.LEADS)


@dataclass
class BothSides:
    """The own vault in an open write transaction, and what others stated of theirs, by member;
    `notes` says who could not be reached, and why.

    `acting` is the member whose person acts: the own one, or the one that a message came from.
    """

    vault: Vault
    own: Any
    who: str
    acting: str
    theirs: dict[str, TheirSide]
    notes: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)  # who stated nothing, and why

    @property
    def own_member(self) -> str:
        return self.vault.member

    @property
    def in_reach(self) -> set[str]:
        """Members whose log counts here: the own one, and those that stated what theirs has."""
        return {self.own_member, *self.theirs}

    def log(
        self, action: str, lead: str, reason: str, records: Iterable[RowHash], **facts: Any
    ) -> None:
        """The row of the own audit log that vouches for these records."""
        details = {"member": self.acting, **facts, "records": dict(records)}
        append_row(self.own, action, lead, self.who, reason, details)


@dataclass(frozen=True)
class LeadChoice:
    """Which leads two members bring up to date: on a pair, of these numbers, or all; and exhibits
    of the other side that a lead would name."""

    pair: str = ""
    numbers: tuple[str, ...] = ()
    every: bool = False
    exhibits: tuple[str, ...] = ()

    def found_in(self, db: Any, own: str, other: str) -> list[str]:
        """The numbers of those that a vault has between the two, oldest first."""
        between = "(reference_member, comparison_member) IN (VALUES (?1, ?2), (?2, ?1))"
        known = lead_numbers(db, between, own, other)
        if not self.every:
            pairs = {lead.pair for n in self.numbers if (lead := _lead(db, n))}
            chosen = set(self.numbers)
            for pair in pairs | {self.pair}:  # a verdict on another lead of the pair counts too
                chosen |= {number for _, number in lead_numbers(db, "pair = ?1", pair)}
            known = [one for one in known if one[1] in chosen]
        return [number for _, number in sorted(known)]


def _lead(db: Any, number: str) -> Lead | None:
    found = find_lead(db, number)
    return found.lead if found else None


@contextmanager
def both_sides(
    own: Vault, network: Network | None, members: Iterable[str], who: str, choice: LeadChoice
) -> Iterator[BothSides]:
    """The vault of whoever acts, locked, and what the members concerned state of these leads.

    All is committed at the end, or nothing where an error is raised. Others are told afterwards
    (`tell`): an entry is at the own side first, because nobody else's can vouch for what was done
    here.

    Raises StoreError: the own vault is read-only or locked.
    """
    notes: list[str] = []
    theirs: dict[str, TheirSide] = {}
    missing: dict[str, str] = {}
    for member in sorted(set(members) - {own.member}):
        try:
            theirs[member] = exchange(own, network, member, who, choice)
        except (RibinError, OSError) as error:
            notes.append(not_recorded(member, str(error)))
            missing[member] = problem_of(error)
    with own.catalogue.writing() as db:
        notes += [note for side in theirs.values() for note in side.notes]
        yield BothSides(own, db, who, own.member, theirs, notes, missing)


def exchange(
    own: Vault, network: Network | None, member: str, who: str, choice: LeadChoice
) -> TheirSide:
    """Tell another member what the own vault has of these leads, for it to take what it lacks; what
    it has of them then.

    Raises StoreError: no network names it, or it cannot be reached; RibinError: it refuses.
    """
    if network is None or member not in network.members:
        raise StoreError("no network names its vault")
    with own.catalogue.reading() as db:
        numbers = choice.found_in(db, own.member, member)
        stated = state_leads(own, db, member, numbers)
        # A lead that is named by its pair alone need not come back.
        named = numbers if choice.every else [n for n in numbers if n in choice.numbers]
        sent = {number: own_steps(db, own.member, number) for number in named}
    asked = LeadsQuestion(
        who=clean_text(who),
        leads=stated.leads,
        pair=choice.pair,
        numbers=choice.numbers,
        every=choice.every,
        exhibits=choice.exhibits,
    )
    line = network.line(own.member, member)
    told = line.ask(MessageKind.LEADS, asked, LeadsAnswer, DELIVERY_S).content
    side = TheirSide.of(member, told.leads)
    side.notes = [*stated.notes, *side.notes, *told.notes]
    side.taken, side.exhibits = told.taken, dict(told.exhibits)
    settle_deliveries(own, sent, side, told.notes)
    return side


def settle_deliveries(
    own: Vault, sent: Mapping[str, frozenset[str]], side: TheirSide, notes: Iterable[str]
) -> None:
    """Note of the steps that wait for a member whether it has them now: by lead, the own steps that
    were sent; and what it states, and says in notes, since.

    What was done here after that, on a lead for which something waits already, goes on waiting.
    """
    waiting = own_questions(own, receiver=side.member, kind=_LEADS, waiting=True)
    if not own.writable or not any(one.subject in sent for one in waiting):
        return
    with own.catalogue.writing() as db:
        for one in waiting:
            if one.question or one.subject not in sent:
                continue
            done = own_steps(db, own.member, one.subject)
            has = side.steps_of(own.member, one.subject)
            if has is not None and done <= has:
                note_delivered(db, one.id)
            elif has is None or done <= sent[one.subject]:
                note_try(db, one.id, _refusal(side.member, one.subject, notes))


def _refusal(member: str, lead: str, notes: Iterable[str]) -> str:
    """That a member did not take a step of a lead, and why, by its own notes."""
    said = [escaped(note.removeprefix(f"{member}: ")) for note in notes]
    of_lead = [note for note in said if re.search(rf"{re.escape(lead)}(?![\w-])", note)]
    why = "; ".join(of_lead or said) or "it does not say why"
    return f"{REFUSED}{member}: {why}"


def tell(
    own: Vault, network: Network | None, both: BothSides, lead: str
) -> tuple[tuple[str, ...], dict[str, TheirSide]]:
    """Tell the members that a lead concerns, as far as they were in reach just now, of what was
    done to it. Gives the notes of the step, and of whoever has not got it; and what each states of
    it then."""
    notes, sides = list(both.notes), dict[str, TheirSide]()
    found = find_own_lead(own, lead)
    for member in sorted(set(found.lead.members) - {own.member, *both.theirs}):
        why = both.missing.get(member, "out of reach when it was done")
        note_not_delivered(own, member, _LEADS, [lead], why)
    for member in sorted(both.theirs):
        try:
            side = exchange(own, network, member, both.who, LeadChoice(numbers=(lead,)))
            notes += side.notes
            sides[member] = side
        except (RibinError, OSError) as error:
            notes.append(not_recorded(member, str(error)))
            note_not_delivered(own, member, _LEADS, [lead], problem_of(error))
    return tuple(dict.fromkeys(notes)), sides


def find_own_lead(own: Vault, lead: str) -> LeadHistory:
    """A lead of the own vault; StoreError where it is unknown."""
    with own.catalogue.reading() as db:
        return read_lead(db, lead, str(own.path))


def deliveries(own: Vault, lead: str) -> list[tuple[str, str]]:
    """Each other member that a lead concerns, and whether it has got what was done to it last."""
    told = own_questions(own, kind=_LEADS, subject=lead)
    return list({one.receiver: (one.receiver, one.delivery) for one in told}.values())


def not_recorded(member: str, why: str) -> str:
    return f"{member}: not recorded there yet, `ribin lead sync` will: {why}"


# A lead within one member names exhibits as they are. In a lead across a border each exhibit has
# the pseudonym under which others know it, in the vaults of both; whoever holds it can tell
# which one that is.

_ELSEWHERE = re.compile(r"([A-Z]{3}):(.+)")


def exhibit_ref(text: str, own_member: str) -> ExhibitRef:
    """An exhibit as it is written: MEMBER:EXHIBIT, or EXHIBIT alone for an own one."""
    found = _ELSEWHERE.fullmatch(text)
    return ExhibitRef(*found.groups()) if found else ExhibitRef(own_member, text)


def check_pair(own_member: str, reference: ExhibitRef, comparison: ExhibitRef) -> None:
    """Refuse two exhibits that no lead can be about.

    Raises ParameterError: they are one exhibit, or neither is held by the own member.
    """
    if reference == comparison:
        raise ParameterError(f"lead: two exhibits needed, found {reference} twice")
    if own_member not in (reference.member, comparison.member):
        raise ParameterError(
            f"lead: an exhibit of {own_member} needed, found {reference} and {comparison}"
        )


def names_in_lead(
    both: BothSides, reference: ExhibitRef, comparison: ExhibitRef
) -> list[tuple[ExhibitRef, str]]:
    """Name and event of each exhibit as a lead writes them; the event is empty across a border.

    Within a member the name is the one that the exhibit was enrolled under, whatever it is called
    now, so that a lead never has to change.

    Raises StoreError: there is no own exhibit of such a name; AccessError: the holder shows this
    member no such exhibit: it is unknown, or not shared so far.
    """
    crossing = reference.member != comparison.member
    named = []
    for ref in (reference, comparison):
        if ref.member != both.own_member:
            named.append((_theirs(both, ref), ""))
            continue
        exhibit = _own(both, ref)
        if crossing:
            named.append((as_seen_by(ref.member, both.vault).ref(exhibit.exhibit), ""))
        else:
            first = first_name(both.own, exhibit.exhibit)
            named.append((ExhibitRef(ref.member, first), exhibit.event.event))
    return named


def _own(both: BothSides, ref: ExhibitRef) -> Exhibit:
    exhibit = as_seen_by(both.own_member, both.vault).find(ref.exhibit)
    if exhibit is None:
        raise StoreError(f"{ref}: an exhibit needed, found none of this name")
    return exhibit


def _theirs(both: BothSides, ref: ExhibitRef) -> ExhibitRef:
    """The name that crosses the border of another member's exhibit."""
    side = both.theirs.get(ref.member)
    if side is None:  # its holder is out of reach: as the list of candidates names it
        if not PSEUDONYM.fullmatch(ref.exhibit):
            raise AccessError(
                f"{ref.member}:{ref.exhibit}: its pseudonym needed while {ref.member} is "
                "out of reach, as a list names it"
            )
        return ref
    name = side.exhibits.get(ref.exhibit)
    if name is None:
        raise AccessError(f"{ref}: {ref.member} shows {both.own_member} no such exhibit")
    if not PSEUDONYM.fullmatch(name):
        raise FormatError(f"{ref}: a pseudonym of {ref.member} needed, found {name[:40]!r}")
    return ExhibitRef(ref.member, name)


_NAMES = ("exhibit", "event", "group", "class_fields")  # of one member, by its own words


def figures_of_both(figures: Mapping[str, Any], crossing: bool) -> dict[str, Any]:
    """The row of a candidate as a lead keeps it: a lead across a border names exhibits itself.

    Raises ParameterError: it is no such row.
    """
    check_figures(figures)
    return without(figures, _NAMES if crossing else ())
