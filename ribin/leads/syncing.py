"""Members that could not reach each other catch up."""

from __future__ import annotations

from ribin.leads.merge import merge_lead
from ribin.leads.two_vaults import both_sides
from ribin.search.network import Network
from ribin.vault.leads import read_lead_files
from ribin.vault.people import check_looker
from ribin.vault.vault import Vault


def sync_leads(own: Vault, network: Network, *, who: str) -> tuple[int, tuple[str, ...]]:
    """Bring every lead that concerns other members up to date at both sides.

    Returns
    -------
    int, tuple of str
        Entries carried over in either direction; who could not be reached, and which entries were
        not taken because no audit log vouches for them.

    Raises
    ------
    AccessError
        The vault's people have roles, and `who` has none.
    """
    check_looker(own.catalogue, who)
    with own.catalogue.reading() as db:
        concerned = {m for file in read_lead_files(db) for m in file.lead.members}
    carried, notes = 0, []
    for member in sorted((concerned | set(network.members)) - {own.member}):
        with both_sides(own, network, (member,), who) as sides:
            known = {
                (file.lead.at, file.lead.lead)
                for db in sides.transactions.values()
                for file in read_lead_files(db)
                if set(file.lead.members) == {own.member, member}
            }
            if len(sides.transactions) > 1:
                carried += sum(merge_lead(sides, lead) for _, lead in sorted(known))
            notes += sides.notes if member in concerned or known else []
    return carried, tuple(notes)
