"""The members of a network and the state of their vaults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ribin.errors import StoreError
from ribin.report.tables import table
from ribin.search.network import Network
from ribin.store.vault import Vault


@dataclass(frozen=True)
class MemberState:
    """One member; `exhibits` is None and `problem` says why where its vault cannot be opened."""

    member: str
    name: str
    clusters: tuple[str, ...]
    vault: str
    exhibits: int | None
    problem: str = ""


def member_states(network: Network) -> list[MemberState]:
    """Look into the vault of every member, without writing."""
    states = []
    for code, member in sorted(network.members.items()):
        clusters = tuple(name for name, codes in network.clusters.items() if code in codes)
        exhibits, problem = _look_into(member.vault)
        states.append(
            MemberState(code, member.name, clusters, str(member.vault), exhibits, problem)
        )
    return states


def _look_into(path: Path) -> tuple[int | None, str]:
    try:
        with Vault.open(path, read_only=True) as vault:
            return len(vault.exhibits()), ""
    except StoreError as error:
        return None, str(error)


def members_table(states: Sequence[MemberState]) -> str:
    """One member a line."""
    header = ("member", "name", "clusters", "exhibits", "vault")
    rows = [(s.member, s.name, ", ".join(s.clusters) or "-", _holding(s), s.vault) for s in states]
    return table(header, rows)


def _holding(state: MemberState) -> str:
    return "not available" if state.exhibits is None else str(state.exhibits)
