"""The vaults of the members that a lead concerns, changed together as far as they can be reached.

What one side lacks it is given by the other, so a member that could not be reached catches up with
the next step, or with `ribin lead sync`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from ribin.errors import StoreError
from ribin.search.network import Network
from ribin.vault.audit import append_row
from ribin.vault.leads import Record
from ribin.vault.vault import Vault


@dataclass
class BothSides:
    """Open write transactions by member; `notes` says who could not be reached, and why."""

    own_member: str
    who: str
    transactions: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    @property
    def own(self) -> Any:
        """The transaction in the vault of the person acting."""
        return self.transactions[self.own_member]

    def write_down(
        self,
        member: str,
        action: str,
        lead: str,
        reason: str,
        records: Iterable[Record],
        **facts: Any,
    ) -> None:
        """The row of one member's audit log that vouches for these records."""
        details = {"member": self.own_member, **facts, "records": dict(records)}
        append_row(self.transactions[member], action, lead, self.who, reason, details)


@contextmanager
def both_sides(
    own: Vault, network: Network | None, members: Iterable[str], who: str
) -> Iterator[BothSides]:
    """The vault of whoever acts and those of the members concerned, locked in order of members.

    All is committed at the end, or nothing where an error is raised; the own vault first, because
    nobody else's can vouch for what was done here. A power loss between two commits leaves an entry
    at the own side alone, until the two are brought together.

    Raises
    ------
    StoreError
        The own vault is read-only or locked.
    """
    notes: list[str] = []
    with ExitStack() as stack:
        vaults = {own.member: own}
        for member in sorted(set(members) - {own.member}):
            other = _reach(stack, network, member, notes)
            if other:
                vaults[member] = other
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
                notes.append(_not_recorded(member, str(error)))
        yield BothSides(own.member, who, transactions, notes)
        own_commit.close()


def _reach(
    stack: ExitStack, network: Network | None, member: str, notes: list[str]
) -> Vault | None:
    if network is None or member not in network.members:
        notes.append(_not_recorded(member, "no network names its vault"))
        return None
    folder = network.members[member].vault
    try:
        vault = stack.enter_context(Vault.open(folder))
        if vault.member != member:
            raise StoreError(f"{folder}: the vault of {member} needed, found {vault.member}'s")
    except (StoreError, OSError) as error:
        notes.append(_not_recorded(member, str(error)))
        return None
    return vault


def _not_recorded(member: str, why: str) -> str:
    return f"{member}: not recorded there yet, `ribin lead sync` will: {why}"
