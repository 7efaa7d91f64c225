"""The vaults of the members that a lead concerns, changed together as far as they can be reached.

What one side lacks it is given by the other, so a member that could not be reached catches up with
the next step, or with `ribin lead sync`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ribin.cases.exhibits import Exhibit, Scope
from ribin.cases.leads import ExhibitRef, Lead, LeadHistory
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.leads.entries import check_figures
from ribin.search.network import Network
from ribin.vault.audit import append_row
from ribin.vault.disclosure import as_seen_by
from ribin.vault.exhibits import first_name
from ribin.vault.leads import find_lead, leads_of_pair
from ribin.vault.rows import RowHash
from ribin.vault.sharing import PSEUDONYM
from ribin.vault.vault import Vault, open_member

_Read = TypeVar("_Read")


@dataclass
class BothVaults:
    """Open write transactions by member; `notes` says who could not be reached, and why."""

    own_member: str
    who: str
    vaults: dict[str, Vault]  # of those in `transactions`
    transactions: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    @property
    def own(self) -> Any:
        """The transaction in the vault of the person acting."""
        return self.transactions[self.own_member]

    def history(self, member: str, lead: str) -> LeadHistory | None:
        """A lead as a vault has it; None, and a note, where another's has what is no lead."""
        found = self._read(member, lambda db: [find_lead(db, lead)])
        return found[0] if found else None

    def of_pair(self, member: str, pair: str) -> list[LeadHistory]:
        """Every lead on two exhibits, as a vault has them."""
        return self._read(member, lambda db: leads_of_pair(db, pair))

    def _read(self, member: str, read: Callable[[Any], list[_Read]]) -> list[_Read]:
        try:
            return read(self.transactions[member])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            if member == self.own_member:
                raise
            note = f"{member}: a lead of its vault cannot be read, and is left out: {error}"
            self.notes += [note] if note not in self.notes else []
            return []

    def log(
        self,
        member: str,
        action: str,
        lead: str,
        reason: str,
        records: Iterable[RowHash],
        **facts: Any,
    ) -> None:
        """The row of one member's audit log that vouches for these records."""
        details = {"member": self.own_member, **facts, "records": dict(records)}
        append_row(self.transactions[member], action, lead, self.who, reason, details)


@contextmanager
def both_vaults(
    own: Vault, network: Network | None, members: Iterable[str], who: str
) -> Iterator[BothVaults]:
    """The vault of whoever acts and those of the members concerned, locked in order of members.

    All is committed at the end, or nothing where an error is raised; the own vault first, because
    nobody else's can vouch for what was done here. A power loss between two commits leaves an entry
    at the own side alone, until the two are brought together.

    Raises StoreError: the own vault is read-only or locked.
    """
    notes: list[str] = []
    with ExitStack() as stack:
        vaults = {own.member: own}
        for member in sorted(set(members) - {own.member}):
            if network is None or member not in network.members:
                notes.append(_not_recorded(member, "no network names its vault"))
                continue
            try:
                other = open_member(network.members[member].folder, member)
                vaults[member] = stack.enter_context(other)
            except (StoreError, OSError) as error:
                notes.append(_not_recorded(member, str(error)))
        transactions: dict[str, Any] = {}
        own_commit = ExitStack()
        for member in sorted(vaults):
            commit = own_commit if member == own.member else ExitStack()
            try:
                transactions[member] = commit.enter_context(vaults[member].catalogue.writing())
                stack.enter_context(commit)
            except StoreError as error:
                if member == own.member:
                    raise
                del vaults[member]
                notes.append(_not_recorded(member, str(error)))
        yield BothVaults(own.member, who, vaults, transactions, notes)
        own_commit.close()


def _not_recorded(member: str, why: str) -> str:
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
    both: BothVaults, network: Network | None, reference: ExhibitRef, comparison: ExhibitRef
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
        exhibit = _shown(both, network, ref)
        if exhibit is None:  # its holder is out of reach: as the list of candidates names it
            if not PSEUDONYM.fullmatch(ref.exhibit):
                raise AccessError(
                    f"{ref.member}:{ref.exhibit}: its opaque name needed while {ref.member} is "
                    "out of reach, as a list names it"
                )
            named.append((ref, ""))
        elif crossing:
            named.append((as_seen_by(ref.member, both.vaults[ref.member]).ref(exhibit.exhibit), ""))
        else:
            first = first_name(both.transactions[ref.member], exhibit.exhibit)
            named.append((ExhibitRef(ref.member, first), exhibit.event.event))
    return named


def _shown(both: BothVaults, network: Network | None, ref: ExhibitRef) -> Exhibit | None:
    """An exhibit as its holder knows it; None where the holder is out of reach."""
    if ref.member not in both.vaults:
        return None
    reach = network.reach(both.own_member, ref.member) if network else Scope.COUNTRY
    seen = as_seen_by(both.own_member, both.vaults[ref.member], reach)
    exhibit = seen.find(ref.exhibit)
    if exhibit is None and seen.is_own:
        raise StoreError(f"{ref}: an exhibit needed, found none of this name")
    if exhibit is None or not seen.shows(exhibit):
        raise AccessError(f"{ref}: {ref.member} shows {both.own_member} no such exhibit")
    return exhibit


# What of a lead crosses the border to the other member that it concerns.

_NAMES = ("exhibit", "event", "group", "class_fields")  # of one member, by its own words
# Of the whole search, which counts what other members and the own one alone hold; how many searches
# were made before; and of a scan.
_OF_THE_ASKER = (
    *("counts", "snapshot", "scope", "search", "rank", "others", "list_sha256", "sha256"),
)


def figures_of_both(figures: Mapping[str, Any], crossing: bool) -> dict[str, Any]:
    """The row of a candidate as a lead keeps it: a lead across a border names exhibits itself.

    Raises ParameterError: it is no such row.
    """
    check_figures(figures)
    return _without(figures, _NAMES if crossing else ())


def lead_for(member: str, lead: Lead) -> Lead:
    """The lead as a member keeps it: where it was taken up with what the whole search counted."""
    if member == lead.member:
        return lead
    return replace(lead, figures=_without(lead.figures, _OF_THE_ASKER))


def is_same_lead(one: Lead, other: Lead) -> bool:
    """Whether two members know one lead by its number, each as it keeps it."""
    figures = [_without(lead.figures, _OF_THE_ASKER) for lead in (one, other)]
    return one == replace(other, figures=one.figures) and figures[0] == figures[1]


def _without(figures: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in figures.items() if name not in names}
