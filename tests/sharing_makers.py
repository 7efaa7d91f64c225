"""Names as an owner writes them, of rows that another member knows under opaque ones."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ribin.cases.exhibits import Candidate
from ribin.search.network import Network
from ribin.vault.sharing import pseudonyms
from ribin.vault.vault import Vault


def own_name(network: Network, row: Candidate) -> str:
    """The exhibit of a row as its owner calls it; a name that is none of its own as it is."""
    return _names(network.members[row.member].vault).get(row.exhibit, row.exhibit)


def owner_name(network: Network, member: str, exhibit: str) -> str:
    """The exhibit as its owner calls it, of a row in JSON."""
    return _names(network.members[member].vault).get(exhibit, exhibit)


def own_names(network: Network, rows: tuple[Candidate, ...]) -> list[str]:
    return [own_name(network, row) for row in rows]


@cache
def _names(vault: Path) -> dict[str, str]:
    with Vault.open(vault, read_only=True) as opened:
        names = pseudonyms(opened, opened.exhibits())
    return {opaque: exhibit for exhibit, opaque in names.items()}
